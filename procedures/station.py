"""A station: the instruments of one laboratory in their roles, with its limits, wiring and safe state.

Made from a station file. This is the only module that knows that a simulator exists: a station whose file has a
[simulator] table opens a simulated rack, and nothing else in the program can tell the difference but `simulated`.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from coldfinger.analysis.network import Network
from coldfinger.instruments.ac_source import SeriesResistorSource
from coldfinger.instruments.ami import AMI430
from coldfinger.instruments.calibration import Calibration, exponential_curve, read_calibration
from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.instruments.errors import CalibrationError, InstrumentError
from coldfinger.instruments.lakeshore import (
    PID,
    Autorange,
    Controller,
    ExcitationMode,
    Filter,
    LakeShore372,
    MeasurementInput,
)
from coldfinger.instruments.link import open_link
from coldfinger.instruments.roles import (
    CurrentSource,
    MagnetSupply,
    RampState,
)
from coldfinger.instruments.srs import SR830, InputConfiguration, InputCoupling, LineFilter, ReferenceSource
from coldfinger.procedures.excitation import InputNoise
from coldfinger.procedures.limits import Limits
from coldfinger.procedures.station_file import BUILT_IN, StationFile, StationFileError, read_station_file

_TERMINATION = {"SR830": "\n", "LakeShore372": "\r\n", "AMI430": "\r\n"}
_simulators = itertools.count(1)


@dataclass(frozen=True)
class SafeReport:
    """What became of one item of the safe state."""

    item: str
    done: bool
    detail: str


class Station:
    """Instruments in their roles; use `open_station`, and `close` it or use it in a `with` block."""

    def __init__(self, file: StationFile, clock: Clock, library: str, close: Callable[[], None] = lambda: None) -> None:
        sections = file.sections
        self.file = file
        self.name: str = file.top["name"]
        self.clock = clock
        self.simulated = file.simulated
        self.cryostat: Any = None  # the simulated truth and the rack around it, for tests and demonstrations only
        self.rack: Any = None
        self.seed: int | None = None
        self.sample: dict[str, Any] = dict(sections["sample"])
        self.limits = _limits(file)
        self.network = _network(sections)
        wiring, thermometer = sections["wiring"], sections["thermometer"]
        self.input_noise = InputNoise(
            wiring["input_noise"], wiring["input_noise_corner"], wiring["input_current_noise"]
        )
        self.calibration = _calibration(thermometer, file.source)
        self.bridge_noise: float = thermometer["noise"]
        self.bridge_reading_time: float = thermometer["reading_time"]
        self.field_offset: float = sections["magnet"]["offset"]
        self._close = close
        self.instruments = {
            name: _open(name, table, clock, library, self.limits, self.field_offset)
            for name, table in file.instruments.items()
        }
        self._fill_roles(sections["roles"])

    def _fill_roles(self, roles: Mapping[str, str]) -> None:
        wiring = self.file.sections["wiring"]
        self.lockin: SR830 = self._role(roles, "lockin", SR830)
        output = self._role(roles, "source", SR830)
        self.source: CurrentSource = SeriesResistorSource(
            output, wiring["series_resistance"], source_resistance=wiring["source_resistance"]
        )
        self.controller: Controller = self._role(roles, "controller", LakeShore372).controller
        self.bridge: MeasurementInput = self._role(roles, "bridge", LakeShore372).bridge
        self.magnet: MagnetSupply = self._role(roles, "magnet", AMI430)

    def _role(self, roles: Mapping[str, str], role: str, kind: type) -> Any:
        instrument = self.instruments[roles[role]]
        if not isinstance(instrument, kind):
            raise StationFileError(
                f"{self.file.source}: roles.{role} = {roles[role]!r} is a {type(instrument).__name__}; "
                f"this role takes a {kind.__name__}"
            )
        return instrument

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the instruments stay as they are."""
        for instrument in self.instruments.values():
            instrument.adapter.close()
        self._close()

    def connect(self) -> dict[str, str]:
        """Identify every instrument and bring it to the settings that this program relies on."""
        identities = {name: instrument.identify() for name, instrument in self.instruments.items()}
        for instrument in self.instruments.values():
            if isinstance(instrument, (AMI430, LakeShore372)):
                instrument.configure()
        self.magnet.ramp_rate = self.file.sections["magnet"]["ramp_rate"]
        self._prepare_thermometry()
        return identities

    def _prepare_thermometry(self) -> None:
        """The station's excitation with autorange, no filter in the bridge (rows average themselves), its PID."""
        excitation, cooling = self.file.sections["thermometer"]["excitation"], self.file.sections["cooling"]
        self.bridge.select()
        self.bridge.setup = self.bridge.setup._replace(
            mode=ExcitationMode.VOLTAGE, excitation=excitation, autorange=Autorange.ON, shunted=False
        )
        self.bridge.filter = Filter(False, 5, 10)
        self.controller.excitation = self.file.sections["thermometer"]["control_excitation"]
        self.controller.pid = PID(*cooling["pid"])

    def confirm(self) -> None:
        """Raise LinkError unless every instrument proves its identity: what was read before can be believed."""
        for instrument in self.instruments.values():
            instrument.confirm()

    @property
    def doubts(self) -> int:
        """How often any link had to be made clean since the first contact."""
        return sum(instrument.doubts for instrument in self.instruments.values())

    def snapshot(self) -> dict[str, Any]:
        """Every readable setting of every instrument, by instrument and name."""
        return {name: instrument.snapshot() for name, instrument in self.instruments.items()}

    def prepare_lockin(self) -> None:
        """DC coupling, differential input, no notch, no sync filter, 24 dB/oct: what 0.7 Hz needs."""
        lockin = self.lockin
        lockin.reference_source = ReferenceSource.INTERNAL
        lockin.harmonic = 1
        lockin.phase = 0.0
        lockin.input_configuration = InputConfiguration.A_MINUS_B
        lockin.input_coupling = InputCoupling.DC
        lockin.line_filter = LineFilter.NONE
        lockin.sync_filter = False
        lockin.filter_slope = 24

    def sample_field(self, supply: float) -> float:
        """Field at the sample (T) when the supply believes in `supply` (T); trapped flux is not known here."""
        return supply + self.field_offset

    def go_to_field(self, field: float) -> None:
        """Start the ramp that brings the sample to `field` (T)."""
        self.limits.check_field(field)
        self.magnet.target = field - self.field_offset
        self.magnet.ramp()

    def magnet_holding(self) -> bool:
        """True when the supply holds a field, or is at zero current with zero wanted."""
        return self.magnet.state in (RampState.HOLDING, RampState.AT_ZERO)

    def heater_range_for(self, temperature: float) -> float:
        """Full-scale heater current (A) that the station's table gives for a temperature (K)."""
        table: tuple[tuple[float, float], ...] = self.file.sections["cooling"]["heater"]
        return next((current for limit, current in table if temperature <= limit), table[-1][1])

    def thermal_time(self, temperature: float) -> float:
        """Expected thermal time constant (s) of the chip at a temperature (K)."""
        at_100mK: float = self.file.sections["cooling"]["chip_time_at_100mK"]
        return at_100mK * (0.1 / temperature) ** 2

    def to_safe(self) -> list[SafeReport]:
        """Excitation off, heater off, magnet held (or on its way to zero); every item tried, none skipped."""
        steps: list[tuple[str, Callable[[], str]]] = [
            ("excitation", self._excitation_off),
            ("heater", self._heater_off),
            ("magnet", self._magnet_safe),
        ]
        report = []
        for item, act in steps:
            try:
                report.append(SafeReport(item, True, act()))
            except (InstrumentError, ValueError, OSError) as error:
                report.append(SafeReport(item, False, str(error)))
        return report

    def _excitation_off(self) -> str:
        self.source.off()
        return f"source at {self.source.voltage:g} V"

    def _heater_off(self) -> str:
        self.controller.heater_off()
        return f"range {self.controller.heater_range:g} A"

    def _magnet_safe(self) -> str:
        state = self.magnet.state
        if state == RampState.QUENCH:
            return "quenched: left alone"
        if self.file.sections["safe"]["magnet"] == "zero":
            self.magnet.target = 0.0
            self.magnet.ramp()
        elif state not in (RampState.HOLDING, RampState.AT_ZERO, RampState.PAUSED):
            self.magnet.pause()
        return self.magnet.state.name.lower().replace("_", " ")


