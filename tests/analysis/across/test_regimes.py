"""Labels of Fig. 1 with their reasons for the three films of the paper, and the boundaries between them."""

import numpy as np
import pytest

from coldfinger.analysis.across.regimes import phase_diagram, regime
from coldfinger.analysis.fits.fit import Curve
from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.sim.sample import builtin_sample

T = np.geomspace(0.05, 0.7, 50)
FILMS = {name: builtin_sample(name, fluctuations=False) for name in ("S0", "S1", "S2")}
FIELDS = (0, 30, 100, 200, 300, 350, 400, 450, 500, 600)
INSULATING = {"S0": 30, "S1": 350, "S2": 450}
"""First field (Oe) at which ρ falls on warming."""


def measured(film, field, seed=0, relative=1e-2):
    rho = np.asarray(FILMS[film].resistivity(T, field))
    # 0.8 ohm is a nanoampere at 7 Hz for 100 s.
    sd = np.hypot(relative * rho, 0.8)
    return Curve(T, rho + sd * np.random.default_rng([seed, field]).standard_normal(T.size), sd)


def expected(film, field):
    if field == 0 and film != "S0":
        return "superconductor"
    if field < INSULATING[film]:
        return "failed superconductor"
    if film == "S2":
        return "log insulator"
    return "insulator with limit" if (film, field) == ("S0", 600) else "failed insulator"


def test_every_field_of_every_film_gets_its_label_or_a_doubt():
    films = {film: [(H, measured(film, H, relative=3e-3)) for H in FIELDS] for film in FILMS}
    diagram = phase_diagram(films)
    for film, row in diagram.regimes.items():
        for found in row:
            # At 400 Oe S2 stands on its separatrix, where no label means anything.
            if (film, found.field) == ("S2", 400):
                assert "the sign of dρ/dT is not significant" in found.doubts[0]
                continue
            assert found.label == expected(film, found.field), (film, found.field, found.reason)
    assert diagram.R_Q == R_Q_PAIR
    assert len(diagram.table()) == 30


def test_boundaries_lie_where_the_films_have_them():
    films = {film: [(H, measured(film, H, relative=3e-3)) for H in FIELDS if H != 400] for film in FILMS}
    found = {(b.name, b.below, b.above) for b in phase_diagram(films).boundaries}
    assert ("SQMT", "S1 0 Oe", "S1 30 Oe") in found
    assert ("avoided SIT", "S0 0 Oe", "S0 30 Oe") in found
    assert ("avoided SIT", "S1 300 Oe", "S1 350 Oe") in found
    assert ("QMIT", "S0 500 Oe", "S0 600 Oe") in found
    # Annealing turns the failed insulator into a failed superconductor at one field.
    assert ("avoided SIT", "S1 100 Oe", "S0 100 Oe") in found
    assert not any(name == "QMIT" and below.startswith("S1") and above.startswith("S1") for name, below, above in found)


@pytest.mark.parametrize(
    ("film", "field", "words"),
    [
        ("S1", 0, "no resistance at the"),
        ("S1", 100, "ρ rises on warming"),
        ("S0", 300, "saturates: σ_QF = "),
        ("S0", 600, "no saturation is resolved: σ_QF below"),
        ("S2", 600, "as log of resistivity, BIC"),
    ],
)
def test_reasons_name_the_evidence(film, field, words):
    found = regime(field, measured(film, field))
    assert words in found.reason
    assert found.doubts == ()


def test_close_laws_are_a_doubt():
    found = [regime(450, measured("S2", 450, seed)) for seed in range(10)]
    assert any("differ by only" in doubt for one in found for doubt in one.doubts)


def test_a_bad_curve_names_its_film_and_field():
    with pytest.raises(ValueError, match=r"film S1 at 30 Oe: fit: 0 points at or below 0\.7 K"):
        phase_diagram({"S1": [(30, Curve(T + 1, T, 0.1))]})
