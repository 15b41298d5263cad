"""What can be done with the queue and its items: each verb with its key, its icon, and why it is not live."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from qtpy.QtCore import QObject, QSize, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAction, QHBoxLayout, QMenu, QToolButton, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.queue.queue_state import CHANGEABLE

GONE = "The engine does not answer."
_INSIDE = Qt.ShortcutContext.WidgetWithChildrenShortcut
_WINDOW = Qt.ShortcutContext.WindowShortcut
_VERBS = (
    ("Move u&p", "arrow-up", "Alt+Up", _INSIDE, "Move the selected items up"),
    ("&Move down", "arrow-down", "Alt+Down", _INSIDE, "Move the selected items down"),
    ("Cop&y", "content-copy", "Ctrl+D", _INSIDE, "Add a copy of the selected items"),
    ("&Off / on", "minus-circle-outline", "Ctrl+B", _INSIDE, "Leave the selected items out, or take them in again"),
    ("Remo&ve", "delete-outline", "Del", _INSIDE, "Take the selected items out"),
    ("Chan&ge", "pencil-outline", "F2", _INSIDE, "Change the item in its fields"),
    ("&Undo", "undo", "Ctrl+Z", _WINDOW, "Take the last change back"),
    ("Re&do", "redo", "Ctrl+Shift+Z", _WINDOW, "Make it again"),
    ("&Open…", "folder-open-outline", "Ctrl+O", _WINDOW, "Add a plan file to the queue"),
    ("&Save…", "content-save-outline", "Ctrl+S", _WINDOW, "Write the queue as a plan file"),
    ("Save &as…", "content-save-edit-outline", "", _WINDOW, "Write it under another name"),
    ("Val&idate", "check-all", "", _WINDOW, "Hold every item against the station's limits"),
    ("Copy as Pytho&n", "language-python", "", _WINDOW, "Copy it as a Python script"),
    ("&Last queue", "history", "", _WINDOW, "Add the queue that was kept by itself"),
)
_WITH_ICONS = ("Move up", "Move down", "Copy", "Off / on", "Remove", "Change", "Undo", "Redo")
_OF_FILES = ("Open…", "Save…", "Save as…", "Last queue", "Validate", "Copy as Python")
_OF_ITEMS = ("Change", "Copy", "Off / on", "Remove", "Move up", "Move down")


def why_not(latest: Mapping[str, Any], chosen: Sequence[str], *, can_undo: bool, can_redo: bool) -> dict[str, str]:
    """For each verb that belongs to the items or to the whole queue why it is not live, "" for one that is."""
    states = {item["id"]: item["state"] for item in latest.get("items", [])}
    locked = [id for id in chosen if states.get(id) not in CHANGEABLE]
    if not latest:
        some = free = GONE
    else:
        some = "" if chosen else "Select an item first."
        free = some or ("The selection has items that have begun; they are locked." if locked else "")
    empty = "" if states else "The queue is empty."
    return {
        **dict.fromkeys(("Move up", "Move down", "Remove", "Off / on"), free),
        "Copy": some,
        "Change": free or ("" if len(chosen) == 1 else "Select one item only."),
        "Undo": "" if can_undo else "No change of the queue can be taken back.",
        "Redo": "" if can_redo else "Nothing was taken back.",
        **dict.fromkeys(("Save…", "Save as…", "Validate", "Copy as Python"), empty),
    }


class QueueVerbs(QObject):
    """The verbs as actions by their names, as a row of icons, and as menus."""

    def __init__(self, panel: QWidget, acts: Mapping[str, Callable[[], Any]]) -> None:
        """`acts`: what each verb does, by its name; keys are heard in `panel` or in its window."""
        super().__init__(panel)
        self.actions: dict[str, QAction] = {}
        for text, icon, keys, context, tip in _VERBS:
            name = text.replace("&", "")
            action = self.actions[name] = QAction(text, panel)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(context)
            action.setToolTip(f"{tip} ({keys})" if keys else tip)
            action.setProperty("tip", action.toolTip())
            action.setProperty("glyph", icon)
            action.triggered.connect(lambda *_, act=acts[name]: act())
            panel.addAction(action)
        self.tools: dict[str, QToolButton] = {}

    def row_of_icons(self, panel: QWidget) -> QWidget:
        """The verbs for items as icons, made once."""
        row = QWidget(panel)
        tools = QHBoxLayout(row)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(2)
        for name in _WITH_ICONS:
            button = self.tools[name] = QToolButton(row)
            button.setDefaultAction(self.actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAutoRaise(True)
            tools.addWidget(button)
        tools.addStretch(1)
        return row

    def explain(self, reasons: Mapping[str, str]) -> None:
        """Switch verbs on, or off with the reason."""
        for name, why in reasons.items():
            action = self.actions[name]
            action.setEnabled(not why)
            action.setToolTip(f"{why}\n{action.property('tip')}" if why else action.property("tip"))
            action.setStatusTip(why or action.property("tip"))  # in the menus, where arrow keys go by

    def menu_of_files(self, parent: QWidget) -> QMenu:
        """The verbs that read and write the queue."""
        menu = self._menu(_OF_FILES, parent)
        menu.setToolTipsVisible(True)
        return menu

    def menu_of_items(self, parent: QWidget) -> QMenu:
        """The verbs for the selected items; gone when it is closed."""
        menu = self._menu(_OF_ITEMS, parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _menu(self, names: Iterable[str], parent: QWidget) -> QMenu:
        menu = QMenu(parent)
        for name in names:
            menu.addAction(self.actions[name])
        return menu

    def restyle(self, size: int) -> None:
        """Icons in the present theme, `size` pixels high."""
        ink = theme.current().text
        for action in self.actions.values():
            action.setIcon(theme.icon(action.property("glyph"), ink))
        for button in self.tools.values():
            button.setIconSize(QSize(size, size))
