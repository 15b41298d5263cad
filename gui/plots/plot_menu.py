"""The context menu of a plot: everything that can be done with it, with the keys that do the same."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMenu

if TYPE_CHECKING:
    from coldfinger.gui.plots.plot import Plot


def menu_of(plot: "Plot") -> QMenu:
    """A menu for the plot as it is now."""
    menu = QMenu(plot)

    def add(text: str, act: Any, checked: bool | None = None) -> None:
        action = menu.addAction(text)
        if action is not None:
            action.setCheckable(checked is not None)
            action.setChecked(bool(checked))
            action.triggered.connect(lambda *_: act())

    x_log, y_log = plot.log
    add("Show all\tA", plot.show_all)
    add("Logarithmic y\tL", lambda: plot.set_log(x_log, not y_log), y_log)
    add("Logarithmic x\tShift+L", lambda: plot.set_log(not x_log, y_log), x_log)
    add("Grid\tG", lambda: plot.set_grid(not plot.grid), plot.grid)
    add("Error bars\tE", lambda: plot.set_bars(not plot.bars), plot.bars)
    add("Next normalisation\tN", plot.next_normalisation)
    add("Cursors\tC", lambda: plot.set_cursors(not plot.cursors.shown), plot.cursors.shown)
    menu.addSeparator()
    for action in plot.copies.actions(menu):
        menu.addAction(action)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu
