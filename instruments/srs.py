"""Stanford Research Systems SR830 lock-in amplifier.

Commands and limits: SR830 manual, chapter 5 (Remote Programming). The instrument never answers a command,
sends no error text and has no error queue: each set command is followed by `*ESR?`, whose bits say what was
refused.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import Linked, index_reply, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.roles import XY, LockInStatus
from coldfinger.instruments.validators import (
    member,
    one_of,
    record,
    strict_bool,
    strict_integer,
    strict_number,
)

_REAL = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]\d{2,3})?"
real = reply(_REAL, "a number like 0.951359 or -4.17234e-007")
whole = reply(r"\d{1,5}", "a whole number")
DETECTION_LIMIT = 102e3  # Hz, highest harmonic * frequency
SINE_RESOLUTION = 0.002  # V rms
LEAST_SINE = 0.004  # V rms
_KEPT = 1.1e-3  # V, how far an output may read back from what was sent
EVENT_ERRORS = {
    0: "its input queue overflowed",
    2: "its output queue overflowed",
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


class Reserve(IntEnum):
    """Dynamic reserve."""

    HIGH = 0
    NORMAL = 1
    LOW_NOISE = 2


class OutputInterface(IntEnum):
    """The interface that gets all answers."""

    RS232 = 0
    GPIB = 1


class Offset(NamedTuple):
    """Offset (percent of sensitivity) and expansion (1, 10 or 100) of an output; they change X, Y and R as
    read."""

    percent: float
    expand: int


def _choice(mnemonic: str, kind: type[IntEnum], docs: str) -> Any:
    """A property whose values are the members of `kind`, sent as their numbers."""
    return Instrument.control(
        f"{mnemonic}?",
        f"{mnemonic} %d",
        docs,
        validator=member(mnemonic, kind),
        preprocess_reply=index_reply(len(kind)),
        cast=int,
        get_process=kind,
    )


def _offset(output: int, letter: str) -> Any:
    return Instrument.control(
        f"OEXP? {output}",
        f"OEXP {output},%.2f,%d",
        f"""Control offset (percent of full scale, strictly -105 to 105) and expansion of {letter}.""",
        validator=record(
            f"offset of {letter}",
            Offset,
            percent=strict_number(f"offset of {letter}", -105, 105, "%"),
            expand=one_of(f"expansion of {letter}", (1, 10, 100), ""),
        ),
        set_process=lambda offset: (offset.percent, (1, 10, 100).index(offset.expand)),
        preprocess_reply=reply(_REAL + r",\s*[012]", "offset and expansion like 0.00,0"),
        get_process_list=lambda fields: Offset(fields[0], (1, 10, 100)[int(fields[1])]),
    )


def _aux_output(number: int) -> Any:
    allowed = strict_number(f"auxiliary output {number}", -10.5, 10.5, "V")

    def read(self: "SR830") -> float:
        return float(self.values(f"AUXV? {number}", preprocess_reply=real)[0])

    def send(self: "SR830", value: float) -> None:
        self._send_aux(number, allowed(value))

    docs = f"""Control the voltage of auxiliary output {number} (V), strictly -10.5 to 10.5, steps of 1 mV."""
    return property(read, send, doc=docs)


def _measured(question: str, docs: str) -> Any:
    return Instrument.measurement(question, docs, preprocess_reply=real)


class SR830(Linked):
    """SR830 lock-in amplifier; role LockIn, and its sine output a voltage source.

    `sine_limit` (V rms) and `aux_limits` (V, by number of the output) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"Stanford_Research_Systems,SR830,s/n\w+,ver[\w.]+"
    # A unit left on the other interface hears commands and never answers.
    OPENING: ClassVar[dict[str, tuple[str, ...]]] = {"GPIB": ("OUTX 1",), "ASRL": ("OUTX 0",)}
    FORGET: ClassVar[tuple[str, ...]] = ("*ESR?",)
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "frequency",
        "phase",
        "harmonic",
        "sine_voltage",
        "reference_source",
        "reference_slope",
        "input_configuration",
        "input_grounding",
        "input_coupling",
        "line_filter",
        "sensitivity",
        "reserve",
        "time_constant",
        "filter_slope",
        "sync_filter",
        "offset_x",
        "offset_y",
        "offset_r",
        "aux_output_1",
        "aux_output_2",
        "aux_output_3",
        "aux_output_4",
        "output_interface",
    )
    SENSITIVITIES: tuple[float, ...] = tuple(float(f"{(2, 5, 10)[i % 3]}e{i // 3 - 9}") for i in range(27))
    TIME_CONSTANTS: tuple[float, ...] = tuple(float(f"{(1, 3)[i % 2]}e{i // 2 - 5}") for i in range(20))

    def __init__(
        self,
        adapter: Any,
        name: str = "SR830 lock-in amplifier",
        *,
        sine_limit: Bound | None = None,
        aux_limits: Mapping[int, Bound] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._sine_limit, self._aux_limits = sine_limit, dict(aux_limits or {})
        self._unread = LockInStatus(0)

    @property
    def frequency(self) -> float:
        """Control the reference frequency (Hz), strictly 0.001 to 102000; settable with the internal
        reference.

        The instrument keeps 5 digits or 0.1 mHz. Raises ValueError too when harmonic * frequency is above
        102 kHz.
        """
        return float(self.values("FREQ?", preprocess_reply=real)[0])

    @frequency.setter
    def frequency(self, value: float) -> None:
        hertz = strict_number("frequency", 0.001, DETECTION_LIMIT, "Hz")(value)
        with self.lock:
            _detectable(hertz, self.harmonic)
            self.write(f"FREQ {hertz:.10g}")

    @property
    def harmonic(self) -> int:
        """Control the detected harmonic, strictly 1 to 19999.

        The instrument would silently reduce a harmonic above 102 kHz; here it raises ValueError.
        """
        return int(self.values("HARM?", preprocess_reply=whole, cast=int)[0])

    @harmonic.setter
    def harmonic(self, value: int) -> None:
        harmonic = strict_integer("harmonic", 1, 19999)(value)
        with self.lock:
            _detectable(self.frequency, harmonic)
            self.write(f"HARM {harmonic}")

    phase = Instrument.control(
        "PHAS?",
        "PHAS %.2f",
        """Control the reference phase shift (degrees), strictly -360 to 729.99; kept modulo into -180 to
        180.""",
        validator=strict_number("phase", -360, 729.99, "degrees"),
        preprocess_reply=real,
    )

    @property
    def sine_voltage(self) -> float:
        """Control the amplitude of the sine output (V rms), strictly 0.004 to 5, rounded to 2 mV.

        Where the station has a limit, ValueError beyond it, and CommandError when another amplitude reads back.
        """
        return float(self.values("SLVL?", preprocess_reply=real)[0])

    @sine_voltage.setter
    def sine_voltage(self, value: float) -> None:
        volts = strict_number("sine_voltage", LEAST_SINE, 5, "V")(value)
        volts = round(volts / SINE_RESOLUTION) * SINE_RESOLUTION
        limit = self._sine_limit
        if limit is not None and volts > LEAST_SINE:
            limit.check(f"{self.who}: sine_voltage", volts, "V")
        with self.lock:
            self.write(f"SLVL {volts:.3f}")
            if limit is not None:
                self._kept("sine_voltage", volts, self.sine_voltage)

    def _send_aux(self, number: int, volts: float) -> None:
        name = f"aux_output_{number}"
        limit = self._aux_limits.get(number)
        with self.lock:
            if limit is not None:
                present = float(getattr(self, name))
                limit.check_way(f"{self.who}: {name}", present, volts, "V")
                limit.check_step(f"{self.who}: {name}", present, volts, "V")
            self.write(f"AUXV {number},{volts:.3f}")
            if limit is not None:
                self._kept(name, volts, float(getattr(self, name)))

    def _kept(self, what: str, sent: float, kept: float) -> None:
        if abs(kept - sent) > _KEPT:
            raise CommandError(f"{self.who}: {what} of {sent:.3f} V was sent, but reads back as {kept:.3f} V")

    reference_source = _choice("FMOD", ReferenceSource, """Control the source of the reference.""")
    reference_slope = _choice("RSLP", ReferenceSlope, """Control the trigger of the external reference.""")
    input_configuration = _choice("ISRC", InputConfiguration, """Control the signal input.""")
    input_grounding = _choice("IGND", InputGrounding, """Control the grounding of the input shield.""")
    input_coupling = _choice("ICPL", InputCoupling, """Control the coupling of the input.""")
    line_filter = _choice("ILIN", LineFilter, """Control the notch filters.""")
    sensitivity = Instrument.control(
        "SENS?",
        "SENS %d",
        """Control the full scale (V rms), strictly one of `SENSITIVITIES`; with a current input 1 V means 1
        uA.""",
        validator=one_of("sensitivity", SENSITIVITIES, "V"),
        values=SENSITIVITIES,
        map_values=True,
        preprocess_reply=index_reply(27),
        cast=int,
    )
    reserve = _choice("RMOD", Reserve, """Control the dynamic reserve.""")
    time_constant = Instrument.control(
        "OFLT?",
        "OFLT %d",
        """Control the time constant (s) of one pole of the filter, strictly one of `TIME_CONSTANTS`.""",
        validator=one_of("time_constant", TIME_CONSTANTS, "s"),
        values=TIME_CONSTANTS,
        map_values=True,
        preprocess_reply=index_reply(20),
        cast=int,
    )
    filter_slope = Instrument.control(
        "OFSL?",
        "OFSL %d",
        """Control the slope of the filter, strictly 6, 12, 18 or 24 dB/octave (1 to 4 poles).""",
        validator=one_of("filter_slope", (6, 12, 18, 24), "dB/octave"),
        values=(6, 12, 18, 24),
        map_values=True,
        preprocess_reply=index_reply(4),
        cast=int,
    )
    sync_filter = Instrument.control(
        "SYNC?",
        "SYNC %d",
        """Control the synchronous filter (bool), which works below 200 Hz.""",
        validator=strict_bool("sync_filter"),
        preprocess_reply=index_reply(2),
        cast=int,
        get_process=bool,
    )
    offset_x = _offset(1, "X")
    offset_y = _offset(2, "Y")
    offset_r = _offset(3, "R")
    aux_output_1 = _aux_output(1)
    aux_output_2 = _aux_output(2)
    aux_output_3 = _aux_output(3)
    aux_output_4 = _aux_output(4)
    aux_input_1 = _measured("OAUX? 1", """Measure the voltage at auxiliary input 1 (V), steps of 1/3 mV.""")
    aux_input_2 = _measured("OAUX? 2", """Measure the voltage at auxiliary input 2 (V), steps of 1/3 mV.""")
    aux_input_3 = _measured("OAUX? 3", """Measure the voltage at auxiliary input 3 (V), steps of 1/3 mV.""")
    aux_input_4 = _measured("OAUX? 4", """Measure the voltage at auxiliary input 4 (V), steps of 1/3 mV.""")
    output_interface = _choice("OUTX", OutputInterface, """Control the interface that gets all answers.""")
    x = _measured("OUTP? 1", """Measure the in-phase voltage X (V rms).""")
    y = _measured("OUTP? 2", """Measure the quadrature voltage Y (V rms).""")
    r = _measured("OUTP? 3", """Measure the magnitude R (V rms).""")
    theta = _measured("OUTP? 4", """Measure the phase of the signal (degrees).""")
    xy = Instrument.measurement(
        "SNAP? 1,2",
        """Measure X and Y of the same instant (V rms), an `XY`.""",
        preprocess_reply=reply(_REAL + r",\s*" + _REAL, "two numbers like 0.951359,-4.17234e-007"),
        get_process_list=lambda fields: XY(*fields),
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
        byte = reply(r"\d{1,3}", "a status byte 0 to 255")
        with self.lock:
            bits = self.values("LIAS?", preprocess_reply=byte, cast=int, retry=False)[0]
            new = LockInStatus(bits & 15)
            self._unread |= new
            return new

    def refusals(self) -> list[str]:
        """What was refused since the last look, from `*ESR?`; asking clears it."""
        byte = reply(r"\d{1,3}", "a status byte 0 to 255")
        bits = self.values("*ESR?", preprocess_reply=byte, cast=int, retry=False)[0]
        return [meaning for bit, meaning in EVENT_ERRORS.items() if bits >> bit & 1]

    def clear(self) -> None:
        """Clear all status bytes (`*CLS`), overloads included."""
        self.tell("*CLS")


def _detectable(frequency: float, harmonic: int) -> None:
    if frequency * harmonic > DETECTION_LIMIT:
        raise ValueError(
            f"harmonic {harmonic} of {frequency:g} Hz is {harmonic * frequency:g} Hz; the highest that the "
            f"SR830 detects is {DETECTION_LIMIT:g} Hz"
        )
