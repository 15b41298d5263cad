"""The banner at the top: how things are, when they end, and three verbs that keep place and meaning.

It shows a BannerView and sends what was pressed; it never asks and never changes anything by itself.
"""

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.look import theme
from coldfinger.gui.look.elided import ElidedLabel
from coldfinger.gui.look.steady import SteadyLabel
from coldfinger.gui.overview.view_state import ABORT, PAUSE, RESUME, SKIP, BannerView, banner_of

_TEXTS = {PAUSE: "Pause", RESUME: "Resume", SKIP: "Skip", ABORT: "ABORT → SAFE"}
_ICONS = {PAUSE: "pause", RESUME: "play", SKIP: "skip-next", ABORT: "stop"}
_MEANING = {
    PAUSE: "Finish this point, then stand still (F6).\nHeater, field and excitation stay as they are.",
    RESUME: "Go on where it was paused (F6).\nHeater, field and excitation stay as they are.",
    SKIP: "Finish this point, close this run and begin the next (F7). Its data are kept.\n"
    "Heater, field and excitation stay until the next run sets them.",
    ABORT: "Now, at any time, without a question (Ctrl+.).\n"
    "Excitation off, heater off, field held where it is, file closed; the queue is held. Again: nothing worse.",
}


class Banner(QWidget):
    """Shows a view; `asked` (str) sends a verb of view_state.VERBS that was pressed.

    Ctrl+. is heard in every window of the application, dialogs included.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = banner_of(None)
        self.tile = QFrame(self)
        self.icon, self.word, self.place = QLabel(self.tile), QLabel(self.tile), ElidedLabel(self.tile)
        self.detail = ElidedLabel(self.tile)
        self.progress = QProgressBar(self.tile)
        self.checks = QLabel(self)
        self.ends, self.badge = SteadyLabel(self), QLabel(self)
        self.buttons = {verb: self._button(verb) for verb in _TEXTS}
        self._lay_out()
        for key, act in (("F6", self.pause_or_resume), ("F7", self.skip)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.activated.connect(act)
        self.listen(True)  # a shortcut would be deaf while a dialog is open
        self.show_view(self.view)

    def _lay_out(self) -> None:
        self.setAccessibleName("State of the measurement")
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the banner keeps its height
        self.progress.setSizePolicy(policy)
        self.word.setProperty("role", "strong")
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self.icon)
        first.addWidget(self.word)
        first.addWidget(self.place, 1)
        inside = QVBoxLayout(self.tile)
        inside.setContentsMargins(10, 4, 10, 4)
        inside.setSpacing(2)
        inside.addLayout(first)
        inside.addWidget(self.detail)
        inside.addWidget(self.progress)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 6, 4)
        row.setSpacing(8)
        row.addWidget(self.tile, 1)
        for label in (self.checks, self.ends, self.badge):
            row.addWidget(label)
        for button in self.buttons.values():
            row.addWidget(button)
        self.tile.setMinimumWidth(240)

    def _button(self, verb: str) -> QPushButton:
        button = QPushButton(_TEXTS[verb], self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click takes the keyboard from nobody
        button.setObjectName(verb)
        button.setAccessibleName(_TEXTS[verb])
        button.setAccessibleDescription(_MEANING[verb])
        if verb == ABORT:
            button.setProperty("role", "abort")
        button.clicked.connect(lambda *_: self.asked.emit(verb))
        return button

    def show_view(self, view: BannerView) -> None:
        """Show another view."""
        self.view = view
        look, tokens = view.state.value, theme.current()
        tone = look.in_theme(tokens)
        theme.wear(
            self.tile,
            f"QFrame {{ background: {tone.fill}; border: 2px solid {tone.ink}; border-radius: 4px; }}"
            f"QLabel {{ color: {tone.ink}; background: transparent; border: none; }}"
            f"QProgressBar {{ background: {tokens.base}; border: none; }}"
            f"QProgressBar::chunk {{ background: {tone.ink}; }}",
        )
        theme.depict(self.icon, look.icon, tone.ink, round(self.fontMetrics().height() * 1.2))
        self.word.setText(look.word)
        self.place.set_text(view.place)
        self.detail.set_text(view.detail)
        self.progress.setVisible(view.progress is not None)
        self.progress.setUpdatesEnabled(False)  # else it is drawn at once, and all that has changed with it
        self.progress.setValue(round(view.progress or 0))
        self.progress.setUpdatesEnabled(True)
        checks = [f"{'✓' if done else '✗'} {what}" for what, done in view.checks]
        self.checks.setText("\n".join("  ".join(checks[i : i + 2]) for i in range(0, len(checks), 2)))
        self.checks.setVisible(bool(view.checks))
        self.ends.setText(view.ends)
        self.ends.setVisible(bool(view.ends))
        self.badge.setText(view.badge)
        self.badge.setVisible(bool(view.badge))
        badge = tokens.lost
        theme.wear(
            self.badge,
            f"color: {badge.ink}; background: {badge.fill}; border: 2px dashed {badge.ink};"
            " padding: 6px; font-weight: bold;",
        )
        self._show_verbs(view)
        self.setAccessibleDescription(view.words)

    def _show_verbs(self, view: BannerView) -> None:
        tokens = theme.current()
        for verb, button in self.buttons.items():
            reason = view.why_not.get(verb, "")
            button.setEnabled(not reason)
            button.setToolTip(f"{reason}.\n{_MEANING[verb]}" if reason else _MEANING[verb])
            colour = tokens.base if verb == ABORT else tokens.disabled if reason else tokens.text
            button.setIcon(theme.icon(_ICONS[verb], colour))

    def pause_or_resume(self) -> None:
        verb = RESUME if PAUSE in self.view.why_not else PAUSE
        if verb not in self.view.why_not:
            self.asked.emit(verb)

    def skip(self) -> None:
        if SKIP not in self.view.why_not:
            self.asked.emit(SKIP)

    def listen(self, on: bool) -> None:
        """Hear every event of the application, or none for a moment: a change of the theme has a hundred thousand."""
        app = QApplication.instance()
        if app is not None:
            (app.installEventFilter if on else app.removeEventFilter)(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
            if control and event.key() == Qt.Key.Key_Period and self.isVisible():
                self.asked.emit(ABORT)
                return True
        return False
