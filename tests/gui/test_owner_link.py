"""The owner that the window found or started: who may end it, what is said of it, and a night that was cut off."""

from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from coldfinger.gui.early_owner import Found
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.procedures.owner.owner import OwnerError

PATIENCE = 15_000  # ms


class Owners:
    """A place whose owners are only pretended: `found` is what there is, `done` what was asked of them."""

    def __init__(self, found: Found | OwnerError) -> None:
        self.found, self.done = found, list[tuple[str, bool]]()

    def find_or_start(self) -> Found:
        if isinstance(self.found, OwnerError):
            raise self.found
        return self.found

    def owner(self) -> dict[str, object]:
        return {"pid": 1}

    def start_owner(self, resume: bool = False) -> int:
        self.done.append(("start", resume))
        return 1

    def stop_owner(self, safe: bool) -> None:
        self.done.append(("stop", safe))


@pytest.fixture
def began(qtbot: QtBot) -> Any:
    """Begins with what there is: the link, its place and what it has said."""
    links = []

    def begin(found: Found | OwnerError) -> Any:
        place, said = Owners(found), list[Any]()
        link = OwnerLink(place)  # type: ignore[arg-type]
        links.append(link)
        link.said.connect(said.append)
        link.begin()
        qtbot.waitUntil(lambda: not link.beginning, timeout=PATIENCE)
        return SimpleNamespace(link=link, place=place, said=said)

    yield begin
    for link in links:
        link.close()


def test_an_owner_that_the_window_started_ends_with_it_and_safely(began: Any) -> None:
    one = began(Found(True))
    one.link.close()
    assert one.place.done == [("stop", True)]
    assert one.said == []


def test_an_owner_that_was_there_before_outlives_the_window(began: Any) -> None:
    one = began(Found(False))
    one.link.close()
    assert one.place.done == []
    assert "another program had started" in one.said[0].text


def test_a_night_that_was_cut_off_is_offered_and_goes_on_in_an_owner_that_resumes_it(qtbot: QtBot, began: Any) -> None:
    assert began(Found(True, (0, 5))).said == []  # nothing of it is left
    one = began(Found(True, (3, 5)))
    assert one.said[0].text.startswith("A queue was cut off: 3 of 5 runs are left. Nothing has moved.")
    ((label, go_on),) = one.said[0].actions
    assert label == "Continue"
    with qtbot.waitSignal(one.link.ready, timeout=PATIENCE):
        go_on()
    assert one.place.done == [("stop", False), ("start", True)]  # it is idle: nothing has to be made safe


def test_a_station_that_cannot_be_opened_can_be_tried_again(qtbot: QtBot, began: Any) -> None:
    one = began(OwnerError("the magnet does not answer"))
    assert one.said[0].text == "The station could not be opened: the magnet does not answer. Nothing has moved."
    ((label, again),) = one.said[0].actions
    assert label == "Try again"
    one.place.found = Found(True)
    with qtbot.waitSignal(one.link.ready, timeout=PATIENCE):
        again()


def test_a_lost_engine_is_said_once_until_it_answers_again(began: Any) -> None:
    one = began(Found(True))
    one.link.found()
    for _ in range(2):
        one.link.lost("no owner answers")
    one.link.found()
    one.link.lost("no owner answers")
    assert [message.level for message in one.said] == ["alarm", "info", "alarm"]
    assert "no owner answers" in one.said[0].text
