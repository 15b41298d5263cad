"""Which tables make a family: those that a manifest lists, and of the others those of one film on one station."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from coldfinger.analysis.dataset import CURVE_COLUMNS, RunFamily, Table

RT_PROCEDURES = ("TemperatureRamp", "AdaptiveRamp", "")
"""Procedures whose rows are ρ(T) at one field; the empty one is a table of other people."""

Members = list[tuple[float, list[Path]]]
"""Field (Oe) and the folders of the parts, the oldest first."""


def read_manifest(path: Path) -> Members | None:
    """Fields and run folders that a manifest lists; None for a JSON file that is no manifest of fields.

    Raises ValueError, one sentence, for a file that is not JSON or names no folder, OSError for one not readable.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"manifest {path}: it is not JSON ({error}); it may be cut off: load the runs' folder"
        ) from None
    runs = content.get("runs") if isinstance(content, dict) else None
    if not isinstance(runs, list):
        return None
    members: Members = []
    for run in runs:
        if not isinstance(run, dict) or "field_Oe" not in run:
            return None
        field, parts = run["field_Oe"], run.get("parts", [run.get("folder")])
        if (
            not isinstance(field, int | float)
            or not isinstance(parts, list)
            or not all(isinstance(p, str) for p in parts)
        ):
            raise ValueError(f"manifest {path}: an entry has no field or no folder; load the runs' folder instead")
        members.append((float(field), [path.parent / part for part in parts]))
    return members


def assemble(
    tables: Sequence[Table], manifests: Mapping[Path, Members], by_folder: Mapping[Path, Table]
) -> tuple[RunFamily, ...]:
    """Families of ρ(T): each manifest is one; tables of no manifest go together by sample, stage and station."""
    families: list[RunFamily] = []
    taken: set[int] = set()
    for path, members in manifests.items():
        listed = {id(t): t for _, folders in members for f in folders if (t := by_folder.get(f.resolve())) is not None}
        curves = [table for table in listed.values() if _is_curve(table)]
        taken |= {id(table) for table in curves}
        if curves:
            families.append(_family(curves, path))
    others: dict[tuple[str, str, str, str], list[Table]] = {}
    for table in tables:
        if id(table) not in taken and _is_curve(table):
            others.setdefault((table.procedure, table.sample, table.stage, table.station), []).append(table)
    return (*families, *(_family(curves, None) for curves in others.values()))


def _is_curve(table: Table) -> bool:
    return (
        table.procedure in RT_PROCEDURES
        and math.isfinite(table.field)
        and all(label in table.frame for label in CURVE_COLUMNS)
    )


def _family(tables: list[Table], manifest: Path | None) -> RunFamily:
    first = tables[0]
    # A film from a file has that file as its stage, which names nothing.
    names = dict.fromkeys(name for name in (first.sample, first.stage) if name and not name.endswith(".toml"))
    ordered = sorted(tables, key=lambda table: (table.field, table.name))
    return RunFamily(
        " ".join(names) or first.name,
        first.sample,
        first.stage,
        first.station,
        any(table.simulated for table in tables),
        tuple(ordered),
        manifest,
    )
