"""From an item of the queue to the procedure that carries it out."""

from typing import Any

import coldfinger.procedures as face
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.words.quantity import OERSTED


class ItemError(ValueError):
    """An item that cannot be carried out as it stands; one sentence."""


RUNNABLE = tuple(name for name in face.__all__ if name[0].isupper() and not name.endswith("Family"))
"""Procedures that a queue can name. They come from this list and from nowhere else."""


def procedure_class(name: str) -> type[TransportProcedure]:
    """The procedure of that name; raises ItemError for any other text."""
    if name not in RUNNABLE:
        raise ItemError(f"procedure {name!r} is unknown; allowed are {', '.join(RUNNABLE)}")
    kind: type[TransportProcedure] = getattr(face, name)
    return kind


def procedure_of(item: Item) -> TransportProcedure:
    """A fresh procedure with the item's parameters; raises ItemError for one that it does not have or take."""
    kind = procedure_class(item.procedure)
    known = kind().parameter_objects()
    if unknown := sorted(set(item.parameters) - set(known)):
        raise ItemError(
            f"item {item.id}, {item.name}: {', '.join(unknown)} is not a parameter of {item.procedure}; "
            f"allowed are {', '.join(sorted(known))}"
        )
    try:
        procedure = kind(**item.parameters)
        procedure.parameter_objects()  # only here pymeasure looks at types and choices
    except ValueError as error:
        raise ItemError(f"item {item.id}, {item.name}: {error}") from error
    return procedure


_SHARE_LEFT = 0.7  # of the tolerance, by which the sample is still off when it counts as arrived


def end_of(procedure: TransportProcedure, since: Whereabouts) -> Whereabouts:
    """Where a procedure that began at `since` leaves field and temperature."""
    values: dict[str, Any] = {name: parameter.value for name, parameter in procedure.parameter_objects().items()}
    if values.get("where") == "here":
        return since
    turning = getattr(procedure, "turning_points", None)
    field = values.get("field") if turning is None else turning()[-1]
    temperatures = _temperatures(procedure, values, sweeps=turning is not None)
    return Whereabouts(
        since.field if field is None else field * OERSTED,
        _arrived(temperatures, values.get("tolerance", 0.0)) if temperatures else since.temperature,
    )


def _temperatures(procedure: TransportProcedure, values: dict[str, Any], sweeps: bool) -> list[float]:
    """The first and the last temperature (K) of a procedure, or its only one."""
    if not sweeps and "stop" in values:
        visited = getattr(procedure, "set_temperatures", None)
        return [values["start"], values["stop"]] if visited is None else [visited()[0], visited()[-1]]
    return [values["temperature"]] if values.get("temperature") else []


def _arrived(temperatures: list[float], tolerance: float) -> float:
    first, last = temperatures[0], temperatures[-1]
    return last * (1.0 + _SHARE_LEFT * tolerance) if first > last else last
