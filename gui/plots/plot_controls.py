"""The row of controls above a plot: normalisation, log or linear, bars, grid, cursors, copies; it follows the keys."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QLineEdit, QMenu, QToolButton, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.look.flow import FlowRow
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Normalise
from coldfinger.procedures.words.quantity import parse

WAYS = (
    ("as measured", Normalise.PLAIN),
    ("1/y: σ of a ρ", Normalise.INVERSE),
    ("y/y_max", Normalise.LARGEST),
    ("y/y(x_ref)", Normalise.REFERENCE),
)


class PlotControls(QWidget):
    """Controls of one plot; `combo` adds a choice of a page at the left, `tick` a switch at the right."""

    changed = Signal()

    def __init__(self, plot: Plot, parent: QWidget | None = None, *, normalise: bool = True) -> None:
        super().__init__(parent)
        self.plot = plot
        self._row = FlowRow(self)
        self.how = QComboBox(self)
        self.how.addItems([text for text, _ in WAYS])
        self.how.setAccessibleName("Normalisation")
        self.how.setToolTip("How y is shown; also with N while the plot has the keyboard. The axis says what it shows.")
        self.reference = QLineEdit("4 K", self)
        self.reference.setAccessibleName("Reference")
        self.reference.setMaximumWidth(64)
        self.reference.setToolTip("x at which each curve is divided by its own value, such as 4 K.")
        for widget in (self.how, self.reference):
            widget.setVisible(normalise)
            self._row.addWidget(widget)
        self._row.spring = self._row.count()
        self.x_log = self._button("log x", "Logarithmic x (Shift+L)", lambda on: plot.set_log(on, plot.log[1]))
        self.y_log = self._button("log y", "Logarithmic y (L)", lambda on: plot.set_log(plot.log[0], on))
        self.bars = self._button(
            "err", "Error bars of one s.d., where fewer than 300 points are seen (E)", plot.set_bars
        )
        self.grid = self._button("grid", "Grid lines (G)", plot.set_grid)
        self.cursors = self._button(
            "A|B", "Cursors A and B: values and differences below the plot (C)", plot.set_cursors
        )
        self.all = self._button(
            "all", "Show the whole of all curves, also of what comes (A)", lambda _: plot.show_all()
        )
        self.all.setCheckable(False)
        self.copy = self._button("copy", "Copy the plot as a picture, vectors, table or Python script", None)
        self.copy.setCheckable(False)
        self.copy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.copy.setMenu(self._copies())
        self.how.activated.connect(self._normalise)
        self.reference.editingFinished.connect(self._normalise)
        self.reference.setVisible(False)
        plot.lookChanged.connect(self.follow)
        self.follow()

    def combo(self, name: str, tip: str, items: list[str], then: Callable[[str], None]) -> QComboBox:
        """A choice of the page, at the left."""
        box = QComboBox(self)
        box.addItems(items)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.textActivated.connect(then)
        self._row.insert(self._row.spring, box)
        self._row.spring += 1
        return box

    def tick(self, text: str, tip: str, then: Callable[[bool], Any]) -> QToolButton:
        """A switch of the page."""
        button = self._button(text, tip, then)
        self._row.removeWidget(button)
        self._row.insert(self._row.spring, button)
        self._row.spring += 1
        return button

    def follow(self) -> None:
        """Show how the plot is now."""
        x_log, y_log = self.plot.log
        states = ((self.x_log, x_log), (self.y_log, y_log), (self.bars, self.plot.bars), (self.grid, self.plot.grid))
        for button, on in (*states, (self.cursors, self.plot.cursors.shown)):
            button.setChecked(on)
        self.how.setCurrentIndex([how for _, how in WAYS].index(self.plot.normalise))
        self.reference.setVisible(not self.how.isHidden() and self.plot.normalise is Normalise.REFERENCE)
        self.changed.emit()

    def _normalise(self, *_: object) -> None:
        how = WAYS[self.how.currentIndex()][1]
        if how is Normalise.REFERENCE:
            value = self._reference()
            theme.restyle(self.reference, "mark", "wrong" if value is None else "")
            self.reference.setVisible(True)
            if value is None:
                self.reference.setToolTip("This is not a value of x; write a number, or one with its unit such as 4 K.")
                return
            self.plot.set_normalise(how, value)
        else:
            self.plot.set_normalise(how)

    def _reference(self) -> float | None:
        text, kind = self.reference.text().strip(), {"K": "temperature"}.get(self.plot.quantity_x.unit)
        try:
            return float(text.replace(",", "."))
        except ValueError:
            pass
        try:
            return parse(text, kind) if kind else float(text.split()[0])
        except (ValueError, IndexError):
            return None

    def _button(self, text: str, tip: str, then: Callable[[bool], Any] | None) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if then is not None:
            button.clicked.connect(lambda on: then(bool(on)))
        self._row.addWidget(button)
        return button

    def _copies(self) -> QMenu:
        menu = QMenu(self)
        for action in self.plot.copies.actions(menu):
            menu.addAction(action)
        return menu
