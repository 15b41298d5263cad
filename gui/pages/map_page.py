"""The map of R over T and H of the ticked runs, made beside the window and at most twice a second."""

from collections.abc import Callable, Sequence

from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.pages.map_grid import KINDS, Map, map_of
from coldfinger.gui.pages.paced import Paced
from coldfinger.gui.pages.page import Marks, Page
from coldfinger.gui.plots.map_plot import MapPlot
from coldfinger.gui.plots.plot_text import map_csv_text, map_python_text
from coldfinger.gui.plots.series import Quantity
from coldfinger.gui.plots.vectors import svg_of

PERIOD = 500
"""Milliseconds between two maps."""
_COPY = "Copy the map as a picture, vectors, table or Python script."


class MapPage(Page):
    """R(T,H)."""

    title = "R(T,&H) map"
    tip = "The ticked runs as a map over temperature and field (Alt+4)."

    def __init__(self, marks: Marks, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(marks, parent)
        self._background = background
        self.map: Map | None = None
        self._made: tuple[int, ...] = ()
        self._pace = Paced(self._ask, PERIOD, self)
        self.box = QComboBox(self)
        self.box.addItems(list(KINDS))
        self.box.setCurrentText("log ρ")
        self.box.setAccessibleName("What the map shows")
        self.box.setToolTip("ρ, its logarithm, its slope with its sign, or the phase, in colours.")
        self.box.activated.connect(self._anew)
        self.copy = QPushButton("&Copy", self)
        self.copy.setMenu(self._copies())
        self.plot = MapPlot(Quantity("T", "K"), Quantity("H", "Oe"), KINDS["log ρ"][0], self)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "faint")
        self.words.setAccessibleName("What the map is made of")
        top = QHBoxLayout()
        top.addWidget(self.box)
        top.addStretch(1)
        top.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.plot, 1)
        column.addWidget(self.words)
        self._take("Tick ramps at two fields or more in the list of runs.")

    def front(self) -> QWidget:
        return self.box

    def restyle(self) -> None:
        self.plot.dress()

    def refresh(self) -> None:
        now, ticked = self._given
        runs = {rows.folder: rows for rows in (*ticked, *((now,) if now else ()))}
        self._runs = tuple(runs.values())
        if tuple(id(rows) for rows in self._runs) != self._made:
            self._pace.soon()

    def _anew(self, *_: object) -> None:
        self._made = ()
        self.refresh()

    def _ask(self) -> bool:
        runs, kind = self._runs, self.box.currentText()
        self._kept, self._made = runs, tuple(id(rows) for rows in runs)
        self._background.do("map", lambda: map_of(runs, kind), self._take)
        return True

    def _take(self, answer: Map | str) -> None:
        made = isinstance(answer, Map)
        self.copy.setEnabled(made)
        self.copy.setToolTip(_COPY if made else "Not now: there is no map.")
        self.plot.image.setVisible(made)
        if isinstance(answer, str):
            self.map = None
            self.words.setText(answer)
            self._show_badge("")
            return
        self.map = answer
        quantity, kind = KINDS[answer.kind]
        self.plot.set_quantity(quantity)
        self.plot.set_map(answer.T, answer.H, answer.z, log=(True, False), kind=kind)
        self._show_badge("SIMULATED" if answer.simulated else "")
        self.words.setText(answer.words)

    def _badged(self) -> Sequence[MapPlot]:
        return (self.plot,)

    def _copies(self) -> QMenu:
        """Ways onto the clipboard."""
        menu = QMenu(self)
        clipboard = QGuiApplication.clipboard()
        if clipboard is None:
            return menu
        for text, act in (
            ("Copy as &PNG", lambda: clipboard.setImage(self.plot.canvas.grab().toImage())),
            ("Copy as &SVG", lambda: clipboard.setText(self.svg())),
            ("Copy as &CSV", lambda: clipboard.setText(self.text(map_csv_text))),
            ("Copy as P&ython", lambda: clipboard.setText(self.text(map_python_text))),
        ):
            action = menu.addAction(text)
            if action is not None:
                action.triggered.connect(lambda *_, act=act: act())
        return menu

    def svg(self) -> str:
        """The map as vectors around its picture."""
        x, y, z = self.plot.quantities
        badge = f", {self.plot.badge_text}" if self.plot.badge_text else ""
        return svg_of(self.plot.canvas, f"{z.text} over {x.text} and {y.text}{badge}")

    def text(self, how: Callable[..., str]) -> str:
        """The numbers of the map; "" without one."""
        made = self.map
        return how(made.T, made.H, made.z, self.plot.quantities, self.plot.badge_text) if made is not None else ""
