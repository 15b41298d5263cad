"""The tab with the live fit: window by dragging, numbers that say how far to believe them, residuals, pinned fits.

A fit is wished for when rows, window or law have changed, at most twice a second, and done beside the window. From the
moment that window or law change until the new answer is there, the old numbers are grey.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QGuiApplication, QResizeEvent
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from coldfinger.analysis.fits.fit_result import Law
from coldfinger.gui.background import Background
from coldfinger.gui.fields.quantity_edit import QuantityEdit
from coldfinger.gui.fields.quantity_text import Field
from coldfinger.gui.look import theme
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.pages.fit_words import FitWords, Number, Trust, copy_text, words_of
from coldfinger.gui.pages.live_fit import FitAnswer, Weights, fit_run
from coldfinger.gui.pages.pinned_fits import PinnedFits
from coldfinger.gui.pages.plot_pages import Marks, Page
from coldfinger.gui.pages.run_curves import X_AXES, Y_AXES, axis, badge_of, curve_of, is_ramp, label_of
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.plots.curve import Style
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.plot_controls import PlotControls
from coldfinger.gui.plots.series import Quantity, Series
from coldfinger.procedures.data.notes import Notes

PERIOD = 500
"""Milliseconds between two fits."""
WARMEST = 0.7
"""K, the window's upper end to begin with."""
_LAWS: tuple[tuple[str, Law | None, str], ...] = (
    ("auto", None, "Eq. 1 where ρ falls on warming, Eq. 2 where it rises"),
    ("Eq. 1", "eq1", "ρ = 1/[σ_QF + σ_0 exp(−E_aI/T)]"),
    ("Eq. 2", "eq2", "ρ = ρ_QF + ρ_0 exp(−E_aS/T)"),
)
_WEIGHTS: tuple[tuple[Weights, str], ...] = (
    ("σ", "Each row counts by its own s.d. of ρ and T."),
    ("none", "All rows count alike in ln ρ; ± comes from their scatter about the fit, so that χ²/ν is 1."),
)
_CHECKS = {"pass": ("check", "ok"), "fail": ("close", "bad"), "cannot say": ("help", "warn")}
_WIDE = 262
_NARROW = 200  # px of the numbers at least


