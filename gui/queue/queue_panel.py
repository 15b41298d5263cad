"""The queue: what is measured in what order, when each item ends, what a failure means, and what happens at the end.

What is shown is the engine's queue and nothing else; every change is a command to the engine. The queue can be written
as a plan file and read from one, whole or not at all, and a copy of it is kept by itself whenever it changes.
"""

from datetime import UTC, datetime
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QKeySequence, QResizeEvent
from qtpy.QtWidgets import (
    QAction,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.edit_item import EditItem
from coldfinger.gui.form.run_forms import form_of
from coldfinger.gui.look import theme
from coldfinger.gui.look.elided import ElidedLabel
from coldfinger.gui.look.wrapped import WrappedLabel
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.gui.queue.end_dialog import EndDialog, end_words
from coldfinger.gui.queue.queue_edits import QueueEdits
from coldfinger.gui.queue.queue_files import QueueFiles
from coldfinger.gui.queue.queue_state import CHANGEABLE, content_of, queue_view, why_not_continue
from coldfinger.gui.queue.queue_table import QueueTable
from coldfinger.gui.queue.rehearsal_view import RehearsalView, Rehearser
from coldfinger.procedures.engine.items import HOLD, NEXT, RETRY, SAFE, EndActions, Item
from coldfinger.procedures.plans.plan_file import PlanFileError
from coldfinger.procedures.plans.plan_values import ValueMistake, moment
from coldfinger.procedures.plans.plan_write import plan_text

_TALL = 19  # heights of a line from which on there is room for the icons
POLICIES = (
    ((NEXT, 0), "go on", "Go on with the next item."),
    ((RETRY, 1), "try again once", "Try the item once more, then go on with the next."),
    ((RETRY, 3), "try three times", "Try the item up to three times more, then go on."),
    ((HOLD, 0), "hold", "Safe state; the queue waits for a person."),
    ((SAFE, 0), "safe, end", "Safe state; the queue ends, and its end actions are left out."),
)
DEADLINE = (
    'The queue must end by this time: "08:30", "2026-11-23 08:30", or empty for any time.\n'
    "Items that are expected to end later are marked, and skipped when their turn comes."
)
_GONE = "The engine does not answer."


class QueuePanel(QWidget):
    """The table of the queue with its verbs; `said` sends messages, `head` may stand in the title of a dock."""

    said = Signal(object)

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place, self._desk, self._background = place, desk, background
        self.edits = QueueEdits(desk, self)
        self.edits.failed.connect(self._edit_failed)
        self.files = QueueFiles(place, desk, background, self.edits, self)
        self.files.said.connect(self.said)
        self.files.titled.connect(self._show_title)
        self._seen: tuple[Any, ...] = ()
        self._kept: tuple[Any, ...] = ()
        self.dialog: QDialog | None = None
        self.rehearser = Rehearser(place.station, self)
        self.rehearsal: RehearsalView | None = None
        self.rehearser.done.connect(self._show_rehearsal)
        self.rehearser.failed.connect(self._rehearsal_failed)
        self._make_actions()
        self._lay_out()
        self.setProperty("help", "gui#queue")
        self.setAccessibleName("Queue panel")
        desk.changed.connect(self._see)
        if desk.latest:
            self._see(desk.latest)
        self.edits.changed.connect(self._show_verbs)
        self._show_verbs()

    # -- how it looks

    def _make_actions(self) -> None:
        Context = Qt.ShortcutContext
        inside, window = Context.WidgetWithChildrenShortcut, Context.WindowShortcut
        self.verbs: dict[str, QAction] = {}
        for text, icon, keys, context, act, tip in (
            ("Move u&p", "arrow-up", "Alt+Up", inside, lambda: self._shift(-1), "Move the selected items up"),
            ("&Move down", "arrow-down", "Alt+Down", inside, lambda: self._shift(1), "Move the selected items down"),
            ("Cop&y", "content-copy", "Ctrl+D", inside, self._copy, "Add a copy of the selected items"),
            ("&Off / on", "minus-circle-outline", "Ctrl+B", inside, self._switch,
             "Leave the selected items out, or take them in again"),
            ("Remo&ve", "delete-outline", "Del", inside, self._remove, "Take the selected items out"),
            ("Chan&ge", "pencil-outline", "F2", inside, self.edit_current, "Change the item in its fields"),
            ("&Undo", "undo", "Ctrl+Z", window, self.edits.undo, "Take the last change back"),
            ("Re&do", "redo", "Ctrl+Shift+Z", window, self.edits.redo, "Make it again"),
            ("&Open…", "folder-open-outline", "Ctrl+O", window, self.files.ask_open, "Add a plan file to the queue"),
            ("&Save…", "content-save-outline", "Ctrl+S", window, self.files.save, "Write the queue as a plan file"),
            ("Save &as…", "content-save-edit-outline", "", window, self.files.ask_save, "Write it under another name"),
            ("Val&idate", "check-all", "", window, self.files.validate, "Hold every item against the station's limits"),
            ("Copy as Pytho&n", "language-python", "", window, self.files.copy_python, "Copy it as a Python script"),
            ("&Last queue", "history", "", window, self.files.open_kept, "Add the queue that was kept by itself"),
        ):  # fmt: skip
            action = QAction(text, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(context)
            action.setToolTip(f"{tip} ({keys})" if keys else tip)
            action.setProperty("tip", action.toolTip())
            action.setProperty("glyph", icon)
            action.triggered.connect(lambda *_, act=act: act())
            self.addAction(action)
            self.verbs[text.replace("&", "")] = action

    def _lay_out(self) -> None:
        self.head = QWidget(self)
        self.title = ElidedLabel(self.head, tells=False)
        self.title.setProperty("role", "strong")
        self.title.set_text("Queue")
        self.deadline = QLineEdit(self.head)
        self.deadline.setPlaceholderText("any time")
        self.deadline.setAccessibleName("Must end by")
        self.deadline.setToolTip(DEADLINE)
        self.deadline.returnPressed.connect(self._set_deadline)
        self.deadline.editingFinished.connect(self._set_deadline)
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
        self.tool_row = QWidget(self)
        tools = QHBoxLayout(self.tool_row)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(2)
        self.tools: dict[str, QToolButton] = {}
        for name in ("Move up", "Move down", "Copy", "Off / on", "Remove", "Change", "Undo", "Redo"):
            button = QToolButton(self.tool_row)
            button.setDefaultAction(self.verbs[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAutoRaise(True)
            tools.addWidget(button)
            self.tools[name] = button
        tools.addStretch(1)
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
        menu = QMenu(self.file_button)
        for name in ("Open…", "Save…", "Save as…", "Last queue", "Validate", "Copy as Python"):
            menu.addAction(self.verbs[name])
        menu.setToolTipsVisible(True)
        self.file_button.setMenu(menu)
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
        tokens = theme.current()
        size = self.fontMetrics().height()
        for name, action in self.verbs.items():
            action.setIcon(theme.icon(action.property("glyph"), tokens.text))
            if name in getattr(self, "tools", {}):
                self.tools[name].setIconSize(QSize(size, size))
        self.table.restyle()
        self.title.setMinimumWidth(round(self.fontMetrics().horizontalAdvance("Queue") * 1.3))  # it is bold
        self.fails.setMinimumWidth(self.fontMetrics().horizontalAdvance("When one fails") + 3)
        self.deadline.setFixedWidth(self.fontMetrics().horizontalAdvance("2026-11-23 08:30") + 18)
        if self.rehearsal is not None:
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
        if not self.deadline.hasFocus():
            by = snapshot.get("must_end_by", "")
            self.deadline.setText(_local_text(by))
            theme.restyle(self.deadline, "mark", "")
        policy = (snapshot["on_failure"]["action"], snapshot["on_failure"]["retries"])
        known = [pair for pair, _, _ in POLICIES]
        popup = self.policy.view()
        if policy in known and not (popup is not None and popup.isVisible()):
            self.policy.setCurrentIndex(known.index(policy))
        end = EndActions(**snapshot.get("end", {}))
        self.at_end.setToolTip(f"After the last item: {end_words(end)}.")

    def _show_verbs(self) -> None:
        """Every verb that is not live says why."""
        latest = self._desk.latest
        states = {item["id"]: item["state"] for item in latest.get("items", [])}
        chosen = self.table.chosen()
        locked = [id for id in chosen if states.get(id) not in CHANGEABLE]
        nothing = "Select an item first."
        if not latest:
            free = some = nothing = _GONE
        else:
            some = "" if chosen else nothing
            free = some or ("The selection has items that have begun; they are locked." if locked else "")
        stack = self.edits.stack
        self._enable({
            "Move up": free, "Move down": free, "Remove": free, "Off / on": free,
            "Copy": some,
            "Change": free or ("" if len(chosen) == 1 else "Select one item only."),
            "Undo": "" if stack.canUndo() else "No change of the queue can be taken back.",
            "Redo": "" if stack.canRedo() else "Nothing was taken back.",
        })  # fmt: skip
        empty = "" if states else "The queue is empty."
        self._enable({"Save…": empty, "Save as…": empty, "Validate": empty, "Copy as Python": empty})
        why = why_not_continue(latest) if latest.get("items") is not None else _GONE
        self._enable_button(self.go_on, why, "Let the held queue go on with its next item.")
        busy = "A rehearsal is going on." if self.rehearser.running else empty
        self._enable_button(self.rehearse_button, busy, self.rehearse_button.property("tip"))

    def _enable(self, reasons: dict[str, str]) -> None:
        for name, why in reasons.items():
            action = self.verbs[name]
            action.setEnabled(not why)
            action.setToolTip(f"{why}\n{action.property('tip')}" if why else action.property("tip"))
            action.setStatusTip(why or action.property("tip"))  # in the menus, where arrow keys go by

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

    def _set_policy(self, index: int) -> None:
        action, retries = POLICIES[index][0]
        self._desk.command("policy", action=action, retries=retries)

    def _show_title(self, name: str, what: str) -> None:
        self.title.set_text(name)
        self.title.setToolTip(what)

    def _set_deadline(self) -> None:
        """Apply the deadline; what is no time is marked and changes nothing."""
        text, present = self.deadline.text().strip(), self._desk.latest.get("must_end_by", "")
        if text == _local_text(present):
            theme.restyle(self.deadline, "mark", "")
            return
        try:
            by = moment(text, self._now(), None, "must end by") if text else ""
        except ValueMistake as error:
            theme.restyle(self.deadline, "mark", "wrong")
            sentence = str(error)
            self.said.emit(Message("warning", f"{sentence[:1].upper()}{sentence[1:]}. The deadline is as it was."))
            return
        theme.restyle(self.deadline, "mark", "")
        if by != present:
            self._desk.command("must_end_by", must_end_by=by)
            self.deadline.setText(_local_text(by))

    def ask_end(self) -> None:
        """Ask what shall happen after the last item."""
        end = EndActions(**self._desk.latest.get("end", {}))
        self.dialog = dialog = EndDialog(end, self._place, self)
        dialog.accepted.connect(lambda: self._desk.command("end", **dialog.arguments))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _context_menu(self, where: Any) -> None:
        menu = QMenu(self)
        for name in ("Change", "Copy", "Off / on", "Remove", "Move up", "Move down"):
            menu.addAction(self.verbs[name])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page: QWidget = self.table.viewport() or self.table
        menu.popup(page.mapToGlobal(where))

    # -- rehearsal

    def rehearse(self) -> None:
        """Carry the queue out on the simulated twin and show what would happen."""
        if self.rehearser.running or not self._desk.latest.get("items"):
            return
        night = self.files.night()
        if self.rehearsal is None:
            self.rehearsal = RehearsalView(self)
            self.rehearsal.cancelled.connect(self.rehearser.cancel)
        self.rehearsal.wait(night.name)
        self.rehearsal.show()
        self._background.do("text of the rehearsal", lambda: plan_text(night, night.name), self._begin, self._no_text)

    def _begin(self, text: str) -> None:
        self.rehearser.start(text)
        self._show_verbs()

    def _no_text(self, error: BaseException) -> None:
        if self.rehearsal is not None:
            self.rehearsal.give_up(f"The queue cannot be rehearsed: {error}")
        if not isinstance(error, PlanFileError):
            raise error

    def _show_rehearsal(self, rehearsal: dict[str, Any]) -> None:
        self._show_verbs()
        if self.rehearsal is not None:
            self.rehearsal.show_rehearsal(rehearsal, self._now())
        refused = rehearsal["refused"]
        if refused:
            self.said.emit(Message("warning", f"The rehearsal found what the station refuses: {refused[0]}"))

    def _rehearsal_failed(self, sentence: str) -> None:
        self._show_verbs()
        if self.rehearsal is not None:
            self.rehearsal.give_up(sentence)

    def _now(self) -> datetime:
        utc = self._desk.latest.get("utc")
        return datetime.fromisoformat(utc) if utc else datetime.now(UTC)

    def end(self) -> None:
        """End what runs beside the window, after the background work has ended."""
        self.rehearser.close()
        self.files.end()
        if self.rehearsal is not None:
            self.rehearsal.close()


def _local_text(utc: str) -> str:
    """ "08:30" or "Tue 08:30" are no full times: what is shown reads back as the same."""
    return f"{datetime.fromisoformat(utc).astimezone():%Y-%m-%d %H:%M}" if utc else ""
