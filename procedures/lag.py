"""How far the film's temperature is behind a thermometer, from a run up and a run down over the same range.

Theory of operation. A film that follows with a lag time tau has the temperature that the thermometer showed tau ago:
ln T_film = ln T - tau d ln T/dt. What is measured is ln rho = f(ln T_film). Around one temperature that is
a + b x + c x^2 - b tau u with x = ln T and u = d ln T/dt, which has one sign in one run and the other in the other:
a straight least-squares problem, with its s.d. Where rho hardly depends on T the s.d. says that nothing is known.
"""

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coldfinger.procedures.curves import free_name
from coldfinger.procedures.family import believed
from coldfinger.runfiles.reader import read_run

SAMPLE, MIXING_CHAMBER = "T_sample (K)", "T_mc (K)"
CORRECTED = "T_sample_lag_corrected (K)"
PAIR = "pair.json"
_FEWEST = 4  # rows of each run around a temperature
_NEIGHBOURS = 2  # rows on each side for d ln T/dt
_PASSES = 2

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Lag:
    """Lag times (s) and their s.d. at temperatures (K), rising; `of` is the column whose thermometer leads."""

    of: str
    temperature: tuple[float, ...]
    seconds: tuple[float, ...]
    sd: tuple[float, ...]

    def at(self, temperature: Array) -> Array:
        """Lag (s) at temperatures (K), between the known ones in ln T; the nearest known one outside."""
        return np.asarray(np.interp(np.log(temperature), np.log(self.temperature), self.seconds))

    def to_json(self) -> dict[str, Any]:
        points = [
            {"temperature_K": T, "lag_s": seconds, "sd_s": sd}
            for T, seconds, sd in zip(self.temperature, self.seconds, self.sd, strict=True)
        ]
        return {"of": self.of, "points": points}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Lag":
        """The inverse of `to_json`."""
        points = data["points"]
        columns = ([point[name] for point in points] for name in ("temperature_K", "lag_s", "sd_s"))
        return cls(data["of"], *map(tuple, columns))


def lag_of_pair(down: pd.DataFrame, up: pd.DataFrame, of: str = SAMPLE, bins: int = 8) -> Lag:
    """Lag of the film behind a thermometer's column from the rows of two runs, one each way.

    The common range is cut into `bins` of equal width in ln T. Raises ValueError where the runs do not go different
    ways, have no range in common, or no bin with four believed rows of each.
    """
    runs = [_moving(frame, of) for frame in (down, up)]
    if not np.median(runs[0][:, 1]) < 0 < np.median(runs[1][:, 1]):
        raise ValueError(f"a lag needs a run down and a run up, in this order; {of} does not go so in these two")
    low, high = max(run[:, 0].min() for run in runs), min(run[:, 0].max() for run in runs)
    if not high > low:
        raise ValueError(f"a lag needs two runs over the same range; {of} has no range in common in these two")
    points = []
    for left, right in pairwise(np.linspace(low, high, bins + 1)):
        parts = [run[(run[:, 0] >= left) & (run[:, 0] <= right)] for run in runs]
        if min(map(len, parts)) >= _FEWEST:
            points.append((math.exp(0.5 * (left + right)), *_lag_here(np.concatenate(parts), 0.5 * (left + right))))
    known = [point for point in points if math.isfinite(point[1]) and math.isfinite(point[2])]
    if not known:
        raise ValueError("a lag needs four believed rows of each run around a temperature; take more points")
    return Lag(of, *(tuple(column) for column in zip(*known, strict=True)))


def store_pair(folder: Path, down: Path, up: Path, of: str = SAMPLE) -> Path:
    """Estimate the lag of two run folders and write it with their names into a new pair.json in `folder`."""
    lag = lag_of_pair(read_run(down).frame, read_run(up).frame, of)
    data = {"schema": 1, "kind": "up/down pair", "down": Path(down).name, "up": Path(up).name, "lag": lag.to_json()}
    path = free_name(Path(folder), PAIR)
    with path.open("x", encoding="utf-8") as file:
        json.dump(data, file, indent=2)
        file.write("\n")
    return path


def read_pair(path: Path) -> Lag:
    """The lag of a pair.json."""
    return Lag.from_json(json.loads(Path(path).read_text("utf-8"))["lag"])


def lag_corrected(frame: pd.DataFrame, lag: Lag) -> pd.DataFrame:
    """A copy of a run's rows with the film's temperature as a further column; what was measured stays as it is."""
    temperature = frame[lag.of].to_numpy(dtype=float)
    rate = _rate(frame["time (s)"].to_numpy(dtype=float), np.log(temperature))
    result = frame.copy()
    result[CORRECTED] = temperature * np.exp(-lag.at(temperature) * rate)
    return result


def _moving(frame: pd.DataFrame, of: str) -> Array:
    """ln T, d ln T/dt, ln rho, its relative s.d. and that of T of the believed rows, one row each."""
    log_T = np.log(frame[of].to_numpy(dtype=float))
    rate = _rate(frame["time (s)"].to_numpy(dtype=float), log_T)
    rho = frame["rho (ohm)"].to_numpy(dtype=float)
    use = believed(frame) & np.isfinite(log_T) & np.isfinite(rate) & (rho > 0)
    relative_T = frame["T_sample_sd (K)"].to_numpy(dtype=float) / frame[SAMPLE].to_numpy(dtype=float)
    sd = frame["rho_sd (ohm)"].to_numpy(dtype=float) / np.abs(rho)
    return np.asarray(np.column_stack([log_T, rate, np.log(np.abs(rho) + 1e-300), sd, relative_T])[use].reshape(-1, 5))


def _rate(time: Array, log_T: Array) -> Array:
    """d ln T/dt (1/s) of every row: slope of a straight line through it and its neighbours."""
    rates = np.full(time.shape, np.nan)
    for i in range(len(time)):
        near = slice(max(i - _NEIGHBOURS, 0), i + _NEIGHBOURS + 1)
        t, y = time[near] - time[near].mean(), log_T[near]
        if len(t) > 1 and np.all(np.isfinite(y)) and np.any(t != 0):
            rates[i] = float(t @ (y - y.mean()) / (t @ t))
    return rates


def _lag_here(rows: Array, centre: float) -> tuple[float, float]:
    """Lag (s) and its s.d. from the rows around a ln T."""
    x, rate = rows[:, 0] - centre, rows[:, 1]
    scale = float(np.abs(rate).mean())
    design = np.column_stack([np.ones_like(x), x, x**2, rate / scale])
    slope = 0.0
    for _ in range(_PASSES):
        sd = np.hypot(rows[:, 3], slope * rows[:, 4])
        covariance = np.linalg.pinv((design / sd[:, None]).T @ (design / sd[:, None]))
        best = covariance @ (design / sd[:, None]).T @ (rows[:, 2] / sd)
        slope = float(best[1])
    if slope == 0.0:
        return math.nan, math.nan
    lag = -best[3] / slope / scale
    gradient = np.array([0.0, -lag / slope, 0.0, -1.0 / slope / scale])
    spread = max(float(np.mean(((rows[:, 2] - design @ best) / sd) ** 2)) * len(x) / max(len(x) - 4, 1), 1.0)
    return float(lag), math.sqrt(float(gradient @ covariance @ gradient) * spread)
