"""A waiting item in the fields that made it, to be changed where it stands."""

from typing import Any

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFrame, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from coldfinger.gui.form.form_fields import Form
from coldfinger.gui.form.item_form import changes_of, values_of
from coldfinger.gui.form.run_form import RunForm
from coldfinger.procedures.engine.items import RUN, Item
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.procedures.plans.plan_lines import PlanFileError
from coldfinger.procedures.plans.plan_names import parameters_of


class EditItem(QDialog):
    """`changes` are for the command "edit" after OK; `before` bring the item back."""

    def __init__(self, item: Item, form: Form, limits: Limits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Change {item.name}")
        self.item = item
        self.changes: dict[str, Any] = {}
        self.name = QLineEdit(item.name, self)
        self.name.setAccessibleName("Name")
        self.name.setToolTip("What the run is called in the queue, in its run file and in plots.")
        self.form = RunForm(form, limits, self, keys=True)
        self.form.show_all(True)
        left = self.form.set_values(values_of(form, item))
        if item.family is not None:
            for key in ("field", "temperature"):
                if item.family.key.startswith(key) and key in self.form.editors:
                    self.form.lock(key, "The family goes by it: remove the run, or copy it, to measure another one.")
        self.problem = QLabel("", self)
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "message")
        if left:
            self._say(f"{', '.join(left)}: the present value is outside the limits and is as usual here.")
        self.problem.setVisible(bool(left))
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.form)
        Button = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(self)
        for button in (Button.Ok, Button.Cancel):
            self.buttons.addButton(button)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        label = QLabel("&Name", self)
        label.setBuddy(self.name)
        layout = QVBoxLayout(self)
        for widget, stretch in ((label, 0), (self.name, 0), (scroll, 1), (self.problem, 0), (self.buttons, 0)):
            layout.addWidget(widget, stretch)
        self.resize(400, 480)

    @property
    def before(self) -> dict[str, Any]:
        """The changes that bring the item back."""
        back: dict[str, Any] = {}
        for key in self.changes:
            if key == "parameters":
                known = parameters_of(self.item.procedure) if self.item.kind == RUN else {}
                old = {name: parameter.default for name, parameter in known.items()} | dict(self.item.parameters)
                back[key] = {name: old[name] for name in self.changes[key]}
            else:
                back[key] = getattr(self.item, key)
        return {key: dict(value) if key == "settings" else value for key, value in back.items()}

    def accept(self) -> None:
        """Take the fields over; a mistake keeps the dialog open and is said."""
        if not self.form.apply():
            return
        try:
            changes = changes_of(self.form.form, self.form.values(), self.item)
        except PlanFileError as error:
            self._say(str(error).partition(": ")[2])
            return
        if lost := sorted(set(self.item.settings) - set(changes.get("settings", self.item.settings))):
            self._say(f"The {lost[0]} of a set point cannot be taken out; remove the item and add another one.")
            return
        named = self.name.text().strip()
        if named and named != self.item.name:
            changes["name"] = named
        if changes.get("name") == self.item.name:
            del changes["name"]
        self.changes = changes
        super().accept()

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(True)
