"""Pause, resume, stop, skip and abort in every phase of every procedure: in place, at once, and safe."""

import threading

import numpy as np
import pytest

from coldfinger.procedures.control import AttendedClock, RunControl, Stopped
from coldfinger.procedures.didv import DifferentialResistance
from coldfinger.procedures.failures import Interlocked, ProcedureFailure
from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.magnetoresistance import LowFieldMagnetoresistance
from coldfinger.procedures.runner import carry_out, run_procedure
from coldfinger.procedures.sweep_leg import LAG_COLUMN
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.procedures.zero_field import ZeroField
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.runfiles.reader import read_run

KINDS = {
    "ramp": lambda: TemperatureRamp(start=0.7, stop=0.5, points=6, final_points=1, field=20.0),
    "points": lambda: TemperatureRamp(pacing="listed points", temperatures="0.7, 0.5 K", field=20.0),
    "moving": lambda: FieldSweep(temperature=0.3, points="10, 40, 10 Oe", step=0.5),
    "stepped": lambda: FieldSweep(temperature=0.3, points="10, 30 Oe", step=10.0, mode="stepped"),
    "pairs": lambda: LowFieldMagnetoresistance(temperature=0.3, span=5.0, pairs=1, step=0.5, resolution=1.0),
    "bias": lambda: DifferentialResistance(
        temperature=0.3, field=20.0, largest=40.0, finest=20.0, points=2, point_time=4
    ),
}
PHASES = [
    *[(kind, phase) for kind in ("ramp", "points", "stepped", "bias") for phase in ("reach_field", "take_row")],
    *[(kind, "start_excitation") for kind in KINDS],
    *[(kind, "reach_temperature") for kind in KINDS],
    *[(kind, "sweep_to") for kind in ("moving", "pairs")],
    ("ramp", "_wait_for"),
    ("bias", "_settle"),
]


class Hand:
    """Gives a command the first time a phase is on, after some calls of the clock, and notes when."""

    def __init__(self, station, control, command, after=3):
        self.station, self.control, self.command, self.after = station, control, command, after
        self.calls, self.given, self.on = 0, None, False

    def watch_phase(self, procedure, phase):
        original = getattr(procedure, phase)

        def watched(*arguments, **named):
            self.on = True
            return original(*arguments, **named)

        setattr(procedure, phase, watched)

    def attend(self):
        self.calls += self.on and self.given is None
        if self.given is None and self.calls >= self.after:
            self.given = self.station.clock.time()
            self.command(self.control)


class Nurse(Hand):
    """Pauses, looks at the station a while, and resumes."""

    def __init__(self, station, control, seconds):
        super().__init__(station, control, lambda control: control.pause())
        self.seconds, self.paused_at, self.seen = seconds, None, []

    def attend(self):
        super().attend()
        if self.control.paused:
            now = self.station.clock.time()
            self.paused_at = self.paused_at or now
            if now - self.paused_at >= 20.0 * len(self.seen):
                magnet, setpoint = self.station.magnet, self.station.controller.setpoint
                self.seen.append((magnet.field, setpoint, self.station.bias.current, self.station.source.voltage))
            if now - self.paused_at >= self.seconds:
                self.control.resume()


def test_the_orders_of_a_control():
    control = RunControl()
    assert (control.state, control.order, control.thrown()) == ("running", None, False)
    control.pause(5.0)
    first = control.order
    control.pause(5.0)
    assert (control.state, control.order is first) == ("pausing", False)
    control.resume()
    assert control.state == "running"
    control.skip()
    assert (control.state, control.reason, control.thrown(), control.skipped) == (
        "stopping",
        "skipped by the user",
        True,
        True,
    )
    control.abort()
    control.resume()
    assert (control.state, control.reason) == ("aborting", "aborted")
    stopped = RunControl()
    stopped.throw()
    stopped.skip()
    assert stopped.reason == "stopped by the user"


class Slept:
    def __init__(self):
        self.now, self.slices = 3.7, []

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.slices.append(seconds)
        self.now += max(seconds, 0.0)


