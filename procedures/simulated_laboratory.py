"""The simulated laboratory that a station file describes; only opened for a file with a [simulator] table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coldfinger.procedures.safety.safe import SafeReport as SafeReport
from coldfinger.procedures.station_file import StationFile
from coldfinger.sim.bias import BiasModel
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.table_sample import load_table_sample
from coldfinger.sim.thermal import ThermalModel
from coldfinger.sim.wiring import Wiring


def simulated_rack(file: StationFile, sample: Any, clock: Any, seed: int) -> Any:
    """The laboratory that a station file describes, with that sample in it, around a simulator's clock."""
    laboratory = Laboratory(
        wiring=_simulated_wiring(file, sample),
        thermal=ThermalModel(
            chip_time_100mK=file.sections["cooling"]["chip_time_at_100mK"],
            mixing_chamber_time=file.sections["cooling"]["mixing_chamber_time"],
        ),
        magnet=MagnetModel(offset=file.sections["magnet"]["offset"] * 1e4, switch=_simulated_switch(file)),
        bias=_simulated_bias(file),
    )
    cryostat = Cryostat(sample, laboratory, seed=seed)
    panels = {"SR830": "lock-in", "LakeShore372": "bridge", "AMI430": "magnet", "GS200": "bias"}
    addresses = {panels[table["driver"]]: table["address"] for table in file.instruments.values()}
    return sim_rack(cryostat, clock, addresses)


def simulated_sample(simulator: Mapping[str, Any]) -> Any:
    """The sample that a [simulator] table names: S0, S1, S2 or a table-sample file."""
    name = simulator["sample"]
    if str(name).endswith(".toml") or Path(name).is_file():
        return load_table_sample(name)
    return builtin_sample(name, seed=simulator["seed"], fluctuations=simulator["fluctuations"])


def _simulated_bias(file: StationFile) -> Any:
    table = file.sections["bias"]
    name = file.sections["roles"]["bias"]
    by_lockin = bool(name) and file.instruments[name]["driver"] == "SR830"
    return BiasModel(table["series_resistance"], table["auxiliary_output"] if by_lockin else 0)


def _simulated_switch(file: StationFile) -> Any:
    magnet = file.sections["magnet"]
    if not magnet["persistent_switch"]:
        return None
    return SwitchModel(heating=magnet["switch_heat_time"], cooling=magnet["switch_cool_time"])


def _simulated_wiring(file: StationFile, sample: Any) -> Any:
    wiring = file.sections["wiring"]
    line = wiring["line_capacitance"]
    return Wiring(
        series_resistance=wiring["series_resistance"],
        source_resistance=wiring["source_resistance"],
        lead_resistance=wiring["lead_resistance"],
        capacitance_i_plus=line,
        capacitance_v_plus=line,
        capacitance_v_minus=line,
        input_resistance=wiring["input_resistance"],
        input_capacitance=wiring["input_capacitance"],
        squares=sample.squares,
        end_squares=sample.end_squares,
    )
