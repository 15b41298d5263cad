"""Unpack a bundle and check it: names, sizes, hashes, then the journals' own checksums and the analysis again.

An archive may come from anybody. No name leads out of the folder, no entry is larger than the manifest says, nothing is
kept unless everything is right: files go to a folder of their own that gets its name at the very end.
"""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldfinger.analysis.across.family_fit import FitSettings, fit_dataset
from coldfinger.analysis.reading import load
from coldfinger.procedures.bundle.gather import journal_facts
from coldfinger.procedures.bundle.layout import (
    DATA,
    FORMAT,
    LONGEST_MANIFEST,
    MANIFEST,
    NUMBERS,
    SCHEMA,
    SETTINGS,
    BundleError,
    check_name,
)
from coldfinger.procedures.bundle.numbers import TOLERANCE, count_numbers, differences, numbers_of
from coldfinger.procedures.report.content import versions
from coldfinger.runfiles.disk import cause_and_remedy

_PIECE = 2**20


@dataclass(frozen=True)
class Checked:
    """What was found in a bundle."""

    manifest: Mapping[str, Any]
    manifest_hash: str
    """SHA-256, hexadecimal."""
    folder: Path | None
    """Where the files are; None if none were kept."""
    numbers: int = 0
    """How many were compared; 0 if that was not asked for."""
    differing: tuple[str, ...] = ()
    """What differs from the stored analysis or the stored journals, one sentence each."""
    versions: tuple[str, ...] = ()
    """Packages of another version than those of the stored analysis."""


def unbundle(path: Path, out: Path | None, *, verify: bool = False, tolerance: float = TOLERANCE) -> Checked:
    """Check the archive at `path` and unpack it to `out`, a new folder; with None nothing is kept.

    Hashes are always checked; `verify` also checks the journals and computes the analysis again (relative `tolerance`).
    If anything differs, it is said in the answer and nothing is kept. Raises BundleError for what is no bundle,
    is damaged or would write elsewhere.
    """
    if out is not None and (out.exists() or not out.parent.is_dir()):
        why = "it exists already" if out.exists() else f"there is no folder {out.parent}"
        raise BundleError(f"unbundle: {out}: {why}; choose another folder with --out")
    try:
        with tempfile.TemporaryDirectory(prefix=".unbundle-", dir=out.parent if out else None) as place:
            folder = Path(place) / "bundle"
            folder.mkdir()
            manifest, digest = _unpack(path, folder)
            checked = Checked(manifest, digest, None)
            if verify:
                checked = _verified(checked, folder, tolerance)
            if out is None or checked.differing:
                return checked
            os.replace(folder, out)
            return Checked(manifest, digest, out, checked.numbers, (), checked.versions)
    except OSError as error:
        cause, remedy = cause_and_remedy(error)
        raise BundleError(f"unbundle: {error.filename or path}: {cause}; {remedy}") from None


