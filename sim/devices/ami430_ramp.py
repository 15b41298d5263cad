"""How a Model 430 moves its current: targets, ramp segments, and the ten states.

A supply that has been told of a persistent switch goes at a rate of its own while that is cold, and does not move at
all while it heats or cools. The voltage limit has no effect on the ramp here.
"""

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from coldfinger.sim.devices.ami430_coil import CURRENT_LIMIT, CURRENT_RATING, CoilPanel, fixed
from coldfinger.sim.scpi import CommandTable, Fault, Refused, integer, real, spellings

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

AT_ZERO = 1e-3  # of the rating: below it ZERO has arrived
HIGHEST_RATE = 10.0  # A/s
RATE_DECIMALS = 10
SEGMENTS = 10
LEADS_RATE = 10.0  # A/s, of the supply behind a cold switch
_SHORTEST_LEG = 0.05  # s, between two changes of segment


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


class RampPanel(CoilPanel):
    """What the front panel knows of its ramps."""

    commands = CommandTable(spellings)

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._target = 0.0  # A
        self._goal = 0.0  # A, where the supply goes in the present mode
        self._segments = [Segment(self._magnet.rate / self._true_constant, CURRENT_LIMIT)] * SEGMENTS
        self._active_segments = 1
        self._mode = State.PAUSED
        # What it has been told of the switch.
        self._switch: dict[str, float] = {"installed": 0, "current": 50.0, "heating": 20.0, "cooling": 120.0}
        self._switch["rate"] = LEADS_RATE
        self._heater_on = False
        self._switch_ready = -1.0  # time (s) at which the switch is warm or cold

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

    # State

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


for _number in range(1, SEGMENTS + 1):
    RampPanel.commands.add(f"RAMP:RATE:FIELD:{_number}?", RampPanel._read_field_rate, preset=(_number,))
    RampPanel.commands.add(f"RAMP:RATE:CURRent:{_number}?", RampPanel._read_current_rate, preset=(_number,))
