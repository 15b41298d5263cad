"""A family measured by T as curves over temperature: ρ(T) at each field at which ticked sweeps of the field stood."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coldfinger.analysis.dataset import Table
from coldfinger.gui.pages.run_curves import is_ramp, is_slopes, temperature_of
from coldfinger.gui.pages.run_feed import Array, RunRows

STILL = 0.01
"""Share of a sweep's range within which half of its rows have the field that was asked for, if it stands at each."""
_COLUMNS = ("T_sample (K)", "H_set (Oe)", "H (Oe)", "rho (ohm)")

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FieldRows(RunRows):
    """The rows of several sweeps at one field; its folder is a name, there is none on disk."""

    sweeps: tuple[Path, ...] = ()


class StandingFields:
    """Made anew only where a sweep has got new rows."""

    def __init__(self) -> None:
        self._of: tuple[RunRows, ...] = ()
        self._made: tuple[FieldRows, ...] = ()

    def among(self, runs: Sequence[RunRows]) -> tuple[FieldRows, ...]:
        """Curves at the fields of the sweeps among these runs; none where a ramp is among them, which is one itself."""
        if any(is_ramp(rows) for rows in runs):
            return ()
        sweeps = tuple(rows for rows in runs if not is_slopes(rows))
        if [id(rows) for rows in sweeps] != [id(rows) for rows in self._of]:
            self._of, self._made = sweeps, tuple(_curves(sweeps))
        return self._made


def _curves(sweeps: Sequence[RunRows]) -> list[FieldRows]:
    """One curve a field at which two sweeps stood, in the order of the fields, its rows from the coldest to the warmest
    sweep."""
    standing = [(rows, _stood(rows)) for rows in sorted(sweeps, key=temperature_of)]
    fields = sorted({field for _, there in standing for field in there})
    curves = []
    for field in fields:
        parts = [(rows, there[field]) for rows, there in standing if field in there]
        if len(parts) > 1:
            curves.append(_curve(field, parts))
    return curves


def _stood(rows: RunRows) -> Mapping[float, Rows]:
    """Numbers of the rows at each field (Oe) at which this sweep stood; empty for one that did not stand."""
    if not len(rows) or not set(_COLUMNS) <= rows.columns.keys():
        return {}
    asked, there = rows.columns["H_set (Oe)"], rows.columns["H (Oe)"]
    known = np.isfinite(asked) & np.isfinite(there)
    if not known.any() or np.median(np.abs(there - asked)[known]) > STILL * np.ptp(asked[known]):
        return {}
    fields = np.array([float(f"{field:.6g}") for field in asked])
    return {field: np.flatnonzero(fields == field) for field in np.unique(fields[known]).tolist()}


def _curve(field: float, parts: Sequence[tuple[RunRows, Rows]]) -> FieldRows:
    first, labels = parts[0][0], set.intersection(*(set(rows.columns) for rows, _ in parts))
    columns: dict[str, Array] = {
        label: np.concatenate([rows.columns[label][at] for rows, at in parts])
        for label in first.columns
        if label in labels
    }
    return FieldRows(
        folder=first.folder.parent / f"{field:.4g} Oe, by T",
        name="by T",
        procedure="TemperatureRamp",
        simulated=any(rows.simulated for rows, _ in parts),
        field=field,
        columns=columns,
        flags=np.concatenate([rows.flags[at] for rows, at in parts]),
        marks=(),
        outcome="done" if all(rows.outcome for rows, _ in parts) else "",
        damaged=0,
        table=lambda: _table(field, parts),
        sweeps=tuple(rows.folder for rows, _ in parts),
    )


def _table(field: float, parts: Sequence[tuple[RunRows, Rows]]) -> Table:
    """The same rows for a fit, with what the belief tests of all the sweeps said."""
    import pandas as pd

    tables = [rows.as_table() for rows, _ in parts]
    frame = pd.concat([table.frame.iloc[at] for table, (_, at) in zip(tables, parts, strict=True)], ignore_index=True)
    frame.attrs.update(tables[0].frame.attrs)
    return dataclasses.replace(
        tables[0],
        name=f"{field:.4g} Oe, by T",
        paths=tuple(path for table in tables for path in table.paths),
        procedure="TemperatureRamp",
        frame=frame,
        field=field,
        checks=tuple(check for table in tables for check in table.checks),
    )
