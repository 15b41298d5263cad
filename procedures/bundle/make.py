"""Make a bundle: raw files, settings, numbers, report and figures in one zip archive; same input, same bytes.

Nothing in the archive tells when it was made: times of entries are those of the zip format's first day, and the figures
hold no date.
"""

import hashlib
import io
import json
import shlex
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from coldfinger.analysis.across.family_fit import FitSettings
from coldfinger.analysis.micrographs.micrograph import SUFFIXES
from coldfinger.analysis.reading import load
from coldfinger.procedures.bundle.gather import Raw, gather, sources
from coldfinger.procedures.bundle.layout import (
    FIGURES,
    FITS,
    FORMAT,
    MANIFEST,
    NUMBERS,
    README,
    REPORT,
    SCHEMA,
    SETTINGS,
    BundleError,
    Entry,
    check_name,
)
from coldfinger.procedures.bundle.numbers import numbers_of
from coldfinger.procedures.commands.status import json_text
from coldfinger.procedures.report.assumed import assumptions
from coldfinger.procedures.report.content import Report, make_report
from coldfinger.procedures.report.figures import ReportFigure, report_figures, svg
from coldfinger.procedures.report.numbers import as_tables
from coldfinger.procedures.report.page import as_page
from coldfinger.runfiles.disk import RunFileError

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


@dataclass(frozen=True, eq=False)
class Bundle:
    """An archive in memory, and what should be said of it."""

    content: bytes
    manifest: Mapping[str, Any]
    report: Report

    @property
    def manifest_hash(self) -> str:
        """SHA-256 of the manifest, in hexadecimal: two people who read the same one have the same files."""
        return hashlib.sha256(_json(self.manifest)).hexdigest()


def make_bundle(paths: Sequence[str | Path], settings: FitSettings | None = None) -> Bundle:
    """Everything under `paths` (as `analysis.load` takes them) as one archive.

    Runs that cannot be read are left out and named in the manifest. Raises BundleError where nothing can be read, for a
    run that is still being written and for a micrograph.
    """
    settings = settings or FitSettings()
    for path in map(Path, paths):
        if path.suffix.lower() in SUFFIXES:
            raise BundleError(f"bundle: {path} is a picture; a bundle is made of runs and tables, keep it beside them")
    first = load(paths)
    found = sources(first)
    if not found:
        why = f": {first.refused[0].sentence}" if first.refused else "; give folders of runs"
        raise BundleError(f"bundle: there is nothing to bundle{why}")
    raw = gather(found)
    try:
        report = make_report(found, settings)
    except RunFileError as error:
        raise BundleError(str(error)) from None
    report = replace(report, left_out=tuple(dict.fromkeys(r.sentence for r in first.refused)))
    figures = report_figures(report)
    entries = [*raw.entries, *_analysis(report, figures)]
    for entry in entries:
        _check_own_name(entry.path)
    manifest = _manifest(report, raw, figures, entries)
    text = Entry(README, _readme(manifest).encode("utf-8"), "what this is")
    manifest["files"].append(_described(text))
    return Bundle(_packed(manifest, [text, *entries]), manifest, report)


def remake_command(report: Report, places: Sequence[str]) -> str:
    """The command that makes report and figures again, in the unpacked folder."""
    settings = report.settings
    words = ["coldfinger", "report", *dict.fromkeys(str(PurePosixPath(place).parent) for place in places)]
    words += ["--window", f"{settings.T_min!r} K..{settings.T_max!r} K"]
    words += ["--law", settings.law] if settings.law else []
    words += ["--robust"] if settings.robust else []
    words += ["--sd-field", f"{settings.sd_field!r} Oe"] if settings.sd_field else []
    return shlex.join(words)


def _analysis(report: Report, figures: Sequence[ReportFigure]) -> list[Entry]:
    numbers = json_text(numbers_of(report.families), indent=1)
    fits = as_tables(report)["fits"].to_csv(index=False)
    page = as_page(report, figures)
    drawn = [Entry(f"{FIGURES}/{figure.name}.svg", svg(figure.drawing), figure.shows) for figure in figures]
    return [
        Entry(SETTINGS, _json(asdict(report.settings)), "settings of the analysis"),
        Entry(NUMBERS, numbers.encode("utf-8"), "what the analysis gave: a check computes it again"),
        Entry(FITS, fits.encode("utf-8"), "one row a field"),
        Entry(REPORT, page.encode("utf-8"), "report"),
        *drawn,
    ]


def _manifest(report: Report, raw: Raw, figures: Sequence[ReportFigure], entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "simulated": report.simulated,
        "mixed": report.mixed,
        "warnings": list(report.warnings),
        "remake": remake_command(report, raw.load),
        "figures": [{"file": f"{FIGURES}/{figure.name}.svg", "shows": figure.shows} for figure in figures],
        "assumed": assumptions(report.settings),
        "left_out": list(report.left_out),
        "missing": list(raw.said),
        "versions": dict(report.versions),
        "load": list(raw.load),
        "runs": list(raw.journals),
        "files": [_described(entry) for entry in entries],
    }


def _described(entry: Entry) -> dict[str, Any]:
    digest = hashlib.sha256(entry.content).hexdigest()
    return {"path": entry.path, "bytes": len(entry.content), "sha256": digest, "what": entry.what}


def _packed(manifest: Mapping[str, Any], entries: Sequence[Entry]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in ((MANIFEST, _json(manifest)), *((entry.path, entry.content) for entry in entries)):
            info = zipfile.ZipInfo(path, _FIRST_DAY)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, _PLAIN_FILE
            archive.writestr(info, content)
    return buffer.getvalue()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _check_own_name(path: str) -> None:
    try:
        check_name(path)
    except BundleError:
        raise BundleError(
            f'bundle: the name {path!r} is not possible on every computer; rename it without any of \\ : * ? " < > | '
            "and without a dot or blank at its end"
        ) from None


def _readme(manifest: Mapping[str, Any]) -> str:
    made = "simulated and measured" if manifest["mixed"] else "simulated" if manifest["simulated"] else "measured"
    said = [*manifest["warnings"], *manifest["left_out"], *manifest["missing"]]
    return "\n".join(
        [
            f"{len(manifest['runs'])} runs ({made}) with their analysis, made by coldfinger "
            f"{manifest['versions']['coldfinger']}.",
            "",
            "data/           run folders (run.jsonl is the truth, run.csv the same rows as a table), tables, manifests",
            "stations/       the station files, calibration/ the thermometer's curves where they were still at hand",
            "analysis/       settings.json, numbers.json, fits.csv; report.html and figures/ show them",
            "manifest.json   SHA-256 of every file, versions of all programs, what was left out",
            "",
            "To check the archive and compute all numbers again:   coldfinger unbundle FILE --verify",
            f"To make report and figures again, here:               {manifest['remake']}",
            *(["", "To know:", *(f"- {line}" for line in said)] if said else []),
            "",
        ]
    )
