"""The places of a rack: which instrument may stand where, and what of the laboratory it is connected to.

A place is a set of wires. Only one instrument can stand in each, because two supplies on one coil or two heaters' loops
on one mixing chamber would fight; a second lock-in has wires to a film of its own. Where a controller and a bridge are
two boxes, the controller has the mixing chamber's thermometer and the heater and the bridge the chip's thermometer; the
inputs that each of them has beside those are open. Otherwise the bridge has all of it.
"""

import itertools
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from coldfinger.sim.devices.ami430 import AMI430
from coldfinger.sim.devices.gs200 import GS200
from coldfinger.sim.devices.ips120 import IPS120
from coldfinger.sim.devices.k33511b import Keysight33511B
from coldfinger.sim.devices.ls370 import LakeShore370
from coldfinger.sim.devices.ls372 import LakeShore372
from coldfinger.sim.devices.mercury_ips import MercuryIPS, MercurySPSU
from coldfinger.sim.devices.sr830 import SR830
from coldfinger.sim.devices.sr860 import SR860, SR865A
from coldfinger.sim.devices.triton import Triton
from coldfinger.sim.noise import WhiteNoise
from coldfinger.sim.scpi import Panel
from coldfinger.sim.thermal import ControlLoop, WarmUpHeater
from coldfinger.sim.thermometer import ResistanceInput, Sensor

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

_LOCKINS: tuple[Callable[[Any], Panel], ...] = (SR830, SR860, SR865A)
_BRIDGES: tuple[Callable[[Any], Panel], ...] = (LakeShore372, LakeShore370)
_PLACES: dict[str, tuple[Callable[[Any], Panel], ...]] = {
    "lock-in": _LOCKINS,
    "second lock-in": _LOCKINS,
    "generator": (Keysight33511B,),
    "controller": (Triton, *_BRIDGES),
    "bridge": _BRIDGES,
    "magnet": (AMI430, MercuryIPS, MercurySPSU, IPS120),
    "bias": (GS200,),
}
PLACES: dict[str, dict[str, Callable[[Any], Panel]]] = {
    place: {getattr(panel, "__name__", ""): panel for panel in panels} for place, panels in _PLACES.items()
}
"""Every place of a rack, and the models that may stand there, by name; the first is the usual one."""

REAL_PORTS = {
    "AMI430": 7180,
    "GS200": 7655,
    "IPS120": 8310,
    "Keysight33511B": 5025,
    "LakeShore370": 8320,
    "LakeShore372": 7777,
    "MercuryIPS": 7020,
    "MercurySPSU": 7020,
    "SR830": 8300,
    "SR860": 8301,
    "SR865A": 8301,
    "Triton": 33576,
}
"""Ports of the makers; those from 8300 to 8320 are free of any meaning, because the instrument has no network."""

_NOTHING_PLUGGED_IN = 1e10  # ohm


class Wires:
    """The laboratory as one instrument is connected to it: some of its parts are others, or not there."""

    def __init__(self, cryostat: "Cryostat", **parts: Any) -> None:
        self._cryostat = cryostat
        vars(self).update(parts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cryostat, name)


def wires(place: str, cryostat: "Cryostat", others: Collection[str]) -> Any:
    """What the instrument in a place is connected to, when those places are occupied."""
    if place == "second lock-in":
        return Wires(cryostat, lockin=cryostat.second_lockin())
    if place == "controller" and "bridge" in others:
        inputs = {"A": cryostat.inputs["A"], "1": _open_input(cryostat.tick)}
        return Wires(cryostat, inputs=inputs, scanner=cryostat.add_scanner({"1": inputs["1"]}))
    if place == "bridge" and "controller" in others:
        inputs = cryostat.inputs | {"A": _open_input(cryostat.tick)}
        return Wires(cryostat, inputs=inputs, loop=ControlLoop(cryostat.tick), warmup=WarmUpHeater())
    return cryostat


def _open_input(tick: float) -> ResistanceInput:
    result = ResistanceInput(Sensor(), WhiteNoise(0, "nothing"), tick, 0.0)
    result.mode, result.forced, result.autorange = "current", _NOTHING_PLUGGED_IN, False
    return result


def check_models(models: Mapping[str, str]) -> None:
    """Raise ValueError for a place that no rack has, or a model that cannot stand there."""
    for place, model in models.items():
        if place not in PLACES:
            raise ValueError(f"simulated rack: no instrument called {place!r}; allowed: {', '.join(PLACES)}")
        if model not in PLACES[place]:
            allowed = ", ".join(PLACES[place])
            raise ValueError(f"simulated rack: no {model!r} can be the {place}; allowed: {allowed}")
    if "generator" in models and models.get("lock-in") is None:
        raise ValueError("simulated rack: a generator needs a lock-in that listens; add one as lock-in")


def real_ports(models: Mapping[str, str]) -> dict[str, int]:
    """The makers' ports of models, by place; who comes second takes the next free number."""
    ports: dict[str, int] = {}
    for name, model in models.items():
        ports[name] = next(p for p in itertools.count(REAL_PORTS[model]) if p not in ports.values())
    return ports
