"""The three films of the paper as formulas: S0, S1 and S2.

The resistivity ρ_sat(H) at T → 0 and the normal resistance R_N(H) are given; activation only interpolates
between them, so ρ_QF = ρ_sat and σ_QF = 1/ρ_sat connect continuously and all fields merge near 1.1 K.
Below the window `separatrix` a film obeys Eq. 2, above it Eq. 1 (S2: a logarithm); inside, ln ρ is blended by
a smooth step. The window lies where ρ_sat = R_N, where both forms are flat and agree, so that ρ(H) stays
monotonic. In all laws the temperature is replaced by T_eff, equal to T below 0.8 K and levelling off at
T_N = 1.2 K: below 0.8 K the laws are exact.

S1 and S2 have a true superconducting core |H| <= H_SM, T <= T_c with ρ = 0. Beyond the paper's range, pairs
break between 0.8 and 8 kOe, and the indium grains turn normal between 3.2 and 3.6 K.
Fields in Oe, temperatures and energies in K, resistances in ohm/square, conductances in S.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldfinger.analysis.laws import R_Q_PAIR, failed_insulator, failed_superconductor
from coldfinger.sim.fluctuations import Band

FloatArray = NDArray[np.float64]

EXACT_BELOW = 0.8
"""Temperature (K) up to which Eq. 1 and Eq. 2 hold exactly."""
NORMAL_TEMPERATURE = 1.2
"""T_N (K), the temperature at which every law has reached the normal resistance."""
GRAIN_TRANSITION, GRAIN_STEP = 3.2, 0.12
"""Onset (K) and relative height of the indium-grain transition; assumed defaults."""


@dataclass(frozen=True)
class Film:
    """One film: its functions of |H| (Oe) and its constants."""

    normal_resistance: float
    """R_N at zero field (ohm/square); assumed default, as are the critical and the crossover current (A)."""
    separatrix: tuple[float, float]
    saturation: Callable[[float], float]
    activation_superconducting: Callable[[float], float]
    activation_insulating: Callable[[float], float] | None
    """None: the insulating side is logarithmic."""
    white_rms: float
    bands: tuple[Band, ...] = ()
    critical_temperature: float = 0.0
    critical_field: float = 0.0
    critical_current: float = 0.0
    crossover_current: float = 300e-9


@dataclass(frozen=True)
class FilmAtField:
    """The parameters of a film at one field: everything about ρ(T) that does not depend on T.

    `weight` is 0 on Eq. 2, 1 on the insulating law; `core` is 0 in the superconductor and 1 far outside;
    `pairs` is 1 up to 800 Oe and 0 from 8 kOe. `logarithm` is the slope −dρ/d ln T over R_N, None for Eq. 1.
    """

    normal: float
    weight: float
    rho_QF: float
    rho_0: float
    E_aS: float
    core: float
    critical_temperature: float
    sigma_QF: float
    sigma_0: float
    E_aI: float
    logarithm: float | None
    pairs: float

    def resistivity(self, T: FloatArray) -> FloatArray:
        """ρ (ohm/square), same shape as T (K, positive)."""
        highest = T.max(initial=0.0)
        T_eff = T if highest <= EXACT_BELOW else effective_temperature(T)
        if self.weight == 0:
            rho = self._superconducting(T, T_eff)
        elif self.weight == 1:
            rho = self._insulating(T_eff)
        else:
            log_S = np.log(self._superconducting(T, T_eff))
            log_I = np.log(self._insulating(T_eff))
            rho = np.exp((1 - self.weight) * log_S + self.weight * log_I)
        if self.pairs < 1:
            rho = self.normal * (rho / self.normal) ** self.pairs
        return rho if highest <= GRAIN_TRANSITION else rho * grain_factor(T)

    def _superconducting(self, T: FloatArray, T_eff: FloatArray) -> FloatArray:
        if self.core == 1:
            return failed_superconductor(T_eff, self.rho_QF, self.rho_0, self.E_aS)
        opening = self.core + (1 - self.core) * _core_opening(T, self.critical_temperature)
        return self.rho_QF + opening * failed_superconductor(T_eff, 0.0, self.rho_0, self.E_aS)

    def _insulating(self, T_eff: FloatArray) -> FloatArray:
        if self.logarithm is None:
            return failed_insulator(T_eff, self.sigma_QF, self.sigma_0, self.E_aI)
        return self.normal * (1 + self.logarithm * np.log(NORMAL_TEMPERATURE / T_eff))


def at_field(film: Film, field: float) -> FilmAtField:
    """The parameters of `film` at a field (Oe) of either sign."""
    H = abs(field)
    low, high = film.separatrix
    normal = normal_resistance(film.normal_resistance, H)
    core = _core(film, H)
    rho_sat = film.saturation(H)
    rho_QF = rho_sat * core
    E_aS = film.activation_superconducting(H)
    sigma_QF = 1 / rho_sat if rho_sat > 0 else math.inf
    E_aI = film.activation_insulating(H) if film.activation_insulating is not None else 0.0
    return FilmAtField(
        normal=normal,
        weight=smooth_step((H - low) / (high - low)),
        rho_QF=rho_QF,
        rho_0=(normal - rho_QF) * math.exp(E_aS / NORMAL_TEMPERATURE),
        E_aS=E_aS,
        core=core,
        critical_temperature=film.critical_temperature,
        sigma_QF=sigma_QF,
        sigma_0=(1 / normal - sigma_QF) * math.exp(E_aI / NORMAL_TEMPERATURE),
        E_aI=E_aI,
        logarithm=_logarithmic_slope(H) if film.activation_insulating is None else None,
        pairs=1 - smooth_step(math.log(H / 800) / math.log(10)) if H > 800 else 1.0,
    )


def smooth_step(x: float) -> float:
    """s₅(x) = x³(10 − 15x + 6x²), 0 below 0 and 1 above 1."""
    if x <= 0:
        return 0.0
    return 1.0 if x >= 1 else x * x * x * (10 - 15 * x + 6 * x * x)


def effective_temperature(T: FloatArray) -> FloatArray:
    """T_eff (K): T up to 0.8 K, 0.8 + 0.4 tanh((T − 0.8)/0.4) above."""
    span = NORMAL_TEMPERATURE - EXACT_BELOW
    return np.where(T <= EXACT_BELOW, T, EXACT_BELOW + span * np.tanh((T - EXACT_BELOW) / span))


def normal_resistance(at_zero: float, field: float) -> float:
    """R_N(H) (ohm/square); the slow rise of 10 % in 600 Oe ends at 1000 Oe."""
    return at_zero * (1 + 0.10 * math.pow(min(abs(field), 1000.0) / 600, 1.2))


def grain_factor(T: FloatArray) -> FloatArray:
    """Factor 1 below 3.2 K, 1.12 above 3.6 K: the indium grains lose their own superconductivity."""
    x = np.clip((T - GRAIN_TRANSITION) / 0.4, 0.0, 1.0)
    return 1 + GRAIN_STEP * (x**3 * (10 - 15 * x + 6 * x**2))


def _core(film: Film, H: float) -> float:
    if film.critical_field == 0:
        return 1.0
    return -math.expm1(-(max(H / film.critical_field - 1, 0.0) ** 2))


def _core_opening(T: FloatArray, critical_temperature: float) -> FloatArray:
    """g = exp(−0.05 T_c/(T − T_c)) above T_c, 0 below: all derivatives vanish at T_c."""
    return np.exp(-0.05 * critical_temperature / np.maximum(T - critical_temperature, 1e-300))


def _saturation_s0(H: float) -> float:
    if H >= 600:
        return math.inf
    h = H / 100
    return 6200 * math.exp(0.7 * math.sqrt(h) + 0.00458 * h**4) / (1 - (H / 600) ** 4)


def _activation_s0(H: float) -> float:
    if H < 300:
        return 0.218 + 0.372 * math.exp(-(((H - 300) / 220) ** 2))
    return 0.45 + 0.14 * math.exp(-(((H - 300) / 110) ** 2))


def _saturation_s1(H: float) -> float:
    """Two power laws, 0.45 and 4.7, joined at 300 Oe within a few per cent (n = 32), in logarithms."""
    if H == 0:
        return 0.0
    n, x = 32, math.log(H) - math.log(300)
    weaker, stronger = sorted((0.45 * n * x, 4.7 * n * x))
    return R_Q_PAIR * math.exp((stronger + math.log1p(math.exp(weaker - stronger)) - math.log(2)) / n)


def _logarithmic_slope(H: float) -> float:
    """−dρ/d ln T over R_N on the insulating side of S2."""
    return 0.30 * math.pow(max(H - 400, 0.0) / 200, 1.2)


FILMS = {
    "S0": Film(
        normal_resistance=7400.0,
        separatrix=(2.0, 11.0),
        saturation=_saturation_s0,
        activation_superconducting=lambda H: 0.8,
        activation_insulating=_activation_s0,
        white_rms=0.003,
        bands=(Band(1.3, 0.04, 0.0025), Band(3.0, 0.05, 0.0020)),
    ),
    "S1": Film(
        normal_resistance=6800.0,
        separatrix=(300.0, 317.0),
        saturation=_saturation_s1,
        activation_superconducting=lambda H: 1.5 * (1 - 0.15 * min(H / 300, 1.2) ** 2),
        activation_insulating=lambda H: 0.32 + 0.08 * math.exp(-(((H - 380) / 60) ** 2)),
        white_rms=0.0015,
        critical_temperature=0.40,
        critical_field=2.0,
        critical_current=600e-9,
    ),
    "S2": Film(
        normal_resistance=5200.0,
        separatrix=(390.0, 410.0),
        saturation=lambda H: normal_resistance(5200.0, 400.0) * (H / 400) ** 0.45,
        activation_superconducting=lambda H: 1.8 * (1 - 0.15 * min(H / 400, 1.2) ** 2),
        activation_insulating=None,
        white_rms=0.0015,
        critical_temperature=0.60,
        critical_field=3.0,
        critical_current=1.5e-6,
        crossover_current=600e-9,
    ),
}
