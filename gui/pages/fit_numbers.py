"""The numbers of a fit beside its curve: how far each is to be believed, how old they are, what speaks against them."""

from collections.abc import Callable

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.look.elided import ElidedLabel
from coldfinger.gui.look.tokens import Look
from coldfinger.gui.pages.fit_words import FitWords
from coldfinger.gui.pages.number_text import Number, Trust

_CHECKS = {"pass": ("✓", "ok"), "fail": ("✗", "bad")}
_CANNOT_SAY = ("?", "warn")
TICK = 1000
"""Milliseconds between two looks at the age."""


class AgeLine(QWidget):
    """One line that says how old the numbers are; it looks once a second, while it is seen, and changes only itself."""

    def __init__(self, look: Callable[[], Look | None], parent: QWidget) -> None:
        """`look` says it; None where there is nothing to be said."""
        super().__init__(parent)
        self._look, self._shown = look, Look("", "", "idle")
        self.sign, self.text = QLabel(self), ElidedLabel(self)
        self.text.setAccessibleName("Age of the fit")
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.sign)
        row.addWidget(self.text, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self.tell)

    def tell(self) -> None:
        """Say how old they are now."""
        look = self._look() or Look("", "", "idle")
        if look != self._shown:
            is_another = (look.icon, look.tone) != (self._shown.icon, self._shown.tone)
            self._shown = look
            self.text.set_text(look.word)
            if is_another:
                self.restyle()

    def restyle(self) -> None:
        """Show it in the present theme and font."""
        ink, size = self._shown.in_theme(theme.current()).ink, self.fontMetrics().ascent()
        self.sign.setFixedSize(size, size)
        if self._shown.icon:
            theme.depict(self.sign, self._shown.icon, ink, size)
        theme.wear(self.text, f"color: {ink};")

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.restyle()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.tell()
        self._timer.start()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self._timer.stop()


class FitNumbers(QWidget):
    """Three numbers, the state in words, their age, and the small print; `is_old` while they are of another wish."""

    def __init__(self, age: Callable[[], Look | None], parent: QWidget) -> None:
        super().__init__(parent)
        self.words = FitWords("no run", False)
        self.is_old = False
        self.grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        self.numbers = [(QLabel(self), QLabel(self)) for _ in range(3)]
        for row, (name, value) in enumerate(self.numbers):
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setWordWrap(True)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 1)
        self.state, self.quality, self.more = QLabel(self), QLabel(self), QLabel(self)
        self.age = AgeLine(age, self)
        for row, label in ((3, self.state), (5, self.quality), (6, self.more)):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            grid.addWidget(label, row, 0, 1, 2)
        grid.addWidget(self.age, 4, 0, 1, 2)
        self.state.setAccessibleName("State of the fit")
        self.quality.setProperty("role", "faint")
        self.more.setTextFormat(Qt.TextFormat.RichText)
        self.more.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(6, 1)
        grid.setColumnStretch(1, 1)

    def show_words(self, words: FitWords, *, is_old: bool) -> None:
        """Show what a fit says."""
        self.words, self.is_old = words, is_old
        self.state.setText(words.state)
        for i, (name, value) in enumerate(self.numbers):
            number = words.numbers[i] if i < len(words.numbers) else Number("", "", Trust.GOOD)
            name.setText(number.symbol)
            value.setText(number.text)
            value.setToolTip(number.words)
            value.setAccessibleName(f"{number.symbol} {number.text} {number.words}".strip())
        self.quality.setText(words.quality)
        self.more.setText(_small_print(words))
        self._dress()

    def grey(self, state: str) -> None:
        """The numbers that are shown are those of another window, law or run; `state` says why."""
        self.is_old = True
        self.state.setText(state)
        self._dress()

    def restyle(self) -> None:
        """Show it in the present theme."""
        self.more.setText(_small_print(self.words))
        self._dress()
        self.age.restyle()

    def _dress(self) -> None:
        """Grey what is old, strike what is not to be used, and set apart what is weak or only a limit."""
        tokens = theme.current()
        for i, (name, value) in enumerate(self.numbers):
            trust = self.words.numbers[i].trust if i < len(self.words.numbers) else Trust.GOOD
            ink, extra = tokens.text, "font-weight: bold;"
            if trust is Trust.NONE:
                ink, extra = tokens.bad.ink, "text-decoration: line-through;"
            elif trust is not Trust.GOOD:
                ink, extra = tokens.warn.ink, "font-style: italic;"
            if self.is_old:
                ink, extra = tokens.disabled, "text-decoration: line-through;" if trust is Trust.NONE else ""
            value.setStyleSheet(f"color: {ink}; {extra}")
            name.setStyleSheet(f"color: {tokens.disabled if self.is_old else tokens.text};")
        tone = tokens.idle if self.is_old else tokens.ok if self.words.good else tokens.warn
        self.state.setStyleSheet(f"color: {tone.ink}; background: {tone.fill}; padding: 3px; border-radius: 3px;")
        self.age.setVisible(bool(self.words.numbers))
        self.age.tell()


def _small_print(words: FitWords) -> str:
    """Systematic parts, belief tests and remarks, as rich text."""
    tokens = theme.current()
    lines = [f"<i>systematic, not in ±:</i> {_safe(line)}" for line in words.systematics]
    for outcome, sentence in words.checks:
        sign, tone = _CHECKS.get(outcome, _CANNOT_SAY)
        lines.append(
            f'<span style="color:{getattr(tokens, tone).ink}">{sign} {_safe(outcome)}</span> {_safe(sentence)}'
        )
    if words.numbers and not words.checks:
        lines.append(f'<span style="color:{tokens.warn.ink}">?</span> no belief test was made')
    lines += [f"– {_safe(remark)}" for remark in words.remarks if remark != "no belief test was made"]
    return "<br>".join(lines)


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
