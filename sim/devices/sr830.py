"""Front panel of the Stanford Research Systems SR830 lock-in amplifier.

Source: SR830 manual, chapter 5 (remote programming); the forms of the numbers are those of real units.
Simulated: reference, input, gain, filter, output, auxiliary, set-up, auto, interface and status commands over
the cryostat's lock-in; latched status bytes; the forced 30 s and the lost synchronous filter above 200 Hz;
AGAN, which holds all later commands until it is done. In the current modes (ISRC 2, 3) the outputs read zero,
because the laboratory's wires end at the voltage inputs. The external reference is the sync output of a generator
at the film; without one FMOD 0 reads as unlocked.
The data buffer stores what both displays show at its rate (`sr830_buffer`), and in the fast mode X and Y leave unasked.
Not simulated: noise displays (read zero), signals at the auxiliary inputs, a signal at the trigger input (TRIG is the
trigger), keys and the keypad.
"""

import math
import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from coldfinger.sim.devices.sr830_buffer import (
    CAPACITY,
    RATES,
    TRIGGERED,
    Packed,
    PointBuffer,
    as_floats,
    as_kept,
    as_text,
)
from coldfinger.sim.generator import DrivenLockin
from coldfinger.sim.scpi import CommandTable, Fault, Optional, Panel, Port, Refused, Step, integer, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

IDENTITY = "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
SENSITIVITIES = tuple(float(f"{m}e{e}") for e in range(-9, 1) for m in (2, 5, 10))[:27]
"""Full scales (V) of SENS 0 to 26: 2 nV to 1 V."""
TIME_CONSTANTS = tuple(float(f"{m}e{e}") for e in range(-5, 5) for m in (1, 3))
"""Time constants (s) of OFLT 0 to 19: 10 us to 30 ks."""
HIGHEST_FREQUENCY = 102e3  # Hz
RANGE_UP, RANGE_DOWN = 203.12, 199.21  # Hz, change of the detection range, with hysteresis
SLOWEST_ABOVE_RANGE = 15  # OFLT index of 30 s
AUTO_GAIN_SLOWEST = 10  # OFLT index of 1 s: AGAN does nothing above
AUTO_GAIN_WAIT = 10.0  # time constants between two looks of AGAN
OUTPUT_QUEUE = 256  # bytes
COMMANDS_WAITING = 64  # while AGAN runs; about an input buffer full
START_DELAY = 0.5  # s, of STRD
FAST_FULL_SCALE = 30000  # what full scale is in the fast mode
FAST_QUEUE = 63  # pairs of X and Y that wait to be read; one more ends the fast mode

UNLOCK, RANGE_CROSSED, TIME_CONSTANT_CHANGED, TRIGGERED_BIT = 8, 16, 32, 64  # LIAS bits beside the three overloads
INPUT_OVERFLOW, OUTPUT_OVERFLOW, EXECUTION, ILLEGAL, POWER_ON = 1, 4, 16, 32, 128  # *ESR bits

# Settings that are kept and answered, and change nothing in the simulated laboratory: highest value of each.
_KEPT = {"RSLP": 2, "IGND": 1, "ILIN": 3, "RMOD": 2, "OVRM": 1, "KCLK": 1, "ALRM": 1, "LOCL": 2, "*PSC": 1}
_KEPT |= {"SRAT": 14, "SEND": 1, "TSTR": 1}
_KEPT_AT_FIRST = dict.fromkeys(_KEPT, 0) | {"RMOD": 2, "SRAT": 4, "SEND": 1}  # low noise, 1 Hz, loop
_ENABLES = ("*ESE", "*SRE", "ERRE", "LIAE")
_SOME_POINTS = (integer(1, 2), integer(0, CAPACITY - 1), integer(1, CAPACITY))  # display, first of them, how many


def number(value: float) -> str:
    """A real number as the instrument writes it: six digits, three-digit exponent."""
    text = f"{value:.6g}"
    if text[-4:-2] in ("e-", "e+"):
        return f"{text[:-2]}0{text[-2:]}"
    return text


def wrapped(phase: float) -> float:
    """Phase (degrees) within -180 (excluded) to 180."""
    return 180.0 - (180.0 - phase) % 360.0


def rounded_frequency(frequency: float) -> float:
    """Five digits or 0.1 mHz, whichever is coarser."""
    return round(frequency, min(4, 4 - math.floor(math.log10(frequency))))


