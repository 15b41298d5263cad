"""dV/dI from end to end, against the film that was simulated, and the way back to zero bias on every exit."""

import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from pymeasure.experiment import Results
from scipy.optimize import brentq

from coldfinger.procedures.didv import DifferentialResistance, Slope, smearing_sentence, zero_bias_sentence
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.reach.setpoints import bias_loop, dense_near_zero
from coldfinger.procedures.runner import RunResult, StopSwitch, run_procedure
from coldfinger.procedures.station import Station, open_station
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.runfiles.reader import Mark, read_run
from coldfinger.sim.bias import DCSource
from coldfinger.sim.sample import first_harmonic

COUPLING = 2e9 * 3.6e-15  # W/K^5, three squares of film
BUILT_IN = read_station_file().text
QUICK = {"points": 4, "point_time": 5.0, "temperature": 0.2, "field": 100.0, "largest": 200.0}


class Curve(NamedTuple):
    """One run: its result, its rows, its marks, planned and real duration (s), the film."""

    result: RunResult
    frame: pd.DataFrame
    marks: tuple[Mark, ...]
    planned: float
    taken: float
    film: Any


def measured(folder: Path, *, text: str = BUILT_IN, seed: int = 1, sample: str = "S1", **parameters: object) -> Curve:
    with open_station(check_station_text(text, "test.toml"), sample=sample, seed=seed) as station:
        station.connect()
        procedure = DifferentialResistance(**parameters)
        procedure.use(station)
        planned, began = procedure.plan().seconds, station.clock.time()
        result = run_procedure(procedure, station, folder)
        run = read_run(result.folder)
        taken = station.clock.time() - began
        return Curve(result, run.frame, run.marks, planned, taken, station.cryostat.sample)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[float, float], Curve]:
    """S1 at the fields of the figure, at 50 mK, and at two of them at 100 mK."""
    folder = tmp_path_factory.mktemp("didv")
    places = [(field, 0.05) for field in (0.0, 30.0, 200.0, 300.0, 450.0, 600.0)] + [(0.0, 0.1), (600.0, 0.1)]
    return {
        (field, temperature): measured(folder, field=field, temperature=temperature, points=10)
        for field, temperature in places
    }


def true_bias(film: Any, chip: float, volts: float, ac: float, field: float) -> tuple[float, float]:
    """Bias (A) behind 10 Mohm, and the electron temperature (K) of I^2 R = Sigma Omega (T_e^5 - T^5)."""
    bias, hot = volts / 10e6, chip
    for _ in range(8):
        power = 3.0 * (bias**2 + ac**2)

        def surplus(T: float, power: float = power) -> float:
            return power * float(film.resistivity(T, field)) - COUPLING * (T**5 - chip**5)

        hot = float(brentq(surplus, chip, 2.0)) if surplus(chip) > 0 else chip
        if volts:
            bias = volts / (10e6 + 700.0 + 3.0 * float(film.voltage(bias, hot, field)) / bias)
    return bias, hot


def expected(film: Any, row: pd.Series, field: float) -> float:
    """Slope (ohm/sq) of the true film at the row's source voltage: first harmonic over the ac current."""
    bias, hot = true_bias(film, row["T_sample (K)"], row["V_bias (V)"], row["I (A)"], field)
    return float(first_harmonic(film, row["I (A)"], hot, field, bias))


def pulls(curve: Curve, field: float) -> np.ndarray:
    """(dV/dI - truth)/s.d. of every row, the s.d. of the chip's temperature included."""
    values = []
    for _, row in curve.frame.iterrows():
        true = expected(curve.film, row, field)
        warmer = row.copy()
        warmer["T_sample (K)"] *= 1.001
        slope = (expected(curve.film, warmer, field) - true) / 0.001
        sd = math.hypot(row["rho_sd (ohm)"], slope * row["T_sample_sd (K)"] / row["T_sample (K)"])
        values.append((row["dV/dI (ohm)"] - true) / sd)
    return np.array(values)


