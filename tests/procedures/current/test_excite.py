"""The excitation keeper on a simulated film: finds the signal, follows it, never overloads on nothing."""

import math

import pytest

from coldfinger.procedures.current.excite import ExcitationKeeper, Wish
from coldfinger.procedures.station import Station
from coldfinger.runfiles.quality import Quality


def warm(station: Station, temperature: float, field: float = 0.0) -> None:
    """Puts the simulated film somewhere; how it got there is of no concern here."""
    cryostat = station.cryostat
    cryostat.mixing_chamber.temperature = cryostat.chip.temperature = temperature
    cryostat.magnet.after = cryostat.magnet.before = field - 0.5
    cryostat.magnet.sample_after = cryostat.magnet.sample_before = field
    station.controller.heater_range = station.heater_range_for(temperature)
    station.controller.setpoint = temperature
    station.clock.sleep(60.0)


def started(station: Station, wish: Wish) -> ExcitationKeeper:
    keeper = ExcitationKeeper(station, wish)
    keeper.start()
    for _ in range(6):
        if not keeper.prepare():
            return keeper
    raise AssertionError("never came to rest")


@pytest.mark.parametrize(
    ("field", "temperature", "current", "frequency"),
    [(0.0, 0.3, 1e-9, 7.0), (450.0, 0.15, 0.3e-9, 1.7), (500.0, 0.07, 0.1e-9, 0.7)],
)
def test_the_policy_is_found_from_nothing(simulated, field, temperature, current, frequency):
    station = simulated(sample="S0", seed=1)
    warm(station, temperature, field)
    keeper = started(station, Wish("policy"))
    assert (keeper.present.current, keeper.present.frequency) == (current, frequency)
    assert station.source.voltage == pytest.approx(current * 1e9, rel=0.01)
    assert station.lockin.time_constant == keeper.present.time_constant
    signal = math.hypot(*station.lockin.xy)
    assert 0.25 * keeper.sensitivity < signal < 0.95 * keeper.sensitivity


def test_gentle_is_gentler_where_the_signal_allows_it(simulated):
    station = simulated(sample="S0", seed=1)
    warm(station, 0.07, 500.0)
    assert started(station, Wish("gentle")).present.current <= 0.05e-9


def test_a_fixed_excitation_stays_whatever_the_film_does(simulated):
    station = simulated(sample="S0", seed=1)
    warm(station, 0.07, 500.0)
    keeper = started(station, Wish("fixed", 0.4e-9, 3.0))
    assert (keeper.present.current, keeper.present.frequency) == (0.4e-9, 3.0)
    assert station.lockin.frequency == 3.0


def test_a_superconductor_does_not_draw_the_sensitivity_into_the_noise(simulated):
    station = simulated(sample="S1", seed=1)
    warm(station, 0.1, 0.0)
    keeper = started(station, Wish("policy"))
    for _ in range(20):
        x, y = station.lockin.xy
        keeper.saw(x, y, 0.0)
        assert not keeper.prepare() & Quality.SENSITIVITY_CHANGED
        station.clock.sleep(3.0)
    assert not station.lockin.status
    assert 2e-8 < keeper.sensitivity < 2e-7


def test_an_overload_widens_the_range(simulated):
    station = simulated(sample="S0", seed=1)
    warm(station, 0.3)
    keeper = started(station, Wish("policy"))
    before = keeper.sensitivity
    keeper.widen()
    assert station.lockin.sensitivity == keeper.sensitivity > before


def test_the_lockin_is_brought_to_what_a_few_hertz_need(simulated):
    station = simulated(sample="S0", seed=1)
    station.lockin.sync_filter = True
    station.lockin.phase = 30.0
    warm(station, 0.3)
    started(station, Wish("policy"))
    settings = station.lockin.snapshot()
    assert settings["input_coupling"] == "DC"
    assert settings["filter_slope"] == 24
    assert settings["sync_filter"] is False
    assert settings["phase"] == 0.0
