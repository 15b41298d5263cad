"""What both of Oxford's magnet supplies do with a coil; their panels only give it words.

The supply drives a current; a field is that current over the programmed amperes per tesla, whatever the coil really
is. It holds, goes to its set point, goes to zero, or is clamped (output short-circuited); clamped is how it wakes up.
A clamped output does not ramp before it has been told to hold, and only a current near zero can be clamped.
The supply writes down its own current when the switch's heater goes off, and lets the heater come on only while its
current is that one, unless it is forced. What the switch really does is the coil's business.
A power cut makes it forget what it wrote down, so that the interlock is blind then (real ones keep it).
A quench leaves no current and cannot be overlooked: nothing ramps until `hold` has acknowledged it.
"""

import math
from enum import Enum
from typing import TYPE_CHECKING

from coldfinger.sim.magnet import MagnetModel

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat
    from coldfinger.sim.magnet import Magnet

CURRENT_LIMIT = 50.0  # A, either way; assumed default
HIGHEST_RATE = 10.0  # A/s; assumed default
LARGEST_MISMATCH = 0.01  # A, between supply and written-down current, that lets the heater come on; assumed default
LARGEST_CLAMPED = 0.01  # A, of a current that may be clamped; assumed default
HEATER_CURRENT = 50.0  # mA, of the switch; assumed default
VOLTAGE_LIMIT = 10.0  # V; assumed default, without effect on a ramp
_OERSTED_PER_TESLA = 1e4


class Activity(Enum):
    """What the output does."""

    HOLD = "HOLD"
    TO_SET = "RTOS"
    TO_ZERO = "RTOZ"
    CLAMP = "CLMP"


class NoCoil:
    """Output stage with nothing but its own leads behind it: the current that is asked for flows, no field arises."""

    def __init__(self, model: MagnetModel) -> None:
        self.model = MagnetModel(oersted_per_ampere=model.oersted_per_ampere, resolution=model.resolution)
        self.target = 0.0  # Oe
        self.rate = 1.0  # Oe/s
        self.going = False
        self.quenched = False
        self._value, self._time = 0.0, 0.0

    def settle(self, time: float) -> None:
        """Remember where the output is, because its orders are about to change."""
        self._value, self._time = self.supply_field(time), time

    def supply_field(self, time: float) -> float:
        """What the current would make of a coil (Oe) at a time (s)."""
        distance, way = self.target - self._value, self.rate * (time - self._time)
        if not self.going or way >= abs(distance):
            return self.target if self.going else self._value
        return self._value + math.copysign(way, distance)

    def voltage(self, time: float) -> float:
        """Nothing drops along the leads."""
        return 0.0

    def heat_switch(self, on: bool, time: float) -> None:
        """There is no switch."""


