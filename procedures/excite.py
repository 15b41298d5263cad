"""Keeps current, frequency, filter and sensitivity right for a film whose resistance changes by orders of magnitude.

Every change is followed by the settling time of the filter, and the row after it carries the remark.
"""

import math
from dataclasses import dataclass

from coldfinger.procedures.excitation import (
    GENTLE_CEILING,
    POLICY,
    RANGE_UP,
    SETTLING_TIME_CONSTANTS,
    Excitation,
    averaged_noise,
    choose_sensitivity,
    gentle_current,
    noise_bandwidth,
    policy_band,
    time_constant_for,
)
from coldfinger.procedures.quality import Quality
from coldfinger.procedures.station import Station

_POLES = 4
_TYPICAL_READINGS = 10
_NOISE_ROOM = 6.0  # full scale is never below this many s.d. of the noise: a superconductor must not overload


@dataclass(frozen=True)
class Wish:
    """What the user asked for: mode of `excitation.MODES`, the fixed values, the precision wanted of a row."""

    mode: str = "gentle"
    current: float = 1e-9  # A, for "fixed"
    frequency: float = 7.0  # Hz, for "fixed"
    precision: float = 1e-3
    time_constant: float = 0.0  # s, at least; the frequency may need a longer one
    current_share: float = 1.0  # of the current that the mode gives; less after a belief test asked for it
    frequency_share: float = 1.0  # of the frequency


