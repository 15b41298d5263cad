"""The script face: a family in ten lines, planned before it moves, with its manifest."""

import json
import runpy
from pathlib import Path

import pytest

from coldfinger.procedures import RTFamily, connect_station, read_run
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.station_file import StationFileError
from coldfinger.procedures.runner import StopSwitch

QUIET = {"progress": lambda number: lambda percent, clock: None}


def test_a_family_from_a_script_is_planned_measured_and_listed(tmp_path):
    with connect_station("sim", sample="S1", seed=2) as station:
        family = RTFamily(station, "100, 30 Oe", points=25, excitation="gentle")
        plan, began = family.plan(), station.clock.time()
        assert [stage.what for stage in plan.stages] == ["R(T) at 30 Oe", "R(T) at 100 Oe"]
        result = family.run(tmp_path, **QUIET)
        assert plan.seconds == pytest.approx(station.clock.time() - began, rel=0.10)
        for member in result.members:
            truth = station.cryostat.sample.truth(member.field_oersted).parameters
            for name, value in truth.items():
                assert abs(member.fit.parameters[name].value - value) < 5 * member.fit.parameters[name].sd
    table = result.table()
    assert list(table["field_Oe"]) == [30.0, 100.0]
    assert list(table["label"]) == ["failed superconductor"] * 2
    assert (table["rho_QF_sd"] > 0).all()
    manifest = json.loads(result.manifest.read_text())
    assert [run["field_Oe"] for run in manifest["runs"]] == [30.0, 100.0]
    for run in manifest["runs"]:
        assert len(read_run(tmp_path / run["folder"]).frame) == run["rows"] == run["believed"]


def test_a_stop_ends_the_family_and_the_manifest_says_so(tmp_path):
    switch = StopSwitch()
    with connect_station("sim", sample="S0") as station:
        family = RTFamily(station, "0, 30, 100 Oe", points=20, excitation="gentle")

        def progress(number):
            return lambda percent, clock: switch.throw() if number == 1 else None

        result = family.run(tmp_path, switch=switch, progress=progress)
        assert [member.run.outcome for member in result.members] == ["done", "stopped"]
        assert station.cryostat.loop.range_current == 0.0
        assert station.cryostat.lockin.amplitude == 0.004
    manifest = json.loads(result.manifest.read_text())
    assert manifest["wanted"] == [0.0, 30.0, 100.0]
    assert [run["outcome"] for run in manifest["runs"]] == ["done", "stopped"]


def test_a_run_that_cannot_be_begun_leaves_the_station_safe(tmp_path):
    with connect_station("sim", sample="S0") as station:
        station.source.current = 1e-9
        family = RTFamily(station, "30 Oe", points=5)
        (tmp_path / "file").write_text("")
        with pytest.raises(Exception, match="cannot be made"):
            family.run(tmp_path / "file", **QUIET)
        assert station.cryostat.lockin.amplitude == 0.004


@pytest.mark.parametrize(
    ("fields", "parameters", "error", "sentence"),
    [
        ("0, 700 Oe", {}, LimitError, "700 Oe"),
        ("0, 30", {}, ValueError, "no unit"),
        ("0 Oe", {"stopp": 0.1}, ValueError, "stopp: not a parameter of the curves"),
        ("0 Oe", {"field": 0.1}, ValueError, "field: not a parameter of the curves"),
        ("0 Oe", {"stop": 0.001}, LimitError, "stop: 1 mK is outside the limits"),
    ],
)
def test_a_family_that_cannot_be_run_is_refused_when_it_is_made(fields, parameters, error, sentence):
    with connect_station("sim") as station, pytest.raises(error, match=sentence):
        RTFamily(station, fields, **parameters)


def test_an_unknown_station_is_refused():
    with pytest.raises(StationFileError, match='give a TOML file or "sim"'):
        connect_station("my-fridge.toml")


def test_the_example_script_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(Path(__file__).parents[2] / "examples" / "family.py"))
    output = capsys.readouterr().out
    assert "R(T) family of 3 curves" in output
    assert "rho_QF" in output
    assert (tmp_path / "runs" / "family.png").exists()


def test_the_script_face_names_only_what_there_is():
    import coldfinger.procedures as face

    assert all(getattr(face, name) for name in face.__all__)
    with pytest.raises(AttributeError):
        face.nothing  # noqa: B018
