"""Front panels of the Stanford Research Systems SR860, SR865 and SR865A lock-in amplifiers.

Source: SR860 manual, chapter 4 (programming); tables and status bits as the maker's own Python driver has them.
Simulated: reference, sine output with its dc offset, input, scale, filter, outputs, data channels, auxiliary, auto,
interface and status commands over the cryostat's lock-in; latched and live overload bits; the capture buffer
(`sr860_capture`). Units after a number (FREQ 1 KHZ) and words for an index (RSRC INT) are understood. The readings are
those behind the filter: the scale (SCAL) is taken to belong to the analogue outputs alone, so that more than it holds
raises overload bits and changes no reading. In current mode the outputs read zero, because the laboratory's wires end
at the voltage inputs. RSRC 1 locks to a function generator when the laboratory has one; otherwise, and with
RSRC 2 and 3, the reference reads as unlocked.
The dc offset (SOFF) is the fifth of the lock-in's dc outputs, behind the four auxiliary ones.
Not simulated: streaming, scans, FFT and strip chart, signals at the auxiliary inputs and at the trigger input (*TRG is
the trigger), noise readings (zero), ratio mode, busy times of the auto functions.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from coldfinger.sim.devices.sr860_capture import LARGEST_READING, CaptureBuffer, Samples
from coldfinger.sim.generator import DrivenLockin
from coldfinger.sim.lockin import INPUT, OUTPUT, OVER_RANGE, UNLOCK
from coldfinger.sim.scpi import (
    CommandTable,
    Fault,
    Optional,
    Panel,
    Parameter,
    Port,
    Refused,
    Step,
    integer,
    real,
    split,
)

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

SCALES = tuple(float(f"{m}e{e}") for e in range(0, -10, -1) for m in (5, 2, 1))[2:]
"""Full scales (V) of SCAL 0 to 27: 1 V down to 1 nV."""
RANGES = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Input ranges (V peak) of IRNG 0 to 4."""
TIME_CONSTANTS = tuple(float(f"{m}e{e}") for e in range(-6, 5) for m in (1, 3))
"""Time constants (s) of OFLT 0 to 21: 1 us to 30 ks."""
LOWEST_AMPLITUDE = 1e-9  # V rms; less is taken as this, an assumed default: stock drivers allow 0
AMPLITUDE_DIGITS = 3  # of SLVL, or 1 nV, whichever is coarser (data sheet)
SYNC_BELOW = 4e3  # Hz of detection frequency, assumed limit of the synchronous filter
FASTEST_CAPTURE = 1.25e6  # Hz, at 1 us; assumed to halve with each doubling of the time constant
STRENGTHS = (0.1, 0.3, 0.6, 1.0)  # of the input range, assumed steps of ILVL 1 to 4
BANDWIDTHS = (1 / 4, 1 / 8, 3 / 32, 5 / 64)  # equivalent noise bandwidth times time constant, of OFSL 0 to 3
TELNET_GREETING = b"Welcome to the lock-in amplifier\n"  # assumed text; that one line comes is known

CH1_OVERLOAD, CH2_OVERLOAD, RANGE_OVERLOAD, SYNC_TOO_FAST = 1, 2, 16, 32  # LIAS bits beside UNLOCK
INPUT_OVERFLOW, EXECUTION, ILLEGAL, POWER_ON = 2, 16, 32, 128  # *ESR bits
OPERATION_COMPLETE = 1

_STATEMENT = re.compile(r":?(\*?[A-Z]+)\s*(\??)(.*)", re.ASCII | re.DOTALL | re.IGNORECASE)
_QUANTITY = re.compile(r"([^A-Z]*(?:E[+-]?\d+)?)\s*([A-Z]*)", re.ASCII | re.IGNORECASE)
_VOLTS = {"NV": 1e-9, "UV": 1e-6, "MV": 1e-3, "V": 1.0}
_HERTZ = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6}
_ANGLES = {"UDEG": 1e-6, "MDEG": 1e-3, "DEG": 1.0, "URAD": 1e-6, "MRAD": 1e-3, "RAD": 1.0}
for _name in ("URAD", "MRAD", "RAD"):
    _ANGLES[_name] = math.degrees(_ANGLES[_name])
