"""Results of runs of a queue, looked up for the conditions of later items."""

import math
from collections.abc import Sequence
from pathlib import Path

from coldfinger.analysis.fits.fit import Fit, fit_best
from coldfinger.analysis.network import Network
from coldfinger.procedures.engine.items import RUN, Item
from coldfinger.procedures.family import FIT_TO, curve_of
from coldfinger.procedures.plans.conditions import Quantity, evaluate, value_in
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.parts import Parts, read_parts

_FROM_FIT = ("sigma_QF", "rho_QF", "E_a")


def why_not(item: Item, items: Sequence[Item], data: Path) -> str:
    """ "" when the condition of an item holds, else one sentence; looks at the runs before it, newest first."""
    place = next(number for number, other in enumerate(items) if other.id == item.id)
    earlier = [other for other in items[:place] if other.kind == RUN and other.folders]
    judgement = evaluate(item.only_if, lambda quantity: _value(quantity, earlier, data))
    return "" if judgement.holds else f"only if {item.only_if}; but {judgement.reason}"


def _value(quantity: Quantity, earlier: Sequence[Item], data: Path) -> float:
    for item in reversed(earlier):
        if quantity.of in ("", item.name):
            parts = parts_of(item, data)
            if parts is None:
                return math.nan
            return value_in(parts.frame, quantity, _fit(parts) if quantity.name in _FROM_FIT else None)
    return math.nan


def parts_of(item: Item, data: Path) -> Parts | None:
    """All rows of an item's run, its parts joined; None when they cannot be read."""
    try:
        return read_parts([data / folder for folder in item.folders])
    except (RunFileError, ValueError):
        return None


def _fit(parts: Parts) -> Fit | None:
    network = Network(**parts.runs[0].header["network"])
    try:
        return fit_best(curve_of(parts.frame), T_max=FIT_TO, loading=network.loading_conductance())
    except ValueError:
        return None
