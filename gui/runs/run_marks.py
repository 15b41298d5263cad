"""Colour and symbol of a run: the same in the list, in every plot and in every table until the window is closed."""

from pathlib import Path

from coldfinger.gui.look import theme
from coldfinger.gui.plots.curve import SYMBOLS


class RunMarks:
    """Marks in the order in which runs are first asked for; colours are those of the theme in use.

    Numbers of colours and symbols have no common factor, so that 56 runs differ in one of the two at least.
    """

    def __init__(self) -> None:
        self._numbers: dict[Path, int] = {}
        self._known: dict[Path, int] = {}  # by the path as it was asked for: to resolve it asks the disk

    def mark_of(self, folder: Path) -> tuple[str, str]:
        """Colour "#RRGGBB" and a symbol of plots, such as "o"."""
        number = self._known.get(folder)
        if number is None:
            number = self._numbers.setdefault(Path(folder).resolve(), len(self._numbers))
            self._known[folder] = number
        colours = theme.current().series
        return colours[number % len(colours)], SYMBOLS[number % len(SYMBOLS)]
