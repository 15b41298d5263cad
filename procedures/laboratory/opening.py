"""Drivers over new connections to the instruments of a station file, each with the limits that bound it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.clock import Clock
from coldfinger.instruments.link import open_link
from coldfinger.instruments.recorder import Tape
from coldfinger.instruments.yokogawa import Function
from coldfinger.procedures.laboratory.limits import Limits, limits_of
from coldfinger.procedures.laboratory.models import MODELS
from coldfinger.procedures.laboratory.outputs import bias_resistance, by_offset
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.safety.safe import Opener
from coldfinger.procedures.safety.safe import SafeReport as SafeReport
from coldfinger.procedures.words.quantity import show


def instrument_opener(file: StationFile, clock: Clock, library: str | None = None, tape: Tape | None = None) -> Opener:
    """Opens new connections to the instruments of a station file, without repetition of questions.

    `library` is the VISA library; None takes that of the file. `tape` records the connections, or plays them. The
    connections belong to the caller.
    """
    visa = file.top["visa_library"] if library is None else library
    limits = limits_of(file.sections, file.source)

    def opener(name: str, timeout: float) -> Any:
        return open_instrument(name, file, clock, visa, limits, tape, timeout=timeout, back_off=())

    return opener


def open_instrument(
    name: str,
    file: StationFile,
    clock: Clock,
    library: str,
    limits: Limits,
    tape: Tape | None = None,
    **patience: Any,
) -> Any:
    """The driver of an instrument over a new connection, bounded by the limits; nothing is asked of it yet."""
    table = file.instruments[name]
    model = MODELS[table["driver"]]
    end = model.reply_end
    if tape is not None:
        patience["through"] = tape.reel(name)
    link = open_link(table["address"], library, clock=clock, read_termination=end, write_termination="\n", **patience)
    module, _, driver = model.driver.partition(":")
    bounds = _BOUNDS[table["driver"]](name, file, limits)
    return getattr(import_module(f"coldfinger.instruments.{module}"), driver)(link, name, **bounds)


def _generator(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    bounds = _bias_limits(name, file, limits)
    offset = None if bounds is None else bounds[Function.VOLTAGE]
    return {"sine_limit": _sine_limit(name, file, limits), "offset_limit": offset}


def _lockin_with_offset(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    bounds = _bias_limits(name, file, limits)
    if bounds is None or not by_offset(file):
        return _lockin(name, file, limits)
    return {"sine_limit": _sine_limit(name, file, limits), "offset_limit": bounds[Function.VOLTAGE]}


def _lockin(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    return {"sine_limit": _sine_limit(name, file, limits), "aux_limits": _aux_limits(name, file, limits)}


def _dc_source(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    return {"limits": _bias_limits(name, file, limits)}


def _lakeshore(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    table = file.instruments[name]
    return {"bridge_channel": table["channel"], "control_input": table["control_input"], **_heater(limits)}


def _triton(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    return {"heater_resistance": file.instruments[name]["heater_resistance"], **_heater(limits)}


def _heater(limits: Limits) -> dict[str, Any]:
    return {
        "setpoint_limit": Bound(limits.highest_temperature, limits.whose("highest_temperature")),
        "heater_limit": Bound(limits.heater, limits.whose("heater")),
    }


def _supply(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    offset = file.sections["magnet"]["offset"]
    return {
        "field_limit": limits.field + abs(offset),
        "rate_limit": limits.field_rate,
        "where": limits.whose("field"),
    }


def _mercury(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    table = file.instruments[name]
    return {"group": table["group"], "word": table["word"] or None, **_supply(name, file, limits)}


def _ips120(name: str, file: StationFile, limits: Limits) -> dict[str, Any]:
    magnet = file.sections["magnet"]
    return {
        "coil_constant": file.instruments[name]["coil_constant"],
        "switch_heat_time": magnet["switch_heat_time"],
        "switch_cool_time": magnet["switch_cool_time"],
        **_supply(name, file, limits),
    }


def _sine_limit(name: str, file: StationFile, limits: Limits) -> Bound | None:
    """Amplitude (V rms) of the source that can send no more than the limit, whatever the film's resistance."""
    if file.sections["roles"]["source"] != name:
        return None
    wiring = file.sections["wiring"]
    return Bound(
        limits.current * (wiring["series_resistance"] + wiring["source_resistance"]),
        f"{limits.whose('current')} ({show(limits.current, 'current')} behind the series resistor)",
    )


def _bias_limits(name: str, file: StationFile, limits: Limits) -> dict[Function, Bound] | None:
    """Level (V and A) of the source in the role of the bias."""
    if file.sections["roles"]["bias"] != name:
        return None
    ohms = bias_resistance(file)
    where = f"{limits.whose('bias')} ({show(limits.bias, 'current')} behind the bias resistor)"
    return {
        Function.VOLTAGE: Bound(limits.bias * ohms, where, limits.bias_step * ohms),
        Function.CURRENT: Bound(limits.bias, limits.whose("bias"), limits.bias_step),
    }


def _aux_limits(name: str, file: StationFile, limits: Limits) -> dict[int, Bound]:
    bounds = _bias_limits(name, file, limits)
    return {} if bounds is None else {file.sections["bias"]["auxiliary_output"]: bounds[Function.VOLTAGE]}


_BOUNDS: dict[str, Callable[[str, StationFile, Limits], dict[str, Any]]] = {
    "SR830": _lockin,
    "SR860": _lockin_with_offset,
    "SR865A": _lockin_with_offset,
    "Keysight33511B": _generator,
    "LakeShore372": _lakeshore,
    "LakeShore370": _lakeshore,
    "Triton": _triton,
    "AMI430": _supply,
    "MercuryIPS": _mercury,
    "IPS120": _ips120,
    "GS200": _dc_source,
}
"""By model: what the station allows, in the words of its driver."""
