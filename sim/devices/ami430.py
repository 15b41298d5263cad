"""Front panel of the American Magnetics Model 430 power supply programmer.

Source: Model 430 manual, chapter 4 (remote interface reference); error texts also from the Model 420 manual.
The supply drives a current; a field is that current times the programmed coil constant, whatever the coil
really is.
Simulated: units, coil constant, limits, targets, ramp segments, all ten states, quench, the error queue, the
greeting, the persistent switch. The supply believes what it is told about the switch (CONF:PS) and counts its own
times (states 9 and 10); what the switch really does is the coil's business. With a cold switch ramp commands move
the supply alone, at its own rate (PS:PSRR); CURR:MAG? and FIELD:MAG? then say what was there when the heater went
off.
Not simulated: the voltage limit's effect on the ramp, stability setting, quench detection, keys and menus.
"""

import itertools
from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from coldfinger.sim.scpi import CommandTable, Fault, Panel, Refused, boolean, integer, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

IDENTITY = "AMERICAN MAGNETICS INC.,MODEL 430,2.01"
GREETING = (b"American Magnetics Model 430 IP Interface\r\n", b"Hello.\r\n")
CURRENT_RATING = 60.0  # A, of the supply; assumed default
CURRENT_LIMIT = 50.0  # A, of the coil; assumed default
AT_ZERO = 1e-3  # of the rating: below it ZERO has arrived
HIGHEST_RATE = 10.0  # A/s
TESLA_DECIMALS = 7  # of a field in tesla; one less in kilogauss
CURRENT_DECIMALS = 6
RATE_DECIMALS = 10
SEGMENTS = 10
ERRORS_KEPT = 10
_KILOGAUSS_PER_TESLA = 10.0
_OERSTED_PER_TESLA = 1e4
LEADS_RATE = 10.0  # A/s, of the supply behind a cold switch
_SHORTEST_LEG = 0.05  # s, between two changes of segment

QUENCH_CONDITION = 4  # *STB bit
QUERY, DEVICE, COMMAND, POWER_ON = 4, 8, 32, 128  # *ESR bits
ERRORS = {
    Fault.UNKNOWN_COMMAND: (-101, "Unrecognized command"),
    Fault.INVALID_PARAMETER: (-102, "Invalid argument"),
    Fault.NOT_BOOLEAN: (-103, "Non-boolean argument"),
    Fault.MISSING_PARAMETER: (-104, "Missing parameter"),
    Fault.OUT_OF_RANGE: (-105, "Out of range"),
    Fault.NO_SWITCH: (-107, "No switch installed"),
    Fault.UNKNOWN_QUERY: (-201, "Unrecognized query"),
    Fault.LINE_TOO_LONG: (-304, "Buffer overflow"),
}


class State(IntEnum):
    """Replies to STATE?"""

    RAMPING = 1
    HOLDING = 2
    PAUSED = 3
    MANUAL_UP = 4
    MANUAL_DOWN = 5
    ZEROING = 6
    QUENCHED = 7
    AT_ZERO = 8
    HEATING_SWITCH = 9
    COOLING_SWITCH = 10


class Segment(NamedTuple):
    """Ramp rate (A/s) up to a current (A)."""

    rate: float
    bound: float


def spellings(header: str) -> list[str]:
    """`CONFigure:COIL` may be CONF:COIL or CONFIGURE:COIL, in either case."""
    mark = "?" if header.endswith("?") else ""
    forms = []
    for long in header.rstrip("?").split(":"):
        short = "".join(letter for letter in long if not letter.islower())
        forms.append(sorted({short, long.upper()}))
    return [":".join(words) + mark for words in itertools.product(*forms)]