@dataclass(frozen=True)
class Setup:
    """What SSET stores and *RST restores; the defaults are those of *RST."""

    frequency: float = 1000.0  # Hz
    amplitude: float = 1.0  # V rms
    phase: float = 0.0  # degrees
    harmonic: int = 1
    internal: bool = True
    source: int = 0
    dc_coupled: bool = False
    sensitivity: int = 26
    time_constant: int = 8
    slope: int = 1
    sync: bool = False
    offsets: tuple[tuple[float, int], ...] = ((0.0, 0),) * 3  # (percent, expand) of X, Y, R
    displays: tuple[tuple[int, int], ...] = ((0, 0),) * 2  # (display, ratio) of CH1, CH2
    aux_outputs: tuple[float, ...] = (0.0,) * 4  # V
    kept: dict[str, int] = field(default_factory=lambda: dict(_KEPT_AT_FIRST))


def _nearest(table: tuple[float, ...], value: float) -> int:
    return min(range(len(table)), key=lambda i: abs(math.log(table[i] / value)))


class SR830(Panel):
    """SR830 on GPIB; starts with the set-up that the lock-in was left with."""

    commands = CommandTable()
    terminators = b"\r\n"
    reply_end = b"\n"

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._lockin = cryostat.lockin
        self._memory: dict[int, Setup] = {}
        self._event = POWER_ON
        self._errors = 0
        self._lias = 0
        self._enable = dict.fromkeys(_ENABLES, 0)
        self._answers_on_gpib = True
        self._gaining = False
        self._looks_at = math.inf  # when AGAN looks again
        self._buffer = PointBuffer()
        self._fast = 0
        self._asked = self.port  # where the last command came from
        self._waiting: list[tuple[tuple[Step, ...], Port]] = []
        lockin = self._lockin
        self._high = lockin.frequency * lockin.harmonic > RANGE_UP
        self._obey(
            Setup(
                frequency=lockin.frequency,
                amplitude=lockin.amplitude,
                phase=lockin.phase,
                harmonic=lockin.harmonic,
                dc_coupled=not lockin.ac_coupled,
                sensitivity=_nearest(SENSITIVITIES, lockin.sensitivity),
                time_constant=_nearest(TIME_CONSTANTS, lockin.time_constant),
                slope=lockin.poles - 1,
                sync=lockin.sync,
            )
        )
        self._tune_buffer()

    def parse(self, statement: str) -> tuple[str, list[str]]:
        text = "".join(statement.split()).upper()
        end = 5 if text[4:5] == "?" else 4
        return text[:end], text[end:].split(",")

    def refuse(self, fault: Fault) -> None:
        if fault is Fault.LINE_TOO_LONG:
            self._event |= INPUT_OVERFLOW
        elif fault in (Fault.UNKNOWN_COMMAND, Fault.UNKNOWN_QUERY):
            self._event |= ILLEGAL
        else:
            self._event |= EXECUTION

    def run(self, steps: tuple[Step, ...], port: Port) -> None:
        if len(steps) > 1:
            for step in steps:
                self.run((step,), port)
            return
        self._store()
        if self._gaining:
            self._wait(steps, port)
            return
        if not self._answers_on_gpib:
            port = Port(self)  # the answers leave through the other connector
        self._asked = port
        super().run(steps, port)
        if len(port.out) > 4 and sum(map(len, port.out)) > OUTPUT_QUEUE:
            port.out.clear()
            self._event |= OUTPUT_OVERFLOW

    def serial_poll(self, waiting: bool) -> int:
        self._store()
        status = (0 if self._buffer.in_progress else 1) | (0 if self._gaining else 2) | (16 if waiting else 0)
        if self._errors & self._enable["ERRE"]:
            status |= 4
        if self._lockin_status() & self._enable["LIAE"]:
            status |= 8
        if self._event & self._enable["*ESE"]:
            status |= 32
        return status | (64 if status & self._enable["*SRE"] else 0)

    # Settings and the laboratory

    def _obey(self, setup: Setup) -> None:
        """Take over a set-up after the rules about the detection range; tell the lock-in."""
        detection = setup.frequency * setup.harmonic
        if self._high and detection < RANGE_DOWN:
            self._high = False
            self._lias |= RANGE_CROSSED
        elif not self._high and detection > RANGE_UP:
            self._high = True
            self._lias |= RANGE_CROSSED
            if setup.time_constant > SLOWEST_ABOVE_RANGE:
                setup = replace(setup, time_constant=SLOWEST_ABOVE_RANGE)
            self._lias |= TIME_CONSTANT_CHANGED
            setup = replace(setup, sync=False)
        self._setup = setup
        lockin = self._lockin
        lockin.frequency, lockin.amplitude = setup.frequency, setup.amplitude
        lockin.phase, lockin.harmonic = setup.phase, setup.harmonic
        lockin.ac_coupled = not setup.dc_coupled
        lockin.single_ended = setup.source == 0
        lockin.sensitivity = SENSITIVITIES[setup.sensitivity]
        lockin.time_constant = TIME_CONSTANTS[setup.time_constant]
        lockin.poles = setup.slope + 1
        lockin.sync = setup.sync and not self._high
        lockin.dc_outputs = list(setup.aux_outputs)
        if isinstance(lockin, DrivenLockin):
            lockin.follows = not setup.internal

    def _signal(self, time: float | None = None) -> tuple[float, float]:
        """X and Y (V) as displayed now, or at a time within the last tick."""
        if self._setup.source >= 2:
            return 0.0, 0.0
        return self._lockin.output(self._cryostat.now if time is None else time)

    def _outputs(self, time: float | None = None) -> tuple[float, float, float, float]:
        """X, Y, R (V, offsets subtracted) and theta (degrees)."""
        x, y = self._signal(time)
        full_scale = SENSITIVITIES[self._setup.sensitivity]
        (x_off, _), (y_off, _), (r_off, _) = self._setup.offsets
        theta = math.degrees(math.atan2(y, x))
        radius = math.hypot(x, y)
        return (
            x - 0.01 * x_off * full_scale,
            y - 0.01 * y_off * full_scale,
            radius - 0.01 * r_off * full_scale,
            theta,
        )

    def _lockin_status(self) -> int:
        referenced = self._setup.internal or isinstance(self._lockin, DrivenLockin)
        locked = referenced and not self._lockin.unlocked
        return self._lias | self._lockin.overload | (0 if locked else UNLOCK)

    # Reference and phase

    @commands.command("PHAS", takes=(real(-360.0, 729.99),))
    def set_phase(self, phase: float) -> None:
        self._obey(replace(self._setup, phase=wrapped(round(phase, 2))))

    @commands.command("FREQ", takes=(real(0.001, HIGHEST_FREQUENCY),))
    def set_frequency(self, frequency: float) -> None:
        if not self._setup.internal or frequency * self._setup.harmonic > HIGHEST_FREQUENCY:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, frequency=rounded_frequency(frequency)))

    @commands.command("FREQ?")
    def read_frequency(self) -> str:
        """That of the reference, whoever gives it."""
        lockin = self._lockin
        if self._setup.internal or not isinstance(lockin, DrivenLockin):
            return number(self._setup.frequency)
        return number(rounded_frequency(lockin.generator.frequency))

    @commands.command("HARM", takes=(integer(1, 19999),))
    def set_harmonic(self, harmonic: int) -> None:
        largest = int(HIGHEST_FREQUENCY / self._setup.frequency)
        self._obey(replace(self._setup, harmonic=min(harmonic, largest)))

    @commands.command("SLVL", takes=(real(0.004, 5.0),))
    def set_amplitude(self, amplitude: float) -> None:
        self._obey(replace(self._setup, amplitude=0.002 * round(amplitude / 0.002)))

    @commands.command("FMOD", takes=(integer(0, 1),))
    def set_reference(self, internal: int) -> None:
        self._obey(replace(self._setup, internal=bool(internal)))

    # Input, gain and filter

    @commands.command("ISRC", takes=(integer(0, 3),))
    def set_source(self, source: int) -> None:
        self._obey(replace(self._setup, source=source))

    @commands.command("ICPL", takes=(integer(0, 1),))
    def set_coupling(self, dc: int) -> None:
        self._obey(replace(self._setup, dc_coupled=bool(dc)))

    @commands.command("SENS", takes=(integer(0, 26),))
    def set_sensitivity(self, index: int) -> None:
        if self._lockin.range_stuck:
            return
        self._obey(replace(self._setup, sensitivity=index))

    @commands.command("OFLT", takes=(integer(0, 19),))
    def set_time_constant(self, index: int) -> None:
        if self._high and index > SLOWEST_ABOVE_RANGE:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(replace(self._setup, time_constant=index))

    @commands.command("OFSL", takes=(integer(0, 3),))
    def set_slope(self, index: int) -> None:
        self._obey(replace(self._setup, slope=index))

    @commands.command("SYNC", takes=(integer(0, 1),))
    def set_sync(self, on: int) -> None:
        self._obey(replace(self._setup, sync=bool(on)))

    # Outputs

    @commands.command("OUTP?", takes=(integer(1, 4),))
    def read_output(self, which: int) -> str:
        percent = self._setup.offsets[which - 1][0] if which < 4 else 0.0
        if which < 3 and not percent:
            return number(self._signal()[which - 1])  # most readings are this one
        return number(self._outputs()[which - 1])

    @commands.command("OUTR?", takes=(integer(1, 2),))
    def read_display(self, channel: int) -> str:
        return number(self._displays()[channel - 1])

    def _displays(self, time: float | None = None) -> tuple[float, float]:
        """What CH1 and CH2 show."""
        outputs = self._outputs(time)
        first, second = (shown for shown, _ratio in self._setup.displays)
        return (
            outputs[0] if first == 0 else outputs[2] if first == 1 else 0.0,
            outputs[1] if second == 0 else outputs[3] if second == 1 else 0.0,
        )

    @commands.command("SNAP?", takes=(integer(1, 11), integer(1, 11), *(Optional(integer(1, 11)),) * 4))
    def snapshot(self, *wanted: int) -> str:
        x, y, r, theta = self._outputs()
        values: tuple[float, ...] = (x, y, r, theta, 0.0, 0.0, 0.0, 0.0, self._setup.frequency)
        values += self._displays()
        return ",".join(number(values[i - 1]) for i in wanted)

    @commands.command("OEXP", takes=(integer(1, 3), real(-105.0, 105.0), integer(0, 2)))
    def set_offset(self, which: int, percent: float, expand: int) -> None:
        offsets = list(self._setup.offsets)
        offsets[which - 1] = (round(percent, 2), expand)
        self._obey(replace(self._setup, offsets=tuple(offsets)))

    @commands.command("OEXP?", takes=(integer(1, 3),))
    def read_offset(self, which: int) -> str:
        percent, expand = self._setup.offsets[which - 1]
        return f"{number(percent)},{expand}"

    @commands.command("DDEF", takes=(integer(1, 2), integer(0, 4), integer(0, 2)))
    def set_display(self, channel: int, shown: int, ratio: int) -> None:
        displays = list(self._setup.displays)
        displays[channel - 1] = (shown, ratio)
        self._obey(replace(self._setup, displays=tuple(displays)))

    @commands.command("DDEF?", takes=(integer(1, 2),))
    def read_display_setting(self, channel: int) -> str:
        shown, ratio = self._setup.displays[channel - 1]
        return f"{shown},{ratio}"

    @commands.command("OAUX?", takes=(integer(1, 4),))
    def read_aux_input(self, which: int) -> str:
        return number(0.0)

    @commands.command("AUXV", takes=(integer(1, 4), real(-10.5, 10.5)))
    def set_aux_output(self, which: int, volts: float) -> None:
        outputs = list(self._setup.aux_outputs)
        outputs[which - 1] = round(volts, 3)
        self._obey(replace(self._setup, aux_outputs=tuple(outputs)))

    @commands.command("AUXV?", takes=(integer(1, 4),))
    def read_aux_output(self, which: int) -> str:
        return number(self._setup.aux_outputs[which - 1])

    # Data buffer

    def _tune_buffer(self) -> None:
        """Let the buffer know its settings."""
        kept = self._setup.kept
        self._buffer.loop = bool(kept["SEND"])
        rate = kept["SRAT"]
        self._buffer.pace(self._cryostat.now, math.inf if rate == TRIGGERED else 1.0 / RATES[rate])
        self._set_due()

    def _store(self) -> None:
        """Keep the points that were due, as the settings are that they fall under."""
        if self._buffer.due <= self._cryostat.now:
            self._buffer.store(self._cryostat.now, self._point)

    def _point(self, time: float) -> tuple[float, float]:
        """What both displays show at a time within the last tick; in the fast mode X and Y leave as well."""
        if self._fast:
            self._send_pair(time)
        return self._displays(time)

    def _send_pair(self, time: float) -> None:
        """X and Y as whole numbers of two bytes, (value - offset) times expand, low byte first (assumed)."""
        out = self._asked.out
        if len(out) >= FAST_QUEUE:
            self._fast = 0
            self._event |= OUTPUT_OVERFLOW
            return
        unit = SENSITIVITIES[self._setup.sensitivity] / FAST_FULL_SCALE
        expands = (10 ** self._setup.offsets[axis][1] for axis in (0, 1))
        counts = (round(value * e / unit) for value, e in zip(self._outputs(time)[:2], expands, strict=True))
        out.append(struct.pack("<hh", *(min(max(count, -32768), 32767) for count in counts)))

    def _set_due(self) -> None:
        """Points are kept once a tick, and one by one where each of them leaves at once."""
        due, tick = self._buffer.due, self._cryostat.tick
        if not self._fast and math.isfinite(due):
            due = max(due, math.ceil(due / tick - 1e-9) * tick)
        self.due = min(due, self._looks_at)

    @commands.command("STRT")
    def start_storing(self) -> None:
        self._buffer.start(self._cryostat.now)
        self._store()
        self._set_due()

    @commands.command("STRD")
    def start_storing_later(self) -> None:
        self._buffer.start(self._cryostat.now + START_DELAY)
        self._set_due()

    @commands.command("PAUS")
    def pause_storing(self) -> None:
        self._buffer.pause()
        self._set_due()

    @commands.command("REST")
    def reset_buffer(self) -> None:
        self._buffer.reset()
        self._set_due()

    @commands.command("TRIG")
    def trigger(self) -> None:
        if self._buffer.trigger(self._cryostat.now, bool(self._setup.kept["TSTR"]), self._point):
            self._lias |= TRIGGERED_BIT
        self._store()
        self._set_due()

    @commands.command("SPTS?")
    def count_points(self) -> str:
        return str(len(self._buffer))

    def _points(self, channel: int, first: int, count: int) -> list[Packed]:
        try:
            return self._buffer.points(channel, first, count)
        except IndexError:
            raise Refused(Fault.OUT_OF_RANGE) from None

    @commands.command("TRCA?", takes=_SOME_POINTS)
    def read_points(self, channel: int, first: int, count: int) -> str:
        return as_text(self._points(channel, first, count))

    @commands.command("TRCB?", takes=_SOME_POINTS)
    def read_points_as_floats(self, channel: int, first: int, count: int) -> bytes:
        return as_floats(self._points(channel, first, count))

    @commands.command("TRCL?", takes=_SOME_POINTS)
    def read_points_as_kept(self, channel: int, first: int, count: int) -> bytes:
        return as_kept(self._points(channel, first, count))

    @commands.command("FAST", takes=(integer(0, 2),))
    def set_fast(self, mode: int) -> None:
        self._fast = mode
        self._set_due()

    @commands.command("FAST?")
    def read_fast(self) -> str:
        return str(self._fast)

    # Auto functions

    @commands.command("APHS")
    def auto_phase(self) -> None:
        x, y = self._signal()
        turned = self._setup.phase + math.degrees(math.atan2(y, x))
        self._obey(replace(self._setup, phase=wrapped(round(turned, 2))))

    @commands.command("ARSV")
    def auto_reserve(self) -> None:
        """The lowest reserve never overloads here, so it is what the instrument finds."""
        self._keep("RMOD", 2)

    @commands.command("AOFF", takes=(integer(1, 3),))
    def auto_offset(self, which: int) -> None:
        x, y = self._signal()
        percent = 100.0 * (x, y, math.hypot(x, y))[which - 1] / SENSITIVITIES[self._setup.sensitivity]
        self.set_offset(which, min(max(percent, -105.0), 105.0), self._setup.offsets[which - 1][1])

    @commands.command("AGAN")
    def auto_gain(self) -> None:
        if self._setup.time_constant <= AUTO_GAIN_SLOWEST:
            self._gaining = True
            self._look_again()

    def _look_again(self) -> None:
        self._looks_at = self._cryostat.now + AUTO_GAIN_WAIT * TIME_CONSTANTS[self._setup.time_constant]
        self._set_due()

    def act(self) -> None:
        self._store()
        if self._looks_at <= self._cryostat.now:
            self._look()
        self._set_due()

    def _look(self) -> None:
        """One look of AGAN: settle, then choose; done when the choice is what was there."""
        self._looks_at = math.inf
        wanted = self._fitting_sensitivity()
        if wanted != self._setup.sensitivity:
            self._obey(replace(self._setup, sensitivity=wanted))
            self._look_again()
            return
        self._gaining = False
        waiting, self._waiting = self._waiting, []
        for steps, port in waiting:
            self.run(steps, port)

    def _fitting_sensitivity(self) -> int:
        radius, now = math.hypot(*self._signal()), self._setup.sensitivity
        if radius > SENSITIVITIES[now]:
            return min(now + 1, len(SENSITIVITIES) - 1)
        fitting = next(i for i, full_scale in enumerate(SENSITIVITIES) if full_scale >= 1.1 * radius or i == 26)
        return min(fitting, now)

    def _wait(self, steps: tuple[Step, ...], port: Port) -> None:
        if len(self._waiting) < COMMANDS_WAITING:
            self._waiting.append((steps, port))
        else:
            self._waiting.clear()
            self._event |= INPUT_OVERFLOW

    # Set-up and interface

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("*RST")
    def reset(self) -> None:
        self._obey(Setup())
        self._buffer.reset()
        self._fast = 0
        self._tune_buffer()

    def lose_settings(self) -> None:
        """As with a dead memory battery; with a good one the instrument would come back as it was."""
        self._obey(Setup())

    @commands.command("SSET", takes=(integer(1, 9),))
    def save(self, slot: int) -> None:
        self._memory[slot] = self._setup

    @commands.command("RSET", takes=(integer(1, 9),))
    def recall(self, slot: int) -> None:
        if slot not in self._memory:
            raise Refused(Fault.OUT_OF_RANGE)
        self._obey(self._memory[slot])
        self._tune_buffer()

    @commands.command("OUTX", takes=(integer(0, 1),))
    def choose_interface(self, gpib: int) -> None:
        self._answers_on_gpib = bool(gpib)

    @commands.command("OUTX?")
    def read_interface(self) -> str:
        return str(int(self._answers_on_gpib))

    def _keep(self, name: str, value: int) -> None:
        self._setup = replace(self._setup, kept=self._setup.kept | {name: value})
        self._tune_buffer()

    def _kept(self, name: str) -> str:
        return str(self._setup.kept[name])

    def _read(self, name: str) -> str:
        value = getattr(self._setup, name)
        return number(value) if isinstance(value, float) else str(int(value))

    # Status

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._event = self._errors = self._lias = self._lockin.overload = 0

    @commands.command("*ESR?", takes=(Optional(integer(0, 7)),))
    def read_event(self, bit: int | None = None) -> str:
        value = self._event
        self._event &= 0 if bit is None else ~(1 << bit)
        return _shown(value, bit)

    @commands.command("ERRS?", takes=(Optional(integer(0, 7)),))
    def read_errors(self, bit: int | None = None) -> str:
        return _shown(self._errors, bit)

    @commands.command("LIAS?", takes=(Optional(integer(0, 7)),))
    def read_lockin_status(self, bit: int | None = None) -> str:
        value = self._lockin_status()
        left = 0 if bit is None else ~(1 << bit)
        self._lias &= left
        self._lockin.overload &= left
        return _shown(value, bit)

    @commands.command("*STB?", takes=(Optional(integer(0, 7)),))
    def read_status(self, bit: int | None = None) -> str:
        return _shown(self.serial_poll(False), bit)

    def _set_enable(self, name: str, value: int, on: int | None = None) -> None:
        """One number sets the whole byte; a bit number and 0 or 1 set that bit."""
        if on is None:
            self._enable[name] = value
        elif value > 7 or on > 1:
            raise Refused(Fault.OUT_OF_RANGE)
        else:
            self._enable[name] = self._enable[name] & ~(1 << value) | on << value

    def _read_enable(self, name: str, bit: int | None = None) -> str:
        return _shown(self._enable[name], bit)


def _shown(value: int, bit: int | None) -> str:
    return str(value if bit is None else value >> bit & 1)


_READABLE = {
    "PHAS": "phase",
    "HARM": "harmonic",
    "SLVL": "amplitude",
    "FMOD": "internal",
    "ISRC": "source",
    "ICPL": "dc_coupled",
    "SENS": "sensitivity",
    "OFLT": "time_constant",
    "OFSL": "slope",
    "SYNC": "sync",
}
for _name, _attribute in _READABLE.items():
    SR830.commands.add(f"{_name}?", SR830._read, preset=(_attribute,))
for _name, _highest in _KEPT.items():
    SR830.commands.add(_name, SR830._keep, integer(0, _highest), preset=(_name,))
    SR830.commands.add(f"{_name}?", SR830._kept, preset=(_name,))
for _name in _ENABLES:
    SR830.commands.add(_name, SR830._set_enable, integer(0, 255), Optional(integer(0, 255)), preset=(_name,))
    SR830.commands.add(f"{_name}?", SR830._read_enable, Optional(integer(0, 7)), preset=(_name,))
