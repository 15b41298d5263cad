"""The window opens what was open last, says so where it cannot, and never guesses at a real refrigerator."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from coldfinger.gui import app as application
from coldfinger.gui import start
from coldfinger.gui.last_station import FILE, LastStation, NotKnown, Opening, last_station, opening_of, remember_station
from coldfinger.procedures.cli import main
from coldfinger.procedures.owner.owner import OwnerSettings
from tests.gui.stage import night_at

BUILT_IN = Path(__file__).parents[2] / "procedures" / "stations" / "sim.toml"
SPEED = {"speed": "10"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A laboratory with a real station, opened last with its data folder; where what is remembered stands."""
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))
    lab = tmp_path / "lab"
    (lab / "film7").mkdir(parents=True)
    (lab / "lab.toml").write_text(BUILT_IN.read_text("utf-8"), "utf-8")
    monkeypatch.chdir(lab)
    remember_station(LastStation("lab.toml", Path("film7"), None, simulated=False))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state" / FILE


def said(*words: str, **how: Any) -> Opening:
    """What a command line without a station opens."""
    return opening_of(None, None, SPEED, **how)


def test_the_first_time_it_is_the_simulated_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "nothing yet"))
    assert said() == Opening("sim", Path("data"), SPEED)


def test_then_station_and_data_of_the_last_time_from_whatever_folder(state: Path, tmp_path: Path) -> None:
    opening = said()
    assert (opening.station, opening.data) == (str(tmp_path / "lab" / "lab.toml"), tmp_path / "lab" / "film7")
    assert opening.simulator == SPEED
    assert opening.kept
    assert not opening.notice


def test_what_is_given_always_wins(state: Path, tmp_path: Path) -> None:
    assert opening_of("other.toml", None, SPEED) == Opening("other.toml", Path("data"), SPEED)
    assert opening_of("sim", None, SPEED) == Opening("sim", Path("data"), SPEED)
    elsewhere = opening_of(None, "here", SPEED)
    assert (elsewhere.station, elsewhere.data) == (str(tmp_path / "lab" / "lab.toml"), Path("here"))
    assert said(fresh=True) == Opening("sim", Path("data"), SPEED)


def test_speed_and_sample_never_open_a_real_refrigerator(state: Path) -> None:
    assert said(simulated=True) == Opening("sim", Path("data"), SPEED)


def test_the_film_of_a_simulated_station_is_remembered_its_speed_is_not(state: Path, tmp_path: Path) -> None:
    (tmp_path / "film.toml").write_text("")
    remember_station(LastStation("sim", Path("lab/film7"), "film.toml", simulated=True))
    opening = said(simulated=True)
    assert opening.station == "sim"
    assert opening.data == tmp_path / "lab" / "film7"
    assert opening.simulator == {"speed": "10", "sample": str(tmp_path / "film.toml")}
    assert opening_of(None, None, {"sample": "S2"}, simulated=True).simulator == {"sample": "S2"}
    remember_station(LastStation("sim", Path("lab/film7"), "S1", simulated=True))
    assert said().simulator["sample"] == "S1"


def test_a_station_file_that_is_called_sim_is_not_the_simulated_one(state: Path, tmp_path: Path) -> None:
    (tmp_path / "sim").write_text(BUILT_IN.read_text("utf-8"), "utf-8")
    remember_station(LastStation("./sim", Path("lab/film7"), None, simulated=False))
    assert said().station == str(tmp_path / "sim")


@pytest.mark.parametrize("gone", ["lab.toml", "film7"])
def test_what_is_gone_gives_way_to_the_simulated_one_with_one_sentence_and_is_still_remembered(
    state: Path, tmp_path: Path, gone: str
) -> None:
    path = tmp_path / "lab" / gone
    path.rename(tmp_path / "elsewhere")
    opening = said()
    assert (opening.station, opening.data, opening.kept) == ("sim", Path("data"), False)
    assert opening.notice.startswith(f"The {'station file' if gone == 'lab.toml' else 'data folder'} {path}, which was")
    assert opening.notice.endswith("or say what to open: coldfinger gui --station FILE --data FOLDER.")
    (tmp_path / "elsewhere").rename(path)
    assert said().station == str(tmp_path / "lab" / "lab.toml")


def test_a_file_that_is_damaged_or_newer_is_ignored_and_said(state: Path) -> None:
    good = json.loads(state.read_text())
    newer, relative = good | {"version": 2, "more": 1}, good | {"station": "lab.toml"}
    for text in ("", "{", "[]", "null", json.dumps(relative), json.dumps(good | {"sample": 3}), "\xff", "[" * 50_000):
        state.write_text(text, "latin-1")
        with pytest.raises(NotKnown, match=r"is not known: .*last-station.json is damaged$"):
            last_station()
    state.write_text(json.dumps(newer))
    opening = said()
    assert opening.station == "sim"
    assert not opening.kept
    assert f"{state} is of a newer coldfinger. The simulated station is open instead." in opening.notice
    state.unlink()
    state.mkdir()
    assert "cannot be read" in said().notice


