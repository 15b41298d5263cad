"""The tour says what is seen as the engine gets on with it, and never comes between a person and the refrigerator."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication

from coldfinger.gui.background import Background
from coldfinger.gui.helping import tour
from coldfinger.gui.helping.tour import SPEED, STOPS, items_of_tour, place_of_tour, why_not
from coldfinger.gui.menus import Menus
from coldfinger.gui.overview.event_line import EventLine, Message
from coldfinger.gui.pages.floating_tabs import FloatingTabs
from coldfinger.gui.pages.page import Page
from coldfinger.gui.place import Place
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.gui.tour_guide import TourGuide
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.plans.outlook import outlook
from coldfinger.procedures.plans.plan_file import check_plan_text
from coldfinger.procedures.station import connect_station
from tests.gui.snapshots import item, snapshot
from tests.gui.stage import PretendedDesk, night_at, window_at

NOW = datetime(2026, 11, 23, tzinfo=UTC)
IDS = tuple("345678")


def at(number: int, state: str = "running", **more: Any) -> dict[str, Any]:
    """A snapshot in which this item of the tour runs; those before are done, behind one of another day."""
    states = ["done"] * number + ["running"] + ["waiting"] * (len(IDS) - number - 1)
    items = [item("1", "ramp", "done"), *(item(id, id, is_so) for id, is_so in zip(IDS, states, strict=True))]
    return snapshot(state, items=items, running={"id": IDS[number]}) | more


def test_the_station_allows_it_all_and_at_a_hundred_times_it_takes_three_minutes() -> None:
    night = check_plan_text(tour.PLAN, "tour", NOW)
    with connect_station("sim") as station:
        prospects = outlook(night, station, NOW)
    assert [prospect.trouble for prospect in prospects] == [""] * len(STOPS)
    minutes = (prospects[-1].ends - NOW).total_seconds() / SPEED / 60.0
    assert 2.0 < minutes < 3.0, "the window's own work comes on top"


def test_it_begins_only_where_nothing_is_left_to_be_done() -> None:
    assert why_not(snapshot("idle", items=[])) == ""
    assert why_not(snapshot("held", items=[item("1", "ramp", "done"), item("2", "ramp", "skipped")])) == ""
    assert "the engine does not answer" in why_not({})
    assert "Leave the replay" in why_not(snapshot("idle", items=[], replay={}))
    for state in ("waiting", "running", "partial", "disabled"):
        assert "1 item is left in the queue" in why_not(snapshot("idle", items=[item("1", "ramp", state)]))
    assert "the engine is ending" in why_not(snapshot("ending", items=[]))


def test_where_it_is_follows_from_the_snapshot_alone() -> None:
    for number in range(len(STOPS)):
        assert place_of_tour(at(number), IDS).stop == number
    assert place_of_tour(at(2, running={}), IDS) == tour.Place()
    assert place_of_tour(at(2, "held"), IDS).held
    fresh = snapshot("held", items=[item(id, id) for id in IDS], running={})
    assert not place_of_tour(fresh, IDS).held, "it is let go at once"
    assert place_of_tour(snapshot("idle", items=[item(id, id, "done") for id in IDS]), IDS) == tour.Place(over=True)
    assert not place_of_tour(snapshot("idle", items=[item("3", "3", "done")], running={}), IDS).whole
    assert not place_of_tour(snapshot("idle", items=[], running={}), IDS).known


class Led:
    """The guide alone, before an engine that says what a test wants; `said` are its sentences, `added` its queue."""

    def __init__(self, data: Path) -> None:
        self.data, self.desk, self.background = data, PretendedDesk(), Background()
        self.tabs = FloatingTabs([Page(RunMarks()) for _ in range(6)])
        self.runs = SimpleNamespace(entries=[], ticks=[], tick=lambda rows, on: self.runs.ticks.append((rows, on)))
        place: Any = Place.of("sim", data)
        self.guide = TourGuide(place, self.desk, self.background, self.tabs, self.runs, None)  # type: ignore[arg-type]
        self.said: list[str] = []
        self.added: list[Any] = []
        self.guide.said.connect(lambda message: self.said.append(message.text))
        self.guide.added.connect(lambda ids, items: self.added.append((ids, items)))

    def rests(self, *states: str, state: str = "idle", **more: Any) -> None:
        """No item is at work; the tour's have these states, the last ones were removed."""
        self.desk.show(night_at(state, self.data, items=queue(*states), running={}, **more))

    def runs_at(self, number: int) -> None:
        """The engine is at this item of the tour."""
        states = ["done"] * number + ["running"] + ["waiting"] * (len(IDS) - number - 1)
        running = {"id": IDS[number], "name": "of the tour", "begun": 100.0, "progress": 10.0, "rows": 0}
        self.desk.show(night_at("running", self.data, items=queue(*states), running=running))


def queue(*states: str) -> list[dict[str, Any]]:
    """A run of before, and the items of the tour in these states."""
    before = Item("wait", "1", "wait 1 min", settings={"seconds": 60.0}, state="done")
    items = zip(items_of_tour(NOW), IDS, states, strict=False)
    return [
        before.to_json(),
        *(one.but(id=id, state=state, folders=(f"run-{id}",)).to_json() for one, id, state in items),
    ]


