"""Every model that a station may have: its driver, how its lines end, the roles that it can fill, keys of its own.

Nothing is imported here: a station file is checked without a driver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coldfinger.procedures.laboratory.keys import Key

ROLES = ("lockin", "source", "controller", "bridge", "magnet", "bias")


@dataclass(frozen=True)
class Model:
    """One model; it has a counterpart of the same name in the simulator. `options` are keys of its own."""

    driver: str  # module:class
    roles: tuple[str, ...]
    reply_end: str = "\n"
    command_end: str = "\n"
    options: Mapping[str, Key] = field(default_factory=dict)
    auxiliaries: bool = False  # it has auxiliary outputs 1 to 4
    offset: bool = False  # its sine output can have a dc offset


_CHANNEL = Key("integer", 1, low=1, high=16)  # of the bridge

MODELS: dict[str, Model] = {
    "SR830": Model("srs:SR830", ("lockin", "source", "bias"), auxiliaries=True),
    "SR860": Model("sr860:SR860", ("lockin", "source", "bias"), auxiliaries=True, offset=True),
    "SR865A": Model("sr860:SR865A", ("lockin", "source", "bias"), auxiliaries=True, offset=True),
    "Keysight33511B": Model("keysight:Keysight33511B", ("source", "bias"), offset=True),
    "LakeShore372": Model(
        "lakeshore:LakeShore372",
        ("controller", "bridge"),
        "\r\n",
        options={"channel": _CHANNEL, "control_input": Key("text", "A", choices=("A", *map(str, range(1, 17))))},
    ),
    "LakeShore370": Model(
        "lakeshore370:LakeShore370",
        ("controller", "bridge"),
        "\r\n",
        options={"channel": _CHANNEL, "control_input": Key("text", "2", choices=tuple(map(str, range(1, 17))))},
    ),
    "Triton": Model(
        "triton:Triton",
        ("controller",),
        "\r\n",
        options={"heater_resistance": Key("resistance", 120.0, low=1, high=1e4)},
    ),
    "AMI430": Model("ami:AMI430", ("magnet",), "\r\n"),
    "MercuryIPS": Model(
        "mercury_ips:MercuryIPS",
        ("magnet",),
        options={
            "group": Key("text", "GRPZ", choices=("GRPX", "GRPY", "GRPZ")),
            "word": Key("text", "", choices=("", "PSU", "SPSU")),
        },
    ),
    "IPS120": Model(
        "ips120:IPS120",
        ("magnet",),
        "\r",
        "\r",
        options={"coil_constant": Key("coil constant", low=1e-6, high=10)},
    ),
    "GS200": Model("yokogawa:GS200", ("bias",)),
}
"""By the name that a station file gives under `driver`."""


def models_for(role: str) -> tuple[str, ...]:
    """The models that can fill a role."""
    return tuple(name for name, model in MODELS.items() if role in model.roles)


SINE_OFFSET = 0
"""As bias.auxiliary_output: no auxiliary output, but the dc offset of the sine output."""


def offset_wanted(model: str, bias: Mapping[str, Any]) -> bool:
    """Whether a model in the role of the bias gives it as an offset, for the table [bias]."""
    known = MODELS[model]
    return known.offset and (not known.auxiliaries or bias["auxiliary_output"] == SINE_OFFSET)
