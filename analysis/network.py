"""What lines and input do to a lock-in reading, and how to undo it: X, Y -> sheet resistance.

Theory of operation. The oscillator drives the film through a large resistor; the far contact is grounded:

    V_osc - R_s - I+ - lead - [N_end rho] - s2 - [N_sq rho] - s3 - [N_end rho] - lead - ground

with the lines' capacitance C to ground on I+ (beside G_bias), V+ and V-; V+ (V-) hangs on s2 (s3) through a lead and
is loaded by the lock-in's input R_in || C_in. Film and lines are a ladder, so the nodal equations reduce to
a few products. Let Y = i omega (C + C_in) + 1/R_in, b = Y/(1 + lead Y), e = lead + N_end rho, q = N_sq rho:

    d3 = 1 + b e,   n2 = q d3 + e,   d2 = b n2 + d3,   n1 = e d2 + n2,   d1 = (G_bias + i omega C) n1 + d2
    (V+ - V-) / V_osc = q d3 / [(n1 + R_s d1) (1 + lead Y)]

Nothing is divided by rho: the same formula serves a superconductor and 10 Mohm. The three lines are taken as
equal, so X and Y determine the two unknowns rho and C, without a start value from the user. Beyond 45 degrees
of phase a second solution appears, and the reading is flagged instead of inverted. Where the signal is too
small to show the lines, C keeps its nominal value; rho, then linear in X, may come out slightly negative.
"""

import cmath
import math
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complexfloating]

MAX_PHASE_DEGREES = 45.0
"""Largest phase shift with one solution for rho and C."""

MAX_CAPACITANCE_RATIO = 10.0
"""A fitted capacitance above this many times the nominal one is noise, not a line (assumed default)."""

DROWNED_RESISTANCE = 1e3
"""Apparent resistance (ohm) below which any phase may be noise if the noise is not told (assumed default)."""


@dataclass(frozen=True)
class Inversion:
    """Film and lines as one reading of X and Y shows them."""

    resistivity: float
    """Sheet resistance (ohm/square); nan when not valid."""
    line_capacitance: float
    """Capacitance to ground of each line (F), fitted or nominal; nan when not valid."""
    phase_degrees: float
    """Phase of X + iY, -180 to 180."""
    valid: bool
    reason: str
    """Why not valid, or why the capacitance is the nominal one; empty if there is nothing to say."""
    gain_x: float = math.nan
    """d rho / dX (ohm/square per V)."""
    gain_y: float = math.nan
    """d rho / dY (ohm/square per V)."""

    def resistivity_sd(self, sd_x: float, sd_y: float) -> float:
        """Standard deviation of the sheet resistance (ohm/square) for independent errors (V) of X and Y."""
        return math.hypot(self.gain_x * sd_x, self.gain_y * sd_y)


