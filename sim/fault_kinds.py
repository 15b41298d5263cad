"""The kinds of trouble: where each can strike, how long it lasts by itself, and what it does to the laboratory.

Trouble on the wire is carried out where messages are carried (`faults.py`). Trouble in the laboratory sets one plain
attribute of the physics and puts it back when it is over.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

INSTRUMENTS = ("lock-in", "bridge", "magnet", "bias", "controller", "generator", "second lock-in")
CRYOSTAT = "cryostat"
HEATER_PLACES = ("bridge", "controller")  # where the heater is: the bridge has it only where there is no controller
OPEN_FILM, SHORT_FILM = 1e12, 1e-6  # ohm/sq
OPEN_SENSOR = 1e9  # ohm
_HOT = 1e3  # K, what a loop is given whose sensor is lost: it switches its heater off

Undo = Callable[[], None]


@dataclass(frozen=True)
class Kind:
    """Where a kind can strike, what its number means, and how long it lasts when nothing is said.

    `lasts`: "message" one message or reply, "state" until it is cleared, or a number of seconds.
    """

    places: tuple[str, ...]
    lasts: str | float = "state"
    number: str = ""  # what `value` is, with its unit; empty: the kind takes none
    default: float = 0.0
    start: Callable[["Cryostat", float, str], Undo] | None = None  # None: on the wire


def _nothing() -> None:
    pass


def _overload(lab: "Cryostat", volts: float, _: str) -> Undo:
    lab.lockin.pickup += volts

    def undo() -> None:
        lab.lockin.pickup -= volts

    return undo


def _unlock(lab: "Cryostat", _: float, __: str) -> Undo:
    lab.lockin.unlocked = True
    return lambda: setattr(lab.lockin, "unlocked", False)


def _film(resistivity: float) -> Callable[["Cryostat", float, str], Undo]:
    def start(lab: "Cryostat", _: float, __: str) -> Undo:
        lab.forced_resistivity = resistivity
        return lambda: setattr(lab, "forced_resistivity", None)

    return start


def _range_stuck(lab: "Cryostat", _: float, where: str) -> Undo:
    stuck = lab.lockin if where == "lock-in" else lab.inputs["A" if where == "controller" else "1"]
    stuck.range_stuck = True
    return lambda: setattr(stuck, "range_stuck", False)


def _heater_open(lab: "Cryostat", _: float, __: str) -> Undo:
    lab.loop.heater_open = True
    return lambda: setattr(lab.loop, "heater_open", False)


def _heater_stuck(lab: "Cryostat", amperes: float, _: str) -> Undo:
    lab.loop.heater_stuck, lab.loop.stuck_current = True, amperes

    def undo() -> None:
        lab.loop.heater_stuck, lab.loop.stuck_current = False, 0.0

    return undo


def _cooling_lost(lab: "Cryostat", watts: float, _: str) -> Undo:
    chamber = lab.mixing_chamber
    chamber.cooling, chamber.leak = False, watts

    def undo() -> None:
        chamber.cooling, chamber.leak = True, 0.0

    return undo


def _drift(lab: "Cryostat", kelvin_per_second: float, _: str) -> Undo:
    lab.mixing_chamber.drift = kelvin_per_second
    return lab.mixing_chamber.restore_base


def _quench(lab: "Cryostat", _: float, __: str) -> Undo:
    lab.magnet.quenched = True
    return _nothing  # only the supply's own acknowledgement ends a quench


def _switch_stuck(lab: "Cryostat", _: float, __: str) -> Undo:
    lab.magnet.switch_stuck = True
    return lambda: setattr(lab.magnet, "switch_stuck", False)


def _sensor_lost(name: str) -> Callable[["Cryostat", float, str], Undo]:
    def start(lab: "Cryostat", ohms: float, _: str) -> Undo:
        lab.inputs[name].forced = ohms
        if name == "A":
            lab.control_reading = _HOT

        def undo() -> None:
            lab.inputs[name].forced = None
            if name == "A":
                lab.control_reading = None

        return undo

    return start


def _sensor_stale(name: str) -> Callable[["Cryostat", float, str], Undo]:
    def start(lab: "Cryostat", _: float, __: str) -> Undo:
        sensor = lab.inputs[name]
        sensor.frozen = sensor.resistance(lab.now)
        if name == "A":
            lab.control_reading = lab.mixing_chamber_temperature(lab.now)

        def undo() -> None:
            sensor.frozen = None
            if name == "A":
                lab.control_reading = None

        return undo

    return start


KINDS = {
    "silence": Kind(INSTRUMENTS),
    "garbage": Kind(INSTRUMENTS, "message"),
    "truncated reply": Kind(INSTRUMENTS, "message"),
    "late reply": Kind(INSTRUMENTS, "message", "lateness in s", 5.0),
    "duplicated reply": Kind(INSTRUMENTS, "message"),
    "lost command": Kind(INSTRUMENTS, "message"),
    "wrong terminator": Kind(INSTRUMENTS, "message"),
    "slow bus": Kind(INSTRUMENTS, "state", "additional time of each message in s", 0.5),
    "disconnect": Kind(INSTRUMENTS, "message"),
    "power cycle": Kind(INSTRUMENTS, 5.0),
    "overload": Kind(("lock-in",), "state", "signal at the input in V rms", 2.0, _overload),
    "reference unlock": Kind(("lock-in",), start=_unlock),
    "open sample": Kind((CRYOSTAT,), start=_film(OPEN_FILM)),
    "short": Kind((CRYOSTAT,), start=_film(SHORT_FILM)),
    "range stuck": Kind(("bridge", "lock-in", "controller"), start=_range_stuck),
    "heater open": Kind(HEATER_PLACES, start=_heater_open),
    "heater stuck at full": Kind(
        HEATER_PLACES, "state", "current in A; 0: full scale of the range", 0.0, _heater_stuck
    ),
    "cooling lost": Kind((CRYOSTAT,), "state", "heat leak in W", 1e-3, _cooling_lost),
    "drifting base": Kind((CRYOSTAT,), "state", "drift in K/s", 1e-6, _drift),
    "quench": Kind(("magnet",), 0.0, start=_quench),
    "switch heater stuck": Kind(("magnet",), start=_switch_stuck),
    "sensor out of range": Kind(("bridge",), "state", "resistance in ohm", OPEN_SENSOR, _sensor_lost("1")),
    "control sensor out of range": Kind(HEATER_PLACES, "state", "resistance in ohm", OPEN_SENSOR, _sensor_lost("A")),
    "stale scanner": Kind(("bridge",), start=_sensor_stale("1")),
    "stale sensor": Kind(HEATER_PLACES, start=_sensor_stale("A")),
}
"""Every kind by its name. A stale scanner leaves the sample's thermometer behind, a stale sensor the loop's."""

REPLY_KINDS = {"garbage", "truncated reply", "late reply", "duplicated reply", "wrong terminator"}
DEAD_KINDS = {"disconnect", "power cycle"}
FOR_EVER = math.inf
