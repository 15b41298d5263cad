"""The rehearsal of a queue: carried out by the engine on the simulated twin in a process of its own, shown as plots."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QProcess, Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QShortcut,
    QSplitter,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.form.estimate import clock_text, span_text
from coldfinger.gui.look import theme
from coldfinger.gui.look.tables import ReadingTable
from coldfinger.gui.look.tokens import ITEM_LOOKS
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Quantity, Series

PATIENCE = 3000
"""Milliseconds that a cancelled rehearsal has to end by itself."""
PROGRAM = ("-m", "coldfinger.procedures")
TITLE = "Rehearsal · SIMULATED"
_HOUR = 3600.0
_COLUMNS = ("#", "Run", "Takes", "Ends", "±", "Rows", "Warnings")


def words(plan: Path, station: str) -> list[str]:
    """The words of the command line that rehearses a plan."""
    return ["rehearse", str(plan), "--json", "--station", station]


class Rehearser(QObject):
    """One rehearsal at a time, in a process that can be cancelled.

    done      the rehearsal, as `coldfinger rehearse --json` prints it
    failed    a sentence: why there is none; "" after a cancel
    """

    done = Signal(object)
    failed = Signal(str)

    def __init__(self, station: str, parent: QObject | None = None, program: Sequence[str] = PROGRAM) -> None:
        """`program` is what Python is told before the words of the command."""
        super().__init__(parent)
        self._station, self._program = station, tuple(program)
        self._process: QProcess | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._cancelled = False
        self._last_word = QTimer(self)
        self._last_word.setSingleShot(True)
        self._last_word.timeout.connect(self._kill)

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, plan: str) -> None:
        """Rehearse the text of a plan; the one that runs goes on where there is one."""
        if self._process is not None:
            return
        self._cancelled = False
        self._folder = tempfile.TemporaryDirectory(prefix="rehearse-")
        path = Path(self._folder.name) / "queue.toml"
        path.write_text(plan, encoding="utf-8")
        self._process = process = QProcess(self)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._broke)
        process.start(sys.executable, [*self._program, *words(path, self._station)])

    def cancel(self) -> None:
        """End it; its own processes end with it."""
        process = self._process
        if process is None:
            return
        self._cancelled = True
        number = int(process.processId())
        if os.name == "posix" and number:
            os.kill(number, signal.SIGINT)
        else:
            process.terminate()
        self._last_word.start(PATIENCE)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Cancel it and wait for the end of its process."""
        process = self._process
        if process is not None:
            self.cancel()
            if not process.waitForFinished(PATIENCE):
                process.kill()
                process.waitForFinished(PATIENCE)

    def _finished(self, *_: object) -> None:
        process, folder = self._process, self._folder
        if process is None or folder is None:
            return
        self._process = self._folder = None
        self._last_word.stop()
        folder.cleanup()
        said = bytes(process.readAllStandardOutput().data()).decode("utf-8", "replace")
        complaint = bytes(process.readAllStandardError().data()).decode("utf-8", "replace")
        process.deleteLater()
        if self._cancelled:
            self.failed.emit("")
            return
        try:
            rehearsal = json.loads(said)
        except ValueError:
            last = (complaint.strip().splitlines() or ["it gave no answer"])[-1]
            self.failed.emit(f"The queue could not be rehearsed: {last.removeprefix('coldfinger: ')}")
            return
        self.done.emit(rehearsal)

    def _broke(self, error: Any) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            process, folder = self._process, self._folder
            self._process = self._folder = None
            if folder is not None:
                folder.cleanup()
            if process is not None:
                process.deleteLater()
            self.failed.emit("The queue could not be rehearsed: its process did not start.")


