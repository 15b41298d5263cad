"""The command palette (Ctrl+K): every command of the menus, found by a few letters of its name."""

from dataclasses import dataclass

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QBrush, QColor, QKeyEvent
from qtpy.QtWidgets import (
    QAction,
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QMenu,
    QVBoxLayout,
)

from coldfinger.gui.helping.fuzzy import ranked
from coldfinger.gui.look import theme

_MOST = 200


@dataclass(frozen=True, eq=False)
class Command:
    """An action and its way through the menus: "Fridge › Pause"."""

    path: str
    action: QAction

    @property
    def text(self) -> str:
        """What stands in the list: the path, and its key where it has one."""
        key = self.action.shortcut().toString() or self.action.text().partition("\t")[2]
        return f"{self.path}    {key}" if key else self.path

    @property
    def why_not(self) -> str:
        """Why it cannot be done now, "" where it can; a disabled action says so in its tooltip."""
        if self.action.isEnabled():
            return ""
        tip = self.action.toolTip().split("\n")[0].rstrip(".")
        return tip if tip and tip != self.action.text().replace("&", "") else "not possible now"


def commands_of(window: QMainWindow) -> list[Command]:
    """All commands of a window's menus that can be seen there, in the order of the menus."""
    bar = window.menuBar()
    found: list[Command] = []
    for action in bar.actions() if bar is not None else ():
        menu = action.menu()
        if isinstance(menu, QMenu):
            found += _commands(menu, _plain(action))
    return found


def _commands(menu: QMenu, path: str) -> list[Command]:
    menu.aboutToShow.emit()  # menus that are filled when they open
    found: list[Command] = []
    for action in menu.actions():
        if action.isSeparator() or not action.isVisible():
            continue
        place = f"{path} › {_plain(action)}"
        inner = action.menu()
        if isinstance(inner, QMenu):
            found += _commands(inner, place)
        else:
            found.append(Command(place, action))
    return found


def _plain(action: QAction) -> str:
    return action.text().replace("&&", "\0").replace("&", "").replace("\0", "&").split("\t")[0].rstrip("….")


class CommandPalette(QDialog):
    """A line and the commands that fit; Enter does the chosen one, arrows choose, Esc closes."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle("Commands")
        self.setProperty("help", "gui#keyboard")
        self.resize(520, 360)
        self._commands = commands_of(window)
        self._shown: list[Command] = []
        self.line, self.list, self.message = QLineEdit(self), QListWidget(self), QLabel(self)
        self.line.setPlaceholderText("a few letters of a command")
        self.line.setAccessibleName("Command")
        self.line.setToolTip("Letters of the command in their order; up and down choose, Enter does it, Esc closes.")
        self.list.setAccessibleName("Commands that fit")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keyboard stays in the line
        self.message.setProperty("role", "message")
        self.message.setWordWrap(True)
        whole = QVBoxLayout(self)
        for widget in (self.line, self.list, self.message):
            whole.addWidget(widget)
        self.line.installEventFilter(self)
        self.line.textChanged.connect(lambda *_: self._fill())
        self.line.returnPressed.connect(self.carry_out)
        self.list.itemClicked.connect(lambda *_: self.carry_out())
        self.list.currentRowChanged.connect(lambda *_: self._say())
        self._fill()

    def shown(self) -> list[str]:
        """Paths of the commands that fit, the best first."""
        return [command.path for command in self._shown]

    def carry_out(self) -> None:
        """Close, and do the chosen command; one that cannot be done says why and leaves the palette open."""
        row = self.list.currentRow()
        if not 0 <= row < len(self._shown):
            return
        command = self._shown[row]
        if command.why_not:
            self._say()
            return
        self.accept()
        command.action.trigger()

    def _fill(self) -> None:
        fitting = ranked(self.line.text(), self._commands, lambda command: command.path)
        self._shown = fitting[:_MOST]
        self.list.clear()
        for command in self._shown:
            item = QListWidgetItem(command.text)
            item.setToolTip(command.action.toolTip())
            if command.why_not:
                item.setForeground(QBrush(QColor(theme.current().disabled)))
            self.list.addItem(item)
        self.list.setCurrentRow(0 if self._shown else -1)
        self._say()

    def _say(self) -> None:
        row = self.list.currentRow()
        if not self._shown:
            self.message.setText("No command has these letters.")
        else:
            reason = self._shown[row].why_not if 0 <= row < len(self._shown) else ""
            self.message.setText(f"Not now: {reason}." if reason else "")

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: 10,
                Qt.Key.Key_PageUp: -10,
            }.get(Qt.Key(event.key()), 0)
            if steps and self._shown:
                row = self.list.currentRow() + steps
                self.list.setCurrentRow(min(max(row, 0), len(self._shown) - 1))
                return True
        return False
