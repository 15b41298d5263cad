"""What happens after the last item of a queue: asked in a dialog, said in words."""

from typing import Any

from qtpy.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QGridLayout, QLabel, QWidget

from coldfinger.gui.fields.quantity_edit import QuantityEdit
from coldfinger.gui.fields.quantity_text import Field
from coldfinger.gui.place import Place
from coldfinger.procedures.engine.items import EndActions

HEATER = "Switch the heater off, so that the refrigerator cools to its base temperature."


class EndDialog(QDialog):
    """What happens after the last item; `arguments` are those of the command "end"."""

    def __init__(self, end: EndActions, place: Place, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("At the end of the queue")
        limits = place.limits
        self.heater = QCheckBox("&Heater off", self)
        self.heater.setToolTip(HEATER)
        self.field = QCheckBox("&Field to zero", self)
        self.field.setToolTip("Ramp the magnet to zero; otherwise it holds its field.")
        self.warm = QCheckBox("&Go to", self)
        self.warm.setToolTip("Go to this temperature and hold it, which needs the heater.")
        highest = limits.highest_temperature
        self.temperature = QuantityEdit(
            Field(
                "Temperature at the end",
                "K",
                limits.lowest_temperature,
                highest,
                "at this station",
                "Temperature to go to and to hold after the last item",
                min(4.0, highest),
            ),
            end.temperature,
            self,
        )
        self.heater.setChecked(end.heater_off)
        self.field.setChecked(end.field is not None)
        self.warm.setChecked(end.temperature is not None)
        self.problem = QLabel("Excitation and bias are switched off in any case.", self)
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "faint")
        Button = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(self)
        for button in (Button.Ok, Button.Cancel):
            buttons.addButton(button)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        grid = QGridLayout(self)
        grid.addWidget(self.heater, 0, 0, 1, 2)
        grid.addWidget(self.field, 1, 0, 1, 2)
        grid.addWidget(self.warm, 2, 0)
        grid.addWidget(self.temperature, 2, 1)
        grid.addWidget(self.problem, 3, 0, 1, 2)
        grid.addWidget(buttons, 4, 0, 1, 2)
        self.warm.toggled.connect(self._show)
        self._field = end.field
        self._show(self.warm.isChecked())

    def _show(self, warm: bool) -> None:
        self.temperature.setEnabled(warm)
        self.heater.setEnabled(not warm)
        if warm:
            self.heater.setChecked(False)
        self.heater.setToolTip("A temperature at the end needs the heater." if warm else HEATER)

    @property
    def arguments(self) -> dict[str, Any]:
        """heater_off, field (T) and temperature (K)."""
        field = (self._field or 0.0) if self.field.isChecked() else None
        warm = self.warm.isChecked()
        return {
            "heater_off": self.heater.isChecked(),
            "field": field,
            "temperature": self.temperature.value if warm else None,
        }

    def accept(self) -> None:
        if not self.warm.isChecked() or self.temperature.apply():
            super().accept()


def end_words(end: EndActions) -> str:
    words = ["heater off" if end.heater_off else "heater as it is"]
    if end.field is not None:
        words.append("field to zero" if end.field == 0 else f"field to {end.field * 1e4:g} Oe")
    else:
        words.append("field held")
    if end.temperature is not None:
        words[0] = f"temperature to {end.temperature:g} K"
    return ", ".join(words)