@pytest.mark.parametrize("seconds", [0.25, 1.0, 30.0, 77.77, -1.0])
def test_a_sleep_in_slices_ends_at_the_same_instant(seconds):
    whole, cut = Slept(), Slept()
    whole.sleep(seconds)
    looks = [cut.now]
    AttendedClock(cut, RunControl(), lambda: looks.append(cut.now)).sleep(seconds)
    assert cut.now == whole.now
    assert max(cut.slices) <= 0.5
    assert np.max(np.diff(looks)) <= 0.5 + 1e-9


def test_an_abort_from_another_thread_ends_a_sleep():
    control, inner = RunControl(), Slept()

    def attend():
        if inner.now > 10.0 and not control.aborted:
            other = threading.Thread(target=control.abort)
            other.start()
            other.join()

    with pytest.raises(Stopped, match="aborted"):
        AttendedClock(inner, control, attend).sleep(3600.0)
    assert inner.now <= 11.0


@pytest.mark.parametrize(("kind", "phase"), PHASES)
def test_a_pause_holds_every_set_point_and_goes_on_in_place(simulated, tmp_path, kind, phase):
    station, control = simulated(sample="S0", seed=3), RunControl()
    nurse, procedure = Nurse(station, control, 300.0), KINDS[kind]()
    nurse.watch_phase(procedure, phase)
    result = run_procedure(procedure, station, tmp_path, control=control, attend=nurse.attend)
    run = read_run(result.folder)
    assert (result.outcome, result.reason) == ("done", "")
    assert [mark.kind for mark in run.marks if mark.kind in ("paused", "resumed")] == ["paused", "resumed"]
    passed = next(mark for mark in run.marks if mark.kind == "resumed").data["seconds"]
    assert passed == pytest.approx(300.0, abs=1.0)
    if phase in ("reach_field", "reach_temperature", "_wait_for"):
        assert nurse.paused_at - nurse.given <= 1.0
    fields, setpoints, biases, voltages = (np.ptp(column) for column in np.transpose(nurse.seen[1:]))
    assert (setpoints, biases, voltages) == (0.0, 0.0, 0.0)
    assert fields < 2e-6  # T; the supply's own last digit
    flags = run.frame["flags"].to_numpy(dtype=int)
    assert np.count_nonzero(flags & int(Quality.SEAM)) == 1
    assert not (flags & int(DISBELIEVED)).any()
    whole = read_run(run_procedure(KINDS[kind](), simulated(sample="S0", seed=3), tmp_path).folder).frame
    if "leg" in whole:
        assert set(run.frame["leg"]) == set(whole["leg"])
        assert len(run.frame) == pytest.approx(len(whole), abs=4)
    else:
        assert len(run.frame) == len(whole)
        np.testing.assert_allclose(run.frame["T_set (K)"], whole["T_set (K)"], rtol=2e-3)


def test_the_lag_is_right_behind_a_pause(simulated, tmp_path):
    station, control = simulated(sample="S0", seed=3), RunControl()
    nurse, procedure = Nurse(station, control, 100.0), FieldSweep(temperature=0.3, start=20.0, stop=60.0, step=0.2)
    nurse.after = 60
    nurse.watch_phase(procedure, "sweep_to")
    frame = read_run(run_procedure(procedure, station, tmp_path, control=control, attend=nurse.attend).folder).frame
    seam = int(np.flatnonzero(frame["flags"].to_numpy(dtype=int) & int(Quality.SEAM))[0])
    assert 5 < seam < len(frame) - 5
    lag = (frame["H (Oe)"] - frame[LAG_COLUMN]).to_numpy()
    assert lag[seam] < 0.5 * lag[seam - 2]
    assert np.abs(lag[seam + 8 : -20] - lag[seam - 2]).max() < 0.05
    assert np.diff(frame["H (Oe)"]).max() < 1.0


