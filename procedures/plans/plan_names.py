"""Which procedures and families a plan can name, what they are called there, and what their runs are called."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from coldfinger.procedures.engine.build import RUNNABLE, procedure_class
from coldfinger.procedures.plans.plan_lines import did_you_mean
from coldfinger.procedures.plans.plan_values import ValueMistake

ALIASES = {"R(T)": "TemperatureRamp", "R(H)": "FieldSweep", "dV/dI": "DifferentialResistance"}

CHECKS = {
    "linearity": "LinearityCheck",
    "frequency": "FrequencyCheck",
    "heating": "HeatingCheck",
    "lead": "LeadCheck",
    "leads": "LeadCheck",
    "thermometer": "ThermometerCheck",
}
"""Belief tests as a plan names them."""

_TITLES = {
    "TemperatureRamp": "R(T) at {field:g} Oe",
    "AdaptiveRamp": "adaptive R(T) at {field:g} Oe",
    "FieldSweep": "R(H) at {mK:g} mK",
    "LowFieldMagnetoresistance": "magnetoresistance at {mK:g} mK",
    "ZeroField": "zero field at {mK:g} mK",
    "DifferentialResistance": "dV/dI at {mK:g} mK and {field:g} Oe",
}

KEYS = {"field_Oe": ("field", "Oe"), "temperature_K": ("temperature", "K")}
"""What can differ within a family: the manifest's name, the parameter and its unit."""


@dataclass(frozen=True)
class FamilyKind:
    """A family as plans know it: its kind, and by which lists of values its runs can differ."""

    kind: str
    procedures: tuple[str, ...]  # the first is the usual one
    lists: dict[str, str]  # key of the plan -> a key of KEYS


FAMILIES = {
    "RTFamily": FamilyKind("R(T) family", ("TemperatureRamp", "AdaptiveRamp"), {"fields": "field_Oe"}),
    "FieldFamily": FamilyKind("R(H) family", ("FieldSweep",), {"temperatures": "temperature_K"}),
    "BiasFamily": FamilyKind(
        "dV/dI family", ("DifferentialResistance",), {"fields": "field_Oe", "temperatures": "temperature_K"}
    ),
}
_FAMILY_ALIASES = {
    **{family.kind: name for name, family in FAMILIES.items()},
    "R(T)": "RTFamily",
    "R(H)": "FieldFamily",
    "dV/dI": "BiasFamily",
}


def procedure_name(value: object) -> str:
    """The procedure that `run = ...` means; raises ValueMistake."""
    return _known(value, "run", RUNNABLE, ALIASES)


def family_name(value: object) -> str:
    """The family that `family = ...` means; raises ValueMistake."""
    return _known(value, "family", tuple(FAMILIES), _FAMILY_ALIASES)


def _known(value: object, what: str, names: tuple[str, ...], aliases: dict[str, str]) -> str:
    if not isinstance(value, str):
        raise ValueMistake(f'{what} = {value!r} is not a name in quotes; write {what} = "{names[0]}"'[:300])
    plain = {_plain(name): name for name in names} | {_plain(alias): name for alias, name in aliases.items()}
    if _plain(value) in plain:
        return plain[_plain(value)]
    raise ValueMistake(f"{what} = {value[:60]!r} is unknown; {did_you_mean(value, (*names, *aliases))}")


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]", "", text).lower()


@cache
def parameters_of(procedure: str) -> dict[str, Any]:
    """pymeasure's parameter objects of a procedure, with their defaults; not to be changed."""
    return dict(procedure_class(procedure)().parameter_objects())


def with_defaults(procedure: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """All parameters of a procedure: the given ones, and its own defaults for the others."""
    return {name: parameter.default for name, parameter in parameters_of(procedure).items()} | parameters


def title(procedure: str, parameters: dict[str, Any]) -> str:
    """What a run is called that has no name of its own."""
    if procedure in CHECKS.values():
        return f"{next(name for name, check in CHECKS.items() if check == procedure)} test"
    values = with_defaults(procedure, parameters)
    if "temperature" in values:
        values["mK"] = float(f"{values['temperature'] * 1e3:.6g}")
    return _TITLES.get(procedure, procedure).format(**values)
