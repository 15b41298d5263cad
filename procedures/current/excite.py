"""Keeps current, frequency, filter and sensitivity right for a film whose resistance changes by orders of magnitude.

Every change is followed by the settling time of the filter, and the row after it carries the remark.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coldfinger.instruments.errors import CommandError
from coldfinger.procedures.current.excitation import (
    GENTLE_CEILING,
    POLICY,
    RANGE_UP,
    SETTLING_TIME_CONSTANTS,
    Excitation,
    averaged_noise,
    averaging_time,
    choose_sensitivity,
    gentle_current,
    noise_bandwidth,
    policy_band,
    searched_current,
    searched_frequency,
    time_constant_for,
)
from coldfinger.procedures.current.search_excitation import (
    LONGEST_LOOK,
    SHORTEST_LOOK,
    SMALLER,
    Found,
    Look,
    search,
)
from coldfinger.procedures.reach.firmly import firmly
from coldfinger.procedures.station import LOCKIN_SETTINGS, Station
from coldfinger.runfiles.quality import Quality

_POLES = 4
_TYPICAL_READINGS = 10
_READING = 0.5  # s between two readings of a look of the search
_ATTEMPTS = 3  # searches that a link may spoil
_NO_SIGNAL = 10.0  # s.d. of a typical row below which there is nothing to search
_INTO_PHASE = 4  # frequencies tried until the phase is small enough to know rho
_VOLTAGE_STEP = 2.1e-3  # V, how far a sine output may be from what was asked of it
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

    def __init__(
        self,
        station: Station,
        wish: Wish,
        pause: Callable[[float], object] | None = None,
        say: Callable[[str, str, dict[str, Any]], None] = lambda kind, text, data: None,
    ) -> None:
        self.station = station
        self.wish = wish
        self.found: Found | None = None
        """What the last search found; None before there was one, and in the other modes."""
        self._pause, self._say = pause or station.clock.sleep, say
        self.sensitivity = 0.0
        self.sent_voltage = math.nan
        """V rms, as the output took it when this program set it last."""
        self.prepared: dict[str, Any] = {}
        """The other settings of the lock-in, as it took them."""
        self._band: int | None = None
        self._resistivity = math.inf  # unknown: begin with the gentlest band
        self._impedance = math.inf
        self._phase = 0.0
        self.present = self._wanted()

    def start(self) -> None:
        """Bring the lock-in to the settings that transport at a few hertz needs, and find the signal."""
        lockin = self.station.lockin
        self._prepare()
        self._apply(self.present)
        self._set_sensitivity(lockin.SENSITIVITIES[-1])
        self._wait()
        self._look()

    def prepare(self) -> Quality:
        """Adapt to what was seen last; returns the remarks for the next row."""
        flags, before = Quality(0), self.present
        if self._search_due():
            self._search()
        wanted = self._wanted()
        if wanted != before:
            flags |= Quality.EXCITATION_CHANGED
        if wanted != self.present:
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
            self._search_due()
            or self._wanted() != self.present
            or abs(self._impedance) * self.present.current > RANGE_UP * self.sensitivity
        )

    def averaging_time(self) -> float:
        """Seconds of averaging that give the wanted precision with the film and the noise as last seen."""
        noise = self.station.input_noise.density(self.present.frequency, self._finite_impedance)
        return averaging_time(self.wish.precision, self._finite_impedance * self.present.current, noise)

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
        most = self.station.limits.current
        if chosen.current > most:
            chosen = Excitation(most, chosen.frequency, chosen.time_constant)
        frequency = chosen.frequency * wish.frequency_share
        if wish.current_share == wish.frequency_share == 1.0:
            return chosen
        return Excitation(chosen.current * wish.current_share, frequency, self._time_constant(frequency))

    def _chosen(self) -> Excitation:
        if self.wish.mode == "fixed":
            current, frequency = self.wish.current, self.wish.frequency
            return Excitation(current, frequency, self._time_constant(frequency))
        if self.wish.mode == "searched" and self.found is not None:
            return self._searched(self.found)
        self._band = policy_band(self._resistivity, self._band)
        _, current, frequency = POLICY[self._band]
        time_constant = self._time_constant(frequency)
        if self.wish.mode == "gentle" and math.isfinite(self._impedance):
            current = self._gentle(current, frequency, time_constant)
        return Excitation(current, frequency, time_constant)

    def _searched(self, found: Found) -> Excitation:
        """Smallest current that gives the precision in a typical row, if the film bears it, else what it bears."""
        frequency = searched_frequency(found.phase_per_hertz, self.wish.precision)
        time_constant = self._time_constant(frequency)
        resistivity, impedance = self._resistivity, self._impedance
        if not math.isfinite(impedance):
            resistivity, impedance = found.resistivity, found.resistance
        noise = self.station.input_noise.density(frequency, impedance)
        noise *= averaged_noise(time_constant, _POLES, 0.4, _TYPICAL_READINGS)
        needed = noise / (self.wish.precision * max(impedance, 1.0))
        present = self.present.current / self.wish.current_share
        largest = min(found.largest_current(resistivity, self.wish.precision), POLICY[0][1])
        current = searched_current(largest, needed, self._least_searched(), present)
        return Excitation(current, frequency, time_constant)

    def _least_searched(self) -> float:
        """Smallest current (A) that leaves room for a third of it: what tests and searches look at."""
        return SMALLER * self._least_current()

    def _least_current(self) -> float:
        least, _ = getattr(self.station.source, "voltage_range", (0.0, math.inf))
        return max(float(least) / self.station.network.series_resistance, 1e-13)

    def _search_due(self) -> bool:
        if self.wish.mode != "searched" or not math.isfinite(self._impedance):
            return False
        if self._impedance * self.present.current < _NO_SIGNAL * self._typical_noise():
            return False
        here = self.station.controller.setpoint
        return self.found is None or self.found.outdated(self._resistivity, here)

    def _typical_noise(self) -> float:
        noise = self.station.input_noise.density(self.present.frequency, self._finite_impedance)
        return noise * averaged_noise(self.present.time_constant, _POLES, 0.4, _TYPICAL_READINGS)

    def _search(self) -> None:
        """Ask the film and remember what it said; where it says nothing the policy goes on."""
        station = self.station
        place = station.controller.setpoint
        for _ in range(_ATTEMPTS):
            doubts = station.doubts
            frequency = self._find_frequency()
            most = station.limits.current
            precision, least = self.wish.precision, self._least_current()
            answer = search(
                lambda current, wanted, f=frequency: self._search_look(current, f, wanted),  # type: ignore[misc]
                lambda times: self._pause(times * station.thermal_time(place)),
                self._resistivity,
                precision,
                least,
                most,
            )
            station.confirm()
            if station.doubts == doubts:
                break
        if answer is None:
            self.found = Found.nothing(self._resistivity, place)
            self._say("search", "the film gives no resistivity to search with; the smallest current goes on", {})
            return
        effect, look = answer
        self.found = Found(look.resistivity, place, effect, look.phase / look.frequency, self._impedance)
        chosen = self._searched(self.found)
        data = self.found.to_json(chosen.current, chosen.frequency, precision)
        self._say("search", str(self.found), data)

    def _find_frequency(self) -> float:
        """Come down in frequency until the lines are small enough; returns it (Hz)."""
        frequency = self.present.frequency
        for _ in range(_INTO_PHASE):
            look = self._search_look(self.present.current, frequency, 1.0)
            phase = look.phase if look is not None else self._phase
            lower = searched_frequency(phase / frequency, self.wish.precision)
            if lower == frequency:
                break
            frequency = lower
        return frequency

    def _search_look(self, current: float, frequency: float, precision: float) -> Look | None:
        """One look at a current (A) and frequency (Hz), to a relative precision if that takes a reasonable time."""
        excitation = Excitation(current, frequency, self._time_constant(frequency))
        if excitation != self.present:
            if math.isfinite(self._impedance):
                self._set_sensitivity_for(self._impedance * current)
            self._apply(excitation)
            self._wait()
            self._look()
        density = self.station.input_noise.density(frequency, self._finite_impedance)
        wanted = averaging_time(precision, self._finite_impedance * current, density)
        count = round(min(max(wanted, SHORTEST_LOOK), LONGEST_LOOK) / _READING)
        xs, ys = 0.0, 0.0
        for _ in range(count):
            self._pause(_READING)
            x, y = self.station.lockin.xy
            xs, ys = xs + x / count, ys + y / count
        sd = density * averaged_noise(excitation.time_constant, _POLES, _READING, count)
        inversion = self.station.network.invert(xs, ys, self.voltage, frequency, noise=sd)
        self._phase = inversion.phase_degrees
        self.saw(xs, ys, inversion.resistivity)
        if not inversion.valid or not inversion.resistivity > 0:
            return None
        return Look(
            current, frequency, inversion.resistivity, inversion.resistivity_sd(sd, sd), inversion.phase_degrees
        )

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
        firmly(lambda: self._send(excitation))
        self.present = excitation

    def _send(self, excitation: Excitation) -> None:
        station = self.station
        station.limits.check_current(excitation.current, "excitation")
        if excitation.frequency != station.source.frequency:
            station.source.frequency = excitation.frequency
        station.source.load_resistance = self._two_terminal_resistance()
        station.source.current = excitation.current
        self._remember_voltage(excitation.current)
        if excitation.time_constant != station.lockin.time_constant:
            station.lockin.time_constant = excitation.time_constant

    def _remember_voltage(self, current: float) -> None:
        """Raise CommandError where the output has not followed: what was sent was lost."""
        source = self.station.source
        kept, flowing = source.voltage, source.current
        wanted = current * kept / flowing if flowing > 0 else math.nan
        if not 0.89 * wanted - _VOLTAGE_STEP <= kept <= wanted + _VOLTAGE_STEP:
            raise CommandError(
                f"excitation: {wanted:.4g} V were sent for {current:.4g} A, but the source holds {kept:.4g} V; "
                "the command was lost, or somebody is at the instrument"
            )
        self.sent_voltage = kept

    def _prepare(self) -> None:
        firmly(self.station.prepare_lockin)
        self._pause(1e-3)  # long for so many messages: who comes by in waits comes by here
        self.prepared = {name: getattr(self.station.lockin, name) for name in LOCKIN_SETTINGS}

    def restore(self) -> None:
        """Give the lock-in everything again after it has lost it, the smallest amplitude first, and wait."""
        station = self.station
        station.source.off()
        self._prepare()
        self._apply(self.present)
        self._set_sensitivity(self.sensitivity)
        self._wait()

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
        firmly(lambda: setattr(self.station.lockin, "sensitivity", sensitivity))
        self.sensitivity = sensitivity

    def _wait(self) -> None:
        self._pause(SETTLING_TIME_CONSTANTS * self.present.time_constant)

    def _look(self) -> None:
        """Read the signal once and come down to its size step by step."""
        for _ in range(4):
            x, y = self.station.lockin.xy
            self.saw(x, y, math.nan)
            if not self._set_sensitivity_for(math.hypot(x, y)):
                return
            self.station.clock.sleep(2.0 * self.present.time_constant)
