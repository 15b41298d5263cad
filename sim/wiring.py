"""From the oscillator to the lock-in: series resistor, lines with capacitance, film, input loading.

Seven complex nodes, solved as they stand: I+ of the lines, the film's four contacts, V+ and V- of the lines.
I- is grounded through its lead. Every line has a resistance to the contact and a capacitance to ground at room
temperature; the two voltage inputs load the film with R_in parallel to C_in.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

_IPLUS, _S1, _S2, _S3, _S4, _VPLUS, _VMINUS = range(7)
_SMALLEST, _LARGEST = 1e-6, 1e15  # ohm/sq; a superconductor and an insulator, kept finite for the solver


@dataclass(frozen=True)
class Wiring:
    """What lies between the instruments and the film; assumed defaults except for the 1 Gohm."""

    series_resistance: float = 1e9  # ohm
    source_resistance: float = 50.0  # ohm, of the oscillator's output
    lead_resistance: float = 350.0  # ohm per line
    capacitance_i_plus: float = 10e-9  # F, line and filter
    capacitance_v_plus: float = 10e-9
    capacitance_v_minus: float = 10e-9
    input_resistance: float = 10e6  # ohm
    input_capacitance: float = 25e-12  # F
    common_mode_rejection: float = 1e5  # 100 dB
    squares: float = 1.0  # between the voltage taps
    end_squares: float = 1.0  # from each tap to its current contact
    ground_contact: float = 0.0  # ohm, of the grounded contact, beside its lead

    def solve(
        self, resistivity: Real, frequency: float, single_ended: bool = False, load: float = 0.0
    ) -> tuple[Complex, Complex]:
        """Lock-in input and film current per volt of the oscillator; shape of `resistivity` (ohm/sq).

        Returns (V+ - V- with the common-mode error, current between the voltage taps in 1/ohm); V+ against
        ground when the input is single-ended. `load` (S) is what else hangs on I+.
        """
        rho = np.clip(np.atleast_1d(np.asarray(resistivity, dtype=float)), _SMALLEST, _LARGEST)
        matrix = self._lines(frequency, load) + (1.0 / rho)[:, None, None] * self._film
        nodes = np.asarray(np.linalg.solve(matrix, self._drive)[..., 0], dtype=np.complex128)
        difference = nodes[:, _VPLUS] - nodes[:, _VMINUS]
        common = 0.5 * (nodes[:, _VPLUS] + nodes[:, _VMINUS])
        current = (nodes[:, _S2] - nodes[:, _S3]) / (self.squares * rho)
        if single_ended:
            return nodes[:, _VPLUS], current
        return difference + common / self.common_mode_rejection, current

    @cached_property
    def _drive(self) -> Complex:
        drive = np.zeros((7, 1), dtype=complex)
        drive[_IPLUS, 0] = 1.0 / (self.series_resistance + self.source_resistance)
        return drive

    @cached_property
    def _film(self) -> Complex:
        """Nodal matrix of a film of 1 ohm/sq."""
        matrix = np.zeros((7, 7), dtype=complex)
        _connect(matrix, _S1, _S2, 1.0 / max(self.end_squares, 1e-9))
        _connect(matrix, _S2, _S3, 1.0 / self.squares)
        _connect(matrix, _S3, _S4, 1.0 / max(self.end_squares, 1e-9))
        return matrix

    def _lines(self, frequency: float, extra: float) -> Complex:
        """Nodal matrix of everything but the film."""
        matrix = self._known.get((frequency, extra))
        if matrix is not None:
            return matrix
        matrix = np.zeros((7, 7), dtype=complex)
        omega, lead = 2.0 * math.pi * frequency, 1.0 / self.lead_resistance
        load = 1.0 / self.input_resistance + 1j * omega * self.input_capacitance
        _connect(matrix, _IPLUS, _S1, lead)
        _connect(matrix, _S2, _VPLUS, lead)
        _connect(matrix, _S3, _VMINUS, lead)
        matrix[_S4, _S4] += 1.0 / (self.lead_resistance + self.ground_contact)
        matrix[_IPLUS, _IPLUS] += self._drive[_IPLUS, 0] + extra + 1j * omega * self.capacitance_i_plus
        matrix[_VPLUS, _VPLUS] += load + 1j * omega * self.capacitance_v_plus
        matrix[_VMINUS, _VMINUS] += load + 1j * omega * self.capacitance_v_minus
        self._known[frequency, extra] = matrix
        return matrix

    @cached_property
    def _known(self) -> dict[tuple[float, float], Complex]:
        return {}


def _connect(matrix: Complex, a: int, b: int, conductance: float) -> None:
    matrix[a, a] += conductance
    matrix[b, b] += conductance
    matrix[a, b] -= conductance
    matrix[b, a] -= conductance
