"""A plan file is opened with all that it says, never into a queue that runs off with it, and keeps its comments."""

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.place import Place
from coldfinger.gui.queue.queue_edits import QueueEdits
from coldfinger.gui.queue.queue_files import QueueFiles
from coldfinger.procedures.plans.plan_file import read_plan
from tests.gui.stage import PretendedDesk, night_at

PATIENCE = 15_000  # ms
PLAN = """\
schema = 1
name = "night"
must_end_by = "2026-11-23T08:30:00+00:00"
on_failure = "retry 2"
[end]
field = "0 Oe"
# only after the ramp has ended
[[step]]
wait = "10 min"
"""


@pytest.fixture
def opened(qtbot: QtBot, dressed: QApplication, tmp_path: Path) -> Any:
    """Opens the plan into a queue in this state: its path, the files, the desk, titles and messages."""
    path, background, around = tmp_path / "plan.toml", Background(), QWidget()
    path.write_text(PLAN, "utf-8")
    qtbot.addWidget(around)
    desk, said = PretendedDesk(), list[Any]()
    files = QueueFiles(Place.of("sim", tmp_path), desk, background, QueueEdits(desk), around)
    files.said.connect(said.append)
    files.titled.connect(lambda name, _: said.append(name))

    def open_at(state: str, **more: Any) -> Any:
        desk.latest = night_at(state, tmp_path, **more)
        files.open(path)
        qtbot.waitUntil(lambda: bool(said), timeout=PATIENCE)
        return path, files, desk, said

    yield open_at
    background.close()
    files.end()


def test_an_idle_queue_is_held_first_and_gets_policy_deadline_and_end_of_the_plan(opened: Any) -> None:
    _, _, desk, said = opened("idle", items=[])
    given = dict(desk.given)
    assert [name for name, _ in desk.given] == ["hold", "policy", "must_end_by", "end", "add"]
    assert given["policy"] == {"action": "retry", "retries": 2}
    assert given["must_end_by"] == {"must_end_by": "2026-11-23T08:30:00+00:00"}
    assert (given["end"]["field"], given["end"]["temperature"]) == (0.0, None)
    assert [item["settings"] for item in given["add"]["items"]] == [{"seconds": 600.0}]
    assert said[0] == "plan.toml"
    assert said[1].text.startswith("plan.toml: 1 items added to the queue.")


def test_a_queue_that_runs_is_not_held_and_the_file_is_not_what_it_is(opened: Any) -> None:
    _, files, desk, said = opened("running")
    assert said[0] == "plan.toml *"
    assert "hold" not in [name for name, _ in desk.given]
    assert "behind 3 that wait" in said[1].text
    files.keep(desk.latest)
    assert said[2] == "plan.toml *"


def test_a_plan_that_is_saved_again_keeps_its_comments_and_a_name_gets_its_ending(
    qtbot: QtBot, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, files, desk, said = opened("idle", items=[])
    desk.latest |= {"items": [item.to_json() for item in read_plan(path).items], "must_end_by": "", "end": {}}
    for _ in range(2):
        files.save()
        before = len(said)
        qtbot.waitUntil(lambda before=before: len(said) > before, timeout=PATIENCE)  # type: ignore[misc]
        assert "# only after the ramp has ended" in path.read_text("utf-8")
    assert not read_plan(path).must_end_by
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path.with_name("other")), ""))
    files.ask_save()
    qtbot.waitUntil(path.with_name("other.toml").exists, timeout=PATIENCE)
