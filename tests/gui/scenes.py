"""What the window shows seldom: every state of the banner, old and lost readings, a damaged run, fits that fail, boxes.

Each scene is set up, looked at while it is open, and taken back.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qtpy.QtWidgets import QMessageBox, QWidget

from coldfinger.gui.overview.view_state import banner_of
from coldfinger.gui.pages.fit_words import FitWords
from coldfinger.gui.playback.replay import open_replay
from coldfinger.runfiles.quality import Quality
from tests.gui import run_folders
from tests.gui.snapshots import LOCKS, SAFE
from tests.gui.stage import Stage, night_at, remove

Scene = Callable[[Stage], Iterator[QWidget]]

_NOT_YET = [dict(item, done=item["item"] != "heater", detail="asked") for item in SAFE]
_TRIPPED = {"interlocks": [{**LOCKS[0], "state": "tripped", "text": "T_mc 300 mK is above 200 mK"}, LOCKS[1]]}
_NO_END = {"utc": "", "sd_seconds": 0.0, "items": {}}
BANNERS: dict[str, tuple[str, dict[str, Any]]] = {
    "idle": ("idle", {"items": [], "reason": "", "ends": _NO_END}),
    "waiting": ("waiting", {"reason": "settling at 300 mK ± 1 mK for 60 s"}),
    "pausing": ("pausing", {"reason": "the present row is finished first"}),
    "paused": ("paused", {"reason": "T held at 298 mK, H at 600 Oe, 10 nA on"}),
    "aborting": ("aborting", {"reason": "the station goes to its safe state", "safe": _NOT_YET}),
    "held": ("held", {"reason": "aborted", "safe": SAFE}),
    "safe": ("ended", {"reason": "the queue is done", "safe": SAFE}),
    "fault": ("held", {"reason": "an interlock", "safe": SAFE, "care": _TRIPPED}),
}
"""State of the engine, and what its snapshot has besides, of every picture of the banner."""


def _banner(name: str) -> Scene:
    def scene(stage: Stage) -> Iterator[QWidget]:
        state, more = BANNERS[name]
        stage.show(state, **more)
        yield stage.window

    return scene


def _lost(stage: Stage) -> Iterator[QWidget]:
    window = stage.window
    window.banner.show_view(banner_of(stage.desk.latest, 40.0))
    window.strip.show_state(*window._strip_state.see(stage.desk.latest, 40.0))
    yield window


def _stale(stage: Stage) -> Iterator[QWidget]:
    old = night_at("running", stage.place.data)
    stage.desk.show(old | {"clock": old["clock"] + 400.0})
    yield stage.window


def _overload(stage: Stage) -> Iterator[QWidget]:
    lit = night_at("running", stage.place.data, minute=31.0)
    lit["latest"]["flags"] = [int(Quality.OVERLOAD), lit["clock"]]
    stage.desk.show(lit)
    yield stage.window
    over = night_at("running", stage.place.data, minute=32.0)
    over["latest"]["flags"] = [0, over["clock"]]
    stage.desk.show(over)


def _replay(stage: Stage) -> Iterator[QWidget]:
    window, bar = stage.window, stage.window.replay_bar
    bar.blockSignals(True)
    bar._begin(open_replay(stage.ticked[0]))
    bar._timer.stop()
    bar._act(lambda face: face.pause())
    window.banner.show_view(banner_of(stage.desk.latest, replay=True))
    yield window
    bar.stop()
    bar.blockSignals(False)


def _damaged(stage: Stage) -> Iterator[QWidget]:
    folder = run_folders.ramp(stage.place.data / "rt_torn", 550.0)
    lines = (folder / "run.jsonl").read_bytes().split(b"\n")
    lines[20] = lines[20][:30]
    (folder / "run.jsonl").write_bytes(b"\n".join(lines))
    runs = stage.window.runs
    runs.watch.look(surely=True)
    stage.until(lambda: any(entry.folder == folder.name for entry in runs.model.entries))
    row = next(row for row, entry in enumerate(runs.model.entries) if entry.folder == folder.name)
    runs.table.setCurrentIndex(runs.model.index(row, 0))
    stage.window.plots.open_run(folder)
    stage.until(lambda: bool(runs.details.toPlainText()))
    yield stage.window
    stage.window.plots._follow_running()


def _few_points(stage: Stage) -> Iterator[QWidget]:
    stage.tab("fit")
    fit = stage.window.plots.fit
    fit.sides.button(0).click()
    stage.settle()
    fit.set_window_of_fit(0.65, 0.7)
    stage.until(lambda: "needs" in fit.words.state)
    yield stage.window
    fit.set_window_of_fit(0.0, 0.7)


def _no_convergence(stage: Stage) -> Iterator[QWidget]:
    stage.tab("fit")
    fit = stage.window.plots.fit
    fit.sides.button(0).click()
    stage.settle()
    kept = fit.words
    fit._show_words(FitWords("did not converge: showing last good", False, kept.numbers))
    yield stage.window
    fit._show_words(kept)


def _at_its_bound(stage: Stage) -> Iterator[QWidget]:
    folder = run_folders.ramp(stage.place.data / "rt_bound", 700.0, base=1e-13)
    stage.tab("fit")
    fit = stage.window.plots.fit
    fit.sides.button(0).click()
    stage.window.plots.fit_run(folder)
    stage.until(lambda: any(word in fit.words.state for word in ("bound", "limit", "consistent")))
    yield stage.window
    stage.window.plots._follow_running()


def _box(ask: Callable[[Stage], Any]) -> Scene:
    """A question that would wait for its answer, shown without waiting."""

    def scene(stage: Stage) -> Iterator[QWidget]:
        boxes: list[QMessageBox] = []

        def keep(box: QMessageBox) -> None:
            boxes.append(box)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(QMessageBox, "exec", keep)
            ask(stage)
        boxes[0].show()
        yield boxes[0]
        remove(boxes[0])

    return scene


SCENES: dict[str, Scene] = {
    **{f"state-{name}": _banner(name) for name in BANNERS},
    "state-link-lost": _lost,
    "readings-stale": _stale,
    "lamp-overload": _overload,
    "replay": _replay,
    "fit-few-points": _few_points,
    "fit-no-convergence": _no_convergence,
    "fit-at-its-bound": _at_its_bound,
    "run-damaged": _damaged,
    "about": _box(lambda stage: stage.window.beside.about()),
    "closing": _box(lambda stage: stage.window._may_close()),
}


@contextlib.contextmanager
def at(stage: Stage, name: str) -> Iterator[QWidget]:
    """The scene of that name; the running night comes back behind it."""
    steps = SCENES[name](stage)
    widget = next(steps)
    stage.settle()
    try:
        yield widget
    finally:
        next(steps, None)
        stage.tab("live")
        stage.show()
        for lamp in stage.window.strip.lamps:
            stage.window._strip_state.acknowledge(lamp)
        stage.show()
