"""A current from a voltage: an AC voltage source behind a series resistor.

I = V / (R_series + R_source + |Z|), where Z is the expected two-terminal impedance of sample and leads.
With 1 Gohm and 1 V the current is 1 nA, and 1 Mohm/square with three squares changes it by 0.3 % if |Z| is
left at zero.
"""

from typing import Protocol

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
    ) -> None:
        self._output = output
        self.series_resistance = strict_number("series_resistance", 0, 1e15, "ohm")(series_resistance)
        self.source_resistance = strict_number("source_resistance", 0, 1e15, "ohm")(source_resistance)
        self.voltage_resolution = voltage_resolution
        self.voltage_range = voltage_range
        self.load_resistance = load_resistance

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
        steps = round(current * self.total_resistance / self.voltage_resolution)
        least, most = self.voltage_range
        self._output.sine_voltage = min(max(round(steps * self.voltage_resolution, 12), least), most)

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
