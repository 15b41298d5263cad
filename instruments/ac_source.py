"""A current from a voltage: an AC voltage source behind a series resistor.

I = V / (R_series + R_source + |Z|), where Z is the expected two-terminal impedance of sample and leads.
With 1 Gohm and 1 V the current is 1 nA, and 1 Mohm/square with three squares changes it by 0.3 % if |Z| is
left at zero.
"""

import math
from typing import Protocol

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.validators import as_number, strict_number


class SineOutput(Protocol):
    """Anything with a sine output, such as a lock-in amplifier."""

    sine_voltage: float  # V rms
    frequency: float  # Hz


class SeriesResistorSource:
    """Role CurrentSource over the sine output of `output`.

    Resistances in ohm. `voltage_range` (V rms) and `voltage_resolution` (V rms) are those of the output;
    the defaults are the SR830's. `load_resistance` is the expected |Z|; set it when the sample's resistance
    is known better.

    `limit` (A rms) holds for a film without resistance: at the limit itself the film's share of the voltage is left
    out, up to a tenth of it. `film_limit` (V rms) is that of the voltage across the film, as `load_resistance` has it.
    """

    def __init__(
        self,
        output: SineOutput,
        series_resistance: float,
        *,
        source_resistance: float = 50.0,
        load_resistance: float = 0.0,
        voltage_resolution: float = 2e-3,
        voltage_range: tuple[float, float] = (4e-3, 5.0),
        limit: Bound | None = None,
        film_limit: Bound | None = None,
    ) -> None:
        self._output = output
        self.series_resistance = strict_number("series_resistance", 0, 1e15, "ohm")(series_resistance)
        self.source_resistance = strict_number("source_resistance", 0, 1e15, "ohm")(source_resistance)
        self.voltage_resolution = voltage_resolution
        self.voltage_range = voltage_range
        self.load_resistance = load_resistance
        self._limit, self._film_limit = limit, film_limit

    @property
    def load_resistance(self) -> float:
        """Control the expected |Z| of sample and leads (ohm), strictly 0 to 1e15."""
        return self._load_resistance

    @load_resistance.setter
    def load_resistance(self, value: float) -> None:
        self._load_resistance = strict_number("load_resistance", 0, 1e15, "ohm")(value)

    @property
    def total_resistance(self) -> float:
        """Get the resistance (ohm) that turns the voltage into the current."""
        return self.series_resistance + self.source_resistance + self.load_resistance

    @property
    def current(self) -> float:
        """Control the current (A rms); what is read is the current of the voltage that the output really
        holds.

        The voltage is rounded to the resolution of the output. Raises ValueError, naming the allowed
        currents, for a current whose voltage lies outside the output's range; 0 A is one of those, see
        `off`.
        """
        return self.voltage / self.total_resistance

    @current.setter
    def current(self, value: float) -> None:
        low, high = (volts / self.total_resistance for volts in self.voltage_range)
        allowed = f"{low:.4g} to {high:.4g} A with {self.total_resistance:.4g} ohm in series"
        current = as_number("current", value, allowed)
        # A relative 1e-9 forgives the rounding of I * R at the edges.
        if not low * (1 - 1e-9) <= current <= high * (1 + 1e-9):
            raise ValueError(f"current of {current:.4g} A is out of range; allowed are {allowed}")
        least, most = self.voltage_range
        if self._film_limit is not None and current > low * (1 + 1e-9):
            self._film_limit.check("voltage across the film", current * self.load_resistance, "V")
        steps = round(current * self.total_resistance / self.voltage_resolution)
        if self._limit is not None and current > low * (1 + 1e-9):
            self._limit.check("current", current, "A")
            most = min(most, self._most_voltage(self._limit, current))
            steps = min(steps, math.floor(most / self.voltage_resolution * (1 + 1e-6)))
        self._output.sine_voltage = min(max(round(steps * self.voltage_resolution, 12), least), most)

    def _most_voltage(self, limit: Bound, current: float) -> float:
        short = limit.largest * (self.series_resistance + self.source_resistance)
        if current * self.total_resistance > 1.1 * short:
            most = short / self.total_resistance
            raise ValueError(
                f"current of {current:.4g} A through a film of {self.load_resistance:.4g} ohm needs a voltage that "
                f"could send more than {limit.largest:.4g} A, the limit of {limit.where}, through a shorted film"
                f"; nothing was sent, allowed are up to {most:.4g} A"
            )
        return short

    @property
    def voltage(self) -> float:
        """Measure the voltage behind the series resistor (V rms) as the output holds it."""
        return float(self._output.sine_voltage)

    @property
    def frequency(self) -> float:
        """Control the frequency (Hz) of the output."""
        return float(self._output.frequency)

    @frequency.setter
    def frequency(self, value: float) -> None:
        self._output.frequency = value

    def off(self) -> None:
        """Bring the output to its smallest amplitude; an SR830 cannot go below 4 mV, which is 4 pA with 1
        Gohm."""
        self._output.sine_voltage = self.voltage_range[0]
