"""Front panel of the Keysight (Agilent) 33511B function generator.

Source: 33500 series operating and service guide, chapter on SCPI.
Simulated: shape, frequency, phase, amplitude in Vpp, Vrms or dBm, offset, high and low level, expected load, output,
polarity, arbitrary waveforms in the volatile memory (`k33511b_waveforms`), and the queue of 20 errors over the
generator at the film's series resistor. The expected load is a matter of display: the source has 50 ohm, and what is
shown is what would stand across the expected load. The film behind its large resistor is an open circuit, so with the
load left at 50 ohm it gets twice the volts that are shown.
With FUNC ARB the frequency is the sample rate over the number of points.
Kept and answered only: symmetry, duty cycle, pulse width, sync output, trigger, burst and frequency mode.
Not simulated: sweep, bursts, modulation, the built-in arbitrary waveforms and noise (they send nothing that the lock-in
detects), waveforms as binary blocks, voltage limits.
"""

import itertools
import math
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coldfinger.sim.devices.ami430 import spellings
from coldfinger.sim.devices.k33511b_waveforms import (
    BUILT_IN,
    DEFAULT_RATE,
    FASTEST,
    MISSING,
    SLOWEST,
    Points,
    WaveformMemory,
    converter_points,
    fundamental,
    points,
    waveform_name,
)
from coldfinger.sim.generator import generator_of
from coldfinger.sim.scpi import CommandTable, Fault, Optional, Panel, Parameter, Refused, Step, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

IDENTITY = "Agilent Technologies,33511B,MY52302222,3.03-1.19-2.00-52-00"  # newer ones: Keysight Technologies
HIGHEST_FREQUENCY = {"SIN": 20e6, "SQU": 20e6, "RAMP": 200e3, "TRI": 200e3, "PULS": 20e6}  # Hz
LOWEST_FREQUENCY = 1e-6
SOURCE_RESISTANCE = 50.0  # ohm
OPEN = 9.9e37  # what stands for an infinite load
MOST_PEAK = 10.0  # V, |offset| + Vpp/2 in an open circuit; half of it into 50 ohm
LEAST_PEAK_TO_PEAK = 2e-3  # V in an open circuit
ERRORS_KEPT = 20
LONGEST_LINE = 1 << 17  # bytes; a waveform is one line, of some 15 000 points at most here
_REMEMBERED_LINE = 256  # bytes; longer lines are not worth remembering
COMMAND, EXECUTION, DEVICE, POWER_ON = 32, 16, 8, 128  # *ESR bits
ERRORS = {
    Fault.UNKNOWN_COMMAND: (-113, "Undefined header"),
    Fault.UNKNOWN_QUERY: (-113, "Undefined header"),
    Fault.MISSING_PARAMETER: (-109, "Missing parameter"),
    Fault.INVALID_PARAMETER: (-121, "Invalid character in number"),
    Fault.NOT_BOOLEAN: (-224, "Illegal parameter value"),
    Fault.OUT_OF_RANGE: (-222, "Data out of range"),
    Fault.NO_SWITCH: (-221, "Settings conflict"),
    Fault.LINE_TOO_LONG: (-363, "Input buffer overrun"),
}
# Texts behind the standard ones are those of the family's older members.
TOO_HIGH = (-222, "Data out of range; value clipped to upper limit")
TOO_LOW = (-222, "Data out of range; value clipped to lower limit")
AMPLITUDE_CHANGED = (-221, "Settings conflict; amplitude changed due to offset")
OFFSET_CHANGED = (-221, "Settings conflict; offset changed due to amplitude")
FREQUENCY_CHANGED = (-221, "Settings conflict; frequency changed due to function")
LEVELS_CROSSED = (-221, "Settings conflict; high level must be above low level")
NO_DBM = (-221, "Settings conflict; dBm units need a finite output load")
OVERFLOW = (-350, "Queue overflow")

