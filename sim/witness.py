"""What the instruments really did: every change of an output, with its virtual time.

A driver believes what it has sent. The witness stands in the laboratory and looks at the output stages
themselves, so that a test of a safe state can be judged without asking the program that is on trial. It writes down
changes only; a fault that strikes is written down, too.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from coldfinger.sim.clock import utc
from coldfinger.sim.generator import DrivenLockin, generator_of

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

MOST_FACTS = 200_000  # the oldest half is forgotten beyond
FAULT, FAULT_OVER = "fault", "fault over"


class Fact(NamedTuple):
    """From `time` (s of the laboratory) on, `what` had the value `value`; before, it had the value `was`."""

    time: float
    what: str
    value: Any
    was: Any = None


Watched = tuple[tuple[str, str, Callable[["Cryostat"], Any]], ...]

WATCHED: Watched = (
    ("excitation", "V", lambda c: c.lockin.amplitude),
    ("excitation frequency", "Hz", lambda c: c.lockin.frequency),
    ("auxiliary outputs", "V", lambda c: tuple(c.lockin.dc_outputs)),
    ("bias level", "V or A", lambda c: c.dc_source.level),
    ("bias output", "", lambda c: c.dc_source.output),
    ("bias is a current", "", lambda c: c.dc_source.current_mode),
    ("heater range", "A", lambda c: c.loop.range_current),
    ("heater mode", "", lambda c: c.loop.mode),
    ("heater set point", "K", lambda c: c.loop.setpoint),
    ("heater manual output", "%", lambda c: c.loop.manual_output),
    ("heater ramp", "K/min", lambda c: c.loop.ramp_rate if c.loop.ramp_on else None),
    ("warm-up heater", "A", lambda c: c.warmup.current),
    ("bridge A excitation", "", lambda c: _excitation(c, "A")),
    ("bridge 1 excitation", "", lambda c: _excitation(c, "1")),
    ("magnet target", "Oe", lambda c: c.magnet.target),
    ("magnet rate", "Oe/s", lambda c: c.magnet.rate),
    ("magnet ramping", "", lambda c: c.magnet.going),
    ("magnet quenched", "", lambda c: c.magnet.quenched),
    ("switch heater", "", lambda c: c.magnet.heater_on),
    ("switch open", "", lambda c: c.magnet.switch_open),
)
"""Name, unit and reading of everything that is always watched, in the order of the log."""

GENERATOR: Watched = (
    ("generator output", "", lambda c: generator_of(c).output),
    ("generator amplitude", "V rms", lambda c: generator_of(c).amplitude()),
    ("generator offset", "V", lambda c: generator_of(c).level()),
    ("generator frequency", "Hz", lambda c: generator_of(c).frequency),
)
"""What is watched besides where a generator drives the film."""


def _excitation(cryostat: "Cryostat", name: str) -> tuple[str, float]:
    sensor = cryostat.inputs[name]
    return sensor.mode, 0.0 if sensor.shunted or not sensor.connected else sensor.excitation


class Witness:
    """The log of one laboratory; `facts` begins with what was true at the start.

    Time is virtual, so equal nights give equal logs; lines of a file carry the time of the world as well.
    """

    def __init__(self, cryostat: "Cryostat") -> None:
        self.facts: list[Fact] = []
        self.forgotten = 0
        self._cryostat = cryostat
        self._watched = WATCHED + (GENERATOR if isinstance(cryostat.lockin, DrivenLockin) else ())
        self._readings = tuple(reading for _, _, reading in self._watched)
        self._file: IO[str] | None = None
        self._last = self._state()
        cryostat.coil_event = self.look
        for (what, _, _), value in zip(self._watched, self._last, strict=True):
            self.note(cryostat.now, what, value)

    def _state(self) -> tuple[Any, ...]:
        cryostat = self._cryostat
        return tuple([reading(cryostat) for reading in self._readings])

    def look(self, time: float) -> None:
        """Write down what has changed since the last look."""
        state = self._state()
        if state == self._last:
            return
        for (what, _, _), value, was in zip(self._watched, state, self._last, strict=True):
            if value != was:
                self.note(time, what, value, was)
        self._last = state

    def note(self, time: float, what: str, value: Any, was: Any = None) -> None:
        """Write one fact down."""
        fact = Fact(time, what, value, was)
        if len(self.facts) >= MOST_FACTS:
            self.forgotten += MOST_FACTS // 2
            del self.facts[: MOST_FACTS // 2]
        self.facts.append(fact)
        if self._file is not None:
            self._write(fact)

    def of(self, what: str) -> list[Fact]:
        """All facts of one name, oldest first."""
        return [fact for fact in self.facts if fact.what == what]

    def value(self, what: str, time: float) -> Any:
        """What was true at a time (s). Raises KeyError for a name that is not in the log."""
        known = [fact for fact in self.facts if fact.what == what]
        if not known:
            raise KeyError(f"log of the laboratory: nothing is known of {what!r}")
        return next((fact.value for fact in reversed(known) if fact.time <= time), known[0].value)

    def since(self, time: float) -> list[Fact]:
        """All facts from a time (s) on."""
        return [fact for fact in self.facts if fact.time >= time]

    def write_to(self, path: str | Path) -> None:
        """Write every fact, from the first one kept, to a new file of JSON lines. Raises OSError."""
        self.close()
        self._file = open(path, "w", encoding="utf-8", buffering=1, newline="\n")  # noqa: SIM115 - stays open
        for fact in self.facts:
            self._write(fact)

    def close(self) -> None:
        """Close the file, if there is one; the log goes on."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, fact: Fact) -> None:
        unit = _UNITS.get(fact.what, "")
        line = {"time": fact.time, "utc": utc(), "what": fact.what, "value": fact.value, "was": fact.was, "unit": unit}
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")


_UNITS = {what: unit for what, unit, _ in WATCHED + GENERATOR}


def read_log(path: str | Path) -> list[dict[str, Any]]:
    """The lines of a file of `write_to`, also while it is being written; a torn last line is left out."""
    text = Path(path).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