def connect_station(source: str | Path = BUILT_IN, **overrides: Any) -> Station:
    """Open the station of a file (or "sim"), identify every instrument and make it ready.

    `overrides` replace keys of [simulator] (sample, seed, speed, fluctuations). Raises StationFileError, LinkError.
    """
    station = open_station(read_station_file(source), **overrides)
    try:
        station.connect()
    except BaseException:
        station.close()
        raise
    return station


def open_station(file: StationFile, **overrides: Any) -> Station:
    """Open every connection of a station file, simulated or real; nothing is asked of an instrument yet.

    `overrides` replace keys of [simulator] (sample, seed, speed). Raises StationFileError and LinkError.
    """
    if not file.simulated:
        return Station(file, WallClock(), file.top["visa_library"])
    return _open_simulated(file, {**file.sections["simulator"], **overrides})


def _open_simulated(file: StationFile, simulator: Mapping[str, Any]) -> Station:
    from coldfinger.sim.clock import SimClock
    from coldfinger.sim.cryostat import Cryostat, Laboratory
    from coldfinger.sim.magnet import MagnetModel
    from coldfinger.sim.rack import sim_rack
    from coldfinger.sim.thermal import ThermalModel
    from coldfinger.sim.visa import register, unregister

    sample = simulated_sample(simulator)
    laboratory = Laboratory(
        wiring=_simulated_wiring(file, sample),
        thermal=ThermalModel(
            chip_time_100mK=file.sections["cooling"]["chip_time_at_100mK"],
            mixing_chamber_time=file.sections["cooling"]["mixing_chamber_time"],
        ),
        magnet=MagnetModel(offset=file.sections["magnet"]["offset"] * 1e4),
    )
    clock = SimClock(simulator["speed"] if file.top["clock"] == "virtual" else 1.0)
    cryostat = Cryostat(sample, laboratory, seed=simulator["seed"])
    panels = {"SR830": "lock-in", "LakeShore372": "bridge", "AMI430": "magnet"}
    addresses = {panels[table["driver"]]: table["address"] for table in file.instruments.values()}
    name = f"station{next(_simulators)}"
    rack = sim_rack(cryostat, clock, addresses)
    register(name, rack)
    station = Station(file, clock, f"{name}@coldfinger", lambda: unregister(name))
    station.cryostat, station.rack, station.seed = cryostat, rack, simulator["seed"]
    geometry = {"squares": sample.squares, "end_squares": sample.end_squares}
    station.sample |= {"name": sample.name, "stage": str(simulator["sample"]), **geometry}
    station.network = replace(station.network, **geometry)
    return station


