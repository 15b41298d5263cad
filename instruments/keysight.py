"""Keysight (formerly Agilent) 33511B function generator and its one-channel kin: the current through a series resistor.

Commands and limits: 33500 series operating and service guide, chapter on SCPI. The instrument has an error queue, which
is emptied after each command, and never answers a command.

What it shows is not what is there. An amplitude is peak to peak, rms or dBm, and it is that across a load which the
instrument believes in and the source's own 50 ohm: with the load left at 50 ohm, a resistor of 1 Gohm gets twice the
volts that are shown. And a value that does not fit is clipped, with an error, but it is clipped. So `configure` chooses
V rms and an infinite load, and every amplitude and level is read in one line with unit, load, shape, polarity and
bursts: where somebody has changed one of them at the front panel, that is an error and not a number. `off`, and a level
of zero, need none of this and are sent in any state.

The direct voltage of the same output is a dc source beside the amplitude, see `GeneratorOffset`: neither moves when the
other is set, and both have to fit into 10 V.

pymeasure's own driver of the family is good, but it takes amplitude and load as they come, which is the trap above, has
two channels, limits that hold into 50 ohm only, and six decimals for what is asked to 1 uHz. It is not built upon.
"""

import math
from enum import Enum
from typing import Any, ClassVar, NamedTuple

from pymeasure.instruments import Instrument

from coldfinger.instruments.amplitude import held_amplitude
from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import Linked, index_reply, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.validators import as_number, member, strict_bool, strict_number

_REAL = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
real = reply(_REAL, "a number like +1.00000000000000E+03")
ERRORS = 20  # length of the instrument's error queue
MOST_PEAK = 10.0  # V, |offset| and peak of the sine together, without a load
LEAST_SINE = 7.08e-4  # V rms, just above 2 mV peak to peak
MOST_SINE = 7.071  # V rms, just below 20 V peak to peak
AMPLITUDE_DIGITS = 4
_OPEN = 9.9e37  # what the instrument says for an infinite load
_KEPT = 1e-3  # relative, how far an amplitude may read back from what was sent
_KEPT_LEVEL = 1e-3  # V


class Shape(Enum):
    """Wave forms of the output."""

    SINE = "SIN"
    SQUARE = "SQU"
    TRIANGLE = "TRI"
    RAMP = "RAMP"
    PULSE = "PULS"
    PRBS = "PRBS"
    NOISE = "NOIS"
    ARBITRARY = "ARB"
    DC = "DC"


class AmplitudeUnit(Enum):
    """What an amplitude is counted in."""

    V_PEAK_TO_PEAK = "VPP"
    V_RMS = "VRMS"
    DBM = "DBM"


class Polarity(Enum):
    """Whether the wave is turned round its offset."""

    NORMAL = "NORM"
    INVERTED = "INV"


class _Output(NamedTuple):
    """All on which the voltage at the plug depends, of one instant."""

    shape: Shape
    unit: AmplitudeUnit
    load: float  # ohm
    polarity: Polarity
    burst: bool
    on: bool
    amplitude: float  # in `unit`
    offset: float  # V

    def trouble(self) -> str:
        """Why the shown numbers are not the voltages behind the series resistor; empty when they are."""
        wrong = [
            (self.shape is not Shape.SINE, f"the shape is {self.shape.name}"),
            (self.unit is not AmplitudeUnit.V_RMS, f"the unit is {self.unit.value}"),
            (not math.isinf(self.load), f"a load of {self.load:g} ohm is expected"),
            (self.polarity is not Polarity.NORMAL, "the polarity is inverted"),
            (self.burst, "bursts are on"),
        ]
        return ", ".join(text for holds, text in wrong if holds)


def _words(kind: type[Enum]) -> str:
    return "|".join(entry.value for entry in kind)


_STATE = "FUNC?;:VOLT:UNIT?;:OUTP:LOAD?;:OUTP:POL?;:BURS:STAT?;:OUTP?;:VOLT?;:VOLT:OFFS?"
_STATE_FORM = reply(
    rf"(?:{_words(Shape)});(?:{_words(AmplitudeUnit)});{_REAL};(?:{_words(Polarity)});[01];[01];{_REAL};{_REAL}",
    "eight fields like SIN;VRMS;9.9E+37;NORM;0;1;+1.0E-01;+0.0E+00",
)


def _ohms(value: float) -> float:
    return math.inf if value >= 0.999 * _OPEN else value


def _word(header: str, name: str, kind: type[Enum], docs: str) -> Any:
    """A property whose values are the members of `kind`, sent as their words."""
    return Instrument.control(
        f"{header}?",
        f"{header} %s",
        docs,
        validator=member(name, kind),
        set_process=lambda entry: entry.value,
        preprocess_reply=reply(_words(kind), _words(kind).replace("|", ", ")),
        cast=str,
        get_process=kind,
    )


def _flag(header: str, name: str, docs: str) -> Any:
    return Instrument.control(
        f"{header}?",
        f"{header} %d",
        docs,
        validator=strict_bool(name),
        preprocess_reply=index_reply(2),
        cast=int,
        get_process=bool,
    )


