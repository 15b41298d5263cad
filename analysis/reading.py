"""From files to data: run folders, folders of them, manifests of families, and tables of other people.

A file that cannot be used ends up in `refused` with one sentence; the rest of the batch goes on. Flags are honoured
in the column `believed`, and no measured column is ever changed.
"""

import glob
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coldfinger.analysis.across.families import assemble, read_manifest
from coldfinger.analysis.dataset import BELIEVED, Check, Dataset, Refusal, Table, field_of
from coldfinger.analysis.foreign import read_foreign
from coldfinger.analysis.network import Network
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.journal import JOURNAL_NAME
from coldfinger.runfiles.parts import Parts, join
from coldfinger.runfiles.quality import DISBELIEVED
from coldfinger.runfiles.reader import Run, read_run

FIELD_PROCEDURES = ("FieldSweep", "LowFieldMagnetoresistance")
"""Procedures that sweep the field: their rows have no field in common."""
MANIFEST_PATTERNS = ("family*.json", "*_family-*.json")


def load(paths: str | Path | Iterable[str | Path]) -> Dataset:
    """Everything under `paths`: run folders or their files, data folders, family manifests, CSV tables, globs.

    A run in several parts is one table; a folder is looked through two levels deep. Never raises for what a file holds
    or lacks: what cannot be used is in `refused`.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    batch = _Batch()
    for path in given:
        for found in _expanded(str(path)):
            batch.take(found)
    return batch.dataset()


def _expanded(text: str) -> list[Path]:
    """The paths that a glob stands for; a path that exists or has no wildcard stands for itself."""
    path = Path(text).expanduser()
    if path.exists() or not glob.has_magic(text):
        return [path]
    return [Path(match) for match in sorted(glob.glob(str(path)))] or [path]


def table_of(runs: Sequence[Run]) -> Table:
    """A run that has been read already, its parts the oldest first; also one that is still being written.

    Raises RunFileError where the parts do not belong together.
    """
    return _table(join(list(runs)), [run.path.parent for run in runs])


class _Batch:
    """Collects files, so that each is read once and parts find each other."""

    def __init__(self) -> None:
        self.runs: dict[Path, Run] = {}
        self.foreign: list[Table] = []
        self.manifests: dict[Path, list[tuple[float, list[Path]]]] = {}
        self.refused: dict[Path, Refusal] = {}

    def take(self, path: Path) -> None:
        try:
            if path.is_dir() and not (path / JOURNAL_NAME).exists():
                self._take_folder(path)
            elif path.suffix == ".json":
                self._take_manifest(path)
            elif path.suffix == ".csv" and not path.with_name(JOURNAL_NAME).exists():
                self.foreign += read_foreign(path)
            else:
                self._take_run(path)
        except (RunFileError, ValueError, OSError) as error:
            self._refuse(path, error)

    def _refuse(self, path: Path, error: Exception) -> None:
        said = " ".join(str(error).split())
        self.refused[path] = Refusal(path, said if str(path) in said or path.name in said else f"{path}: {said}")

    def _take_run(self, path: Path) -> None:
        folder = (path if path.is_dir() else path.parent).resolve()
        if folder in self.runs:
            return
        run = read_run(path)
        if not run.columns:
            raise RunFileError(f"run file {run.path}: it holds no row and does not say what it measures; leave it out")
        self.runs[folder] = run

    def _take_manifest(self, path: Path) -> None:
        members = read_manifest(path)
        if members is None:
            raise ValueError(
                f"manifest {path}: it is not the manifest of an R(T) family by field; give the family.json "
                "that lies beside the runs"
            )
        self.manifests[path] = members
        for _, folders in members:
            for folder in folders:
                self.take(folder)

    def _take_folder(self, folder: Path) -> None:
        journals = sorted({*folder.glob(f"*/{JOURNAL_NAME}"), *folder.glob(f"*/*/{JOURNAL_NAME}")})
        tables = sorted(folder.glob("*.csv"))
        manifests = sorted({path for pattern in MANIFEST_PATTERNS for path in folder.rglob(pattern)})
        if not (journals or tables):
            raise RunFileError(f"folder {folder}: there is no run and no table in it; give the folder of your runs")
        for path in manifests:
            try:
                if (members := read_manifest(path)) is not None:
                    self.manifests[path] = members
            except (ValueError, OSError) as error:
                self._refuse(path, error)
        for path in [*(journal.parent for journal in journals), *tables]:
            self.take(path)

    def dataset(self) -> Dataset:
        tables: list[Table] = []
        by_folder: dict[Path, Table] = {}
        for chain in self._chains():
            try:
                parts = join([self.runs[folder] for folder in chain])
            except (RunFileError, KeyError, TypeError, ValueError) as error:
                self._refuse(chain[-1], error)
                continue
            table = _table(parts, chain)
            tables.append(table)
            by_folder |= dict.fromkeys(chain, table)
        tables += self.foreign
        families = assemble(tables, self.manifests, by_folder)
        return Dataset(tuple(tables), families, tuple(self.refused.values()))

    def _chains(self) -> list[list[Path]]:
        """Folders of the parts of each run, the oldest first; parts not given are fetched from beside them."""
        for folder in list(self.runs):
            self._fetch_before(folder)
        before = {folder: self._before(folder) for folder in self.runs}
        continued = set(before.values())
        chains = []
        for last in self.runs:
            if last in continued:
                continue
            chain: list[Path] = [last]
            while (earlier := before[chain[0]]) is not None and earlier not in chain:
                chain.insert(0, earlier)
            chains.append(chain)
        return chains

    def _fetch_before(self, folder: Path) -> None:
        while (named := _continues(self.runs[folder])) is not None:
            earlier = (folder.parent / named).resolve()
            if earlier in self.runs:
                return
            try:
                self._take_run(earlier)
            except RunFileError as error:
                self._refuse(earlier, error)
                return
            folder = earlier

    def _before(self, folder: Path) -> Path | None:
        named = _continues(self.runs[folder])
        earlier = None if named is None else (folder.parent / named).resolve()
        return earlier if earlier in self.runs else None


def _continues(run: Run) -> str | None:
    continues = run.header.get("continues")
    named = continues.get("folder") if isinstance(continues, Mapping) else None
    return named if isinstance(named, str) else None


def _table(parts: Parts, folders: list[Path]) -> Table:
    header = parts.header
    procedure = str(header.get("procedure") or "").rpartition(".")[2]
    sample = _mapping(header, "sample")
    frame = parts.frame
    frame[BELIEVED] = believed_rows(frame)
    units = _mapping(header, "units")
    frame.attrs["units"] = {str(label): str(units.get(str(label), "")) for label in frame}
    swept = procedure in FIELD_PROCEDURES
    return Table(
        name=folders[0].name,
        paths=tuple(folders),
        procedure=procedure,
        sample=str(sample.get("name") or ""),
        stage=str(sample.get("stage") or ""),
        station=str(_mapping(header, "station").get("name") or ""),
        simulated=bool(header.get("simulated")),
        outcome=parts.outcome,
        frame=frame,
        field=math.nan if swept else field_of(frame),
        loading=_loading(header),
        squares=_number(sample, "squares"),
        end_squares=_number(sample, "end_squares"),
        checks=_checks(parts),
        remarks=_remarks(parts),
    )


def believed_rows(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """True for rows with a finite temperature and ρ, where there are such, and no flag that forbids belief; (n,)."""
    good = np.ones(len(frame), dtype=bool)
    for label in ("T_sample (K)", "rho (ohm)"):
        if label in frame:
            good &= np.isfinite(frame[label].to_numpy())
    if "flags" in frame:
        flags = np.nan_to_num(frame["flags"].to_numpy()).astype(np.int64)
        good &= (flags & int(DISBELIEVED)) == 0
    return good


def _checks(parts: Parts) -> tuple[Check, ...]:
    """The last verdict of each test at each temperature: what was mended by a smaller current counts as mended."""
    latest: dict[tuple[str, str], Check] = {}
    for mark in parts.marks:
        if mark.kind != "check" or not isinstance(mark.data, Mapping):
            continue
        at = _mapping(mark.data, "at").get("temperature")
        where = f"{at:.2g}" if isinstance(at, int | float) else ""
        name = str(mark.data.get("name"))
        latest[name, where] = Check(
            name, str(mark.data.get("outcome")), str(mark.data.get("sentence")), dict(_mapping(mark.data, "numbers"))
        )
    return tuple(latest.values())


def _remarks(parts: Parts) -> tuple[str, ...]:
    said = [f"in {len(parts.runs)} parts, {parts.superseded} rows measured again"] if len(parts.runs) > 1 else []
    if parts.outcome != "done":
        said.append(f"the run is {parts.outcome}{': ' + parts.reason if parts.reason else ''}")
    torn = sum(len(run.skipped_lines) for run in parts.runs)
    lost = sum(last - first + 1 for run in parts.runs for first, last in run.gaps)
    if torn:
        said.append(f"{torn} torn or damaged lines left out")
    if lost:
        said.append(f"{lost} rows are missing in the file")
    return tuple(said)


def _loading(header: Mapping[str, Any]) -> float:
    try:
        return Network(**header["network"]).loading_conductance()
    except (KeyError, TypeError, ValueError):
        return 0.0


def _mapping(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = table.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(table: Mapping[str, Any], name: str) -> float:
    value = table.get(name)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    return float(value) if usable and isinstance(value, int | float) else 1.0
