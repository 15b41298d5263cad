"""What is chosen for a fit: its law, the weights of the rows, and the ends of its window."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from coldfinger.analysis.fits.fit_result import Law
from coldfinger.gui.fields.quantity_edit import QuantityEdit
from coldfinger.gui.fields.quantity_text import Field
from coldfinger.gui.look.flow import FlowRow
from coldfinger.gui.pages.choice_buttons import choice_of, dress_choices
from coldfinger.gui.pages.live_fit import Weights

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


class FitChoices(QWidget):
    """Law, weights and window; `changed` when law or weights are others, `typed` (lowest, highest T in K)."""

    changed = Signal()
    typed = Signal(float, float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        self.laws = choice_of(((text, tip) for text, _, tip in _LAWS), self)
        self.weights = choice_of(_WEIGHTS, self)
        laws, weights = QWidget(self), QHBoxLayout()
        flow = FlowRow(laws)
        flow.setContentsMargins(0, 0, 0, 0)
        for number, button in enumerate(self.laws.buttons()):
            flow.insert(number, button)
        flow.spring = len(_LAWS)
        for button in self.weights.buttons():
            weights.addWidget(button)
        weights.addStretch(1)
        for group in (self.laws, self.weights):
            group.buttonClicked.connect(lambda *_: self.changed.emit())
        grid.addWidget(laws, 0, 0, 1, 2)
        grid.addWidget(QLabel("Weights", self), 1, 0)
        grid.addLayout(weights, 1, 1)
        self.low = QuantityEdit(_end("lowest T", 0.0), 0.0, self)
        self.high = QuantityEdit(_end("highest T", WARMEST), WARMEST, self)
        self._names: list[QLabel] = []
        for number, (label, edit) in enumerate((("T f&rom", self.low), ("&to", self.high))):
            name = QLabel(label, self)
            name.setBuddy(edit)
            self._names.append(name)
            grid.addWidget(name, 2 + number, 0)
            grid.addWidget(edit, 2 + number, 1)
            edit.valueChanged.connect(lambda _: self.typed.emit(self.low.value or 0.0, self.high.value or 0.0))
        grid.setColumnStretch(1, 1)

    @property
    def law(self) -> Law | None:
        """The chosen law; None: by the sign of dρ/dT."""
        return _LAWS[self.laws.checkedId()][1]

    @property
    def weighting(self) -> Weights:
        """How the rows are to be weighed."""
        return _WEIGHTS[self.weights.checkedId()][0]

    def show_window(self, low: float, high: float) -> None:
        """Write the ends of the window (K) into their fields; nobody has typed them."""
        for edit, value in ((self.low, low), (self.high, high)):
            edit.blockSignals(True)
            edit.set_value(float(f"{value:.4g}"))
            edit.blockSignals(False)

    def restyle(self) -> None:
        """Show it in the present theme."""
        dress_choices((self.laws, self.weights))

    def widen(self) -> int:
        """Give the names beside the fields room in any font; the breadth of their column (px)."""
        for name in self._names:
            name.setMinimumWidth(name.fontMetrics().horizontalAdvance(name.text()) + 2)
        return max(self.fontMetrics().horizontalAdvance("Weights"), *(name.minimumWidth() for name in self._names))


def _end(name: str, default: float) -> Field:
    meaning = "an end of the window of the fit; it can also be dragged"
    return Field(name, "K", 0.0, 400.0, meaning=meaning, default=default)
