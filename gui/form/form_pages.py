"""The forms of all types of runs, one seen at a time; each is made when it is first wanted, with last time's values."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from coldfinger.gui.form.form_fields import Form
from coldfinger.gui.form.run_form import RunForm
from coldfinger.gui.remembered import recall
from coldfinger.procedures.laboratory.limits import Limits


class FormPages(QStackedWidget):
    """`changed` when a value of a form is another one; `left` (title, fields) could not be as they were last time."""

    changed = Signal()
    left = Signal(str, object)

    def __init__(self, limits: Limits, parent: QWidget) -> None:
        super().__init__(parent)
        self._limits = limits
        self._made: dict[str, RunForm] = {}
        self._shows_all = False

    def show_form(self, of: Form) -> None:
        """Bring the fields of a type to the front."""
        if of.key not in self._made:
            self._made[of.key] = made = RunForm(of, self._limits, self)
            made.show_all(self._shows_all)
            made.changed.connect(self.changed)
            self.addWidget(made)
            kept = recall(f"forms/{of.key}")
            left = made.set_values(kept) if isinstance(kept, dict) else []
            if left:
                self.left.emit(of.title, left)
        front = self._made[of.key]
        self.setCurrentWidget(front)
        for page in self._made.values():  # the page that is seen says how tall it is
            tall = QSizePolicy.Policy.Preferred if page is front else QSizePolicy.Policy.Ignored
            page.setSizePolicy(QSizePolicy.Policy.Preferred, tall)

    def form(self, key: str) -> RunForm:
        """The fields of a type that was shown before. Raises KeyError."""
        return self._made[key]

    def show_all(self, on: bool) -> None:
        """Show the fields that are rarely needed, too."""
        self._shows_all = on
        for made in self._made.values():
            made.show_all(on)

    def show_now(self, text: str) -> None:
        """What an empty "From" of a ramp means."""
        for made in self._made.values():
            if made.form.key == "ramp":
                made.set_placeholder("start", text)

    def restyle(self) -> None:
        """Show them in the present theme and font."""
        for made in self._made.values():
            made.restyle()
