"""Persistent mode from end to end, against what the simulated coil, supply and switch really do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from coldfinger.instruments.errors import MagnetError
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.adaptive import AdaptiveRamp
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.reach.persistent import PersistentMode
from coldfinger.procedures.rt_family import RTFamily
from coldfinger.procedures.runner import RunResult, StopSwitch, run_procedure
from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.reader import read_run

BUILT_IN = read_station_file().text
SWITCHED = BUILT_IN.replace("persistent_switch = false", "persistent_switch = true").replace(
    'switch_cool_time = "120 s"', 'switch_cool_time = "60 s"'
)
SHORT = {"excitation": "gentle", "pacing": "listed points", "temperatures": "0.5, 0.3 K", "field": 300.0}
POINTS = {"excitation": "gentle", "pacing": "log points", "points": 10, "stop": 0.1}
STEPS = {"start": 0.0, "mode": "stepped", "temperature": 0.5}


@pytest.fixture
def switched(simulated: Callable[..., Station]) -> Callable[..., Station]:
    def make(text: str = SWITCHED, **overrides: object) -> Station:
        return simulated(text=text, **{"sample": "S0", "seed": 3, **overrides})

    return make


def ramp(station: Station, folder: Path, switch: StopSwitch | None = None, **parameters: object) -> RunResult:
    wish = {**SHORT, "persistent": True, **parameters}
    return run_procedure(TemperatureRamp(**wish), station, folder, switch=switch)


def log_truth(station: Station) -> list[tuple[float, float, float, bool, bool]]:
    """(supply, coil, sample field, switch open, heater on) of every tick from now on, in Oe."""
    magnet, seen = station.cryostat.magnet, []
    original = magnet.step

    def step(time: float) -> float:
        heat = original(time)
        seen.append((magnet.after, magnet.coil, magnet.sample_after, magnet.switch_open, magnet.heater_on))
        return heat

    magnet.step = step
    return seen


def test_the_field_at_the_sample_is_constant_to_the_last_bit_while_the_leads_are_at_zero(switched, tmp_path):
    station = switched()
    seen = log_truth(station)
    result = ramp(station, tmp_path)
    run = read_run(result.folder)
    assert (result.outcome, result.rows, result.disbelieved) == ("done", 2, 0)
    magnet = station.cryostat.magnet
    at_zero = [tick for tick in seen if tick[0] == 0.0 and tick[1] != 0.0]
    assert len(at_zero) * 0.25 > run.frame["time (s)"].iloc[-1] - run.frame["time (s)"].iloc[0]
    assert {tick[1:] for tick in at_zero} == {(magnet.coil, magnet.sample_after, False, False)}
    assert magnet.coil == pytest.approx(299.5, abs=0.011)
    np.testing.assert_allclose(run.frame["H (Oe)"], 300.0, atol=0.02)
    assert (magnet.quenched, magnet.released, magnet.after) == (False, 0.0, 0.0)
    assert [mark.text for mark in run.marks if mark.kind in ("persistent switch", "leads")] == [
        "heating at 0.5 Oe",
        "cooling at 300 Oe",
        "to zero; the coil keeps 300 Oe",
    ]
    assert {item.item: (item.done, item.detail) for item in result.safe}["magnet"] == (
        True,
        "at zero; the coil keeps 0.02995 T behind its cold persistent switch",
    )


def test_rho_is_that_of_a_driven_magnet(switched, tmp_path, simulated):
    frames = []
    for station, persistent in ((switched(), True), (simulated(sample="S0", seed=3), False)):
        result = ramp(station, tmp_path, persistent=persistent)
        frames.append(read_run(result.folder).frame)
        sample = station.cryostat.sample
        rows = frames[-1]
        true = sample.resistivity(rows["T_sample (K)"].to_numpy(), station.cryostat.magnet.sample_after)
        np.testing.assert_allclose(rows["rho (ohm)"], true, rtol=0.02)
    np.testing.assert_allclose(frames[0]["rho (ohm)"], frames[1]["rho (ohm)"], rtol=0.02)  # T differs by noise


def test_the_leads_may_stay_at_the_field(switched, tmp_path):
    station = switched()
    assert ramp(station, tmp_path, leads_to_zero=False).outcome == "done"
    magnet = station.cryostat.magnet
    assert magnet.after == magnet.coil == pytest.approx(299.5, abs=0.011)
    assert (magnet.switch_open, magnet.heater_on) == (False, False)


def test_a_second_run_at_the_same_field_moves_nothing_and_one_at_another_matches_before_it_heats(switched, tmp_path):
    station = switched()
    ramp(station, tmp_path)
    seen = log_truth(station)
    assert ramp(station, tmp_path).outcome == "done"
    assert len({tick[:4] for tick in seen}) == 1
    seen.clear()
    assert ramp(station, tmp_path, field=100.0).outcome == "done"
    opening = next(i for i, tick in enumerate(seen) if tick[3])
    heating = next(i for i, tick in enumerate(seen) if tick[4])
    assert {tick[:2] for tick in seen[heating : opening + 1]} == {(seen[0][1], seen[0][1])}
    magnet = station.cryostat.magnet
    assert (magnet.released, magnet.after, magnet.coil) == (0.0, 0.0, pytest.approx(99.5, abs=0.011))


def test_a_family_of_persistent_ramps_heats_only_with_equal_currents(switched, tmp_path):
    station = switched()
    seen = log_truth(station)
    family = RTFamily(station, "50, 100 Oe", persistent=True, **POINTS)
    predicted, began = family.plan().seconds, station.clock.time()
    result = family.run(tmp_path, progress=lambda number: lambda percent, time: None)
    assert [member.run.outcome for member in result.members] == ["done", "done"]
    assert station.cryostat.magnet.released == 0.0
    assert all(tick[0] == tick[1] for tick in seen if tick[3])
    assert predicted == pytest.approx(station.clock.time() - began, rel=0.10)


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        (TemperatureRamp, {**POINTS, "field": 300.0}),
        (TemperatureRamp, {**POINTS, "field": 30.0, "leads_to_zero": False}),
        (FieldSweep, {**STEPS, "stop": 100.0, "step": 50.0}),
        (FieldSweep, {**STEPS, "stop": 60.0, "step": 20.0, "leads_to_zero": False}),
    ],
    ids=["ramp", "ramp, leads stay", "sweep", "sweep, leads stay"],
)
def test_planned_and_virtual_duration_agree_within_ten_percent(switched, tmp_path, kind, wish):
    station = switched()
    for _ in range(2):  # the second begins in persistent mode
        procedure = kind(**wish, persistent=True)
        procedure.use(station)
        plan, began = procedure.plan(), station.clock.time()
        assert run_procedure(procedure, station, tmp_path).outcome == "done"
        assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)


def test_an_adaptive_ramp_can_be_persistent(switched, tmp_path):
    station = switched()
    procedure = AdaptiveRamp(
        field=100.0, start=0.7, stop=0.2, base_target=0.1, energy_target=0.1, persistent=True, budget=2.0
    )
    result = run_procedure(procedure, station, tmp_path)
    assert result.outcome == "done"
    assert (station.cryostat.magnet.after, station.cryostat.magnet.coil) == (0.0, pytest.approx(99.5, abs=0.011))
    assert procedure.plan().stages[0].what == "persistent at 100 Oe"


def test_a_stepped_sweep_is_persistent_at_every_row(switched, tmp_path):
    station = switched()
    seen = log_truth(station)
    result = run_procedure(FieldSweep(**STEPS, stop=60.0, step=30.0, persistent=True), station, tmp_path)
    frame = read_run(result.folder).frame
    assert (result.outcome, result.disbelieved) == ("done", 0)
    np.testing.assert_allclose(frame["H (Oe)"], [0.0, 30.0, 60.0], atol=0.02)
    coils = {tick[1] for tick in seen if tick[0] == 0.0 and not tick[3]}
    assert {round(coil, 1) for coil in coils} >= {-0.5, 29.5, 59.5}
    assert station.cryostat.magnet.released == 0.0


# Refusals


@pytest.mark.parametrize("procedure", [TemperatureRamp, AdaptiveRamp])
def test_a_station_without_a_switch_refuses_before_anything_moves(simulated, tmp_path, procedure):
    station = simulated()
    with pytest.raises(LimitError) as caught:
        run_procedure(procedure(persistent=True), station, tmp_path)
    assert str(caught.value) == (
        "persistent: built-in station sim has no persistent switch; write persistent_switch = true into its [magnet] "
        "if there is one, or choose persistent = false"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_continuous_sweep_cannot_be_persistent(switched, tmp_path):
    with pytest.raises(LimitError) as caught:
        run_procedure(FieldSweep(persistent=True), switched(), tmp_path)
    assert str(caught.value) == (
        "persistent: a field that is swept cannot be persistent, because the coil follows the supply only while the "
        'switch is warm; choose mode = "stepped", or persistent = false'
    )


def test_a_driven_run_does_not_touch_the_heater_and_says_what_to_do(switched, tmp_path):
    station = switched()
    ramp(station, tmp_path)
    target, seen = station.magnet.target, log_truth(station)
    result = ramp(station, tmp_path, persistent=False, field=100.0)
    assert (result.outcome, result.rows) == ("failed", 0)
    assert result.reason == (
        "the coil keeps 300 Oe behind a cold persistent switch and would not follow to 100 Oe; leave persistent mode "
        "first, or run with persistent = true"
    )
    assert station.magnet.target == target
    assert len({tick[:5] for tick in seen}) <= 1
    PersistentMode(station).leave()
    assert ramp(station, tmp_path, persistent=False, field=100.0).outcome == "done"
    assert station.cryostat.magnet.coil == pytest.approx(99.5, abs=0.011)


def test_heating_with_unequal_currents_is_refused_before_anything_moves(switched):
    station = switched()
    mode = PersistentMode(station)
    mode.leave()
    to_field(station, 0.02)
    mode.enter()
    seen = log_truth(station)
    with pytest.raises(MagnetError, match=r"the supply is at 0 A and the magnet at 9\.97\d* A, and it would quench"):
        station.magnet.heat_switch()
    station.clock.sleep(60.0)
    _ = station.magnet.state
    assert len(set(seen)) == 1
    assert not station.cryostat.magnet.quenched


def test_a_raw_command_does_quench_it_and_a_run_ends_with_that(switched, tmp_path):
    station = switched()
    mode = PersistentMode(station)
    mode.leave()
    to_field(station, 0.02)
    mode.enter()
    station.magnet.write("PS 1")
    with pytest.raises(ProcedureFailure, match="has quenched"):
        mode.leave()
    magnet = station.cryostat.magnet
    amperes = (200.0 - 0.5) / 20.0
    assert (magnet.quenched, magnet.coil) == (True, 0.0)
    assert magnet.released == pytest.approx(0.25 * amperes**2, rel=1e-3)
    result = ramp(station, tmp_path)
    assert result.outcome == "failed"
    assert "quenched" in result.reason
    assert {item.item: item.detail for item in result.safe}["magnet"] == "quenched: left alone"


def to_field(station: Station, field: float) -> None:
    station.go_to_field(field)
    station.clock.sleep(200.0)
    assert station.magnet.state is RampState.HOLDING


# Stops: (what goes on when the user stops, what stands still then)

PHASES = {
    "heating at the start": lambda m: m.heater_on and not m.switch_open and m.coil == 0.0,
    "cooling": lambda m: not m.heater_on and m.switch_open,
    "leads to zero": lambda m: not m.switch_open and not m.heater_on and 0.0 < m.after < m.coil,
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("safe", ["hold", "zero"])
def test_a_stop_in_any_phase_leaves_the_heater_alone_and_the_next_run_takes_up_the_thread(
    switched, tmp_path, phase, safe
):
    text = SWITCHED.replace('magnet = "hold"', f'magnet = "{safe}"')
    # Leads that move slowly can be stopped on their way.
    station, switch = switched(text=text), StopSwitch()
    station.magnet.tell("CONF:PS:PSRR 0.5")
    magnet = station.cryostat.magnet
    before: list[bool] = []
    original = station.clock.sleep

    def sleep(seconds: float) -> None:
        original(seconds)
        if not switch.thrown() and PHASES[phase](magnet):
            before.append(magnet.heater_on)
            switch.throw()

    station.clock.sleep = sleep
    heaters = log_truth(station)
    result = ramp(station, tmp_path, switch)
    heaters_after = [tick[4] for tick in heaters]
    station.clock.sleep = original
    assert (result.outcome, result.rows) == ("stopped", 0)
    assert magnet.heater_on == before[0] == heaters_after[-1]
    station.clock.sleep(200.0)
    _ = station.magnet.state
    assert not magnet.quenched
    assert magnet.released == 0.0
    station.magnet.tell("CONF:PS:PSRR 10")
    result = ramp(station, tmp_path)
    assert (result.outcome, result.disbelieved) == ("done", 0)
    assert magnet.released == 0.0
    assert (magnet.after, magnet.coil) == (0.0, pytest.approx(299.5, abs=0.011))


def test_a_stop_while_the_leads_go_back_to_the_coil_leaves_a_cold_switch(switched, tmp_path):
    station, switch = switched(), StopSwitch()
    ramp(station, tmp_path)
    station.magnet.tell("CONF:PS:PSRR 0.5")
    magnet, original = station.cryostat.magnet, station.clock.sleep

    def sleep(seconds: float) -> None:
        original(seconds)
        if magnet.after > 50.0:
            switch.throw()

    station.clock.sleep = sleep
    result = ramp(station, tmp_path, switch, field=100.0)
    station.clock.sleep = original
    assert result.outcome == "stopped"
    assert (magnet.heater_on, magnet.switch_open) == (False, False)
    with pytest.raises(MagnetError, match="it would quench"):
        station.magnet.heat_switch()
    assert ramp(station, tmp_path, field=100.0).outcome == "done"
    assert magnet.released == 0.0


@pytest.mark.parametrize(
    "phase",
    [
        lambda m: m.after > 50.0 and not m.heater_on,  # leads on their way to the coil
        lambda m: m.heater_on and not m.switch_open,
    ],
    ids=["leads", "heating"],
)
def test_a_pause_on_the_way_out_of_persistent_mode_is_taken_up_again(switched, tmp_path, phase):
    station, switch = switched(), StopSwitch()
    ramp(station, tmp_path)
    station.magnet.tell("CONF:PS:PSRR 0.5")
    magnet, original, paused = station.cryostat.magnet, station.clock.sleep, []

    def sleep(seconds: float) -> None:
        original(seconds)
        if not paused and phase(magnet):
            switch.pause()
            paused.append(station.clock.time())
        elif paused and station.clock.time() - paused[0] > 300.0:
            switch.resume()

    station.clock.sleep = sleep
    result = ramp(station, tmp_path, switch, field=100.0)
    assert (result.outcome, result.reason, result.rows) == ("done", "", 2)
    kinds = [mark.kind for mark in read_run(result.folder).marks]
    assert "resumed" in kinds
    assert (magnet.released, magnet.after, magnet.coil) == (0.0, 0.0, pytest.approx(99.5, abs=0.011))


def test_a_safe_state_of_zero_says_that_a_persistent_field_stays(switched, tmp_path):
    station = switched(text=SWITCHED.replace('magnet = "hold"', 'magnet = "zero"'))
    result = ramp(station, tmp_path)
    report = {item.item: item for item in result.safe}["magnet"]
    assert station.cryostat.magnet.coil == pytest.approx(299.5, abs=0.011)
    assert not report.done
    assert report.detail.endswith(
        "the supply is at zero, but the coil keeps 0.02995 T behind its cold persistent switch, which only a "
        "person may heat; leave persistent mode by hand"
    )


# Station file


def test_switch_and_supply_must_agree(simulated):
    station = simulated(text=SWITCHED, connect=False)
    station.magnet.write("CONF:PS:CTIME 300")
    with pytest.raises(StationFileError) as caught:
        station.connect()
    assert str(caught.value) == (
        "test.toml: magnet.switch_cool_time is 60 s, but the supply takes 300 s; make them equal, here or at the "
        "supply's front panel"
    )
    station.magnet.write("CONF:PS 0")
    with pytest.raises(StationFileError) as caught:
        station.connect()
    assert str(caught.value) == (
        "test.toml: magnet.persistent_switch = true, but the supply knows of no switch; install it at the supply's "
        "front panel, or write false"
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "persistent_switch = true",
            'persistent_switch = "yes"',
            "magnet.persistent_switch = 'yes' must be true or false",
        ),
        (
            'switch_heat_time = "20 s"',
            'switch_heat_time = "3 s"',
            "magnet.switch_heat_time = '3 s' is out of range; allowed is 5 to 120 s",
        ),
        (
            'switch_cool_time = "60 s"',
            'switch_cool_time = "2 h"',
            "magnet.switch_cool_time = '2 h' is out of range; allowed is 5 to 3600 s",
        ),
    ],
)
def test_mistakes_about_the_switch_have_their_sentences(old, new, sentence):
    with pytest.raises(StationFileError) as caught:
        check_station_text(SWITCHED.replace(old, new), "x.toml")
    assert sentence in str(caught.value)


def test_a_wait_that_never_ends_is_given_up_and_the_heater_stays_as_it_is(switched):
    station = switched()
    panel = next(p for p in station.rack.devices.values() if type(p).__name__ == "AMI430")

    def pause(seconds: float) -> None:
        station.clock.sleep(seconds)
        panel._switch_ready = station.clock.time() + 100.0

    with pytest.raises(ProcedureFailure) as caught:
        PersistentMode(station, pause).leave()
    assert str(caught.value) == (
        "the persistent switch did not become warm within 90 s; the supply is heating switch, and the heater of the "
        "switch is left as it is"
    )
    assert station.magnet.switch_heated
