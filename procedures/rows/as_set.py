"""Have the instruments still what this program gave them? Read beside every row, before the row counts.

An instrument that was switched off and on again answers as politely as before, with settings of its own: an SR830
comes back with 1 V at 1 kHz. One that somebody has touched is as polite. So every setting on which a row depends is
compared with what was sent: that finds a command that was lost, too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from coldfinger.procedures.current.excite import ExcitationKeeper
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import show

LOCK_IN, BRIDGE, MAGNET, BIAS = "lock-in", "bridge", "magnet", "bias"
SWITCHED_OFF = {LOCK_IN: 3, BRIDGE: 3}
"""Settings that differ at once where an instrument has lost all: nobody turns three knobs between two rows."""
_FIELD = 6e-6  # T, just above how far a target may read back from what was sent
_LEVEL = 2e-3  # V, or A, of a dc source


@dataclass(frozen=True)
class Change:
    """One setting of one instrument that is not what was sent."""

    where: str  # LOCK_IN, BRIDGE, MAGNET, BIAS
    what: str
    found: str
    sent: str

    def __str__(self) -> str:
        return f"{self.what} of the {self.where} is {self.found} and was set to {self.sent}"


@dataclass(frozen=True)
class Sent:
    """What belongs to the procedure: set point (K), heater range (A), field at the sample (T); nan: not looked at."""

    setpoint: float = math.nan
    heater_range: float = math.nan
    field: float = math.nan


def changes(station: Station, keeper: ExcitationKeeper, sent: Sent, *, quick: bool = False) -> list[Change]:
    """Every setting that differs; `quick` leaves out what nothing but a loss of all settings would change.

    Raises LinkError, and MagnetError where the supply does not count in tesla any more.
    """
    found = [*_excitation(keeper), *_heater(station, sent), *_field(station, sent), *_bias(station)]
    if not quick or any(change.where == LOCK_IN for change in found):
        found += _fixed(keeper)
    return found


def _excitation(keeper: ExcitationKeeper) -> Iterator[Change]:
    lockin, source, present = keeper.station.lockin, keeper.station.source, keeper.present
    if abs((volts := source.voltage) - keeper.sent_voltage) > 1e-4:
        yield Change(LOCK_IN, "the amplitude", show(volts, "voltage"), show(keeper.sent_voltage, "voltage"))
    if abs((hertz := source.frequency) - present.frequency) > 1e-3 * present.frequency:
        yield Change(LOCK_IN, "the frequency", show(hertz, "frequency"), show(present.frequency, "frequency"))
    if (tau := lockin.time_constant) != present.time_constant:
        yield Change(LOCK_IN, "the time constant", f"{tau:g} s", f"{present.time_constant:g} s")
    if (scale := lockin.sensitivity) != keeper.sensitivity:
        yield Change(LOCK_IN, "the sensitivity", show(scale, "voltage"), show(keeper.sensitivity, "voltage"))


def _fixed(keeper: ExcitationKeeper) -> Iterator[Change]:
    for name, sent in keeper.prepared.items():
        if (found := getattr(keeper.station.lockin, name)) != sent:
            yield Change(LOCK_IN, f"the {name.replace('_', ' ')}", _word(found), _word(sent))


def _heater(station: Station, sent: Sent) -> Iterator[Change]:
    controller = station.controller
    if not math.isnan(sent.setpoint) and abs((kelvin := controller.setpoint) - sent.setpoint) > 1e-3 * sent.setpoint:
        yield Change(BRIDGE, "the set point", show(kelvin, "temperature"), show(sent.setpoint, "temperature"))
    if not math.isnan(sent.heater_range) and (amperes := controller.heater_range) != sent.heater_range:
        yield Change(BRIDGE, "the heater range", show(amperes, "current"), show(sent.heater_range, "current"))
    setup, excitation = station.bridge.setup, station.bridge_excitation
    if math.isnan(excitation):
        return
    if setup.shunted or not math.isclose(setup.excitation, excitation, rel_tol=1e-6):
        found = "shunted" if setup.shunted else show(setup.excitation, "voltage")
        yield Change(BRIDGE, "the excitation", found, show(excitation, "voltage"))


def _field(station: Station, sent: Sent) -> Iterator[Change]:
    # Behind a persistent switch the target is that of the leads, which come and go.
    if station.persistent_magnet is not None or math.isnan(sent.field):
        return
    target = station.sample_field(station.magnet.target)
    if abs(target - sent.field) > _FIELD:
        yield Change(MAGNET, "the target", show(target, "field"), show(sent.field, "field"))


def _bias(station: Station) -> Iterator[Change]:
    if station.bias is None or station.bias_sent is None:
        return
    source, (on, level) = station.bias.source, station.bias_sent
    if source.output is not on and station.bias_switches:
        yield Change(BIAS, "the output", "on" if source.output else "off", "on" if on else "off")
    if abs(source.level - level) > max(_LEVEL, 1e-3 * abs(level)):
        yield Change(BIAS, "the level", f"{source.level:g} V", f"{level:g} V")


def _word(value: Any) -> str:
    return str(getattr(value, "name", value)).lower().replace("_", " ")