@pytest.mark.parametrize("field", [30.0, 200.0, 300.0, 450.0, 600.0])
def test_every_row_is_the_slope_of_the_true_film_at_its_electron_temperature(family, field):
    p = pulls(family[field, 0.05], field)
    assert len(p) == 43
    assert np.abs(p).max() < 4.5
    assert abs(p.mean()) < 0.7
    assert 0.6 < p.std() < 1.4


@pytest.mark.parametrize("temperature", [0.05, 0.1])
def test_the_superconductor_is_the_true_one_below_and_above_its_critical_current(family, temperature):
    curve = family[0.0, temperature]
    frame, critical = curve.frame, float(curve.film.critical_current(temperature, 0.0))
    assert critical == pytest.approx(600e-9 * (1 - (temperature / 0.4) ** 2) ** 1.5)
    below = np.abs(frame["bias (A)"]) < 0.98 * critical
    assert np.abs(pulls(curve, 0.0)[below]).max() < 4
    for _, row in frame[np.abs(frame["bias (A)"]) > 1.02 * critical].iterrows():
        # The peak is so steep that the bias' own last digits count: 1e-4 of the bias.
        assert row["dV/dI (ohm)"] == pytest.approx(expected(curve.film, row, 0.0), rel=5e-3)
        assert row["dV/dI (ohm)"] > 1.1 * 6800


def zero_bias_pull(curve: Curve, field: float) -> float:
    """(Weighted mean of all rows without bias - true R(T, H)) in its standard deviations."""
    frame = curve.frame
    zero = (frame["V_bias (V)"] == 0.0).to_numpy()
    assert zero.sum() == 5
    true = curve.film.resistivity(frame["T_sample (K)"].to_numpy(), field)
    slope = np.diff(curve.film.resistivity(np.array([0.0499, 0.0501]), field))[0] / 2e-4
    sd = np.hypot(frame["rho_sd (ohm)"], slope * frame["T_sample_sd (K)"])[zero]
    weights = 1 / sd**2
    return float(np.sum(weights * (frame["dV/dI (ohm)"] - true)[zero]) / math.sqrt(weights.sum()))


def test_zero_bias_is_the_resistance_within_two_standard_deviations(family):
    off = [abs(zero_bias_pull(curve, field)) for (field, T), curve in family.items() if T == 0.05]
    assert len(off) == 6
    # One of six may lie a little beyond two: that is what a standard deviation means.
    assert sorted(off)[-2] < 2
    assert max(off) < 3


def ends_and_middle(curve: Curve) -> tuple[float, float]:
    frame = curve.frame
    far = np.abs(frame["bias (A)"]) > 0.99 * np.abs(frame["bias (A)"]).max()
    return float(frame["dV/dI (ohm)"][far].mean()), float(frame["dV/dI (ohm)"][frame["bias (A)"] == 0].mean())


def test_the_family_goes_from_zero_over_v_and_flat_to_a_peak(family):
    shape = {field: ends_and_middle(curve) for (field, T), curve in family.items() if T == 0.05}
    _, zero = shape[0.0]
    assert abs(zero) < 8  # ohm/sq: zero within its noise
    frame = family[0.0, 0.05].frame
    without = np.abs(frame["bias (A)"]) < 500e-9
    assert np.abs(frame["dV/dI (ohm)"][without]).max() < 16
    assert frame["dV/dI (ohm)"].max() > 1.1 * 6800  # beyond the critical current above the normal resistance
    ratio = {field: zero / end for field, (end, zero) in shape.items() if field}
    assert ratio[30.0] == pytest.approx(2241 / 6817, rel=0.05)  # the critical current is gone, a deep v is left
    assert ratio[200.0] == pytest.approx(0.76, rel=0.03)
    assert 0.90 < ratio[300.0] < 1.0  # flat: the whole curve within 10 %
    assert 4 < ratio[450.0] < 7
    assert ratio[600.0] > 15
    assert sorted(ratio, key=ratio.__getitem__) == [30.0, 200.0, 300.0, 450.0, 600.0]


