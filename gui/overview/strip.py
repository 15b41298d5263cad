"""The strip below the banner: a tile for every reading, a lamp for everything that must not be overlooked."""

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLayout, QPushButton, QSizePolicy, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.look.steady import SteadyLabel
from coldfinger.gui.overview.strip_state import CHANNELS, Age, Lamp, Tile

_EDGE, _SPACE = 6, 6  # px
_ARROW = 0.8  # heights of a line
_TRENDS = {"up": "trending-up", "down": "trending-down", "steady": "trending-neutral"}
_LAMP_LOOKS = {
    "ok": ("check", "ok"),
    "lit": ("alert", "bad"),
    "latched": ("alert-circle-outline", "warn"),
    "unknown": ("help", "idle"),
}
_LAMP_WORDS = {"ok": "ok", "latched": "past", "unknown": "?"}


class ReadingTile(QFrame):
    """One reading; a click, Enter or Space asks for its history. `keys` do so from anywhere in the window."""

    opened = Signal(str)

    def __init__(self, key: str, keys: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key, self.keys = key, keys
        self.compact: bool | None = None
        self.setProperty("role", "tile")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.label, self.trend = QLabel(self), QLabel(self)
        self.value, self.below = SteadyLabel(self), SteadyLabel(self, spare=1.0)
        self.label.setProperty("role", "faint")
        self.value.setProperty("role", "strong")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(_EDGE, 3, _EDGE, 3)
        self._grid.setHorizontalSpacing(_SPACE)
        self._grid.setVerticalSpacing(0)
        self.set_compact(False)

    def set_compact(self, compact: bool) -> None:
        """Name and value beside each other, or below each other."""
        if self.compact != compact:
            self.compact = compact
            value, below = ((0, 1), (1, 0)) if compact else ((1, 0), (2, 0))
            self._grid.addWidget(self.label, 0, 0, 1, 1 if compact else 3)
            self._grid.addWidget(self.value, *value, 1, 1 if compact else 2, Qt.AlignmentFlag.AlignLeft)
            self._grid.addWidget(self.trend, value[0], 2)
            self._grid.addWidget(self.below, *below, 1, 3, Qt.AlignmentFlag.AlignLeft)
            self._grid.setColumnStretch(1, 1)

    def least_width(self, compact: bool) -> int:
        """What it needs in one way or the other; the room of the trend is kept."""
        label = self.label.sizeHint().width()
        value, below = (part.minimumWidth() for part in (self.value, self.below))
        first = value + _SPACE + self._arrow() + (label + _SPACE if compact else 0)
        return max(first, label, below) + 2 * (_EDGE + self.frameWidth() + 1)

    def _arrow(self) -> int:
        return round(self.fontMetrics().height() * _ARROW)

    def show_tile(self, tile: Tile) -> None:
        """Show a reading; one that is not of the present is greyed, a lost one struck out, both with their age."""
        tokens = theme.current()
        present = tile.age is Age.FRESH
        self.label.setText(tile.label)
        self.value.setText(tile.value)
        self.below.setText(tile.age_text if tile.age_text else tile.below or " ")
        ink = tokens.text if present else tokens.faint
        strike = "text-decoration: line-through;" if tile.age is Age.LOST else ""
        theme.wear(self.value, f"color: {ink}; {strike}")
        inks = {Age.LOST: tokens.lost.ink, Age.STALE: tokens.warn.ink}
        below = inks.get(tile.age, tokens.bad.ink if tile.beyond else tokens.faint)
        theme.wear(self.below, f"color: {below};")
        if present and tile.trend:
            theme.depict(self.trend, _TRENDS[tile.trend], tokens.faint, self._arrow())
        self.trend.setVisible(present and bool(tile.trend))
        words = [tile.label, tile.value, tile.below, tile.trend, tile.age_text]
        self.setAccessibleName(", ".join(filter(None, words)))
        opens = f"Click or {self.keys}: its history"
        lines = [f"{tile.label}: {tile.value}", tile.below, tile.age_text, *tile.notes, opens]
        self.setToolTip("\n".join(filter(None, lines)))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self.opened.emit(self.key)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(self.key)
        else:
            super().keyPressEvent(event)


class FridgeStrip(QWidget):
    """All tiles and lamps; `historyAsked` (key of a reading) and `lampSeen` (key of a lamp) send what was clicked."""

    historyAsked = Signal(str)
    lampSeen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Readings of the refrigerator")
        self.tiles = {
            channel.key: ReadingTile(channel.key, f"Ctrl+{number}", self) for number, channel in enumerate(CHANNELS, 1)
        }
        self.lamps: dict[str, QPushButton] = {}
        self._shown: dict[str, Tile | Lamp] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 0, 6, 4)
        self._row.setSpacing(4)
        self._tile_box = QGridLayout()
        self._tile_box.setSpacing(4)
        self._columns = 0
        self._row.addLayout(self._tile_box, 1)
        for tile in self.tiles.values():
            tile.opened.connect(self.historyAsked)
        self._lamp_box = QGridLayout()
        self._lamp_box.setSpacing(2)
        self._row.addLayout(self._lamp_box)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # tiles wrap; see minimumSizeHint
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._place_tiles(len(self.tiles))

    def show_state(self, tiles: Sequence[Tile], lamps: Sequence[Lamp]) -> None:
        """Show readings and lamps; only what has changed is touched."""
        for tile in tiles:
            if self._shown.get(tile.key) != tile:
                self.tiles[tile.key].show_tile(tile)
                self._shown[tile.key] = tile
        for lamp in lamps:
            if self._shown.get(lamp.key) != lamp:
                self._show_lamp(lamp)
                self._shown[lamp.key] = lamp
        self._wrap()

    def minimumSizeHint(self) -> QSize:
        """Room for tiles in two rows, in the width; for as many as there are now in the height."""
        half = -(-len(self.tiles) // 2)
        return QSize(self._needed(half), self._row.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._wrap()

    def _wrap(self) -> None:
        count = len(self.tiles)
        self._place_tiles(count if self._needed(count) <= self.width() else -(-count // 2))

    def _needed(self, columns: int) -> int:
        """Width of lamps and so many columns of tiles, each as broad as its broadest."""
        compact = columns < len(self.tiles)
        widths = [tile.least_width(compact) for tile in self.tiles.values()]
        tiles = sum(max(widths[column::columns]) for column in range(columns)) + 4 * columns
        return tiles + self._lamp_box.minimumSize().width() + 16

    def _place_tiles(self, columns: int) -> None:
        if columns != self._columns:
            for place, tile in enumerate(self.tiles.values()):
                tile.set_compact(columns < len(self.tiles))  # two rows of three lines would be too high
                self._tile_box.addWidget(tile, place // columns, place % columns)
            for column in range(len(self.tiles)):
                self._tile_box.setColumnStretch(column, 1 if column < columns else 0)
            self._columns = columns
            self.updateGeometry()

    def dress(self) -> None:
        """Take the colours of the theme in use; call it after the theme was changed."""
        shown, self._shown = list(self._shown.values()), {}
        tiles = [one for one in shown if isinstance(one, Tile)]
        self.show_state(tiles, [one for one in shown if isinstance(one, Lamp)])

    def _show_lamp(self, lamp: Lamp) -> None:
        button = self.lamps.get(lamp.key) or self._new_lamp(lamp.key)
        icon, tone_name = _LAMP_LOOKS[lamp.state]
        tone = getattr(theme.current(), tone_name)
        button.setText(lamp.label.upper() if lamp.state == "lit" else f"{lamp.label}: {_LAMP_WORDS[lamp.state]}")
        button.setIcon(theme.icon(icon, tone.ink))
        height = self.fontMetrics().height()
        button.setIconSize(QSize(height, height))
        button.setStyleSheet(
            f"QPushButton {{ color: {tone.ink}; background: {tone.fill}; border: 1px solid {tone.ink};"
            " padding: 1px 6px; text-align: left; }"
            f"QPushButton:focus {{ border: 2px solid {theme.current().accent}; padding: 0px 5px; }}"
        )
        seen = "\nClick: seen, put it out" if lamp.state == "latched" else ""
        button.setToolTip(f"{lamp.label}: {lamp.text}{seen}")
        button.setAccessibleName(f"{lamp.label}, {lamp.state}, {lamp.text}")

    def _new_lamp(self, key: str) -> QPushButton:
        button = QPushButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda *_: self.lampSeen.emit(key))
        place = len(self.lamps)
        self._lamp_box.addWidget(button, place % 3, place // 3)
        self.lamps[key] = button
        return button
