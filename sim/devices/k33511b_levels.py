"""How much a 33511B sends: amplitude in Vpp, Vrms or dBm, offset, high and low level, expected load.

The expected load is a matter of display: the source has 50 ohm, and what is shown is what would stand across the
expected load. The film behind its large resistor is an open circuit, so with the load left at 50 ohm it gets twice the
volts that are shown. Voltage limits are not simulated.
"""

import math
from typing import TYPE_CHECKING

from coldfinger.sim.devices.k33511b_shape import ShapePanel
from coldfinger.sim.devices.k33511b_words import EXTREMES, Wanted, extreme, forms, named, number, wanted
from coldfinger.sim.scpi import CommandTable, Fault, Optional, Refused, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

SOURCE_RESISTANCE = 50.0  # ohm
MOST_PEAK = 10.0  # V, |offset| + Vpp/2 in an open circuit; half of it into 50 ohm
LEAST_PEAK_TO_PEAK = 2e-3  # V in an open circuit
AMPLITUDE_CHANGED = (-221, "Settings conflict; amplitude changed due to offset")
OFFSET_CHANGED = (-221, "Settings conflict; offset changed due to amplitude")
LEVELS_CROSSED = (-221, "Settings conflict; high level must be above low level")
NO_DBM = (-221, "Settings conflict; dBm units need a finite output load")

# V rms for 1 V peak to peak; noise is taken as far within its peaks, an assumed default.
_EFFECTIVE = {"SIN": math.sqrt(0.125), "TRI": math.sqrt(1 / 12), "RAMP": math.sqrt(1 / 12), "NOIS": 0.1}
_SYMMETRIC = 0.5  # of all others
_VOLT_UNITS = {"": None, "V": None, "VPP": "VPP", "VRMS": "VRMS", "DBM": "DBM"}
_LOADS = {"MIN": 1.0, "MAX": 1e4, "DEF": 50.0}  # ohm


def to_load(text: str) -> float:
    """1 ohm to 10 kohm, or INFinity."""
    upper = text.upper()
    if upper in ("INF", "INFINITY") or upper.startswith("9.9E+37"):
        return math.inf
    if upper in EXTREMES:
        return _LOADS[EXTREMES[upper]]
    return float(real(_LOADS["MIN"], _LOADS["MAX"])(text))


