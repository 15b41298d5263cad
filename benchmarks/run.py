"""What things cost, as ratios to a floor or a peer measured in the same run.

python benchmarks/run.py            all of them, some four minutes
python benchmarks/run.py fit ramp   only these
"""

import csv
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyvisa
from scipy.optimize import curve_fit

from coldfinger.analysis.fits.batch import fit_batch
from coldfinger.analysis.fits.fit import Curve, fit_eq1
from coldfinger.analysis.laws import failed_insulator
from coldfinger.instruments.clock import WallClock
from coldfinger.instruments.link import open_link
from coldfinger.instruments.srs import SR830
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.engine.rehearse import rehearse
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.remote import serve
from coldfinger.procedures.plans.plan_file import read_plan
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.station import open_station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.sim.rack import standard_rack
from coldfinger.sim.visa import register, unregister

ROUNDS = 5


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def alternating(**actions: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each action over ROUNDS, taken in turn so that a slow moment hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(ROUNDS):
        for name, action in actions.items():
            times[name].append(timed(action))
    return {name: statistics.median(values) for name, values in times.items()}


def report(title: str, times: dict[str, float], per: int, floor: str) -> None:
    print(title)
    for name, seconds in times.items():
        print(f"  {name:<44} {seconds / per * 1e6:10.2f} us   x {seconds / times[floor]:.2f}")


def query() -> None:
    """A query to the simulated rack, bare and through the driver, against a dictionary look-up of the same reply."""
    rack = standard_rack()
    register("bench", rack)
    manager = pyvisa.ResourceManager("bench@coldfinger")
    resource = manager.open_resource("GPIB0::8::INSTR")
    lockin = SR830(open_link("GPIB0::8::INSTR", "bench@coldfinger", clock=rack.clock))
    replies, n = {"SENS?": "26"}, 5000
    times = alternating(
        **{
            "floor: dictionary and int()": lambda: [int(replies["SENS?"]) for _ in range(n)],
            "pyvisa query": lambda: [resource.query("SENS?") for _ in range(n)],
            "driver property, link and strict reply": lambda: [lockin.sensitivity for _ in range(n)],
        }
    )
    report("One query in process", times, n, "pyvisa query")
    unregister("bench")


def row() -> None:
    """One row of 28 columns into a run file, against csv.writer and a flush."""
    columns = [f"c{i}" for i in range(28)]
    values, n = dict.fromkeys(columns, 1.2345678901234), 2000

    def floor() -> None:
        with tempfile.TemporaryDirectory() as folder, (Path(folder) / "x.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            for _ in range(n):
                writer.writerow(values.values())
                file.flush()

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = RunWriter(Path(folder) / "run", header={"simulated": True}, columns=columns)
            for _ in range(n):
                run.point(values)
            run.end("done")

    name = "floor: csv.writer + flush"
    report("One row on disk", alternating(**{name: floor, "run file (both files, checksum, sync)": ours}), n, name)


def fit() -> None:
    """Eq. 1 through 200 points without start values, against scipy's curve_fit with good ones."""
    rng = np.random.default_rng(0)
    temperature = np.geomspace(0.05, 0.7, 200)
    truth = (3.1e-5, 1.6e-4, 0.59)
    rho = failed_insulator(temperature, *truth) * (1 + 1e-3 * rng.standard_normal(200))
    curve = Curve(temperature, rho, 1e-3 * rho)

    def law(t: np.ndarray, a: float, b: float, e: float) -> np.ndarray:
        return -np.log(a + b * np.exp(-e / t))

    n = 20
    times = alternating(
        **{
            "curve_fit, careful start values": lambda: [
                curve_fit(law, temperature, np.log(rho), p0=(2e-5, 2e-4, 0.5), sigma=np.full(200, 1e-3))
                for _ in range(n)
            ],
            "fit_eq1, no start values, limits and all": lambda: [fit_eq1(curve) for _ in range(n)],
        }
    )
    report("One fit of Eq. 1, 200 points", times, n, "curve_fit, careful start values")


def batch() -> None:
    """A thousand curves of Eq. 1 at once, without start values, against scipy's curve_fit with good ones for each."""
    rng = np.random.default_rng(0)
    for points in (50, 200):
        temperature = np.geomspace(0.05, 0.7, points)
        sigma_0 = 10 ** rng.uniform(-4.5, -3.7, (1000, 1))
        truth = np.hstack(
            [sigma_0 * 10 ** rng.uniform(-1.5, 0.3, (1000, 1)), sigma_0, rng.uniform(0.25, 0.6, (1000, 1))]
        )
        rho = failed_insulator(temperature, *truth.T[:, :, np.newaxis])
        sd = 1e-3 * rho
        rho = rho * (1 + 1e-3 * rng.standard_normal(rho.shape))

        def one_by_one(temperature: np.ndarray = temperature, rho: np.ndarray = rho, truth: np.ndarray = truth) -> None:
            for curve, start in zip(rho[:50], truth[:50], strict=True):
                curve_fit(
                    lambda t, a, b, e: -np.log(a + b * np.exp(-e / t)),
                    temperature,
                    np.log(curve),
                    p0=0.8 * start,
                    sigma=np.full(len(curve), 1e-3),
                )

        times = alternating(
            **{
                "curve_fit, careful start values": one_by_one,
                "fit_batch, no start values, limits and all": lambda t=temperature, r=rho, s=sd: fit_batch(t, r, s),
            }
        )
        times["curve_fit, careful start values"] *= 20  # of fifty curves
        report(f"A thousand curves of Eq. 1, {points} points", times, 1000, "curve_fit, careful start values")


def ramp() -> None:
    """Twelve virtual hours: a laboratory left alone, and a ramp through all layers."""

    def alone() -> None:
        with open_station(read_station_file(), sample="S0") as station:
            station.connect()
            station.clock.sleep(12 * 3600)
            station.confirm()

    def ramped() -> None:
        with tempfile.TemporaryDirectory() as folder, open_station(read_station_file(), sample="S0") as station:
            station.connect()
            procedure = TemperatureRamp(field=100.0, pacing="rate", rate=0.65 / 720, points=100, excitation="gentle")
            assert run_procedure(procedure, station, Path(folder)).outcome == "done"
            assert station.clock.time() > 12 * 3600

    for name, action in {"laboratory alone": alone, "ramp with 105 rows": ramped}.items():
        seconds = statistics.median(timed(action) for _ in range(3))
        print(f"Twelve virtual hours, {name:<24} {seconds:6.2f} s   x {seconds / (12 * 3600):.1e} of real time")


def night() -> None:
    """A rehearsed night: the whole plan, on one core and on all, against the bare laboratory over the same hours."""
    plan = read_plan(Path(__file__).parents[1] / "examples" / "overnight.toml")
    file = read_station_file()
    hours = rehearse(plan, file, processes=1).seconds

    def alone() -> None:
        with open_station(file) as station:
            station.connect()
            station.clock.sleep(hours)
            station.confirm()

    times = {
        "floor: laboratory alone": timed(alone),
        "one process": timed(lambda: rehearse(plan, file, processes=1)),
        "a process a core": timed(lambda: rehearse(plan, file)),
    }
    print(f"A night of {hours / 3600:.1f} h, {len(plan.items)} items, rehearsed")
    for name, seconds in times.items():
        print(f"  {name:<44} {seconds:10.2f} s    x {seconds / times['floor: laboratory alone']:.2f}")


def command() -> None:
    """One question to an owner process over loopback, against the same question to an engine in this process."""

    class Quiet:
        def command(self, name: str, /, *, who: str = "", **arguments: object) -> str:
            return name

        def snapshot(self) -> dict[str, object]:
            return {"state": "idle"}

        def events(self, since: int = 0) -> list[dict[str, object]]:
            return []

    engine, n = Quiet(), 500
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(engine, Path(folder), clock=WallClock(), name="benchmark"),
        Client(Path(folder)) as client,
    ):
        times = alternating(
            **{
                "in this process": lambda: [engine.snapshot() for _ in range(n)],
                "over loopback": lambda: [client.snapshot() for _ in range(n)],
            }
        )
    report("One snapshot", times, n, "over loopback")


BENCHMARKS = {"query": query, "row": row, "fit": fit, "batch": batch, "ramp": ramp, "night": night, "command": command}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[chosen]()
