"""What a bundle is made of, and which names may stand in it.

    manifest.json          every other file with its size, SHA-256 and purpose; settings; versions; what was left out
    README.txt             the same in words, and what to do with it
    data/                  run folders, manifests of families and tables, placed to each other as they were
    stations/              the station files as the runs hold them
    calibration/           calibration files of the stations, where they were still those of the runs
    analysis/              settings.json, numbers.json (what a check compares), fits.csv
    report.html, figures/  what they looked like

A zip archive and nothing else: any program opens it.
"""

import re
from dataclasses import dataclass
from typing import Any

FORMAT = "coldfinger bundle"
SCHEMA = 1
MANIFEST = "manifest.json"
README = "README.txt"
DATA = "data"
STATIONS = "stations"
CALIBRATION = "calibration"
SETTINGS = "analysis/settings.json"
NUMBERS = "analysis/numbers.json"
FITS = "analysis/fits.csv"
REPORT = "report.html"
FIGURES = "figures"
LONGEST_MANIFEST = 64 * 2**20
"""Bytes that a manifest may have."""


class BundleError(Exception):
    """A bundle cannot be made, read or trusted; one sentence says why and what to do."""


@dataclass(frozen=True)
class Entry:
    """One file of a bundle."""

    path: str
    content: bytes
    what: str
    """Purpose, in a few words."""


def check_name(name: Any) -> str:
    """A relative path that stays inside the folder it is unpacked into, on every operating system.

    Raises BundleError for absolute paths, drives, "..", backslashes, control signs and empty parts.
    """
    parts = name.split("/") if isinstance(name, str) else [""]
    wrong = any(part in ("", ".", "..") or part[-1] in ". " for part in parts)
    if wrong or re.search(r'[\\:*?"<>|\x00-\x1f]', name):
        raise BundleError(
            f"bundle: it holds the name {name!r:.80}, which may lead out of the folder or fits no disk; nothing was "
            "unpacked, do not trust this file"
        )
    return str(name)