class LevelPanel(ShapePanel):
    """What the front panel knows of its voltages."""

    commands = CommandTable(forms)

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._unit, self._load = "VPP", 50.0

    # What is shown and what is there

    def _shown_part(self) -> float:
        """Voltage across the expected load as part of that of an open circuit."""
        return 1.0 if math.isinf(self._load) else self._load / (self._load + SOURCE_RESISTANCE)

    def _in_unit(self, peak_to_peak: float, unit: str) -> float:
        """An open-circuit amplitude (V peak to peak) as it is shown."""
        shown = peak_to_peak * self._shown_part()
        if unit == "VPP":
            return shown
        rms = shown * _EFFECTIVE.get(self._source.shape, _SYMMETRIC)
        return rms if unit == "VRMS" else 10.0 * math.log10(rms * rms / self._load / 1e-3)

    def _from_unit(self, shown: float, unit: str) -> float:
        """The open-circuit amplitude (V peak to peak) of what is shown."""
        if unit == "DBM":
            shown = math.sqrt(10.0 ** (min(shown, 200.0) / 10.0) * 1e-3 * self._load)
        if unit != "VPP":
            shown /= _EFFECTIVE.get(self._source.shape, _SYMMETRIC)
        return shown / self._shown_part()

    def _most(self) -> float:
        """Open-circuit amplitude (V peak to peak) that the offset leaves room for."""
        return 2.0 * (MOST_PEAK - abs(self._source.offset))

    def _room(self) -> float:
        """Open-circuit offset (V) that the amplitude leaves room for; a direct voltage has no amplitude."""
        return MOST_PEAK - (0.0 if self._source.shape == "DC" else 0.5 * self._source.peak_to_peak)

    # Amplitude

    @commands.command("SOURce1:VOLTage", "SOURce1:VOLTage:LEVel:IMMediate:AMPLitude", takes=(wanted,))
    def set_amplitude(self, asked: Wanted) -> None:
        """Clipped to what the output can do, and then to what the offset leaves room for."""
        unit = self._voltage_unit(asked)
        if asked.extreme:
            self._source.peak_to_peak = {"MIN": LEAST_PEAK_TO_PEAK, "MAX": self._most()}.get(asked.extreme, 0.2)
            return
        value = self._clipped(self._from_unit(asked.value, unit), LEAST_PEAK_TO_PEAK, 2.0 * MOST_PEAK)
        if value > self._most() * (1 + 1e-12):
            self._complain(*AMPLITUDE_CHANGED)
        self._source.peak_to_peak = max(min(value, self._most()), LEAST_PEAK_TO_PEAK)

    def _voltage_unit(self, asked: Wanted) -> str:
        scale = asked.unit
        if scale not in _VOLT_UNITS:
            raise Refused(Fault.INVALID_PARAMETER)
        unit = _VOLT_UNITS[scale] or self._unit
        if unit == "DBM" and math.isinf(self._load):
            raise Refused(Fault.NO_SWITCH)
        return unit

    @commands.command("SOURce1:VOLTage?", "SOURce1:VOLTage:LEVel:IMMediate:AMPLitude?", takes=(Optional(extreme),))
    def read_amplitude(self, limit: str = "") -> str:
        values = {"MIN": LEAST_PEAK_TO_PEAK, "MAX": self._most(), "DEF": 0.2}
        return number(self._in_unit(values.get(limit, self._source.peak_to_peak), self._unit))

    @commands.command("SOURce1:VOLTage:UNIT", takes=(named("VPP", "VRMS", "DBM"),))
    def set_unit(self, unit: str) -> None:
        """The output stays, the number that is shown changes."""
        if unit == "DBM" and math.isinf(self._load):
            self._complain(*NO_DBM)
            return
        self._unit = unit

    @commands.command("SOURce1:VOLTage:UNIT?")
    def read_unit(self) -> str:
        return self._unit

    # Offset and levels

    @commands.command("SOURce1:VOLTage:OFFSet", "SOURce1:VOLTage:LEVel:IMMediate:OFFSet", takes=(wanted,))
    def set_offset(self, asked: Wanted) -> None:
        if asked.unit not in ("", "V"):
            raise Refused(Fault.INVALID_PARAMETER)
        room = self._room()
        value = {"MIN": -room, "MAX": room, "DEF": 0.0}.get(asked.extreme, asked.value / self._shown_part())
        value = self._clipped(value, -MOST_PEAK, MOST_PEAK)
        if abs(value) > room * (1 + 1e-12):
            self._complain(*OFFSET_CHANGED)
        self._source.offset = min(max(value, -room), room)

    @commands.command("SOURce1:VOLTage:OFFSet?", "SOURce1:VOLTage:LEVel:IMMediate:OFFSet?", takes=(Optional(extreme),))
    def read_offset(self, limit: str = "") -> str:
        room = self._room()
        value = {"MIN": -room, "MAX": room, "DEF": 0.0}.get(limit, self._source.offset)
        return number(value * self._shown_part())

    def _set_level(self, upper: bool, asked: Wanted) -> None:
        """One of the two levels; the other one stays."""
        if asked.extreme or asked.unit not in ("", "V"):
            raise Refused(Fault.INVALID_PARAMETER)
        source = self._source
        value = self._clipped(asked.value / self._shown_part(), -MOST_PEAK, MOST_PEAK)
        high = value if upper else source.offset + 0.5 * source.peak_to_peak
        low = source.offset - 0.5 * source.peak_to_peak if upper else value
        if high - low < LEAST_PEAK_TO_PEAK:
            self._complain(*LEVELS_CROSSED)
            return
        source.peak_to_peak, source.offset = high - low, 0.5 * (high + low)

    def _read_level(self, upper: bool) -> str:
        source = self._source
        value = source.offset + (0.5 if upper else -0.5) * source.peak_to_peak
        return number(value * self._shown_part())

    # Expected load

    @commands.command("OUTPut1:LOAD", takes=(to_load,))
    def set_load(self, load: float) -> None:
        """The output stays, the numbers that are shown change; dBm need a load."""
        self._load = load
        if math.isinf(load) and self._unit == "DBM":
            self._unit = "VPP"

    @commands.command("OUTPut1:LOAD?", takes=(Optional(extreme),))
    def read_load(self, limit: str = "") -> str:
        load = _LOADS.get(limit, self._load)
        return "9.9E+37" if math.isinf(load) else number(load)


for _word, _upper in (("HIGH", True), ("LOW", False)):
    for _path in ("SOURce1:VOLTage:", "SOURce1:VOLTage:LEVel:IMMediate:"):
        LevelPanel.commands.add(_path + _word, LevelPanel._set_level, wanted, preset=(_upper,))
        LevelPanel.commands.add(f"{_path}{_word}?", LevelPanel._read_level, preset=(_upper,))
