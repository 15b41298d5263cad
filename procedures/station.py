"""A station: the instruments of one laboratory in their roles, with its limits, wiring and safe state.

Made from a station file. This is the only module that knows that a simulator exists: a station whose file has a
[simulator] table opens a simulated rack, and nothing else in the program can tell the difference but `simulated`.
"""

import itertools
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from coldfinger.analysis.network import Network
from coldfinger.instruments.ac_source import SeriesResistorSource
from coldfinger.instruments.bound import Bound
from coldfinger.instruments.calibration import Calibration, exponential_curve, read_calibration
from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.instruments.dc_bias import SeriesResistorBias
from coldfinger.instruments.errors import CalibrationError, CommandError, MagnetError
from coldfinger.instruments.lakeshore import (
    PID,
    Autorange,
    Controller,
    ExcitationMode,
    Filter,
    MeasurementInput,
)
from coldfinger.instruments.roles import (
    CurrentSource,
    MagnetSupply,
    PersistentMagnet,
    RampState,
)
from coldfinger.instruments.srs import SR830, InputConfiguration, InputCoupling, LineFilter, ReferenceSource
from coldfinger.procedures.current.excitation import InputNoise
from coldfinger.procedures.laboratory.limits import LimitError, as_number, limits_of
from coldfinger.procedures.laboratory.opening import instrument_opener, open_instrument
from coldfinger.procedures.laboratory.outputs import SINES, bias_output, bias_resistance, by_offset
from coldfinger.procedures.laboratory.station_file import BUILT_IN, StationFile, StationFileError, read_station_file
from coldfinger.procedures.safety.safe import Opener, make_safe
from coldfinger.procedures.safety.safe import SafeReport as SafeReport
from coldfinger.procedures.words.quantity import show

LOCKIN_SETTINGS: dict[str, Any] = {
    "reference_source": ReferenceSource.INTERNAL,
    "harmonic": 1,
    "phase": 0.0,
    "input_configuration": InputConfiguration.A_MINUS_B,
    "input_coupling": InputCoupling.DC,
    "line_filter": LineFilter.NONE,
    "sync_filter": False,
    "filter_slope": 24,
}
"""What transport at a few hertz needs."""
_SWITCHING = (RampState.HEATING_SWITCH, RampState.COOLING_SWITCH)
_simulators = itertools.count(1)


class Station:
    """Instruments in their roles; use `open_station`, and `close` it or use it in a `with` block."""

    def __init__(
        self,
        file: StationFile,
        clock: Clock,
        library: str,
        close: Callable[[], None] = lambda: None,
        tape: Any = None,
    ) -> None:
        sections = file.sections
        self.file = file
        self.name: str = file.top["name"]
        self.clock = self._own_clock = clock
        self.simulated = file.simulated
        self.cryostat: Any = None  # the simulated truth and the rack around it, for tests and demonstrations only
        self.rack: Any = None
        self.seed: int | None = None
        self.tape = tape  # the cassette that records or plays every connection, or None
        self.sample: dict[str, Any] = dict(sections["sample"])
        self.limits = limits_of(file.sections, file.source)
        self.network = _network(sections)
        wiring, thermometer = sections["wiring"], sections["thermometer"]
        self.input_noise = InputNoise(
            wiring["input_noise"], wiring["input_noise_corner"], wiring["input_current_noise"]
        )
        self.calibration = calibration_of(thermometer, file.source)
        self.bridge_noise: float = thermometer["noise"]
        self.bridge_reading_time: float = thermometer["reading_time"]
        self.field_offset: float = sections["magnet"]["offset"]
        self._close = close
        self._library = library
        self.instruments = {
            name: open_instrument(name, file, clock, library, self.limits, tape) for name in file.instruments
        }
        self._fill_roles(sections["roles"])
        self.network = replace(self.network, bias_conductance=self._bias_load_when_off())

    def _fill_roles(self, roles: Mapping[str, str]) -> None:
        wiring = self.file.sections["wiring"]
        self.lockin: SR830 = self.instruments[roles["lockin"]]
        sine = SINES[self._model("source")]
        self.source: CurrentSource = SeriesResistorSource(
            self.instruments[roles["source"]],
            wiring["series_resistance"],
            source_resistance=wiring["source_resistance"],
            voltage_resolution=sine.step,
            voltage_range=(sine.least, sine.most),
            limit=Bound(self.limits.current, self.limits.whose("current")),
            film_limit=Bound(self.limits.voltage, self.limits.whose("voltage")),
        )
        self.controller: Controller = self.instruments[roles["controller"]].controller
        self.bridge: MeasurementInput = self.instruments[roles["bridge"]].bridge
        self.magnet: MagnetSupply = self.instruments[roles["magnet"]]
        switched = self.file.sections["magnet"]["persistent_switch"]
        self.persistent_magnet: PersistentMagnet | None = self.instruments[roles["magnet"]] if switched else None
        self.bias_output = bias_output(self.file, self.instruments[roles["bias"]]) if roles["bias"] else None
        self.bias = self._bias()
        self.bridge_excitation = math.nan
        """V rms in the sample's thermometer as this program set it last."""
        self.bias_sent: tuple[bool, float] | None = None
        """Output and level (V) of the dc source as this program left them; None before it has."""

    @property
    def bias_switches(self) -> bool:
        """Whether the dc source has an output that can be off; an auxiliary output has none."""
        return self.bias_output is not None and self.bias_output.switches

    def _model(self, role: str) -> str:
        model: str = self.file.instruments[self.file.sections["roles"][role]]["driver"]
        return model

    def _bias(self) -> SeriesResistorBias | None:
        """The dc bias path, or None where the station has none."""
        if self.bias_output is None:
            return None
        ohms, limits = bias_resistance(self.file), self.limits
        return SeriesResistorBias(self.bias_output, ohms, largest=limits.bias, largest_step=limits.bias_step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the instruments stay as they are."""
        for instrument in self.instruments.values():
            instrument.adapter.close()
        self._close()
        if self.tape is not None:
            self.tape.close()

    def connect(self) -> dict[str, str]:
        """Identify every instrument and bring it to the settings that this program relies on."""
        identities = {name: instrument.identify() for name, instrument in self.instruments.items()}
        for instrument in self.instruments.values():
            if hasattr(instrument, "configure"):
                instrument.configure()
        self.magnet.ramp_rate = self.file.sections["magnet"]["ramp_rate"]
        self._compare_switch()
        self.prepare_thermometry()
        if self.bias is not None:
            self.bias_off()  # a forgotten bias would heat the film, and its resistor would load every measurement
        return identities

    def _compare_switch(self) -> None:
        """The supply must know of the switch as the station file does; nothing is set."""
        magnet, table = self.persistent_magnet, self.file.sections["magnet"]
        if magnet is None:
            return
        if not magnet.switch_installed:
            raise StationFileError(
                f"{self.file.source}: magnet.persistent_switch = true, but the supply knows of no switch; install it "
                "at the supply's front panel, or write false"
            )
        for key, time in (("switch_heat_time", magnet.switch_heat_time), ("switch_cool_time", magnet.switch_cool_time)):
            if abs(time - table[key]) > 1.0:
                raise StationFileError(
                    f"{self.file.source}: magnet.{key} is {table[key]:g} s, but the supply takes {time:g} s; make them "
                    "equal, here or at the supply's front panel"
                )

    def prepare_thermometry(self) -> None:
        """The station's excitation with autorange, no filter in the bridge (rows average themselves), its PID."""
        excitation, cooling = self.file.sections["thermometer"]["excitation"], self.file.sections["cooling"]
        self.bridge.select()
        self.bridge.setup = self.bridge.setup._replace(
            mode=ExcitationMode.VOLTAGE, excitation=excitation, autorange=Autorange.ON, shunted=False
        )
        self.bridge_excitation = excitation
        self.bridge.filter = Filter(False, 5, 10)
        self.excite_control_sensor(self.control_excitation_for(self.limits.lowest_temperature))
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
        """DC coupling, differential input, no notch, no sync filter, 24 dB/oct: what 0.7 Hz needs.

        The reference is the lock-in's own, or that of the source, where the source is another instrument.
        """
        roles = self.file.sections["roles"]
        own = roles["source"] == roles["lockin"]
        reference = ReferenceSource.INTERNAL if own else ReferenceSource.EXTERNAL
        for name, value in {**LOCKIN_SETTINGS, "reference_source": reference}.items():
            setattr(self.lockin, name, value)
            if (kept := getattr(self.lockin, name)) != value:
                raise CommandError(f"{self.lockin.who}: {name} of {value} was sent, but reads back as {kept}")

    def sample_field(self, supply: float) -> float:
        """Field at the sample (T) when the supply believes in `supply` (T); trapped flux is not known here."""
        return supply + self.field_offset

    @property
    def supply_limit(self) -> float:
        """Field (T) that the supply may be asked for; an offset that was found later does not raise it."""
        offset: float = self.file.sections["magnet"]["offset"]
        return self.limits.field + min(abs(self.field_offset), abs(offset))

    def go_to_field(self, field: float) -> None:
        """Start the ramp that brings the sample to `field` (T). Raises MagnetError behind a cold persistent switch."""
        field = as_number("field", field, "numbers in T")
        self.limits.check_field(field)
        if self.persistent_magnet is not None and not self.persistent_magnet.switch_heated:
            here = show(self.sample_field(self.magnet.field), "field")
            raise MagnetError(
                f"the coil keeps {here} behind a cold persistent switch and would not follow to "
                f"{show(field, 'field')}; leave persistent mode first, or run with persistent = true"
            )
        supply, most = field - self.field_offset, self.supply_limit
        if most < abs(supply) <= most * (1 + 1e-9):  # by rounding alone
            supply = math.copysign(most, supply)
        self.magnet.target = supply
        self.magnet.ramp()

    def go_on(self) -> None:
        """Let a paused supply go on: to its target, or, behind a cold persistent switch, to the coil's current."""
        switched = self.persistent_magnet
        if switched is not None and not switched.switch_heated:
            switched.leads_to_coil()
        else:
            self.magnet.ramp()

    def magnet_holding(self) -> bool:
        """True when the supply holds a field, is at zero current with zero wanted, or the coil is persistent."""
        state = self.magnet.state
        if state in (RampState.HOLDING, RampState.AT_ZERO):
            return True
        if self.persistent_magnet is None or state in (RampState.QUENCH, *_SWITCHING):
            return False
        return not self.persistent_magnet.switch_heated

    def need_switch(self) -> PersistentMagnet:
        """The magnet with its persistent switch; raises LimitError where the station has none."""
        if self.persistent_magnet is None:
            raise LimitError(
                f"persistent: {self.file.source} has no persistent switch; write persistent_switch = true into its "
                "[magnet] if there is one, or choose persistent = false"
            )
        return self.persistent_magnet

    def heater_range_for(self, temperature: float) -> float:
        """Full-scale heater current (A) that the station's table gives for a temperature (K)."""
        table: tuple[tuple[float, float], ...] = self.file.sections["cooling"]["heater"]
        wanted = next((current for limit, current in table if temperature <= limit), table[-1][1])
        allowed: list[float] = [r for r in self.controller.HEATER_RANGES if r <= self.limits.heater * (1 + 1e-9)]
        used: float = min(wanted, allowed[-1])
        return used

    def control_excitation_for(self, temperature: float) -> float:
        """Current (A) in the mixing chamber's sensor that the station's table gives for a temperature (K)."""
        table: tuple[tuple[float, float], ...] = self.file.sections["thermometer"]["control_excitation"]
        return next((current for limit, current in table if temperature <= limit), table[-1][1])

    def excite_control_sensor(self, current: float) -> None:
        """Set the excitation (A) of the mixing chamber's sensor, where that is not the refrigerator's own business."""
        if hasattr(type(self.controller), "excitation"):
            self.controller.excitation = current

    def thermal_time(self, temperature: float) -> float:
        """Expected thermal time constant (s) of the chip at a temperature (K)."""
        at_100mK: float = self.file.sections["cooling"]["chip_time_at_100mK"]
        return at_100mK * (0.1 / temperature) ** 2

    def to_safe(self, leave: Collection[str] = ()) -> list[SafeReport]:
        """Excitation and bias off, heater off, magnet held or sent to zero, as `procedures.safety.safe` says.

        The station's own connections are tried first, then new ones; a silent instrument delays no other. What is
        named in `leave` stays as it is.
        """
        reports = make_safe(self.file, self.opener(), self.clock, held=self.instruments, leave=leave)
        if any(report.item == "bias" and report.done for report in reports):
            self.bias_sent = (False, 0.0)
            self.network = replace(self.network, bias_conductance=self._bias_load_when_off())
        return reports

    def to_safe_apart(self) -> list[SafeReport]:
        """The same over new connections only, from any thread, while another one may hang in a read."""
        return make_safe(self.file, self.opener(), self._own_clock)

    def opener(self) -> Opener:
        """Opens new connections to the instruments of this station, for any thread.

        They wait by the station's own clock: the clock of a run belongs to its thread, and ends every wait after an
        abort.
        """
        return instrument_opener(self.file, self._own_clock, self._library, self.tape)

    def bias_on(self, largest: float) -> None:
        """Connect the dc bias path at zero, with the range that holds `largest` (A). Raises LimitError without one."""
        bias, output = self.need_bias(), self.bias_output
        largest = as_number("bias", largest, "numbers in A")
        self.check_bias(largest)
        self.clock.sleep(0.0)  # many messages follow: who attends comes by before
        self.bias_off()
        assert output is not None
        output.prepare(largest * bias.series_resistance)
        output.output = True
        self.bias_sent = (True, 0.0)
        self.network = replace(self.network, bias_conductance=self._bias_load())

    def check_bias(self, largest: float, what: str = "bias") -> None:
        """Raise LimitError for a dc bias (A) beyond the limit, or beyond what source and resistor can give."""
        bias = self.need_bias()
        self.limits.check_bias(largest, what)
        highest = math.inf if self.bias_output is None else self.bias_output.highest
        if abs(largest) * bias.series_resistance > highest * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(largest, 'current')} needs {abs(largest) * bias.series_resistance:.4g} V behind "
                f"{show(bias.series_resistance, 'resistance')}; the source gives {highest:g} V, choose a smaller bias"
            )

    def need_bias(self) -> SeriesResistorBias:
        """The dc bias path; raises LimitError where the station has none."""
        if self.bias is None:
            raise LimitError(f"dc bias: {self.file.source} has no instrument in the role bias; add one to its [roles]")
        return self.bias

    def move_bias(self, current: float) -> None:
        """Bring the dc bias (A, into a short circuit) to `current` in steps no larger than the station allows."""
        bias = self.need_bias()
        current = as_number("bias", current, "numbers in A")
        self.limits.check_bias(current)
        way = bias.way_to(current)
        for i, step in enumerate(way):
            bias.current = step
            self.bias_sent = (True, step * bias.series_resistance)
            if i + 1 < len(way):
                self.clock.sleep(self.file.sections["bias"]["step_time"])

    def bias_off(self) -> str:
        """Bring the bias to zero in its own steps, switch its output off and read both back."""
        bias = self.need_bias()
        source = bias.source
        if source.output and source.level != 0.0:
            self._bias_to_zero(bias)
        source.off()
        self.bias_sent = (False, 0.0)
        if source.level != 0.0 or (source.output and self.bias_switches):
            raise CommandError(f"dc bias: sent to zero and off, but it reads back {source.level:g} V")
        self.network = replace(self.network, bias_conductance=self._bias_load_when_off())
        return f"bias at {source.level:g} V, output {'on' if source.output else 'off'}"

    def _bias_to_zero(self, bias: SeriesResistorBias) -> None:
        for step in bias.way_to(0.0):
            bias.source.level = step * bias.series_resistance
            self.clock.sleep(self.file.sections["bias"]["step_time"])

    def _bias_load_when_off(self) -> float:
        """An auxiliary output stays connected at zero volts, a dc source does not."""
        return 0.0 if self.bias_switches else self._bias_load()

    def _bias_load(self) -> float:
        """An offset comes through the resistor that is there anyway."""
        if self.bias is None or by_offset(self.file):
            return 0.0
        return 1.0 / self.bias.series_resistance


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


