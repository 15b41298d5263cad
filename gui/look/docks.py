"""Docks of the window: a title in the window's own font, and a panel that scrolls where it has too little room.

The first row of a panel stands in the title, beside the buttons that float and close the dock.
"""

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QMainWindow, QScrollArea, QSizePolicy, QToolButton, QWidget

from coldfinger.gui.look import theme

_LEAST = 6  # heights of a line that a panel keeps at least


class PanelArea(QScrollArea):
    """A panel at its least size or larger; it scrolls up and down where that is more than there is."""

    def __init__(self, panel: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)  # a broader window is the plots'
        self.setWidget(panel)
        self._scrolls = False
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.rangeChanged.connect(self._make_room)

    def minimumSizeHint(self) -> QSize:
        panel, bar = self.widget(), self.verticalScrollBar()
        if panel is None or bar is None:
            return super().minimumSizeHint()
        least = panel.minimumSizeHint().expandedTo(panel.minimumSize())
        height = min(least.height(), _LEAST * self.fontMetrics().height())
        return QSize(least.width() + (bar.sizeHint().width() if self._scrolls else 0), height)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """What the panel needs may have changed, and the dock asks only this area."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        panel = self.widget()
        return super().sizeHint() if panel is None else panel.sizeHint().expandedTo(self.minimumSizeHint())

    def restyle(self) -> None:
        """Another font may need another room."""
        self._scrolls = False
        self.updateGeometry()

    def _make_room(self, least: int, most: int) -> None:
        """The bar stands beside the panel; its room is kept, so that texts that wrap do not make it come and go."""
        if most > least and not self._scrolls:
            self._scrolls = True
            self.updateGeometry()


class Dock(QDockWidget):
    """A panel with its title; `head` is the panel's own first row."""

    def __init__(self, name: str, panel: QWidget, head: QWidget, parent: QMainWindow) -> None:
        super().__init__(name, parent)
        self.setObjectName(name)
        self.area = PanelArea(panel, self)
        self.setWidget(self.area)
        title = QWidget(self)
        row = QHBoxLayout(title)
        row.setContentsMargins(6, 2, 2, 0)
        row.setSpacing(2)
        row.addWidget(head, 1)
        self._float = self._button("Float this panel in a window of its own, or bring it back.", title)
        self._float.clicked.connect(lambda *_: self.setFloating(not self.isFloating()))
        self._close = self._button(f"Close this panel; View ▸ {name} brings it back.", title)
        self._close.clicked.connect(self._shut)
        row.addWidget(self._float)
        row.addWidget(self._close)
        self.setTitleBarWidget(title)
        self.restyle()

    def _button(self, tip: str, parent: QWidget) -> QToolButton:
        button = QToolButton(parent)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard it is the menu View that does it
        return button

    def _shut(self, *_: object) -> None:
        self.close()

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        side = round(self.fontMetrics().height() * 0.9)
        for button, name in ((self._float, "dock-window"), (self._close, "close")):
            button.setIcon(theme.icon(name, theme.current().faint))
            button.setIconSize(QSize(side, side))
        self.area.restyle()