# The part in capitals is enough.
_CHANNELS: tuple[str, ...] = ("X", "Y", "R", "THeta", "IN1", "IN2", "IN3", "IN4", "XNOise", "YNOise", "OUT1", "OUT2")
_CHANNELS += ("PHAse", "SAMp", "LEVel", "FInt", "FExt")


def number(value: float) -> str:
    """A real number as the instrument writes it; nine digits and a two-digit exponent are assumed."""
    return f"{value + 0.0:.9g}"


def wrapped(phase: float) -> float:
    """Phase (degrees) within -180 (excluded) to 180."""
    return 180.0 - (180.0 - phase) % 360.0


def rounded(value: float, digits: int, step: float) -> float:
    """So many digits or a step that is a power of ten, whichever is coarser."""
    if value == 0.0:
        return 0.0
    return round(value, min(round(-math.log10(step)), digits - 1 - math.floor(math.log10(abs(value)))))


def quantity(low: float, high: float, units: Mapping[str, float]) -> Parameter:
    """A number from `low` to `high`, with or without one of the units."""
    limited, free = real(low, high), real()

    def convert(text: str) -> float:
        match = _QUANTITY.fullmatch(text)
        unit = match[2].upper() if match else ""
        if match is None or (unit and unit not in units):
            raise Refused(Fault.INVALID_PARAMETER)
        value: float = free(match[1].strip()) * units.get(unit, 1.0)
        return float(limited(repr(value)))

    return convert


def choice(*names: str) -> Parameter:
    """An index from 0, or its name; of a name in mixed case the capitals are enough."""
    index = integer(0, len(names) - 1)
    known = {}
    for place, name in enumerate(names):
        known[name.upper()] = known["".join(c for c in name if not c.islower())] = place

    def convert(text: str) -> int:
        place = known.get(text.upper())
        return int(index(text)) if place is None else place

    return convert


_OFF_ON = choice("OFF", "ON")
_SIGNAL = choice(*_CHANNELS)
_TRACE = choice("DAT1", "DAT2", "DAT3", "DAT4")
_AXIS = choice("X", "Y", "R")
_PRESET = integer(0, 3)
_AUX = choice("OUT1", "OUT2", "OUT3", "OUT4")
_CAPTURED = ((0,), (0, 1), (2, 3), (0, 1, 2, 3))  # of X, Y, R, theta, for each CAPTURECFG

# Settings that are kept and answered, and change nothing in the simulated laboratory.
_KEPT: dict[str, tuple[Parameter, float]] = {
    "TBMODE": (choice("AUTO", "INternal"), 0),
    "HARMDUAL": (integer(1, 99), 1),
    "BLADESLOTS": (choice("SLT6", "SLT30"), 0),
    "BLADEPHASE": (quantity(-360.0, 360.0, _ANGLES), 0.0),
    "REFM": (choice("COMmon", "DIFference"), 0),
    "RTRG": (choice("SIN", "POSttl", "NEGttl"), 0),
    "REFZ": (choice("50ohms", "1Meg"), 1),
    "IGND": (choice("FLOat", "GROund"), 0),
    "ICUR": (choice("1MEG", "100MEG"), 0),
    "ADVFILT": (_OFF_ON, 1),
    "DBLK": (_OFF_ON, 0),
    "DLAY": (integer(0, 5), 0),
    "GSPD": (integer(0, 16), 0),
    "OVRM": (_OFF_ON, 1),
    "LOCL": (integer(0, 2), 0),
    "KEYC": (_OFF_ON, 0),
    "*PSC": (_OFF_ON, 1),
}
# The same with a number in front: which one, what it takes, and what all of them are.
_KEPT_EACH: dict[str, tuple[Parameter, int, Parameter, float]] = {
    "PSTF": (_PRESET, 4, quantity(1e-3, 4e6, _HERTZ), 1000.0),
    "PSTA": (_PRESET, 4, quantity(0.0, 2.0, _VOLTS), 0.1),
    "PSTL": (_PRESET, 4, quantity(-5.0, 5.0, _VOLTS), 0.0),
    "COUT": (choice("OCH1", "OCH2"), 2, choice("XY", "RTHeta"), 0),
    "CRAT": (_AXIS, 3, _OFF_ON, 0),
    "CEXP": (_AXIS, 3, choice("OFF", "X10", "X100"), 0),
    "CGRF": (_TRACE, 4, _OFF_ON, 0),
}
_ENABLES = {"*ESE": 255, "*SRE": 255, "ERRE": 255, "LIAE": 65535}


