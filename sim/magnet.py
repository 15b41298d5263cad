"""A superconducting coil: moving field, flux that stays trapped, heat from eddy currents.

Field at the sample = field of the supply + a constant offset + trapped flux. The flux is trapped as the field
is withdrawn from its last peak and is all there when the field has come back to zero:
H_rem = -H_r tanh(H_peak / 3 kOe) sgn(H_peak). A field that only grows from a demagnetised start traps nothing.
"""

import math
from dataclasses import dataclass


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
        self.sample_before = self.sample_after = model.offset
        self._tick = tick
        self._time = 0.0
        self._peak = 0.0
        self._trapped_at_peak = 0.0
        self._outward = False

    def supply_field(self, time: float) -> float:
        """Field of the supply (Oe) at a time (s) within the last tick."""
        return self.before + (self.after - self.before) * self._passed(time)

    def sample_field(self, time: float) -> float:
        """Field at the sample (Oe) at a time (s) within the last tick."""
        return self.sample_before + (self.sample_after - self.sample_before) * self._passed(time)

    def _passed(self, time: float) -> float:
        return min(max(1.0 - (self._time - time) / self._tick, 0.0), 1.0)

    @property
    def sweep_rate(self) -> float:
        """dH/dt (Oe/s) in the tick that ended last."""
        return (self.after - self.before) / self._tick

    def voltage(self, time: float) -> float:
        """Inductive voltage across the coil (V)."""
        return self.model.inductance * self.sweep_rate / self.model.oersted_per_ampere

    def step(self, time: float) -> float:
        """Advance to the tick at `time`; return the eddy-current heat (W)."""
        self._time = time
        self.before, self.sample_before = self.after, self.sample_after
        if self.quenched:
            self.after, self.going = 0.0, False
        elif self.going:
            self._move()
        if self.after == self.before:
            return 0.0
        self._remember()
        self.sample_after = self.after + self.model.offset + self.trapped(self.after)
        return self.model.eddy_power(self.sweep_rate)

    def _move(self) -> None:
        step = self.rate * self._tick
        target = round(self.target / self.model.resolution) * self.model.resolution
        distance = target - self.after
        self.after = target if abs(distance) <= step else self.after + math.copysign(step, distance)

    def _remember(self) -> None:
        outward = abs(self.after) > abs(self.before)
        if self._outward and not outward:
            self._trapped_at_peak = self.trapped(self.before)
            self._peak = self.before
        self._outward = outward
        if outward and self.after * self._peak >= 0 and abs(self.after) >= abs(self._peak):
            self._peak = self.after

    def trapped(self, field: float) -> float:
        """Trapped flux (Oe) at a supply field (Oe), given the last peak."""
        peak = self._peak
        if peak == 0.0:
            return self._trapped_at_peak
        model = self.model
        full = -model.remanence * math.tanh(abs(peak) / model.remanence_scale) * math.copysign(1.0, peak)
        withdrawn = min(1.0, abs(peak - field) / abs(peak))
        return self._trapped_at_peak + (full - self._trapped_at_peak) * withdrawn