class ExcitationKeeper:
    """Applies a Wish through the station's source and lock-in; remembers what was last seen of the film."""

    def __init__(self, station: Station, wish: Wish) -> None:
        self.station = station
        self.wish = wish
        self.sensitivity = 0.0
        self._band: int | None = None
        self._resistivity = math.inf  # unknown: begin with the gentlest band
        self._impedance = math.inf
        self.present = self._wanted()

    def start(self) -> None:
        """Bring the lock-in to the settings that transport at a few hertz needs, and find the signal."""
        lockin = self.station.lockin
        self.station.prepare_lockin()
        self._apply(self.present)
        self._set_sensitivity(lockin.SENSITIVITIES[-1])
        self._wait()
        self._look()

    def prepare(self) -> Quality:
        """Adapt to what was seen last; returns the remarks for the next row."""
        flags = Quality(0)
        wanted = self._wanted()
        if wanted != self.present:
            flags |= Quality.EXCITATION_CHANGED
            self._set_sensitivity_for(abs(self._impedance) * wanted.current)
            self._apply(wanted)
            self._wait()
            self._look()
        if self._set_sensitivity_for(self._impedance * self.present.current):
            flags |= Quality.SENSITIVITY_CHANGED
            self._wait()
        return flags

    def overdue(self) -> bool:
        """Whether the next `prepare` would change the excitation, or the signal fills its full scale."""
        return (
            self._wanted() != self.present or abs(self._impedance) * self.present.current > RANGE_UP * self.sensitivity
        )

    def saw(self, x: float, y: float, resistivity: float) -> None:
        """Remember the last signal (V) and the resistivity (ohm/sq, nan if unknown) derived from it."""
        self._impedance = math.hypot(x, y) / self.present.current
        known = math.isfinite(resistivity)
        self._resistivity = resistivity if known else self._impedance / self.station.network.squares

    def follow(self) -> None:
        """Bring the full scale to the size of the signal as it is now; what settles meanwhile goes on settling."""
        for _ in self.station.lockin.SENSITIVITIES:
            x, y = self.station.lockin.xy
            self.saw(x, y, math.nan)
            if not self._set_sensitivity_for(math.hypot(x, y)):
                return

    def widen(self) -> None:
        """After an overload: the next larger full scale that there is, and wait."""
        larger = [s for s in self.station.lockin.SENSITIVITIES if s > self.sensitivity]
        if larger:
            self._set_sensitivity(larger[0])
        self._wait()

    @property
    def voltage(self) -> float:
        """Source voltage (V rms) as the instrument holds it."""
        return self.station.source.voltage

    @property
    def current(self) -> float:
        """Current (A rms) of that voltage through series resistor and film."""
        return self.station.source.current

    def _wanted(self) -> Excitation:
        chosen, wish = self._chosen(), self.wish
        frequency = chosen.frequency * wish.frequency_share
        if wish.current_share == wish.frequency_share == 1.0:
            return chosen
        return Excitation(chosen.current * wish.current_share, frequency, self._time_constant(frequency))

    def _chosen(self) -> Excitation:
        if self.wish.mode == "fixed":
            current, frequency = self.wish.current, self.wish.frequency
            return Excitation(current, frequency, self._time_constant(frequency))
        self._band = policy_band(self._resistivity, self._band)
        _, current, frequency = POLICY[self._band]
        time_constant = self._time_constant(frequency)
        if self.wish.mode == "gentle" and math.isfinite(self._impedance):
            current = self._gentle(current, frequency, time_constant)
        return Excitation(current, frequency, time_constant)

    def _time_constant(self, frequency: float) -> float:
        """Smallest time constant (s) that suits the frequency (Hz) and is not below the wish."""
        available = self.station.lockin.TIME_CONSTANTS
        least = max(time_constant_for(frequency, available), 0.99 * self.wish.time_constant)
        return next((tau for tau in available if tau >= least), available[-1])

    def _gentle(self, ceiling: float, frequency: float, time_constant: float) -> float:
        noise = self.station.input_noise.density(frequency, self._impedance)
        noise *= averaged_noise(time_constant, _POLES, 0.4, _TYPICAL_READINGS)
        present = self.present.current / self.wish.current_share
        wanted = gentle_current(self._impedance, ceiling, self.wish.precision, noise)
        # Hysteresis: a smaller current only when it would have done with a quarter less resistance, too.
        careful = gentle_current(0.75 * self._impedance, ceiling, self.wish.precision, noise)
        return wanted if wanted >= present or careful < present else min(present, GENTLE_CEILING * ceiling)

    def _apply(self, excitation: Excitation) -> None:
        station = self.station
        station.limits.check_current(excitation.current, "excitation")
        if excitation.frequency != station.source.frequency:
            station.source.frequency = excitation.frequency
        station.source.load_resistance = self._two_terminal_resistance()
        station.source.current = excitation.current
        if excitation.time_constant != station.lockin.time_constant:
            station.lockin.time_constant = excitation.time_constant
        self.present = excitation

    def _set_sensitivity_for(self, amplitude: float) -> bool:
        noise = self.station.input_noise.density(self.present.frequency, self._finite_impedance)
        floor = _NOISE_ROOM * noise * math.sqrt(noise_bandwidth(self.present.time_constant, _POLES))
        wanted = choose_sensitivity(max(amplitude, floor), self.sensitivity, self.station.lockin.SENSITIVITIES)
        changed = wanted != self.sensitivity
        if changed:
            self._set_sensitivity(wanted)
        return changed

    def _two_terminal_resistance(self) -> float:
        network = self.station.network
        squares = network.squares + 2.0 * network.end_squares
        return self._finite_impedance * squares / network.squares + 2.0 * network.lead_resistance

    @property
    def _finite_impedance(self) -> float:
        return self._impedance if math.isfinite(self._impedance) else 0.0

    def _set_sensitivity(self, sensitivity: float) -> None:
        self.station.lockin.sensitivity = sensitivity
        self.sensitivity = sensitivity

    def _wait(self) -> None:
        self.station.clock.sleep(SETTLING_TIME_CONSTANTS * self.present.time_constant)

    def _look(self) -> None:
        """Read the signal once and come down to its size step by step."""
        for _ in range(4):
            x, y = self.station.lockin.xy
            self.saw(x, y, math.nan)
            if not self._set_sensitivity_for(math.hypot(x, y)):
                return
            self.station.clock.sleep(2.0 * self.present.time_constant)
