"""What the dead-man tells after the death of the program: once the station is safe, and to the real addresses."""

import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.notify import notifier
from coldfinger.procedures.notify.last_words import death_text, tell_of_the_death
from coldfinger.procedures.safety import deadman
from tests.procedures.notify.home import Noted, telling


@pytest.fixture
def home(monkeypatch):
    noted = Noted()
    monkeypatch.setattr(notifier, "ways", lambda file: [lambda: noted])
    return noted


def test_the_addresses_come_over_the_pipe_and_not_in_the_text(home, monkeypatch):
    asked = []
    monkeypatch.setattr(notifier, "ways", lambda file: [lambda: asked.extend(file.sections["notify"]["to"]) or home])
    log = []
    deadman._tell(telling('to = ["json://hidden"]'), {"to": ["json://host/path"]}, "dead", False, log.append)
    assert asked == ["json://host/path"]
    assert log == []
    assert "THE STATION IS NOT SAFE. Go there and switch off by hand" in home.letters[0].body


def test_one_who_cannot_be_told_does_not_keep_the_dead_man(home):
    home.reason = "no route"
    log = []
    tell_of_the_death(telling('to = ["json://home"]'), "hung", True, WallClock(), log.append, longest=0.2)
    assert log == ["the last message: not reached within 0.2 s", *log[1:]]
    assert "json://home could not be told, after " in log[-1]


def test_what_goes_wrong_there_is_written_down(monkeypatch):
    monkeypatch.setattr(notifier, "ways", lambda file: 1 / 0)
    log = []
    deadman._tell(telling('to = ["json://home"]'), {}, "dead", True, log.append)
    assert log == ["nobody could be told: ZeroDivisionError: division by zero"]


def test_nobody_is_told_where_nobody_wants_to_be(home):
    log = []
    tell_of_the_death(telling('to = ["json://home"]\non = ["end"]'), "dead", True, WallClock(), log.append)
    assert home.letters == log == []


def test_the_four_parts_are_there():
    assert death_text("hung", True) == (
        "the program that measured showed no sign of life and was ended. The rows that it wrote are kept, and nothing "
        "is measured any more; the dead-man has made the station safe. Look into the dead-man's log, then go on with "
        "the night by --resume."
    )
