"""The example stations: one plan, three racks of different makers, the same physics."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import pyvisa

from coldfinger.analysis.fits.fit import fit_best
from coldfinger.analysis.fits.fit_result import Curve
from coldfinger.procedures.commands.sim import served_station
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.simulated_laboratory import simulated_rack
from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.plans.plan_file import read_plan
from coldfinger.procedures.station import open_station
from coldfinger.runfiles.quality import DISBELIEVED
from coldfinger.runfiles.reader import read_run
from coldfinger.sim.clock import SimClock
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.server import serve

EXAMPLES = Path(__file__).parents[3] / "examples"
STATIONS = ("lakeshore-ami", "triton-mercury", "sr830-bench")
FIELD = 35.0  # Oe, in the middle of the sweep
STRAY = 0.1  # Oe: the steps of a supply that shows 10 uT, which the runs do not know of
SIGMAS = 4.5  # a true difference of zero is beyond this once in 150 000 comparisons


def station_file(name):
    return read_station_file(EXAMPLES / "stations" / f"{name}.toml")


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """The tables of ramp, sweep and dV/dI by station."""
    found = {}
    for name in STATIONS:
        night = read_plan(EXAMPLES / "three-runs.toml", datetime(2026, 1, 1, tzinfo=UTC))
        folder = tmp_path_factory.mktemp(name)
        with engine_for(night, station_file(name), folder, sync=False) as engine:
            assert engine.run().outcome == "done"
            tables = [read_run(folder / item.folders[-1]).frame for item in engine.queue.items]
        found[name] = [table[table["flags"].astype(int) & int(DISBELIEVED) == 0] for table in tables]
        assert all(len(kept) >= 0.9 * len(table) - 1 for kept, table in zip(found[name], tables, strict=True))
    return found


def agree(values):
    """Whether (value, standard deviation) pairs are of one number."""
    for i, (a, sd_a) in enumerate(values):
        for b, sd_b in values[i + 1 :]:
            assert abs(a - b) < SIGMAS * np.hypot(sd_a, sd_b)


def rows_of(table, *names):
    return [table[name].to_numpy() for name in names]


def test_one_plan_gives_the_same_fit_of_the_cooling_curve(nights):
    at_200mK, bases = [], []
    for ramp, _, _ in nights.values():
        curve = Curve(*rows_of(ramp, "T_sample (K)", "rho (ohm)", "rho_sd (ohm)"))
        fit = fit_best(curve)
        assert fit.law == "eq2"
        bases.append((fit.parameters["rho_QF"].value, fit.parameters["rho_QF"].sd))
        T, rho, sd = rows_of(ramp, "T_sample (K)", "rho (ohm)", "rho_sd (ohm)")
        line, covariance = np.polyfit(T - 0.2, rho, 2, w=1.0 / sd, cov="unscaled")
        at_200mK.append((line[-1], np.sqrt(covariance[-1, -1])))
    agree(bases)
    agree(at_200mK)


def test_one_plan_gives_the_same_magnetoresistance(nights):
    found = []
    for _, sweep, _ in nights.values():
        H, rho, sd = rows_of(sweep, "H (Oe)", "rho (ohm)", "rho_sd (ohm)")
        line, covariance = np.polyfit(H - FIELD, rho, 2, w=1.0 / sd, cov="unscaled")
        # Neighbouring rows see the same filter output (correlation of their noise 0.96): one in 50 is independent.
        found.append((line[-1], np.hypot(np.sqrt(50.0 * covariance[-1, -1]), line[-2] * STRAY)))
        assert line[-2] > 20.0  # ohm/Oe: a field that is wrong by much would be seen
    agree(found)


def test_one_plan_gives_the_same_differential_resistance_at_zero_bias(nights):
    found, curvatures = [], []
    for _, _, didv in nights.values():
        bias, rho, sd = rows_of(didv, "bias (A)", "rho (ohm)", "rho_sd (ohm)")
        line, covariance = np.polyfit(1e7 * bias, rho, 2, w=1.0 / sd, cov="unscaled")
        found.append((line[-1], np.sqrt(covariance[-1, -1])))
        curvatures.append((line[0], np.sqrt(covariance[0, 0])))
    agree(found)
    agree(curvatures)


@pytest.mark.parametrize("name", STATIONS)
def test_an_example_becomes_real_by_leaving_out_its_simulator(name):
    text = station_file(name).text
    start = text.index("\n[simulator]")
    real = text[:start] + text[text.index("\n[instruments") :]
    file = check_station_text(real.replace('clock = "virtual"', 'clock = "wall"'), "real.toml")
    assert not file.simulated


@pytest.mark.parametrize("name", STATIONS)
def test_an_example_is_served_over_tcp_to_the_same_drivers(name, tmp_path):
    file = station_file(name)
    sample = builtin_sample("S0")
    rack = simulated_rack(file, sample, SimClock(100.0), 1)
    with serve(rack) as server:
        assert set(server.places) == set(rack.names)
        text = served_station(file, server.places, sample, tmp_path / "served.toml")
        with open_station(check_station_text(text, "served.toml")) as station:
            assert set(station.connect()) == set(file.instruments)
            station.controller.setpoint = 0.1
            assert rack.cryostat.loop.setpoint == 0.1
            assert all(report.done for report in station.to_safe())


@pytest.mark.parametrize("name", STATIONS)
def test_a_visa_program_finds_every_instrument_of_an_example(name):
    with open_station(station_file(name)) as station:
        manager = pyvisa.ResourceManager(station._library)
        found = manager.list_resources("?*")
        manager.close()
    assert sorted(found) == sorted(table["address"] for table in station.file.instruments.values())


@pytest.mark.parametrize("name", STATIONS)
def test_every_instrument_of_an_example_proves_its_identity_and_lists_its_settings(name):
    with open_station(station_file(name)) as station:
        identities = station.connect()
        assert set(identities) == set(station.file.instruments)
        assert set(station.snapshot()) == set(identities)
        reports = station.to_safe()
    assert [report.item for report in reports if report.done] == ["excitation", "bias", "heater", "magnet"]