_FUNCTIONS = ("SINusoid", "SQUare", "TRIangle", "RAMP", "PULSe", "PRBS", "NOISe", "ARB", "DC")
# V rms for 1 V peak to peak; noise is taken as far within its peaks, an assumed default.
_EFFECTIVE = {"SIN": math.sqrt(0.125), "TRI": math.sqrt(1 / 12), "RAMP": math.sqrt(1 / 12), "NOIS": 0.1}
_SYMMETRIC = 0.5  # of all others
_VOLT_UNITS = {"": None, "V": None, "VPP": "VPP", "VRMS": "VRMS", "DBM": "DBM"}
_QUANTITY = re.compile(r"([+-]?[0-9.]+(?:E[+-]?[0-9]+)?)\s*([A-Z]*)", re.ASCII)
_LOADS = {"MIN": 1.0, "MAX": 1e4, "DEF": 50.0}  # ohm
_PHASES = {"MIN": -360.0, "MAX": 360.0, "DEF": 0.0}  # degrees
_HERTZ = {"": 1.0, "HZ": 1.0, "UHZ": 1e-6, "KHZ": 1e3, "MHZ": 1e6}


class Wanted(NamedTuple):
    """A number with its unit, or MIN, MAX, DEF."""

    value: float
    unit: str = ""
    extreme: str = ""


_number = real()
_EXTREMES = {"MIN": "MIN", "MINIMUM": "MIN", "MAX": "MAX", "MAXIMUM": "MAX", "DEF": "DEF", "DEFAULT": "DEF"}


def wanted(text: str) -> Wanted:
    """A number with or without a unit, or one of the words for a limit."""
    upper = text.upper()
    if upper in _EXTREMES:
        return Wanted(0.0, extreme=_EXTREMES[upper])
    match = _QUANTITY.fullmatch(upper)
    if match is None:
        raise Refused(Fault.INVALID_PARAMETER)
    return Wanted(_number(match[1]), match[2])


def extreme(text: str) -> str:
    """MIN, MAX or DEF behind a question mark."""
    if text.upper() not in _EXTREMES:
        raise Refused(Fault.INVALID_PARAMETER)
    return _EXTREMES[text.upper()]


def named(*words: str) -> Parameter:
    """One of several words, short or long; its short form."""
    known = {}
    for word in words:
        short = "".join(letter for letter in word if not letter.islower())
        known[word.upper()] = known[short] = short

    def convert(text: str) -> str:
        if text.upper() not in known:
            raise Refused(Fault.NOT_BOOLEAN)
        return known[text.upper()]

    return convert


def on_or_off(text: str) -> bool:
    """ON, OFF, 1 or 0."""
    return named("ON", "OFF", "1", "0")(text) in ("ON", "1")


def to_load(text: str) -> float:
    """1 ohm to 10 kohm, or INFinity."""
    upper = text.upper()
    if upper in ("INF", "INFINITY") or upper.startswith("9.9E+37"):
        return math.inf
    if upper in _EXTREMES:
        return _LOADS[_EXTREMES[upper]]
    return float(real(_LOADS["MIN"], _LOADS["MAX"])(text))


def number(value: float) -> str:
    """A real number as the instrument writes it."""
    return f"{value + 0.0:+.14E}"


def forms(header: str) -> list[str]:
    """All spellings, with SOURce1 left out or without its number, OUTPut1 and TRIGger1 without their number."""
    headers = [header]
    for word in ("SOURce1", "OUTPut1", "TRIGger1"):
        if header.startswith(word):
            headers.append(word[:-1] + header[len(word) :])
    if header.startswith("SOURce1:"):
        headers.append(header.removeprefix("SOURce1:"))
    return list(itertools.chain.from_iterable(spellings(each) for each in headers))


