"""What a procedure may assume of an instrument, whatever its maker.

Procedures are written against these protocols only. All values are SI floats; a field is the flux density
in tesla that the supply believes in. Setters raise `ValueError` for a value that the instrument cannot take
and an `InstrumentError` when the instrument refuses or the link is in doubt.
"""

from enum import IntEnum, IntFlag
from typing import NamedTuple, Protocol


class LockInStatus(IntFlag):
    """Trouble since the last look; reading the status clears it."""

    INPUT_OVERLOAD = 1
    FILTER_OVERLOAD = 2
    OUTPUT_OVERLOAD = 4
    REFERENCE_UNLOCKED = 8


class BridgeStatus(IntFlag):
    """Why a bridge reading is not valid; zero is a good reading."""

    CURRENT_SOURCE_OVERLOAD = 1
    COMMON_MODE_OVERLOAD = 2
    MIXER_OVERLOAD = 4
    DIFFERENTIAL_OVERLOAD = 8
    RESISTANCE_OVER = 16
    RESISTANCE_UNDER = 32
    TEMPERATURE_OVER = 64
    TEMPERATURE_UNDER = 128


class RampState(IntEnum):
    """States of a magnet supply (AMI 430 numbering)."""

    RAMPING = 1
    HOLDING = 2
    PAUSED = 3
    MANUAL_UP = 4
    MANUAL_DOWN = 5
    ZEROING = 6
    QUENCH = 7
    AT_ZERO = 8
    HEATING_SWITCH = 9
    COOLING_SWITCH = 10


class XY(NamedTuple):
    """In-phase and quadrature voltage (V rms) of one instant."""

    x: float
    y: float


class Identified(Protocol):
    """Every instrument can say who it is, prove that it still is, and list its settings."""

    name: str

    def identify(self) -> str:
        """Ask for the identity, check that it is the expected model, remember and return it."""
        ...

    def confirm(self) -> None:
        """Raise LinkError unless the instrument answers with the identity that it gave first."""
        ...

    def snapshot(self) -> dict[str, object]:
        """Every readable setting by name (JSON-ready); a setting that cannot be read is None."""
        ...


class LockIn(Identified, Protocol):
    """A lock-in amplifier that measures a voltage."""

    frequency: float  # Hz, internal reference
    sensitivity: float  # V rms for full scale
    time_constant: float  # s
    filter_slope: int  # dB/octave: 6, 12, 18, 24
    SENSITIVITIES: tuple[float, ...]  # ascending, V
    TIME_CONSTANTS: tuple[float, ...]  # ascending, s

    @property
    def xy(self) -> XY:
        """X and Y of the same instant (V rms)."""
        ...

    @property
    def status(self) -> LockInStatus:
        """Overloads and unlock since the last look."""
        ...


class CurrentSource(Protocol):
    """An AC current through the sample (A rms)."""

    current: float
    frequency: float  # Hz
    load_resistance: float  # ohm, expected |Z| of sample and leads: it takes its share of the voltage

    @property
    def voltage(self) -> float:
        """Voltage behind the series resistor (V rms) as the instrument holds it."""
        ...

    def off(self) -> None:
        """Bring the excitation to the smallest value that the instrument can give."""
        ...


class TemperatureController(Identified, Protocol):
    """Controls the mixing chamber with a heater."""

    setpoint: float  # K
    heater_range: float  # full-scale heater current (A); 0 = off
    HEATER_RANGES: tuple[float, ...]  # ascending, A, 0 first

    @property
    def temperature(self) -> float:
        """Mixing-chamber temperature (K)."""
        ...

    @property
    def heater_output(self) -> float:
        """Heater current in percent of the range."""
        ...

    def heater_off(self) -> None:
        """Heater range to off."""
        ...


class BridgeReading(NamedTuple):
    """One reading of a resistance bridge."""

    resistance: float  # ohm
    status: BridgeStatus


class ThermometerBridge(Identified, Protocol):
    """Measures the resistance of the thermometer beside the sample."""

    @property
    def reading(self) -> BridgeReading:
        """Resistance (ohm) and the status that belongs to it."""
        ...

    @property
    def excitation_power(self) -> float:
        """Power in the sensor (W)."""
        ...


class MagnetSupply(Identified, Protocol):
    """A superconducting magnet's current supply."""

    target: float  # T
    ramp_rate: float  # T/s
    field_limit: float  # T, what this supply may be asked for

    @property
    def field(self) -> float:
        """Flux density (T) from the supply's current and the coil constant."""
        ...

    @property
    def state(self) -> RampState:
        """What the supply is doing."""
        ...

    def ramp(self) -> None:
        """Go to the target at the ramp rate."""
        ...

    def pause(self) -> None:
        """Stay where the field is now."""
        ...


class PersistentMagnet(MagnetSupply, Protocol):
    """A magnet supply with a persistent switch; `field` is the coil's, `supply_field` the supply's own.

    Commands begin what they say and return at once. None of them is ever sent but by the method of that name.
    """

    @property
    def supply_field(self) -> float:
        """Flux density (T) that the supply's current would make in the coil."""
        ...

    @property
    def leads_rate(self) -> float:
        """Rate (A/s) of the supply alone, behind a cold switch."""
        ...

    @property
    def coil_constant(self) -> float:
        """Flux density per current (T/A)."""
        ...

    @property
    def switch_installed(self) -> bool:
        """Whether the supply knows of the switch."""
        ...

    @property
    def switch_heated(self) -> bool:
        """Whether the heater of the switch is on."""
        ...

    @property
    def persistent(self) -> bool:
        """Whether the supply takes the magnet for persistent."""
        ...

    @property
    def switch_heat_time(self) -> float:
        """Time (s) in which the switch becomes warm."""
        ...

    @property
    def switch_cool_time(self) -> float:
        """Time (s) in which the switch becomes cold."""
        ...

    def heat_switch(self) -> None:
        """Begin to heat the switch; refused while supply and coil carry different currents."""
        ...

    def cool_switch(self) -> None:
        """Begin to cool the switch."""
        ...

    def leads_to_coil(self) -> None:
        """Behind a cold switch: bring the supply to the coil's current."""
        ...

    def leads_to_zero(self) -> None:
        """Behind a cold switch: bring the supply to zero."""
        ...


class DCBias(Protocol):
    """A dc source; a voltage becomes a bias current behind a resistor."""

    level: float  # V, or A of a current source
    output: bool  # an auxiliary output that cannot be switched is always on

    def off(self) -> None:
        """Level to zero at once and the output off; go to zero in small steps before."""
        ...
