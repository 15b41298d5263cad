"""Fits that were pinned: a table, one parameter against field with errors and limits, power laws, their crossing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
from coldfinger.analysis.across.field_laws import FieldPoints, Name, field_points
from coldfinger.analysis.fits.fit_result import Array, Fit
from coldfinger.gui.background import Background
from coldfinger.gui.look import theme
from coldfinger.gui.look.wrapped import WrappedLabel
from coldfinger.gui.pages.fit_words import LAWS, Trust, hidden_misfit, shown_numbers, tests_text, with_sd
from coldfinger.gui.pages.live_fit import FitAnswer
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


@dataclass(frozen=True)
class PlacedPoints:
    """One parameter as it is drawn: values to lean on, weak ones, and limits; (n, 3) of field, value and s.d."""

    good: Array
    weak: Array
    limits: Array
    downward: bool
    """Whether the truth lies below the limits."""


def placed(points: FieldPoints, inverse: bool = False) -> PlacedPoints:
    """Sort the points by how far they may be believed; with `inverse` their reciprocals."""
    value, sd = points.value, points.sd
    upper = points.upper95
    with np.errstate(divide="ignore", invalid="ignore"):
        if inverse:
            value, sd, upper = 1 / value, sd / value**2, 1 / upper
    doubted = np.array([bool(doubt) for doubt in points.doubts], dtype=bool)
    resolved, limited = points.resolved, points.limited
    column = np.column_stack([points.field, value, sd])
    limits = np.column_stack([points.field, upper, np.zeros(len(upper))])
    return PlacedPoints(column[resolved & ~doubted], column[resolved & doubted], limits[limited], not inverse)


def across_words(across: Across) -> list[str]:
    """Power laws and crossing as sentences, with why there is none."""
    lines = []
    for name, law in across.laws.items():
        symbol = {"rho_QF": "ρ_QF", "sigma_QF": "σ_QF"}.get(name, name)
        remarks = "; ".join(law.remarks)
        exponent = with_sd(law.exponent, law.exponent_sd, "")
        lines.append(
            f"{symbol} ∝ H^p, p = {exponent}, {law.H_min:g}–{law.H_max:g} Oe" + (f" [{remarks}]" if remarks else "")
        )
    for name, text, unit in (("H_star", "H*", "Oe"), ("R_star", "R*", "ohm"), ("R_Q_ratio", "R*/(h/4e²)", "")):
        number = across.numbers.get(name)
        if number is not None:
            shown = _plain_sd(number.value, number.sd)
            doubt = f" [{number.doubt}]" if number.doubt else ""
            lines.append(f"{text} = {shown} {unit.replace('ohm', 'Ω/□')}".rstrip() + doubt)
    wanted = ("H_star",) if across.laws else ("H_star", "rho_QF", "sigma_QF")  # a family has one law or the other
    lines += [f"no {name}: {why}" for name, why in across.absent.items() if name in wanted]
    return lines


def _plain_sd(value: float, sd: float) -> str:
    return with_sd(value, sd, "") if 1e-3 < abs(value) < 1e6 else f"{value:.5g} ± {sd:.2g}"


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
        self.answers.sort(key=lambda kept: _field(kept[1]))
        self._new()

    def lines(self) -> dict[str, tuple[Array, Array, str]]:
        """T (K), ρ (ohm/square) and label of each pinned curve, by a name of its own."""
        return {
            repr(_key(folder, answer)): (*answer.line, f"{_field(answer):.4g} Oe, pinned")
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

    def _fits(self) -> list[tuple[float, Fit]]:
        """What is drawn and goes into the laws: no fit without weights whose law may not hold."""
        used = [answer for _, answer in self.answers if not hidden_misfit(answer)]
        pairs = [(_field(answer), answer.member.fit) for answer in used if answer.member is not None]
        return [(field, fit) for field, fit in pairs if fit is not None and math.isfinite(field)]

    def _fill(self) -> None:
        tokens = theme.current()
        self.table.setRowCount(len(self.answers))
        for row, (folder, answer) in enumerate(self.answers):
            member, fit = answer.member, answer.measured
            if member is None or fit is None:
                continue
            numbers = shown_numbers(answer)
            out = "not in the plot" if hidden_misfit(answer) else ""
            words = [*(number.words for number in numbers), out, tests_text(answer)]
            said = "; ".join(dict.fromkeys(filter(None, words)))
            law = LAWS[fit.law] + (", no weights" if answer.weights == "none" else "")
            plain = (folder.name, f"{_field(answer):.4g} Oe", law)
            for column, text in enumerate(
                (*plain, *(n.text.replace("\n", " ") for n in numbers), f"{fit.chi2_nu:.2f}", said)
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
            self._draw_points(placed(field_points(fits, name), inverse), name, tokens.series[number], "os"[number])
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


def _key(folder: Path, answer: FitAnswer) -> tuple[str, tuple[float, float], str, str]:
    return str(folder), answer.window, answer.measured.law if answer.measured else "", answer.weights