class Keysight33511B(Linked):
    """33511B; its sine is the output of a SeriesResistorSource, its offset a DCBias beside it.

    `sine_limit` (V rms) and `offset_limit` (V) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"(?:Agilent|Keysight) Technologies,335(?:09|11|19|20|21)[AB],\w+,[\w.\-]+"
    # Errors that are older than this connection are not those of its first command.
    OPENING: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(("TCPIP", "USB", "GPIB"), ("*CLS",))
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "shape",
        "frequency",
        "phase",
        "sine_voltage",
        "offset",
        "unit",
        "load",
        "output",
        "polarity",
        "burst",
        "sync_output",
    )
    SINE_RANGE: ClassVar[tuple[float, float]] = (LEAST_SINE, MOST_SINE)
    """Amplitudes (V rms) behind the series resistor."""
    SINE_STEP: ClassVar[float] = 1e-7
    """Finest step (V rms) of the amplitude; four digits are kept."""

    def __init__(
        self,
        adapter: Any,
        name: str = "33511B function generator",
        *,
        sine_limit: Bound | None = None,
        offset_limit: Bound | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._sine_limit, self._offset_limit = sine_limit, offset_limit

    shape = _word("FUNC", "shape", Shape, """Control the wave form, a `Shape`; all roles need SINE.""")
    unit = _word("VOLT:UNIT", "unit", AmplitudeUnit, """Control the unit of the amplitude; all roles need V_RMS.""")
    polarity = _word("OUTP:POL", "polarity", Polarity, """Control whether the wave is inverted; NORMAL is needed.""")
    burst = _flag("BURS:STAT", "burst", """Control whether the wave comes in bursts (bool); False is needed.""")
    output = _flag("OUTP", "output", """Control whether the output is connected (bool), the wave and the offset.""")
    sync_output = _flag("OUTP:SYNC", "sync_output", """Control the sync output (bool), a lock-in's reference.""")
    frequency = Instrument.control(
        "FREQ?",
        "FREQ %.14g",
        """Control the frequency of the sine (Hz), strictly 1e-6 to 2e7, steps of 1 uHz.""",
        validator=strict_number("frequency", 1e-6, 20e6, "Hz"),
        preprocess_reply=real,
    )
    phase = Instrument.control(
        "PHAS?",
        "PHAS %.7g",
        """Control the phase of the sine against the 10 MHz clock (degrees), strictly -360 to 360.""",
        validator=strict_number("phase", -360, 360, "degrees"),
        preprocess_reply=real,
    )

    @property
    def load(self) -> float:
        """Control the load that the instrument believes in (ohm), strictly 1 to 10000, or inf; all roles need inf.

        The source has 50 ohm whatever this is; changing it changes the numbers that are shown, and not the output.
        """
        return _ohms(float(self.values("OUTP:LOAD?", preprocess_reply=real)[0]))

    @load.setter
    def load(self, value: float) -> None:
        if isinstance(value, float) and value == math.inf:
            self.write("OUTP:LOAD INF")
        else:
            self.write(f"OUTP:LOAD {strict_number('load', 1, 1e4, 'ohm')(value):.7g}")

    def _state(self) -> _Output:
        """Everything on which the output depends. Raises CommandError when the shown numbers cannot be believed."""
        shape, unit, load, polarity, burst, on, amplitude, offset = self.values(
            _STATE, separator=";", cast=str, preprocess_reply=_STATE_FORM
        )
        state = _Output(
            Shape(shape),
            AmplitudeUnit(unit),
            _ohms(float(load)),
            Polarity(polarity),
            burst == "1",
            on == "1",
            float(amplitude),
            float(offset),
        )
        if trouble := state.trouble():
            raise CommandError(
                f"{self.who}: amplitude and offset are not what they seem, because {trouble}; somebody has changed "
                "this at the front panel, or configure() was never called: call it"
            )
        return state

    @property
    def sine_voltage(self) -> float:
        """Control the amplitude behind the series resistor (V rms), strictly 7.08e-4 to 7.071, of four digits.

        Zero is read while the output is off. Setting raises ValueError where the peak does not fit beside the offset
        and beyond the station's limit, CommandError while the output is off and when another amplitude reads back;
        both raise CommandError where unit, load, shape, polarity or burst are not those of `configure`.
        """
        state = self._state()
        return state.amplitude if state.on else 0.0

    @sine_voltage.setter
    def sine_voltage(self, value: float) -> None:
        volts = strict_number("sine_voltage", LEAST_SINE, MOST_SINE, "V")(value)
        volts = held_amplitude(volts, AMPLITUDE_DIGITS, self._sine_limit)
        if self._sine_limit is not None and volts > LEAST_SINE:
            self._sine_limit.check(f"{self.who}: sine_voltage", volts, "V")
        with self.lock:
            state = self._connected("sine_voltage", volts)
            room = MOST_PEAK - abs(state.offset)
            if math.sqrt(2.0) * volts > room * (1 + 1e-9):
                raise ValueError(
                    f"{self.who}: sine_voltage of {volts:g} V rms does not fit beside an offset of {state.offset:g} V; "
                    f"allowed are {LEAST_SINE:g} to {room / math.sqrt(2.0):.4g} V, make the offset smaller first"
                )
            self.write(f"VOLT {volts:.9g} VRMS")
            if abs((kept := self._state().amplitude) - volts) > _KEPT * volts:
                raise CommandError(f"{self.who}: sine_voltage of {volts:g} V was sent, but reads back as {kept:g} V")

    @property
    def offset(self) -> float:
        """Control the direct voltage behind the series resistor (V), strictly -10 to 10; zero while the output is off.

        Setting raises ValueError where it does not fit beside the peak of the sine, beyond the station's limit and for
        more than its step; CommandError as `sine_voltage`.
        """
        state = self._state()
        return state.offset if state.on else 0.0

    @offset.setter
    def offset(self, value: float) -> None:
        volts = strict_number("offset", -MOST_PEAK, MOST_PEAK, "V")(value)
        limit = self._offset_limit
        with self.lock:
            state = self._connected("offset", volts)
            room = MOST_PEAK - math.sqrt(2.0) * state.amplitude
            if abs(volts) > room * (1 + 1e-9):
                raise ValueError(
                    f"{self.who}: offset of {volts:g} V does not fit beside a sine of {state.amplitude:g} V rms; "
                    f"allowed are {-room:.4g} to {room:.4g} V, make the sine smaller first"
                )
            if limit is not None:
                limit.check_way(f"{self.who}: offset", state.offset, volts, "V")
                limit.check_step(f"{self.who}: offset", state.offset, volts, "V")
            self.write(f"VOLT:OFFS {volts:.9g}")
            if abs((kept := self._state().offset) - volts) > _KEPT_LEVEL:
                raise CommandError(f"{self.who}: offset of {volts:g} V was sent, but reads back as {kept:g} V")

    def _connected(self, what: str, volts: float) -> _Output:
        state = self._state()
        if not state.on:
            raise CommandError(
                f"{self.who}: {what} of {volts:g} V was not sent, because the output is off; configure() switches it "
                "on with the smallest amplitude"
            )
        return state

    def offset_to_zero(self) -> None:
        """No direct voltage, at once and in any state: zero is zero in every unit and for every load."""
        self.write("VOLT:OFFS 0")

    def off(self) -> None:
        """Disconnect the output, sine and offset, at once and in any state."""
        self.write("OUTP 0")

    def configure(self) -> None:
        """Sine, V rms, infinite load, no bursts, sync on, all read back; then the output on, if it is off.

        An output that is off gets the smallest amplitude and no offset before; one that is on keeps both.
        """
        with self.lock:
            on = self.output
            if not on:
                self.offset_to_zero()
            self.shape = Shape.SINE
            self.burst = False
            self.polarity = Polarity.NORMAL
            self.load = math.inf
            self.unit = AmplitudeUnit.V_RMS
            self.sync_output = True
            if not on:
                self.write(f"VOLT {LEAST_SINE:g} VRMS")
            state = self._state()
            if not on:
                if state.amplitude > LEAST_SINE * (1 + _KEPT) or abs(state.offset) > _KEPT_LEVEL:
                    raise CommandError(
                        f"{self.who}: the output stays off, because {state.amplitude:g} V rms and {state.offset:g} V "
                        f"read back where {LEAST_SINE:g} V rms and 0 V were sent"
                    )
                self.output = True

    def snapshot(self) -> dict[str, object]:
        """Every setting by name; an infinite load, which JSON has no number for, as "inf"."""
        settings = super().snapshot()
        return settings | {"load": "inf"} if settings["load"] == math.inf else settings

    def clear(self) -> None:
        """Forget the errors in the queue (`*CLS`)."""
        self.tell("*CLS")

    def refusals(self) -> list[str]:
        """What was refused since the last look: the error queue, emptied."""
        return self._emptied_queue(ERRORS)


class GeneratorOffset:
    """Role DCBias over the offset of a generator whose sine runs through the same resistor.

    Whether the output is connected belongs to the sine: here it is only looked at, and off means zero volts.
    """

    def __init__(self, generator: Keysight33511B) -> None:
        self._generator = generator

    @property
    def level(self) -> float:
        """Control the voltage (V), within 10 V less the peak of the sine."""
        return self._generator.offset

    @level.setter
    def level(self, value: float) -> None:
        self._generator.offset = as_number("level", value, f"{-MOST_PEAK:g} to {MOST_PEAK:g} V")

    @property
    def output(self) -> bool:
        """Control whether there is a source at the terminals: False makes the level zero, the sine goes on.

        True raises CommandError while the output is off: connecting it would send the sine, too.
        """
        return bool(self._generator.output)

    @output.setter
    def output(self, on: bool) -> None:
        if not strict_bool("output")(on):
            self.off()
        elif not self._generator.output:
            raise CommandError(
                f"{self._generator.who}: the offset alone cannot be switched on, because the sine comes with it; call "
                "configure(), which begins with the smallest amplitude"
            )

    def off(self) -> None:
        """Zero volts at once; the sine stays."""
        self._generator.offset_to_zero()