@pytest.mark.parametrize("field", [30.0, 200.0])
def test_a_v_rises_on_both_sides_and_never_above_the_normal_resistance(family, field):
    frame = family[field, 0.05].frame
    up = frame[frame["direction"] == 1].sort_values("bias (A)")
    right = up[up["bias (A)"] >= 0]["dV/dI (ohm)"].to_numpy()
    left = up[up["bias (A)"] <= 0]["dV/dI (ohm)"].to_numpy()[::-1]
    for branch in (left, right):
        assert (np.diff(branch) > -28).all()  # 5 s.d. of a difference
    assert frame["dV/dI (ohm)"].max() < 7000


def test_up_and_down_are_the_same_curve(family):
    frame = family[450.0, 0.05].frame
    up, down = (frame[frame["direction"] == way].sort_values("V_bias (V)") for way in (1, -1))
    both = up.merge(down, on="V_bias (V)")
    assert len(both) > 15
    sd = np.hypot(both["rho_sd (ohm)_x"], both["rho_sd (ohm)_y"])
    slope = 0.5  # of ln dV/dI against ln T, at most
    sd = np.hypot(sd, slope * both["rho (ohm)_x"] * 2e-4)
    assert np.abs((both["dV/dI (ohm)_x"] - both["dV/dI (ohm)_y"]) / sd).max() < 5


@pytest.mark.parametrize(("field", "within"), [(200.0, 1e-3), (450.0, 3e-3), (600.0, 0.015)])
def test_bias_is_that_through_the_film(family, field, within):
    # The slopes are those at the electrons' own temperature; their integral is not quite the dc voltage of a film
    # that the bias heats, by up to a quarter of 3 x 157 kohm/10 Mohm.
    curve = family[field, 0.05]
    for _, row in curve.frame[curve.frame["V_bias (V)"] != 0].iloc[::4].iterrows():
        true, _ = true_bias(curve.film, row["T_sample (K)"], row["V_bias (V)"], row["I (A)"], field)
        assert row["bias (A)"] == pytest.approx(true, rel=within)
        assert row["V_film (V)"] == pytest.approx(row["V_bias (V)"] - row["bias (A)"] * 10e6, rel=1e-6, abs=1e-12)
        assert row["P_bias (W)"] == pytest.approx(row["bias (A)"] * row["V_film (V)"])
        hot = (row["T_sample (K)"] ** 5 + row["P_bias (W)"] / 7.2e-6) ** 0.2
        assert row["T_electron (K)"] == pytest.approx(hot, rel=1e-6)


def test_the_run_says_that_zero_bias_and_the_ordinary_resistance_agree(family):
    for curve in family.values():
        marks = {mark.kind: mark.text for mark in curve.marks}
        assert marks["zero bias"].endswith("they agree"), marks["zero bias"]
        assert "ohm/sq, ordinary resistance" in marks["zero bias"]
        assert "rms at" in marks["ac amplitude"]
        assert "rounds dV/dI by at most" in marks["smearing"]


def test_a_plan_is_right_within_ten_percent(family):
    for curve in family.values():
        assert curve.result.outcome == "done"
        assert curve.planned == pytest.approx(curve.taken, rel=0.10)


def test_the_ac_current_does_not_swing_to_the_next_point(tmp_path):
    curve = measured(tmp_path, **QUICK | {"finest": 0.3})
    frame = curve.frame
    assert (math.sqrt(2) * frame["I (A)"] < 0.3e-9 * 1.01).all()
    assert frame["I (A)"].nunique() <= 2  # the source's 2 mV steps at another load
    assert curve.result.disbelieved == 0


