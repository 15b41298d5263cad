"""How old the numbers of a fit are, beside a run that may grow: what is left behind must not look fresh.

The age is real time since the rows of the fit were handed over, whatever the speed of a simulated refrigerator: it says
whether the numbers are those of the rows that are there. A replay has no such age, its rows are of another day.
"""

from collections.abc import Callable
from dataclasses import dataclass

from coldfinger.gui.look.tokens import Look
from coldfinger.procedures.words.quantity import duration_text

BEHIND = 3.0
"""Seconds that rows may wait for their fit before its numbers look old."""
SILENT = 30.0
"""Seconds without a row from which on a run is not called live; slow runs have `PERIODS` of their own periods."""
PERIODS = 3
_ENDS = {"done": ("check", "run finished"), "stopped": ("circle-half-full", "run stopped"),
         "failed": ("close", "run failed")}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """When a fit was asked for (s), and how many rows it was given."""

    time: float
    rows: int


class FitAge:
    """Remembers how a run grows and which of its rows the fit has; `look` says it, with icon, word and colour.

    A run without an end is live once a row has come while one looks: a crashed one has no end, either.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` tells the real time (s)."""
        self._now = now
        self.forget()

    def forget(self) -> None:
        """Another run, or none."""
        self._rows, self._outcome = -1, ""
        self._fit: Asked | None = None
        self._is_earlier = False
        self._left_behind: float | None = None
        self.pause()

    def pause(self) -> None:
        """Nobody has looked for a while: how fast the run grows is not known any more."""
        self._grew: float | None = None
        self._period = 0.0

    def see(self, rows: int, outcome: str) -> None:
        """The run has so many rows now, and this outcome ("" while it has no end)."""
        now = self._now()
        if rows != self._rows >= 0:
            self._period = now - self._grew if self._grew is not None else 0.0
            self._grew = now
        self._rows, self._outcome = rows, outcome
        if self._fit is not None and self._left_behind is None and rows != self._fit.rows:
            self._left_behind = now

    def ask(self) -> Asked:
        """The rows of now are handed over."""
        return Asked(self._now(), self._rows)

    def take(self, asked: Asked, *, is_shown: bool) -> None:
        """An answer has come; its numbers are shown, or those of an earlier one, because it has none to show."""
        self._is_earlier = not is_shown
        if is_shown:
            self._fit = asked
            self._left_behind = None if asked.rows == self._rows else asked.time

    def look(self, *, is_old: bool = False, is_replay: bool = False) -> Look | None:
        """How old the numbers are; None where there are none. `is_old`: the window or the law has changed since."""
        if self._fit is None:
            return None
        now = self._now()
        ago = _ago(now - self._fit.time)
        if is_old or self._is_earlier:
            return Look("history", f"an earlier fit, {ago}", "idle")
        more = self._rows - self._fit.rows
        if self._left_behind is not None and (self._outcome or now - self._left_behind > BEHIND):
            newer = f"{more} newer {'row' if more == 1 else 'rows'}" if more > 0 else "other rows"
            return Look("clock-alert-outline", f"without {newer}, {ago}", "idle")
        if self._outcome:
            return Look(*_ENDS.get(self._outcome, ("circle-outline", f"run {self._outcome}")), "idle")
        if is_replay:
            return Look("replay", "replay, as far as played", "idle")
        if self._grew is None:
            return Look("timer-sand", "waiting for a new row", "idle")
        if now - self._grew > max(SILENT, PERIODS * self._period):
            return Look("clock-alert-outline", f"no new row for {_span(now - self._grew)}", "idle")
        return Look("circle", f"live, {ago}", "ok")


def _ago(seconds: float) -> str:
    """ "0.4 s ago", "3 s ago", "2 min 5 s ago"."""
    return f"{seconds:.1f} s ago" if seconds < 0.95 else f"{_span(seconds)} ago"


def _span(seconds: float) -> str:
    return duration_text(round(seconds))
