"""The fields of one type of run, made from its table; used to ask for a new run and to change a waiting one."""

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QWidget

from coldfinger.gui.fields.list_edit import ListEdit
from coldfinger.gui.fields.list_text import ListField, read_list
from coldfinger.gui.fields.quantity_edit import QuantityEdit
from coldfinger.gui.fields.quantity_text import Field, number_text
from coldfinger.gui.form.form_fields import CHOICE, COUNT, FLAG, LIST, QUANTITY, WAY, Entry, Form
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.procedures.words.quantity import QuantityError

PAIRED = ("start", "stop", "pacing", "rate", "lag", "log_rate", "points", "field", "mode", "step")
"""Fields with short names, two of which share a row."""
_LOW = 20  # px; a font that is taller needs the whole width
Editor = QuantityEdit | ListEdit | QComboBox | QCheckBox


class RunForm(QWidget):
    """Editors by the keys of the form; `changed` is sent whenever an applied value, or what is marked, changes."""

    changed = Signal()

    def __init__(self, form: Form, limits: Limits, parent: QWidget | None = None, *, keys: bool = False) -> None:
        """With `keys` every label has its Alt key: in a dialog, where no menu wants the same ones."""
        super().__init__(parent)
        self.form, self.limits, self._keys = form, limits, keys
        self.editors: dict[str, Editor] = {}
        self._labels: dict[str, QLabel] = {}
        self._all = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(2, 2, 2, 2)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(3)
        self._places: tuple[tuple[str, int, int], ...] = ()
        for entry in form.entries:
            editor = self._editor(entry)
            self.editors[entry.key] = editor
            if entry.kind != FLAG:
                label = QLabel(self._text(entry), self)
                label.setBuddy(editor)
                label.setToolTip(editor.toolTip())
                label.setContentsMargins(0, 4, 3, 0)  # the line below the key of the label needs room, too
                self._labels[entry.key] = label
        self._show_fields()

    def _editor(self, entry: Entry) -> Editor:
        name = entry.label.replace("&", "")
        if entry.kind in (QUANTITY, COUNT):
            editor = QuantityEdit(entry.field(self.limits), parent=self)
            editor.valueChanged.connect(self._changed)
            editor.markChanged.connect(self._changed)
            return editor
        if entry.kind in (LIST, WAY):
            of = ListField(_list_field(entry, self.limits), entry.kind == WAY)
            texts = ListEdit(of, _usual(entry, of), self)
            texts.valueChanged.connect(self._changed)
            texts.markChanged.connect(self._changed)
            return texts
        if entry.kind == CHOICE:
            box = _Choice(self)
            box.addItems(entry.choices)
            box.setCurrentText(entry.default)
            box.currentIndexChanged.connect(self._changed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
            tip = f"{entry.meaning}\nChoices: {', '.join(entry.choices)}\nDefault: {entry.default}"
            _describe(box, name, tip)
            return box
        tick = QCheckBox(self._text(entry), self)
        tick.setChecked(bool(entry.default))
        tick.toggled.connect(self._changed)
        _describe(tick, name, f"{entry.meaning}\nDefault: {'on' if entry.default else 'off'}")
        return tick

    def _text(self, entry: Entry) -> str:
        return entry.label if self._keys else entry.label.replace("&", "")

    @property
    def first(self) -> QWidget:
        """Where a person begins to type: the first field that has to be said."""
        return self.editors["stop" if self.form.key == "ramp" else self.form.entries[0].key]

    def values(self) -> dict[str, Any]:
        """The applied values, also of fields that are not shown now."""
        return {key: _value(editor) for key, editor in self.editors.items()}

    def set_values(self, values: dict[str, Any]) -> list[str]:
        """Apply values; those that cannot be applied any more are left, and their names are returned."""
        left = []
        for key, value in values.items():
            editor = self.editors.get(key)
            if editor is not None and not _put(editor, value):
                left.append(self.form.entry(key).label.replace("&", ""))
        self._show_fields()
        return left

    @property
    def ready(self) -> bool:
        """Whether nothing stands in a shown field that is not applied."""
        return all(not editor.mark for editor in self._texts())

    def apply(self) -> bool:
        """Apply what was typed; False, with the keyboard in the field, where something cannot be applied."""
        for editor in self._texts():
            if editor.mark and not editor.apply():
                editor.setFocus(Qt.FocusReason.OtherFocusReason)
                return False
        return True

    def show_all(self, everything: bool) -> None:
        """Show the fields that are rarely needed, too."""
        self._all = everything
        self._show_fields()

    def restyle(self) -> None:
        """Take the font in use: a large one needs a row for every field."""
        self._show_fields()

    def set_placeholder(self, key: str, text: str) -> None:
        """What an empty field means now."""
        editor = self.editors.get(key)
        if isinstance(editor, QuantityEdit) and editor.field.empty:
            editor.line.setPlaceholderText(text)

    def lock(self, key: str, reason: str) -> None:
        """Let a value be seen, not changed."""
        editor = self.editors[key]
        editor.setEnabled(False)
        for widget in (editor, *editor.findChildren(QWidget)):
            widget.setToolTip(reason)

    def _texts(self) -> list[QuantityEdit | ListEdit]:
        shown = {entry.key for entry in self.form.shown(self.values())}
        return [e for key, e in self.editors.items() if key in shown and isinstance(e, (QuantityEdit, ListEdit))]

    def _changed(self, *_: object) -> None:
        self._show_fields()
        self.changed.emit()

    def _show_fields(self) -> None:
        shown = {entry.key for entry in self.form.shown(self.values()) if self._all or not entry.more}
        for key, editor in self.editors.items():
            editor.setVisible(key in shown)
            if key in self._labels:
                self._labels[key].setVisible(key in shown)
        self._place([entry for entry in self.form.entries if entry.key in shown])

    def _place(self, shown: list[Entry]) -> None:
        """Two short fields side by side where both fit, so that all of them are seen at once; in a dialog one a row."""
        places: list[tuple[str, int, int]] = []
        row = column = 0
        for entry in shown:
            short = not self._keys and entry.key in PAIRED and self.fontMetrics().height() <= _LOW
            row, column = (row, column) if short else (row + bool(column), 0)
            places.append((entry.key, row, column if short else -1))
            row, column = (row, 1) if short and not column else (row + 1, 0)
        if tuple(places) == self._places:
            return
        self._places = tuple(places)
        for key, row, column in places:
            first, span = (2 * column, 1) if column >= 0 else (0, 3)
            if key in self._labels:
                self._grid.addWidget(self._labels[key], row, first, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(self.editors[key], row, first + 1, 1, span)
        for number in range(self._grid.rowCount()):
            self._grid.setRowStretch(number, 0)
        self._grid.setRowStretch(len(self.form.entries), 1)
        for number, stretch in ((1, 1), (3, 1 if any(column == 1 for _, _, column in places) else 0)):
            self._grid.setColumnStretch(number, stretch)


def _list_field(entry: Entry, limits: Limits) -> Field:
    """What the values of a list may be."""
    return replace(entry, default=None).field(limits)


def _usual(entry: Entry, of: ListField) -> str:
    """The usual list, or at a station that does not allow it one value that it does."""
    try:
        read_list(entry.default, of)
    except QuantityError:
        return number_text(min(max(0.0, of.field.minimum), of.field.maximum))
    return str(entry.default)


class _Choice(QComboBox):
    """A choice that the wheel does not change while the page scrolls."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: Any) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _describe(widget: QWidget, name: str, tip: str) -> None:
    widget.setAccessibleName(name)
    widget.setAccessibleDescription(tip)
    widget.setToolTip(tip)
    widget.setWhatsThis(tip)


def _value(editor: Editor) -> Any:
    if isinstance(editor, QComboBox):
        return editor.currentText()
    return editor.isChecked() if isinstance(editor, QCheckBox) else editor.value


def _put(editor: Editor, value: Any) -> bool:
    """Whether a value could be applied."""
    if isinstance(editor, QCheckBox):
        editor.setChecked(value is True)
        return isinstance(value, bool)
    if isinstance(editor, QComboBox):
        place = editor.findText(value) if isinstance(value, str) else -1
        editor.setCurrentIndex(place if place >= 0 else editor.currentIndex())
        return place >= 0
    try:
        editor.set_value(value)
    except (QuantityError, TypeError, ValueError, AttributeError):
        return False
    return True