def simulated_sample(simulator: Mapping[str, Any]) -> Any:
    """The sample that a [simulator] table names: S0, S1, S2 or a table-sample file."""
    from coldfinger.sim.sample import builtin_sample
    from coldfinger.sim.table_sample import load_table_sample

    name = simulator["sample"]
    if str(name).endswith(".toml") or Path(name).is_file():
        return load_table_sample(name)
    return builtin_sample(name, seed=simulator["seed"], fluctuations=simulator["fluctuations"])


def _simulated_wiring(file: StationFile, sample: Any) -> Any:
    from coldfinger.sim.wiring import Wiring

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


def _open(name: str, table: Mapping[str, str], clock: Clock, library: str, limits: Limits, offset: float) -> Any:
    driver = table["driver"]
    end = _TERMINATION[driver]
    link = open_link(table["address"], library, clock=clock, read_termination=end, write_termination="\n")
    if driver == "SR830":
        return SR830(link, name)
    if driver == "LakeShore372":
        return LakeShore372(link, name)
    return AMI430(link, name, field_limit=limits.field + abs(offset))


def _limits(file: StationFile) -> Limits:
    return Limits(**file.sections["limits"], where=file.source)


def _network(sections: Mapping[str, Mapping[str, Any]]) -> Network:
    wiring, sample = sections["wiring"], sections["sample"]
    return Network(
        series_resistance=wiring["series_resistance"],
        source_resistance=wiring["source_resistance"],
        lead_resistance=wiring["lead_resistance"],
        line_capacitance=wiring["line_capacitance"],
        input_resistance=wiring["input_resistance"],
        input_capacitance=wiring["input_capacitance"],
        squares=sample["squares"],
        end_squares=sample["end_squares"],
    )


def _calibration(table: Mapping[str, Any], source: str) -> Calibration:
    if not table["calibration"]:
        return exponential_curve(table["r0"], table["t0"], table["exponent"], (table["lowest"], table["highest"]))
    path = Path(source).parent / table["calibration"]
    try:
        return read_calibration(path)
    except (CalibrationError, OSError, ValueError) as error:
        raise StationFileError(f"{source}: thermometer.calibration: {error}") from error


def duration_text(seconds: float) -> str:
    """A duration for people: "3 h 20 min", "4 min 5 s", "2.5 s"."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(math.fmod(seconds, 3600) // 60)} min"
