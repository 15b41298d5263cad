"""What a report tells: the fitted families of some runs, the runs themselves, their flags, and what was left out.

Nothing is computed here that `coldfinger fit` and `coldfinger figure` would not compute.
"""

import math
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from coldfinger.analysis.across.family_fit import FamilyFit, FitSettings, fit_dataset
from coldfinger.analysis.dataset import BELIEVED, Dataset, Table
from coldfinger.analysis.micrographs.micrograph import SUFFIXES, Micrograph, read_micrograph
from coldfinger.analysis.reading import load
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import DISBELIEVED, Quality, names
from coldfinger.runfiles.reader import read_run

PACKAGES = ("coldfinger", "numpy", "scipy", "pandas", "scikit-image", "matplotlib")
NO_NUMBER = "no finite number"
"""Counted for rows that carry no flag and still have no temperature or no ρ."""
POOR = 3.0
"""Reduced chi-square above which the head of the report says that the law does not fit."""
REMARKS = frozenset(name for bit in Quality if not bit & DISBELIEVED for name in names(int(bit)))
"""Names of the flags whose rows stay in the fits."""


@dataclass(frozen=True)
class RunNote:
    """One run or table, and where it is from."""

    name: str
    procedure: str
    """Empty for a table of other people."""
    sample: str
    stage: str
    station: str
    simulated: bool
    field_Oe: float
    """nan where the field was swept."""
    outcome: str
    rows: int
    believed: int
    begun: str
    """UTC; empty where the file does not say."""
    seed: int | None
    calibration: str
    calibration_hash: str
    versions: Mapping[str, str]
    flags: Mapping[str, int]
    """Rows by flag."""
    remarks: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """All that the page, the JSON and the CSV tables are written from."""

    dataset: Dataset
    settings: FitSettings
    families: tuple[FamilyFit, ...]
    runs: tuple[RunNote, ...]
    left_out: tuple[str, ...]
    """What could not be used, one sentence each."""
    micrograph: Micrograph | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the programs that made the report; those that measured are in `runs`."""

    @property
    def simulated(self) -> bool:
        """Whether any run is simulated."""
        return any(run.simulated for run in self.runs)

    @property
    def mixed(self) -> bool:
        """Whether simulated and measured runs stand side by side."""
        return len({run.simulated for run in self.runs}) == 2

    @property
    def complete(self) -> bool:
        """Whether every file could be read and every curve fitted."""
        return not self.left_out and all(member.fit is not None for family in self.families for member in family.fields)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before the first number."""
        return tuple(_warnings(self))


def make_report(paths: Sequence[str | Path], settings: FitSettings | None = None, pixel: float | None = None) -> Report:
    """Load and fit everything under `paths` (as `analysis.load` takes them, and at most one micrograph).

    `pixel` (m) is for a micrograph that does not say its scale. What cannot be used is a sentence of the report;
    raises RunFileError where nothing at all can be.
    """
    settings = settings or FitSettings()
    pictures = [Path(path) for path in paths if Path(path).suffix.lower() in SUFFIXES]
    dataset = load([path for path in paths if Path(path) not in pictures])
    said = [refusal.sentence for refusal in dataset.refused]
    micrograph = None
    for picture in pictures:
        try:
            found = read_micrograph(picture, pixel)
        except (ValueError, OSError) as error:
            said.append(str(error))
            continue
        if micrograph is not None:
            said.append(f"{found.name}: a report shows one micrograph, {micrograph.name}; report this one by itself")
        micrograph = micrograph or found
    if not dataset.tables and micrograph is None:
        raise RunFileError(f"report: there is nothing to report{f': {said[0]}' if said else '; give folders of runs'}")
    runs = tuple(_note(table) for table in dataset.tables)
    return Report(dataset, settings, fit_dataset(dataset, settings), runs, tuple(said), micrograph, versions())


