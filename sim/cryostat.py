"""The refrigerator with everything in it, advanced on one absolute grid of ticks.

The state at tick n holds for time n * tick. Before anything is read or commanded the owner calls `advance(now)`,
which takes the state to the first tick at or after *now*; what is read lies on the straight line (or the exact
filter response) between the last two ticks, and what is commanded acts from that later tick on. So the state at a
tick depends on the commands before it and on nothing else: reading never changes the future.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from coldfinger.sim.bias import BiasModel, DCSource
from coldfinger.sim.generator import DrivenLockin
from coldfinger.sim.lockin import InputNoise, LockinAmplifier, Stray
from coldfinger.sim.magnet import Magnet, MagnetModel
from coldfinger.sim.noise import WhiteNoise
from coldfinger.sim.sample import Sample
from coldfinger.sim.scanner import Scanner
from coldfinger.sim.signal import Drive, FilmSignal
from coldfinger.sim.thermal import Chip, ControlLoop, MixingChamber, ThermalModel, WarmUpHeater
from coldfinger.sim.thermometer import ResistanceInput, Sensor
from coldfinger.sim.wiring import Wiring

TICK = 0.25  # s
BRIDGE_STEP = 1.0  # s, how often the bridge looks after its ranges and filters
SINE_OFFSET = 4  # place of the sine output's dc offset, behind the four auxiliary outputs


@dataclass(frozen=True)
class Laboratory:
    """Every number of the simulated laboratory that is not the sample's."""

    wiring: Wiring = field(default_factory=Wiring)
    thermal: ThermalModel = field(default_factory=ThermalModel)
    magnet: MagnetModel = field(default_factory=MagnetModel)
    sensor: Sensor = field(default_factory=Sensor)
    mixing_chamber_sensor: Sensor = field(default_factory=lambda: Sensor(stray_power=0.0))
    stages: tuple[float, ...] = (0.75, 3.9)  # K, of the sensors on channels 2 and 3: the still and the 4 K plate
    input_noise: InputNoise | None = field(default_factory=InputNoise)  # None: a silent lock-in
    bridge_noise: float = 10e-9  # V/sqrt(Hz)
    bias: BiasModel = field(default_factory=BiasModel)
    stray: Stray = field(default_factory=Stray)


