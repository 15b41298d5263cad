"""The tab with the live fit: which run is fitted in which window, and what of the answer goes where.

A fit is wished for when rows, window or law have changed. From the moment that window or law change until the new
answer is there, the old numbers are grey.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.look.tokens import Look
from coldfinger.gui.pages.choice_buttons import choice_of, dress_choices
from coldfinger.gui.pages.fit_age import Asked, FitAge
from coldfinger.gui.pages.fit_asking import FitAsking, Question
from coldfinger.gui.pages.fit_choices import WARMEST, FitChoices
from coldfinger.gui.pages.fit_keeping import FitKeeping
from coldfinger.gui.pages.fit_numbers import FitNumbers
from coldfinger.gui.pages.fit_plots import FitPlots
from coldfinger.gui.pages.fit_words import FitWords, words_of
from coldfinger.gui.pages.live_fit import FitAnswer
from coldfinger.gui.pages.number_text import Trust
from coldfinger.gui.pages.page import Marks, Page
from coldfinger.gui.pages.pinned_fits import PinnedFits
from coldfinger.gui.pages.run_curves import badge_of, is_ramp, label_of
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.plots.plot import Plot
from coldfinger.procedures.engine.core import REAL

_NO_RUN = "No run is shown: start a ramp, or open or tick one in the list of runs."
_SIDES = (("Curve", "The curve and its fit."), ("Against H", "The pinned fits against field, with power laws."))
_WIDE, _WIDEST = 262, 360
_NARROW = 200  # px of the numbers at least


class FitPanel(Page):
    """Arrhenius plot of one run with its fit, and the pinned fits against field."""

    title = "&Arrhenius + fit"
    tip = "ln ρ against 1/T with the live fit of Eq. 1 or Eq. 2 (Alt+3)."
    said = Signal(object)

    def __init__(
        self,
        marks: Marks,
        background: Background,
        parent: QWidget | None = None,
        now: Callable[[], float] = REAL.time,
    ) -> None:
        """`now` tells the real time (s), by which the age of a fit counts."""
        super().__init__(marks, parent)
        self._rows: dict[Path, RunRows] = {}
        self._run: Path | None = None
        self._chosen_by_hand = False
        self._window: tuple[float, float] = (0.0, WARMEST)
        self._drawn_rows: RunRows | None = None
        self.answer: FitAnswer | None = None
        self._good: FitAnswer | None = None
        self._age = FitAge(now)
        self._asking = FitAsking(background, self._age, self._question, self)
        self._asking.answered.connect(self._take_answer)
        self._asking.failed.connect(self._failed)
        self.plots = FitPlots(self)
        self.run_box = QComboBox(self)
        self.pinned = PinnedFits(background, self)
        self.choices = FitChoices(self)
        self.numbers = FitNumbers(self._age_look, self)
        self.keeping = FitKeeping(self.pinned, background, self)
        self._lay_out()
        self._wire()
        dress_choices((self.sides,))
        self.choices.restyle()
        self._show_words(FitWords(_NO_RUN, False))

    def _lay_out(self) -> None:
        self.run_box.setAccessibleName("Run that is fitted")
        self.run_box.setToolTip("The run that is fitted: the one in front, or one of the ticked runs.")
        self.run_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.run_box.setMinimumContentsLength(14)
        top = QHBoxLayout()
        top.setContentsMargins(2, 1, 2, 1)
        top.addWidget(self.run_box, 1)
        self.sides = choice_of(_SIDES, self)
        for button in self.sides.buttons():
            top.addWidget(button)
        panel = QWidget(self)
        within = QVBoxLayout(panel)
        within.setContentsMargins(4, 2, 4, 2)
        within.setSpacing(4)
        within.addWidget(self.choices)
        within.addWidget(self.numbers, 1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(panel)
        self.side = QWidget(self)
        below = QVBoxLayout(self.side)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(scroll, 1)
        below.addWidget(self.keeping)
        curve = QWidget(self)
        row = QHBoxLayout(curve)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.plots, 1)
        row.addWidget(self.side)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(curve)
        self.stack.addWidget(self.pinned)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.stack, 1)
        self._widen()

    def _wire(self) -> None:
        self.run_box.activated.connect(self._choose_run)
        self.sides.buttonClicked.connect(lambda *_: self.stack.setCurrentIndex(self.sides.checkedId()))
        self.plots.dragged.connect(self._dragged)
        self.choices.typed.connect(self._typed)
        self.choices.changed.connect(self._changed)
        self.pinned.changed.connect(self._compare)
        self.keeping.compared.connect(self._compare)
        self.keeping.batched.connect(self._show_pinned)
        self.keeping.said.connect(self.said)

    def _widen(self) -> None:
        """Room for the names beside the fields in any font."""
        self.numbers.grid.setColumnMinimumWidth(0, self.choices.widen())
        wished = min(max(_WIDE, self.fontMetrics().horizontalAdvance("0") * 34), _WIDEST)
        self.side.setFixedWidth(min(wished, max(self.width() // 2, _NARROW)))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """A narrow page is shared by plot and numbers."""
        super().resizeEvent(event)
        self._widen()

    @property
    def plot(self) -> Plot:
        """The plot of the curve."""
        return self.plots.plot

    def front(self) -> QWidget:
        return self.plot

    def restyle(self) -> None:
        dress_choices((self.sides,))
        for part in (self.plots, self.choices, self.numbers, self.pinned):
            part.restyle()
        self._widen()
        self._drawn_rows = None
        self._draw_rows()

    def set_badge(self, text: str) -> None:
        super().set_badge(text)
        self.pinned.badge = text

    def _badged(self) -> Sequence[Any]:
        return self.plots.plot, self.plots.residuals

    # -- which run

    def show_rows(self, now: RunRows | None, ticked: Sequence[RunRows]) -> None:
        runs = {rows.folder: rows for rows in (*((now,) if now else ()), *ticked) if is_ramp(rows)}
        if list(runs) != list(self._rows):
            self._fill_box(runs)
        self._rows = runs
        if self._run not in runs or not self._chosen_by_hand:
            self._take(next(iter(runs), None))
        self._draw_rows()
        rows = self._current()
        if rows is not None:
            self._age.see(len(rows), rows.outcome)
            if self._asking.says_another(rows):
                self._want()

    def fit_this(self, folder: Path) -> None:
        """Fit this run from now on; it has to be among those that are shown."""
        self._chosen_by_hand = True
        self._take(folder)

    def _fill_box(self, runs: dict[Path, RunRows]) -> None:
        self.run_box.clear()
        for folder, rows in runs.items():
            name = label_of(rows)
            self.run_box.addItem(f"{name}  {rows.name}" if name != rows.name else name, str(folder))
        if self._run in runs:
            self.run_box.setCurrentIndex(list(runs).index(self._run))

    def _choose_run(self, *_: object) -> None:
        self.fit_this(Path(str(self.run_box.currentData())))

    def _take(self, folder: Path | None) -> None:
        if folder == self._run:
            return
        self._run, self._good, self.answer = folder, None, None
        self._age.forget()
        if folder is not None and folder in self._rows:
            self.run_box.setCurrentIndex(list(self._rows).index(folder))
            self._age.see(len(self._rows[folder]), self._rows[folder].outcome)
        self.plots.clear_fit()
        self._draw_rows()
        self._changed()

    def _current(self) -> RunRows | None:
        return None if self._run is None else self._rows.get(self._run)

    def _draw_rows(self) -> None:
        rows = self._current()
        if rows is self._drawn_rows:
            return
        self._drawn_rows = rows
        self._show_badge(badge_of([rows] if rows else []))
        self.plots.show_run(rows, self.marks.mark_of(rows.folder) if rows else ("", ""))
        if rows is not None:
            self.plots.show_window(*self._window)

    # -- window and law

    @property
    def window_of_fit(self) -> tuple[float, float]:
        """Lowest and highest temperature (K) of the fit; 0 for all that is colder."""
        return self._window

    def set_window_of_fit(self, low: float, high: float) -> None:
        """Fit from `low` to `high` (K). Raises ValueError where they do not rise."""
        if not 0 <= low < high:
            raise ValueError(f"window: {low:g} to {high:g} K; it must rise from 0 K or above")
        if (low, high) == self._window:
            return
        self._window = (low, high)
        self.choices.show_window(low, high)
        self.plots.show_window(low, high)
        self._changed()

    def _typed(self, low: float, high: float) -> None:
        if low < high:
            self._window = (low, high)
            self.plots.show_window(low, high)
            self._changed()
        else:
            self._grey(f"the window must rise: {low:g} to {high:g} K")

    def _dragged(self, low: float, high: float) -> None:
        if (low, high) != self._window:
            self._window = (low, high)
            self.choices.show_window(low, high)
            self._changed()

    def _changed(self) -> None:
        self._asking.drop_older()
        self._grey("fitting…")
        self._want()

    def _grey(self, text: str) -> None:
        """The numbers on the screen are those of another window, law or run."""
        self.numbers.grey(text)
        self._offer()

    # -- the fit

    def _want(self) -> None:
        if self._current() is None:
            self._show_words(FitWords(_NO_RUN, False))
        elif self.isVisible():
            self._asking.ask_soon()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._age.pause()
        rows = self._current()
        if rows is not None and self._asking.says_another(rows):
            self._want()

    def _question(self) -> Question | None:
        rows = self._current()
        return None if rows is None else Question(rows, self._window, self.choices.law, self.choices.weighting)

    def _failed(self, error: BaseException) -> None:
        self.answer = None
        self.plots.clear_fit()
        self._show_words(FitWords(f"the fit failed: {error}", False))

    def _take_answer(self, answer: FitAnswer, asked: Asked) -> None:
        self.answer = answer
        shown = answer if answer.converged or (answer.member is not None and self._good is None) else self._good
        self._age.take(asked, is_shown=shown is answer)
        self._show_words(words_of(answer, self._good))
        if answer.member is not None and answer.converged:
            self._good = answer
        drawn = answer if answer.converged else self._good
        if drawn is None:
            self.plots.clear_fit()
        else:
            believed = all(number.trust is not Trust.NONE for number in self.words.numbers)
            self.plots.show_fit(drawn, believed=believed)

    def _age_look(self) -> Look | None:
        return self._age.look(is_old=self.numbers.is_old, is_replay=bool(self._badge))

    @property
    def words(self) -> FitWords:
        """What stands beside the curve."""
        return self.numbers.words

    def _show_words(self, words: FitWords) -> None:
        self.numbers.show_words(words, is_old=False)
        self._offer()

    def _offer(self) -> None:
        self.keeping.offer(self._run, None if self.numbers.is_old else self.answer, self.words)

    # -- pinned fits

    def fit_all(self, runs: Sequence[RunRows]) -> None:
        """Fit all these ramps with the window and law in use, and pin what comes out."""
        self.keeping.fit_all(runs, self._window, self.choices.law, self.choices.weighting)

    def _compare(self) -> None:
        """Draw the pinned fits where that is wanted, and take others away."""
        self.plots.show_pinned(self.pinned.lines() if self.keeping.compare.isChecked() else {})

    def _show_pinned(self) -> None:
        button = self.sides.button(1)
        if button is not None:
            button.setChecked(True)
        self.stack.setCurrentIndex(1)
