"""The ticked runs over one another: ramps over temperature, sweeps over field; divided by one of them if wanted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from qtpy.QtWidgets import QWidget

from coldfinger.gui.pages.page import CurvePage, Marks
from coldfinger.gui.pages.run_curves import (
    X_AXES,
    Y_AXES,
    Axis,
    axis,
    curve_of,
    doubted_rows,
    is_ramp,
    is_slopes,
    is_sweep,
    label_of,
    temperature_of,
)
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.pages.standing_fields import FieldRows
from coldfinger.gui.plots.curve import Style
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Normalise, Quantity, Series, ratio


class FamilyPage(CurvePage):
    """The ticked runs over one another."""

    title = "R(T) &family"
    tip = "The ticked runs over one another, each in its colour and symbol (Alt+2)."

    def __init__(self, marks: Marks, parent: QWidget | None = None) -> None:
        plot = Plot(X_AXES[0].quantity, Y_AXES[0].quantity, twin=Quantity("1/T", "1/K"))
        super().__init__(marks, plot, parent)
        self.y_box = self.controls.combo("y axis", "What is plotted.", ["ρ", "R", "θ"], lambda _: self.refresh())
        self.x_box = self.controls.combo(
            "x axis",
            "Against what: T or 1/T shows ramps, H shows sweeps of the field.",
            ["T", "1/T", "H"],
            self._choose_x,
        )
        self.by_field = self.controls.tick(
            "by field",
            "Colour ramps by their field, sweeps by their temperature, dark to bright, instead of run by run.",
            self._choose_colours,
        )
        self.ratio = self.controls.tick(
            "ratio",
            "Divide by the reference run, interpolated; M in the list of runs marks it, R divides by it.",
            self._choose_ratio,
        )
        self._reference: Path | None = None
        self._y_was_log = False
        self.show_ratio(None)
        plot.set_log(True, False)
        self.refresh()

    def show_ratio(self, reference: Path | None) -> None:
        """Divide every curve by that of this run, its reference; None shows them as they were measured."""
        self._reference = reference or self._reference
        self.ratio.setChecked(reference is not None)
        self.ratio.setVisible(self._reference is not None)
        self._shown.clear()
        if reference is not None:
            self.plot.set_normalise(Normalise.PLAIN)

    def _choose_ratio(self, on: bool) -> None:
        self.show_ratio(self._reference if on else None)
        self.refresh()

    def _curve(self, rows: RunRows, x: Axis, y: Axis, name: str, offset: float) -> Series | None:
        own = curve_of(rows, x, y, name, offset)
        if self._divisor is None or own is None:
            return own
        divisor = curve_of(self._divisor, x, y, name)
        return ratio(own, divisor) if divisor is not None else None

    def _choose_x(self, key: str) -> None:
        plot = self.plot
        arrhenius, was = key == "1/T", plot.quantity_x.name == "1/T"
        if arrhenius and not was:
            self._y_was_log = plot.log[1]  # it comes back with another x
        plot.set_log(key == "T", arrhenius or (self._y_was_log if was else plot.log[1]))
        plot.item.show_axis("top", key != "H")
        self.by_field.setText("by T" if key == "H" else "by field")
        if key != "H":
            plot.axes["top"].show_quantity(Quantity("1/T", "1/K") if key == "T" else Quantity("T", "K"))
        self.refresh()

    def _choose_colours(self, on: bool) -> None:
        self._ordered = on
        self._shown.clear()
        self.refresh()

    def refresh(self) -> None:
        now, ticked = self._given
        runs = list({rows.folder: rows for rows in (*ticked, *((now,) if now else ()))}.values())
        x, y = axis(X_AXES, self.x_box.currentText()), axis(Y_AXES, self.y_box.currentText())
        runs = [rows for rows in runs if not (x.key == "H" and isinstance(rows, FieldRows))]
        fit = [rows for rows in runs if not is_slopes(rows) and is_ramp(rows) != (x.key == "H")]
        place = temperature_of if x.key == "H" else _field
        fit.sort(key=lambda rows: (not np.isfinite(place(rows)), place(rows), rows.name))
        curves = {}
        for rows in fit:
            colour, symbol = self.marks.mark_of(rows.folder)
            style = Style("", symbol) if self._ordered else Style(colour, symbol)
            curves[str(rows.folder)] = (rows, (label_of(rows), 0.0), style)
        wanted = self._reference if self.ratio.isChecked() else None
        self._divisor = next((rows for rows in fit if rows.folder == wanted), None)
        if self._divisor is not None:
            name = f"{y.quantity.name} / {y.quantity.name} of {label_of(self._divisor)}"
            y = replace(y, key=f"{y.key}/{wanted}", quantity=Quantity(name))
        self.show_curves(curves, x, y)
        at_fields = [rows for rows in fit if isinstance(rows, FieldRows)]
        sweeps = {folder for rows in at_fields for folder in rows.sweeps}
        left = [rows for rows in runs if rows not in fit and rows.folder not in sweeps]
        bad = sum(doubted_rows(rows) for rows in fit)
        kind = "sweeps of the field" if x.key == "H" else "ramps"
        if at_fields:
            text = f"{len(at_fields)} fields at which {len(sweeps)} sweeps of the field stood"
            text += f", {len(fit) - len(at_fields)} ramps" if len(fit) > len(at_fields) else ""
        else:
            text = f"{len(fit)} {kind}" if fit else f"No {kind} are ticked: tick some in the list of runs"
        text += f", {bad} rows not believed (crosses)" if bad else ""
        if wanted is not None:
            lost = "" if self._divisor is not None else " (not among the runs that are shown: as measured)"
            text += f"; divided by {wanted.name}{lost}, where both were measured"
        if left:
            hint = ": H on the x axis shows sweeps" if x.key != "H" and any(is_sweep(rows) for rows in left) else ""
            text += f"; {len(left)} ticked runs of another kind are not shown here{hint}."
        self.words.setText(text)


def _field(rows: RunRows) -> float:
    return rows.field