def open_station(file: StationFile, *, cassette: str | Path | None = None, **overrides: Any) -> Station:
    """Open every connection of a station file, simulated or real; nothing is asked of an instrument yet.

    `overrides` replace keys of [simulator] (sample, seed, speed). A cassette in place of a station file is played;
    `cassette` = a new file records. Raises StationFileError and LinkError.
    """
    from coldfinger.procedures.laboratory.cassettes import open_played, recorded

    if file.cassette and "simulator" not in file.sections:
        return open_played(file, cassette, overrides)
    if not file.simulated:
        with recorded(cassette, file, WallClock()) as (clock, tape):
            return Station(file, clock, file.top["visa_library"], tape=tape)
    return _open_simulated(file, {**file.sections["simulator"], **overrides}, cassette)


def _open_simulated(file: StationFile, simulator: Mapping[str, Any], cassette: str | Path | None) -> Station:
    from coldfinger.procedures.laboratory.cassettes import recorded
    from coldfinger.procedures.laboratory.simulated_laboratory import simulated_rack, simulated_sample, strike
    from coldfinger.sim.clock import PacedClock
    from coldfinger.sim.visa import register, unregister

    sample = simulated_sample(simulator)
    clock = PacedClock(simulator["speed"] if file.top["clock"] == "virtual" else 1.0)
    rack = simulated_rack(file, sample, clock, simulator["seed"])
    if simulator.get("scenario"):
        strike(rack, Path(file.source).parent / simulator["scenario"])
    name = f"station{next(_simulators)}"
    register(name, rack)
    geometry = {"squares": sample.squares, "end_squares": sample.end_squares}
    described = {"name": sample.name, "stage": str(simulator["sample"]), **geometry}
    with recorded(cassette, file, clock, described) as (clock, tape):
        station = Station(file, clock, f"{name}@coldfinger", lambda: unregister(name), tape)
    station.cryostat, station.rack, station.seed = rack.cryostat, rack, simulator["seed"]
    station.sample |= described
    station.network = replace(station.network, **geometry)
    return station


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


def calibration_of(table: Mapping[str, Any], source: str) -> Calibration:
    """The curve of a table [thermometer]; raises StationFileError where its file cannot be used."""
    if not table["calibration"]:
        return exponential_curve(table["r0"], table["t0"], table["exponent"], (table["lowest"], table["highest"]))
    path = Path(source).parent / table["calibration"]
    try:
        return read_calibration(path)
    except (CalibrationError, OSError, ValueError) as error:
        raise StationFileError(f"{source}: thermometer.calibration: {error}") from error
