"""What is measured, and how a run is carried out and written down.

The names below are the script face; each is imported when it is first used, so that the command line starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coldfinger.procedures.adaptive import AdaptiveRamp
    from coldfinger.procedures.checks.procedures import (
        FrequencyCheck,
        HeatingCheck,
        LeadCheck,
        LinearityCheck,
        ThermometerCheck,
    )
    from coldfinger.procedures.didv import DifferentialResistance
    from coldfinger.procedures.field_family import FieldFamily
    from coldfinger.procedures.field_sweep import FieldSweep
    from coldfinger.procedures.lag import lag_corrected, lag_of_pair, read_pair, store_pair
    from coldfinger.procedures.magnetoresistance import LowFieldMagnetoresistance, evaluate_magnetoresistance
    from coldfinger.procedures.rt_family import RTFamily
    from coldfinger.procedures.runner import run_procedure
    from coldfinger.procedures.station import connect_station
    from coldfinger.procedures.symmetry import symmetrised
    from coldfinger.procedures.temperature_ramp import TemperatureRamp
    from coldfinger.procedures.zero_field import ZeroField
    from coldfinger.runfiles.reader import read_run

_HOMES = {
    "AdaptiveRamp": "adaptive",
    "DifferentialResistance": "didv",
    "FieldFamily": "field_family",
    "FieldSweep": "field_sweep",
    "FrequencyCheck": "checks.procedures",
    "HeatingCheck": "checks.procedures",
    "LeadCheck": "checks.procedures",
    "LinearityCheck": "checks.procedures",
    "LowFieldMagnetoresistance": "magnetoresistance",
    "RTFamily": "rt_family",
    "TemperatureRamp": "temperature_ramp",
    "ThermometerCheck": "checks.procedures",
    "ZeroField": "zero_field",
    "connect_station": "station",
    "evaluate_magnetoresistance": "magnetoresistance",
    "lag_corrected": "lag",
    "lag_of_pair": "lag",
    "read_pair": "lag",
    "read_run": ".runfiles.reader",
    "run_procedure": "runner",
    "store_pair": "lag",
    "symmetrised": "symmetry",
}

__all__ = [
    "AdaptiveRamp",
    "DifferentialResistance",
    "FieldFamily",
    "FieldSweep",
    "FrequencyCheck",
    "HeatingCheck",
    "LeadCheck",
    "LinearityCheck",
    "LowFieldMagnetoresistance",
    "RTFamily",
    "TemperatureRamp",
    "ThermometerCheck",
    "ZeroField",
    "connect_station",
    "evaluate_magnetoresistance",
    "lag_corrected",
    "lag_of_pair",
    "read_pair",
    "read_run",
    "run_procedure",
    "store_pair",
    "symmetrised",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
