"""Results of runs of a queue, looked up for the conditions of later items."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from coldfinger.analysis.fit import Fit, fit_best
from coldfinger.procedures.continuing import read_parts
from coldfinger.procedures.data.disk import RunFileError
from coldfinger.procedures.engine.conditions import Quantity, evaluate, value_in
from coldfinger.procedures.engine.items import RUN, Item
from coldfinger.procedures.family import FIT_TO, curve_of

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
            frame = frame_of(item, data)
            if frame is None:
                return math.nan
            return value_in(frame, quantity, _fit(frame) if quantity.name in _FROM_FIT else None)
    return math.nan


def frame_of(item: Item, data: Path) -> pd.DataFrame | None:
    """All rows of an item's run, its parts joined; None when no part can be read."""
    try:
        frame: pd.DataFrame = read_parts([data / folder for folder in item.folders]).frame
    except (RunFileError, ValueError):
        return None
    return frame


def _fit(frame: pd.DataFrame) -> Fit | None:
    try:
        return fit_best(curve_of(frame), T_max=FIT_TO)
    except ValueError:
        return None


def fit_of(item: Item, data: Path) -> tuple[Any, Fit | None]:
    """Rows and fit of an item's run; None for what there is not."""
    frame = frame_of(item, data)
    return frame, None if frame is None else _fit(frame)