def fixed(value: float, decimals: int) -> str:
    """Decimal notation without a negative zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


class AMI430(Panel):
    """Model 430 on its socket (or RS-232); paused at zero when switched on."""

    commands = CommandTable(spellings)
    greeting = GREETING

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._magnet = magnet = cryostat.magnet
        self._true_constant = magnet.model.oersted_per_ampere
        self._constant = self._true_constant / _OERSTED_PER_TESLA  # T/A, as programmed
        self._limit = CURRENT_LIMIT
        self._target = 0.0  # A
        self._goal = 0.0  # A, where the supply goes in the present mode
        self._segments = [Segment(magnet.rate / self._true_constant, CURRENT_LIMIT)] * SEGMENTS
        self._active_segments = 1
        self._mode = State.PAUSED
        self._tesla = False
        self._per_minute = False
        self._volt_limit = 5.0
        self._errors: deque[str] = deque()
        self._event = POWER_ON
        self._switch: dict[str, float] = {"installed": 0, "current": 50.0, "heating": 20.0, "cooling": 120.0}
        self._switch["rate"] = LEADS_RATE
        self._heater_on = False
        self._kept: float | None = None  # A, in the coil when the heater went off
        if (switch := magnet.model.switch) is not None:
            self._switch |= {"installed": 1, "heating": switch.heating, "cooling": switch.cooling}
            self._kept = 0.0
        self._switch_ready = -1.0  # time (s) at which the switch is warm or cold

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, _, rest = statement.partition(" ")
        if "?" in header:
            header = header[: header.index("?") + 1]
        return header.upper(), [part.strip() for part in rest.split(",")]

    def refuse(self, fault: Fault) -> None:
        code, text = ERRORS[fault]
        self._event |= QUERY if code <= -200 else COMMAND
        if code <= -300:
            self._event |= DEVICE
        if len(self._errors) < ERRORS_KEPT:
            self._errors.append(f'{code},"{text}"')

    def serial_poll(self, waiting: bool) -> int:
        return (16 if waiting else 0) | (QUENCH_CONDITION if self._magnet.quenched else 0)

    # Numbers of the wire and of the coil

    def _current(self) -> float:
        return self._magnet.supply_field(self._cryostat.now) / self._true_constant

    def _field_per_ampere(self) -> float:
        """In the field unit of the wire."""
        return self._constant if self._tesla else self._constant * _KILOGAUSS_PER_TESLA

    def _shown_field(self, amperes: float) -> str:
        decimals = TESLA_DECIMALS if self._tesla else TESLA_DECIMALS - 1
        return fixed(amperes * self._field_per_ampere(), decimals)

    def _shown_current(self, amperes: float) -> str:
        return fixed(amperes, CURRENT_DECIMALS)

    @property
    def _rate_unit(self) -> float:
        """Seconds in the time unit of the wire."""
        return 60.0 if self._per_minute else 1.0

    # Units and coil

    @commands.command("CONFigure:FIELD:UNITS", takes=(boolean,))
    def set_field_unit(self, tesla: bool) -> None:
        self._tesla = tesla

    @commands.command("FIELD:UNITS?")
    def read_field_unit(self) -> str:
        return str(int(self._tesla))

    @commands.command("CONFigure:RAMP:RATE:UNITS", takes=(boolean,))
    def set_rate_unit(self, per_minute: bool) -> None:
        self._per_minute = per_minute

    @commands.command("RAMP:RATE:UNITS?")
    def read_rate_unit(self) -> str:
        return str(int(self._per_minute))

    @commands.command("CONFigure:COIL", takes=(real(),))
    def set_coil_constant(self, constant: float) -> None:
        tesla_per_ampere = constant if self._tesla else constant / _KILOGAUSS_PER_TESLA
        if not 1e-6 <= tesla_per_ampere <= 1e3:
            raise Refused(Fault.OUT_OF_RANGE)
        self._constant = tesla_per_ampere

    @commands.command("COIL?")
    def read_coil_constant(self) -> str:
        return fixed(self._field_per_ampere(), TESLA_DECIMALS)

    @commands.command("CONFigure:CURRent:LIMit", takes=(real(0.0, CURRENT_RATING),))
    def set_current_limit(self, amperes: float) -> None:
        self._limit = amperes

    @commands.command("CURRent:LIMit?")
    def read_current_limit(self) -> str:
        return self._shown_current(self._limit)

    @commands.command("CURRent:RATING?")
    def read_current_rating(self) -> str:
        return self._shown_current(CURRENT_RATING)

    @commands.command("CONFigure:VOLTage:LIMit", takes=(real(0.001, 20.0),))
    def set_voltage_limit(self, volts: float) -> None:
        self._volt_limit = volts

    @commands.command("VOLTage:LIMit?")
    def read_voltage_limit(self) -> str:
        return fixed(self._volt_limit, 4)

    # Targets and rates

    @commands.command("CONFigure:FIELD:TARGet", takes=(real(),))
    def set_field_target(self, field: float) -> None:
        self.set_current_target(field / self._field_per_ampere())

    @commands.command("CONFigure:CURRent:TARGet", takes=(real(),))
    def set_current_target(self, amperes: float) -> None:
        if abs(amperes) > self._limit * (1.0 + 1e-9):
            raise Refused(Fault.OUT_OF_RANGE)
        self._target = amperes
        if self._mode is State.RAMPING:
            self._go(State.RAMPING, amperes)

    @commands.command("FIELD:TARGet?")
    def read_field_target(self) -> str:
        return self._shown_field(self._target)

    @commands.command("CURRent:TARGet?")
    def read_current_target(self) -> str:
        return self._shown_current(self._target)

    @commands.command("CONFigure:RAMP:RATE:SEGments", takes=(integer(1, SEGMENTS),))
    def set_segments(self, count: int) -> None:
        self._active_segments = count
        self._pace()

    @commands.command("RAMP:RATE:SEGments?")
    def read_segments(self) -> str:
        return str(self._active_segments)

    def _set_rate(self, per_ampere: float, number: int, rate: float, bound: float) -> None:
        amperes_per_second = rate / per_ampere / self._rate_unit
        if not 0.0 < amperes_per_second <= HIGHEST_RATE:
            raise Refused(Fault.OUT_OF_RANGE)
        self._segments[number - 1] = Segment(amperes_per_second, abs(bound) / per_ampere)
        self._pace()

    @commands.command("CONFigure:RAMP:RATE:FIELD", takes=(integer(1, SEGMENTS), real(), real()))
    def set_field_rate(self, number: int, rate: float, bound: float) -> None:
        self._set_rate(self._field_per_ampere(), number, rate, bound)

    @commands.command("CONFigure:RAMP:RATE:CURRent", takes=(integer(1, SEGMENTS), real(), real()))
    def set_current_rate(self, number: int, rate: float, bound: float) -> None:
        self._set_rate(1.0, number, rate, bound)

    def _read_field_rate(self, number: int) -> str:
        segment = self._segments[number - 1]
        rate = segment.rate * self._field_per_ampere() * self._rate_unit
        return f"{fixed(rate, RATE_DECIMALS)},{self._shown_field(segment.bound)}"

    def _read_current_rate(self, number: int) -> str:
        segment = self._segments[number - 1]
        return f"{fixed(segment.rate * self._rate_unit, RATE_DECIMALS)},{self._shown_current(segment.bound)}"

    # Ramping

    @commands.command("RAMP")
    def ramp(self) -> None:
        self._go(State.RAMPING, self._target)

    @commands.command("PAUSE")
    def pause(self) -> None:
        if not self._magnet.quenched:
            self._stop()

    @commands.command("ZERO")
    def zero(self) -> None:
        self._go(State.ZEROING, 0.0)

    @commands.command("INCR")
    def up(self) -> None:
        self._go(State.MANUAL_UP, self._limit)

    @commands.command("DECR")
    def down(self) -> None:
        self._go(State.MANUAL_DOWN, -self._limit)

    def _stop(self) -> None:
        self._mode, self._magnet.going = State.PAUSED, False
        self.due = float("inf")

    def _go(self, mode: State, amperes: float) -> None:
        if self._magnet.quenched or self._cryostat.now < self._switch_ready:
            return
        self._mode, self._goal = mode, amperes
        self._magnet.target = amperes * self._true_constant
        self._magnet.going = True
        self._pace()

    def act(self) -> None:
        self._pace()

    def _pace(self) -> None:
        """Give the supply the rate of the segment it is in, and ask to be called at the next boundary."""
        self.due = float("inf")
        magnet, current = self._magnet, self._current()
        if self._switch["installed"] and not self._heater_on:
            magnet.rate = self._switch["rate"] * self._true_constant
            return
        bounds = [segment.bound for segment in self._segments[: self._active_segments - 1]]
        outward = abs(self._goal) > abs(current) or self._goal * current < 0
        inside = [i for i, b in enumerate(bounds) if (abs(current) < b if outward else abs(current) <= b)]
        number = inside[0] if inside else self._active_segments - 1
        rate = self._segments[number].rate
        magnet.rate = rate * self._true_constant
        if not magnet.going or not bounds or magnet.quenched or self._arrived():
            return
        ahead = [abs(abs(current) - bound) for bound in (0.0, *bounds)]
        nearest = min((distance for distance in ahead if distance > 0), default=float("inf"))
        self.due = self._cryostat.now + max(nearest / rate, _SHORTEST_LEG)

    def _arrived(self) -> bool:
        magnet = self._magnet
        distance = abs(magnet.supply_field(self._cryostat.now) - self._goal * self._true_constant)
        return distance <= 0.501 * magnet.model.resolution

    @commands.command("STATE?")
    def read_state(self) -> str:
        return str(int(self._state()))

    def _state(self) -> State:
        if self._magnet.quenched:
            return State.QUENCHED
        if self._cryostat.now < self._switch_ready:
            return State.HEATING_SWITCH if self._heater_on else State.COOLING_SWITCH
        if self._mode is State.RAMPING and self._arrived():
            return State.HOLDING
        if self._mode is State.ZEROING and abs(self._current()) < AT_ZERO * CURRENT_RATING:
            return State.AT_ZERO
        return self._mode

    @commands.command("FIELD:MAGnet?")
    def read_field(self) -> str:
        return self._shown_field(self._coil_current())

    @commands.command("FIELD:SUPPly?")
    def read_supply_field(self) -> str:
        return self._shown_field(self._current())

    @commands.command("CURRent:MAGnet?")
    def read_current(self) -> str:
        return self._shown_current(self._coil_current())

    @commands.command("CURRent:SUPPly?")
    def read_supply_current(self) -> str:
        return self._shown_current(self._current())

    @commands.command("VOLTage:MAGnet?", "VOLTage:SUPPly?")
    def read_voltage(self) -> str:
        return fixed(self._magnet.voltage(self._cryostat.now), 4)

    # Persistent switch and quench

    def _coil_current(self) -> float:
        """In the coil (A), as far as the supply knows: its own, or what it was when the heater went off."""
        if self._kept is not None and self._magnet.quenched:
            self._kept = 0.0
        if self._heater_on and self._cryostat.now >= self._switch_ready:
            self._kept = None
        return self._current() if self._kept is None else self._kept

    @commands.command("CONFigure:PSwitch", "CONFigure:PS", takes=(boolean,))
    def install_switch(self, installed: bool) -> None:
        self._switch["installed"] = int(installed)
        self._kept = self._current() if installed else None
        self._turn_heater(False)
        self._switch_ready = -1.0
        if installed and not self._magnet.quenched:
            self._stop()

    def _turn_heater(self, on: bool) -> None:
        self._heater_on = on
        self._magnet.heat_switch(on, self._cryostat.now)

    @commands.command("PSwitch:INSTalled?", "PS:INST?")
    def read_installed(self) -> str:
        return str(int(self._switch["installed"]))

    @commands.command("PSwitch", "PS", takes=(boolean,))
    def heat_switch(self, on: bool) -> None:
        if not self._switch["installed"]:
            raise Refused(Fault.NO_SWITCH)
        if on != self._heater_on:
            self._kept = self._coil_current()
            self._stop()
            self._turn_heater(on)
            self._switch_ready = self._cryostat.now + self._switch["heating" if on else "cooling"]

    @commands.command("PSwitch?", "PS?")
    def read_switch(self) -> str:
        return str(int(self._heater_on))

    @commands.command("PERSistent?", "PERS?")
    def read_persistent(self) -> str:
        cold = not self._heater_on and self._cryostat.now >= self._switch_ready
        return str(int(bool(self._switch["installed"]) and cold))

    def _set_switch(self, name: str, value: float) -> None:
        self._switch[name] = value

    def _read_switch_number(self, name: str) -> str:
        return fixed(self._switch[name], 1) if name in ("current", "rate") else str(int(self._switch[name]))

    @commands.command("QUench", takes=(boolean,))
    def set_quench(self, quenched: bool) -> None:
        self._stop()
        self._magnet.quenched = quenched

    @commands.command("QUench?")
    def read_quench(self) -> str:
        return str(int(self._magnet.quenched))

    def lose_settings(self) -> None:
        """Without mains the supply runs down through its protection, and the switch's heater goes out."""
        magnet = self._magnet
        magnet.heat_switch(False, self._cryostat.now)
        magnet.target, magnet.rate, magnet.going = 0.0, HIGHEST_RATE * self._true_constant, not magnet.quenched

    # Interface and status

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("SYSTem:REMote", "SYSTem:LOCal")
    def change_control(self) -> None:
        """Front-panel keys are not simulated."""

    @commands.command("*RST", "*CLS")
    def clear_status(self) -> None:
        self._errors.clear()
        self._event = 0

    @commands.command("SYSTem:ERRor?")
    def read_error(self) -> str:
        return self._errors.popleft() if self._errors else '0,"No errors"'

    @commands.command("*ESR?")
    def read_event(self) -> str:
        value, self._event = self._event, 0
        return str(value)

    @commands.command("*STB?")
    def read_status(self) -> str:
        return str(self.serial_poll(False))


for _number in range(1, SEGMENTS + 1):
    AMI430.commands.add(f"RAMP:RATE:FIELD:{_number}?", AMI430._read_field_rate, preset=(_number,))
    AMI430.commands.add(f"RAMP:RATE:CURRent:{_number}?", AMI430._read_current_rate, preset=(_number,))
for _word, _name, _range in (
    ("CURRent", "current", real(0.0, 125.0)),
    ("HTIME", "heating", integer(5, 120)),
    ("CTIME", "cooling", integer(5, 3600)),
    ("PSRR", "rate", real(0.1, 10.0)),
):
    for _switch in ("PSwitch", "PS"):
        AMI430.commands.add(f"CONFigure:{_switch}:{_word}", AMI430._set_switch, _range, preset=(_name,))
        AMI430.commands.add(f"{_switch}:{_word}?", AMI430._read_switch_number, preset=(_name,))
