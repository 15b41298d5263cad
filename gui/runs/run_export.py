"""Runs as one table that any program reads: units in the names of the columns, and above them what they are."""

import os
from collections.abc import Sequence
from pathlib import Path

from coldfinger.analysis.dataset import Dataset, Table
from coldfinger.analysis.reading import load


class ExportError(ValueError):
    """Nothing was exported, and why, in one sentence."""


def export(folders: Sequence[Path], target: Path) -> str:
    """Write the rows of runs into a CSV file, the parts of a run joined; returns a sentence on what was written.

    Lines that begin with "#" say sample, field, outcome, tests and remarks of each run. Nothing is left of a file that
    could not be written whole. Raises ExportError.
    """
    data = load([Path(folder) for folder in folders])
    if not data.tables:
        reasons = "; ".join(refusal.sentence for refusal in data.refused)
        raise ExportError(f"Nothing was exported: {reasons or 'no run was named'}")
    frame = data.frame()
    unfinished = target.with_name(target.name + ".part")
    try:
        with open(unfinished, "w", encoding="utf-8", newline="") as file:
            file.writelines(f"# {line}\n" for line in heading(data))
            frame.to_csv(file, index=False, lineterminator="\n")
        os.replace(unfinished, target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise ExportError(f"{target}: it cannot be written ({error.strerror or error}); choose another place") from None
    left_out = f" Left out: {'; '.join(refusal.sentence for refusal in data.refused)}" if data.refused else ""
    count = len(data.tables)
    return f"{count} {'run' if count == 1 else 'runs'}, {len(frame)} rows written to {target}.{left_out}"


def heading(data: Dataset) -> list[str]:
    """What stands above the rows, without the "#"."""
    lines = ["coldfinger runs; units in parentheses; in pandas: read_csv(file, comment='#')"]
    if any(table.simulated for table in data.tables):
        lines.append("SIMULATED DATA: at least one of these runs was made by the simulator")
    for table in data.tables:
        lines += _lines(table)
    return [" ".join(line.split()) for line in lines]


def _lines(table: Table) -> list[str]:
    lines = [
        f"run {table.name}: {table.procedure or 'table'}, sample {table.sample or 'not named'} {table.stage}, "
        f"station {table.station or 'not named'}, {'simulated' if table.simulated else 'measured'}, {table.outcome}",
        f"run {table.name}: {table.squares:g} squares, {len(table.rows)} of {len(table.frame)} rows believed",
    ]
    if table.field == table.field:
        lines.append(f"run {table.name}: field {table.field:g} Oe")
    lines += [f"run {table.name}: test of {check.name}: {check.sentence or check.outcome}" for check in table.checks]
    return [*lines, *(f"run {table.name}: {remark}" for remark in table.remarks)]
