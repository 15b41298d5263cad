"""A superconducting coil: moving field, persistent switch, flux that stays trapped, heat from eddy currents.

Field at the sample = field of the coil + a constant offset + trapped flux. The flux is trapped as the field
is withdrawn from its last peak and is all there when the field has come back to zero:
H_rem = -H_r tanh(H_peak / 3 kOe) sgn(H_peak). A field that only grows from a demagnetised start traps nothing.

A persistent switch is a superconducting short across the coil. While it is cold the coil's current cannot change,
whatever the supply does. Once its heater has made it normal the two are in series: a difference between their
currents collapses at once, with the energy L dI^2/2; a large one quenches the coil, with all that it has stored.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class SwitchModel:
    """Numbers of a persistent switch; assumed defaults."""

    heating: float = 20.0  # s, as its maker gives it and the supply is programmed with
    cooling: float = 60.0  # s, the same
    share: float = 0.6  # of these times that the switch itself needs
    heat_load: float = 5e-7  # W, of its heater on the mixing chamber
    largest_mismatch: float = 0.5  # A, between supply and coil, which an opening survives


@dataclass(frozen=True)
class MagnetModel:
    """Numbers of the coil; assumed defaults of a small solenoid for a few hundred Oe."""

    offset: float = 0.5  # Oe, static field at the sample with zero current
    remanence: float = 15.0  # Oe, trapped after a very large peak
    remanence_scale: float = 3000.0  # Oe
    resolution: float = 0.02  # Oe, smallest step of the supply
    oersted_per_ampere: float = 20.0
    inductance: float = 0.5  # H
    copper_length: float = 0.10  # m, of the cold finger in the field
    copper_radius: float = 0.01  # m
    copper_resistivity: float = 1.7e-10  # ohm m, residual resistance ratio 100
    quench_share: float = 0.0  # of the energy of a quench, that warms the mixing chamber; the rest goes into the bath
    switch: SwitchModel | None = None  # None: the supply is always in series with the coil

    def energy(self, oersted: float) -> float:
        """Energy (J) of a coil current that makes this field."""
        return 0.5 * self.inductance * (oersted / self.oersted_per_ampere) ** 2

    def eddy_power(self, oersted_per_second: float) -> float:
        """Heat (W) in a solid copper rod: pi L r^4 (dB/dt)^2 / (8 rho)."""
        tesla_per_second = 1e-4 * oersted_per_second
        geometry = math.pi * self.copper_length * self.copper_radius**4
        return geometry * tesla_per_second**2 / (8.0 * self.copper_resistivity)


class Magnet:
    """The coil and its supply's output stage; `target`, `rate`, `going` and `quenched` belong to the panel."""

    def __init__(self, model: MagnetModel, tick: float) -> None:
        self.model = model
        self.target = 0.0  # Oe
        self.rate = 1.0  # Oe/s
        self.going = False
        self.quenched = False
        self.before = self.after = 0.0  # supply field (Oe) at the last two ticks
        self.coil_before = self.coil = 0.0  # what the current in the coil makes (Oe), the same without a switch
        self.heater_on = False
        self.switch_open = model.switch is None  # normal: supply and coil are in series
        self.switch_stuck = False  # stays as it is, whatever its heater does
        self._heater_changed = 0.0
        self.released = 0.0  # J, by openings with unequal currents and by quenches
        self.sample_before = self.sample_after = model.offset
        self._tick = tick
        self._time = 0.0
        self._peak = 0.0
        self._trapped_at_peak = 0.0
        self._outward = False

    def supply_field(self, time: float) -> float:
        """Field of the supply (Oe) at a time (s) within the last tick."""
        return self.before + (self.after - self.before) * self._passed(time)

    def coil_field(self, time: float) -> float:
        """Field of the current in the coil (Oe) at a time (s) within the last tick."""
        return self.coil_before + (self.coil - self.coil_before) * self._passed(time)

    def sample_field(self, time: float) -> float:
        """Field at the sample (Oe) at a time (s) within the last tick."""
        return self.sample_before + (self.sample_after - self.sample_before) * self._passed(time)

    def _passed(self, time: float) -> float:
        return min(max(1.0 - (self._time - time) / self._tick, 0.0), 1.0)

    @property
    def sweep_rate(self) -> float:
        """dH/dt (Oe/s) of the coil in the tick that ended last."""
        return (self.coil - self.coil_before) / self._tick

    def voltage(self, time: float) -> float:
        """Inductive voltage across the coil (V)."""
        return self.model.inductance * self.sweep_rate / self.model.oersted_per_ampere

    def heat_switch(self, on: bool, time: float) -> None:
        """Heater of the persistent switch on or off at a time (s); nothing happens without a switch."""
        if self.model.switch is not None and on != self.heater_on:
            self.heater_on, self._heater_changed = on, time

    def step(self, time: float) -> float:
        """Advance to the tick at `time`; return the heat (W) of eddy currents and of the switch's heater."""
        self._time = time
        self.before, self.coil_before, self.sample_before = self.after, self.coil, self.sample_after
        if self.going and not self.quenched:
            self._move()
        self._turn_switch(time)
        heat = self.model.switch.heat_load if self.model.switch and self.heater_on else 0.0
        if self.quenched:
            energy = self.model.energy(self.coil)
            self.released += energy
            heat += self.model.quench_share * energy / self._tick
            self.after = self.coil = 0.0
            self.going = False
        elif self.switch_open:
            self.coil = self.after
        if self.coil == self.coil_before:
            return heat
        self._remember()
        self.sample_after = self.coil + self.model.offset + self.trapped(self.coil)
        return heat + self.model.eddy_power(self.sweep_rate)

    def _turn_switch(self, time: float) -> None:
        switch = self.model.switch
        if switch is None or self.switch_stuck or self.heater_on == self.switch_open:
            return
        needed = switch.share * (switch.heating if self.heater_on else switch.cooling)
        if time - self._heater_changed < needed:
            return
        self.switch_open = self.heater_on
        difference = abs(self.after - self.coil)
        if not self.switch_open or difference == 0.0 or self.quenched:
            return
        if difference / self.model.oersted_per_ampere > switch.largest_mismatch:
            self.quenched = True
        else:
            self.released += self.model.energy(difference)

    def _move(self) -> None:
        step = self.rate * self._tick
        target = round(self.target / self.model.resolution) * self.model.resolution
        distance = target - self.after
        self.after = target if abs(distance) <= step else self.after + math.copysign(step, distance)

    def _remember(self) -> None:
        outward = abs(self.coil) > abs(self.coil_before)
        if self._outward and not outward:
            self._trapped_at_peak = self.trapped(self.coil_before)
            self._peak = self.coil_before
        self._outward = outward
        if outward and self.coil * self._peak >= 0 and abs(self.coil) >= abs(self._peak):
            self._peak = self.coil

    def trapped(self, field: float) -> float:
        """Trapped flux (Oe) at a coil field (Oe), given the last peak."""
        peak = self._peak
        if peak == 0.0:
            return self._trapped_at_peak
        model = self.model
        full = -model.remanence * math.tanh(abs(peak) / model.remanence_scale) * math.copysign(1.0, peak)
        withdrawn = min(1.0, abs(peak - field) / abs(peak))
        return self._trapped_at_peak + (full - self._trapped_at_peak) * withdrawn
