"""What the refrigerator has done since the engine began: one reading over time, from snapshots and run files."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.look import theme
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.overview.strip_state import CHANNELS
from coldfinger.gui.pages.history import History, channel_of
from coldfinger.gui.pages.page import CurvePage, Marks
from coldfinger.gui.pages.run_feed import RunFeed, RunRows
from coldfinger.gui.plots.curve import Style
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Quantity, Series
from coldfinger.runfiles.disk import RunFileError

_UNITS = {
    "temperature": "K",
    "field": "T",
    "percent": "%",
    "resistance": "Ω",
    "current": "A",
    "degrees": "°",
}
_MOST_FILES = 50
"""Runs before this look at the window that are read back, the newest ones."""


class HistoryPage(CurvePage):
    """One reading of the strip over the station's clock."""

    title = "Fridge histor&y"
    tip = "Readings of the refrigerator over time (Alt+6); a click on a tile of the strip opens its history."
    said = Signal(object)

    def __init__(self, marks: Marks, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(marks, Plot(Quantity("fridge clock", "h"), Quantity("T_mc", "K")), parent, normalise=False)
        self._background = background
        self.history = History()
        self._of_engine: History | None = None
        self.box = self.controls.combo(
            "Reading", "Which reading is shown over time.", [channel.label for channel in CHANNELS], self._choose
        )
        self._key = CHANNELS[0].key
        self.refresh()

    def show_history(self, key: str) -> None:
        """Show the reading with this key of the strip; one that the strip does not have changes nothing."""
        if key in self.history.traces:
            self._key = key
            self.box.setCurrentText(channel_of(key).label)
            self.refresh()
            self.plot.show_all()

    def see(self, snapshot: dict[str, Any]) -> None:
        """Take the readings of a snapshot; runs that were measured before the window was there are read once."""
        if self._key in self.history.see(snapshot) and self.isVisible():
            self.refresh()
        badge = "SIMULATED" if snapshot.get("simulated") else ""
        self._show_badge(badge)
        if "replay" in snapshot:
            return  # its clock begins anew, and its runs are what comes
        running = snapshot.get("running", {}).get("folder")
        ended = [f for item in snapshot.get("items", ()) for f in item.get("folders", ()) if f and f != running]
        fresh = self.history.missing(ended[-_MOST_FILES:])
        if fresh:
            folder = Path(str(snapshot.get("data", "")))
            self._background.do(f"history {fresh[-1]}", lambda: _read([folder / f for f in fresh]), self._fill)

    def set_replay(self, on: bool) -> None:
        """Keep what was read of the refrigerator apart from what a replay says."""
        if on and self._of_engine is None:
            self._of_engine, self.history = self.history, History()
        elif not on and self._of_engine is not None:
            self.history, self._of_engine = self._of_engine, None
        self.refresh()

    def _fill(self, answer: tuple[list[RunRows], list[str]]) -> None:
        runs, said = answer
        self.history.fill(runs)
        for sentence in said:
            self.said.emit(Message("warning", sentence))
        self.refresh()

    def _choose(self, label: str) -> None:
        self.show_history(next(channel.key for channel in CHANNELS if channel.label == label))

    def refresh(self) -> None:
        channel = channel_of(self._key)
        self.plot.set_quantities(self.plot.quantity_x, Quantity(channel.label, _UNITS[channel.kind]))
        times, values = self.history.traces[self._key].lines()
        self.plot.set_series("reading", Series.of(channel.label, times / 3600, values))
        self.plot.set_style("reading", Style(theme.current().series[0], "o", symbols=False))
        if not len(times):
            self.words.setText(f"{channel.label} has not been read yet.")
        else:
            span = (times[-1] - times[0]) / 3600
            self.words.setText(f"{channel.label} over {span:.3g} h of the fridge's clock.")


def _read(folders: list[Path]) -> tuple[list[RunRows], list[str]]:
    runs, said = [], []
    for folder in folders:
        try:
            rows = RunFeed(folder).look()
        except (RunFileError, KeyError, TypeError, ValueError) as error:
            said.append(f"History without {folder.name}: {error}")
            continue
        if rows is not None:
            runs.append(rows)
    return runs, said
