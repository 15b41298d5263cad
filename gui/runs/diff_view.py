"""Two runs side by side: only what was set differently, as far as their files say."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.look.tables import ReadingTable
from coldfinger.procedures.data.snapshots import Difference

_LONGEST = 80


def value_text(value: Any, unit: str = "") -> str:
    """A value for a cell: one line, with its unit; "on" and "off" for a switch."""
    if isinstance(value, bool):
        return "on" if value else "off"
    text = f"{value:.10g}" if isinstance(value, float) else " ".join(str(value).split())
    text = text.replace("-", "−") if isinstance(value, int | float) else text
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"{text} {unit}".strip() if isinstance(value, int | float) else text


class DiffView(QDialog):
    """What differs between two runs, with a filter; what is shown can be copied."""

    def __init__(
        self, names: tuple[str, str], differences: Sequence[Difference], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Settings of {names[0]} and {names[1]}")
        self.setProperty("help", "catalogue")
        self.resize(860, 460)
        self._names, self._differences = names, tuple(differences)
        self.heading = QLabel(self._heading(), self)
        self.heading.setWordWrap(True)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("only settings with this text")
        self.filter.setAccessibleName("Filter")
        self.filter.setToolTip("Only lines that contain this text, in any case.")
        self.table = ReadingTable(["Of", "Setting", *names], "Differences", self)
        header = self.table.horizontalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            for column in (2, 3):
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        copy, close = QPushButton("&Copy", self), QPushButton("C&lose", self)
        copy.setToolTip("Copy the lines that are shown as text, with tabs between the columns.")
        close.setToolTip("Close this window (Esc).")
        copy.clicked.connect(self._copy)
        close.clicked.connect(self.accept)
        bottom, whole = QHBoxLayout(), QVBoxLayout(self)
        bottom.addStretch(1)
        bottom.addWidget(copy)
        bottom.addWidget(close)
        for widget in (self.heading, self.filter, self.table):
            whole.addWidget(widget)
        whole.addLayout(bottom)
        self.filter.textChanged.connect(self._fill)
        self._fill()

    def _heading(self) -> str:
        count = len(self._differences)
        if not count:
            return "The files of these two runs name no difference in parameters, sample, station or instruments."
        return f"{count} {'setting differs' if count == 1 else 'settings differ'}; what is the same is not listed."

    def shown(self) -> list[tuple[str, str, str, str]]:
        """The lines that the filter lets through."""
        wanted = self.filter.text().casefold()
        lines = [
            (d.group, d.name, value_text(d.first, d.unit), value_text(d.second, d.unit)) for d in self._differences
        ]
        return [line for line in lines if wanted in " ".join(line).casefold()]

    def _fill(self) -> None:
        self.table.show_texts(self.shown())

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            lines = [("Of", "Setting", *self._names), *self.shown()]
            clipboard.setText("\n".join("\t".join(line) for line in lines))