class FitPanel(Page):
    """Arrhenius plot of one run with its fit, and the pinned fits against field."""

    title = "&Arrhenius + fit"
    tip = "ln ρ against 1/T with the live fit of Eq. 1 or Eq. 2 (Alt+3)."
    said = Signal(object)

    def __init__(self, marks: Marks, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(marks, parent)
        self._background = background
        self._rows: dict[Path, RunRows] = {}
        self._run: Path | None = None
        self._chosen_by_hand = False
        self._window: tuple[float, float] = (0.0, WARMEST)
        self._wish = 0
        """Number of the newest state of run, window and law; answers to older ones are dropped."""
        self._fitted: tuple[Any, ...] = ()
        self._pending = False
        self.answer: FitAnswer | None = None
        self.words = FitWords("no run", False)
        self._good: FitAnswer | None = None
        self.old = False
        self._pace = QTimer(self)
        self._pace.setSingleShot(True)
        self._pace.setInterval(PERIOD)
        self._pace.timeout.connect(self._due)
        self._make()

    # -- widgets

    def _make(self) -> None:
        self.plot = Plot(Quantity("1/T", "1/K"), Y_AXES[0].quantity, twin=Quantity("T", "K"), parent=self)
        self.plot.set_log(False, True)
        self.residuals = Plot(Quantity("1/T", "1/K"), Quantity("Δ", "σ"), parent=self)
        self.residuals.setAccessibleName("Residuals in standard deviations over 1/T")
        self.residuals.follow_x(self.plot)
        for plot in (self.plot, self.residuals):
            plot.axes["left"].setWidth(64)
        self.plot.windowMoving.connect(self._dragged)
        self.plot.windowChanged.connect(self._dragged)
        self.controls = PlotControls(self.plot, self, normalise=False)
        self.run_box = QComboBox(self)
        self.run_box.setAccessibleName("Run that is fitted")
        self.run_box.setToolTip("The run that is fitted: the one in front, or one of the ticked runs.")
        self.run_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.run_box.setMinimumContentsLength(14)
        self.run_box.activated.connect(self._choose_run)
        self.pinned = PinnedFits(self._background, self)
        self.pinned.changed.connect(self._compare)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self._curve_side())
        self.stack.addWidget(self.pinned)
        top = QHBoxLayout()
        top.setContentsMargins(2, 1, 2, 1)
        top.addWidget(self.run_box, 1)
        self._switch = QButtonGroup(self)
        for number, (text, tip) in enumerate(
            (("Curve", "The curve and its fit."), ("Against H", "The pinned fits against field, with power laws."))
        ):
            button = _tool(text, tip, self)
            button.setChecked(number == 0)
            self._switch.addButton(button, number)
            top.addWidget(button)
        self._switch.buttonClicked.connect(lambda *_: self.stack.setCurrentIndex(self._switch.checkedId()))
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.stack, 1)
        self._dress_choices()
        self._show_words(FitWords("No run is shown: start a ramp, or open or tick one in the list of runs.", False))

    def _curve_side(self) -> QWidget:
        side = QWidget(self)
        row = QHBoxLayout(side)
        row.setContentsMargins(0, 0, 0, 0)
        left = QSplitter(Qt.Orientation.Vertical, side)
        above = QWidget(left)
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.controls)
        column.addWidget(self.plot, 1)
        left.addWidget(above)
        left.addWidget(self.residuals)
        left.setStretchFactor(0, 4)
        left.setStretchFactor(1, 1)
        left.setSizes([300, 90])
        self.residuals.setMinimumHeight(80)
        self.residuals.axes["bottom"].setStyle(showValues=False)
        self.residuals.axes["bottom"].showLabel(False)
        self.residuals.axes["bottom"].setHeight(8)
        row.addWidget(left, 1)
        row.addWidget(self._numbers_side())
        return side

    def _numbers_side(self) -> QWidget:
        panel = QWidget(self)
        grid = QGridLayout(panel)
        grid.setContentsMargins(4, 2, 4, 2)
        grid.setVerticalSpacing(4)
        laws = QHBoxLayout()
        self.laws = QButtonGroup(self)
        for number, (text, _, tip) in enumerate(_LAWS):
            button = _tool(text, tip, self)
            button.setChecked(number == 0)
            self.laws.addButton(button, number)
            laws.addWidget(button)
        laws.addStretch(1)
        self.laws.buttonClicked.connect(lambda *_: self._changed())
        grid.addLayout(laws, 0, 0, 1, 2)
        weights = QHBoxLayout()
        self.weights = QButtonGroup(self)
        for number, (choice, tip) in enumerate(_WEIGHTS):
            button = _tool(choice, tip, self)
            button.setChecked(number == 0)
            self.weights.addButton(button, number)
            weights.addWidget(button)
        weights.addStretch(1)
        self.weights.buttonClicked.connect(lambda *_: self._changed())
        grid.addWidget(QLabel("Weights", self), 1, 0)
        grid.addLayout(weights, 1, 1)
        limits = Field("T", "K", 0.0, 400.0, meaning="an end of the window of the fit; it can also be dragged")
        self.low = QuantityEdit(_named(limits, "lowest T", 0.0), 0.0, self)
        self.high = QuantityEdit(_named(limits, "highest T", WARMEST), WARMEST, self)
        self._names: list[QLabel] = []
        for number, (label, edit) in enumerate((("T f&rom", self.low), ("&to", self.high))):
            name = QLabel(label, self)
            name.setBuddy(edit)
            self._names.append(name)
            grid.addWidget(name, 2 + number, 0)
            grid.addWidget(edit, 2 + number, 1)
            edit.valueChanged.connect(self._typed)
        self.numbers = [(QLabel(self), QLabel(self)) for _ in range(3)]
        for number, (name, value) in enumerate(self.numbers):
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setWordWrap(True)
            grid.addWidget(name, 4 + number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, 4 + number, 1)
        self.state, self.quality, self.more = QLabel(self), QLabel(self), QLabel(self)
        for row, label in ((7, self.state), (8, self.quality), (9, self.more)):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            grid.addWidget(label, row, 0, 1, 2)
        self.state.setAccessibleName("State of the fit")
        self.quality.setProperty("role", "faint")
        self.more.setTextFormat(Qt.TextFormat.RichText)
        self.more.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(9, 1)
        grid.setColumnStretch(1, 1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(panel)
        self.side = side = QWidget(self)
        self._widen()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll, 1)
        column.addLayout(self._buttons())
        return side

    def _buttons(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        self.pin = self._button("&Pin", "Keep this fit in the table of pinned fits.", self.pin_fit)
        self.compare = self._button("Compar&e", "Draw the pinned fits into the plot, too.", self._compare)
        self.compare.setCheckable(True)
        self.copy = self._button("Cop&y", "Copy the numbers, with what is to be said against them.", self.copy_fit)
        self.save = self._button(
            "Save to r&un", "Write the numbers to the note of the run and tag it fit.", self.save_fit
        )
        for number, button in enumerate((self.pin, self.compare, self.copy, self.save)):
            grid.addWidget(button, number // 2, number % 2)
        return grid

    def _button(self, text: str, tip: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setProperty("tip", tip)
        button.clicked.connect(lambda *_: act())
        return button

    def _widen(self) -> None:
        """Room for the names beside the fields in any font."""
        for name in self._names:
            name.setMinimumWidth(name.fontMetrics().horizontalAdvance(name.text()) + 2)
        wished = min(max(_WIDE, self.fontMetrics().horizontalAdvance("0") * 34), 360)
        self.side.setFixedWidth(min(wished, max(self.width() // 2, _NARROW)))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """A narrow page is shared by plot and numbers."""
        super().resizeEvent(event)
        self._widen()

    def front(self) -> QWidget:
        return self.plot

    def _dress_choices(self) -> None:
        """What is chosen is filled; a style of its own shows it too faintly in the dark."""
        tokens = theme.current()
        for group in (self.laws, self.weights, self._switch):
            for button in group.buttons():
                button.setStyleSheet(
                    f"QToolButton {{ padding: 2px 5px; border: 1px solid {tokens.edge}; border-radius: 3px; }}"
                    f"QToolButton:checked {{ background: {tokens.accent}; color: {tokens.on_accent}; }}"
                    f"QToolButton:focus {{ border: 2px solid {tokens.text}; padding: 1px 4px; }}"
                )

    def restyle(self) -> None:
        self._dress_choices()
        for plot in (self.plot, self.residuals):
            plot.dress()
        self._widen()
        self.pinned.restyle()
        self._drawn_rows = None
        self._draw_rows()
        self._show_words(self.words)

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
        if rows is not None and self._fitted != self._stamp(rows):
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
        if folder is not None and folder in self._rows:
            self.run_box.setCurrentIndex(list(self._rows).index(folder))
        self._clear_fit()
        self._draw_rows()
        self._changed()

    def _current(self) -> RunRows | None:
        return None if self._run is None else self._rows.get(self._run)

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
        for edit, value in ((self.low, low), (self.high, high)):
            edit.blockSignals(True)
            edit.set_value(float(f"{value:.4g}"))
            edit.blockSignals(False)
        self._place_window()
        self._changed()

    def _typed(self, _: object) -> None:
        low, high = self.low.value or 0.0, self.high.value or 0.0
        if low < high:
            self._window = (low, high)
            self._place_window()
            self._changed()
        else:
            self._gray(f"the window must rise: {low:g} to {high:g} K")

    def _dragged(self, low: float, high: float) -> None:
        """The region was moved: 1/T from `low` to `high`."""
        hottest = 1 / low if low > 0 else 400.0
        all_cold = high >= self._coldest_end() * (1 - 1e-9)
        coldest = 0.0 if all_cold or high <= 0 else 1 / high
        if coldest < hottest and (coldest, hottest) != self._window:
            self._window = (coldest, min(hottest, 400.0))
            for edit, value in ((self.low, self._window[0]), (self.high, self._window[1])):
                edit.blockSignals(True)
                edit.set_value(float(f"{value:.4g}"))
                edit.blockSignals(False)
            self._changed()

    def _coldest_end(self) -> float:
        """Where the region ends for a window without a lower end (1/K)."""
        rows = self._current()
        T = rows.columns.get("T_sample (K)", np.empty(0)) if rows else np.empty(0)
        T = T[np.isfinite(T) & (T > 0)]
        return 1.02 / float(T.min()) if len(T) else 10.0

    def _place_window(self) -> None:
        low, high = self._window
        region = (1 / high, 1 / low if low > 0 else max(self._coldest_end(), 1.02 / high))
        now = self.plot.window_range
        if now is None or not np.allclose(now, region, rtol=1e-6):
            self.plot.set_window(*region)

    def _changed(self) -> None:
        self._wish += 1
        self._gray("fitting…")
        self._want()

    def _gray(self, text: str) -> None:
        """The numbers on the screen are those of another window, law or run."""
        self.old = True
        self.state.setText(text)
        self._dress_numbers()
        self._enable()

    # -- fitting

    def _want(self) -> None:
        if self._current() is None:
            self._show_words(FitWords("No run is shown: start a ramp, or open or tick one in the list of runs.", False))
            return
        if not self.isVisible():
            return
        if self._pace.isActive():
            self._pending = True
        else:
            self._ask()

    def _due(self) -> None:
        if self._pending:
            self._ask()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        rows = self._current()
        if rows is not None and self._fitted != self._stamp(rows):
            self._want()

    def _ask(self) -> None:
        rows = self._current()
        if rows is None:
            return
        self._pending = False
        self._pace.start()
        wish, window, law, weights = self._wish, self._window, *self._choices()
        self._fitted = self._stamp(rows)
        self._background.do(
            "fit",
            lambda: fit_run(rows, window, law, weights),
            lambda answer: self._take_answer(wish, answer),
            lambda error: self._failed(wish, error),
        )

    def _choices(self) -> tuple[Law | None, Weights]:
        """Law and weights that are chosen."""
        return _LAWS[self.laws.checkedId()][1], _WEIGHTS[self.weights.checkedId()][0]

    def _stamp(self, rows: RunRows) -> tuple[Any, ...]:
        """Changes where another fit would say something else."""
        return self._wish, len(rows), len(rows.marks), rows.outcome

    def _failed(self, wish: int, error: BaseException) -> None:
        if wish == self._wish:
            self._show_words(FitWords(f"the fit failed: {error}", False))

    def _take_answer(self, wish: int, answer: FitAnswer) -> None:
        if wish != self._wish:
            return
        self.answer, self.old = answer, False
        self._show_words(words_of(answer, self._good))
        if answer.member is not None and answer.converged:
            self._good = answer
        shown = answer if answer.converged else self._good
        if shown is None:
            self._clear_fit()
        else:
            self._draw_fit(shown)

    # -- drawing

    _drawn_rows: RunRows | None = None

    def _draw_rows(self) -> None:
        rows = self._current()
        if rows is self._drawn_rows:
            return
        self._drawn_rows = rows
        self._show_badge(badge_of([rows] if rows else []))
        if rows is None:
            if "run" in self.plot.series:
                self.plot.remove("run")
            return
        series = curve_of(rows, axis(X_AXES, "1/T"), axis(Y_AXES, "ρ"), "")
        if series is not None:
            self.plot.set_series("run", Series(series.name, series.x, series.y, series.sd, series.flags))
            colour, symbol = self.marks.mark_of(rows.folder)
            self.plot.set_style("run", Style(colour, symbol, line="none"))
        self._place_window()

    def _badged(self) -> Sequence[Any]:
        return self.plot, self.residuals

    def set_badge(self, text: str) -> None:
        super().set_badge(text)
        self.pinned.badge = text

    def _clear_fit(self) -> None:
        if "fit" in self.plot.series:
            self.plot.remove("fit")
        if "residual" in self.residuals.series:
            self.residuals.remove("residual")

    def _draw_fit(self, answer: FitAnswer) -> None:
        tokens = theme.current()
        believed = all(number.trust is not Trust.NONE for number in self.words.numbers)
        T, rho = answer.line
        self.plot.set_series("fit", Series.of("", 1 / T, rho))
        self.plot.set_style("fit", Style(tokens.text, line="solid" if believed else "dash", symbols=False))
        T, residual = answer.residuals
        order = np.argsort(T)
        self.residuals.set_series("residual", Series.of("", 1 / T[order], residual[order], np.ones(len(T))))
        style = self.plot._curves["run"].style if "run" in self.plot.series else Style()
        self.residuals.set_style("residual", Style(style.colour, style.symbol, line="none"))

    def _compare(self) -> None:
        """Draw the pinned fits where that is wanted, and take others away."""
        wanted = self.pinned.lines() if self.compare.isChecked() else {}
        for key in [key for key in self.plot.series if key.startswith("pinned")]:
            if key.removeprefix("pinned ") not in wanted:
                self.plot.remove(key)
        for name, (T, rho, label) in wanted.items():
            key = f"pinned {name}"
            self.plot.set_series(key, Series.of(label, 1 / T, rho))
            self.plot.set_style(key, Style("", "", line="dash", symbols=False))
        self._enable()

    def _show_words(self, words: FitWords) -> None:
        self.words = words
        self.state.setText(words.state)
        for i, (name, value) in enumerate(self.numbers):
            number = words.numbers[i] if i < len(words.numbers) else Number("", "", Trust.GOOD)
            name.setText(number.symbol)
            value.setText(number.text)
            value.setToolTip(number.words)
            value.setAccessibleName(f"{number.symbol} {number.text} {number.words}".strip())
        self.quality.setText(words.quality)
        self.more.setText(self._more_text(words))
        self._dress_numbers()
        self._enable()

    def _dress_numbers(self) -> None:
        """Grey what is old, strike what is not to be used, and set apart what is weak or only a limit."""
        tokens = theme.current()
        for i, (name, value) in enumerate(self.numbers):
            trust = self.words.numbers[i].trust if i < len(self.words.numbers) else Trust.GOOD
            ink, extra = tokens.text, "font-weight: bold;"
            if trust is Trust.NONE:
                ink, extra = tokens.bad.ink, "text-decoration: line-through;"
            elif trust is not Trust.GOOD:
                ink, extra = tokens.warn.ink, "font-style: italic;"
            if self.old:
                ink, extra = tokens.disabled, "text-decoration: line-through;" if trust is Trust.NONE else ""
            value.setStyleSheet(f"color: {ink}; {extra}")
            name.setStyleSheet(f"color: {tokens.disabled if self.old else tokens.text};")
        tone = tokens.idle if self.old else tokens.ok if self.words.good else tokens.warn
        self.state.setStyleSheet(f"color: {tone.ink}; background: {tone.fill}; padding: 3px; border-radius: 3px;")

    def _more_text(self, words: FitWords) -> str:
        tokens = theme.current()
        lines = [f"<i>systematic, not in ±:</i> {_safe(line)}" for line in words.systematics]
        for outcome, sentence in words.checks:
            tone = getattr(tokens, _CHECKS.get(outcome, _CHECKS["cannot say"])[1])
            sign = {"pass": "✓", "fail": "✗"}.get(outcome, "?")
            lines.append(f'<span style="color:{tone.ink}">{sign} {_safe(outcome)}</span> {_safe(sentence)}')
        if words.numbers and not words.checks:
            lines.append(f'<span style="color:{tokens.warn.ink}">?</span> no belief test was made')
        lines += [f"– {_safe(remark)}" for remark in words.remarks if remark != "no belief test was made"]
        return "<br>".join(lines)

    def _enable(self) -> None:
        """Each button says what it does, or why it cannot."""
        usable = self.answer is not None and self.answer.member is not None and not self.old
        for button in (self.pin, self.copy, self.save):
            button.setEnabled(usable)
            button.setToolTip(button.property("tip") + ("" if usable else "\nNot now: there is no fit of this window."))
        some = bool(self.pinned.answers)
        self.compare.setEnabled(some)
        self.compare.setToolTip(self.compare.property("tip") + ("" if some else "\nNot now: no fit is pinned."))

    # -- what can be done with a fit

    def pin_fit(self) -> None:
        """Keep the fit on the screen."""
        if self.answer is not None and self.answer.member is not None and self._run is not None:
            self.pinned.pin(self._run, self.answer)
            self._enable()

    def fit_all(self, runs: Sequence[RunRows]) -> None:
        """Fit all these ramps with the window and law in use, and pin what comes out."""
        ramps, window = [rows for rows in runs if is_ramp(rows)], self._window
        law, weights = self._choices()
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
        self.pinned.pin_all(fitted)
        button = self._switch.button(1)
        if button is not None and len(fitted) > 1:
            button.setChecked(True)
            self.stack.setCurrentIndex(1)
        self._enable()

    def copy_fit(self) -> None:
        """Put the numbers on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and self.answer is not None:
            clipboard.setText(copy_text(self.answer, self.words))

    def save_fit(self) -> None:
        """Add the numbers to the note of the run, and tag it."""
        if self.answer is None or self._run is None:
            return
        folder, text = self._run, copy_text(self.answer, self.words)
        self._background.do(
            f"save fit {folder}",
            lambda: save_note(folder, text),
            lambda _: self.said.emit(Message("info", f"The fit of {folder.name} is in the note of the run.")),
            lambda error: self.said.emit(Message("warning", f"The fit of {folder.name} was not saved: {error}")),
        )


def save_note(folder: Path, text: str) -> None:
    """Put `text` below the note of a run in place of a fit that was saved before. Raises RunFileError."""
    notes = Notes(folder.parent)
    known = notes.read().get(folder.name)
    before = known.note.partition(_SAVED)[0].rstrip() if known else ""
    notes.note(folder.name, f"{before}\n{_SAVED}\n{text}".lstrip())
    notes.tag(folder.name, ["fit"])


_SAVED = "Fit:"


def _tool(text: str, tip: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(f"{text}: {tip}")
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _named(field: Field, name: str, default: float) -> Field:
    return Field(name, field.unit, field.minimum, field.maximum, meaning=field.meaning, default=default)


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