def test_the_believed_rows_of_the_family_are_all_rows(family):
    for (field, temperature), curve in family.items():
        assert curve.result.disbelieved == 0, (field, temperature)


def test_rows_at_which_the_bias_heats_are_marked(family):
    frame = family[200.0, 0.05].frame
    heated = (frame["flags"].astype(int) & int(Quality.BIAS_HEATING)) != 0
    warm = frame["T_electron (K)"] / frame["T_sample (K)"]
    assert not heated[warm < 1.08].any()
    assert heated[warm > 1.12].all()
    assert not int(Quality.BIAS_HEATING) & int(DISBELIEVED)


# The way back to zero


class Watched(DCSource):
    """A dc source that remembers every level it was brought to while its output was on."""

    levels: list[float]

    @property
    def level(self) -> float:
        return self._level

    @level.setter
    def level(self, value: float) -> None:
        self._level = value
        if self.output:
            self.levels.append(value)


@pytest.fixture
def watched(simulated: Callable[..., Station]) -> Station:
    """A station whose dc source is watched."""
    station = simulated(sample="S1", seed=4)
    source = station.cryostat.dc_source
    source.__dict__.pop("level")
    source._level, source.levels, source.__class__ = 0.0, [], Watched
    return station


def at_rest(station: Station) -> bool:
    """Zero volts, output off, and no step on the way was larger than the station allows."""
    source = station.cryostat.dc_source
    largest = station.limits.bias_step * 10e6 * 1.02
    small = all(abs(b - a) <= largest for a, b in pairwise([0.0, *source.levels]))
    return small and source.level == 0.0 and not source.output and station.network.bias_conductance == 0.0


def interrupted(station: Station, when: Callable[[Station], bool], act: Callable[[], None]) -> DifferentialResistance:
    """A procedure that acts once, as soon as a condition holds while it waits."""
    procedure = DifferentialResistance(**QUICK)
    original, done = procedure.pause_for, []

    def pause(seconds: float) -> None:
        if not done and when(station):
            done.append(True)
            act()
        original(seconds)

    procedure.pause_for = pause
    return procedure


def volts(station: Station) -> float:
    return float(station.cryostat.dc_source.level)


