"""In a replay a run is shown as far as it has been played, though its file is whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coldfinger.gui.pages.run_feed import RunRows, first_rows


class PlayedRows:
    """Which rows of the runs of a replay have been played; without one every run is whole."""

    def __init__(self) -> None:
        self._played: dict[Path, int] = {}
        """Rows of each of its runs; not of those that have been played to their end."""
        self._clipped: dict[Path, tuple[int, int, RunRows]] = {}

    def clear(self) -> None:
        """A replay begins or is over."""
        self._played.clear()
        self._clipped.clear()

    def see(self, snapshot: Mapping[str, Any], data: Path) -> bool:
        """Take note of a snapshot; whether other rows are shown now."""
        played = _played(snapshot, data) if "replay" in snapshot else {}
        if played == self._played:
            return False
        self._played = played
        return True

    def of(self, rows: RunRows) -> RunRows:
        """The run as far as it has been played."""
        count = self._played.get(rows.folder.resolve()) if self._played else None
        if count is None:
            return rows
        known = self._clipped.get(rows.folder)
        if known is None or known[:2] != (id(rows), count):
            known = self._clipped[rows.folder] = (id(rows), count, first_rows(rows, count))
        return known[2]


def _played(snapshot: Mapping[str, Any], data: Path) -> dict[Path, int]:
    """Rows that have been played, of the run that is played now and of those that come after it."""
    folder, running = Path(str(snapshot.get("data") or data)).resolve(), snapshot["running"]
    return {
        folder / name: int(running["rows"]) if name == running.get("folder") else 0
        for item in snapshot["items"]
        for name in item["folders"]
        if item["state"] in ("running", "waiting")
    }
