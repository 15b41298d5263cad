"""The dials of a station while no run reads them: what a window shows at rest, in a pause and between two runs.

Nothing is asked while a run measures: its own readings are shown then, and its messages stay those of a run that nobody
looks at. An instrument that does not answer is named, with since when, and delays the next look.
"""

import math
from collections.abc import Callable
from typing import Any

from coldfinger.instruments.errors import InstrumentError
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import OERSTED

PERIOD = 2.0  # s of station time between two looks
REAL_PERIOD = 0.5  # s of real time: a fast simulated station is not asked without a break
PATIENCE = 1.0  # s for one reply

Reading = dict[str, float | str]


class Lookout:
    """Looks at the dials now and then; `silent` names each instrument that does not answer, with its sentence."""

    def __init__(self, real_time: Callable[[], float]) -> None:
        self._real_time = real_time
        self._next, self._next_real = -math.inf, -math.inf
        self.silent: dict[str, str] = {}

    def look(self, station: Station) -> Reading:
        """What the dials show, by the columns' names; empty when it is not time yet."""
        if station.clock.time() < self._next or self._real_time() < self._next_real:
            return {}
        found: Reading = {}
        for name, instrument, dial in self._dials(station):
            try:
                with instrument.hurried(PATIENCE):
                    found |= dial(station)
                self.silent.pop(name, None)
            except InstrumentError as error:
                self.silent[name] = str(error)
        self._next = station.clock.time() + PERIOD
        self._next_real = self._real_time() + REAL_PERIOD
        return found

    def _dials(self, station: Station) -> list[tuple[str, Any, Callable[[Station], Reading]]]:
        def box(part: Any) -> Any:
            return getattr(part, "parent", None) or part

        return [
            ("controller", box(station.controller), _chamber),
            ("bridge", box(station.bridge), _sensor),
            ("magnet", box(station.magnet), _magnet),
        ]


def _chamber(station: Station) -> Reading:
    controller = station.controller
    return {"T_mc (K)": controller.temperature, "heater (percent)": controller.heater_output}


def _sensor(station: Station) -> Reading:
    reading = station.bridge.reading
    kelvin = math.nan if reading.status else float(station.calibration.temperature_or_nan(reading.resistance))
    return {"R_sensor (ohm)": reading.resistance, "T_sample (K)": kelvin}


def _magnet(station: Station) -> Reading:
    supply = station.magnet.field
    state = station.magnet.state.name.lower().replace("_", " ")
    return {"H_supply (Oe)": supply / OERSTED, "H (Oe)": station.sample_field(supply) / OERSTED, "magnet": state}
