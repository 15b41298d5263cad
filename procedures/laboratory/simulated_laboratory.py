"""The simulated laboratory that a station file describes; only opened for a file with a [simulator] table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coldfinger.procedures.laboratory.models import MODELS
from coldfinger.procedures.laboratory.station_file import StationFile, StationFileError, read_station_file
from coldfinger.procedures.laboratory.station_keys import SECTIONS
from coldfinger.procedures.safety.safe import SafeReport as SafeReport
from coldfinger.sim.bias import BiasModel
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.faults import FaultError, arm, load_scenario
from coldfinger.sim.lockin import InputNoise, Stray
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.places import PLACES
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.table_sample import load_table_sample
from coldfinger.sim.thermal import ThermalModel
from coldfinger.sim.wiring import Wiring

# Of an instrument with two roles the later line counts.
_PLACE_OF_ROLE = {"bias": "bias", "source": "generator", "lockin": "lock-in", "bridge": "bridge", "magnet": "magnet"}


def simulated_rack(file: StationFile, sample: Any, clock: Any, seed: int) -> Any:
    """The laboratory that a station file describes, with that sample in it, around a simulator's clock."""
    given = file.sections.get("simulator", {})
    options = {name: given.get(name, key.default) for name, key in SECTIONS["simulator"].items()}
    wiring = file.sections["wiring"]
    laboratory = Laboratory(
        wiring=_simulated_wiring(file, sample),
        thermal=ThermalModel(
            base_temperature=options["base_temperature"],
            base_drift=options["base_drift"],
            chip_time_100mK=file.sections["cooling"]["chip_time_at_100mK"],
            mixing_chamber_time=file.sections["cooling"]["mixing_chamber_time"],
        ),
        magnet=MagnetModel(
            offset=file.sections["magnet"]["offset"] * 1e4,
            remanence=options["remanence"] * 1e4,
            quench_share=options["quench_share"],
            switch=_simulated_switch(file),
        ),
        input_noise=InputNoise(wiring["input_noise"], wiring["input_noise_corner"], wiring["input_current_noise"]),
        bias=_simulated_bias(file),
        stray=Stray(options["thermal_emf"], options["mains_pickup"], options["mains_frequency"]),
    )
    cryostat = Cryostat(sample, laboratory, seed=seed)
    tables = {place: file.instruments[name] for place, name in places_of(file).items()}
    addresses = {place: table["address"] for place, table in tables.items()}
    models = {place: _panel(table) for place, table in tables.items()}
    try:
        return sim_rack(cryostat, clock, addresses, models=models)
    except ValueError as error:
        raise StationFileError(f"{file.source}: {error}") from error


def strike(rack: Any, scenario: Path) -> None:
    """Arm the faults of a scenario file in a laboratory; raises StationFileError."""
    try:
        arm(rack, load_scenario(scenario))
    except FaultError as error:
        raise StationFileError(f"simulator.scenario: {error}") from error


def rack_of_station(path: str) -> Any:
    """The laboratory of a station file in virtual time that jumps, for any PyVISA program; raises StationFileError.

    A file without [simulator] is simulated, too, with the film S0 at the addresses of its instruments.
    """
    file = read_station_file(path)
    defaults = {name: key.default for name, key in SECTIONS["simulator"].items()}
    simulator = defaults | file.sections.get("simulator", {})
    return simulated_rack(file, simulated_sample(simulator), SimClock(), simulator["seed"])


def places_of(file: StationFile) -> dict[str, str]:
    """Name of the instrument in every place of the simulated rack; raises StationFileError for two in one place.

    An instrument without a role stands in the first place that is free and takes its model.
    """
    roles = file.sections["roles"]
    found = {roles[role]: place for role, place in _PLACE_OF_ROLE.items() if roles[role]}
    if roles["bridge"] != roles["controller"]:
        found[roles["controller"]] = "controller"
    result: dict[str, str] = {}
    for name, table in file.instruments.items():
        free = [place for place, panels in PLACES.items() if _panel(table) in panels]
        place = found.get(name) or next((p for p in free if p not in found.values() and p not in result.values()), "")
        if not place:
            raise StationFileError(
                f"{file.source}: instruments.{name} finds no place in the simulated rack; leave out one of the "
                f"instruments that can be the {free[0]}"
            )
        result[name] = place
    return {place: name for place in PLACES for name, where in result.items() if where == place}


def _panel(table: Mapping[str, Any]) -> str:
    return "MercurySPSU" if table.get("word") == "SPSU" else str(table["driver"])


def simulated_sample(simulator: Mapping[str, Any]) -> Any:
    """The sample that a [simulator] table names: S0, S1, S2 or a table-sample file; raises StationFileError."""
    name = simulator["sample"]
    try:
        if str(name).endswith(".toml") or Path(name).is_file():
            return load_table_sample(name)
        return builtin_sample(name, seed=simulator["seed"], fluctuations=simulator["fluctuations"])
    except OSError as error:
        raise StationFileError(f"sample {name:.60}: {error.strerror}; give S0, S1, S2 or a file") from error
    except ValueError as error:
        raise StationFileError(str(error)) from error


def _simulated_bias(file: StationFile) -> Any:
    table = file.sections["bias"]
    name = file.sections["roles"]["bias"]
    by_lockin = bool(name) and MODELS[file.instruments[name]["driver"]].auxiliaries
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
