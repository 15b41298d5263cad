"""What is measured, and how a run is carried out and written down.

The names below are the script face; each is imported when it is first used, so that the command line starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coldfinger.procedures.data.reader import read_run
    from coldfinger.procedures.rt_family import RTFamily
    from coldfinger.procedures.runner import run_procedure
    from coldfinger.procedures.station import connect_station
    from coldfinger.procedures.temperature_ramp import TemperatureRamp

_HOMES = {
    "RTFamily": "rt_family",
    "TemperatureRamp": "temperature_ramp",
    "connect_station": "station",
    "read_run": "data.reader",
    "run_procedure": "runner",
}

__all__ = ["RTFamily", "TemperatureRamp", "connect_station", "read_run", "run_procedure"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
