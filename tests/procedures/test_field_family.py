"""Isotherms: a sweep of the field at each of a few temperatures knows rho(T) at every field."""

import json

import numpy as np
import pytest

from coldfinger.analysis.fits.fit import fit_eq1
from coldfinger.procedures import FieldFamily, connect_station
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.runner import StopSwitch

SWEEP = {"start": 0.0, "stop": 150.0, "rate": 60.0, "step": 2.0, "excitation": "policy"}


def test_every_rho_of_t_at_fixed_field_comes_out_of_the_isotherms(tmp_path):
    with connect_station("sim", sample="S0", seed=3) as station:
        family = FieldFamily(station, "0.68, 0.4, 0.25, 0.16, 0.1, 0.06 K", **SWEEP)
        plan, began = family.plan(), station.clock.time()
        result = family.run(tmp_path)
        assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)
        sample = station.cryostat.sample
        for field in (60.0, 100.0, 140.0):
            curve = result.curve_at(field * 1e-4)
            assert curve.temperature.size == 6
            true = sample.resistivity(curve.temperature, field)
            slope = np.log(sample.resistivity(curve.temperature * 1.001, field) / true) / np.log(1.001)
            sd = np.hypot(curve.sd_resistivity / true, slope * curve.sd_temperature / curve.temperature)
            assert np.abs((curve.resistivity / true - 1) / sd).max() < 5
            fit, truth = fit_eq1(curve), sample.truth(field).parameters
            for name, value in truth.items():
                assert abs(fit.parameters[name].value - value) < 5 * fit.parameters[name].sd, name
    manifest = json.loads(result.manifest.read_text())
    assert manifest["kind"] == "R(H) family"
    assert [run["temperature_K"] for run in manifest["runs"]] == [0.68, 0.4, 0.25, 0.16, 0.1, 0.06]
    assert [run["outcome"] for run in manifest["runs"]] == ["done"] * 6


def test_every_sweep_begins_in_a_demagnetised_magnet(tmp_path):
    """Without the alternation 600 Oe leave 3 Oe behind, and the second isotherm would belong to other fields."""
    with connect_station("sim", sample="S0", seed=3) as station:
        family = FieldFamily(station, "0.5, 0.3 K", start=0.0, stop=600.0, rate=200.0, step=20.0)
        family.run(tmp_path)
        assert all(sweep.alternation()[0] == 600.0 for sweep in family.procedures)
        magnet = station.cryostat.magnet
        station.cryostat.advance(station.clock.time() + 5)
        assert magnet.sample_after == pytest.approx(600.0, abs=0.05)


def test_a_stop_ends_the_family(tmp_path):
    switch = StopSwitch()
    with connect_station("sim", sample="S0", seed=3) as station:
        family = FieldFamily(station, "0.5, 0.3, 0.2 K", **SWEEP)
        result = family.run(
            tmp_path, switch=switch, progress=lambda i: lambda percent, clock: switch.throw() if i == 1 else None
        )
        assert station.cryostat.loop.range_current == 0.0
    manifest = json.loads(result.manifest.read_text())
    assert [run["outcome"] for run in manifest["runs"]] == ["done", "stopped"]
    with pytest.raises(ValueError, match="no isotherm has believed rows around 500 Oe"):
        result.curve_at(0.05)


@pytest.mark.parametrize(
    ("temperatures", "parameters", "sentence"),
    [
        ("0.5, 5 K", {}, "5 K is outside the limits"),
        ("0.5, 0.3", {}, "no unit"),
        ("0.5 K", {"stop": 700.0}, "700 Oe"),
        ("0.5 K", {"temperature": 0.2}, "temperature: not a parameter of the curves"),
        ("0.5 K", {"demagnetise": -1.0}, "demagnetise: -1 Oe must not be negative"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(temperatures, parameters, sentence):
    with connect_station("sim") as station, pytest.raises((LimitError, ValueError), match=sentence):
        FieldFamily(station, temperatures, **parameters)