class Window:
    """Stands for the window; `opened` is what it was made with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[Opening] = []
        self.owners: list[tuple[str, Path]] = []
        monkeypatch.setattr(start, "EarlyOwner", self._owner)
        monkeypatch.setattr(application, "Application", lambda *_, **__: self)

    def _owner(self, station: str, data: Path, simulator: dict[str, str]) -> Any:
        self.owners.append((station, data))
        return self

    def give_up(self) -> None:
        self.owners.append(("gave up", Path()))

    def run(self) -> int:
        return 0


@pytest.fixture
def window(state: Path, monkeypatch: pytest.MonkeyPatch) -> Window:
    pretended = Window(monkeypatch)
    really = application.prepare

    def prepare(opening: Opening, *more: Any) -> Any:
        made = really(opening, *more)
        pretended.opened.append(opening)
        return made

    monkeypatch.setattr(application, "prepare", prepare)
    monkeypatch.setattr(application, "_write_log", lambda: None)
    return pretended


def command(*words: str) -> Result:
    return CliRunner().invoke(main, ["gui", *words])


def test_the_command_opens_the_last_station_and_forgets_it_with_reset_ui(window: Window, state: Path) -> None:
    lab = state.parents[1] / "lab"
    assert command().exit_code == 0
    assert window.owners == [(str(lab / "lab.toml"), lab / "film7")]
    assert command("--demo").exit_code == 0
    assert window.opened[-1] == Opening("sim", Path("data"), {"speed": "100"}, kept=False)
    assert command("--speed", "1000").exit_code == 0
    assert window.opened[-1] == Opening("sim", Path("data"), {"speed": "1000"})
    assert state.exists()
    assert command("--reset-ui").exit_code == 0
    assert window.opened[-1] == Opening("sim", Path("data"), SPEED)
    assert not state.exists()


def test_a_remembered_file_that_cannot_be_read_gives_way_a_named_one_does_not(window: Window, state: Path) -> None:
    lab = state.parents[1] / "lab" / "lab.toml"
    lab.write_text("schema = 1\nnam = 3\n")
    assert command("--data", "here").exit_code == 0
    assert window.owners == [(str(lab), Path("here")), ("gave up", Path()), ("sim", Path("here"))]
    (opened,) = window.opened
    assert f"{lab}: unknown key 'nam'" in opened.notice
    assert not opened.kept
    refused = command("--station", str(lab))
    assert refused.exit_code == 2
    assert "unknown key 'nam'" in refused.output
    assert len(window.opened) == 1


@pytest.fixture
def attached(
    qtbot: QtBot, dressed: QApplication, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[application.Application]:
    monkeypatch.setattr(application, "_write_log", lambda: None)
    monkeypatch.setattr(sys, "setswitchinterval", lambda _: None)
    opening = Opening("sim", tmp_path / "asked", {"speed": "10", "sample": "S1"}, notice="Gone. Do this.")
    made = application.prepare(opening)
    yield made
    made.window._leave()
    made.close()
    made.window.deleteLater()
    dressed.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_what_is_remembered_is_what_the_engine_really_holds(
    qtbot: QtBot, attached: application.Application, state: Path, tmp_path: Path
) -> None:
    assert [message.text for message in attached.window.events.messages] == ["Gone. Do this."]
    before = state.read_bytes()
    attached.qt.processEvents()
    assert state.read_bytes() == before, "nobody has answered yet"
    attached.desk.changed.emit(night_at("idle", tmp_path / "lab"))
    qtbot.waitUntil(lambda: not attached.background.busy, timeout=20000)
    assert last_station() == LastStation("sim", tmp_path / "lab", "S1", simulated=True)
    state.unlink()
    attached.desk.changed.emit(night_at("idle", tmp_path / "lab"))
    qtbot.waitUntil(lambda: not attached.background.busy, timeout=20000)
    assert not state.exists(), "once is enough"


def test_an_owner_finds_the_file_of_a_film_from_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert OwnerSettings.of("sim", "data", simulator={"sample": "film.toml"}).simulator["sample"] == str(
        tmp_path / "film.toml"
    )
    assert OwnerSettings.of("sim", "data", simulator={"sample": "S1", "seed": "3"}).simulator == {
        "sample": "S1", "seed": "3"
    }  # fmt: skip
