"""Fits that were pinned: a table, one parameter against field with errors and limits, power laws, their crossing."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from coldfinger.analysis.across.family_across import Across, across_fields
from coldfinger.analysis.across.field_laws import LAW_OF, FieldPoints, Name, field_points
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES, Array, Fit
from coldfinger.gui.background import Background
from coldfinger.gui.look import theme
from coldfinger.gui.look.wrapped import WrappedLabel
from coldfinger.gui.pages.fit_words import (
    LAWS,
    hidden_misfit,
    own_chi2_nu,
    shown_numbers,
    systematics_of,
    tests_text,
    unended_text,
)
from coldfinger.gui.pages.fits_across import PlacedPoints, across_words, placed
from coldfinger.gui.pages.live_fit import FitAnswer
from coldfinger.gui.pages.number_text import Trust
from coldfinger.gui.plots.curve import Style
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.plot_controls import PlotControls
from coldfinger.gui.plots.series import Quantity, Series

VIEWS: dict[str, tuple[Quantity, tuple[Name, ...]]] = {
    "ρ at T → 0": (Quantity("ρ(T→0)", "Ω/□"), ("rho_QF", "sigma_QF")),
    "E_a": (Quantity("E_a", "K"), ("E_aS", "E_aI")),
    "σ_QF": (Quantity("σ_QF", "S"), ("sigma_QF",)),
    "prefactor ρ_0": (Quantity("ρ_0", "Ω/□"), ("rho_0",)),
    "prefactor σ_0": (Quantity("σ_0", "S"), ("sigma_0",)),
}
COLUMNS = ("Run", "H", "Law", "Base", "Prefactor", "E_a", "χ²/ν", "To be said")
_PLOT, _TALL = 5, 20  # heights of a line: of the plot at least, and of a page that has room for the legend
_LEGEND = "Filled: a value. Hollow: weak, or doubtful. Hollow triangle: a limit (95 %), the truth lies where it points."


class PinnedFits(QWidget):
    """The pinned fits; `changed` when one was pinned or taken away."""

    changed = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self.answers: list[tuple[Path, FitAnswer]] = []
        self.across: Across | None = None
        self.badge = ""
        first = next(iter(VIEWS.values()))[0]
        self.plot = Plot(Quantity("H", "Oe"), first, parent=self)
        self.plot.set_log(False, True)
        self.controls = PlotControls(self.plot, self, normalise=False)
        self.view = self.controls.combo(
            "Parameter", "Which parameter is plotted against field.", list(VIEWS), self._draw
        )
        self.table = QTableWidget(0, len(COLUMNS), self)
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setAccessibleName("Pinned fits")
        self.table.setToolTip("Fits that were pinned; struck out is what must not be used.")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        chi2 = self.table.horizontalHeaderItem(COLUMNS.index("χ²/ν"))
        if chi2 is not None:
            chi2.setToolTip("With the s.d. that the rows themselves have, also of a fit without weights.")
        vertical = self.table.verticalHeader()
        if vertical is not None:
            vertical.hide()
        self.remove = QPushButton("&Take away", self)
        self.remove.clicked.connect(self._remove)
        self.laws = WrappedLabel("", self)
        self.laws.setWordWrap(True)
        self.laws.setAccessibleName("Power laws and crossing")
        self.laws.setToolTip(_LEGEND)
        self.legend = WrappedLabel(_LEGEND, self)
        self.legend.setWordWrap(True)
        above, below = QWidget(self), QWidget(self)
        for side, widgets in ((above, (self.controls, self.plot, self.laws, self.legend)), (below, (self.table,))):
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(2)
            for widget in widgets:
                column.addWidget(widget, 1 if widget in (self.plot, self.table) else 0)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.remove)
        below_column = below.layout()
        if isinstance(below_column, QVBoxLayout):
            below_column.addLayout(row)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(above)
        split.addWidget(below)
        split.setSizes([360, 110])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split)
        self._keep_plot()
        self._fill()

    def _keep_plot(self) -> None:
        """Room for the plot in any font; a low page leaves that of the legend to it, which is its tooltip, too."""
        line = self.fontMetrics().height()
        self.plot.setMinimumHeight(_PLOT * line)
        self.table.setMinimumHeight(3 * line)
        self.legend.setVisible(self.height() >= _TALL * line)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._keep_plot()

    def pin(self, folder: Path, answer: FitAnswer) -> None:
        """Keep a fit; one of the same run, window, law and weights takes the place of the older."""
        self.pin_all([(folder, answer)])

    def pin_all(self, fits: Sequence[tuple[Path, FitAnswer]]) -> None:
        """Keep several at once."""
        keys = {_key(*fit) for fit in fits}
        self.answers = [*(kept for kept in self.answers if _key(*kept) not in keys), *fits]
        self.answers.sort(key=lambda kept: _field(kept[1]) if math.isfinite(_field(kept[1])) else math.inf)
        self._new()

    def lines(self) -> dict[str, tuple[Array, Array, str]]:
        """T (K), ρ (ohm/square) and label of each pinned curve, by a name of its own."""
        return {
            repr(_key(folder, answer)): (*answer.line, f"{_field_text(answer)}, pinned")
            for folder, answer in self.answers
        }

    def restyle(self) -> None:
        self.plot.dress()
        self._keep_plot()
        self._fill()
        self._draw()

    def _new(self) -> None:
        self.across = None
        self._fill()
        self._draw()
        fits, members = self._fits(), [answer.member for _, answer in self.answers if answer.member is not None]
        regimes = [member.regime for member in members if member.regime is not None]
        self._background.do("across fields", lambda: across_fields(fits, regimes), self._take, self._without)
        self.changed.emit()

    def _take(self, across: Across) -> None:
        self.across = across
        self._draw()

    def _without(self, error: BaseException) -> None:
        self.laws.setText(f"Power laws: {error}")

    def _remove(self) -> None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        self.answers = [kept for number, kept in enumerate(self.answers) if number not in rows]
        self._new()

    def _used(self) -> list[tuple[FitAnswer, Fit]]:
        """What is drawn and goes into the laws, by field, each run once: a run that counts twice makes ± too small."""
        newest = {folder: answer for folder, answer in self.answers if self._why_not_used(answer) == ""}
        pairs = [(answer, answer.member.fit) for answer in newest.values() if answer.member is not None]
        return [(answer, fit) for answer, fit in pairs if fit is not None]

    def _why_not_used(self, answer: FitAnswer) -> str:
        """Without weights a law that does not hold may look as if it did; without a field there is no place."""
        return "not in the plot" if hidden_misfit(answer) or not math.isfinite(_field(answer)) else ""

    def _why_not_drawn(self, answer: FitAnswer) -> str:
        if why := self._why_not_used(answer):
            return why
        used = any(answer is other for other, _ in self._used())
        return "" if used else "not in the plot, where a later fit of this run is"

    def _fits(self) -> list[tuple[float, Fit]]:
        return [(_field(answer), fit) for answer, fit in self._used()]

    def _points(self, name: Name) -> FieldPoints:
        """One parameter against field, with every doubt that its number has beside the curve and in the table."""
        points = field_points(self._fits(), name)
        there = [(answer, PARAMETER_NAMES[fit.law]) for answer, fit in self._used() if fit.law == LAW_OF[name]]
        numbers = [shown_numbers(answer)[names.index(name)] for answer, names in there]
        doubts = [number.words if number.trust in (Trust.WEAK, Trust.NONE) else "" for number in numbers]
        return replace(points, doubts=tuple(a or b for a, b in zip(points.doubts, doubts, strict=True)))

    def _fill(self) -> None:
        tokens = theme.current()
        self.table.setRowCount(len(self.answers))
        for row, (folder, answer) in enumerate(self.answers):
            member, fit = answer.member, answer.measured
            if member is None or fit is None:
                continue
            numbers = shown_numbers(answer)
            out = self._why_not_drawn(answer)
            words = [*(number.words for number in numbers), unended_text(answer), out, tests_text(answer)]
            words += [f"not in ±: {line}" for line in systematics_of(member)]
            said = "; ".join(dict.fromkeys(filter(None, words)))
            law = LAWS[fit.law] + (", no weights" if answer.weights == "none" else "")
            plain = (folder.name, _field_text(answer), law)
            for column, text in enumerate(
                (*plain, *(n.text.replace("\n", " ") for n in numbers), f"{own_chi2_nu(answer):.2f}", said)
            ):
                cell = QTableWidgetItem(text)
                cell.setToolTip(said or text)
                if 3 <= column < 6 and numbers[column - 3].trust is not Trust.GOOD:
                    font = cell.font()
                    font.setStrikeOut(numbers[column - 3].trust is Trust.NONE)
                    font.setItalic(numbers[column - 3].trust is not Trust.NONE)
                    cell.setFont(font)
                    cell.setForeground(QColor(tokens.warn.ink))
                self.table.setItem(row, column, cell)
        self.table.resizeColumnsToContents()
        some = bool(self.answers)
        self.remove.setEnabled(some)
        tip = (
            "Take the selected fits out of the table."
            if some
            else "Not now: no fit is pinned. Pin one beside its curve."
        )
        self.remove.setToolTip(tip)

    def _draw(self, *_: object) -> None:
        quantity, names = VIEWS[self.view.currentText()]
        self.plot.set_quantities(self.plot.quantity_x, quantity)
        for key in list(self.plot.series):
            self.plot.remove(key)
        fits = self._fits()
        tokens = theme.current()
        for number, name in enumerate(names):
            inverse = name == "sigma_QF" and len(names) > 1
            self._draw_points(placed(self._points(name), inverse), name, tokens.series[number], "os"[number])
            self._draw_law(name, inverse, tokens.series[number])
        simulated = any(answer.simulated for _, answer in self.answers)
        self.plot.set_badge(" · ".join(filter(None, (self.badge, "SIMULATED" if simulated else ""))))
        lines = across_words(self.across) if self.across else []
        waiting = "Pin fits at three fields or more for power laws." if len(fits) < 3 else "computing power laws…"
        self.laws.setText("\n".join(lines or [waiting]))

    def _draw_points(self, points: PlacedPoints, name: str, colour: str, symbol: str) -> None:
        kinds: tuple[tuple[str, Array, Style], ...] = (
            ("good", points.good, Style(colour, symbol, "none")),
            ("weak", points.weak, Style(colour, symbol, "none", hollow=True)),
            ("limit", points.limits, Style(colour, "t" if points.downward else "t1", "none", hollow=True)),
        )
        for kind, rows, style in kinds:
            if len(rows):
                sd = rows[:, 2] if kind != "limit" else np.empty(0)
                self.plot.set_series(f"{name} {kind}", Series.of("", rows[:, 0], rows[:, 1], sd))
                self.plot.set_style(f"{name} {kind}", style)

    def _draw_law(self, name: str, inverse: bool, colour: str) -> None:
        law = self.across.laws.get(name) if self.across else None
        if law is None:
            return
        H = np.geomspace(law.H_min, law.H_max, 60)
        value = law.predict(H)[0]
        self.plot.set_series(f"{name} law", Series.of("", H, 1 / value if inverse else value))
        self.plot.set_style(f"{name} law", Style(colour, "", "dash", symbols=False))


def _field(answer: FitAnswer) -> float:
    return answer.member.field if answer.member else math.nan


def _field_text(answer: FitAnswer) -> str:
    return f"{_field(answer):.4g} Oe" if math.isfinite(_field(answer)) else "field unknown"


def _key(folder: Path, answer: FitAnswer) -> tuple[str, tuple[float, float], str, str]:
    return str(folder), answer.window, answer.measured.law if answer.measured else "", answer.weights
