"""A family in either order: by temperature one cool-down for all fields, by field every other ramp backwards."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures import RTFamily, connect_station, read_run
from coldfinger.procedures.demo import DemoPlan, run_demo
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.reach.setpoints import BY_FIELD, BY_TEMPERATURE, nested
from coldfinger.procedures.runner import StopSwitch

QUIET = {"progress": lambda number: lambda percent, clock: None}
VALUES = st.lists(st.integers(0, 1000), min_size=1, max_size=8, unique=True)


@given(VALUES, VALUES, st.sampled_from([BY_FIELD, BY_TEMPERATURE]), st.booleans())
def test_a_grid_visits_every_pair_once_and_keeps_the_outer_value_as_long_as_it_can(
    temperatures, fields, order, alternate
):
    grid = nested(temperatures, fields, order, alternate)
    assert sorted(grid) == sorted((T, H) for T in temperatures for H in fields)
    outer = [H for _, H in grid] if order == BY_FIELD else [T for T, _ in grid]
    assert sum(a != b for a, b in pairwise(outer)) == len(set(outer)) - 1
    inner = temperatures if order == BY_FIELD else fields
    ways = [grid[i : i + len(inner)] for i in range(0, len(grid), len(inner))]
    for number, way in enumerate(ways):
        seen = [pair[0] if order == BY_FIELD else pair[1] for pair in way]
        assert seen == (inner[::-1] if alternate and number % 2 else inner)


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="order 'diagonal' is not one of by field, by temperature"):
        nested([1.0], [1.0], "diagonal")
    with connect_station("sim") as station, pytest.raises(ValueError, match="is not one of by field, by temperature"):
        RTFamily(station, "0 Oe", order="diagonal")


def test_by_temperature_every_field_has_its_own_file_and_its_true_curve(tmp_path):
    rows_seen: list[tuple[float, float]] = []
    with connect_station("sim", sample="S0", seed=2) as station:
        family = RTFamily(
            station, "30, 60, 100 Oe", order=BY_TEMPERATURE, points=12, excitation="gentle", checks="base"
        )
        plan, began = family.plan(), station.clock.time()
        assert str(plan).startswith("R(T) family of 3 curves, by temperature")
        result = family.run(tmp_path, **QUIET)
        assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)
        for member in result.members:
            assert (member.run.outcome, member.run.rows, member.run.disbelieved) == ("done", 12, 0)
            truth = station.cryostat.sample.truth(member.field_oersted).parameters
            for name, value in truth.items():
                assert abs(member.fit.parameters[name].value - value) < 4 * member.fit.parameters[name].sd
            frame = read_run(member.run.folder).frame
            assert (frame["H_set (Oe)"] == member.field_oersted).all()
            rows_seen += list(zip(frame["time (s)"], frame["H_set (Oe)"], strict=True))
        assert station.cryostat.lockin.amplitude == 0.004
        assert family.fields == pytest.approx((30e-4, 60e-4, 100e-4))
    # In the order of time the fields go round and round: no curve is finished before the last temperature.
    assert [field for _, field in sorted(rows_seen)] == [30.0, 60.0, 100.0] * 12
    manifest = json.loads(result.manifest.read_text())
    assert manifest["order"] == BY_TEMPERATURE
    for run in manifest["runs"]:
        stored = read_run(tmp_path / run["folder"])
        assert stored.header["order"] == BY_TEMPERATURE
        assert stored.parameters["field"] == run["field_Oe"]
        assert stored.end["data"]["rows"] == run["rows"] == 12
        assert [check["name"] for check in run["checks"]] == [check["name"] for check in stored.end["data"]["checks"]]
        assert {check["verdict"] for check in run["checks"]} <= {"pass", "fail", "cannot say"}
        assert all(check["sentence"] for check in run["checks"])
        assert len(run["checks"]) == 5
    table = result.table()
    assert table["checks"].str.startswith("heating ").all()


def test_by_temperature_a_demagnetised_magnet_gives_the_same_field_at_every_temperature(tmp_path):
    """A peak of 300 Oe would leave 1.5 Oe behind."""
    with connect_station("sim", sample="S1", seed=2) as station:
        magnet, trapped = station.cryostat.magnet, []
        family = RTFamily(
            station, "30, 300 Oe", order=BY_TEMPERATURE, pacing="listed points", temperatures="0.7, 0.5 K"
        )
        family.run(
            tmp_path, progress=lambda number: lambda p, c: trapped.append(magnet.sample_after - magnet.after - 0.5)
        )
    assert len(trapped) >= 4
    assert max(map(abs, trapped)) < 0.05


def test_by_temperature_a_stop_ends_every_run_with_what_it_has(tmp_path):
    switch, calls = StopSwitch(), []

    def progress(number):
        def report(percent, clock):
            calls.append(percent)
            if percent >= 50.0:
                switch.throw()

        return report

    with connect_station("sim", sample="S0", seed=2) as station:
        family = RTFamily(
            station, "0, 10 Oe", order=BY_TEMPERATURE, pacing="listed points", temperatures="0.7, 0.6, 0.5 K"
        )
        result = family.run(tmp_path, switch=switch, progress=progress)
        assert station.cryostat.loop.range_current == 0.0
        assert station.cryostat.lockin.amplitude == 0.004
    assert [(m.run.outcome, m.run.rows) for m in result.members] == [("stopped", 2), ("stopped", 1)]
    for member in result.members:
        assert read_run(member.run.folder).outcome == "stopped"
        assert member.no_fit


def test_a_grid_that_cannot_be_begun_leaves_the_station_safe(tmp_path):
    with connect_station("sim", sample="S0") as station:
        station.source.current = 1e-9
        family = RTFamily(station, "0, 10 Oe", order=BY_TEMPERATURE, points=3)
        (tmp_path / "file").write_text("")
        with pytest.raises(Exception, match="cannot be made"):
            family.run(tmp_path / "file", **QUIET)
        assert station.cryostat.lockin.amplitude == 0.004


@pytest.mark.parametrize(
    ("parameters", "error", "sentence"),
    [
        ({"pacing": "lag-limited"}, LimitError, "every field is measured at the same one; choose linear points"),
        ({"persistent": True}, LimitError, "persistent: in the order by temperature the field changes"),
        ({"alternate": True}, ValueError, "approached from above holds the magnet's trapped flux"),
        ({"stop": 0.001}, LimitError, "stop: 1 mK is outside the limits"),
    ],
)
def test_a_grid_that_cannot_be_measured_is_refused_when_it_is_made(parameters, error, sentence):
    with connect_station("sim") as station, pytest.raises(error, match=sentence):
        RTFamily(station, "0, 30 Oe", order=BY_TEMPERATURE, **parameters)


def test_alternating_ramps_go_down_and_up_and_give_the_true_curves(tmp_path):
    with connect_station("sim", sample="S1", seed=2) as station:
        family = RTFamily(station, "30, 100, 300 Oe", alternate=True, points=25, excitation="gentle", start=0.6)
        plan, began = family.plan(), station.clock.time()
        result = family.run(tmp_path, **QUIET)
        assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)
        for member in result.members:
            truth = station.cryostat.sample.truth(member.field_oersted).parameters
            for name, value in truth.items():
                assert abs(member.fit.parameters[name].value - value) < 5 * member.fit.parameters[name].sd
    ways = [member.frame["T_set (K)"].diff().sum() < 0 for member in result.members]
    assert ways == [True, False, True]
    assert json.loads(result.manifest.read_text())["order"] == BY_FIELD


def test_an_alternating_list_is_turned_round():
    with connect_station("sim") as station:
        family = RTFamily(
            station, "0, 10 Oe", alternate=True, pacing="listed points", temperatures="0.3, 0.2 K, 100 mK"
        )
    first, second = family.procedures
    assert second.set_temperatures() == first.set_temperatures()[::-1]


def test_the_json_of_the_demonstration_holds_the_verdicts(tmp_path):
    ramp = {"checks": "base", "points": 5, "start": 0.6, "stop": 0.4, "excitation": "gentle"}
    plan = DemoPlan("S1", 1, (100e-4,), ramp, tmp_path / "runs", tmp_path / "demo.json")
    run_demo(plan, switch=StopSwitch(), **QUIET)
    checks = json.loads((tmp_path / "demo.json").read_text())["runs"][0]["checks"]
    assert [check["name"] for check in checks] == ["heating", "linearity", "frequency", "leads", "thermometer"]
    assert all(check["verdict"] in ("pass", "fail", "cannot say") and check["sentence"] for check in checks)
