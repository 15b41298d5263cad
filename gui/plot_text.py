"""A plot as text: a table for other programs, and a Python script that draws it again."""

import csv
import io
from collections.abc import Sequence

from coldfinger.gui.series import Quantity, Series
from coldfinger.runfiles.quality import names


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


def python_text(series: Sequence[Series], x: Quantity, y: Quantity, log: tuple[bool, bool], badge: str = "") -> str:
    """A script for matplotlib with all numbers in it; rows that must not be believed are crosses."""
    lines = ["import matplotlib.pyplot as plt", "from math import inf, nan", "", "figure, axes = plt.subplots()"]
    for one in series:
        good, bad = ~one.doubted, one.doubted
        lines.append(f"x = {one.x[good].tolist()!r}")
        lines.append(f"y = {one.y[good].tolist()!r}")
        sd = f", yerr={one.sd[good].tolist()!r}" if len(one.sd) else ""
        lines.append(f'axes.errorbar(x, y{sd}, fmt="o-", markersize=3, linewidth=1, label={one.name!r})')
        if bad.any():
            lines.append(f'axes.plot({one.x[bad].tolist()!r}, {one.y[bad].tolist()!r}, "x", label="not believed")')
    for axis, is_log in zip("xy", log, strict=True):
        if is_log:
            lines.append(f'axes.set_{axis}scale("log")')
    lines += [f"axes.set_xlabel({x.text!r})", f"axes.set_ylabel({y.text!r})", "axes.legend()"]
    if badge:
        lines.append(f"axes.set_title({badge!r})")
    return "\n".join([*lines, "plt.show()", ""])
