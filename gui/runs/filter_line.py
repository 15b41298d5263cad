"""The box in which one types which runs shall be listed; a wrong filter is marked, and nothing is asked."""

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QLineEdit, QWidget

from coldfinger.gui.look import theme
from coldfinger.procedures.data.filters import FilterError, condition_of

_TYPING_MS = 150
_EXAMPLE = "type:RT H:0..300 T:0.05..1 >2026-11-01 star tag:cool"


class FilterLine(QLineEdit):
    """Sends what was typed once no more is typed, or Enter is pressed.

    asked    (text) a filter
    refused  (sentence) why it is none, "" where it is one
    """

    asked = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setPlaceholderText(_EXAMPLE)
        self.setClearButtonEnabled(True)
        self.setAccessibleName("Filter of runs")
        self.setToolTip(
            "Which runs are listed; terms by blanks, all must hold. For example\n"
            f"{_EXAMPLE}\nH in Oe, T in K unless a unit is written.\n"
            "Also sample: outcome: note: rows: night: damaged simulated real."
        )
        self._typing = QTimer(self)
        self._typing.setInterval(_TYPING_MS)
        self._typing.setSingleShot(True)
        self._typing.timeout.connect(self._ask)
        self.textChanged.connect(lambda *_: self._typing.start())
        self.returnPressed.connect(self._ask)

    def _ask(self) -> None:
        self._typing.stop()
        text = self.text()
        try:
            condition_of(text)
        except FilterError as error:
            self.refused.emit(str(error))
            theme.restyle(self, "mark", "wrong")
            return
        self.refused.emit("")
        theme.restyle(self, "mark", "")
        self.asked.emit(text)