@dataclass(frozen=True)
class Network:
    """Source, lines, film geometry and lock-in input of one four-point measurement."""

    series_resistance: float = 1e9
    """Resistor that makes the oscillator a current source (ohm)."""
    source_resistance: float = 50.0
    """Output resistance of the oscillator (ohm)."""
    lead_resistance: float = 350.0
    """Each of the four leads between its line's capacitance and the film (ohm)."""
    line_capacitance: float = 10e-9
    """Each of I+, V+, V- to ground, cable and filter (F)."""
    input_resistance: float = 10e6
    """Lock-in input, V+ and V- each to ground (ohm)."""
    input_capacitance: float = 25e-12
    """Lock-in input, V+ and V- each to ground (F)."""
    squares: float = 1.0
    """Squares of film between the voltage taps."""
    end_squares: float = 1.0
    """Squares of film from each tap to its current contact."""
    bias_conductance: float = 0.0
    """What else hangs on I+: one over the resistor of a dc bias while that is connected (S)."""

    def __post_init__(self) -> None:
        for name in ("series_resistance", "input_resistance", "squares"):
            if not getattr(self, name) > 0:
                raise ValueError(f"network: {name} is {getattr(self, name)!r}; it must be above zero")
        for name in (
            "source_resistance",
            "lead_resistance",
            "line_capacitance",
            "input_capacitance",
            "end_squares",
            "bias_conductance",
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"network: {name} is {getattr(self, name)!r}; it must not be negative")

    @overload
    def transfer(self, rho: float, frequency: float, line_capacitance: float | None = None) -> complex: ...
    @overload
    def transfer(self, rho: FloatArray, frequency: float, line_capacitance: float | None = None) -> ComplexArray: ...
    def transfer(
        self, rho: float | FloatArray, frequency: float, line_capacitance: float | None = None
    ) -> complex | ComplexArray:
        """(V+ - V-) / V_osc, same shape as the sheet resistance `rho` (ohm/square), at `frequency` (Hz)."""
        line, d3, total = self._ladder(rho, frequency, line_capacitance)
        ratio: complex | ComplexArray = self.squares * rho * d3 / (total * line)
        return ratio

    def single_ended(self, rho: float, frequency: float, line_capacitance: float | None = None) -> complex:
        """V+ against ground / V_osc: what input A alone sees; arguments as those of `transfer`."""
        line, d3, total = self._ladder(rho, frequency, line_capacitance)
        far = self.lead_resistance + self.end_squares * rho
        return complex((self.squares * rho * d3 + far) / (total * line))

    @overload
    def current(self, rho: float, frequency: float, line_capacitance: float | None = None) -> complex: ...
    @overload
    def current(self, rho: FloatArray, frequency: float, line_capacitance: float | None = None) -> ComplexArray: ...
    def current(
        self, rho: float | FloatArray, frequency: float, line_capacitance: float | None = None
    ) -> complex | ComplexArray:
        """Current through the film between the taps per volt of the oscillator (A/V), same shape as `rho`."""
        _, d3, total = self._ladder(rho, frequency, line_capacitance)
        current: complex | ComplexArray = d3 / total
        return current

    def loading_conductance(self) -> float:
        """Sheet conductance (S square) that the input adds: 1/rho_apparent = 1/rho + this, to first order."""
        return (self.squares + self.end_squares) / self.input_resistance

    def invert_in_phase_only(self, x: float, voltage: float) -> float:
        """Sheet resistance (ohm/square) of one who knows neither lines nor loading: X R_s / V / N_sq."""
        return x * self.series_resistance / (voltage * self.squares)

    def invert(self, x: float, y: float, voltage: float, frequency: float, noise: float = 0.0) -> Inversion:
        """Sheet resistance and line capacitance from X, Y and `voltage` (V rms) at `frequency` (Hz).

        `noise` is the s.d. of X and of Y (V), if known: below ten times that no line is fitted.
        Raises ValueError for a voltage or frequency that is not above zero.
        """
        if not (0 < voltage < math.inf and 0 < frequency < math.inf):
            what = f"source of {voltage} V, {frequency} Hz"
            raise ValueError(f"network inversion: {what}; both must be finite and above zero")
        signal = complex(x, y) / voltage
        if not cmath.isfinite(signal):
            return _refused(math.nan, f"X = {x} V, Y = {y} V is not a finite reading")
        phase = math.degrees(cmath.phase(signal))
        size, floor = abs(signal), noise / voltage
        drowned = size < 10 * floor if floor > 0 else size * self._total_resistance < DROWNED_RESISTANCE
        if abs(phase) > MAX_PHASE_DEGREES and not drowned:
            beyond = f"beyond {MAX_PHASE_DEGREES:.0f} rho is not unique, lower the frequency"
            return _refused(phase, f"phase of {phase:.0f} degrees; {beyond}")
        both = None if drowned and floor > 0 else self._solve_both(signal, frequency)
        if both is not None:
            rho, capacitance, gain = both
            return Inversion(rho, capacitance, phase, True, "", gain.real / voltage, gain.imag / voltage)
        rho, gain = self._solve_resistivity(signal, frequency)
        mismatch = abs(signal - self.transfer(rho, frequency))
        if not drowned and mismatch > max(0.1 * size, 5 * floor):
            advice = "is not explained by the lines, check the reference phase and the wiring"
            return _refused(phase, f"phase of {phase:.1f} degrees {advice}")
        why = "signal too small to show the lines, nominal capacitance used"
        return Inversion(rho, self.line_capacitance, phase, True, why, gain.real / voltage, gain.imag / voltage)

    @property
    def _total_resistance(self) -> float:
        return self.series_resistance + self.source_resistance

    def _ladder(self, rho: Any, frequency: float, line_capacitance: float | None) -> tuple[Any, Any, Any]:
        """1 + lead Y, d3 and n1 + R_s d1 of the module's formula; the last two have the shape of `rho`."""
        capacitance = self.line_capacitance if line_capacitance is None else line_capacitance
        omega = 2 * math.pi * frequency
        at_input = complex(1 / self.input_resistance, omega * (capacitance + self.input_capacitance))
        line = 1 + self.lead_resistance * at_input
        b = at_input / line
        e = self.lead_resistance + self.end_squares * rho
        d3 = 1 + b * e
        n2 = self.squares * rho * d3 + e
        d2 = b * n2 + d3
        n1 = e * d2 + n2
        d1 = complex(self.bias_conductance, omega * capacitance) * n1 + d2
        return line, d3, n1 + self._total_resistance * d1

    def _derivatives(self, rho: float, frequency: float, capacitance: float) -> tuple[complex, complex, complex]:
        """Transfer, its d/d rho and its d/dC: the ladder's recursion, differentiated line by line."""
        omega = 2 * math.pi * frequency
        at_input = complex(1 / self.input_resistance, omega * (capacitance + self.input_capacitance))
        line = 1 + self.lead_resistance * at_input
        b = at_input / line
        i_omega = complex(0.0, omega)
        b_c = i_omega / line**2
        nc, ns, rs = self.end_squares, self.squares, self._total_resistance
        e = self.lead_resistance + nc * rho
        q = ns * rho
        d3, d3_r, d3_c = 1 + b * e, b * nc, b_c * e
        n2, n2_r, n2_c = q * d3 + e, ns * d3 + q * d3_r + nc, q * d3_c
        d2, d2_r, d2_c = b * n2 + d3, b * n2_r + d3_r, b_c * n2 + b * n2_c + d3_c
        n1, n1_r, n1_c = e * d2 + n2, nc * d2 + e * d2_r + n2_r, e * d2_c + n2_c
        shunt = self.bias_conductance + i_omega * capacitance
        total = n1 + rs * (shunt * n1 + d2)
        total_r = n1_r + rs * (shunt * n1_r + d2_r)
        total_c = n1_c + rs * (i_omega * n1 + shunt * n1_c + d2_c)
        per_ohm = d3 / (total * line)
        value = q * per_ohm
        by_rho = ns * per_ohm + value * (d3_r / d3 - total_r / total)
        by_c = value * (d3_c / d3 - total_c / total - self.lead_resistance * i_omega / line)
        return value, by_rho, by_c

    def _solve_both(self, signal: complex, frequency: float) -> tuple[float, float, complex] | None:
        """Newton for rho and C: (rho, C, d rho/dX + i d rho/dY at 1 V), or None where C is not to be had."""
        if signal.real <= 0:
            return None
        admittance = self.squares / (signal * self._total_resistance)
        conductance = max(admittance.real - self.loading_conductance(), 0.02 * admittance.real)
        rho = 1 / conductance
        capacitance = 0.0
        largest = MAX_CAPACITANCE_RATIO * max(self.line_capacitance, 1e-9)
        for _ in range(60):
            value, by_rho, by_c = self._derivatives(rho, frequency, capacitance)
            off = signal - value
            determinant = by_rho.real * by_c.imag - by_rho.imag * by_c.real
            if determinant == 0:
                return None
            step_rho = (off.real * by_c.imag - off.imag * by_c.real) / determinant
            step_c = (by_rho.real * off.imag - by_rho.imag * off.real) / determinant
            # Halve at most, double at most: the neighbouring solution lies a factor away.
            new_rho = min(max(rho + step_rho, rho / 2), rho * 2)
            new_c = min(max(capacitance + step_c, -largest), 2 * largest)
            done = abs(new_rho - rho) < 1e-12 * rho and abs(new_c - capacitance) < 1e-9 * largest
            rho, capacitance = new_rho, new_c
            if done:
                break
        else:
            return None
        # A little below zero is what noise makes of short lines; more is no capacitance.
        if not -0.05 * self.line_capacitance - 1e-12 <= capacitance <= largest:
            return None
        return rho, capacitance, complex(by_c.imag, -by_c.real) / determinant

    def _solve_resistivity(self, signal: complex, frequency: float) -> tuple[float, complex]:
        """Least squares for rho alone at the nominal capacitance: (rho, its gain); rho may be negative."""
        rho = signal.real * self._total_resistance / self.squares
        gain = 0j
        for _ in range(60):
            value, by_rho, _ = self._derivatives(rho, frequency, self.line_capacitance)
            gain = by_rho / abs(by_rho) ** 2
            off = signal - value
            step = off.real * gain.real + off.imag * gain.imag
            reach = abs(rho) + DROWNED_RESISTANCE
            rho += min(max(step, -reach), reach)
            if abs(step) <= 1e-12 * abs(rho) + 1e-12 or abs(rho) > self._total_resistance:
                break
        return rho, gain


def _refused(phase: float, reason: str) -> Inversion:
    """A reading that shows no resistance, and why."""
    return Inversion(math.nan, math.nan, phase, False, reason)