def _unpack(path: Path, folder: Path) -> tuple[dict[str, Any], str]:
    """The manifest and its hash, after every file has been written below `folder` and its hash was right."""
    with _whole(path), zipfile.ZipFile(path) as archive:
        text = _manifest_text(archive, path)
        manifest = _manifest(text, path)
        listed = {check_name(file["path"]): file for file in manifest["files"]}
        _check_entries(archive, listed, path)
        total = sum(file["bytes"] for file in listed.values())
        if total > shutil.disk_usage(folder).free:
            raise BundleError(f"unbundle: {path} holds {total / 1e9:.1f} GB, more than the disk has free; make room")
        for name, file in listed.items():
            _write(archive, name, file, folder / name, path)
        (folder / MANIFEST).write_bytes(text)
    return manifest, hashlib.sha256(text).hexdigest()


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[None]:
    """What zipfile raises for a damaged archive, as one sentence."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BundleError(
            f"unbundle: {path} is no whole zip archive ({str(error).rstrip('.')}); get it again, nothing was unpacked"
        ) from None


def _manifest_text(archive: zipfile.ZipFile, path: Path) -> bytes:
    try:
        info = archive.getinfo(MANIFEST)
    except KeyError:
        raise BundleError(f"unbundle: {path} is a zip archive without {MANIFEST}, no bundle of coldfinger") from None
    with archive.open(info) as file:
        text = file.read(LONGEST_MANIFEST + 1)
    if len(text) > LONGEST_MANIFEST:
        raise BundleError(f"unbundle: {path}: its {MANIFEST} is larger than 64 MiB; do not trust this file")
    return text


def _manifest(text: bytes, path: Path) -> dict[str, Any]:
    """The manifest, once it has all that is read of it later."""
    try:
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise KeyError("format")
        if manifest["schema"] > SCHEMA:
            raise BundleError(
                f"unbundle: {path} has schema {manifest['schema']}, this program knows up to {SCHEMA}; "
                "unpack it with a newer coldfinger"
            )
        files, runs = manifest["files"], manifest["runs"]
        good = all(isinstance(f["path"], str) and type(f["bytes"]) is int and f["bytes"] >= 0 for f in files)
        good &= all(isinstance(f["sha256"], str) for f in files) and len({f["path"] for f in files}) == len(files)
        known = {f["path"] for f in files}
        good &= {SETTINGS, NUMBERS} <= known and all(run["path"] in known for run in runs)
        good &= all(check_name(place).startswith(f"{DATA}/") for place in manifest["load"])
        good &= isinstance(manifest["versions"], dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good:
        raise BundleError(f"unbundle: {path}: its {MANIFEST} is not that of a bundle of coldfinger; get it again")
    return dict(manifest)


def _check_entries(archive: zipfile.ZipFile, listed: Mapping[str, Any], path: Path) -> None:
    seen: set[str] = set()
    for info in archive.infolist():
        name = check_name(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise BundleError(f"unbundle: {path}: {name} is a link or a device; do not trust this file")
        if name.lower() in seen or (name not in listed and name != MANIFEST):
            why = "is there twice" if name.lower() in seen else f"is not in {MANIFEST}"
            raise BundleError(f"unbundle: {path}: {name} {why}; do not trust this file")
        seen.add(name.lower())
    missing = sorted(set(listed) - {info.filename for info in archive.infolist()})
    if missing:
        raise BundleError(f"unbundle: {path}: {missing[0]} is missing ({len(missing)} in all); get the archive again")


def _write(archive: zipfile.ZipFile, name: str, file: Mapping[str, Any], to: Path, path: Path) -> None:
    """Piece by piece, so that an entry that swells is noticed and not believed."""
    to.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with archive.open(name) as source, open(to, "xb") as target:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > file["bytes"]:
                break
            digest.update(piece)
            target.write(piece)
    if size != file["bytes"] or digest.hexdigest() != file["sha256"]:
        raise BundleError(
            f"unbundle: {path}: {name} is not the file of the manifest (size or SHA-256 differ); "
            "get the archive again, nothing was unpacked"
        )


def _verified(checked: Checked, folder: Path, tolerance: float) -> Checked:
    """Journals line by line, then the analysis with the stored settings against the stored numbers."""
    manifest = checked.manifest
    wrong: list[str] = []
    for run in manifest["runs"]:
        facts = journal_facts((folder / run["path"]).read_bytes(), run["path"])
        wrong += [
            f"{run['path']}: {run.get(name)} {name} stored, {value} found"
            for name, value in facts.items()
            if run.get(name) != value
        ]
    try:
        settings = FitSettings(**json.loads((folder / SETTINGS).read_bytes()))
        stored = json.loads((folder / NUMBERS).read_bytes())
    except (ValueError, TypeError):
        raise BundleError(f"unbundle: {SETTINGS} or {NUMBERS} cannot be read; was the bundle made by hand?") from None
    dataset = load([folder / place for place in manifest["load"]])
    wrong += [f"left out: {refusal.sentence}" for refusal in dataset.refused]
    found = json.loads(json.dumps(numbers_of(fit_dataset(dataset, settings))))
    wrong += differences(stored, found, tolerance)
    other = tuple(
        f"{name} {version} (here {here})"
        for name, version in manifest["versions"].items()
        if (here := versions().get(name)) != version
    )
    return Checked(manifest, checked.manifest_hash, None, count_numbers(stored), tuple(wrong), other)
