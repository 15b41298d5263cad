"""The fixtures that are installed with the package, in a project that knows nothing else of it."""

import shutil
import subprocess
import sys
from pathlib import Path

from coldfinger.procedures.laboratory.cassettes import recording

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_procedure"
MORE = """
import pytest
from conftest import LOADED

def test_nothing_was_imported_by_the_plugin_itself():
    assert "coldfinger.procedures.pytest_plugin" in LOADED
    assert not [name for name in LOADED if name.startswith(("coldfinger.sim", "coldfinger.instruments", "pymeasure"))]

def test_the_seed_is_that_of_the_settings(coldfinger_station, coldfinger_clock):
    assert (coldfinger_station.seed, coldfinger_station.sample["name"]) == (7, "S0")
    assert coldfinger_clock is coldfinger_station.clock

@pytest.mark.coldfinger(sample="S1", seed=3)
def test_the_marker_goes_before_the_settings(coldfinger_station):
    assert (coldfinger_station.seed, coldfinger_station.sample["name"]) == (3, "S1")

def test_a_scenario_file_strikes(coldfinger_station, coldfinger_faults):
    coldfinger_faults("quench.toml")
    coldfinger_station.clock.sleep(20.0)
    assert coldfinger_station.magnet.state.name == "QUENCH"

def test_a_cassette_is_played(coldfinger_cassette):
    assert coldfinger_cassette("good.cassette", whole=True).clock.time() > 0.0

def test_a_departure_fails(coldfinger_cassette):
    station = coldfinger_cassette("good.cassette")
    with pytest.raises(Exception):
        station.lockin.frequency = 3.0

def test_a_rest_fails(coldfinger_cassette):
    coldfinger_cassette("rest.cassette", whole=True)

@pytest.mark.coldfinger(colour="red")
def test_a_wrong_marker_is_refused(coldfinger_station):
    pass
"""
SCENARIO = 'schema = 1\n[[fault]]\nkind = "quench"\nat = 10.0\n'


def test_the_example_project_passes_and_every_fixture_does_what_it_says(tmp_path):
    project = tmp_path / "own_procedure"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "test_aaa.py").write_text(MORE, "utf-8")
    (project / "conftest.py").write_text("import sys\n\nLOADED = list(sys.modules)\n", "utf-8")
    (project / "quench.toml").write_text(SCENARIO, "utf-8")
    (project / "pytest.ini").write_text("[pytest]\ncoldfinger_seed = 7\naddopts = --strict-markers\n", "utf-8")
    with recording("sim", project / "good.cassette"):
        pass
    with recording("sim", project / "rest.cassette") as station:
        _ = station.lockin.frequency
    command = (sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:randomly")
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)
    lines = done.stdout.splitlines()
    assert sum(line.startswith("PASSED") for line in lines) == 3 + 6 + 1, done.stdout
    assert "marker coldfinger: colour is not possible; allowed are station, sample, seed" in done.stdout
    assert "cassette good.cassette, line " in done.stdout
    assert "1 recorded messages were not sent" in done.stdout
    errors = {line.split("::")[1].split(" ")[0] for line in lines if line.startswith("ERROR ")}
    assert errors == {"test_a_departure_fails", "test_a_rest_fails", "test_a_wrong_marker_is_refused"}
