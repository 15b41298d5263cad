"""`coldfinger rehearse` and `coldfinger run`: what is refused before anything moves, and what JSON says."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from coldfinger.procedures.cli import main
from coldfinger.procedures.cli import run as installed
from coldfinger.procedures.commands.control import _shown
from coldfinger.procedures.commands.status import json_text
from coldfinger.procedures.engine import rehearse as rehearsing
from coldfinger.procedures.engine import wiring
from coldfinger.procedures.laboratory.station_file import StationFileError, read_station_file
from coldfinger.runfiles.disk import RunFileError

NIGHT = Path(__file__).parents[3] / "examples" / "overnight.toml"
SHORT = 'schema = 1\nname = "short"\n[[step]]\nset = { field = "5 Oe" }\n[[step]]\nwait = "1 min"\n'


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.toml").write_text(SHORT)


def coldfinger(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def refused(*words):
    """The one sentence with which a command is refused."""
    said = coldfinger(*words)
    assert said.exit_code == 2, said.output
    assert said.output.count("\n") == 1, said.output
    return said.output.strip()


def nothing_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("send", [os.killpg, os.kill], ids=["to all, as a terminal does", "to the program alone"])
def test_ctrl_c_while_it_rehearses_ends_run_before_anything_real_begins(tmp_path, send):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "coldfinger.procedures", "run", str(NIGHT)],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509  no threads here
    ) as process:
        try:
            end = time.monotonic() + 90
            while not list(scratch.glob("rehearsal-*/*/run.jsonl")):
                assert time.monotonic() < end, "no rehearsal began"
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            send(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert err == "coldfinger: the rehearsal was interrupted; nothing has moved\n"
    assert not (tmp_path / "data").exists()
    end = time.monotonic() + 30
    while not nothing_alive(process.pid):
        assert time.monotonic() < end, "a process of the rehearsal lives on"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--sample", "S9"), "coldfinger: unknown sample 'S9': allowed are S0, S1, S2 or the path of a table file"),
        (("--sample", 5000 * "x"), f"coldfinger: sample {60 * 'x'}: File name too long; give S0, S1, S2 or a file"),
        (("--sample", "no.toml"), "coldfinger: sample file no.toml: cannot be read (No such file or directory); "),
        (("--station", "no.toml"), "coldfinger: station file no.toml: cannot be read (No such file or directory); "),
    ],
)
def test_a_film_or_a_station_that_is_not_there_is_one_sentence(words, sentence):
    assert refused("rehearse", "short.toml", *words).startswith(sentence)


def test_a_rehearsal_that_breaks_is_one_sentence(monkeypatch):
    def break_down(*_, **__):
        raise rehearsing.RehearsalError("the rehearsal of everything broke: no message")

    monkeypatch.setattr(rehearsing, "rehearse", break_down)
    assert refused("rehearse", "short.toml") == "coldfinger: the rehearsal of everything broke: no message"
    assert refused("run", "short.toml") == "coldfinger: the rehearsal of everything broke: no message"


@pytest.mark.parametrize(
    ("folder", "cause"),
    [
        ("short.toml", "there is a file of this name; use another folder"),
        ("short.toml/x", "a part of the path is not a folder; use another folder"),
        ("/proc", "it does not exist; check the path"),
        ("a\0b", "embedded null byte; use another folder"),
    ],
)
def test_a_data_folder_that_cannot_be_used_is_one_sentence(folder, cause):
    said = refused("run", "--no-rehearsal", "short.toml", "--data", folder)
    assert said == f"coldfinger: data folder {folder}: it cannot be used: {cause}"


def test_a_plan_beyond_a_limit_is_refused_with_its_line_before_it_is_rehearsed(tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("the plan was rehearsed")

    monkeypatch.setattr(rehearsing, "rehearse", never)
    (tmp_path / "far.toml").write_text('schema = 1\n\n[[step]]\nset = { field = "1 T" }\n')
    for words in ((), ("--no-rehearsal",), ("--resume",)):
        said = refused("run", "far.toml", *words)
        assert said.startswith("coldfinger: far.toml, line 3 (field 10000 Oe): field: 10000 Oe (1 T) is beyond the")
    assert not (tmp_path / "data").exists()


def test_a_real_station_without_a_twin_can_be_run_without_a_rehearsal_and_says_so(tmp_path, monkeypatch):
    def no_twin(*_):
        raise StationFileError("lab.toml: no simulator knows this supply")

    def opened(*_, **__):
        raise RunFileError("the engine was opened")

    text = re.sub(r"\n\[simulator\].*?\n\n", "\n\n", read_station_file().text, count=1, flags=re.DOTALL)
    (tmp_path / "lab.toml").write_text(text.replace('clock = "virtual"', 'clock = "wall"'))
    monkeypatch.setattr("coldfinger.procedures.engine.rehearsing.simulated_twin", no_twin)
    monkeypatch.setattr(wiring, "engine_for", opened)
    words = ("run", "short.toml", "--station", "lab.toml")
    assert refused(*words) == "coldfinger: lab.toml: no simulator knows this supply"
    said = coldfinger(*words, "--no-rehearsal")
    assert said.output == (
        "coldfinger: the plan is checked item by item, not beforehand: lab.toml: no simulator knows this supply\n"
        "coldfinger: the engine was opened\n"
    )


def test_the_night_that_was_rehearsed_is_the_one_that_is_run(tmp_path, monkeypatch):
    nights = []
    rehearse, engine_for = rehearsing.rehearse, wiring.engine_for

    def rehearsed(night, *words, **options):
        nights.append(night)
        (tmp_path / "short.toml").write_text(SHORT.replace("5 Oe", "6 Oe"))  # somebody edits it meanwhile
        return rehearse(night, *words, **options)

    def opened(night, *words, **options):
        nights.append(night)
        return engine_for(night, *words, **options)

    monkeypatch.setattr(rehearsing, "rehearse", rehearsed)
    monkeypatch.setattr(wiring, "engine_for", opened)
    assert coldfinger("run", "short.toml").exit_code == 0
    assert nights[0] is nights[1]


def test_what_is_no_number_is_null_in_json():
    snapshot = {"latest": {"rho (ohm)": [float("nan"), 2.0]}, "sd": float("inf"), "n": (1, "a", None, True)}
    expected = {"latest": {"rho (ohm)": [None, 2.0]}, "sd": None, "n": [1, "a", None, True]}
    for text in (json_text(snapshot), _shown(snapshot, as_json=True)):
        assert json.loads(text, parse_constant=pytest.fail) == expected


def test_json_of_a_run_has_the_outcome_and_the_reason_of_the_run_itself():
    night = json.loads(coldfinger("run", "short.toml", "--no-rehearsal", "--json").stdout)
    assert (night["outcome"], night["reason"], night["state"]) == ("done", "", "ended")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rehears",), "there is no command 'rehears'; did you mean rehearse? coldfinger -h lists all commands"),
        (("plan", "shwo"), "there is no command 'shwo'; did you mean show? coldfinger plan -h lists all commands"),
        (("xyz",), "there is no command 'xyz'; coldfinger -h lists all commands"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest_one(words, sentence):
    said = CliRunner().invoke(main, words, prog_name="coldfinger")
    assert said.exit_code == 2
    assert sentence in said.output


def test_a_plan_whose_end_has_passed_is_refused_before_it_begins(tmp_path):
    past = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    (tmp_path / "late.toml").write_text(f'must_end_by = "{past}"\n{SHORT}')
    assert "must_end_by, 2026-01-01T00:00:00+00:00, has passed" in refused("run", "late.toml", "--no-rehearsal")


@pytest.mark.parametrize("words", [[], ["plan"]])
def test_a_command_without_its_subcommand_shows_its_help(words, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["coldfinger", *words])
    with pytest.raises(SystemExit) as ended:
        installed()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("Usage: coldfinger")
