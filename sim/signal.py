"""The voltage that the film sends to the lock-in, for a chip temperature, a field and a drive.

While the field stands still the signal is a smooth function of the chip temperature alone: it is computed on a
fixed grid in ln T, in blocks when they are first needed, and read off by cubic interpolation (error below 1e-7 of
the signal for every slope that Eq. 1 has above 20 mK). While the field moves it is computed outright.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coldfinger.sim.electrons import electron_temperature
from coldfinger.sim.sample import Sample, first_harmonic
from coldfinger.sim.wiring import Wiring

Real = NDArray[np.float64]

_STEP = 0.0025  # in ln T
_BLOCK = 128
_TABLES = 8
_LARGEST = 1e15  # ohm/sq
_SAME_BIAS = 1e-7  # relative
_MOST_STEPS = 12  # of an iteration that gains a factor of film over bias resistor each time
_SAME_CURRENT = 3e-7  # relative: a film this near to its own current shows no other resistance, to below 1e-7


class Drive(NamedTuple):
    """What the sources do: amplitude (V rms), frequency (Hz), dc bias (A, into a short circuit); and the input used."""

    amplitude: float
    frequency: float
    bias: float = 0.0
    bias_resistance: float = math.inf  # ohm, from which the bias comes; it loads I+
    single_ended: bool = False  # the lock-in looks at V+ alone


class FilmSignal:
    """Lock-in input (complex V rms, phase relative to the oscillator) of one film behind one wiring."""

    def __init__(self, sample: Sample, wiring: Wiring) -> None:
        self.sample = sample
        self.wiring = wiring
        self._tables: dict[tuple[float, Drive], dict[int, list[complex]]] = {}

    def direct(self, temperature: Real, field: float, drive: Drive) -> NDArray[np.complex128]:
        """Signal at chip temperatures (K, one dimension) and a field (Oe)."""
        if drive.bias:
            return self._biased(temperature, field, drive)
        load = 1.0 / drive.bias_resistance
        rho = self._resistivity(temperature, field)
        solution = self.wiring.solve(rho, drive.frequency, drive.single_ended, load)
        for _ in range(2):  # the current hardly depends on the film behind 1 Gohm: twice is exact enough
            before = np.abs(solution[1])
            current = before * drive.amplitude
            electrons = self._electrons(temperature, field, current)
            rho = np.minimum(first_harmonic(self.sample, current, electrons, field), _LARGEST)
            solution = self.wiring.solve(rho, drive.frequency, drive.single_ended, load)
            if np.all(np.abs(np.abs(solution[1]) - before) <= _SAME_CURRENT * before):
                break  # and often once is: half the time of a sweep of the field
        return solution[0] * drive.amplitude

    def _biased(self, temperature: Real, field: float, drive: Drive) -> NDArray[np.complex128]:
        """The same under a dc bias, whose own current the film's dc resistance makes a little smaller."""
        load = 1.0 / drive.bias_resistance
        bias = np.full(temperature.shape, drive.bias)
        rho = self._resistivity(temperature, field)
        for _ in range(_MOST_STEPS):
            before = bias
            current = np.abs(self.wiring.solve(rho, drive.frequency, load=load)[1]) * drive.amplitude
            electrons = self._electrons(temperature, field, current, bias)
            rho = np.clip(first_harmonic(self.sample, current, electrons, field, bias), 0.0, _LARGEST)
            film = self._total_squares * self.sample.voltage(bias, electrons, field) / bias
            bias = drive.bias / (1.0 + load * (film + 2.0 * self.wiring.lead_resistance))
            if np.all(np.abs(bias - before) <= _SAME_BIAS * np.abs(bias)):
                break
        return self.wiring.solve(rho, drive.frequency, drive.single_ended, load)[0] * drive.amplitude

    def at(self, temperature: float, field: float, drive: Drive) -> complex:
        """Signal at one chip temperature, for a field that stands still."""
        table = self._tables.get((field, drive))
        if table is None:
            table = self._new_table(field, drive)
        position = math.log(temperature) / _STEP
        node = math.floor(position)
        x = position - node
        block, index = divmod(node, _BLOCK)
        values = table.get(block)
        if values is None:
            values = table[block] = self._fill(block, field, drive)
        a, b, c, d = values[index : index + 4]  # nodes -1, 0, 1, 2
        return (
            -x * (x - 1.0) * (x - 2.0) / 6.0 * a
            + (x * x - 1.0) * (x - 2.0) / 2.0 * b
            - x * (x + 1.0) * (x - 2.0) / 2.0 * c
            + x * (x * x - 1.0) / 6.0 * d
        )

    def _new_table(self, field: float, drive: Drive) -> dict[int, list[complex]]:
        while len(self._tables) >= _TABLES:
            del self._tables[next(iter(self._tables))]
        return self._tables.setdefault((field, drive), {})

    def _fill(self, block: int, field: float, drive: Drive) -> list[complex]:
        nodes = np.arange(block * _BLOCK - 1, (block + 1) * _BLOCK + 2)
        values: list[complex] = self.direct(np.exp(nodes * _STEP), field, drive).tolist()
        return values

    def _resistivity(self, temperature: Real, field: float) -> Real:
        return np.minimum(self.sample.resistivity(temperature, field), _LARGEST)

    @property
    def _total_squares(self) -> float:
        return self.wiring.squares + 2.0 * self.wiring.end_squares

    def _electrons(self, chip: Real, field: float, current: Real, bias: Real | float = 0.0) -> Real:
        heating = (current**2 + bias**2) * self._total_squares
        return electron_temperature(
            lambda electrons: heating * self._resistivity(electrons, field), chip, self.sample.film_volume
        )