@dataclass(frozen=True)
class Setup:
    """What *RST restores; assumed defaults."""

    frequency: float = 1e5  # Hz
    amplitude: float = LOWEST_AMPLITUDE  # V rms
    offset: float = 0.0  # V dc of the sine output
    phase: float = 0.0  # degrees
    harmonic: int = 1
    reference: int = 0
    current: int = 0
    difference: int = 0
    dc_coupled: int = 0
    range: int = 0
    scale: int = 0
    time_constant: int = 10
    slope: int = 0
    sync: int = 0
    percents: tuple[float, ...] = (0.0,) * 3  # offsets of X, Y, R
    offsets_on: tuple[int, ...] = (0,) * 3
    traces: tuple[int, ...] = (0, 1, 2, 3)  # what the four data channels show
    aux_outputs: tuple[float, ...] = (0.0,) * 4  # V
    capture: tuple[int, int] = (256, 0)  # kB, halvings of the fastest rate
    capture_config: int = 0  # of `_CAPTURED`
    kept: dict[str, float] = field(default_factory=lambda: {name: value for name, (_, value) in _KEPT.items()})
    kept_each: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {name: (value,) * count for name, (_, count, _, value) in _KEPT_EACH.items()}
    )


def _nearest(table: tuple[float, ...], value: float) -> int:
    return min(range(len(table)), key=lambda i: abs(math.log(table[i] / value)))


def _with(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])


