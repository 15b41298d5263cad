"""What Stanford Research's lock-ins SR830 and SR860 say alike: settings, status, refusals, outputs moved in limits.

A command is never answered and there is no error queue: each set command is followed by `*ESR?`, whose bits say what
was refused. The words are the same in half of the cases only, the numbers behind them in fewer; that is in `srs`
(SR830) and `sr860`.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar

from pymeasure.instruments import Instrument

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import Linked, index_reply, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.roles import LockInStatus
from coldfinger.instruments.validators import member, one_of, strict_bool, strict_integer, strict_number

BYTE = (r"\d{1,3}", "a status byte 0 to 255")
WHOLE = (r"\d{1,5}", "a whole number")
INPUT_QUEUE = "its input queue overflowed"
OUTPUT_QUEUE = "its output queue overflowed"
REFUSED = {
    4: "a parameter is out of range or not allowed in this state (execution error)",
    5: "it does not know the command",
}


class ReferenceSource(IntEnum):
    """Where the reference comes from."""

    EXTERNAL = 0
    INTERNAL = 1


class ReferenceSlope(IntEnum):
    """What the external reference triggers on."""

    SINE = 0
    TTL_RISING = 1
    TTL_FALLING = 2


class InputConfiguration(IntEnum):
    """Signal input; a current input turns the volts of X, Y, R and sensitivity into amperes (1 V is 1 uA)."""

    A = 0
    A_MINUS_B = 1
    CURRENT_1M = 2
    CURRENT_100M = 3


class InputGrounding(IntEnum):
    """Shield of the input."""

    FLOAT = 0
    GROUND = 1


class InputCoupling(IntEnum):
    """AC coupling has its corner near 0.16 Hz; use DC below 10 Hz."""

    AC = 0
    DC = 1


class LineFilter(IntEnum):
    """Notch filters at the mains frequency and twice it."""

    NONE = 0
    LINE = 1
    TWICE_LINE = 2
    BOTH = 3


def choice(mnemonic: str, kind: type[IntEnum], docs: str, name: str = "") -> Any:
    """A property whose values are the members of `kind`, sent as their numbers; `name` is for messages."""
    return Instrument.control(
        f"{mnemonic}?",
        f"{mnemonic} %d",
        docs,
        validator=member(name or mnemonic, kind),
        preprocess_reply=index_reply(len(kind)),
        cast=int,
        get_process=kind,
    )


def place_in(table: tuple[float, ...], question: str, command: str, name: str, unit: str, docs: str) -> Any:
    """A property whose values are the entries of `table`, sent as their places in it."""
    return Instrument.control(
        question,
        f"{command}%d",
        docs,
        validator=one_of(name, table, unit),
        set_process=table.index,
        preprocess_reply=index_reply(len(table)),
        cast=int,
        get_process=table.__getitem__,
    )


def flag(question: str, command: str, name: str, docs: str) -> Any:
    """A property that is True or False, sent as 1 or 0."""
    return Instrument.control(
        question,
        f"{command}%d",
        docs,
        validator=strict_bool(name),
        preprocess_reply=index_reply(2),
        cast=int,
        get_process=bool,
    )


def reference_frequency(docs: str) -> Any:
    """The frequency of the reference; ValueError for one whose harmonic is beyond what the instrument detects."""

    def read(self: "StanfordLockIn") -> float:
        return self.read_number("FREQ?")

    def send(self: "StanfordLockIn", value: float) -> None:
        hertz = strict_number("frequency", 0.001, self.DETECTION_LIMIT, "Hz")(value)
        with self.lock:
            self._check_detection(hertz, self.harmonic)
            self.write(f"FREQ {hertz:.10g}")

    return property(read, send, doc=docs)


def detected_harmonic(highest: int, docs: str) -> Any:
    """The harmonic that is detected; ValueError for one beyond what the instrument detects."""
    allowed = strict_integer("harmonic", 1, highest)

    def read(self: "StanfordLockIn") -> int:
        return int(self.values("HARM?", preprocess_reply=reply(*WHOLE), cast=int)[0])

    def send(self: "StanfordLockIn", value: int) -> None:
        harmonic = allowed(value)
        with self.lock:
            self._check_detection(self.frequency, harmonic)
            self.write(f"HARM {harmonic}")

    return property(read, send, doc=docs)


def aux_output(number: int, said: int) -> Any:
    """The voltage of an auxiliary output, which is said as the number `said`."""
    allowed = strict_number(f"auxiliary output {number}", -10.5, 10.5, "V")

    def read(self: "StanfordLockIn") -> float:
        return self.read_number(f"AUXV? {said}")

    def send(self: "StanfordLockIn", value: float) -> None:
        volts, limit = allowed(value), self._aux_limits.get(number)
        self._send_level(f"aux_output_{number}", f"AUXV {said},{volts:.3f}", volts, limit, 1.1e-3)

    docs = f"""Control the voltage of auxiliary output {number} (V), strictly -10.5 to 10.5, steps of 1 mV."""
    return property(read, send, doc=docs)


class StanfordLockIn(Linked):
    """A lock-in amplifier with a sine output and auxiliary outputs; role LockIn.

    `sine_limit` (V rms) and `aux_limits` (V, by number of the output) are what the station allows. `REAL` and `STATUS`
    are how a number and a status look (pattern, words), `FLAGS` the bits of the status behind each flag of the role,
    `VOLTS` the format of an output in messages.
    """

    FORGET: ClassVar[tuple[str, ...]] = ("*ESR?",)
    REAL: ClassVar[tuple[str, str]]
    STATUS: ClassVar[tuple[str, str]]
    FLAGS: ClassVar[Mapping[LockInStatus, int]]
    EVENT_ERRORS: ClassVar[Mapping[int, str]]
    VOLTS: ClassVar[str]
    frequency: float
    harmonic: int
    DETECTION_LIMIT: ClassVar[float]
    """Highest harmonic * frequency (Hz)."""

    def __init__(
        self,
        adapter: Any,
        name: str,
        *,
        sine_limit: Bound | None = None,
        aux_limits: Mapping[int, Bound] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._sine_limit, self._aux_limits = sine_limit, dict(aux_limits or {})
        self._unread = LockInStatus(0)

    def read_number(self, question: str) -> float:
        """A real number, in the form that this model writes."""
        return float(self.values(question, preprocess_reply=reply(*self.REAL))[0])

    def _check_detection(self, frequency: float, harmonic: int) -> None:
        if frequency * harmonic > self.DETECTION_LIMIT:
            raise ValueError(
                f"harmonic {harmonic} of {frequency:g} Hz is {harmonic * frequency:g} Hz; the highest that "
                f"{self._detector()} detects is {self.DETECTION_LIMIT:g} Hz"
            )

    def _detector(self) -> str:
        return self.who

    def _send_level(self, name: str, command: str, volts: float, limit: Bound | None, resolution: float) -> None:
        """Move a dc output; where the station has a limit, only as it allows, and read it back."""
        with self.lock:
            if limit is not None:
                present = float(getattr(self, name))
                limit.check_way(f"{self.who}: {name}", present, volts, "V")
                limit.check_step(f"{self.who}: {name}", present, volts, "V")
            self.write(command)
            if limit is not None:
                self._kept(name, volts, float(getattr(self, name)), resolution)

    def _kept(self, what: str, sent: float, kept: float, resolution: float) -> None:
        if abs(kept - sent) > resolution:
            sent_, kept_ = (format(volts, self.VOLTS) for volts in (sent, kept))
            raise CommandError(f"{self.who}: {what} of {sent_} V was sent, but reads back as {kept_} V")

    filter_slope = place_in(
        (6, 12, 18, 24),
        "OFSL?",
        "OFSL ",
        "filter_slope",
        "dB/octave",
        """Control the slope of the filter, strictly 6, 12, 18 or 24 dB/octave (1 to 4 poles).""",
    )

    @property
    def status(self) -> LockInStatus:
        """Get overloads and unlock since the last look, a `LockInStatus`; reading clears them, so it is asked once."""
        with self.lock:
            bits = self.peek() | self._unread
            self._unread = LockInStatus(0)
            return bits

    def peek(self) -> LockInStatus:
        """What is new in the status; it stays unread for the next one who asks for `status`."""
        with self.lock:
            bits = self.values("LIAS?", preprocess_reply=reply(*self.STATUS), cast=int, retry=False)[0]
            new = LockInStatus(sum(flag for flag, mask in self.FLAGS.items() if bits & mask))
            self._unread |= new
            return new

    def refusals(self) -> list[str]:
        """What was refused since the last look, from `*ESR?`; asking clears it."""
        bits = self.values("*ESR?", preprocess_reply=reply(*BYTE), cast=int, retry=False)[0]
        return [meaning for bit, meaning in self.EVENT_ERRORS.items() if bits >> bit & 1]

    def clear(self) -> None:
        """Clear all status registers (`*CLS`), overloads included."""
        self.tell("*CLS")