class OxfordSupply:
    """One output: set point and limit (A), rate (A/s), activity, heater of the switch.

    `automatic`: the supply itself waits for the switch before it ramps, and holds when it has arrived.
    """

    def __init__(self, cryostat: "Cryostat", coil: "Magnet | NoCoil", automatic: bool) -> None:
        self._cryostat = cryostat
        self._coil = coil
        self._true_constant = coil.model.oersted_per_ampere
        self.amperes_per_tesla = _OERSTED_PER_TESLA / self._true_constant  # as programmed
        self.set_point = 0.0
        self.rate = coil.rate / self._true_constant
        self.heater_on = False
        self.ready = -math.inf  # time (s) at which the switch is warm or cold, as far as the supply knows
        self._activity = Activity.CLAMP
        self._automatic = automatic
        self._written_down = 0.0
        switch = coil.model.switch
        self.has_switch = switch is not None
        self.heating, self.cooling = (switch.heating, switch.cooling) if switch else (0.0, 0.0)

    @property
    def inductance(self) -> float:
        """Of the coil (H)."""
        return self._coil.model.inductance

    @property
    def quenched(self) -> bool:
        """Whether a quench waits to be acknowledged."""
        return self._coil.quenched

    @property
    def activity(self) -> Activity:
        """What the output does now."""
        done = self._automatic and self._ramps() and (self.quenched or self._arrived())
        return Activity.HOLD if done else self._activity

    def current(self) -> float:
        """In the leads (A)."""
        return self._coil.supply_field(self._cryostat.now) / self._true_constant

    def persistent_current(self) -> float:
        """What the supply wrote down (A) when the heater went off last; a quench leaves nothing of it."""
        return 0.0 if self.quenched else self._written_down

    def voltage(self) -> float:
        """Across the coil (V)."""
        return self._coil.voltage(self._cryostat.now)

    def waiting(self) -> bool:
        """Whether the supply waits for the switch to become warm or cold."""
        return self._automatic and self._cryostat.now < self.ready

    def velocity(self) -> float:
        """dI/dt (A/s) of the output now."""
        if not self._ramps() or not self._coil.going or self.quenched or self._arrived():
            return 0.0
        return math.copysign(self.rate, self._goal() - self.current())

    def _ramps(self) -> bool:
        return self._activity in (Activity.TO_SET, Activity.TO_ZERO)

    def _goal(self) -> float:
        return self.set_point if self._activity is Activity.TO_SET else 0.0

    def _arrived(self) -> bool:
        distance = abs(self._coil.supply_field(self._cryostat.now) - self._goal() * self._true_constant)
        return distance <= 0.501 * self._coil.model.resolution

    def begin(self, activity: Activity) -> bool:
        """Begin an activity; False if the supply refuses."""
        ramp = activity in (Activity.TO_SET, Activity.TO_ZERO)
        if ramp and (self.quenched or self._activity is Activity.CLAMP):
            return False
        if activity is Activity.CLAMP and abs(self.current()) > LARGEST_CLAMPED:
            return False
        if self.quenched and activity is Activity.HOLD:
            self._written_down = 0.0
            self._coil.quenched = False
        self._activity = activity
        self.give_orders()
        return True

    def set_current(self, amperes: float) -> bool:
        """New set point (A), which an output on its way there follows; False beyond the limit."""
        if not abs(amperes) <= CURRENT_LIMIT * (1.0 + 1e-9):
            return False
        self._activity = self.activity
        self.set_point = amperes
        self.give_orders()
        return True

    def set_rate(self, amperes_per_second: float) -> bool:
        """New rate (A/s), at once; False outside of what the supply can do."""
        if not 0.0 < amperes_per_second <= HIGHEST_RATE * (1.0 + 1e-9):
            return False
        self.rate = amperes_per_second
        self.give_orders()
        return True

    def heat(self, on: bool, forced: bool = False) -> bool:
        """Heater of the switch on or off; False if the supply refuses."""
        if not self.has_switch:
            return False
        if on == self.heater_on:
            return True
        if on and not forced and abs(self.current() - self.persistent_current()) > LARGEST_MISMATCH:
            return False
        if not on and not self.waiting():
            self._written_down = self.current()
        self.heater_on = on
        self._coil.heat_switch(on, self._cryostat.now)
        self.ready = self._cryostat.now + (self.heating if on else self.cooling)
        self.give_orders()
        return True

    def run_down(self) -> None:
        """Without mains the output runs down through its protection, and the switch's heater goes out."""
        self._coil.heat_switch(False, self._cryostat.now)
        self._activity, self.rate = Activity.CLAMP, HIGHEST_RATE
        self.give_orders()
        self.rate = 1.0 / self._true_constant

    def give_orders(self) -> None:
        """Tell the output stage where to go, now or when the time of the switch is over."""
        coil = self._coil
        if isinstance(coil, NoCoil):
            coil.settle(self._cryostat.now)
        if self._activity is Activity.HOLD:
            coil.going = False
            return
        # A clamped output is a short circuit: what still flows dies away.
        wanted = self.current() != 0.0 if self._activity is Activity.CLAMP else not self.waiting()
        coil.target, coil.rate = self._goal() * self._true_constant, self.rate * self._true_constant
        coil.going = wanted and not coil.quenched
