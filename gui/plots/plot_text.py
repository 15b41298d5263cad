"""A plot as text: a table for other programs, and a Python script that draws it again."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from coldfinger.gui.plots.series import Array, Quantity, Series
from coldfinger.runfiles.quality import names

_MARKERS = {"o": "o", "s": "s", "t": "v", "t1": "^", "d": "D", "p": "p", "h": "h", "star": "*"}
_LINES = {"solid": "-", "dash": "--", "none": "none"}


@dataclass(frozen=True)
class Look:
    """How a curve looks in the plot, so that a script draws it as it was: what is hollow there is hollow here."""

    colour: str = ""
    symbol: str = "o"
    line: str = "solid"
    hollow: bool = False

    @property
    def text(self) -> str:
        """As arguments for matplotlib; "" for a symbol is none."""
        marker = _MARKERS.get(self.symbol, "none") if self.symbol else "none"
        said = {"marker": marker, "linestyle": _LINES[self.line], "markersize": 4, "linewidth": 1}
        if self.colour:
            said["color"] = self.colour
        if self.hollow:
            said["markerfacecolor"] = "none"
        return ", ".join(f"{name}={value!r}" for name, value in said.items())


def csv_text(series: Sequence[Series], x: Quantity, y: Quantity, badge: str = "") -> str:
    """One line a row: curve, x, y, s.d., reasons of doubt; a simulation says so in the first line."""
    out = io.StringIO()
    if badge:
        out.write(f"# {badge}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["curve", x.text, y.text, f"{y.name} s.d.{f' ({y.unit})' if y.unit else ''}", "remarks"])
    for one in series:
        for i in range(len(one.x)):
            sd = repr(float(one.sd[i])) if len(one.sd) else ""
            remarks = ", ".join(names(int(one.flags[i]))) if len(one.flags) else ""
            writer.writerow([one.name, repr(float(one.x[i])), repr(float(one.y[i])), sd, remarks])
    return out.getvalue()


def python_text(
    series: Sequence[Series],
    x: Quantity,
    y: Quantity,
    log: tuple[bool, bool],
    badge: str = "",
    looks: Sequence[Look] = (),
) -> str:
    """A script for matplotlib with all numbers in it; rows that must not be believed are crosses."""
    lines = ["import matplotlib.pyplot as plt", "from math import inf, nan", "", "figure, axes = plt.subplots()"]
    for one, look in zip(series, looks or [Look()] * len(series), strict=True):
        good, bad = ~one.doubted, one.doubted
        lines.append(f"x = {one.x[good].tolist()!r}")
        lines.append(f"y = {one.y[good].tolist()!r}")
        sd = f", yerr={one.sd[good].tolist()!r}" if len(one.sd) else ""
        lines.append(f"axes.errorbar(x, y{sd}, {look.text}, label={one.name!r})")
        if bad.any():
            pair, colour = f"{one.x[bad].tolist()!r}, {one.y[bad].tolist()!r}", look.colour or "gray"
            lines.append(f'axes.plot({pair}, "x", color={colour!r}, label="not believed")')
    for axis, is_log in zip("xy", log, strict=True):
        if is_log:
            lines.append(f'axes.set_{axis}scale("log")')
    lines += [f"axes.set_xlabel({x.text!r})", f"axes.set_ylabel({y.text!r})"]
    if any(one.name for one in series):
        lines.append("axes.legend()")
    if badge:
        lines.append(f"axes.set_title({badge!r})")
    return "\n".join([*lines, "plt.show()", ""])


def map_csv_text(T: Array, H: Array, z: Array, quantities: tuple[Quantity, Quantity, Quantity], badge: str = "") -> str:
    """One line a cell that is known: x, y, value; `z` has the shape (len(T), len(H)) and nan where nothing is known."""
    out = io.StringIO()
    if badge:
        out.write(f"# {badge}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([quantity.text for quantity in quantities])
    for i, t in enumerate(T.tolist()):
        writer.writerows([t, h, value] for h, value in zip(H.tolist(), z[i].tolist(), strict=True) if value == value)
    return out.getvalue()


def map_python_text(
    T: Array, H: Array, z: Array, quantities: tuple[Quantity, Quantity, Quantity], badge: str = ""
) -> str:
    """A script for matplotlib with all numbers of a map over log T in it, six digits each."""
    rows = ",\n".join("    [" + ", ".join(f"{value:.6g}" for value in row) + "]" for row in z.T.tolist())
    x, y, value = quantities
    lines = [
        "import matplotlib.pyplot as plt",
        "from math import nan",
        "",
        f"T = {T.tolist()!r}",
        f"H = {H.tolist()!r}",
        f"z = [\n{rows},\n]",
        "figure, axes = plt.subplots()",
        'image = axes.pcolormesh(T, H, z, shading="nearest")',
        f"figure.colorbar(image, label={value.text!r})",
        'axes.set_xscale("log")',
        f"axes.set_xlabel({x.text!r})",
        f"axes.set_ylabel({y.text!r})",
        *([f"axes.set_title({badge!r})"] if badge else []),
    ]
    return "\n".join([*lines, "plt.show()", ""])
