"""Stanford Research Systems SR860, SR865 and SR865A lock-in amplifiers.

Commands and limits: SR860 manual, chapter 4 (programming). As with the SR830, a command is never answered and `*ESR?`
behind it says whether it was refused; the words are those of the SR830 in half of the cases only, the numbers behind
them in fewer: the scale is counted downwards, outputs from 0, and the reference the other way round.

pymeasure has a driver of its own, which is not built upon here: most of its properties are tested by nobody, its
validators clip a value that is too large, two of its commands are misspelt (REFZ, ADVFILT), and its set commands ask
for no error. Attributes have its names where they mean the same as in our SR830.

Where procedures must not care which lock-in they have, the SR830's names and enumerations are used. `sensitivity` is
SCAL, which belongs to the analogue outputs; what the input takes is `input_range`. The dc level of the sine output is a
source of its own, see `SineOffset`: neither it nor the amplitude moves when the other is set.
"""

from enum import IntEnum
from typing import Any, ClassVar

from pymeasure.instruments import Instrument

from coldfinger.instruments.amplitude import held_amplitude
from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import index_reply, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.roles import XY, LockInStatus
from coldfinger.instruments.srs_words import (
    INPUT_QUEUE,
    OUTPUT_QUEUE,
    REFUSED,
    WHOLE,
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
from coldfinger.instruments.validators import member, one_of, strict_bool, strict_number

_REAL = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
_REAL_FORM = "a number like 0.951359 or -4.17234e-07"
real = reply(_REAL, _REAL_FORM)
LEAST_SINE = 1e-9  # V rms
MOST_SINE = 2.0  # V rms
SINE_DIGITS = 3  # of the amplitude, or 1 nV, whichever is coarser
_OUTPUT_BITS = 1 << 0 | 1 << 1 | 0b1111 << 8  # channels 1 and 2, the four data channels
_CURRENT_GAINS = (InputConfiguration.CURRENT_1M, InputConfiguration.CURRENT_100M)
_VOLTAGE_INPUTS = (InputConfiguration.A, InputConfiguration.A_MINUS_B)


class ReferenceMode(IntEnum):
    """Where the reference comes from; DUAL and CHOP need an external one, too."""

    INTERNAL = 0
    EXTERNAL = 1
    DUAL = 2
    CHOP = 3


class OffsetMode(IntEnum):
    """Whether the dc level is the same at both plugs of the sine output (COMMON) or of opposite sign."""

    COMMON = 0
    DIFFERENCE = 1


class Timebase(IntEnum):
    """Whether an external 10 MHz is used when there is one."""

    AUTO = 0
    INTERNAL = 1


class ReferenceInput(IntEnum):
    """Input resistance of the reference."""

    OHM_50 = 0
    MEGOHM_1 = 1


def _offset(axis: int, letter: str) -> Any:
    return Instrument.control(
        f"COFP? {axis}",
        f"COFP {axis},%.2f",
        f"""Control the offset of {letter} (percent of the scale), strictly -999.99 to 999.99; see `offset_on`.""",
        validator=strict_number(f"offset of {letter}", -999.99, 999.99, "%"),
        preprocess_reply=real,
    )


def _expand(axis: int, letter: str) -> Any:
    return place_in(
        (1, 10, 100),
        f"CEXP? {axis}",
        f"CEXP {axis},",
        f"expansion of {letter}",
        "",
        f"""Control by what the output of {letter} is expanded, strictly 1, 10 or 100.""",
    )


def _measured(question: str, docs: str) -> Any:
    return Instrument.measurement(question, docs, preprocess_reply=real)


class SR860(StanfordLockIn):
    """SR860 lock-in amplifier; role LockIn, its sine output an ac source, dc level and auxiliary outputs dc sources.

    `sine_limit` (V rms), `offset_limit` (V) and `aux_limits` (V, by number of the output) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"Stanford_Research_Systems,SR860,\w+,[Vv][\d.]+"
    REAL: ClassVar[tuple[str, str]] = (_REAL, _REAL_FORM)
    STATUS: ClassVar[tuple[str, str]] = WHOLE
    FLAGS: ClassVar[dict[LockInStatus, int]] = {
        LockInStatus.INPUT_OVERLOAD: 1 << 4,
        LockInStatus.FILTER_OVERLOAD: 1 << 6,
        LockInStatus.OUTPUT_OVERLOAD: _OUTPUT_BITS,
        LockInStatus.REFERENCE_UNLOCKED: 1 << 3,
    }
    EVENT_ERRORS: ClassVar[dict[int, str]] = {1: INPUT_QUEUE, 3: OUTPUT_QUEUE, **REFUSED}
    VOLTS: ClassVar[str] = ".9g"
    DETECTION_LIMIT: ClassVar[float] = 500e3
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "frequency",
        "phase",
        "harmonic",
        "sine_voltage",
        "sine_offset",
        "sine_offset_mode",
        "reference_source",
        "reference_mode",
        "reference_slope",
        "reference_input",
        "timebase",
        "input_configuration",
        "input_grounding",
        "input_coupling",
        "input_range",
        "line_filter",
        "sensitivity",
        "time_constant",
        "filter_slope",
        "sync_filter",
        "advanced_filter",
        "offset_x",
        "offset_y",
        "offset_r",
        "offset_x_on",
        "offset_y_on",
        "offset_r_on",
        "expand_x",
        "expand_y",
        "expand_r",
        "aux_output_1",
        "aux_output_2",
        "aux_output_3",
        "aux_output_4",
    )
    SINE_RANGE: ClassVar[tuple[float, float]] = (LEAST_SINE, MOST_SINE)
    """Amplitudes (V rms) of the sine output."""
    SINE_STEP: ClassVar[float] = LEAST_SINE
    """Finest step (V rms) of the amplitude; three digits are kept."""
    SENSITIVITIES: tuple[float, ...] = tuple(float(f"{(1, 2, 5)[i % 3]}e{i // 3 - 9}") for i in range(28))
    TIME_CONSTANTS: tuple[float, ...] = tuple(float(f"{(1, 3)[i % 2]}e{i // 2 - 6}") for i in range(22))
    INPUT_RANGES: ClassVar[tuple[float, ...]] = (1.0, 0.3, 0.1, 0.03, 0.01)
    """Input ranges (V peak)."""

    def __init__(
        self,
        adapter: Any,
        name: str = "SR860 lock-in amplifier",
        *,
        offset_limit: Bound | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._offset_limit = offset_limit

    # Reference

    frequency = reference_frequency(
        """Control the reference frequency (Hz), strictly 0.001 to `DETECTION_LIMIT`; settable with the internal
        reference.

        The instrument keeps 6 digits or 0.1 mHz. Raises ValueError too when harmonic * frequency is above
        `DETECTION_LIMIT`.
        """
    )
    harmonic = detected_harmonic(
        99, """Control the detected harmonic, strictly 1 to 99; ValueError for one above `DETECTION_LIMIT`."""
    )
    phase = Instrument.control(
        "PHAS?",
        "PHAS %.7g",
        """Control the reference phase shift (degrees), strictly -360 to 360; kept modulo into -180 to 180.""",
        validator=strict_number("phase", -360, 360, "degrees"),
        preprocess_reply=real,
    )
    reference_mode = choice("RSRC", ReferenceMode, """Control the reference, a `ReferenceMode`.""", "reference_mode")
    reference_source = Instrument.control(
        "RSRC?",
        "RSRC %d",
        """Control the source of the reference as an SR830 has it; DUAL and CHOP read as EXTERNAL.""",
        validator=member("reference_source", ReferenceSource),
        set_process=lambda source: int(source is ReferenceSource.EXTERNAL),
        preprocess_reply=index_reply(4),
        cast=int,
        get_process=lambda index: ReferenceSource.EXTERNAL if index else ReferenceSource.INTERNAL,
    )
    reference_slope = choice(
        "RTRG", ReferenceSlope, """Control the trigger of the external reference.""", "reference_slope"
    )
    reference_input = choice(
        "REFZ", ReferenceInput, """Control the input resistance of the reference.""", "reference_input"
    )
    timebase = choice("TBMODE", Timebase, """Control which 10 MHz the instrument counts with.""", "timebase")
    external_frequency = _measured("FREQEXT?", """Measure the frequency at the reference input (Hz).""")
    detection_frequency = _measured("FREQDET?", """Measure the frequency that is detected (Hz).""")

    # Sine output and other outputs

    @property
    def sine_voltage(self) -> float:
        """Control the amplitude of the sine output (V rms), strictly 1e-9 to 2, rounded to three digits.

        It holds for one plug of the output against ground without a load. Where the station has a limit, ValueError
        beyond it, and CommandError when another amplitude reads back.
        """
        return self.read_number("SLVL?")

    @sine_voltage.setter
    def sine_voltage(self, value: float) -> None:
        volts = strict_number("sine_voltage", LEAST_SINE, MOST_SINE, "V")(value)
        limit = self._sine_limit
        volts = held_amplitude(volts, SINE_DIGITS, limit)
        volts = max(round(volts, 9), LEAST_SINE)
        if limit is not None and volts > LEAST_SINE:
            limit.check(f"{self.who}: sine_voltage", volts, "V")
        with self.lock:
            self.write(f"SLVL {volts:.9g}")
            if limit is not None:
                self._kept("sine_voltage", volts, self.sine_voltage, max(1e-3 * volts, LEAST_SINE))

    @property
    def sine_offset(self) -> float:
        """Control the dc level of the sine output (V), strictly -5 to 5, steps of 0.1 mV; see `sine_offset_mode`."""
        return self.read_number("SOFF?")

    @sine_offset.setter
    def sine_offset(self, value: float) -> None:
        volts = strict_number("sine_offset", -5, 5, "V")(value)
        self._send_level("sine_offset", f"SOFF {volts:.4f}", volts, self._offset_limit, 1.1e-4)

    sine_offset_mode = choice(
        "REFM", OffsetMode, """Control the sign of the dc level at the second plug.""", "sine_offset_mode"
    )
    aux_output_1 = aux_output(1, 0)
    aux_output_2 = aux_output(2, 1)
    aux_output_3 = aux_output(3, 2)
    aux_output_4 = aux_output(4, 3)
    aux_input_1 = _measured("OAUX? 0", """Measure the voltage at auxiliary input 1 (V).""")
    aux_input_2 = _measured("OAUX? 1", """Measure the voltage at auxiliary input 2 (V).""")
    aux_input_3 = _measured("OAUX? 2", """Measure the voltage at auxiliary input 3 (V).""")
    aux_input_4 = _measured("OAUX? 3", """Measure the voltage at auxiliary input 4 (V).""")

    # Input, scale and filter

    @property
    def input_configuration(self) -> InputConfiguration:
        """Control the signal input, an `InputConfiguration`; a current input turns volts into amperes (1 V is 1 uA)."""
        two = index_reply(2)
        with self.lock:
            if self.values("IVMD?", preprocess_reply=two, cast=int)[0]:
                return _CURRENT_GAINS[self.values("ICUR?", preprocess_reply=two, cast=int)[0]]
            return _VOLTAGE_INPUTS[self.values("ISRC?", preprocess_reply=two, cast=int)[0]]

    @input_configuration.setter
    def input_configuration(self, value: InputConfiguration) -> None:
        wanted = member("input_configuration", InputConfiguration)(value)
        with self.lock:
            if wanted in _CURRENT_GAINS:
                self.write(f"ICUR {_CURRENT_GAINS.index(wanted)}")
                self.write("IVMD 1")
            else:
                self.write(f"ISRC {_VOLTAGE_INPUTS.index(wanted)}")
                self.write("IVMD 0")

    input_grounding = choice("IGND", InputGrounding, """Control the grounding of the shield.""", "input_grounding")
    input_coupling = choice("ICPL", InputCoupling, """Control the coupling of the input.""", "input_coupling")
    input_range = place_in(
        INPUT_RANGES,
        "IRNG?",
        "IRNG ",
        "input_range",
        "V",
        """Control the input range (V peak), strictly one of `INPUT_RANGES`.""",
    )

    @property
    def line_filter(self) -> LineFilter:
        """Control the notch filters, of which there are none: strictly `LineFilter.NONE`; nothing is sent."""
        return LineFilter.NONE

    @line_filter.setter
    def line_filter(self, value: LineFilter) -> None:
        if member("line_filter", LineFilter)(value) is not LineFilter.NONE:
            raise ValueError(f"{self.who}: line_filter {value.name} is not there; allowed is LineFilter.NONE")

    sensitivity = Instrument.control(
        "SCAL?",
        "SCAL %d",
        """Control the full scale (V rms), strictly one of `SENSITIVITIES`; with a current input 1 V means 1 uA.""",
        validator=one_of("sensitivity", SENSITIVITIES, "V"),
        set_process=lambda volts, scales=SENSITIVITIES: 27 - scales.index(volts),
        preprocess_reply=index_reply(28),
        cast=int,
        get_process=lambda index, scales=SENSITIVITIES: scales[27 - index],
    )
    time_constant = place_in(
        TIME_CONSTANTS,
        "OFLT?",
        "OFLT ",
        "time_constant",
        "s",
        """Control the time constant (s) of one pole of the filter, strictly one of `TIME_CONSTANTS`.""",
    )
    sync_filter = flag("SYNC?", "SYNC ", "sync_filter", """Control the synchronous filter (bool).""")
    advanced_filter = flag("ADVFILT?", "ADVFILT ", "advanced_filter", """Control the advanced filter (bool).""")
    noise_bandwidth = _measured("ENBW?", """Measure the equivalent noise bandwidth of the filter (Hz).""")
    signal_strength = Instrument.measurement(
        "ILVL?",
        """Measure how much of the input range the signal takes, 0 (least) to 4 (overload).""",
        preprocess_reply=index_reply(5),
        cast=int,
    )

    # Readings

    offset_x = _offset(0, "X")
    offset_y = _offset(1, "Y")
    offset_r = _offset(2, "R")
    offset_x_on = flag("COFA? 0", "COFA 0,", "offset_x_on", """Control whether the offset is subtracted (bool).""")
    offset_y_on = flag("COFA? 1", "COFA 1,", "offset_y_on", """Control whether the offset is subtracted (bool).""")
    offset_r_on = flag("COFA? 2", "COFA 2,", "offset_r_on", """Control whether the offset is subtracted (bool).""")
    expand_x = _expand(0, "X")
    expand_y = _expand(1, "Y")
    expand_r = _expand(2, "R")
    x = _measured("OUTP? 0", """Measure the in-phase voltage X (V rms).""")
    y = _measured("OUTP? 1", """Measure the quadrature voltage Y (V rms).""")
    r = _measured("OUTP? 2", """Measure the magnitude R (V rms).""")
    theta = _measured("OUTP? 3", """Measure the phase of the signal (degrees).""")
    xy = Instrument.measurement(
        "SNAP? 0,1",
        """Measure X and Y of the same instant (V rms), an `XY`.""",
        preprocess_reply=reply(_REAL + r",\s*" + _REAL, "two numbers like 0.951359,-4.17234e-07"),
        get_process_list=lambda fields: XY(*fields),
    )


class SR865(SR860):
    """The same to 2 MHz."""

    IDENTITY: ClassVar[str] = r"Stanford_Research_Systems,SR865,\w+,[Vv][\d.]+"
    DETECTION_LIMIT: ClassVar[float] = 2e6


class SR865A(SR860):
    """The same to 4 MHz."""

    IDENTITY: ClassVar[str] = r"Stanford_Research_Systems,SR865A,\w+,[Vv][\d.]+"
    DETECTION_LIMIT: ClassVar[float] = 4e6


class SineOffset:
    """Role DCBias over the dc level of the sine output, which is always on and runs beside its amplitude."""

    def __init__(self, lockin: SR860) -> None:
        self._lockin = lockin

    @property
    def level(self) -> float:
        """Control the voltage (V) at one plug against ground, strictly -5 to 5, steps of 0.1 mV.

        Setting raises CommandError unless `sine_offset_mode` is COMMON, in which the level is that of either plug.
        """
        return self._lockin.sine_offset

    @level.setter
    def level(self, value: float) -> None:
        with self._lockin.lock:
            if self._lockin.sine_offset_mode is not OffsetMode.COMMON:
                raise CommandError(
                    f"{self._lockin.who}: a dc level was not sent, because the levels of the two plugs of the sine "
                    "output differ; set sine_offset_mode to OffsetMode.COMMON first"
                )
            self._lockin.sine_offset = value

    @property
    def output(self) -> bool:
        """Get whether there is a voltage source at the terminals: always."""
        return True

    @output.setter
    def output(self, on: bool) -> None:
        if not strict_bool("output")(on):
            self.off()

    def off(self) -> None:
        """Zero volts at once; the amplitude stays."""
        self._lockin.sine_offset = 0.0
