"""Before anything is commanded: what the instruments say, against what the journal said last.

Nothing is set here. What disagrees is said in words; what is dangerous keeps the queue from going on by itself.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from coldfinger.instruments.errors import InstrumentError
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import OERSTED, show

_FIELD_AGREES = 0.5 * OERSTED  # T
_TEMPERATURE_AGREES = 0.05


@dataclass(frozen=True)
class Survey:
    """What was found. `findings` are sentences; `dangers` are those for which a person is needed."""

    readings: dict[str, Any]
    findings: tuple[str, ...] = ()
    dangers: tuple[str, ...] = ()


@dataclass
class _Notes:
    readings: dict[str, Any] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    dangers: list[str] = field(default_factory=list)


def survey(station: Station, last: dict[str, float] | None = None) -> Survey:
    """Read field, switch heater, temperatures, heater, excitation and bias; compare with the last row's values.

    `last` has "H (Oe)" and "T_set (K)" of the last row on disk, when there is one. An instrument that does not
    answer is a danger.
    """
    notes = _Notes()
    for look in (_magnet, _temperature, _excitation, _bias):
        try:
            look(station, notes, last or {})
        except InstrumentError as error:
            notes.dangers.append(str(error))
    return Survey(notes.readings, tuple(notes.findings), tuple(notes.dangers))


def _magnet(station: Station, notes: _Notes, last: dict[str, float]) -> None:
    magnet = station.magnet
    state = magnet.state
    notes.readings |= {"magnet": state.name.lower(), "field_T": (present := station.sample_field(magnet.field))}
    heated = getattr(magnet, "switch_heated", None) if getattr(magnet, "switch_installed", False) else None
    notes.readings["switch_heater"] = heated
    if state == RampState.QUENCH:
        notes.dangers.append("the magnet has quenched; see to it, clear the quench at the supply, then begin again")
        return
    if state in (RampState.RAMPING, RampState.ZEROING, RampState.MANUAL_UP, RampState.MANUAL_DOWN):
        notes.findings.append(f"the magnet is {state.name.lower()}, at {show(present, 'field')}")
    wanted = last.get("H (Oe)", math.nan) * OERSTED
    if math.isfinite(wanted) and abs(present - wanted) > _FIELD_AGREES:
        notes.findings.append(
            f"the field is {show(present, 'field')}; the last row was taken at {show(wanted, 'field')}"
        )


def _temperature(station: Station, notes: _Notes, last: dict[str, float]) -> None:
    controller = station.controller
    present = controller.temperature
    notes.readings |= {"T_mc_K": present, "heater_range_A": controller.heater_range}
    if present > station.limits.highest_temperature * 1.2:
        limit = show(station.limits.highest_temperature, "temperature")
        notes.dangers.append(
            f"the mixing chamber is at {show(present, 'temperature')}, above the limit of {limit}; cool first"
        )
    wanted = last.get("T_set (K)", math.nan)
    if math.isfinite(wanted) and abs(present - wanted) > _TEMPERATURE_AGREES * wanted:
        here, there = show(present, "temperature"), show(wanted, "temperature")
        notes.findings.append(f"the mixing chamber is at {here}; the last set point was {there}")


def _excitation(station: Station, notes: _Notes, last: dict[str, float]) -> None:
    volts = station.source.voltage
    amperes = station.source.current
    notes.readings |= {"source_V": volts, "excitation_A": amperes}
    if amperes > station.limits.current:
        limit = show(station.limits.current, "current")
        notes.dangers.append(
            f"the source stands at {show(amperes, 'current')}, above the limit of {limit}; switch it off"
        )


def _bias(station: Station, notes: _Notes, last: dict[str, float]) -> None:
    if station.bias is None:
        return
    source = station.bias.source
    notes.readings |= {"bias_V": source.level, "bias_on": source.output}
    if source.output and source.level != 0.0:
        notes.findings.append(f"the dc bias was on, at {source.level:g} V; it is brought to zero first")
