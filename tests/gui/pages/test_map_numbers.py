"""A map shows the numbers that its name promises, and says which runs are not on it."""

from pathlib import Path

import numpy as np
import pytest

from coldfinger.gui.pages.map_grid import Map, map_of
from coldfinger.gui.pages.run_feed import RunFeed, RunRows
from tests.gui.run_folders import row_at, slopes, writer_of

SLOPE = -0.5


def ramp_of(folder: Path, field: float, rho_at_1K: float, coldest: float = 0.1) -> RunRows:
    """ρ = ρ(1 K) · (T/K)^SLOPE, from 1 K down."""
    with writer_of(folder) as writer:
        for i, T in enumerate(np.geomspace(1.0, coldest, 60)):
            writer.point(row_at(i, float(T), field, rho_at_1K * float(T) ** SLOPE, 1.0))
        writer.end("done")
    return read(folder)


def read(folder: Path) -> RunRows:
    rows = RunFeed(folder).look()
    assert rows is not None
    return rows


@pytest.fixture
def runs(tmp_path: Path) -> list[RunRows]:
    return [ramp_of(tmp_path / "a", 0.0, 1000.0), ramp_of(tmp_path / "b", 100.0, 1000.0)]


def made(runs: list[RunRows], kind: str) -> Map:
    answer = map_of(runs, kind, (60, 5))
    assert isinstance(answer, Map)
    return answer


def test_logarithm_and_slope_are_those_of_the_law(runs: list[RunRows]) -> None:
    log = made(runs, "log ρ")
    assert log.z[-1] == pytest.approx(3.0, abs=0.02)
    assert log.z[0] == pytest.approx(3.5, abs=0.02)
    assert np.median(made(runs, "d ln ρ/d ln T").z) == pytest.approx(SLOPE, rel=1e-3)


def test_beyond_the_outermost_run_that_was_there_nothing_is_made_up(runs: list[RunRows], tmp_path: Path) -> None:
    z = made([*runs, ramp_of(tmp_path / "short", 200.0, 1000.0, coldest=0.5)], "ρ").z
    assert np.isfinite(z[-1]).all()
    assert np.isfinite(z[0]).tolist() == [True, True, True, False, False]  # 0, 50, 100, 150, 200 Oe at 0.1 K


def test_two_runs_at_one_field_are_averaged_and_what_is_not_on_the_map_is_counted(
    runs: list[RunRows], tmp_path: Path
) -> None:
    again = [ramp_of(tmp_path / "c", 100.0, 4000.0), read(slopes(tmp_path / "d"))]
    both = made([*runs, *again], "ρ")
    assert both.z[-1, -1] == pytest.approx(2000.0, rel=0.02)  # in the logarithm
    assert both.z[-1, 0] == pytest.approx(1000.0, rel=0.02)
    assert "3 ramps" in both.words
    assert "1 other runs are not on the map" in both.words
