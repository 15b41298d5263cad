"""The raw files of a bundle: journals, tables and manifests where they were, station texts, calibration files.

Runs keep their places to each other, because manifests and continued runs name their neighbours by relative paths.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldfinger.analysis.dataset import Dataset
from coldfinger.instruments.calibration import read_calibration
from coldfinger.instruments.errors import CalibrationError
from coldfinger.procedures.bundle.layout import CALIBRATION, DATA, STATIONS, BundleError, Entry
from coldfinger.runfiles.disk import RunFileError, cause_and_remedy
from coldfinger.runfiles.journal import JOURNAL_NAME, parse
from coldfinger.runfiles.reader import read_run

TABLE_NAME = "run.csv"
NOTES_NAME = "notes.jsonl"


@dataclass(frozen=True)
class Raw:
    """What a bundle takes from the disk."""

    entries: tuple[Entry, ...]
    load: tuple[str, ...]
    """Paths in the bundle that `analysis.load` is given, in the order that gives the same families again."""
    journals: tuple[dict[str, Any], ...]
    """Path, rows, damaged lines, outcome and versions of every run."""
    said: tuple[str, ...]
    """What is missing, one sentence each."""


def sources(dataset: Dataset) -> list[Path]:
    """Run folders, CSV tables and manifests of a dataset, each once, absolute, in the order in which to load them."""
    found = [path.resolve() for table in dataset.tables for path in table.paths]
    found += [family.manifest.resolve() for family in dataset.families if family.manifest is not None]
    return list(dict.fromkeys(found))


def gather(paths: Iterable[Path]) -> Raw:
    """Read everything under `paths` (those of `sources`) once.

    Raises BundleError for a run that is still being written and for a file that cannot be read.
    """
    given = list(paths)
    root = Path(os.path.commonpath([path.parent for path in given]))
    entries: list[Entry] = []
    journals: list[dict[str, Any]] = []
    load: list[str] = []
    headers: list[Mapping[str, Any]] = []
    for path in given:
        place = f"{DATA}/{path.relative_to(root).as_posix()}"
        load.append(place)
        if path.is_dir():
            run, files = _run(path, place)
            entries += files
            journals.append(run)
            headers.append(read_run(path).header)
        else:
            what = "manifest of a family" if path.suffix == ".json" else "table"
            entries.append(Entry(place, _read(path), what))
    stations, said = station_files(headers)
    return Raw((*entries, *stations), tuple(load), tuple(journals), tuple(said))


def journal_facts(content: bytes, path: str) -> dict[str, Any]:
    """Whole lines, damaged lines and rows of a journal, from its checksums alone."""
    batch = parse(content)
    rows = sum(event["event"] == "point" for event in batch.events)
    damaged = len(batch.skipped) + (batch.consumed < len(content))
    return {"path": path, "lines": batch.line_count, "damaged": damaged, "rows": rows}


def _run(folder: Path, place: str) -> tuple[dict[str, Any], list[Entry]]:
    try:
        run = read_run(folder)
    except RunFileError as error:
        raise BundleError(str(error)) from None
    if run.outcome == "running":
        raise BundleError(f"bundle: the run {folder} is still being written; bundle it when it has ended")
    journal = _read(folder / JOURNAL_NAME)
    entries = [Entry(f"{place}/{JOURNAL_NAME}", journal, "raw: journal of a run")]
    for name, what in ((TABLE_NAME, "the run's rows as a table"), (NOTES_NAME, "notes")):
        if (folder / name).is_file():
            entries.append(Entry(f"{place}/{name}", _read(folder / name), what))
    facts = journal_facts(journal, f"{place}/{JOURNAL_NAME}")
    versions = run.header.get("versions")
    facts |= {"outcome": run.outcome, "simulated": bool(run.header.get("simulated"))}
    return facts | {"versions": versions if isinstance(versions, dict) else {}}, entries


def station_files(headers: Iterable[Mapping[str, Any]]) -> tuple[list[Entry], list[str]]:
    """Station texts and their calibration files, each once, and what is missing of them in sentences."""
    entries: dict[str, Entry] = {}
    said: dict[str, None] = {}
    for header in headers:
        station = header.get("station")
        text = station.get("text") if isinstance(station, Mapping) else None
        if not isinstance(station, Mapping) or not isinstance(text, str):
            said["a run does not hold the text of its station"] = None
            continue
        name = _plain(str(station.get("name") or "station"))
        mark = hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]
        path = f"{STATIONS}/{name}-{mark}.toml"
        entries[path] = Entry(path, text.encode("utf-8"), "station file, as the runs hold it")
        found = _calibration(text, Path(str(station.get("source") or "")), header, name)
        if isinstance(found, Entry):
            entries[found.path] = found
        elif found:
            said[found] = None
    return list(entries.values()), list(said)


def _calibration(text: str, source: Path, header: Mapping[str, Any], station: str) -> Entry | str:
    """The calibration file if it still is that of the run; else a sentence, empty where the station needs none."""
    try:
        thermometer = tomllib.loads(text).get("thermometer", {})
    except tomllib.TOMLDecodeError:
        return f"station {station}: its text cannot be read as TOML, so its calibration file is not known"
    named = thermometer.get("calibration") if isinstance(thermometer, dict) else None
    if not named:
        return ""  # the curve is in the station file itself
    path, about = source.parent / str(named), header.get("calibration")
    wanted = about.get("hash") if isinstance(about, Mapping) else None
    where = f"station {station}: the calibration file {Path(str(named)).name}"
    keeps = "the runs hold its name, its hash and every reading in ohm"
    try:
        content = path.read_bytes()
        same = read_calibration(path).hash == wanted
    except OSError:
        return f"{where} is not on this computer; {keeps}"
    except (CalibrationError, ValueError):
        return f"{where} cannot be understood any more; {keeps}"
    if not same:
        return f"{where} is not the one that the runs used; {keeps}"
    return Entry(f"{CALIBRATION}/{str(wanted)[:8]}-{_plain(path.name)}", content, "calibration of the thermometer")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        cause, remedy = cause_and_remedy(error)
        raise BundleError(f"bundle: {path} cannot be read: {cause}; {remedy}") from None


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", name).strip("-.") or "file"
