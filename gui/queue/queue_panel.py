"""The queue: what is measured in what order, when each item ends, what a failure means, and what happens at the end.

What is shown is the engine's queue and nothing else; every change is a command to the engine. The queue can be written
as a plan file and read from one, whole or not at all, and a copy of it is kept by itself whenever it changes.
"""

from datetime import UTC, datetime
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QAction,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.edit_item import EditItem
from coldfinger.gui.form.item_form import form_of
from coldfinger.gui.look.elided import ElidedLabel
from coldfinger.gui.look.wrapped import WrappedLabel
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.gui.queue.deadline_edit import DeadlineEdit
from coldfinger.gui.queue.end_dialog import EndDialog, end_words
from coldfinger.gui.queue.queue_edits import QueueEdits
from coldfinger.gui.queue.queue_files import QueueFiles
from coldfinger.gui.queue.queue_rehearsal import QueueRehearsal
from coldfinger.gui.queue.queue_state import CHANGEABLE, content_of, queue_view, why_not_continue
from coldfinger.gui.queue.queue_table import QueueTable
from coldfinger.gui.queue.queue_verbs import GONE, QueueVerbs, why_not
from coldfinger.procedures.engine.items import HOLD, NEXT, RETRY, SAFE, EndActions, Item

_TALL = 19  # heights of a line from which on there is room for the icons
POLICIES = (
    ((NEXT, 0), "go on", "Go on with the next item."),
    ((RETRY, 1), "try again once", "Try the item once more, then go on with the next."),
    ((RETRY, 3), "try three times", "Try the item up to three times more, then go on."),
    ((HOLD, 0), "hold", "Safe state; the queue waits for a person."),
    ((SAFE, 0), "safe, end", "Safe state; the queue ends, and its end actions are left out."),
)


