"""Are the quoted uncertainties true? Five nights, each with its own noise, against the film that was simulated.

A pull is (fitted - true)/s.d.; over many nights pulls have mean 0 and standard deviation 1. The mean of N of them
scatters by 1/sqrt(N), so that 25 of them prove a bias of 0.6 s.d. or a wrong s.d. by more than two fifths.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.rt_family import RTFamily
from coldfinger.procedures.station import open_station

SEEDS = range(100, 105)


def pulls_of_a_night(sample: str, fields: list[float], seed: int, folder: Path) -> dict[str, list[float]]:
    pulls = defaultdict(list)
    with open_station(read_station_file(), sample=sample, seed=seed) as station:
        station.connect()
        family = RTFamily(station, [field * 1e-4 for field in fields], excitation="gentle", points=40)
        for member in family.run(folder, progress=lambda number: lambda percent, clock: None).members:
            assert member.run.disbelieved == 0
            assert member.fit.status == "value"
            truth = station.cryostat.sample.truth(member.field_oersted)
            assert member.fit.law == truth.law
            pulls["chi2"].append(member.fit.chi2_nu)
            for name, estimate in member.fit.parameters.items():
                pulls[name].append((estimate.value - truth.parameters[name]) / estimate.sd)
    return pulls


@pytest.mark.parametrize(
    ("sample", "fields", "names"),
    [
        ("S0", [100.0, 200.0, 300.0, 400.0, 500.0], ("sigma_QF", "E_aI")),
        ("S1", [10.0, 30.0, 100.0, 200.0, 250.0], ("rho_QF", "E_aS")),
    ],
)
def test_uncertainties_are_true(tmp_path, sample, fields, names):
    pooled = defaultdict(list)
    for seed in SEEDS:
        for name, values in pulls_of_a_night(sample, fields, seed, tmp_path / str(seed)).items():
            pooled[name] += values
    for name in names:
        values = np.array(pooled[name])
        assert values.size == len(SEEDS) * len(fields)
        assert abs(values.mean()) < 0.6, name
        assert 0.6 < values.std(ddof=1) < 1.45, name
    assert np.mean(pooled["chi2"]) == pytest.approx(1.0, abs=0.1)