class SR860(Panel):
    """SR860 on GPIB, USB or VXI-11; starts with the set-up that the lock-in was left with."""

    commands = CommandTable()
    terminators = b"\r\n"
    reply_end = b"\n"
    identity: ClassVar[str] = "Stanford_Research_Systems,SR860,003693,V1.51"
    highest_frequency: ClassVar[float] = 500e3  # Hz

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._lockin = lockin = cryostat.lockin
        self._event = POWER_ON
        self._lias = 0
        self._enable = dict.fromkeys(_ENABLES, 0)
        self._capture = CaptureBuffer()
        self._obey(
            Setup(
                frequency=lockin.frequency,
                amplitude=min(lockin.amplitude, 2.0),
                phase=lockin.phase,
                harmonic=min(lockin.harmonic, 99),
                difference=int(not lockin.single_ended),
                dc_coupled=int(not lockin.ac_coupled),
                scale=_nearest(SCALES, lockin.sensitivity),
                time_constant=_nearest(TIME_CONSTANTS, lockin.time_constant),
                slope=lockin.poles - 1,
                sync=int(lockin.sync),
            )
        )
        self._clear_capture()

    def parse(self, statement: str) -> tuple[str, list[str]]:
        match = _STATEMENT.fullmatch(statement)
        if match is None:
            return statement.upper(), []
        return match[1].upper() + match[2], split(match[3], ",")

    def refuse(self, fault: Fault) -> None:
        if fault is Fault.LINE_TOO_LONG:
            self._event |= INPUT_OVERFLOW
        elif fault in (Fault.UNKNOWN_COMMAND, Fault.UNKNOWN_QUERY):
            self._event |= ILLEGAL
        else:
            self._event |= EXECUTION

    def run(self, steps: tuple[Step, ...], port: Port) -> None:
        self._store()
        super().run(steps, port)

    def act(self) -> None:
        self._store()
        self._set_due()

    def serial_poll(self, waiting: bool) -> int:
        status = 16 if waiting else 0
        if self._latched() & self._enable["LIAE"]:
            status |= 8
        if self._event & self._enable["*ESE"]:
            status |= 32
        return status | (64 if status & self._enable["*SRE"] else 0)

    # Settings and the laboratory

    def _obey(self, setup: Setup) -> None:
        """Take over a set-up; tell the lock-in."""
        self._setup = setup
        lockin = self._lockin
        lockin.frequency, lockin.amplitude = setup.frequency, setup.amplitude
        lockin.phase, lockin.harmonic = setup.phase, setup.harmonic
        lockin.ac_coupled = not setup.dc_coupled
        lockin.single_ended = not setup.difference
        lockin.sensitivity = SCALES[setup.scale]
        lockin.time_constant = TIME_CONSTANTS[setup.time_constant]
        lockin.poles = setup.slope + 1
        fast = setup.frequency * setup.harmonic > SYNC_BELOW
        lockin.sync = bool(setup.sync) and not fast
        if setup.sync and fast:
            self._lias |= SYNC_TOO_FAST
        lockin.dc_outputs = [*setup.aux_outputs, setup.offset]
        if isinstance(lockin, DrivenLockin):
            lockin.follows = setup.reference == 1

    def _external_frequency(self) -> float | None:
        """Hz at the reference input, None when nothing is plugged in."""
        return self._lockin.generator.frequency if isinstance(self._lockin, DrivenLockin) else None

    def _reference_frequency(self) -> float | None:
        """Hz that the detection is locked to, None when it is not; two references at a time are never there."""
        if self._setup.reference == 0:
            return self._setup.frequency
        return self._external_frequency() if self._setup.reference == 1 else None

    def _input(self) -> complex:
        """What is behind the filter, V rms."""
        if self._setup.current:
            return 0j
        lockin, now = self._lockin, self._cryostat.now
        return lockin._filtered(now) + lockin._ripple(now) + complex(*lockin.output_offset)

    def _outputs(self) -> tuple[float, float, float, float]:
        """X, Y, R (V, offsets subtracted) and theta (degrees)."""
        signal, setup = self._input(), self._setup
        values = [signal.real, signal.imag, abs(signal)]
        for place, percent in enumerate(setup.percents):
            if setup.offsets_on[place]:
                values[place] -= 0.01 * percent * SCALES[setup.scale]
        return values[0], values[1], values[2], math.degrees(math.atan2(signal.imag, signal.real))

    def _value(self, which: int) -> float:
        """One of the seventeen signals of OUTP, SNAP and CDSP."""
        if which < 4:
            return self._outputs()[which]
        setup = self._setup
        rest = (setup.phase, setup.amplitude, setup.offset, setup.frequency, self._external_frequency() or 0.0)
        return (*(0.0,) * 6, *setup.aux_outputs[:2], *rest)[which - 4]

    def _overloaded(self) -> int:
        """Live overload bits, numbered as in CUROVLDSTAT."""
        signal, limit = self._input(), OVER_RANGE * SCALES[self._setup.scale]
        channels = self._setup.kept_each["COUT"]
        first = abs(signal) if channels[0] else abs(signal.real)
        bits = CH1_OVERLOAD if first > limit else 0
        if not channels[1] and abs(signal.imag) > limit:
            bits |= CH2_OVERLOAD
        if self._lockin.unlocked or self._reference_frequency() is None:
            bits |= UNLOCK
        if math.sqrt(2.0) * abs(signal) > RANGES[self._setup.range]:
            bits |= RANGE_OVERLOAD
        for place, shown in enumerate(self._setup.traces):
            if shown < 3 and abs((signal.real, signal.imag, abs(signal))[shown]) > limit:
                bits |= 256 << place
        return bits

    def _latched(self) -> int:
        seen = self._lockin.overload
        bits = self._overloaded()
        if seen & OUTPUT and not bits & (CH1_OVERLOAD | CH2_OVERLOAD):
            bits |= CH1_OVERLOAD  # it was one of the two and is over
        if seen & INPUT:
            bits |= RANGE_OVERLOAD
        bits |= seen & UNLOCK
        return self._lias | bits

    # Reference and sine output

    @commands.command("FREQ", takes=(quantity(1e-3, 4e6, _HERTZ),))
    def set_frequency(self, frequency: float) -> None:
        if self._setup.reference == 1:
            raise Refused(Fault.OUT_OF_RANGE)
        self.set_internal_frequency(frequency)

    @commands.command("FREQINT", takes=(quantity(1e-3, 4e6, _HERTZ),))
    def set_internal_frequency(self, frequency: float) -> None:
        if frequency * self._setup.harmonic > self.highest_frequency:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, frequency=rounded(frequency, 6, 1e-4)))

    @commands.command("FREQ?")
    def read_frequency(self) -> str:
        external = self._setup.reference == 1
        return number((self._external_frequency() or 0.0) if external else self._setup.frequency)

    @commands.command("FREQEXT?")
    def read_external_frequency(self) -> str:
        return number(self._external_frequency() or 0.0)

    @commands.command("FREQDET?")
    def read_detection_frequency(self) -> str:
        return number((self._reference_frequency() or 0.0) * self._setup.harmonic)

    @commands.command("HARM", takes=(integer(1, 99),))
    def set_harmonic(self, harmonic: int) -> None:
        if harmonic * self._setup.frequency > self.highest_frequency:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, harmonic=harmonic))

    @commands.command("PHAS", takes=(quantity(-360000.0, 360000.0, _ANGLES),))
    def set_phase(self, phase: float) -> None:
        self._obey(replace(self._setup, phase=wrapped(round(phase, 6))))

    @commands.command("SLVL", takes=(quantity(0.0, 2.0, _VOLTS),))
    def set_amplitude(self, amplitude: float) -> None:
        self._obey(replace(self._setup, amplitude=max(rounded(amplitude, AMPLITUDE_DIGITS, 1e-9), LOWEST_AMPLITUDE)))

    @commands.command("SOFF", takes=(quantity(-5.0, 5.0, _VOLTS),))
    def set_offset(self, offset: float) -> None:
        self._obey(replace(self._setup, offset=round(offset, 4)))

    @commands.command("TBSTAT?")
    def read_timebase(self) -> str:
        """The internal one: nothing is plugged in."""
        return "1"

    # Input, scale and filter

    @commands.command("IRNG", takes=(choice("1Volt", "300Mvolt", "100Mvolt", "30Mvolt", "10Mvolt"),))
    def set_range(self, index: int) -> None:
        if not self._lockin.range_stuck:
            self._obey(replace(self._setup, range=index))

    @commands.command("SCAL", takes=(integer(0, 27),))
    def set_scale(self, index: int) -> None:
        if not self._lockin.range_stuck:
            self._obey(replace(self._setup, scale=index))

    def _set(self, name: str, value: int) -> None:
        changed: dict[str, Any] = {name: value}
        self._obey(replace(self._setup, **changed))

    def _read(self, name: str) -> str:
        value = getattr(self._setup, name)
        return number(value) if isinstance(value, float) else str(value)

    @commands.command("ENBW?")
    def read_bandwidth(self) -> str:
        return number(BANDWIDTHS[self._setup.slope] / TIME_CONSTANTS[self._setup.time_constant])

    @commands.command("ILVL?")
    def read_strength(self) -> str:
        part = math.sqrt(2.0) * abs(self._input()) / RANGES[self._setup.range]
        return str(sum(part > step for step in STRENGTHS))

    # Outputs

    @commands.command("OUTP?", takes=(_SIGNAL,))
    def read_output(self, which: int) -> str:
        return number(self._value(which))

    @commands.command("SNAP?", takes=(_SIGNAL, _SIGNAL, Optional(_SIGNAL)))
    def snapshot(self, *wanted: int) -> str:
        return ",".join(number(self._value(which)) for which in wanted)

    @commands.command("SNAPD?")
    def snapshot_of_screen(self) -> str:
        return self.snapshot(*self._setup.traces)

    @commands.command("OUTR?", takes=(_TRACE,))
    def read_trace(self, trace: int) -> str:
        return number(self._value(self._setup.traces[trace]))

    @commands.command("CDSP", takes=(_TRACE, _SIGNAL))
    def set_trace(self, trace: int, shown: int) -> None:
        self._obey(replace(self._setup, traces=_with(self._setup.traces, trace, shown)))

    @commands.command("CDSP?", takes=(_TRACE,))
    def read_trace_setting(self, trace: int) -> str:
        return str(self._setup.traces[trace])

    @commands.command("COFP", takes=(_AXIS, real(-999.99, 999.99)))
    def set_percent(self, axis: int, percent: float) -> None:
        self._obey(replace(self._setup, percents=_with(self._setup.percents, axis, round(percent, 2))))

    @commands.command("COFP?", takes=(_AXIS,))
    def read_percent(self, axis: int) -> str:
        return number(self._setup.percents[axis])

    @commands.command("COFA", takes=(_AXIS, _OFF_ON))
    def switch_offset(self, axis: int, on: int) -> None:
        self._obey(replace(self._setup, offsets_on=_with(self._setup.offsets_on, axis, on)))

    @commands.command("COFA?", takes=(_AXIS,))
    def read_offset_switch(self, axis: int) -> str:
        return str(self._setup.offsets_on[axis])

    @commands.command("AUXV", takes=(_AUX, quantity(-10.5, 10.5, _VOLTS)))
    def set_aux_output(self, which: int, volts: float) -> None:
        self._obey(replace(self._setup, aux_outputs=_with(self._setup.aux_outputs, which, round(volts, 3))))

    @commands.command("AUXV?", takes=(_AUX,))
    def read_aux_output(self, which: int) -> str:
        return number(self._setup.aux_outputs[which])

    @commands.command("OAUX?", takes=(choice("IN1", "IN2", "IN3", "IN4"),))
    def read_aux_input(self, which: int) -> str:
        return number(0.0)

    # Auto functions

    @commands.command("APHS")
    def auto_phase(self) -> None:
        turned = self._setup.phase + self._outputs()[3]
        self._obey(replace(self._setup, phase=wrapped(round(turned, 6))))

    @commands.command("ARNG")
    def auto_range(self) -> None:
        peak = math.sqrt(2.0) * abs(self._input())
        self.set_range(max(i for i, full in enumerate(RANGES) if full >= 1.1 * peak or i == 0))

    @commands.command("ASCL")
    def auto_scale(self) -> None:
        radius = abs(self._input())
        self.set_scale(max(i for i, full in enumerate(SCALES) if full >= 1.1 * radius or i == 0))

    @commands.command("OAUT", takes=(_AXIS,))
    def auto_offset(self, axis: int) -> None:
        signal = self._input()
        percent = 100.0 * (signal.real, signal.imag, abs(signal))[axis] / SCALES[self._setup.scale]
        self.set_percent(axis, min(max(percent, -999.99), 999.99))
        self.switch_offset(axis, 1)

    # Capture buffer

    def _fastest_capture(self) -> float:
        halvings = round(math.log2(TIME_CONSTANTS[self._setup.time_constant] / TIME_CONSTANTS[0]))
        return FASTEST_CAPTURE / 2.0 ** min(halvings, 20)

    @commands.command("CAPTURELEN", takes=(integer(1, 4096),))
    def set_capture_length(self, kilobytes: int) -> None:
        """An odd number becomes the next even one; what was captured is lost (assumed), as with CAPTURECFG."""
        self._obey(replace(self._setup, capture=(kilobytes + kilobytes % 2, self._setup.capture[1])))
        self._clear_capture()

    @commands.command("CAPTURELEN?")
    def read_capture_length(self) -> str:
        return str(self._setup.capture[0])

    @commands.command("CAPTURERATE", takes=(integer(0, 20),))
    def set_capture_rate(self, halvings: int) -> None:
        self._obey(replace(self._setup, capture=(self._setup.capture[0], halvings)))

    @commands.command("CAPTURERATE?")
    def read_capture_rate(self) -> str:
        return number(self._fastest_capture() / 2.0 ** self._setup.capture[1])

    @commands.command("CAPTURERATEMAX?")
    def read_fastest_capture(self) -> str:
        return number(self._fastest_capture())

    @commands.command("CAPTURECFG", takes=(choice("X", "XY", "RT", "XYRT"),))
    def set_capture_config(self, config: int) -> None:
        self._obey(replace(self._setup, capture_config=config))
        self._clear_capture()

    def _clear_capture(self) -> None:
        self._capture.clear(self._setup.capture[0], len(_CAPTURED[self._setup.capture_config]))
        self._set_due()

    @commands.command("CAPTURESTART", takes=(choice("ONEshot", "CONTinuous"), choice("IMM", "TRIG", "SAMP")))
    def start_capture(self, continuous: int, mode: int) -> None:
        """A capture that runs begins anew; its rate is that of the filter as it is now (assumed)."""
        period = 2.0 ** self._setup.capture[1] / self._fastest_capture()
        self._capture.start(self._cryostat.now, period, bool(continuous), mode)
        self._store()
        self._set_due()

    @commands.command("CAPTURESTOP")
    def stop_capture(self) -> None:
        self._capture.stop()
        self._set_due()

    @commands.command("*TRG")
    def trigger(self) -> None:
        self._capture.trigger(self._cryostat.now, self._samples)
        self._store()
        self._set_due()

    def _store(self) -> None:
        """Keep the samples that were due, as the settings are that they fall under."""
        if self._capture.due <= self._cryostat.now:
            self._capture.store(self._cryostat.now, self._samples)

    def _set_due(self) -> None:
        """Samples are kept once a tick."""
        due, tick = self._capture.due, self._cryostat.tick
        self.due = max(due, math.ceil(due / tick - 1e-9) * tick) if math.isfinite(due) else due

    def _samples(self, times: Samples) -> Samples:
        """What is captured at times within the last tick, a row for each."""
        setup = self._setup
        signal = self._lockin.course(times) + complex(*self._lockin.output_offset)
        if setup.current:
            signal = 0.0 * signal
        values = [signal.real, signal.imag, np.abs(signal), np.degrees(np.angle(signal))]
        for place, percent in enumerate(setup.percents):
            if setup.offsets_on[place]:
                values[place] = values[place] - 0.01 * percent * SCALES[setup.scale]
        return np.stack([values[which] for which in _CAPTURED[setup.capture_config]], axis=1)

    @commands.command("CAPTURESTAT?")
    def read_capture_state(self) -> str:
        return str(self._capture.status)

    @commands.command("CAPTUREBYTES?")
    def read_captured_bytes(self) -> str:
        return str(self._capture.size)

    @commands.command("CAPTUREPROG?")
    def read_captured_kilobytes(self) -> str:
        self._require_end_of_capture()
        return str(self._capture.progress)

    @commands.command("CAPTUREVAL?", takes=(integer(0, 1 << 20),))
    def read_sample(self, number_of_sample: int) -> str:
        try:
            return ",".join(number(float(value)) for value in self._capture.sample(number_of_sample))
        except IndexError:
            raise Refused(Fault.OUT_OF_RANGE) from None

    @commands.command("CAPTUREGET?", takes=(integer(0, 4095), integer(1, LARGEST_READING)))
    def read_capture(self, offset: int, kilobytes: int) -> bytes:
        self._require_end_of_capture()
        try:
            return self._capture.block(offset, kilobytes)
        except IndexError:
            raise Refused(Fault.OUT_OF_RANGE) from None

    def _require_end_of_capture(self) -> None:
        if self._capture.running:
            raise Refused(Fault.OUT_OF_RANGE)

    # Settings that are only kept

    def _keep(self, name: str, value: float) -> None:
        self._obey(replace(self._setup, kept=self._setup.kept | {name: value}))

    def _kept(self, name: str) -> str:
        return number(self._setup.kept[name])

    def _keep_each(self, name: str, place: int, value: float) -> None:
        changed = {name: _with(self._setup.kept_each[name], place, value)}
        self._obey(replace(self._setup, kept_each=self._setup.kept_each | changed))

    def _kept_of(self, name: str, place: int) -> str:
        return number(self._setup.kept_each[name][place])

    # Interface and status

    @commands.command("*IDN?")
    def identify(self) -> str:
        return self.identity

    @commands.command("*RST")
    def reset(self) -> None:
        self._obey(Setup())
        self._clear_capture()

    def lose_settings(self) -> None:
        """As with a lost memory; otherwise the instrument would come back as it was."""
        self.reset()

    @commands.command("*OPC")
    def note_completion(self) -> None:
        self._event |= OPERATION_COMPLETE

    @commands.command("*OPC?")
    def confirm_completion(self) -> str:
        return "1"

    @commands.command("*TST?")
    def test(self) -> str:
        return "0"

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._event = self._lias = self._lockin.overload = 0

    @commands.command("CUROVLDSTAT?")
    def read_overload(self) -> str:
        return str(self._overloaded())

    @commands.command("*ESR?", takes=(Optional(integer(0, 7)),))
    def read_event(self, bit: int | None = None) -> str:
        value = self._event
        self._event &= 0 if bit is None else ~(1 << bit)
        return _shown(value, bit)

    @commands.command("ERRS?", takes=(Optional(integer(0, 7)),))
    def read_errors(self, bit: int | None = None) -> str:
        return _shown(0, bit)

    @commands.command("LIAS?", takes=(Optional(integer(0, 15)),))
    def read_lockin_status(self, bit: int | None = None) -> str:
        value = self._latched()
        if bit is None:
            self._lias = self._lockin.overload = 0
            return str(value)
        self._lias = value & ~(1 << bit)
        self._lockin.overload = 0  # now in the register above
        return _shown(value, bit)

    @commands.command("*STB?", takes=(Optional(integer(0, 7)),))
    def read_status(self, bit: int | None = None) -> str:
        return _shown(self.serial_poll(False), bit)

    def _set_enable(self, name: str, value: int, on: int | None = None) -> None:
        """One number sets the whole register; a bit number and 0 or 1 set that bit."""
        if on is None:
            self._enable[name] = value
        elif value > 15 or not _ENABLES[name] >> value:
            raise Refused(Fault.OUT_OF_RANGE)
        else:
            self._enable[name] = self._enable[name] & ~(1 << value) | on << value

    def _read_enable(self, name: str, bit: int | None = None) -> str:
        return _shown(self._enable[name], bit)


