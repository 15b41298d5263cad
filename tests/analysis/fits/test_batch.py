"""Many curves at once give what one at a time gives, and what scipy gives."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from coldfinger.analysis import fit_batch
from coldfinger.analysis.fits.fit import Curve, fit_eq1, fit_eq2
from coldfinger.analysis.laws import failed_insulator, failed_superconductor

GRID = np.geomspace(0.05, 0.7, 60)


def curves(law="eq1", m=40, noise=0.003, seed=1):
    rng = np.random.default_rng(seed)
    T = GRID * (1 + 0.02 * rng.standard_normal((m, GRID.size)))
    T = np.minimum(T, 0.7)
    if law == "eq1":
        s0 = 10 ** rng.uniform(-4.5, -3.7, (m, 1))
        rho = failed_insulator(T, s0 * 10 ** rng.uniform(-2, 0.3, (m, 1)), s0, rng.uniform(0.25, 0.6, (m, 1)))
    else:
        base, E = rng.uniform(2e3, 6e3, (m, 1)), rng.uniform(0.8, 1.6, (m, 1))
        rho = failed_superconductor(T, base, rng.uniform(2e3, 2e4, (m, 1)), E)
    return T, rho * (1 + noise * rng.standard_normal(rho.shape)), noise * rho


@pytest.mark.parametrize("law", ["eq1", "eq2"])
@pytest.mark.parametrize("sd_T", [0.0, 0.002])
def test_a_batch_equals_single_fits(law, sd_T):
    T, rho, sd = curves(law)
    batch = fit_batch(T, rho, sd, sd_T * T, law=law)
    assert np.mean(batch.singly) < 0.3
    for i in range(len(rho)):
        fit = (fit_eq1 if law == "eq1" else fit_eq2)(Curve(T[i], rho[i], sd[i], sd_T * T[i]))
        assert batch.status[i] == fit.status
        # Both end a millionth of a s.d. from the minimum, and with errors of T after two passes.
        value, deviation = (np.array([getattr(e, key) for e in fit.parameters.values()]) for key in ("value", "sd"))
        assert np.all(np.abs(batch.value[i] - value) < 1e-4 * deviation)
        assert np.allclose(batch.sd[i], deviation, rtol=1e-4)
        assert batch.chi2_nu[i] == pytest.approx(fit.chi2_nu, rel=1e-4)


@pytest.mark.parametrize("law", ["eq1", "eq2"])
def test_the_parameters_are_those_of_curve_fit(law):
    T, rho, sd = curves(law)
    batch = fit_batch(T, rho, sd, law=law)
    sign = -1 if law == "eq1" else 1
    compared = 0
    for i in np.flatnonzero(batch.status == "value"):
        a, b, E = batch.value[i]
        scale = np.array([a, b, E])

        def model(T, a, b, E, scale=scale):
            return sign * np.log(scale[0] * a + scale[1] * b * np.exp(-scale[2] * E / T))

        tight = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "maxfev": 5000}
        p, C = curve_fit(model, T[i], np.log(rho[i]), (0.8, 1.3, 1.1), sd[i] / rho[i], absolute_sigma=True, **tight)
        assert np.allclose(p, 1.0, rtol=1e-6, atol=0), (i, p)
        widened = max(1.0, batch.chi2_nu[i]) ** 0.5 if batch.chi2_nu[i] > 1.5 else 1.0
        # curve_fit takes its derivatives by differences.
        assert np.allclose(np.sqrt(np.diag(C)) * scale * widened, batch.sd[i], rtol=1e-3)
        compared += 1
    assert compared > 30


def test_curves_of_different_length_and_points_above_the_window_fit_into_one_array():
    T, rho, sd = curves(m=3)
    rho[1, ::2] = np.nan
    warm = np.concatenate([T, np.full((3, 5), 2.0)], axis=1)
    more = np.concatenate([rho, np.full((3, 5), 1e9)], axis=1)
    batch = fit_batch(warm, more, np.concatenate([sd, np.ones((3, 5))], axis=1))
    kept = np.isfinite(rho[1])
    fit = fit_eq1(Curve(T[1][kept], rho[1][kept], sd[1][kept]))
    assert batch.value[1][2] == pytest.approx(fit.parameters["E_aI"].value, rel=1e-6)
    assert np.allclose(batch.value[0], fit_batch(T, rho, sd).value[0], rtol=1e-9)


def test_a_curve_without_saturation_gets_its_limit_and_one_that_cannot_be_fitted_a_reason():
    T, rho, sd = curves(m=3)
    rho[1] = failed_insulator(T[1], 0.0, 1.8e-4, 0.45) * (1 + 0.003 * np.random.default_rng(0).standard_normal(60))
    sd[1] = 0.003 * rho[1]
    rho[2, 4:] = np.nan
    batch = fit_batch(T, rho, sd, loading=2e-7)
    assert batch.status.tolist() == ["value", "limit", "refused"]
    assert batch.upper95[1] >= 2e-8
    assert "4 points at or below" in batch.refused[2]
    assert batch.frame()["status"].tolist() == ["value", "limit", "refused"]
    assert np.isnan(batch.frame()["E_aI"][2])


@pytest.mark.parametrize(("T", "rho"), [(np.ones(5), np.ones(5)), (np.ones(4), np.ones((3, 5)))])
def test_shapes_that_do_not_go_together_are_refused(T, rho):
    with pytest.raises(ValueError, match="batch: "):
        fit_batch(T, rho, 1.0)