# Kept and answered only: what each takes, and what it is after *RST.
_KEPT: dict[str, tuple[Parameter, float | str]] = {
    "SOURce1:FUNCtion:RAMP:SYMMetry": (real(0.0, 100.0), 100.0),
    "SOURce1:FUNCtion:SQUare:DCYCle": (real(0.01, 99.99), 50.0),
    "SOURce1:FUNCtion:PULSe:WIDTh": (real(16e-9, 1e6), 1e-4),
    "SOURce1:FUNCtion:PULSe:PERiod": (real(33e-9, 1e6), 1e-3),
    "SOURce1:FUNCtion:PULSe:DCYCle": (real(0.0, 100.0), 10.0),
    "SOURce1:FUNCtion:ARBitrary:ADVance": (named("TRIGger", "SRATe"), "SRAT"),
    "SOURce1:FUNCtion:ARBitrary:FILTer": (named("NORMal", "STEP", "OFF"), "STEP"),
    "SOURce1:FREQuency:MODE": (named("CW", "LIST", "SWEep", "FIXed"), "CW"),
    "SOURce1:BURSt:STATe": (on_or_off, 0),
    "SOURce1:BURSt:MODE": (named("TRIGgered", "GATed"), "TRIG"),
    "SOURce1:BURSt:NCYCles": (real(1.0, 1e8), 1.0),
    "SOURce1:BURSt:PHASe": (real(-360.0, 360.0), 0.0),
    "SOURce1:BURSt:GATE:POLarity": (named("NORMal", "INVerted"), "NORM"),
    "SOURce1:BURSt:INTernal:PERiod": (real(1e-6, 8000.0), 1e-2),
    "TRIGger1:SOURce": (named("IMMediate", "EXTernal", "TIMer", "BUS"), "IMM"),
    "TRIGger1:SLOPe": (named("POSitive", "NEGative"), "POS"),
    "TRIGger1:COUNt": (real(1.0, 1e6), 1.0),
    "TRIGger1:DELay": (real(0.0, 1000.0), 0.0),
    "TRIGger1:TIMer": (real(1e-6, 8000.0), 1.0),
    "OUTPut1:SYNC": (on_or_off, 1),
}


_UPLOADS = {
    spelling for header in ("SOURce1:DATA:ARBitrary", "SOURce1:DATA:ARBitrary:DAC") for spelling in forms(header)
}