@pytest.mark.parametrize(("kind", "phase"), [*PHASES, ("zero", "sweep_to"), ("zero", "reach_field")])
def test_an_abort_is_obeyed_within_a_second_and_everything_is_safe(simulated, tmp_path, kind, phase):
    station, control = simulated(sample="S0", seed=3), RunControl()
    hand = Hand(station, control, lambda control: control.abort())
    procedure = ZeroField(temperature=0.3) if kind == "zero" else KINDS[kind]()
    hand.watch_phase(procedure, phase)
    acted = []
    to_safe = station.to_safe
    station.to_safe = lambda: acted.append(station.clock.time()) or to_safe()
    result = run_procedure(procedure, station, tmp_path, control=control, attend=hand.attend)
    assert (result.outcome, result.reason) == ("stopped", "aborted")
    assert acted[0] - hand.given <= 1.0
    assert all(item.done for item in result.safe)
    assert len(read_run(result.folder).frame) == result.rows
    station.cryostat.advance(station.clock.time() + 10.0)
    assert station.cryostat.lockin.amplitude == 0.004
    assert station.cryostat.loop.range_current == 0.0
    assert station.cryostat.magnet.sweep_rate == 0.0
    assert station.bias.current == 0.0


@pytest.mark.parametrize(("verb", "reason"), [("stop", "stopped by the user"), ("skip", "skipped by the user")])
def test_a_stop_or_skip_during_a_pause_ends_it(simulated, tmp_path, verb, reason):
    station, control = simulated(sample="S0", seed=3), RunControl()

    def attend():
        if station.clock.time() > 60.0 and control.order is None:
            control.pause()
        if control.paused and station.clock.time() > 200.0:
            getattr(control, verb)()

    result = run_procedure(KINDS["ramp"](), station, tmp_path, control=control, attend=attend)
    assert (result.outcome, result.reason) == ("stopped", reason)
    assert station.clock.time() < 205.0
    assert not control.paused


def test_a_pause_that_is_never_ended_ends_the_run_safely(simulated, tmp_path):
    station, control = simulated(sample="S0", seed=3), RunControl()
    control.pause(600.0)
    result = run_procedure(KINDS["moving"](), station, tmp_path, control=control)
    assert result.outcome == "stopped"
    assert result.reason == "the pause lasted longer than 10 min 0 s, as long as it was given; the run can be continued"
    assert station.clock.time() == pytest.approx(600.0, abs=5.0)
    assert all(item.done for item in result.safe)
    assert read_run(result.folder).reason == result.reason


def test_a_pause_can_be_given_more_time(simulated, tmp_path):
    station, control = simulated(sample="S0", seed=3), RunControl()
    control.pause(600.0)
    given = []

    def attend():
        if station.clock.time() > 500.0 and not given:
            given.append(control.pause(2000.0))

    run_procedure(KINDS["moving"](), station, tmp_path, control=control, attend=attend)
    assert station.clock.time() == pytest.approx(2500.0, abs=5.0)


def test_what_attends_may_end_the_run(simulated, tmp_path):
    station = simulated(sample="S0", seed=3)

    def attend():
        if station.clock.time() > 30.0:
            raise Interlocked("the compressor is off; the run is over")

    result = run_procedure(KINDS["ramp"](), station, tmp_path, attend=attend)
    assert (result.outcome, result.reason) == ("failed", "the compressor is off; the run is over")
    assert result.stops_queue
    assert not ProcedureFailure.stops_queue
    assert station.clock.time() < 32.0
    assert all(item.done for item in result.safe)


def test_somebody_comes_by_at_least_once_a_second(simulated, tmp_path):
    station, looks = simulated(sample="S0", seed=3), []
    run_procedure(KINDS["bias"](), station, tmp_path, attend=lambda: looks.append(station.clock.time()))
    assert np.max(np.diff(looks)) <= 1.0  # half a second of sleep and a row of messages


def test_what_takes_no_rows_is_carried_out_without_a_file(simulated):
    station, heard = simulated(sample="S0", seed=3), []
    procedure = TemperatureRamp(field=50.0)
    procedure.use(station)
    procedure.take_data = lambda: procedure.reach_field(50e-4)
    clock = station.clock
    ending = carry_out(procedure, RunControl(), lambda: None, lambda topic, record: heard.append((topic, record)))
    assert ending == ("done", "", False)
    assert ("setpoint", ("field", 50e-4, "T")) in heard
    assert station.clock is clock
