"""The same plan gives the same rows, whether the window's owner carries it out or `coldfinger run` does."""

import threading
from pathlib import Path

import pandas as pd
from click.testing import CliRunner
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.place import Place
from coldfinger.gui.queue.queue_panel import QueuePanel
from coldfinger.procedures.commands.run import run
from coldfinger.procedures.owner.owner import OwnerSettings, make_engine
from coldfinger.runfiles.journal import JOURNAL_NAME
from coldfinger.runfiles.reader import read_run

PLAN = """
schema = 1
name = "both ways"

[[step]]
run = "TemperatureRamp"
field = "0 Oe"
start = "0.6 K"
stop = "0.3 K"
points = 5

[[step]]
wait = "10 min"

[[step]]
run = "FieldSweep"
temperature = "0.3 K"
start = "20 Oe"
stop = "50 Oe"
"""
SEED = "7"


def rows_of(data: Path) -> list[pd.DataFrame]:
    """The rows of every run of a data folder, in the same order."""
    runs = [read_run(path.parent) for path in data.glob(f"*/{JOURNAL_NAME}")]
    return [run.frame for run in sorted(runs, key=lambda run: str(run.header["procedure"]), reverse=True)]


def run_by_the_window(qtbot: QtBot, plan: Path, data: Path) -> None:
    """Open the plan in the queue panel of an owner's engine, release the queue and wait for its end."""
    place = Place.of("sim", data, {"speed": "inf", "seed": SEED})
    settings = OwnerSettings.of(place.station, str(data), simulator=place.simulator)
    with make_engine(settings) as engine:
        thread = threading.Thread(target=engine.run, daemon=True)
        thread.start()
        desk, background = Desk(lambda: engine), Background()
        queue = QueuePanel(place, desk, background)
        qtbot.addWidget(queue)
        desk.start()
        try:
            qtbot.waitUntil(lambda: desk.latest.get("state") == "idle", timeout=60000)
            queue.files.open(plan)
            qtbot.waitUntil(lambda: len(desk.latest["items"]) == 3, timeout=60000)
            queue.continue_queue()
            qtbot.waitUntil(lambda: {item["state"] for item in desk.latest["items"]} == {"done"}, timeout=90000)
        finally:
            background.close()
            desk.close()
            queue.end()
            engine.command("stop")
            thread.join(20.0)


def test_the_window_and_the_command_line_measure_the_same_rows(
    qtbot: QtBot, dressed: QApplication, tmp_path: Path
) -> None:
    plan = tmp_path / "both.toml"
    plan.write_text(PLAN)
    run_by_the_window(qtbot, plan, tmp_path / "window")
    words = [str(plan), "--data", str(tmp_path / "command"), "--seed", SEED, "--no-rehearsal"]
    result = CliRunner().invoke(run, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    by_window, by_command = rows_of(tmp_path / "window"), rows_of(tmp_path / "command")
    assert len(by_window) == len(by_command) == 2
    for one, other in zip(by_window, by_command, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