class Keysight33511B(Panel):
    """33511B on its socket, LAN or USB; as after *RST when switched on. To build one puts the generator at the film."""

    commands = CommandTable(forms)
    terminators = b"\n"
    reply_end = b"\n"
    joins_answers = True
    line_limit = LONGEST_LINE

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._source = generator_of(cryostat)
        self._path = ""  # of the command before, while a line is compiled
        self._errors: deque[tuple[int, str]] = deque()
        self._event = POWER_ON
        self._event_enable = self._request_enable = 0
        self._memory = WaveformMemory()
        self._waveform, self._rate, self._shown_frequency = BUILT_IN, DEFAULT_RATE, 1000.0
        self.reset()

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, _, rest = statement.replace("\t", " ").partition(" ")
        if "?" in header:
            header, _, more = header.partition("?")
            header, rest = header + "?", more + rest
        header = self._resolved(header.upper())
        if header in _UPLOADS:
            name, _, numbers = rest.partition(",")
            return header, [name.strip(), numbers.strip()]
        return header, [part.strip() for part in rest.split(",")]

    def compile(self, line: bytes) -> tuple[Step, ...]:
        self._path = ""
        steps = super().compile(line)
        if len(line) > _REMEMBERED_LINE:
            del self.programs[line]
        return steps

    def _resolved(self, header: str) -> str:
        """`VOLT:UNIT VPP;OFFS 0`: what follows a semicolon goes on from where the command before it was.

        A header that means nothing there is looked for from the root as well; whether a real unit does so is assumed.
        """
        if header.startswith("*"):
            return header
        relative = self._path + header
        header = relative if relative in self.commands.entries else header.removeprefix(":")
        self._path = header[: header.rfind(":") + 1]
        return header

    def refuse(self, fault: Fault) -> None:
        self._complain(*ERRORS[fault])

    def _complain(self, code: int, text: str) -> None:
        self._event |= DEVICE if code <= -300 or code > 0 else EXECUTION if code <= -200 else COMMAND
        if len(self._errors) >= ERRORS_KEPT:
            self._errors[-1] = OVERFLOW
        else:
            self._errors.append((code, text))

    def serial_poll(self, waiting: bool) -> int:
        status = (4 if self._errors else 0) | (16 if waiting else 0)
        status |= 32 if self._event & self._event_enable else 0
        return status | (64 if status & self._request_enable else 0)

    # What is shown and what is there

    def _shown_part(self) -> float:
        """Voltage across the expected load as part of that of an open circuit."""
        return 1.0 if math.isinf(self._load) else self._load / (self._load + SOURCE_RESISTANCE)

    def _in_unit(self, peak_to_peak: float, unit: str) -> float:
        """An open-circuit amplitude (V peak to peak) as it is shown."""
        shown = peak_to_peak * self._shown_part()
        if unit == "VPP":
            return shown
        rms = shown * _EFFECTIVE.get(self._source.shape, _SYMMETRIC)
        return rms if unit == "VRMS" else 10.0 * math.log10(rms * rms / self._load / 1e-3)

    def _from_unit(self, shown: float, unit: str) -> float:
        """The open-circuit amplitude (V peak to peak) of what is shown."""
        if unit == "DBM":
            shown = math.sqrt(10.0 ** (min(shown, 200.0) / 10.0) * 1e-3 * self._load)
        if unit != "VPP":
            shown /= _EFFECTIVE.get(self._source.shape, _SYMMETRIC)
        return shown / self._shown_part()

    def _most(self) -> float:
        """Open-circuit amplitude (V peak to peak) that the offset leaves room for."""
        return 2.0 * (MOST_PEAK - abs(self._source.offset))

    # Shape, frequency, phase

    @commands.command("SOURce1:FUNCtion", "SOURce1:FUNCtion:SHAPe", takes=(named(*_FUNCTIONS),))
    def set_function(self, shape: str) -> None:
        source = self._source
        if (shape == "ARB") != (source.shape == "ARB"):  # the waveform has a frequency of its own
            source.frequency, self._shown_frequency = self._shown_frequency, source.frequency
        source.shape = shape
        self._play()
        highest = HIGHEST_FREQUENCY.get(shape, math.inf)
        if source.frequency > highest:
            source.frequency = highest
            self._complain(*FREQUENCY_CHANGED)

    @commands.command("SOURce1:FUNCtion?", "SOURce1:FUNCtion:SHAPe?")
    def read_function(self) -> str:
        return self._source.shape

    def _frequency_limits(self) -> dict[str, float]:
        highest = HIGHEST_FREQUENCY.get(self._source.shape, 20e6)
        return {"MIN": LOWEST_FREQUENCY, "MAX": highest, "DEF": 1000.0}

    @commands.command("SOURce1:FREQuency", "SOURce1:FREQuency:CW", "SOURce1:FREQuency:FIXed", takes=(wanted,))
    def set_frequency(self, asked: Wanted) -> None:
        limits = self._frequency_limits()
        if asked.unit not in _HERTZ:
            raise Refused(Fault.INVALID_PARAMETER)
        value = limits.get(asked.extreme, asked.value * _HERTZ[asked.unit])
        self._source.frequency = round(self._clipped(value, limits["MIN"], limits["MAX"]), 6)
        if self._source.shape == "ARB" and self._waveform in self._memory.waves:
            self._rate = self._source.frequency * len(self._memory.waves[self._waveform])

    @commands.command(
        "SOURce1:FREQuency?", "SOURce1:FREQuency:CW?", "SOURce1:FREQuency:FIXed?", takes=(Optional(extreme),)
    )
    def read_frequency(self, limit: str = "") -> str:
        return number(self._frequency_limits().get(limit, self._source.frequency))

    @commands.command("SOURce1:PHASe", "SOURce1:PHASe:ADJust", takes=(wanted,))
    def set_phase(self, asked: Wanted) -> None:
        if asked.unit not in ("", "DEG"):
            raise Refused(Fault.INVALID_PARAMETER)
        self._source.phase = self._clipped(_PHASES.get(asked.extreme, asked.value), -360.0, 360.0)

    @commands.command("SOURce1:PHASe?", "SOURce1:PHASe:ADJust?", takes=(Optional(extreme),))
    def read_phase(self, limit: str = "") -> str:
        return number(_PHASES.get(limit, self._source.phase))

    @commands.command("PHASe:SYNChronize", "SOURce1:PHASe:SYNChronize")
    def synchronize(self) -> None:
        """One channel is always in step with itself."""

    def _clipped(self, value: float, lowest: float, highest: float) -> float:
        if value > highest * (1 + 1e-12):
            self._complain(*TOO_HIGH)
        elif value < lowest - 1e-12 * abs(lowest):
            self._complain(*TOO_LOW)
        return min(max(value, lowest), highest)

    # Arbitrary waveforms

    def _play(self) -> None:
        """Let the output stage know the selected waveform; its frequency follows from the sample rate."""
        wave = self._memory.waves.get(self._waveform)
        if wave is None:
            self._source.waveform = (0.0, 0.0, 0.0)
            return
        self._source.waveform = (*fundamental(wave), float(np.mean(wave)))
        if self._source.shape == "ARB":
            self._source.frequency = self._rate / len(wave)

    def _keep_wave(self, name: str, wave: Points) -> None:
        wrong = self._memory.load(name, wave)
        if wrong is not None:
            self._complain(*wrong)

    @commands.command("SOURce1:DATA:ARBitrary", takes=(waveform_name, points))
    def load_points(self, name: str, wave: Points) -> None:
        self._keep_wave(name, wave)

    @commands.command("SOURce1:DATA:ARBitrary:DAC", takes=(waveform_name, converter_points))
    def load_converter_points(self, name: str, wave: Points) -> None:
        self._keep_wave(name, wave)

    @commands.command("SOURce1:DATA:VOLatile:CLEar")
    def clear_waveforms(self) -> None:
        """All of them; the built-in one is selected then."""
        self._memory = WaveformMemory()
        self._waveform = BUILT_IN
        self._play()

    @commands.command("SOURce1:DATA:VOLatile:CATalog?")
    def list_waveforms(self) -> str:
        return ",".join(f'"{name}"' for name in (BUILT_IN, *self._memory.waves))

    @commands.command("SOURce1:DATA:VOLatile:FREE?")
    def read_free_memory(self) -> str:
        return f"{self._memory.free:+d}"

    @commands.command("SOURce1:FUNCtion:ARBitrary", takes=(waveform_name,))
    def select_waveform(self, name: str) -> None:
        """Which waveform FUNC ARB sends; it does not switch to it."""
        if name != BUILT_IN and name not in self._memory.waves:
            self._complain(*MISSING)
            return
        self._waveform = name
        self._play()

    @commands.command("SOURce1:FUNCtion:ARBitrary?")
    def read_waveform(self) -> str:
        return f'"{self._waveform}"'

    @commands.command("SOURce1:FUNCtion:ARBitrary:SRATe", takes=(real(),))
    def set_sample_rate(self, rate: float) -> None:
        self._rate = self._clipped(rate, SLOWEST, FASTEST)
        self._play()

    @commands.command("SOURce1:FUNCtion:ARBitrary:SRATe?")
    def read_sample_rate(self) -> str:
        return number(self._rate)

    # Amplitude and offset

    @commands.command("SOURce1:VOLTage", "SOURce1:VOLTage:LEVel:IMMediate:AMPLitude", takes=(wanted,))
    def set_amplitude(self, asked: Wanted) -> None:
        """Clipped to what the output can do, and then to what the offset leaves room for."""
        unit = self._voltage_unit(asked)
        if asked.extreme:
            self._source.peak_to_peak = {"MIN": LEAST_PEAK_TO_PEAK, "MAX": self._most()}.get(asked.extreme, 0.2)
            return
        value = self._clipped(self._from_unit(asked.value, unit), LEAST_PEAK_TO_PEAK, 2.0 * MOST_PEAK)
        if value > self._most() * (1 + 1e-12):
            self._complain(*AMPLITUDE_CHANGED)
        self._source.peak_to_peak = max(min(value, self._most()), LEAST_PEAK_TO_PEAK)

    def _voltage_unit(self, asked: Wanted) -> str:
        scale = asked.unit
        if scale not in _VOLT_UNITS:
            raise Refused(Fault.INVALID_PARAMETER)
        unit = _VOLT_UNITS[scale] or self._unit
        if unit == "DBM" and math.isinf(self._load):
            raise Refused(Fault.NO_SWITCH)
        return unit

    @commands.command("SOURce1:VOLTage?", "SOURce1:VOLTage:LEVel:IMMediate:AMPLitude?", takes=(Optional(extreme),))
    def read_amplitude(self, limit: str = "") -> str:
        values = {"MIN": LEAST_PEAK_TO_PEAK, "MAX": self._most(), "DEF": 0.2}
        return number(self._in_unit(values.get(limit, self._source.peak_to_peak), self._unit))

    @commands.command("SOURce1:VOLTage:UNIT", takes=(named("VPP", "VRMS", "DBM"),))
    def set_unit(self, unit: str) -> None:
        """The output stays, the number that is shown changes."""
        if unit == "DBM" and math.isinf(self._load):
            self._complain(*NO_DBM)
            return
        self._unit = unit

    @commands.command("SOURce1:VOLTage:UNIT?")
    def read_unit(self) -> str:
        return self._unit

    @commands.command("SOURce1:VOLTage:OFFSet", "SOURce1:VOLTage:LEVel:IMMediate:OFFSet", takes=(wanted,))
    def set_offset(self, asked: Wanted) -> None:
        if asked.unit not in ("", "V"):
            raise Refused(Fault.INVALID_PARAMETER)
        room = self._room()
        value = {"MIN": -room, "MAX": room, "DEF": 0.0}.get(asked.extreme, asked.value / self._shown_part())
        value = self._clipped(value, -MOST_PEAK, MOST_PEAK)
        if abs(value) > room * (1 + 1e-12):
            self._complain(*OFFSET_CHANGED)
        self._source.offset = min(max(value, -room), room)

    def _room(self) -> float:
        """Open-circuit offset (V) that the amplitude leaves room for; a direct voltage has no amplitude."""
        return MOST_PEAK - (0.0 if self._source.shape == "DC" else 0.5 * self._source.peak_to_peak)

    @commands.command("SOURce1:VOLTage:OFFSet?", "SOURce1:VOLTage:LEVel:IMMediate:OFFSet?", takes=(Optional(extreme),))
    def read_offset(self, limit: str = "") -> str:
        room = self._room()
        value = {"MIN": -room, "MAX": room, "DEF": 0.0}.get(limit, self._source.offset)
        return number(value * self._shown_part())

    def _set_level(self, upper: bool, asked: Wanted) -> None:
        """One of the two levels; the other one stays."""
        if asked.extreme or asked.unit not in ("", "V"):
            raise Refused(Fault.INVALID_PARAMETER)
        source = self._source
        value = self._clipped(asked.value / self._shown_part(), -MOST_PEAK, MOST_PEAK)
        high = value if upper else source.offset + 0.5 * source.peak_to_peak
        low = source.offset - 0.5 * source.peak_to_peak if upper else value
        if high - low < LEAST_PEAK_TO_PEAK:
            self._complain(*LEVELS_CROSSED)
            return
        source.peak_to_peak, source.offset = high - low, 0.5 * (high + low)

    def _read_level(self, upper: bool) -> str:
        source = self._source
        value = source.offset + (0.5 if upper else -0.5) * source.peak_to_peak
        return number(value * self._shown_part())

    # Output

    @commands.command("OUTPut1", "OUTPut1:STATe", takes=(on_or_off,))
    def switch_output(self, on: bool) -> None:
        self._source.output = on

    @commands.command("OUTPut1?", "OUTPut1:STATe?")
    def read_output(self) -> str:
        return str(int(self._source.output))

    @commands.command("OUTPut1:LOAD", takes=(to_load,))
    def set_load(self, load: float) -> None:
        """The output stays, the numbers that are shown change; dBm need a load."""
        self._load = load
        if math.isinf(load) and self._unit == "DBM":
            self._unit = "VPP"

    @commands.command("OUTPut1:LOAD?", takes=(Optional(extreme),))
    def read_load(self, limit: str = "") -> str:
        load = _LOADS.get(limit, self._load)
        return "9.9E+37" if math.isinf(load) else number(load)

    @commands.command("OUTPut1:POLarity", takes=(named("NORMal", "INVerted"),))
    def set_polarity(self, polarity: str) -> None:
        """The wave is turned round its offset."""
        self._source.inverted = polarity == "INV"

    @commands.command("OUTPut1:POLarity?")
    def read_polarity(self) -> str:
        return "INV" if self._source.inverted else "NORM"

    # Settings that are only kept

    def _keep(self, header: str, value: float | str) -> None:
        self._kept[header] = value

    def _read_kept(self, header: str) -> str:
        value = self._kept[header]
        if isinstance(value, str):
            return value
        return number(value) if isinstance(value, float) else str(int(value))

    # Interface and status

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("*RST")
    def reset(self) -> None:
        """Sine, 1 kHz, 100 mVpp into an expected 50 ohm, output off."""
        source = self._source
        source.shape, source.peak_to_peak, source.offset = "SIN", 0.2, 0.0
        source.frequency, source.phase, source.inverted, source.output = 1000.0, 0.0, False, False
        self._unit, self._load = "VPP", 50.0
        self._kept = {header: value for header, (_, value) in _KEPT.items()}
        self._waveform, self._rate, self._shown_frequency = BUILT_IN, DEFAULT_RATE, 1000.0
        self._play()

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._errors.clear()
        self._event = 0

    @commands.command("SYSTem:ERRor?", "SYSTem:ERRor:NEXT?")
    def read_error(self) -> str:
        code, text = self._errors.popleft() if self._errors else (0, "No error")
        return f'{code:+d},"{text}"'

    @commands.command("*ESR?")
    def read_event(self) -> str:
        value, self._event = self._event, 0
        return f"{value:+d}"

    @commands.command("*STB?")
    def read_status(self) -> str:
        return f"{self.serial_poll(False):+d}"

    @commands.command("*ESE", takes=(real(0, 255),))
    def enable_events(self, value: float) -> None:
        self._event_enable = int(value)

    @commands.command("*ESE?")
    def read_enabled_events(self) -> str:
        return f"{self._event_enable:+d}"

    @commands.command("*SRE", takes=(real(0, 255),))
    def enable_requests(self, value: float) -> None:
        self._request_enable = int(value)

    @commands.command("*SRE?")
    def read_enabled_requests(self) -> str:
        return f"{self._request_enable:+d}"

    @commands.command("*OPC")
    def note_completion(self) -> None:
        self._event |= 1

    @commands.command("*OPC?")
    def confirm_completion(self) -> str:
        return "1"

    @commands.command("*TST?")
    def test(self) -> str:
        return "+0"

    @commands.command("*TRG", "*WAI", "SYSTem:BEEPer", "SYSTem:BEEPer:IMMediate", "TRIGger1", "ABORt")
    def do_nothing(self) -> None:
        """There is no burst to trigger and nothing to wait for."""

    @commands.command("SYSTem:VERSion?")
    def read_version(self) -> str:
        return "1999.0"


for _header, (_parameter, _) in _KEPT.items():
    Keysight33511B.commands.add(_header, Keysight33511B._keep, _parameter, preset=(_header,))
    Keysight33511B.commands.add(f"{_header}?", Keysight33511B._read_kept, preset=(_header,))
for _word, _upper in (("HIGH", True), ("LOW", False)):
    for _path in ("SOURce1:VOLTage:", "SOURce1:VOLTage:LEVel:IMMediate:"):
        Keysight33511B.commands.add(_path + _word, Keysight33511B._set_level, wanted, preset=(_upper,))
        Keysight33511B.commands.add(f"{_path}{_word}?", Keysight33511B._read_level, preset=(_upper,))
