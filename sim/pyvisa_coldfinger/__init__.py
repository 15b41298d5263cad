"""PyVISA back end `@coldfinger`: the simulated laboratory."""

from importlib import import_module

from coldfinger.sim import visa
from coldfinger.sim.rack import Rack
from coldfinger.sim.visa import RackVisaLibrary


def _rack_of_station(path: str) -> Rack:
    # By name and only when a station file is named: whoever opens plain "@coldfinger" needs no more than the simulator.
    rack: Rack = import_module("coldfinger.procedures.laboratory.simulated_laboratory").rack_of_station(path)
    return rack


visa.station_rack = _rack_of_station
WRAPPER_CLASS = RackVisaLibrary
