"""Begins the owner process before the window is made: both take seconds to load, and so they load side by side."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coldfinger.procedures.engine.face import OwnerSilent
from coldfinger.procedures.engine.resume import unfinished
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.owner import OwnerSettings, start, stop

GREETING = 1.0  # s for an owner that is there
WHO = "window"


@dataclass(frozen=True)
class Found:
    """Whether an owner was started; how many of how many items a cut-off night has left (None: no night)."""

    started: bool
    left: tuple[int, int] | None = None


class EarlyOwner:
    """Finds the owner of a station, or starts one, in a thread of its own; `result` waits for it."""

    def __init__(self, station: str, data: Path, simulator: Mapping[str, str]) -> None:
        self._settings = OwnerSettings.of(station, str(data), None, False, simulator)
        self._found: Found | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._begin, name="early owner", daemon=True)
        self._thread.start()

    def result(self) -> Found:
        """What was found or started. Raises what the start raised: OwnerError, RunFileError and the like."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._found is not None
        return self._found

    def give_up(self) -> None:
        """There will be no window: end the owner again, if it was started for it."""
        self._thread.join()
        if self._found is not None and self._found.started:
            stop(self._settings.folder, safe=True, who=WHO)

    def _begin(self) -> None:
        try:
            self._found = find_or_start(self._settings)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that asks for the result
            self._error = error


def find_or_start(settings: OwnerSettings) -> Found:
    """Look for the owner and start one where there is none. Raises OwnerError, RunFileError."""
    if owner_of(settings.folder) is not None:
        return Found(False)
    left = left_over(settings.data)
    start(settings)
    return Found(True, left)


def owner_of(folder: Path) -> dict[str, object] | None:
    """Who owns the station that is found there: name, pid, started; None when nobody does."""
    try:
        with Client(folder, who=WHO, deadline=GREETING) as client:
            return client.owner()
    except OwnerSilent:
        return None


def left_over(data: Path) -> tuple[int, int] | None:
    """How many of how many items a night that was cut off has left; None when there is no such night."""
    record = unfinished(data) if data.is_dir() else None
    if record is None:
        return None
    open_ones = sum(item.state in ("waiting", "partial", "running") for item in record.items)
    return open_ones, len(record.items)
