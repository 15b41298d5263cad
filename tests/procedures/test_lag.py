"""The lag of a film behind its thermometers, from runs up and down, against the simulated thermal time."""

import json

import numpy as np
import pandas as pd
import pytest

from coldfinger.procedures.lag import (
    CORRECTED,
    MIXING_CHAMBER,
    SAMPLE,
    Lag,
    lag_corrected,
    lag_of_pair,
    read_pair,
    store_pair,
)
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.reader import read_run


def made_up(lag: float, rate: float, noise: float = 1e-4) -> pd.DataFrame:
    """A run at a constant d ln T/dt whose film is `lag` seconds behind."""
    t = np.linspace(0.0, np.log(4.0) / abs(rate), 60)
    log_T = (np.log(0.1) if rate > 0 else np.log(0.4)) + rate * t
    film = log_T - lag * rate
    rho = 1e4 * np.exp(0.5 * np.exp(-film) / 10.0) * (1 + noise * np.random.default_rng(3).standard_normal(t.size))
    T = np.exp(log_T)
    columns = {"time (s)": t, SAMPLE: T, MIXING_CHAMBER: T, "T_sample_sd (K)": 1e-6 * T, "rho (ohm)": rho}
    return pd.DataFrame(columns | {"rho_sd (ohm)": noise * rho, "flags": 0.0})


@pytest.mark.parametrize("lag", [0.0, 5.0, 30.0])
def test_the_lag_is_found_also_where_the_two_runs_have_different_rates(lag):
    found = lag_of_pair(made_up(lag, -1e-3), made_up(lag, 2e-3))
    assert len(found.temperature) == 8
    assert list(found.temperature) == sorted(found.temperature)
    for seconds, sd in zip(found.seconds, found.sd, strict=True):
        assert abs(seconds - lag) < 4 * sd + 0.02 * lag
        assert sd < 2.0


def test_the_corrected_column_is_the_films_own_temperature():
    down, lag = made_up(30.0, -1e-3), Lag(SAMPLE, (0.1, 0.4), (30.0, 30.0), (1.0, 1.0))
    corrected = lag_corrected(down, lag)
    assert corrected[CORRECTED].to_numpy() == pytest.approx(down[SAMPLE].to_numpy() * np.exp(0.03))
    assert CORRECTED not in down
    assert corrected[SAMPLE].equals(down[SAMPLE])


def test_a_lag_survives_its_json():
    lag = Lag(SAMPLE, (0.1, 0.2), (3.0, 1.0), (0.1, 0.2))
    assert Lag.from_json(json.loads(json.dumps(lag.to_json()))) == lag


@pytest.mark.parametrize(
    ("down", "up", "sentence"),
    [
        (made_up(1.0, 1e-3), made_up(1.0, -1e-3), "a run down and a run up, in this order"),
        (made_up(1.0, -1e-3), made_up(1.0, 1e-3).assign(**{SAMPLE: lambda f: 10 * f[SAMPLE]}), "no range in common"),
        (made_up(1.0, -1e-3)[::12], made_up(1.0, 1e-3)[::12], "four believed rows"),
    ],
)
def test_pairs_that_are_none_are_refused(down, up, sentence):
    with pytest.raises(ValueError, match=sentence):
        lag_of_pair(down, up)


def test_the_simulated_film_is_behind_the_mixing_chamber_by_its_thermal_time_and_not_behind_its_own_sensor(
    simulated, tmp_path
):
    station = simulated(sample="S0", seed=5)
    wish = {"field": 300.0, "points": 60, "excitation": "gentle", "final_points": 0, "lag": 0.05}
    down = run_procedure(TemperatureRamp(start=0.4, stop=0.1, **wish), station, tmp_path, leave_as_is=True)
    up = run_procedure(TemperatureRamp(start=0.1, stop=0.4, **wish), station, tmp_path)
    chamber = lag_of_pair(read_run(down.folder).frame, read_run(up.folder).frame, MIXING_CHAMBER, bins=5)
    # The coldest and the warmest bin hold the beginnings of the ramps, where the lag is still growing.
    for T, seconds, sd in list(zip(chamber.temperature, chamber.seconds, chamber.sd, strict=True))[1:-1]:
        assert abs(seconds - station.thermal_time(T)) < 4 * sd + 0.15 * station.thermal_time(T)
    path = store_pair(tmp_path, down.folder, up.folder)
    own = read_pair(path)
    assert (np.abs(own.seconds) < 4 * np.array(own.sd) + 0.05 * station.thermal_time(np.array(own.temperature))).all()
    assert json.loads(path.read_text())["down"] == down.folder.name
    assert store_pair(tmp_path, down.folder, up.folder).name == "pair-2.json"