def versions() -> dict[str, str]:
    """Of Python and of the packages that an analysis depends on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def flag_counts(runs: Iterable[RunNote]) -> dict[str, int]:
    """Rows by flag over all runs, most frequent first."""
    total: Counter[str] = Counter()
    for run in runs:
        total.update(run.flags)
    return dict(total.most_common())


def systematic_rows(families: Iterable[FamilyFit]) -> list[dict[str, Any]]:
    """One entry for every parameter and source of a systematic error, beside the statistical s.d.; SI units and K."""
    rows = []
    for family in families:
        for member in family.fields:
            for name, parts in member.systematics.items():
                estimate = member.fit.parameters[name] if member.fit else None
                sd = estimate.sd if estimate else math.nan
                for source, size in parts.items():
                    row = {"family": family.family.name, "field_Oe": member.field, "parameter": name}
                    rows.append(row | {"source": source, "systematic": size, "sd": sd})
    return rows


def _note(table: Table) -> RunNote:
    header = _header(table)
    calibration = header.get("calibration")
    calibration = calibration if isinstance(calibration, Mapping) else {}
    versions, seed = header.get("versions"), header.get("seed")
    return RunNote(
        table.name,
        table.procedure,
        table.sample,
        table.stage,
        table.station,
        table.simulated,
        table.field,
        table.outcome,
        len(table.frame),
        len(table.rows),
        str(header.get("utc") or ""),
        seed if isinstance(seed, int) else None,
        str(calibration.get("name") or ""),
        str(calibration.get("hash") or ""),
        {name: str(version) for name, version in versions.items()} if isinstance(versions, Mapping) else {},
        _flags(table),
        table.remarks,
    )


def _header(table: Table) -> Mapping[str, Any]:
    """Of the first part; empty for a table of other people."""
    return read_run(table.paths[0]).header if table.paths[0].is_dir() else {}


def _flags(table: Table) -> dict[str, int]:
    frame = table.frame
    if "flags" in frame:
        flags = np.nan_to_num(frame["flags"].to_numpy(dtype=float)).astype(np.int64)
    else:
        flags = np.zeros(len(frame), dtype=np.int64)
    counts = Counter(name for value in flags for name in names(int(value)))
    silent = ~frame[BELIEVED].to_numpy(dtype=bool) & ((flags & int(DISBELIEVED)) == 0)
    if silent.any():
        counts[NO_NUMBER] = int(np.count_nonzero(silent))
    return dict(counts.most_common())


def _warnings(report: Report) -> list[str]:
    said = []
    real = [run.name for run in report.runs if not run.simulated]
    if report.mixed:
        few = ", ".join(real[:3]) + (f" and {len(real) - 3} more" if len(real) > 3 else "")
        said.append(
            f"Simulated and measured runs stand side by side: {len(report.runs) - len(real)} of {len(report.runs)} are "
            f"simulated; measured: {few}."
        )
    for family in report.families:
        if len({table.simulated for table in family.family.tables}) == 2:
            said.append(
                f"{family.family.name}: this family mixes simulated and measured curves; no number of it is a "
                "measurement. Report them apart."
            )
    failed = sorted({m.field for f in report.families for m in f.fields if m.saturation == "disbelieved"})
    if failed:
        fields = ", ".join(f"{value:g}" for value in failed)
        said.append(f"A belief test failed at {fields} Oe: no saturation is claimed there.")
    poor = [
        f"{family.family.name} at {member.field:g} Oe ({member.fit.chi2_nu:.3g})"
        for family in report.families
        for member in family.fields
        if member.fit is not None and member.fit.chi2_nu > POOR
    ]
    if poor:
        said.append(f"The law does not describe the curve (χ²/ν in parentheses): {', '.join(poor)}.")
    unfitted = sum(member.fit is None for family in report.families for member in family.fields)
    if unfitted:
        said.append(f"{unfitted} of {sum(len(f.fields) for f in report.families)} curves could not be fitted.")
    if not report.families:
        said.append("There is no R(T) curve in these runs, so there is no fit.")
    if report.left_out:
        said.append(f"{len(report.left_out)} things that were given could not be used; see Left out.")
    return said
