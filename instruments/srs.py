"""Stanford Research Systems SR830 lock-in amplifier.

Commands and limits: SR830 manual, chapter 5 (Remote Programming). The instrument never answers a command,
sends no error text and has no error queue: each set command is followed by `*ESR?`, whose bits say what was
refused.
"""

from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.driver import reply
from coldfinger.instruments.roles import XY, LockInStatus
from coldfinger.instruments.srs_words import (
    BYTE,
    INPUT_QUEUE,
    OUTPUT_QUEUE,
    REFUSED,
    InputConfiguration,
    InputCoupling,
    InputGrounding,
    LineFilter,
    ReferenceSlope,
    ReferenceSource,
    StanfordLockIn,
    aux_output,
    choice,
    detected_harmonic,
    flag,
    place_in,
    reference_frequency,
)
from coldfinger.instruments.validators import one_of, record, strict_number

__all__ = [
    "LEAST_SINE",
    "SINE_RESOLUTION",
    "SR830",
    "InputConfiguration",
    "InputCoupling",
    "InputGrounding",
    "LineFilter",
    "Offset",
    "OutputInterface",
    "ReferenceSlope",
    "ReferenceSource",
    "Reserve",
    "real",
]

_REAL = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]\d{2,3})?"
_REAL_FORM = "a number like 0.951359 or -4.17234e-007"
real = reply(_REAL, _REAL_FORM)
SINE_RESOLUTION = 0.002  # V rms
LEAST_SINE = 0.004  # V rms
_KEPT = 1.1e-3  # V, how far an output may read back from what was sent


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


def _measured(question: str, docs: str) -> Any:
    return Instrument.measurement(question, docs, preprocess_reply=real)


class SR830(StanfordLockIn):
    """SR830 lock-in amplifier; role LockIn, and its sine output a voltage source.

    `sine_limit` (V rms) and `aux_limits` (V, by number of the output) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"Stanford_Research_Systems,SR830,s/n\w+,ver[\w.]+"
    # A unit left on the other interface hears commands and never answers.
    OPENING: ClassVar[dict[str, tuple[str, ...]]] = {"GPIB": ("OUTX 1",), "ASRL": ("OUTX 0",)}
    REAL: ClassVar[tuple[str, str]] = (_REAL, _REAL_FORM)
    STATUS: ClassVar[tuple[str, str]] = BYTE
    FLAGS: ClassVar[dict[LockInStatus, int]] = {bit: int(bit) for bit in LockInStatus}
    EVENT_ERRORS: ClassVar[dict[int, str]] = {0: INPUT_QUEUE, 2: OUTPUT_QUEUE, **REFUSED}
    VOLTS: ClassVar[str] = ".3f"
    DETECTION_LIMIT: ClassVar[float] = 102e3
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

    def __init__(self, adapter: Any, name: str = "SR830 lock-in amplifier", **kwargs: Any) -> None:
        super().__init__(adapter, name, **kwargs)

    def _detector(self) -> str:
        return "the SR830"

    frequency = reference_frequency(
        """Control the reference frequency (Hz), strictly 0.001 to 102000; settable with the internal
        reference.

        The instrument keeps 5 digits or 0.1 mHz. Raises ValueError too when harmonic * frequency is above
        102 kHz.
        """
    )
    harmonic = detected_harmonic(
        19999,
        """Control the detected harmonic, strictly 1 to 19999.

        The instrument would silently reduce a harmonic above 102 kHz; here it raises ValueError.
        """,
    )
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
        return self.read_number("SLVL?")

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
                self._kept("sine_voltage", volts, self.sine_voltage, _KEPT)

    reference_source = choice("FMOD", ReferenceSource, """Control the source of the reference.""")
    reference_slope = choice("RSLP", ReferenceSlope, """Control the trigger of the external reference.""")
    input_configuration = choice("ISRC", InputConfiguration, """Control the signal input.""")
    input_grounding = choice("IGND", InputGrounding, """Control the grounding of the input shield.""")
    input_coupling = choice("ICPL", InputCoupling, """Control the coupling of the input.""")
    line_filter = choice("ILIN", LineFilter, """Control the notch filters.""")
    sensitivity = place_in(
        SENSITIVITIES,
        "SENS?",
        "SENS ",
        "sensitivity",
        "V",
        """Control the full scale (V rms), strictly one of `SENSITIVITIES`; with a current input 1 V means 1
        uA.""",
    )
    reserve = choice("RMOD", Reserve, """Control the dynamic reserve.""")
    time_constant = place_in(
        TIME_CONSTANTS,
        "OFLT?",
        "OFLT ",
        "time_constant",
        "s",
        """Control the time constant (s) of one pole of the filter, strictly one of `TIME_CONSTANTS`.""",
    )
    sync_filter = flag(
        "SYNC?", "SYNC ", "sync_filter", """Control the synchronous filter (bool), which works below 200 Hz."""
    )
    offset_x = _offset(1, "X")
    offset_y = _offset(2, "Y")
    offset_r = _offset(3, "R")
    aux_output_1 = aux_output(1, 1)
    aux_output_2 = aux_output(2, 2)
    aux_output_3 = aux_output(3, 3)
    aux_output_4 = aux_output(4, 4)
    aux_input_1 = _measured("OAUX? 1", """Measure the voltage at auxiliary input 1 (V), steps of 1/3 mV.""")
    aux_input_2 = _measured("OAUX? 2", """Measure the voltage at auxiliary input 2 (V), steps of 1/3 mV.""")
    aux_input_3 = _measured("OAUX? 3", """Measure the voltage at auxiliary input 3 (V), steps of 1/3 mV.""")
    aux_input_4 = _measured("OAUX? 4", """Measure the voltage at auxiliary input 4 (V), steps of 1/3 mV.""")
    output_interface = choice("OUTX", OutputInterface, """Control the interface that gets all answers.""")
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
