"""Is the lock-in set so that a signal of 0.7 Hz comes out as it went in?"""

from enum import Enum
from typing import Any

from coldfinger.instruments.roles import LockInStatus
from coldfinger.procedures.current.excitation import time_constant_for
from coldfinger.procedures.station import LOCKIN_SETTINGS
from coldfinger.procedures.station_check.findings import FAIL, WARN, Line, Look, Said, Visit, ok, panel_words, warn

_FASTEST = 100.0  # Hz; beyond it nobody measures through filtered lines, and the frequency is not a run's
_PATIENT = 30.0  # times the time constant that the frequency asks for: then every point waits for nothing

_HARM = {
    "reference_source": (FAIL, "it listens to another reference than the current's, and shows nothing or noise"),
    "harmonic": (FAIL, "it measures a harmonic of the current's frequency, not the resistance"),
    "phase": (FAIL, "it turns in-phase signal into quadrature, and the resistance is too small"),
    "input_configuration": (FAIL, "it does not measure the voltage between the two taps"),
    "input_coupling": (FAIL, "its high pass near 0.16 Hz takes 2.5 % and turns the phase by 13 degrees at 0.7 Hz"),
    "line_filter": (WARN, "a notch turns the phase far away from its own frequency"),
    "sync_filter": (WARN, "below 10 Hz it makes the output a staircase of whole periods"),
    "filter_slope": (WARN, "the expected noise and the delay are those of 24 dB/octave"),
}


def _shown(value: Any) -> str:
    return value.name if isinstance(value, Enum) else "off" if value is False else "on" if value is True else f"{value}"


def _wanted(visit: Visit, name: str) -> Any:
    roles = visit.table("roles")
    if name == "reference_source" and roles["source"] != roles["lockin"]:
        return type(LOCKIN_SETTINGS[name]).EXTERNAL
    return LOCKIN_SETTINGS[name]


def _as_it_must_be(name: str) -> Look:
    outcome, harm = _HARM[name]

    def look(visit: Visit, lockin: Any) -> Said:
        wanted, value = _wanted(visit, name), getattr(lockin, name)
        if value == wanted:
            return ok(f"{_shown(wanted)}, as every procedure needs it")
        setting = f"{name}={_shown(wanted)}"
        return Said(
            outcome,
            f"{_shown(value)} instead of {_shown(wanted)}: {harm}",
            f"{panel_words(visit, 'lockin', setting)}, and ask who changed it; a run sets it when it begins",
        )

    return look


def _time_constant(visit: Visit, lockin: Any) -> Said:
    frequency, tau = float(lockin.frequency), float(lockin.time_constant)
    wanted = time_constant_for(frequency, lockin.TIME_CONSTANTS)
    text = f"{tau:g} s at {frequency:g} Hz"
    if frequency > _FASTEST:
        return ok(f"{text}, which is no frequency of a run; a run sets both when it begins")
    if wanted * 0.99 <= tau <= wanted * _PATIENT:
        return ok(f"{text}; the ripple at twice the frequency is below 2e-4 of the signal")
    harm = "the output ripples at twice the frequency" if tau < wanted else "a point takes many minutes to settle"
    return warn(f"{text}: {harm}; {wanted:g} s fits", f"{panel_words(visit, 'lockin', f'time_constant={wanted:g} s')}")


def _offsets(visit: Visit, lockin: Any) -> Said:
    wrong = []
    for output in ("x", "y", "r"):
        offset = getattr(lockin, f"offset_{output}")
        percent = offset if isinstance(offset, float) else offset.percent
        on = getattr(lockin, f"offset_{output}_on", True)
        expand = getattr(lockin, f"expand_{output}", None) or getattr(offset, "expand", 1)
        if (percent != 0.0 and on) or expand != 1:
            wrong.append(f"{output.upper()} has an offset of {percent:g} % and is expanded by {expand:g}")
    if not wrong:
        return ok("X, Y and R have no offset and are not expanded")
    return Said(
        FAIL,
        f"{'; '.join(wrong)}: what is read is not the voltage at the input",
        "switch offset and expand off at the lock-in; no procedure does it",
    )


def _overload(visit: Visit, lockin: Any) -> Said:
    status = lockin.peek() if hasattr(lockin, "peek") else LockInStatus(0)
    if not status:
        return ok("no overload, and the reference is locked")
    words = ", ".join(flag.name.lower().replace("_", " ") for flag in LockInStatus if flag in status and flag.name)
    return warn(f"{words} since the last look", "look at the input's cable, or wait: a first row would carry this flag")


LINES = (
    *(Line(f"lock-in {name.replace('_', ' ')}", "lockin", _as_it_must_be(name)) for name in _HARM),
    Line("lock-in time constant", "lockin", _time_constant),
    Line("lock-in offsets", "lockin", _offsets),
    Line("lock-in overload", "lockin", _overload),
)