class RehearsalView(QWidget):
    """T(t) and H(t) as predicted, every item with its end, and every warning; `cancelled` when a person gave up."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(TITLE)
        self.setAccessibleName("Rehearsal")
        self.setProperty("help", "engine")
        self.resize(900, 640)
        self.headline = QLabel("", self)
        self.headline.setWordWrap(True)
        self.headline.setProperty("role", "strong")
        self.refusals = QLabel("", self)
        self.refusals.setWordWrap(True)
        self.refusals.setProperty("role", "message")
        self.refusals.hide()
        self.busy = QProgressBar(self)
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("The rehearsal is going on")
        self.cancel = QPushButton("&Cancel", self)
        self.cancel.setToolTip("Give the rehearsal up; nothing real has moved.")
        self.cancel.clicked.connect(self.cancelled)
        self.close_button = QPushButton("C&lose", self)
        self.close_button.setToolTip("Close this window; the queue stays as it is.")
        self.close_button.clicked.connect(self._leave)
        QShortcut(QKeySequence("Esc"), self).activated.connect(self._leave)
        time = Quantity("time", "h")
        self.temperature = Plot(time, Quantity("T", "K"), parent=self)
        self.field = Plot(time, Quantity("H", "Oe"), parent=self)
        for plot in (self.temperature, self.field):
            plot.set_badge("SIMULATED")
            plot.setMinimumHeight(120)
        self.temperature.set_log(False, True)
        self.field.follow_x(self.temperature)
        self.temperature.axes["left"].align(self.field.axes["left"])
        self.table = ReadingTable(_COLUMNS, "Items and what becomes of them", self)
        self.table.setWordWrap(True)
        head: Any = self.table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        split = QSplitter(Qt.Orientation.Vertical, self)
        for widget, share in ((self.temperature, 3), (self.field, 2), (self.table, 3)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, share)
        split.setSizes([230, 170, 170])
        bottom, whole = QHBoxLayout(), QVBoxLayout(self)
        bottom.addWidget(self.busy, 1)
        bottom.addWidget(self.cancel)
        bottom.addWidget(self.close_button)
        whole.addWidget(self.headline)
        whole.addWidget(self.refusals)
        whole.addWidget(split, 1)
        whole.addLayout(bottom)
        self.wait("")

    def wait(self, name: str) -> None:
        """A rehearsal has begun."""
        self.headline.setText(f"Rehearsing {name} on the simulated twin, in virtual time…")
        self.setWindowTitle(TITLE)
        self.busy.setVisible(True)
        self.cancel.setEnabled(True)

    def give_up(self, sentence: str) -> None:
        """There is none: why, or "" where a person cancelled it."""
        self.headline.setText(sentence or "The rehearsal was cancelled; nothing has moved.")
        self._over()

    def show_rehearsal(self, rehearsal: dict[str, Any], now: datetime | None = None) -> None:
        """Show what `coldfinger rehearse --json` has said."""
        now = now or datetime.now(UTC)
        self._over()
        ends = clock_text(now + timedelta(seconds=rehearsal["seconds"]), now)
        megabytes = f"{rehearsal['bytes'] / 1e6:.1f} MB"
        self.headline.setText(
            f"{rehearsal['name']}: {span_text(rehearsal['seconds'])} ± {span_text(rehearsal['sd_seconds'])}, "
            f"started now it ends {ends} · {rehearsal['rows']} rows · {megabytes}"
        )
        self.refusals.setText("\n".join(f"Refused: {sentence}" for sentence in rehearsal["refused"]))
        self.refusals.setVisible(bool(rehearsal["refused"]))
        self._show_curves(rehearsal["trace"])
        self._show_items(rehearsal["items"], now)
        self.setWindowTitle(f"{TITLE}: {len(rehearsal['items'])} items, {span_text(rehearsal['seconds'])}")

    def restyle(self) -> None:
        """Show it in the present theme."""
        for plot in (self.temperature, self.field):
            plot.dress()

    def _leave(self) -> None:
        self.close()

    def _over(self) -> None:
        self.busy.setVisible(False)
        self.cancel.setEnabled(False)
        self.cancel.setToolTip("Nothing is being rehearsed any more.")

    def _show_curves(self, trace: dict[str, list[float]]) -> None:
        hours = [time / _HOUR for time in trace["time_s"]]
        self.temperature.set_series("mc", Series.of("chamber", hours, trace["T_mc_K"]))
        self.temperature.set_series("sample", Series.of("sample", hours, trace["T_sample_K"]))
        self.field.set_series("field", Series.of("field", hours, trace["H_Oe"]))
        for plot in (self.temperature, self.field):
            plot.show_all()

    def _show_items(self, items: list[dict[str, Any]], now: datetime) -> None:
        tokens = theme.current()
        self.table.setRowCount(len(items))
        for number, item in enumerate(items):
            ends = clock_text(now + timedelta(seconds=item["ends"]), now)
            warnings = "\n".join(item["warnings"])
            look = ITEM_LOOKS.get(item["state"], ITEM_LOOKS["waiting"])
            takes, spread = span_text(item["ends"] - item["begins"]), span_text(item["ends_sd"])
            cells = (str(number + 1), item["name"], takes, ends, spread, str(item["rows"]), warnings)
            for column, text in enumerate(cells):
                cell = QTableWidgetItem(text)
                cell.setToolTip(f"{look.word}" + (f": {item['reason']}" if item["reason"] else ""))
                if column == 1:
                    cell.setIcon(theme.icon(look.icon, look.in_theme(tokens).ink))
                if column == len(cells) - 1 and warnings:
                    cell.setIcon(theme.icon("alert-outline", tokens.warn.ink))
                self.table.setItem(number, column, cell)
        self.table.resizeRowsToContents()
