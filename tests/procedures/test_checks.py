"""Each belief test alone on the simulated refrigerator: where it passes, where physics fails it, where it is silent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coldfinger.analysis.network import Network
from coldfinger.instruments.srs import InputConfiguration, InputCoupling
from coldfinger.procedures.checks.procedures import (
    BELIEF_TESTS,
    BeliefTest,
    FrequencyCheck,
    HeatingCheck,
    LeadCheck,
    LinearityCheck,
    ThermometerCheck,
)
from coldfinger.procedures.checks.verdict import CANNOT_SAY, FAIL, PASS, Verdict
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.runner import StopSwitch, run_procedure
from coldfinger.procedures.station import Station
from coldfinger.runfiles.reader import read_run
from coldfinger.sim.electrons import electron_temperature
from coldfinger.sim.sample import first_harmonic
from coldfinger.sim.wiring import Wiring


def verdict_of(station: Station, folder: Path, test: type[BeliefTest], **parameters: object) -> Verdict:
    result = run_procedure(test(**{"temperature": 0.1, **parameters}), station, folder)
    assert result.outcome == "done", result.reason
    (verdict,) = result.verdicts
    assert verdict.name == test.TEST
    return verdict


def rewire(station: Station, **changes: float) -> None:
    """Give the simulated laboratory another wiring than the station file says."""
    film = station.cryostat.film
    wiring = film.wiring
    film.wiring = replace(wiring, **changes)
    assert isinstance(film.wiring, Wiring)


def silent(text: str) -> str:
    """The built-in station's text with one line changed."""
    old, new = text.split(" -> ")
    whole = read_station_file().text
    assert whole.count(old) == 1
    return whole.replace(old, new)


GOOD = {"field": 300.0, "excitation": "policy"}


@pytest.mark.parametrize("test", BELIEF_TESTS)
def test_a_good_measurement_passes_and_was_foreseen(simulated, tmp_path, test):
    station = simulated(sample="S0", seed=4)
    procedure = test(temperature=0.1, **GOOD)
    procedure.use(station)
    foreseen, began = procedure.plan().seconds, station.clock.time()
    result = run_procedure(procedure, station, tmp_path)
    assert foreseen == pytest.approx(station.clock.time() - began, rel=0.10)
    assert [verdict.outcome for verdict in result.verdicts] == [PASS]
    run = read_run(result.folder)
    (mark,) = [mark for mark in run.marks if mark.kind == "check"]
    assert mark.data["outcome"] == "pass"
    assert mark.data["at"]["field"] == pytest.approx(0.03)
    assert mark.text.endswith(mark.data["sentence"])
    assert run.end["data"]["checks"] == [result.verdicts[0].to_json()]
    assert len(run.frame) >= 1
    assert station.lockin.input_configuration is InputConfiguration.A_MINUS_B
    assert station.lockin.phase == 0.0


@pytest.mark.parametrize("test", [LinearityCheck, HeatingCheck])
def test_a_nanoampere_through_a_megohm_fails_for_the_right_amount(simulated, tmp_path, test):
    """0.7 Hz, so that the phase is none of the reasons; the truth is the film's own current-voltage curve."""
    station = simulated(sample="S0", seed=4)
    wish = {"field": 500.0, "temperature": 0.05, "excitation": "fixed", "current": 1.0, "frequency": 0.7}
    verdict = verdict_of(station, tmp_path, test, **wish)
    assert verdict.outcome == FAIL
    hot, cold = (true_state(station, 0.0497, 500.0, volts, 0.7)[0] for volts in (1.003, 0.334))
    # The sample is on its last half per cent of the way to 50 mK.
    assert verdict.numbers["change"] == pytest.approx(cold / hot - 1, rel=0.05)