class SR860Telnet(SR860):
    """SR860 on its telnet port, which greets with a line."""

    greeting = (TELNET_GREETING,)


class SR865(SR860):
    """The same to 2 MHz."""

    identity = "Stanford_Research_Systems,SR865,002725,v1.34"
    highest_frequency = 2e6


class SR865A(SR860):
    """The same to 4 MHz."""

    identity = "Stanford_Research_Systems,SR865A,002725,v1.34"
    highest_frequency = 4e6


def _shown(value: int, bit: int | None) -> str:
    return str(value if bit is None else value >> bit & 1)


_READABLE = {"HARM": "harmonic", "PHAS": "phase", "SLVL": "amplitude", "SOFF": "offset", "FREQINT": "frequency"}
_READABLE |= {"IRNG": "range", "SCAL": "scale", "CAPTURECFG": "capture_config"}
_INDEXED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "RSRC": ("reference", choice("INT", "EXT", "DUAL", "CHOP")),
    "IVMD": ("current", choice("VOLTage", "CURRent")),
    "ISRC": ("difference", choice("A", "A-B")),
    "ICPL": ("dc_coupled", choice("AC", "DC")),
    "OFLT": ("time_constant", integer(0, 21)),
    "OFSL": ("slope", integer(0, 3)),
    "SYNC": ("sync", _OFF_ON),
}
for _name, (_attribute, _parameter) in _INDEXED.items():
    SR860.commands.add(_name, SR860._set, _parameter, preset=(_attribute,))
    _READABLE[_name] = _attribute
for _name, _attribute in _READABLE.items():
    SR860.commands.add(f"{_name}?", SR860._read, preset=(_attribute,))
for _name, (_parameter, _) in _KEPT.items():
    SR860.commands.add(_name, SR860._keep, _parameter, preset=(_name,))
    SR860.commands.add(f"{_name}?", SR860._kept, preset=(_name,))
for _name, (_which, _, _parameter, _each) in _KEPT_EACH.items():
    SR860.commands.add(_name, SR860._keep_each, _which, _parameter, preset=(_name,))
    SR860.commands.add(f"{_name}?", SR860._kept_of, _which, preset=(_name,))
for _name, _whole in _ENABLES.items():
    SR860.commands.add(_name, SR860._set_enable, integer(0, _whole), Optional(integer(0, 1)), preset=(_name,))
    SR860.commands.add(f"{_name}?", SR860._read_enable, Optional(integer(0, 15)), preset=(_name,))
