"""The rehearsal as a window: a real one in its own process, one that is cancelled, and what is shown of an answer."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner
from qtpy.QtWidgets import QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.queue.queue_rehearsal import QueueRehearsal
from coldfinger.gui.queue.rehearsal_view import RehearsalView, Rehearser, words
from coldfinger.procedures.cli import main
from tests.gui import looks

NOW = datetime(2026, 11, 22, 19, 24, tzinfo=UTC)
ANSWER = {
    "name": "overnight",
    "seconds": 7200.0,
    "sd_seconds": 360.0,
    "rows": 105,
    "bytes": 2e5,
    "refused": [],
    "items": [
        {"id": "1", "name": "R(T) at 30 Oe", "state": "done", "reason": "", "begins": 0.0, "ends": 7000.0,
         "ends_sd": 350.0, "rows": 105, "disbelieved": 13, "warnings": ["13 of 105 rows would be gradient"]},
        {"id": "2", "name": "wait 3 min", "state": "skipped", "reason": "late", "begins": 7000.0, "ends": 7200.0,
         "ends_sd": 350.0, "rows": 0, "disbelieved": 0, "warnings": []},
    ],
    "trace": {"time_s": [0.0, 3600.0, 7200.0], "T_mc_K": [0.01, 0.5, 0.1], "T_sample_K": [0.01, 0.45, 0.1],
              "H_Oe": [0.0, 30.0, 30.0], "heater_W": [0.0] * 3, "eddy_W": [0.0] * 3, "I_A": [0.0] * 3},
}  # fmt: skip


@pytest.fixture
def view(qtbot, dressed):
    view = RehearsalView()
    qtbot.addWidget(view)
    view.show()
    return view


def test_a_rehearsal_shows_its_end_its_curves_every_item_and_every_warning(qapp, view, tokens):
    view.restyle()
    view.wait("overnight")
    assert view.cancel.isEnabled()
    view.show_rehearsal(ANSWER, NOW)
    view.temperature.draw()
    view.field.draw()
    looks.settle(qapp)
    assert "2 h 0 min ± 6 min" in view.headline.text()
    assert "105 rows" in view.headline.text()
    assert [view.table.item(row, 1).text() for row in range(2)] == ["R(T) at 30 Oe", "wait 3 min"]
    assert view.table.item(0, 6).text() == "13 of 105 rows would be gradient"
    assert view.table.item(1, 1).toolTip() == "skipped: late"
    assert set(view.temperature.series) == {"mc", "sample"}
    assert view.temperature.series["mc"].x[-1] == 2.0
    assert not view.cancel.isEnabled()
    assert "SIMULATED" in view.windowTitle()
    assert view.temperature.badge_text == view.field.badge_text == "SIMULATED"
    assert looks.ink(view.field, tokens.series[0]) > 50
    assert looks.missing_glyphs(view) + looks.clipped(view) == []


def test_what_the_station_would_refuse_is_said_in_the_window_too_and_nothing_else(qtbot, dressed):
    background, around, said = Background(), QWidget(), []
    qtbot.addWidget(around)
    rehearsal = QueueRehearsal("sim", background, lambda: NOW, around)
    rehearsal.said.connect(said.append)
    try:
        rehearsal._rehearser.done.emit(ANSWER)
        assert said == []
        rehearsal._rehearser.done.emit(ANSWER | {"refused": ["R(T) at 900 Oe: too much", "another"]})
    finally:
        background.close()
        rehearsal.end()
    assert [message.text for message in said] == [
        "The rehearsal found what the station refuses: R(T) at 900 Oe: too much"
    ]


def test_what_may_not_be_run_stands_above_the_curves(view):
    view.show_rehearsal(ANSWER | {"refused": ["R(T) at 900 Oe: not started: too much"]}, NOW)
    assert view.refusals.isVisible()
    assert view.refusals.text() == "Refused: R(T) at 900 Oe: not started: too much"


def test_a_queue_is_rehearsed_in_a_process_of_its_own(qtbot):
    program = f"import sys; open(sys.argv[2]).read().index('schema'); print({json.dumps(json.dumps(ANSWER))})"
    rehearser, answers = Rehearser("sim", program=["-c", program]), []
    rehearser.done.connect(answers.append)
    rehearser.start("schema = 1")
    assert rehearser.running
    qtbot.waitUntil(lambda: bool(answers), timeout=20000)
    assert answers == [ANSWER]
    assert not rehearser.running


def test_the_command_line_knows_the_words_and_answers_what_the_window_shows(tmp_path, view):
    plan = tmp_path / "short.toml"
    plan.write_text('schema = 1\n[[step]]\nwait = "1 min"\n')
    result = CliRunner().invoke(main, words(plan, "sim"))
    assert result.exit_code == 0, result.output
    view.show_rehearsal(json.loads(result.stdout), NOW)
    assert view.headline.text().startswith("short: 1 min")
    assert view.table.rowCount() == 1


def test_a_rehearsal_that_is_cancelled_says_nothing_and_leaves_no_process(qtbot, view, monkeypatch):
    monkeypatch.setattr(
        "coldfinger.gui.queue.rehearsal_view.PATIENCE", 300
    )  # ms; a test may run where Ctrl-C is ignored
    rehearser, said = Rehearser("sim", program=["-c", "import time; time.sleep(60)"]), []
    rehearser.failed.connect(said.append)
    rehearser.start("schema = 1")
    rehearser.cancel()
    qtbot.waitUntil(lambda: bool(said), timeout=20000)
    assert said == [""]
    assert not rehearser.running
    rehearser.start("schema = 1")
    rehearser.close()
    assert not rehearser.running
    view.give_up("")
    assert "cancelled" in view.headline.text()


def test_a_rehearsal_that_breaks_gives_the_last_sentence_of_its_process(qtbot, view):
    program = "import sys; sys.exit('coldfinger: queue.toml, line 1: schema = 99 is not known here')"
    rehearser, said = Rehearser("sim", program=["-c", program]), []
    rehearser.failed.connect(said.append)
    rehearser.start("schema = 99")
    qtbot.waitUntil(lambda: bool(said), timeout=20000)
    assert said == ["The queue could not be rehearsed: queue.toml, line 1: schema = 99 is not known here"]
    view.give_up(said[0])
    assert view.headline.text() == said[0]


def test_field_and_temperature_are_drawn_over_the_same_hours_and_whole(qtbot, view):
    view.show_rehearsal(ANSWER, NOW)
    plots, line = (view.temperature, view.field), view.field.curves["field"].line

    def same() -> bool:
        first, second = (plot.view.viewRange()[0] for plot in plots)
        return first == pytest.approx(second) and np.array_equal(line.getData()[0], [0.0, 1.0, 2.0])

    qtbot.waitUntil(same, timeout=10_000)
    assert plots[0].axes["left"].width() == plots[1].axes["left"].width()
