"""Drivers over new connections to the instruments of a station file, each with the limits that bound it."""

from typing import Any

from coldfinger.instruments.ami import AMI430
from coldfinger.instruments.bound import Bound
from coldfinger.instruments.clock import Clock
from coldfinger.instruments.lakeshore import (
    LakeShore372,
)
from coldfinger.instruments.link import open_link
from coldfinger.instruments.srs import SR830
from coldfinger.instruments.yokogawa import GS200, Function
from coldfinger.procedures.limits import Limits, limits_of
from coldfinger.procedures.quantity import show
from coldfinger.procedures.safety.safe import Opener
from coldfinger.procedures.safety.safe import SafeReport as SafeReport
from coldfinger.procedures.station_file import StationFile

_TERMINATION = {"SR830": "\n", "LakeShore372": "\r\n", "AMI430": "\r\n", "GS200": "\n"}


def instrument_opener(file: StationFile, clock: Clock, library: str | None = None) -> Opener:
    """Opens new connections to the instruments of a station file, without repetition of questions.

    `library` is the VISA library; None takes that of the file. The connections belong to the caller.
    """
    visa = file.top["visa_library"] if library is None else library
    limits = limits_of(file.sections, file.source)

    def opener(name: str, timeout: float) -> Any:
        return open_instrument(name, file, clock, visa, limits, timeout=timeout, back_off=())

    return opener


def open_instrument(name: str, file: StationFile, clock: Clock, library: str, limits: Limits, **patience: Any) -> Any:
    """The driver of an instrument over a new connection, bounded by the limits; nothing is asked of it yet."""
    table = file.instruments[name]
    driver = table["driver"]
    end = _TERMINATION[driver]
    link = open_link(table["address"], library, clock=clock, read_termination=end, write_termination="\n", **patience)
    if driver == "SR830":
        return SR830(link, name, sine_limit=_sine_limit(name, file, limits), aux_limits=_aux_limits(name, file, limits))
    if driver == "LakeShore372":
        return LakeShore372(
            link,
            name,
            setpoint_limit=Bound(limits.highest_temperature, limits.whose("highest_temperature")),
            heater_limit=Bound(limits.heater, limits.whose("heater")),
        )
    if driver == "GS200":
        return GS200(link, name, limits=_bias_limits(name, file, limits))
    offset = file.sections["magnet"]["offset"]
    return AMI430(
        link,
        name,
        field_limit=limits.field + abs(offset),
        rate_limit=limits.field_rate,
        where=limits.whose("field"),
    )


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
    ohms = file.sections["bias"]["series_resistance"]
    where = f"{limits.whose('bias')} ({show(limits.bias, 'current')} behind the bias resistor)"
    return {
        Function.VOLTAGE: Bound(limits.bias * ohms, where, limits.bias_step * ohms),
        Function.CURRENT: Bound(limits.bias, limits.whose("bias"), limits.bias_step),
    }


def _aux_limits(name: str, file: StationFile, limits: Limits) -> dict[int, Bound]:
    bounds = _bias_limits(name, file, limits)
    return {} if bounds is None else {file.sections["bias"]["auxiliary_output"]: bounds[Function.VOLTAGE]}
