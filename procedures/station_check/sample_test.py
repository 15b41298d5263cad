"""The one part of the check that lets a current flow: is the number that comes out the film's?"""

from collections.abc import Callable, Iterator
from typing import Any

from coldfinger.instruments.clock import WaitTimeout, wait_until
from coldfinger.instruments.errors import InstrumentError
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.checks.procedures import HERE, BeliefTest, FrequencyCheck, LeadCheck, LinearityCheck
from coldfinger.procedures.checks.verdict import CANNOT_SAY, PASS, Verdict
from coldfinger.procedures.control import RunControl
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.rows.point import PHASE
from coldfinger.procedures.runner import carry_out
from coldfinger.procedures.station import Station
from coldfinger.procedures.station_check.findings import FAIL, OK, WARN, Finding
from coldfinger.procedures.words.quantity import show

LOOK = 15.0
"""Seconds of one look, settling included; a whole test takes three."""
_HOLDING = 30.0  # s
_SIGNAL = 5.0  # s.d. of X and Y below which there is no signal

_TESTS: tuple[tuple[str, type[BeliefTest], str], ...] = (
    ("leads", LeadCheck, "look at the contacts and the plugs of the four leads"),
    ("I and I/3", LinearityCheck, "measure with a smaller current, or with the excitation 'searched'"),
    ("f and f/2", FrequencyCheck, "measure at a lower frequency, and correct wiring.line_capacitance"),
)
_OUTCOMES = {PASS: OK, CANNOT_SAY: WARN}


def sample_test(station: Station, attend: Callable[[], None] = lambda: None) -> Iterator[Finding]:
    """Lead check, in-phase and quadrature, I and I/3, f and f/2, where the station is; it is safe again afterwards."""
    try:
        station.connect()
        _hold_field(station)
        for item, kind, advice in _TESTS:
            yield from _one(station, item, kind, advice, attend)
    except (InstrumentError, LimitError, WaitTimeout) as error:
        yield Finding("sample test", FAIL, f"it could not be made: {error}", "see to that instrument, then check again")
    finally:
        reports = station.to_safe()
    undone = [f"{report.item}: {report.detail}" for report in reports if not report.done]
    if undone:
        yield Finding("safe again", FAIL, f"NOT SAFE: {'; '.join(undone)}", "go and look")
    else:
        yield Finding("safe again", OK, "excitation, bias and heater are off again, read back")


def _hold_field(station: Station) -> None:
    """A paused supply holds the field that it has: what is only paused is not believed to stand still."""
    if station.magnet.state is not RampState.PAUSED or station.magnet_holding():
        return
    station.go_to_field(station.sample_field(station.magnet.field))
    wait_until(
        station.magnet_holding, station.clock, poll=0.5, timeout=_HOLDING, what="the magnet supply holds its field"
    )


def _one(
    station: Station, item: str, kind: type[BeliefTest], advice: str, attend: Callable[[], None]
) -> Iterator[Finding]:
    marks: list[Any] = []
    test = kind(where=HERE, look=LOOK)
    test.use(station)
    test.check()
    outcome, reason, _ = carry_out(
        test, RunControl(), attend, lambda topic, record: marks.append(record) if topic == "mark" else None
    )
    looks = [data["looks"] for kind_of, _, *rest in marks if kind_of == "check" for data in rest]
    if kind is LeadCheck and looks and looks[0]:
        yield phase_line(looks[0][0])
    if test.verdicts:
        yield verdict_line(item, test.verdicts[0], advice)
    else:
        yield Finding(item, FAIL, f"the test was {outcome}: {reason}", "see to that, then check again")


def verdict_line(item: str, verdict: Verdict, advice: str) -> Finding:
    """A belief test as a line of the check."""
    outcome = _OUTCOMES.get(verdict.outcome, FAIL)
    return Finding(item, outcome, verdict.sentence, "" if outcome == OK else advice)


def phase_line(look: dict[str, Any]) -> Finding:
    """In-phase and quadrature of the first look at the film."""
    item, x, y, sd = "in-phase and quadrature", look["x"], look["y"], look["sd"]
    text = f"X {show(x, 'voltage')}, Y {show(y, 'voltage')} at {show(look['current'], 'current')}"
    text += f", {look['frequency']:g} Hz"
    if max(abs(x), abs(y)) < _SIGNAL * sd:
        return Finding(
            item, FAIL, f"{text}: no signal", "look for an open lead, a short, or a source that is not plugged"
        )
    if x < 0 and abs(x) > abs(y):
        return Finding(
            item, FAIL, f"{text}: the signal is upside down", "exchange V+ and V-, or the two leads of the current"
        )
    if abs(look["phase"]) > PHASE:
        return Finding(
            item,
            FAIL,
            f"{text}: {look['phase']:.0f} degrees, so that the resistance has to be guessed from a capacitance",
            "measure at a lower frequency, or take filters with less capacitance",
        )
    return Finding(item, OK, f"{text}, {look['phase']:.1f} degrees")