class Cryostat:
    """One refrigerator, one film, one lock-in, a bridge with scanner, one loop, one magnet.

    The chip may carry a second film (`second`; otherwise another piece of the first), with wires, series resistor and
    lock-in of its own, once somebody connects one.
    """

    def __init__(
        self,
        sample: Sample,
        laboratory: Laboratory | None = None,
        *,
        seed: int = 0,
        tick: float = TICK,
        second: Sample | None = None,
    ) -> None:
        laboratory = laboratory or Laboratory()
        self.sample, self.second_sample = sample, second or sample
        self._seed = seed
        self.laboratory = laboratory
        self.tick = tick
        self.now = 0.0
        self.ticks = 0
        self._slow = max(1, round(BRIDGE_STEP / tick))
        self.mixing_chamber = MixingChamber(laboratory.thermal, tick)
        self.chip = Chip(laboratory.thermal, tick)
        self.loop = ControlLoop(tick)
        self.warmup = WarmUpHeater()
        self.magnet = Magnet(laboratory.magnet, tick)
        self.film = FilmSignal(sample, laboratory.wiring)
        self.inputs = {
            "A": self._input(laboratory.mixing_chamber_sensor, seed, "A", self.mixing_chamber_temperature),
            "1": self._input(laboratory.sensor, seed, "1", self.chip_temperature),
        }
        self.inputs["A"].curve = laboratory.mixing_chamber_sensor.temperature
        for number, temperature in enumerate(laboratory.stages, start=2):
            self.inputs[str(number)] = self._stage(temperature, str(number))
        self.scanners = [Scanner({key: sensor for key, sensor in self.inputs.items() if key != "A"})]
        self.lockin = self._lockin_on(self._signal, "lock-in")
        self._second: LockinAmplifier | None = None
        self.dc_source = DCSource()
        self.lockin.bias = self._bias
        self.forced_resistivity: float | None = None  # ohm/sq between the taps: a film that is open or short
        self._without_ends = replace(laboratory.wiring, end_squares=0.0)
        self.control_reading: float | None = None  # K, what the loop is given in place of the true temperature
        self.coil_event: Callable[[float], None] = lambda time: None  # called at a quench and when the switch turns
        self._coil_state = (self.magnet.quenched, self.magnet.switch_open)
        self._before = (self.mixing_chamber.temperature, self.chip.temperature)

    def _lockin_on(self, signal: Callable[[float, float, Drive, bool], complex], name: str) -> LockinAmplifier:
        laboratory, seed = self.laboratory, self._seed
        noise = (WhiteNoise(seed, f"{name}, in phase"), WhiteNoise(seed, f"{name}, quadrature"))
        resistance = laboratory.wiring.series_resistance
        lockin = LockinAmplifier(signal, noise, self.tick, laboratory.input_noise, resistance)
        lockin.stray = laboratory.stray
        return lockin

    def second_lockin(self) -> LockinAmplifier:
        """The lock-in at the second film; the first call connects it."""
        if self._second is None:
            film = FilmSignal(self.second_sample, self.laboratory.wiring)
            self._second = self._lockin_on(partial(_signal_of, film), "second lock-in")
        return self._second

    def _bias(self) -> tuple[float, float]:
        """Short-circuit current (A) of all dc sources, and the resistance (ohm) with which they load I+."""
        model = self.laboratory.bias
        if model.auxiliary:
            volts = self.lockin.dc_outputs[model.auxiliary - 1]
            current, load = volts / model.series_resistance, model.series_resistance
        else:
            current, load = self.dc_source.feed(model.series_resistance)
        return current + self._offset_current(), load

    def _offset_current(self) -> float:
        """What the dc offset of the lock-in's sine output sends through the series resistor (A)."""
        outputs = self.lockin.dc_outputs
        if len(outputs) == SINE_OFFSET or isinstance(self.lockin, DrivenLockin):
            return 0.0  # a lock-in without one, or one whose sine goes nowhere
        return outputs[SINE_OFFSET] / self.laboratory.wiring.series_resistance

    def _input(self, sensor: Sensor, seed: int, name: str, mount: Callable[[float], float]) -> ResistanceInput:
        noise = WhiteNoise(seed, f"bridge {name}")
        step = self._slow * self.tick
        result = ResistanceInput(sensor, noise, self.tick, self.laboratory.bridge_noise, step)
        result.mount = mount
        return result

    def _stage(self, temperature: float, name: str) -> ResistanceInput:
        """A sensor on a stage that stays at its temperature (K), with its curve in the instrument."""
        sensor = replace(self.laboratory.mixing_chamber_sensor, stray_power=0.0)
        result = self._input(sensor, self._seed, name, lambda time: temperature)
        result.range, result.curve = 2e3 if temperature > 1.0 else 6.32e3, sensor.temperature
        return result

    @property
    def scanner(self) -> Scanner:
        """The scanner of the bridge that has the chip's thermometer."""
        return self.scanners[0]

    def add_scanner(self, inputs: Mapping[str, ResistanceInput]) -> Scanner:
        """One more scanner, of a second bridge."""
        self.scanners.append(Scanner(inputs))
        return self.scanners[-1]

    def advance(self, time: float) -> None:
        """Take the laboratory to `time` (s); an earlier time than the last changes nothing."""
        if time <= self.now:
            return
        self.now = time
        last = math.ceil(time / self.tick - 1e-9)
        while self.ticks < last:
            self._step()

    def _step(self) -> None:
        time = (self.ticks + 1) * self.tick
        warm, chip_before = self._before = (self.mixing_chamber.temperature, self.chip.temperature)
        field_before = self.magnet.sample_after
        reading = warm if self.control_reading is None else self.control_reading
        power = self.magnet.step(time) + self.loop.step(reading) + self.warmup.step(reading)
        if (self.magnet.quenched, self.magnet.switch_open) != self._coil_state:
            self._coil_state = (self.magnet.quenched, self.magnet.switch_open)
            self.coil_event(min(time, self.now))
        self.mixing_chamber.step(power)
        self.chip.step(warm, self.mixing_chamber.temperature)
        self.ticks += 1
        if self.ticks % self._slow == 0:
            self._look_after_bridges(time)
        before, after = (chip_before, field_before), (self.chip.temperature, self.magnet.sample_after)
        self.lockin.step(self.ticks, before, after)
        if self._second is not None:
            self._second.step(self.ticks, before, after)

    def _look_after_bridges(self, time: float) -> None:
        for scanner in self.scanners:
            scanner.step(time)
        for channel in self.inputs.values():
            channel.step(time)
            if channel.limit and channel.kelvin(time) > channel.limit:
                channel.over_limit()

    def _between(self, before: float, after: float, time: float) -> float:
        passed = 1.0 - (self.ticks * self.tick - time) / self.tick
        return before + (after - before) * min(max(passed, 0.0), 1.0)

    def mixing_chamber_temperature(self, time: float) -> float:
        """True mixing-chamber temperature (K) at a time within the last tick."""
        return self._between(self._before[0], self.mixing_chamber.temperature, time)

    def chip_temperature(self, time: float) -> float:
        """True chip temperature (K) at a time within the last tick."""
        return self._between(self._before[1], self.chip.temperature, time)

    def _signal(self, temperature: float, field_oersted: float, drive: Drive, still: bool) -> complex:
        if self.forced_resistivity is not None:
            rho, load = np.array([self.forced_resistivity]), 1.0 / drive.bias_resistance
            solution = self._without_ends.solve(rho, drive.frequency, drive.single_ended, load)
            return complex(solution[0][0]) * drive.amplitude
        return _signal_of(self.film, temperature, field_oersted, drive, still)


def _signal_of(film: FilmSignal, temperature: float, field_oersted: float, drive: Drive, still: bool) -> complex:
    if still:
        return film.at(temperature, field_oersted, drive)
    return complex(film.direct(np.array([temperature]), field_oersted, drive)[0])
