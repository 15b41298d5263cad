"""Does the thermometer tell a temperature where it is wanted, and is nothing heated that should be cold?"""

import math
from typing import Any

from coldfinger.procedures.station_check.findings import Line, Said, Visit, fail, ok, panel_words, warn
from coldfinger.procedures.words.quantity import show

_MORE_POWER = 1.5  # of the file's excitation, squared: more than that heats the sensor
_APART = 0.2  # relative, between sample and mixing chamber at rest


def _kelvin(value: float) -> str:
    return show(value, "temperature")


def _calibration(visit: Visit, bridge: Any) -> Said:
    curve, low, high = visit.calibration, visit.limits.lowest_temperature, visit.limits.highest_temperature
    if curve is None:
        return fail(
            "the calibration cannot be read, so that there is no temperature", "see [thermometer] of the station file"
        )
    text = f"{curve.name} is calibrated from {_kelvin(curve.T_min)} to {_kelvin(curve.T_max)}"
    if curve.T_min <= low * (1 + 1e-9) and curve.T_max >= high * (1 - 1e-9):
        return ok(f"{text}; wanted are {_kelvin(low)} to {_kelvin(high)}")
    return warn(
        f"{text}, but the limits allow {_kelvin(low)} to {_kelvin(high)}: outside the curve there is no temperature, "
        "and rows are flagged",
        "write limits inside the curve, or give a wider calibration",
    )


def _sensor(visit: Visit, bridge: Any) -> Said:
    reading = bridge.reading
    curve = visit.calibration
    if not math.isfinite(reading.resistance):
        return fail(
            "the sample's thermometer is open or beyond the bridge's ranges", "look at its four wires and its channel"
        )
    if curve is None:
        return warn(f"{show(reading.resistance, 'resistance')}, and no curve to read it by", "see calibration")
    kelvin = float(curve.temperature_or_nan(reading.resistance))
    if math.isnan(kelvin):
        return warn(
            f"{show(reading.resistance, 'resistance')} is outside the calibration {curve.name}: there is no "
            "temperature now",
            "cool or warm into the curve; if it is there already, channel or curve belong to another sensor",
        )
    return ok(f"{show(reading.resistance, 'resistance')}, {_kelvin(kelvin)}")


def _channel(visit: Visit, bridge: Any) -> Said:
    scan = bridge.parent.scan
    wanted = bridge.id
    if scan.autoscan:
        return fail(
            "the scanner goes from channel to channel by itself: most readings would be old ones",
            f"switch autoscan off: {_scan_words(visit, wanted)}",
        )
    if scan.channel != wanted:
        return fail(
            f"the scanner stands on channel {scan.channel}, the sample's thermometer is on {wanted}: its reading is an "
            "old one",
            f"{_scan_words(visit, wanted)}; a run does it when it begins",
        )
    return ok(f"channel {wanted}, without autoscan")


def _scan_words(visit: Visit, channel: int) -> str:
    return f'coldfinger panel {visit.table("roles")["bridge"]} "scan={channel},off" --station {visit.file.source}'


def _excitation(visit: Visit, bridge: Any) -> Said:
    wanted, setup = visit.table("thermometer")["excitation"], bridge.setup
    if setup.shunted:
        return fail(
            "the excitation of the sample's thermometer is switched off", "switch it on at the bridge, or begin a run"
        )
    if setup.mode.name != "VOLTAGE":
        return warn(
            f"it has a fixed current of {show(setup.excitation, 'current')}, which heats the more the colder it gets",
            "a run chooses a voltage when it begins",
        )
    if setup.excitation > wanted * math.sqrt(_MORE_POWER):
        return warn(
            f"{show(setup.excitation, 'voltage')} at the sample's thermometer, more than the {show(wanted, 'voltage')} "
            "of the station file: it warms its own sensor",
            "a run sets what the file says when it begins",
        )
    return ok(f"{show(setup.excitation, 'voltage')} at the sample's thermometer")


def _unit(visit: Visit, controller: Any) -> Said | None:
    if not hasattr(controller, "setpoint_unit"):
        return None
    if controller.setpoint_unit.name == "KELVIN":
        return ok("set points are in kelvin")
    return fail(
        "set points of the control loop are in ohm: 0.1 meant as kelvin would turn the heater fully on",
        panel_words(visit, "controller", "setpoint_unit=KELVIN"),
    )


def _heater(visit: Visit, controller: Any) -> Said:
    current, limit = float(controller.heater_range), visit.limits.heater
    if current > limit * (1 + 1e-3):
        return fail(
            f"the heater's range is {show(current, 'current')}, above limits.heater, {show(limit, 'current')}",
            f"coldfinger safe --station {visit.file.source}",
        )
    if current > 0:
        return warn(
            f"the heater is on, range {show(current, 'current')}, set point {_kelvin(float(controller.setpoint))}",
            f"leave it if you want that temperature, else coldfinger safe --station {visit.file.source}",
        )
    return ok("the heater is off")


def _temperature(visit: Visit, controller: Any) -> Said:
    kelvin, highest = float(controller.temperature), visit.limits.highest_temperature
    if kelvin <= highest:
        return ok(f"the mixing chamber is at {_kelvin(kelvin)}")
    return warn(
        f"the mixing chamber is at {_kelvin(kelvin)}, above limits.highest_temperature, {_kelvin(highest)}",
        "cool first; a run waits, and gives up after its time-out",
    )


def _agreement(visit: Visit, controller: Any) -> Said | None:
    bridge, curve = visit.player("bridge"), visit.calibration
    if bridge is None or curve is None:
        return None
    sample = float(curve.temperature_or_nan(bridge.reading.resistance))
    chamber = float(controller.temperature)
    if math.isnan(sample):
        return None
    if abs(sample / chamber - 1.0) <= _APART:
        return ok(f"sample {_kelvin(sample)}, mixing chamber {_kelvin(chamber)}")
    return warn(
        f"the sample's thermometer says {_kelvin(sample)}, the mixing chamber's {_kelvin(chamber)}: they do not agree",
        "wait if the fridge still cools; else curve or channel are another sensor's, or the sample is badly anchored",
    )


LINES = (
    Line("calibration", "bridge", _calibration),
    Line("bridge channel", "bridge", _channel),
    Line("bridge excitation", "bridge", _excitation),
    Line("sample thermometer", "bridge", _sensor),
    Line("set point unit", "controller", _unit),
    Line("heater", "controller", _heater),
    Line("mixing chamber", "controller", _temperature),
    Line("two thermometers", "controller", _agreement),
)
