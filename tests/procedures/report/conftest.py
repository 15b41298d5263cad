"""A small simulated family, written by the run writer from the laws: six fields of S1, one row not believed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from coldfinger.procedures.data.writer import RunWriter
from coldfinger.runfiles.quality import Quality
from coldfinger.sim.sample import builtin_sample

COLUMNS = ("time (s)", "T_sample (K)", "T_sample_sd (K)", "rho (ohm)", "rho_sd (ohm)", "I (A)", "H_set (Oe)", "flags")
FIELDS = (30.0, 100.0, 200.0, 400.0, 500.0, 600.0)
RAMP = "coldfinger.procedures.temperature_ramp.TemperatureRamp"
STATION = {"name": "bench", "source": "bench.toml", "text": '[thermometer]\ncalibration = ""\n'}
FILM = builtin_sample("S1", fluctuations=False)

Writer = Callable[..., Path]


def write(
    folder: Path, field: float, *, simulated: bool = True, sample: str = "S1", rows: int = 16, film=FILM, **more
) -> Path:
    """One R(T) run with 0.3 % noise; `more` goes into the header."""
    header = {"simulated": simulated, "procedure": RAMP, "seed": 7, "station": STATION} | more
    header |= {"sample": {"name": sample, "stage": sample, "squares": 1.0}}
    header |= {"calibration": {"name": "exponential", "hash": "ab" * 32}}
    noise = np.random.default_rng((1, int(field))).standard_normal(rows)
    with RunWriter(folder / f"run_{field:g}", header=header, columns=COLUMNS, sync=False) as writer:
        for i, T in enumerate(np.geomspace(0.7, 0.05, rows)):
            rho = float(film.resistivity(T, field))
            flags = int(Quality.PHASE) if (field, i) == (600.0, rows - 1) else int(Quality.SEAM) if i == 3 else 0
            values = (float(i), T, 1e-4 * T, rho * (1 + 0.003 * noise[i]), 0.003 * rho, 1e-10, field, flags)
            writer.point(dict(zip(COLUMNS, values, strict=True)))
        if field == 100.0:
            text = "ρ is the same within 1 %"
            writer.mark("check", "said", name="linearity", outcome="pass", sentence=text, numbers={}, at={})
        writer.end("done")
    return folder / f"run_{field:g}"


@pytest.fixture(scope="session")
def write_run() -> Writer:
    return write


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("family") / "runs"
    folder.mkdir()
    for field in FIELDS:
        write(folder, field)
    return folder


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two fields of a film that no figure of the paper knows."""
    folder = tmp_path_factory.mktemp("pair") / "runs"
    folder.mkdir()
    for field in (100.0, 500.0):
        write(folder, field, sample="mine")
    return folder
