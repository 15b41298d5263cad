"""What has been loaded: tables of rows, the families they make, and the files that could not be read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.analysis.fits.fit_result import Curve

BELIEVED = "believed"
"""Column of a table: true for the rows that a fit may use."""
CURVE_COLUMNS = ("T_sample (K)", "T_sample_sd (K)", "rho (ohm)", "rho_sd (ohm)")


@dataclass(frozen=True)
class Check:
    """The last verdict of one belief test at one temperature."""

    name: str
    outcome: str
    """"pass", "fail" or "cannot say"."""
    sentence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """SI units; relative changes as plain numbers."""


@dataclass(frozen=True, eq=False)
class Table:
    """One run, its parts joined, or one field of somebody else's table."""

    name: str
    paths: tuple[Path, ...]
    procedure: str
    """Class that measured it; empty for a table of other people."""
    sample: str
    stage: str
    station: str
    simulated: bool
    outcome: str
    frame: pd.DataFrame
    """Every row that stands, raw columns included, labels with units, and the column `believed`.

    `frame.attrs["units"]` maps each label to its unit; ρ is a sheet resistance in ohm/square, fields are in Oe.
    """
    field: float
    """Oe, as asked for; nan where the field is what was swept."""
    loading: float = 0.0
    """Sheet conductance that the instrument added and the measurement corrected (S square); 0 if not known."""
    squares: float = 1.0
    """Between the voltage taps."""
    end_squares: float = 1.0
    """From each voltage tap to its current contact."""
    checks: tuple[Check, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def rows(self) -> pd.DataFrame:
        """The rows that a fit may use."""
        return self.frame[self.frame[BELIEVED]]

    def curve(self) -> Curve:
        """The believed rows as ρ(T): K and ohm/square, arrays of shape (n,). Raises ValueError without such columns."""
        missing = [label for label in CURVE_COLUMNS if label not in self.frame]
        if missing:
            raise ValueError(
                f"{self.name}: it has no column {', '.join(missing)}; ρ(T) needs {', '.join(CURVE_COLUMNS)}"
            )
        columns = (self.rows[label].to_numpy(dtype=float) for label in CURVE_COLUMNS)
        T, sd_T, rho, sd_rho = columns
        return Curve(T, rho, sd_rho, sd_T)


@dataclass(frozen=True, eq=False)
class RunFamily:
    """ρ(T) at several fields of one film in one stage, in rising order of field."""

    name: str
    sample: str
    stage: str
    station: str
    simulated: bool
    tables: tuple[Table, ...]
    manifest: Path | None = None
    """The file that lists the runs; None where they were put together by what they say of themselves."""

    @property
    def fields(self) -> tuple[float, ...]:
        """Oe."""
        return tuple(table.field for table in self.tables)


@dataclass(frozen=True)
class Refusal:
    """A file that is not in the data, and why, in one sentence."""

    path: Path
    sentence: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Everything that `load` found; nothing in it changes afterwards."""

    tables: tuple[Table, ...]
    families: tuple[RunFamily, ...]
    refused: tuple[Refusal, ...]

    def frame(self) -> pd.DataFrame:
        """All rows of all tables in one, with the columns run, sample, stage and field (Oe); units in `attrs`."""
        units: dict[str, str] = {}
        parts = []
        for table in self.tables:
            units |= table.frame.attrs.get("units", {})
            part = table.frame.copy()
            part.attrs = {}
            part["run"], part["sample"], part["stage"] = table.name, table.sample, table.stage
            part["field (Oe)"] = table.field
            parts.append(part)
        whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        whole.attrs["units"] = units | {"field (Oe)": "Oe"}
        return whole


def field_of(frame: pd.DataFrame) -> float:
    """The field (Oe) at which a curve was taken: what was asked for, else what was there; nan if neither is known."""
    for label in ("H_set (Oe)", "H (Oe)"):
        if label in frame and np.isfinite(frame[label]).any():
            return float(np.nanmedian(frame[label]))
    return math.nan
