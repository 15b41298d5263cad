"""Buttons in a row, of which one is chosen."""

from collections.abc import Iterable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QToolButton, QWidget

from coldfinger.gui.look import theme


def choice_of(texts: Iterable[tuple[str, str]], parent: QWidget) -> QButtonGroup:
    """A button for each (text, tooltip), numbered from 0; the first is chosen. The caller lays them out."""
    group = QButtonGroup(parent)
    for number, (text, tip) in enumerate(texts):
        button = QToolButton(parent)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(f"{text}: {tip}")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setChecked(number == 0)
        group.addButton(button, number)
    return group


def dress_choices(groups: Sequence[QButtonGroup]) -> None:
    """What is chosen is filled; a style of its own shows it too faintly in the dark."""
    tokens = theme.current()
    for group in groups:
        for button in group.buttons():
            button.setStyleSheet(
                f"QToolButton {{ padding: 2px 5px; border: 1px solid {tokens.edge}; border-radius: 3px; }}"
                f"QToolButton:checked {{ background: {tokens.accent}; color: {tokens.on_accent}; }}"
                f"QToolButton:focus {{ border: 2px solid {tokens.text}; padding: 1px 4px; }}"
            )