PHASES = {
    "field": lambda station: station.magnet.field < 50e-4,
    "temperature": lambda station: station.magnet.field > 90e-4,
    "row before": lambda station: station.source.voltage > 0.1,
    "up": lambda station: volts(station) > 1.0,
    "largest": lambda station: volts(station) > 1.9,
    "below zero": lambda station: volts(station) < -1.0,
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_stop_in_any_phase_brings_the_bias_back_to_zero_in_small_steps(watched, tmp_path, phase):
    switch = StopSwitch()
    procedure = interrupted(watched, PHASES[phase], switch.throw)
    result = run_procedure(procedure, watched, tmp_path, switch=switch)
    assert (result.outcome, result.reason) == ("stopped", "stopped by the user")
    assert at_rest(watched)
    assert all(item.done for item in result.safe)
    assert result.safe[1].detail == "bias at 0 V, output off"
    run = read_run(result.folder)
    assert run.outcome == "stopped"
    assert len(run.frame) == result.rows
    assert (max(map(abs, watched.cryostat.dc_source.levels), default=0.0) > 0.9) == (
        phase in ("up", "largest", "below zero")
    )


@pytest.mark.parametrize("error", [RuntimeError("nobody foresaw this"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
def test_a_failure_brings_the_bias_back_to_zero(watched, tmp_path, error):
    def fail() -> None:
        raise error

    result = run_procedure(interrupted(watched, PHASES["largest"], fail), watched, tmp_path)
    assert result.outcome == ("stopped" if isinstance(error, KeyboardInterrupt) else "failed")
    assert at_rest(watched)


def test_a_good_end_leaves_no_bias_even_if_all_else_stays(watched, tmp_path):
    procedure = DifferentialResistance(**QUICK)
    result = run_procedure(procedure, watched, tmp_path, leave_as_is=True)
    assert (result.outcome, result.safe) == ("done", ())
    assert at_rest(watched)
    assert watched.source.voltage > 0.1  # the ac excitation did stay
    assert max(watched.cryostat.dc_source.levels) == pytest.approx(2.0)


def test_a_source_that_no_longer_answers_is_reported(watched, tmp_path):
    def lose() -> None:
        watched.rack.devices["GPIB0::7::INSTR"].run = lambda steps, port: None  # silence

    result = run_procedure(interrupted(watched, PHASES["up"], lose), watched, tmp_path)
    assert result.outcome == "failed"
    assert (result.safe[1].item, result.safe[1].done) == ("bias", False)
    assert "bias is NOT safe" in result.reason
    assert [item.done for item in result.safe] == [True, False, True, True]


def test_a_chip_that_warms_under_the_bias_is_marked(watched, tmp_path):
    def warm() -> None:
        watched.cryostat.chip.temperature *= 1.08

    procedure = interrupted(watched, PHASES["up"], warm)
    procedure.heating = 10.0  # of the electrons: not what this test is about
    frame = read_run(run_procedure(procedure, watched, tmp_path).folder).frame
    marked = (frame["flags"].astype(int) & int(Quality.BIAS_HEATING)) != 0
    assert marked.any()
    assert not marked[frame["T_sample (K)"] < 1.015 * frame["T_sample (K)"].iloc[0]].any()


def test_a_forgotten_bias_is_taken_away_when_the_station_connects(simulated):
    station = simulated(sample="S1", connect=False)
    source = station.cryostat.dc_source
    source.level, source.output = 2.0, True
    station.connect()
    assert (source.level, source.output) == (0.0, False)


# The auxiliary output, and no bias at all


def test_an_auxiliary_output_does_the_same(tmp_path):
    text = BUILT_IN.replace('bias = "bias" ', 'bias = "lockin" ')
    curve = measured(tmp_path, text=text, field=450.0, temperature=0.1, points=6, largest=900.0)
    assert (curve.result.outcome, curve.result.disbelieved) == ("done", 0)
    assert curve.result.safe[1].detail == "bias at 0 V, output on"
    p = pulls(curve, 450.0)
    assert np.abs(p).max() < 4.5
    assert np.abs(curve.frame["bias (A)"]).max() == pytest.approx(900e-9, rel=0.01)


def without_bias() -> str:
    text = BUILT_IN.replace('bias = "bias" ', "# ")
    start, end = text.index("[instruments.bias]"), text.index("[roles]")
    return text[:start] + text[end:]


def test_a_station_without_bias_works_and_says_what_is_missing(simulated, tmp_path):
    station = simulated(text=without_bias())
    assert station.bias is None
    assert [item.item for item in station.to_safe()] == ["excitation", "heater", "magnet"]
    with pytest.raises(LimitError, match=r"test\.toml has no instrument in the role bias; add one to its \[roles\]"):
        run_procedure(DifferentialResistance(), station, tmp_path)


def test_the_role_takes_a_dc_source_or_a_lockin(simulated):
    with pytest.raises(StationFileError, match=r"roles\.bias = 'fridge' is a .*this role takes a SR830 or .* a GS200"):
        simulated(text=BUILT_IN.replace('bias = "bias" ', 'bias = "fridge" '))


def test_a_station_without_a_limit_allows_no_bias(simulated):
    text = "\n".join(line for line in BUILT_IN.splitlines() if not line.startswith('bias = "3 uA"'))
    station = simulated(text=text)
    with pytest.raises(LimitError, match=r"beyond the limit of .*, 0 A; choose less, or raise limits\.bias"):
        station.move_bias(1e-9)


def test_stock_pymeasure_reads_the_table(family):
    curve = family[0.0, 0.05]
    table = Results.load(str(next(curve.result.folder.glob("*.csv")))).data
    assert list(table.columns) == DifferentialResistance.DATA_COLUMNS
    np.testing.assert_allclose(table["dV/dI (ohm)"], curve.frame["dV/dI (ohm)"])


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"largest": 3001.0}, "largest bias: 3.001 uA is beyond the limit of test.toml, 3 uA"),
        ({"largest": 0.0}, "largest: 0 must be above zero"),
        ({"finest": 2000.0}, "finest step: 2000 nA is above the largest bias, 1000 nA"),
        ({"field": 700.0}, "field: 700 Oe"),
        ({"temperature": 2.0}, "temperature: 2 K is outside the limits"),
        ({"excitation": "loud"}, "excitation 'loud' is not one of policy, gentle, searched, fixed"),
        ({"excitation": "fixed", "current": 2.0}, "swings by 2.83 nA, further than the finest bias step of 2 nA"),
        ({"excitation": "fixed", "current": 20.0, "finest": 100.0}, "current: 20 nA is not above zero"),
        ({"point_time": -1.0}, "point_time: -1 must be above zero"),
    ],
)
def test_what_cannot_be_run_is_one_sentence_before_anything_moves(simulated, tmp_path, parameters, sentence):
    station = simulated(text=BUILT_IN)
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        run_procedure(DifferentialResistance(**parameters), station, tmp_path)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_bias_that_the_source_cannot_give_is_refused(simulated, tmp_path):
    text = BUILT_IN.replace('bias = "bias" ', 'bias = "lockin" ')
    station = simulated(text=text)
    with pytest.raises(LimitError, match=r"2 uA needs 20 V behind 10 Mohm; the source gives 10\.5 V"):
        run_procedure(DifferentialResistance(largest=2000.0), station, tmp_path)


