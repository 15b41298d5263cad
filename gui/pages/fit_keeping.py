"""What becomes of a fit: pinned, copied, written to the note of its run; and all ticked runs fitted and pinned."""

from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QGridLayout, QPushButton, QWidget

from coldfinger.analysis.fits.fit_result import Law
from coldfinger.gui.background import Background
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.pages.fit_words import FitWords, copy_text, words_of
from coldfinger.gui.pages.live_fit import FitAnswer, Weights, fit_run
from coldfinger.gui.pages.pinned_fits import PinnedFits
from coldfinger.gui.pages.run_curves import is_ramp
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.procedures.data.notes import Notes
from coldfinger.runfiles.disk import RunFileError

_SAVED = "Fit:"


class FitKeeping(QWidget):
    """The buttons below the numbers; `offer` says which fit they are about.

    compared    the pinned fits are to be drawn anew beside the present one, or no more
    batched     several ticked runs were fitted and pinned
    """

    compared = Signal()
    batched = Signal()
    said = Signal(object)

    def __init__(self, pinned: PinnedFits, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._pinned, self._background = pinned, background
        self._folder: Path | None = None
        self._answer: FitAnswer | None = None
        self._words = FitWords("no run", False)
        self.pin = self._button("&Pin", "Keep this fit in the table of pinned fits.", self.pin_fit)
        self.compare = self._button("Compar&e", "Draw the pinned fits into the plot, too.", self.compared.emit)
        self.compare.setCheckable(True)
        self.copy = self._button("Cop&y", "Copy the numbers, with what is to be said against them.", self.copy_fit)
        self.save = self._button(
            "Save to r&un", "Write the numbers to the note of the run and tag it fit.", self.save_fit
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for number, button in enumerate((self.pin, self.compare, self.copy, self.save)):
            grid.addWidget(button, number // 2, number % 2)
        pinned.changed.connect(self._enable)
        self._enable()

    def _button(self, text: str, tip: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setProperty("tip", tip)
        button.clicked.connect(lambda *_: act())
        return button

    def offer(self, folder: Path | None, answer: FitAnswer | None, words: FitWords) -> None:
        """The buttons are about this fit from now on; None where there is none of this window."""
        fits = answer is not None and answer.member is not None
        self._folder, self._answer, self._words = folder, answer if fits else None, words
        self._enable()

    def _enable(self) -> None:
        """Each button says what it does, or why it cannot."""
        usable, some = self._answer is not None, bool(self._pinned.answers)
        for button in (self.pin, self.copy, self.save):
            button.setEnabled(usable)
            button.setToolTip(button.property("tip") + ("" if usable else "\nNot now: there is no fit of this window."))
        self.compare.setEnabled(some)
        self.compare.setToolTip(self.compare.property("tip") + ("" if some else "\nNot now: no fit is pinned."))

    def pin_fit(self) -> None:
        """Keep the fit on the screen."""
        if self._answer is not None and self._folder is not None:
            self._pinned.pin(self._folder, self._answer)

    def copy_fit(self) -> None:
        """Put the numbers on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and self._answer is not None:
            clipboard.setText(copy_text(self._answer, self._words))

    def save_fit(self) -> None:
        """Add the numbers to the note of the run, and tag it."""
        if self._answer is None or self._folder is None:
            return
        folder, text = self._folder, copy_text(self._answer, self._words)
        self._background.do(
            f"save fit {folder}",
            lambda: save_note(folder, text),
            lambda _: self.said.emit(Message("info", f"The fit of {folder.name} is in the note of the run.")),
            lambda error: self.said.emit(Message("warning", f"The fit of {folder.name} was not saved: {error}")),
        )

    def fit_all(self, runs: Sequence[RunRows], window: tuple[float, float], law: Law | None, weights: Weights) -> None:
        """Fit all these ramps alike, and pin what comes out."""
        ramps = [rows for rows in runs if is_ramp(rows)]
        self._background.do(
            "fit all",
            lambda: [(rows.folder, fit_run(rows, window, law, weights)) for rows in ramps],
            self._pin_all,
            lambda error: self.said.emit(Message("warning", f"The ticked runs were not fitted: {error}")),
        )

    def _pin_all(self, answers: list[tuple[Path, FitAnswer]]) -> None:
        fitted = [(folder, answer) for folder, answer in answers if answer.member is not None]
        for folder, answer in answers:
            if answer.member is None:
                self.said.emit(Message("warning", f"{folder.name} was not fitted: {words_of(answer).state}."))
        self._pinned.pin_all(fitted)
        if len(fitted) > 1:
            self.batched.emit()


def save_note(folder: Path, text: str) -> None:
    """Put `text` below the note of a run in place of a fit that was saved before. Raises RunFileError."""
    if not folder.is_dir():
        raise RunFileError("its rows are those of several runs, which have no common note; pin or copy it instead")
    notes = Notes(folder.parent)
    known = notes.read().get(folder.name)
    before = known.note.partition(_SAVED)[0].rstrip() if known else ""
    notes.note(folder.name, f"{before}\n{_SAVED}\n{text}".lstrip())
    notes.tag(folder.name, ["fit"])