class QueuePanel(QWidget):
    """The table of the queue with its verbs; `said` sends messages, `head` may stand in the title of a dock."""

    said = Signal(object)

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place, self._desk = place, desk
        self.edits = QueueEdits(desk, self)
        self.edits.failed.connect(self._edit_failed)
        self.files = QueueFiles(place, desk, background, self.edits, self)
        self.files.said.connect(self.said)
        self.files.titled.connect(self._show_title)
        self._seen: tuple[Any, ...] = ()
        self._kept: tuple[Any, ...] = ()
        self._policies = [pair for pair, _, _ in POLICIES]
        self.dialog: QDialog | None = None
        self.rehearsal = QueueRehearsal(place.station, background, self._now, self)
        self.rehearsal.changed.connect(self._show_verbs)
        self.rehearsal.said.connect(self.said)
        self._verbs = QueueVerbs(self, {
            "Move up": lambda: self._shift(-1), "Move down": lambda: self._shift(1), "Copy": self._copy,
            "Off / on": self._switch, "Remove": self._remove, "Change": self.edit_current,
            "Undo": self.edits.undo, "Redo": self.edits.redo, "Open…": self.files.ask_open, "Save…": self.files.save,
            "Save as…": self.files.ask_save, "Validate": self.files.validate,
            "Copy as Python": self.files.copy_python, "Last queue": self.files.open_kept,
        })  # fmt: skip
        self._lay_out()
        self.setProperty("help", "gui#queue")
        self.setAccessibleName("Queue panel")
        desk.changed.connect(self._see)
        if desk.latest:
            self._see(desk.latest)
        self.edits.changed.connect(self._show_verbs)
        self._show_verbs()

    @property
    def verbs(self) -> dict[str, QAction]:
        """Everything that can be done with the queue, by its name, for menus."""
        return self._verbs.actions

    # -- how it looks

    def _lay_out(self) -> None:
        self.head = QWidget(self)
        self.title = ElidedLabel(self.head, tells=False)
        self.title.label.setProperty("role", "strong")
        self.title.set_text("Queue")
        self.deadline = DeadlineEdit(lambda: self._desk.latest.get("must_end_by", ""), self._now, self.head)
        self.deadline.asked.connect(lambda by: self._desk.command("must_end_by", must_end_by=by))
        self.deadline.refused.connect(lambda sentence: self.said.emit(Message("warning", sentence)))
        by = QLabel("&by", self.head)
        by.setBuddy(self.deadline)
        by.setMinimumWidth(by.fontMetrics().horizontalAdvance("by") + 3)
        by.setToolTip(self.deadline.toolTip())
        self.table = QueueTable(self)
        self.table.dropped.connect(self.edits.move)
        self.table.doubleClicked.connect(lambda *_: self.edit_current())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._context_menu)
        self.table.activated.connect(lambda *_: self.edit_current())
        selection: Any = self.table.selectionModel()
        selection.selectionChanged.connect(lambda *_: self._show_verbs())
        self.summary = WrappedLabel("", self)
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName("Queue summary")
        self.summary.setToolTip("From the engine's forecast: the planners of the procedures, corrected by what earlier "
                                "nights here have really taken.")  # fmt: skip
        self.tool_row = self._verbs.row_of_icons(self)
        self.go_on = QPushButton("&Continue queue", self)
        self.go_on.clicked.connect(self.continue_queue)
        self.policy = QComboBox(self)
        self.policy.addItems([word for _, word, _ in POLICIES])
        self.policy.setAccessibleName("When an item fails")
        self.policy.setToolTip("\n".join(f"{word}: {meaning}" for _, word, meaning in POLICIES))
        self.policy.activated.connect(self._set_policy)
        self.policy.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.policy.setMinimumContentsLength(9)
        self.fails = fails = QLabel("&When one fails", self)
        fails.setBuddy(self.policy)
        self.at_end = QPushButton("At &end…", self)
        self.at_end.clicked.connect(self.ask_end)
        policy = QHBoxLayout()
        policy.addWidget(fails)
        policy.addWidget(self.policy, 1)
        policy.addWidget(self.at_end)
        self.rehearse_button = QPushButton("Rehear&se", self)
        self.rehearse_button.setToolTip("Carry the queue out on the simulated twin, in a process of its own: predicted "
                                        "temperature, field, ends and warnings. Nothing real moves.")  # fmt: skip
        self.rehearse_button.clicked.connect(self.rehearse)
        self.file_button = QPushButton("&Plan file", self)
        self.file_button.setToolTip("Open, save, validate, copy as Python.")
        self.file_button.setMenu(self._verbs.menu_of_files(self.file_button))
        head = QHBoxLayout(self.head)
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self.title, 1)
        head.addWidget(by)
        head.addWidget(self.deadline)
        bottom = QHBoxLayout()
        bottom.addWidget(self.file_button)
        bottom.addWidget(self.rehearse_button, 1)
        bottom.addWidget(self.go_on, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 4, 6, 4)
        whole.setSpacing(4)
        for part in (self.head, self.table, self.summary, self.tool_row, policy, bottom):
            if isinstance(part, QWidget):
                whole.addWidget(part, 1 if part is self.table else 0)
            else:
                whole.addLayout(part)
        self.restyle()

    def restyle(self) -> None:
        """Show it in the present theme and font."""
        self._verbs.restyle(self.fontMetrics().height())
        self.table.restyle()
        self.title.setMinimumWidth(round(self.fontMetrics().horizontalAdvance("Queue") * 1.3))  # it is bold
        self.fails.setMinimumWidth(self.fontMetrics().horizontalAdvance("When one fails") + 3)
        self.deadline.restyle()
        self.rehearsal.restyle()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """A low panel leaves its room to the rows: the icons' verbs are in the menu, too, and have keys."""
        super().resizeEvent(event)
        self.tool_row.setVisible(self.height() >= _TALL * self.fontMetrics().height())

    # -- what the engine says

    def _see(self, snapshot: dict[str, Any]) -> None:
        if "items" not in snapshot:
            return
        news = (snapshot["items"], snapshot["ends"], snapshot["state"], snapshot.get("must_end_by"))
        tops = (snapshot["on_failure"], snapshot.get("end"), snapshot.get("must_end_by"), snapshot.get("night"))
        if (*news, tops) == self._seen:
            return
        self._seen = (*news, tops)
        view = queue_view(snapshot)
        self.table.show_rows(view)
        if self.summary.text() != view.summary:
            self.summary.setText(view.summary)
        self._show_tops(snapshot)
        self._show_verbs()
        content = ([content_of(item) for item in snapshot["items"]], tops)
        if content != self._kept:
            self._kept = content
            self.files.keep(snapshot)

    def _show_tops(self, snapshot: dict[str, Any]) -> None:
        self.deadline.show_deadline()
        self._show_policy(snapshot["on_failure"]["action"], snapshot["on_failure"]["retries"])
        end = EndActions(**snapshot.get("end", {}))
        self.at_end.setToolTip(f"After the last item: {end_words(end)}.")

    def _show_verbs(self) -> None:
        """Every verb that is not live says why."""
        latest, stack = self._desk.latest, self.edits.stack
        chosen, can_undo, can_redo = self.table.chosen(), stack.canUndo(), stack.canRedo()
        self._verbs.explain(why_not(latest, chosen, can_undo=can_undo, can_redo=can_redo))
        why = why_not_continue(latest) if latest.get("items") is not None else GONE
        self._enable_button(self.go_on, why, "Let the held queue go on with its next item.")
        empty = "" if latest.get("items") else "The queue is empty."
        busy = "A rehearsal is going on." if self.rehearsal.running else empty
        self._enable_button(self.rehearse_button, busy, self.rehearse_button.property("tip"))

    def _enable_button(self, button: QPushButton, why: str, tip: str | None) -> None:
        if button.property("tip") is None:
            button.setProperty("tip", tip or button.toolTip())
        button.setEnabled(not why)
        button.setToolTip(why or button.property("tip"))

    # -- changes

    def note_added(self, ids: list[str], items: list[dict[str, Any]]) -> None:
        """The form of new runs has added items: let that be undone here."""
        self.edits.note_added(ids, items)

    def _shift(self, by: int) -> None:
        self.edits.shift(self.table.chosen(), by)

    def _copy(self) -> None:
        self.edits.copy(self.table.chosen())

    def _switch(self) -> None:
        chosen = self.table.chosen()
        states = {item["id"]: item["state"] for item in self._desk.latest.get("items", [])}
        self.edits.disable(chosen, any(states.get(id) != "disabled" for id in chosen))

    def _remove(self) -> None:
        if self.verbs["Remove"].isEnabled():
            self.edits.remove(self.table.chosen())

    def edit_current(self) -> None:
        """Open the fields of the selected item."""
        chosen = self.table.chosen()
        data = next((item for item in self._desk.latest.get("items", []) if [item["id"]] == chosen), None)
        if data is None:
            return
        if data["state"] not in CHANGEABLE:
            self.said.emit(
                Message("info", f"{data['name']} has begun and is locked. Copy it (Ctrl+D) to change the copy.")
            )
            return
        item = Item.from_json(data)
        form = form_of(item)
        if form is None:
            self.said.emit(Message("info", f"{item.name} can only be changed in its plan file: save, edit, open it."))
            return
        self.dialog = dialog = EditItem(item, form, self._place.limits, self)
        dialog.accepted.connect(lambda: self._edited(dialog))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _edited(self, dialog: EditItem) -> None:
        if dialog.changes:
            self.edits.edit(dialog.item.id, dialog.changes, dialog.before)

    def _edit_failed(self, sentence: str) -> None:
        self._show_verbs()
        self.said.emit(Message("warning", f"{sentence} The queue is as the table shows; undo begins anew."))

    def continue_queue(self) -> None:
        """Let a held queue go on."""
        self._desk.command("resume")

    def _show_policy(self, action: str, retries: int) -> None:
        """Choose what the engine does; one that only a plan file can say stands below the usual ones."""
        popup = self.policy.view()
        if popup is not None and popup.isVisible():
            return
        if (action, retries) not in self._policies:
            self._policies = [*(pair for pair, _, _ in POLICIES), (action, retries)]
            while self.policy.count() >= len(self._policies):
                self.policy.removeItem(self.policy.count() - 1)
            self.policy.addItem(f"try {retries} times" if action == RETRY else action)
        self.policy.setCurrentIndex(self._policies.index((action, retries)))

    def _set_policy(self, index: int) -> None:
        action, retries = self._policies[index]
        self._desk.command("policy", action=action, retries=retries)

    def _show_title(self, name: str, what: str) -> None:
        self.title.set_text(name)
        self.title.setToolTip(what)

    def ask_end(self) -> None:
        """Ask what shall happen after the last item."""
        end = EndActions(**self._desk.latest.get("end", {}))
        self.dialog = dialog = EndDialog(end, self._place, self)
        dialog.accepted.connect(lambda: self._desk.command("end", **dialog.arguments))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _context_menu(self, where: Any) -> None:
        menu = self._verbs.menu_of_items(self)
        page: QWidget = self.table.viewport() or self.table
        menu.popup(page.mapToGlobal(where))

    def rehearse(self) -> None:
        """Carry the queue out on the simulated twin and show what would happen."""
        if not self.rehearsal.running and self._desk.latest.get("items"):
            self.rehearsal.rehearse(self.files.night())

    def _now(self) -> datetime:
        utc = self._desk.latest.get("utc")
        return datetime.fromisoformat(utc) if utc else datetime.now(UTC)

    def end(self) -> None:
        """End what runs beside the window, after the background work has ended."""
        self.rehearsal.end()
        self.files.end()