# Points and sentences


@pytest.mark.parametrize(("largest", "finest", "count"), [(1e-6, 2e-9, 20), (1e-6, 1e-12, 50), (3e-6, 5e-8, 30)])
def test_points_are_dense_near_zero(largest, finest, count):
    points = dense_near_zero(largest, finest, count)
    assert (len(points), points[0], points[-1]) == (count, finest, largest)
    steps = np.diff([0.0, *points])
    assert (np.diff(steps) > -1e-9 * largest).all()
    assert steps[1] == pytest.approx(steps[0], rel=0.6)


def test_points_that_need_not_be_dense_are_even():
    assert dense_near_zero(1.0, 0.5, 4) == [0.25, 0.5, 0.75, 1.0]
    assert dense_near_zero(1.0, 0.5, 1) == [1.0]


def test_the_loop_passes_every_bias_twice_and_zero_three_times():
    assert bias_loop([1.0, 3.0]) == [0.0, 1.0, 3.0, 1.0, 0.0, -1.0, -3.0, -1.0, 0.0]
    assert math.copysign(1.0, bias_loop([1.0])[-1]) == 1.0  # not minus zero


def test_a_disagreement_at_zero_bias_is_told_with_both_numbers():
    slopes = [Slope(0.0, 5000.0, 4.0, False), Slope(0.0, 5040.0, 3.0, True), Slope(1e-9, 9e9, 1.0, True)]
    assert zero_bias_sentence(slopes) == (
        "dV/dI 5040 +- 3 ohm/sq, ordinary resistance 5000 +- 4 ohm/sq: 8.0 standard deviations apart, they DISAGREE"
    )
    assert zero_bias_sentence(slopes[:1]).startswith("cannot say")


def test_the_rounding_by_the_ac_current_is_a_quarter_of_its_square_times_the_curvature():
    curvature = 2e18  # ohm/A^2
    slopes = [Slope(i * 1e-9, 0.5 * curvature * (i * 1e-9) ** 2, 1e-3, True) for i in range(-5, 6)]
    assert "by at most 0.5 ohm/sq" in smearing_sentence(slopes, 1e-9)
