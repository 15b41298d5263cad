"""A queue panel and a form of new runs at an engine of this process, whose held queue measures nothing."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pytestqt.qtbot import QtBot

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.new_run import NewRunPanel
from coldfinger.gui.place import Place
from coldfinger.gui.queue.queue_panel import QueuePanel
from coldfinger.procedures.engine.items import Item, Night
from coldfinger.procedures.engine.wiring import FOREVER, engine_for


@contextlib.contextmanager
def at_an_engine(qtbot: QtBot, folder: Path, *items: Item) -> Iterator[Any]:
    """place, engine, desk, background, form, queue, and the messages that the panels have said."""
    place = Place.of("sim", folder)
    night = Night("window", ())
    with engine_for(night, place.file, place.data, patience=FOREVER, speed=200.0) as engine:
        thread = threading.Thread(target=engine.run, daemon=True)
        engine.command("hold")
        if items:
            engine.command("add", items=[item.to_json() for item in items])
        thread.start()
        face = SimpleNamespace(snapshot=engine.snapshot, events=engine.events, command=engine.command)
        desk, background, messages = Desk(lambda: face), Background(), []
        form, queue = NewRunPanel(place, desk, background), QueuePanel(place, desk, background)
        for panel in (form, queue):
            qtbot.addWidget(panel)
            panel.said.connect(messages.append)
            panel.resize(330, 360)
            panel.show()
        form.added.connect(queue.note_added)
        seen: list[dict[str, Any]] = [{}]
        desk.changed.connect(seen.append)  # as the last one: what is in it the panels have been told, too
        desk.start()
        qtbot.waitUntil(lambda: "T_mc (K)" in seen[-1].get("latest", {}), timeout=30000)
        qtbot.waitUntil(lambda: seen[-1]["state"] == "held", timeout=30000)
        desk.changed.disconnect(seen.append)
        try:
            yield SimpleNamespace(place=place, engine=engine, desk=desk, form=form, queue=queue, messages=messages,
                                  background=background)  # fmt: skip
        finally:
            background.close()
            desk.close()
            form.end()
            queue.end()
            engine.command("abort")
            engine.command("stop")
            thread.join(20.0)
            assert not thread.is_alive()


def names(engine: Any) -> list[str]:
    """What stands in the engine's queue."""
    return [item["name"] for item in engine.snapshot()["items"]]


def until(qtbot: QtBot, true: Callable[[], Any]) -> None:
    """Wait for something in the window's own time."""
    qtbot.waitUntil(lambda: bool(true()), timeout=30000)