@pytest.fixture
def led(qtbot: QtBot, tmp_path: Path) -> Iterator[Led]:
    led = Led(tmp_path)
    qtbot.addWidget(led.tabs)
    yield led
    led.background.close()
    led.desk.close()


def begin(qtbot: QtBot, led: Led, state: str = "idle") -> dict[str, Any]:
    """The tour is in the queue, behind an item that is over; what was commanded for it."""
    led.rests(state=state)
    led.guide.begin()
    qtbot.waitUntil(lambda: "add" in dict(led.desk.given), timeout=20000)
    given = dict(led.desk.given)
    led.guide._was_added(list(IDS), given["add"]["items"])
    return given


def test_it_sets_the_speed_and_fills_the_queue(qtbot: QtBot, led: Led) -> None:
    given = begin(qtbot, led)
    assert given["speed"] == {"rate": SPEED}
    items = given["add"]["items"]
    assert [one["name"] for one in items] == [one.name for one in items_of_tour(NOW)]
    assert len(items) == len(STOPS)
    assert "resume" not in given
    assert led.added == [(list(IDS), items)]


def test_a_held_queue_is_let_go_with_it(qtbot: QtBot, led: Led) -> None:
    assert list(begin(qtbot, led, "held"))[-2:] == ["add", "resume"]


def test_each_item_is_said_once_with_its_tab_in_front_until_somebody_chooses_one(qtbot: QtBot, led: Led) -> None:
    begin(qtbot, led)
    tabs = led.tabs
    led.rests()
    assert led.said == [], "a snapshot from just before is no end"
    for number, stop in enumerate(STOPS):
        led.runs_at(number)
        led.runs_at(number)
        led.rests(*["done"] * number, "partial", "waiting", state="waiting")
        assert led.said[number:] == [tour.sentence(number)]
        assert tabs.currentIndex() == (stop.tab if number < 4 else 5)
        if number == 3:
            tabs.setCurrentIndex(5)
    led.rests(*["done"] * 6, speed=100.0)
    led.rests(*["done"] * 6)
    assert len(led.said) == 7
    assert led.said[-1].startswith("The tour is over (time still goes at ×100).")


def test_what_is_over_is_ticked_once_it_is_listed_and_only_once(qtbot: QtBot, led: Led) -> None:
    begin(qtbot, led)
    led.runs_at(1)
    assert led.runs.ticks == []
    led.runs.entries = [SimpleNamespace(folder=name) for name in ("another", "run-4", "run-3")]
    led.runs_at(1)
    led.runs_at(1)
    assert led.runs.ticks == [([2], True)]


def test_its_words_stay_before_what_the_engine_notes_and_give_way_to_answers(qtbot: QtBot) -> None:
    line = EventLine()
    qtbot.addWidget(line)
    line.say(Message("info", "on tour", kind="tour", stays=True))
    line.say(Message("info", "Heater range: 10 mA", number=7))
    assert line.front is not None
    assert line.front.text == "on tour"
    line.say(Message("warning", "careful", number=8))
    line._dismiss()
    assert line.front.text == "on tour"
    line.say(Message("info", "saved"))
    line.say(Message("info", "Heater range: 3 mA", number=9))
    assert line.front.text == "Heater range: 3 mA"
    assert len(line.messages) == 5


def test_asked_for_again_it_says_where_it_is_and_adds_nothing(qtbot: QtBot, led: Led) -> None:
    begin(qtbot, led)
    led.runs_at(1)
    count = len(led.desk.given)
    led.guide.begin()
    assert led.said == [tour.sentence(1)] * 2
    led.rests("done", "partial", "waiting", state="held")
    assert led.said[-1] == tour.HELD
    led.runs_at(1)
    assert led.said[-1] == tour.sentence(1)
    led.rests("done", "skipped")
    assert led.said[-1] == tour.LEFT
    led.rests("done", "waiting")
    led.guide.begin()
    assert led.said[-1].startswith("No tour now: 1 item is left in the queue.")
    assert len(led.desk.given) == count


def test_in_the_window_it_names_tabs_can_be_undone_and_is_off_at_a_real_station(
    dressed: QApplication, tmp_path: Path
) -> None:
    with window_at(dressed, tmp_path, first=True) as stage:
        window, menus = stage.window, stage.window.menus
        stage.desk.show(night_at("idle", tmp_path, items=queue()))
        assert menus.by_name["Tour"].isEnabled()
        menus.by_name["Tour"].trigger()
        stage.until(lambda: "add" in dict(stage.desk.given))
        window.guide._was_added(list(IDS), dict(stage.desk.given)["add"]["items"])
        assert window.queue.edits.stack.canUndo()
        for number, stop in enumerate(STOPS):
            assert f"{window.plots.tabs.tabText(stop.tab)} (Alt+{stop.tab + 1})" in tour.sentence(number)
        file = window.place.file
        real = replace(file, sections={name: keys for name, keys in file.sections.items() if name != "simulator"})
        window.guide._place = replace(window.place, file=real)
        off = Menus(window).by_name["Tour"]
        assert not off.isEnabled()
        assert off.toolTip().startswith(tour.REAL)
        assert off.statusTip() == tour.REAL
