"""A dc bias through the film: its current, its heat, and the load that its resistor is, against independent solvers."""

import numpy as np
import pytest
from scipy.optimize import brentq

from coldfinger.analysis.network import Network
from coldfinger.sim.bias import BiasModel
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.sample import builtin_sample, first_harmonic
from coldfinger.sim.signal import Drive, FilmSignal
from coldfinger.sim.wiring import Wiring

R = 10e6  # ohm
SQUARES, LEADS = 3.0, 700.0
COUPLING = 2e9 * 3.6e-15  # W/K^5, three squares of film
FILM = builtin_sample("S1", 0, fluctuations=False)


def electrons(chip: float, field: float, bias: float, ac: float) -> float:
    """Root of I^2 R = Sigma Omega (T_e^5 - T^5)."""

    def surplus(T: float) -> float:
        rho = float(FILM.resistivity(T, field))
        return SQUARES * (bias**2 + ac**2) * rho - COUPLING * (T**5 - chip**5)

    return float(brentq(surplus, chip, 2.0))


def bias_through(chip: float, field: float, volts: float, ac: float) -> tuple[float, float]:
    """Film current (A) behind the resistor, and the electron temperature (K) that it makes."""

    def missing(current: float) -> float:
        T = electrons(chip, field, current, ac)
        return current * (R + LEADS) + SQUARES * float(FILM.voltage(current, T, field)) - volts

    current = float(brentq(missing, 0.0, 1.001 * volts / R, xtol=1e-18))
    return current, electrons(chip, field, current, ac)


@pytest.mark.parametrize("field", [30.0, 200.0, 300.0, 450.0, 600.0])
@pytest.mark.parametrize("volts", [0.02, 0.3, 10.0])
def test_the_signal_is_the_slope_at_the_bias_that_the_film_lets_through(field, volts):
    chip, frequency = 0.05, 1.7
    drive = Drive(0.1, frequency, volts / R, R)
    signal = FilmSignal(FILM, Wiring()).direct(np.array([chip]), field, drive)[0]
    network = Network(bias_conductance=1 / R)
    ac = 0.1e-9
    current, hot = bias_through(chip, field, volts, ac)
    rho = float(first_harmonic(FILM, ac, hot, field, current))
    # 1e-5 is the common mode of the input, and what the ac current is off its round number
    assert abs(signal / (0.1 * network.transfer(rho, frequency)) - 1) < 1e-4


def test_the_resistor_is_a_load_even_without_a_voltage():
    films = FilmSignal(FILM, Wiring())
    open_, loaded = (
        films.direct(np.array([0.05]), 600.0, Drive(0.1, 1.7, 0.0, resistance))[0] for resistance in (np.inf, R)
    )
    # 3 x 157 kohm beside 10 Mohm take 4.5 %
    assert abs(loaded / open_) == pytest.approx(1 / 1.045, abs=2e-3)
    right = Network(bias_conductance=1 / R).invert(loaded.real, loaded.imag, 0.1, 1.7).resistivity
    wrong = Network().invert(loaded.real, loaded.imag, 0.1, 1.7).resistivity
    true = Network().invert(open_.real, open_.imag, 0.1, 1.7).resistivity
    assert right == pytest.approx(true, rel=3e-5)  # the smaller ac current heats a little less
    assert wrong == pytest.approx(true * (1 - 0.045), rel=0.01)


def test_both_signs_of_the_bias_show_the_same_slope():
    films = FilmSignal(FILM, Wiring())
    plus, minus = (films.direct(np.array([0.05]), 450.0, Drive(0.1, 1.7, sign * 1e-7, R))[0] for sign in (1, -1))
    assert plus == pytest.approx(minus, rel=1e-9)


def test_the_auxiliary_output_drives_the_film_where_the_wires_say_so():
    lockin_only = Cryostat(FILM)
    wired = Cryostat(FILM, Laboratory(bias=BiasModel(R, auxiliary=2)))
    for cryostat in (lockin_only, wired):
        cryostat.lockin.dc_outputs[1] = 5.0
    assert lockin_only.lockin.bias() == (0.0, np.inf)
    assert wired.lockin.bias() == (5e-7, R)


def test_a_biased_film_advances_as_one_that_is_read_at_every_step():
    results = []
    for pause in (10.0, 0.1):
        cryostat = Cryostat(FILM, seed=3)
        cryostat.lockin.amplitude = 0.5
        cryostat.dc_source.level, cryostat.dc_source.output = 1.0, True
        for i in range(1, round(10.0 / pause) + 1):
            cryostat.advance(i * pause)
            cryostat.lockin.output(cryostat.now)
        results.append(cryostat.lockin.output(10.0))
    assert results[0] == results[1]
