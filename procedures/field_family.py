"""R(H) at several temperatures, and every rho(T) at fixed field that lies in them.

With one cool-down and one sweep at each of five to eight temperatures, rho(T) is known at every field at once. Each
sweep begins in a demagnetised magnet, so that the same field is the same field in all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.analysis.fits.fit import Curve
from coldfinger.procedures.curves import CurveFamily
from coldfinger.procedures.family import believed
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.rt_family import refuse_unknown
from coldfinger.procedures.runner import Progress, RunResult, StopSwitch
from coldfinger.procedures.station import Station
from coldfinger.procedures.sweep_leg import LAG_COLUMN
from coldfinger.procedures.words.quantity import OERSTED, parse_list
from coldfinger.runfiles.reader import read_run


class FieldFamily(CurveFamily):
    """The same field sweep at every temperature, from the warmest to the coldest.

    `temperatures` in kelvin, or text such as "0.7, 0.25, 0.1 K, 50 mK"; `parameters` are those of FieldSweep without
    its temperature. `demagnetise` (Oe) defaults to the largest field of the sweep.
    """

    kind = "R(H) family"
    key = "temperature_K"

    def __init__(self, station: Station, temperatures: str | Sequence[float], **parameters: Any) -> None:
        if isinstance(temperatures, str):
            temperatures = parse_list(temperatures, "temperature", "temperatures")
        self.temperatures = from_the_warmest(temperatures)
        refuse_unknown(FieldSweep, parameters, own="temperature")
        fields = FieldSweep(**parameters).turning_points()
        parameters.setdefault("demagnetise", largest_of(fields))
        sweeps = [FieldSweep(**parameters, temperature=temperature) for temperature in self.temperatures]
        ends = [Whereabouts(fields[-1] * OERSTED, temperature) for temperature in self.temperatures]
        super().__init__(station, sweeps, ends)

    def value(self, number: int) -> float:
        return self.temperatures[number]

    def name(self, number: int) -> str:
        return f"{self.temperatures[number] * 1e3:g}-mK"

    def run(
        self,
        folder: str | Path,
        *,
        switch: StopSwitch | None = None,
        progress: Callable[[int], Progress] = lambda number: lambda percent, clock: None,
    ) -> "FieldFamilyResult":
        """Measure the family and write its runs and its manifest into `folder`; see `CurveFamily.measure`."""
        isotherms: list[pd.DataFrame] = []

        def keep(number: int, result: RunResult) -> None:
            isotherms.append(read_run(result.folder).frame)

        manifest = self.measure(Path(folder), switch or StopSwitch(), progress, keep)
        return FieldFamilyResult(isotherms, manifest)


def from_the_warmest(temperatures: Sequence[float]) -> tuple[float, ...]:
    """Temperatures in their order of a family: the warmest first."""
    return tuple(sorted((float(temperature) for temperature in temperatures), reverse=True))


def largest_of(fields: Sequence[float]) -> float:
    """Where the demagnetisation before a sweep between these fields begins."""
    return max(abs(field) for field in fields)


@dataclass(frozen=True)
class FieldFamilyResult:
    """Rows of every isotherm, warmest first; `manifest` lists their runs."""

    isotherms: list[pd.DataFrame]
    manifest: Path

    def curve_at(self, field: float) -> Curve:
        """rho(T) at a field (T) from all isotherms: at each, a straight line in ln rho through the nearest rows.

        Isotherms that do not reach the field, or have fewer than three believed rows around it, are left out.
        """
        points = [point for frame in self.isotherms if (point := _at_field(frame, field / OERSTED)) is not None]
        if not points:
            raise ValueError(f"no isotherm has believed rows around {field / OERSTED:g} Oe")
        temperature, rho, sd, sd_temperature = (np.array(column) for column in zip(*points, strict=True))
        return Curve(temperature, rho, sd, sd_temperature)


_NEAREST = 7  # rows of a straight line


def _at_field(frame: pd.DataFrame, field: float) -> tuple[float, float, float, float] | None:
    """(T, rho, s.d. of rho, s.d. of T) of one isotherm at a field (Oe); rows of one direction only are compared."""
    rows = frame[believed(frame) & (frame["rho (ohm)"] > 0)]
    distance = (rows[LAG_COLUMN] - field).abs()
    near = rows.loc[distance.sort_values().index[:_NEAREST]]
    x = (near[LAG_COLUMN] - field).to_numpy()
    if len(near) < 3 or x.min() > 0 or x.max() < 0:
        return None
    relative = (near["rho_sd (ohm)"] / near["rho (ohm)"]).to_numpy()
    design = np.column_stack([np.ones_like(x), x]) / relative[:, None]
    covariance = np.linalg.inv(design.T @ design)
    log_rho = float((covariance @ design.T @ (np.log(near["rho (ohm)"].to_numpy()) / relative))[0])
    rho = float(np.exp(log_rho))
    temperature = float(near["T_sample (K)"].mean())
    sd_temperature = float(np.sqrt((near["T_sample_sd (K)"] ** 2).mean() / len(near)))
    return temperature, rho, rho * float(np.sqrt(covariance[0, 0])), sd_temperature