def true_state(station: Station, chip: float, field: float, volts: float, frequency: float) -> tuple[float, float]:
    """True first harmonic of rho (ohm/sq) and electron temperature (K) behind `volts` (V rms) of the oscillator."""
    sample, wiring = station.cryostat.sample, station.cryostat.film.wiring
    squares = sample.squares + 2 * sample.end_squares
    rho, electrons = float(sample.resistivity(chip, field)), chip
    for _ in range(5):
        current = abs(complex(wiring.solve(np.array([rho]), frequency)[1][0])) * volts

        def power(T: np.ndarray, current: float = current) -> np.ndarray:
            return np.asarray(current**2 * squares * sample.resistivity(T, field))

        electrons = float(electron_temperature(power, np.array([chip]), sample.film_volume)[0])
        rho = float(first_harmonic(sample, np.array([current]), np.array([electrons]), field)[0])
    return rho, electrons


def test_the_policy_at_a_megohm_passes_and_tells_its_systematic(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    verdict = verdict_of(station, tmp_path, HeatingCheck, field=500.0, temperature=0.05)
    assert verdict.outcome == PASS
    true = float(station.cryostat.sample.resistivity(0.0497, 500.0))
    known, sd = (verdict.numbers[name] for name in ("resistivity_at_no_current", "resistivity_at_no_current_sd"))
    assert known == pytest.approx(true, rel=2e-3)  # the temperature is known to half a per cent, slope 0.2
    bias = true_state(station, 0.0497, 500.0, 0.1, 0.7)[0] - true
    assert verdict.numbers["systematic"] == pytest.approx(bias, abs=4 * sd)
    assert verdict.numbers["systematic"] < 0


def test_a_film_that_loses_its_heat_badly_is_hot_by_what_the_test_says(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    sample, T, field = station.cryostat.sample, 0.1, 500.0
    sample.film_volume /= 80.0
    slope = float(np.log(sample.resistivity(T * 1.01, field) / sample.resistivity(T, field)) / np.log(1.01))
    wish = {"field": field, "excitation": "fixed", "current": 0.3, "frequency": 0.7, "slope": slope}
    verdict = verdict_of(station, tmp_path, HeatingCheck, **wish)
    assert verdict.outcome == FAIL
    assert "heats the film" in verdict.sentence
    true = true_state(station, T, field, 0.3, 0.7)[1] - T
    assert true > 1e-3
    # The slope changes by a tenth on the way up, and a tenth of the change is the film's own non-linearity.
    found = verdict.numbers["electron_temperature"] - verdict.numbers["temperature"]
    assert found == pytest.approx(true, rel=0.3)


@pytest.mark.parametrize("test", [LinearityCheck, HeatingCheck, FrequencyCheck, LeadCheck])
def test_a_superconductor_gives_no_signal_to_compare(simulated, tmp_path, test):
    station = simulated(sample="S1", seed=4)
    verdict = verdict_of(station, tmp_path, test, field=0.0, excitation="fixed", current=1.0, frequency=7.0)
    assert verdict.outcome == CANNOT_SAY


def test_a_current_that_cannot_be_made_smaller_says_so(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    wish = {"field": 0.0, "excitation": "fixed", "current": 0.01, "frequency": 7.0}
    for test in (LinearityCheck, HeatingCheck):
        verdict = verdict_of(station, tmp_path, test, **wish)
        assert verdict.outcome == CANNOT_SAY
        assert "a third of 0.01 nA is below the source's smallest, 4 pA" in verdict.sentence


def test_the_full_series_shows_the_currents_at_which_the_film_bends(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    wish = {"field": 500.0, "temperature": 0.05, "excitation": "fixed", "current": 0.1, "frequency": 0.7}
    verdict = verdict_of(station, tmp_path, LinearityCheck, series=True, **wish)
    assert verdict.outcome == PASS
    series = verdict.numbers["series"]
    assert [current for current, _, _ in series] == [0.1e-9, 0.2e-9, 0.3e-9, 0.5e-9, 1e-9]
    for current, rho, _ in series:
        assert rho == pytest.approx(true_state(station, 0.0497, 500.0, current * 1.003e9, 0.7)[0], rel=3e-3)
    assert verdict.numbers["series_span"] == pytest.approx(0.079, abs=0.01)


def test_seven_hertz_at_a_megohm_fail_by_their_phase(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    wish = {"field": 500.0, "temperature": 0.05, "excitation": "fixed", "current": 1.0, "frequency": 7.0}
    verdict = verdict_of(station, tmp_path, FrequencyCheck, **wish)
    assert verdict.outcome == FAIL
    assert "at 7 Hz the phase of -61 degrees; beyond 45" in verdict.sentence


def test_lines_that_are_far_from_equal_make_rho_depend_on_the_frequency(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    rewire(station, capacitance_v_minus=60e-9)
    wish = {"excitation": "fixed", "current": 0.1, "frequency": 1.7, "field": 500.0, "temperature": 0.05}
    verdict = verdict_of(station, tmp_path, FrequencyCheck, **wish)
    assert verdict.outcome == FAIL
    assert abs(verdict.numbers["change"]) > 0.01
    assert "the lines are not what the network takes them for" in verdict.sentence


def test_ac_coupling_turns_the_phase_and_is_not_taken_for_lines(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    prepare = station.prepare_lockin

    def prepare_wrongly() -> None:
        prepare()
        station.lockin.input_coupling = InputCoupling.AC

    station.prepare_lockin = prepare_wrongly
    wish = {"excitation": "fixed", "current": 0.3, "frequency": 0.7, "field": 450.0}
    verdict = verdict_of(station, tmp_path, FrequencyCheck, **wish)
    assert verdict.outcome == FAIL
    assert "lines" in verdict.sentence


def test_longer_lines_than_the_station_says_pass_and_are_told(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    rewire(station, capacitance_i_plus=20e-9, capacitance_v_plus=20e-9, capacitance_v_minus=20e-9)
    verdict = verdict_of(station, tmp_path, FrequencyCheck, **GOOD)
    assert verdict.outcome == PASS
    assert "lines of 20 nF instead of the station's 10 nF" in verdict.sentence


def test_a_bad_contact_at_ground_is_found_with_its_resistance(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    rewire(station, ground_contact=20e3)
    verdict = verdict_of(station, tmp_path, LeadCheck, **GOOD)
    assert verdict.outcome == FAIL
    assert verdict.numbers["ground_contact"] == pytest.approx(20e3, rel=0.03)
    assert "grounded contact" in verdict.sentence


def test_what_does_not_turn_its_sign_is_no_film(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    station.cryostat.lockin.output_offset = (1e-6, 0.0)
    verdict = verdict_of(station, tmp_path, LeadCheck, **GOOD)
    assert verdict.outcome == FAIL
    assert verdict.numbers["offset"] == pytest.approx(1e-6, rel=0.01)


def test_pickup_that_does_not_know_the_current_is_no_linear_film(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    station.cryostat.lockin.pickup = 0.5e-6 + 0j  # 1.6 % of the film's signal at 1 nA
    verdict = verdict_of(station, tmp_path, LinearityCheck, **GOOD)
    assert verdict.outcome == FAIL
    signal = 1e-9 * float(station.cryostat.sample.resistivity(0.1, 300.0))
    assert verdict.numbers["change"] == pytest.approx(2 * 0.5e-6 / signal / (1 + 0.5e-6 / signal), rel=0.1)


def test_a_bridge_that_warms_its_sensor_is_found_out(simulated, tmp_path):
    station = simulated(text=silent('excitation = "20 uV"  -> excitation = "632 uV" '), sample="S0", seed=4)
    verdict = verdict_of(station, tmp_path, ThermometerCheck, temperature=0.05, field=0.0)
    assert verdict.outcome == FAIL
    channel = station.cryostat.inputs["1"]
    chip = station.cryostat.chip_temperature(station.clock.time())
    ohms = channel.sensor.resistance(chip)
    warm, less = (channel.sensor.heated(chip, (volts / 20e3) ** 2 * ohms) for volts in (632e-6, 200e-6))
    assert verdict.numbers["change"] == pytest.approx(less / warm - 1, rel=0.3)
    assert station.bridge.setup.excitation == pytest.approx(632e-6)


def test_the_smallest_bridge_excitation_leaves_nothing_to_compare_with(simulated, tmp_path):
    station = simulated(text=silent('excitation = "20 uV"  -> excitation = "2 uV" '), sample="S0", seed=4)
    verdict = verdict_of(station, tmp_path, ThermometerCheck, field=0.0, temperature=0.3)
    assert verdict.outcome == CANNOT_SAY
    assert "no smaller excitation" in verdict.sentence


@pytest.mark.parametrize("rho", [1.0, 6e3, 1e6])
def test_the_network_knows_what_a_single_ended_input_sees(rho):
    """Against the nodal equations of the simulator; lines of equal capacitance, as the network takes them."""
    exact = complex(Wiring().solve(np.array([rho]), 1.7, single_ended=True)[0][0])
    known = Network().single_ended(rho, 1.7)
    assert known == pytest.approx(exact, rel=1e-9)
    assert abs(known) > abs(Network().transfer(rho, 1.7))


class LateSwitch(StopSwitch):
    """Thrown as soon as a condition holds."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        super().__init__()
        self.condition = condition

    def thrown(self) -> bool:
        return super().thrown() or self.condition()


@pytest.mark.parametrize("phase", ["field", "temperature", "turned", "single-ended", "bridge", "looks"])
def test_a_stop_in_any_phase_leaves_everything_as_it_should_be(simulated, tmp_path, phase):
    station = simulated(sample="S0", seed=4)
    cryostat, usual = station.cryostat, station.bridge.setup
    conditions = {
        "field": lambda: 0 < cryostat.magnet.after < 20.0,
        "temperature": lambda: cryostat.magnet.after > 29.0 and station.clock.time() > 60.0,
        "turned": lambda: cryostat.lockin.phase == 180.0,
        "single-ended": lambda: cryostat.lockin.single_ended and cryostat.lockin.amplitude > 0.01,
        "bridge": lambda: cryostat.inputs["1"].excitation < 19e-6,
        "looks": lambda: cryostat.lockin.amplitude == pytest.approx(0.334, abs=0.01),
    }
    test = {"bridge": ThermometerCheck, "looks": HeatingCheck}.get(phase, LeadCheck)
    procedure = test(temperature=0.1, field=30.0, excitation="policy")
    result = run_procedure(procedure, station, tmp_path, switch=LateSwitch(conditions[phase]))
    run = read_run(result.folder)
    assert (result.outcome, run.outcome) == ("stopped", "stopped")
    assert result.verdicts == ()
    assert all(item.done for item in result.safe)
    assert cryostat.lockin.amplitude == 0.004
    assert cryostat.loop.range_current == 0.0
    assert station.lockin.phase == 0.0
    assert phase in ("field", "temperature") or station.lockin.input_configuration is InputConfiguration.A_MINUS_B
    assert station.bridge.setup.excitation == usual.excitation


def test_here_means_that_nothing_moves(simulated, tmp_path):
    station = simulated(sample="S0", seed=4)
    field, setpoint = station.magnet.target, station.controller.setpoint
    procedure = ThermometerCheck(where="here", temperature=99.0, field=9999.0)
    procedure.use(station)
    foreseen, began = procedure.plan().seconds, station.clock.time()
    assert run_procedure(procedure, station, tmp_path).outcome == "done"
    assert (station.magnet.target, station.controller.setpoint) == (field, setpoint)
    assert foreseen == pytest.approx(station.clock.time() - began, rel=0.10)


BAD = [
    ({"field": 601.0}, "field: 601 Oe"),
    ({"temperature": 2.0}, "temperature: 2 K is outside the limits"),
    ({"temperature": 0.009}, "temperature: 9 mK is outside the limits"),
    ({"excitation": "fixed", "current": 100.0}, "current: 100 nA is not above zero"),
    ({"excitation": "fixed", "frequency": 0.01}, "frequency: 10 mHz is outside 0.02 to 1000 Hz"),
    ({"look": 0.0}, "look: 0 must be above zero"),
]


@pytest.mark.parametrize(("parameters", "sentence"), BAD, ids=[b[1][:30] for b in BAD])
def test_what_cannot_be_tested_is_refused_before_anything_moves(simulated, tmp_path, parameters, sentence):
    station = simulated(sample="S0", seed=4)
    with pytest.raises(LimitError) as error:
        run_procedure(HeatingCheck(**parameters), station, tmp_path / "runs")
    assert sentence in str(error.value)
    assert not (tmp_path / "runs").exists()
