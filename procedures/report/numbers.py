"""The report's numbers for programs: one JSON text, and tables as CSV. SI units, kelvin and oersted."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from coldfinger.procedures.commands.status import json_text
from coldfinger.procedures.report.assumed import assumptions
from coldfinger.procedures.report.content import Report, flag_counts, systematic_rows
from coldfinger.procedures.report.figures import ReportFigure


def as_json(report: Report, figures: Sequence[ReportFigure]) -> str:
    """Everything on the page as numbers; null where there is none, with the reason beside it."""
    return json_text(
        {
            "simulated": report.simulated,
            "mixed": report.mixed,
            "complete": report.complete,
            "warnings": list(report.warnings),
            "settings": asdict(report.settings),
            "assumed": assumptions(report.settings),
            "families": [family.to_json() for family in report.families],
            "runs": [asdict(run) for run in report.runs],
            "flags": flag_counts(report.runs),
            "left_out": list(report.left_out),
            "figures": [
                {"name": f.name, "shows": f.shows, "said": list(f.drawing.said), "numbers": plain(f.drawing.numbers)}
                for f in figures
            ],
            "versions": dict(report.versions),
        },
        indent=2,
    )


def as_tables(report: Report) -> dict[str, pd.DataFrame]:
    """Tables by file name: fits, across, systematics, belief-tests, runs, flags, left-out."""
    fits = [family.table().assign(family=family.family.name) for family in report.families]
    across: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    for family in report.families:
        name = family.family.name
        for quantity, law in family.across.laws.items():
            row = {"family": name, "quantity": f"exponent_{quantity}", "value": law.exponent, "sd": law.exponent_sd}
            across.append(row | {"unit": "", "doubt": "; ".join(law.remarks)})
        for quantity, number in family.across.numbers.items():
            row = {"family": name, "quantity": quantity, "value": number.value, "sd": number.sd}
            across.append(row | {"unit": number.unit, "doubt": number.doubt})
        for quantity, why in family.across.absent.items():
            across.append({"family": name, "quantity": quantity, "doubt": f"absent: {why}"})
        for member in family.fields:
            head = {"family": name, "field_Oe": member.field}
            checks += [
                head | {"test": c.name, "outcome": c.outcome, "sentence": c.sentence} for c in member.table.checks
            ]
    runs = [asdict(run) | {"flags": _joined(run.flags), "versions": _joined(run.versions)} for run in report.runs]
    return {
        "fits": pd.concat(fits, ignore_index=True) if fits else pd.DataFrame(columns=["family", "field_Oe"]),
        "across": pd.DataFrame(across, columns=["family", "quantity", "value", "sd", "unit", "doubt"]),
        "systematics": pd.DataFrame(
            systematic_rows(report.families),
            columns=["family", "field_Oe", "parameter", "source", "systematic", "sd"],
        ),
        "belief-tests": pd.DataFrame(checks, columns=["family", "field_Oe", "test", "outcome", "sentence"]),
        "runs": pd.DataFrame(runs),
        "flags": pd.DataFrame(list(flag_counts(report.runs).items()), columns=["flag", "rows"]),
        "left-out": pd.DataFrame({"sentence": list(report.left_out)}),
    }


def write_tables(report: Report, folder: Path) -> list[Path]:
    """Write `as_tables` as CSV files into `folder`, which is made; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in as_tables(report).items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False)
        written.append(path)
    return written


def plain(value: Any) -> Any:
    """Numpy's numbers and arrays as Python's own."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _joined(counts: Any) -> str:
    return "; ".join(f"{name} {value}" for name, value in counts.items())
