"""The line of messages: what is serious stays in front until somebody has seen it, and nothing is lost behind it."""

import pytest
from qtpy.QtWidgets import QApplication

from coldfinger.gui.overview.event_line import EventLine, Message, MessageList


@pytest.fixture
def line(qapp: QApplication, qtbot) -> EventLine:
    line = EventLine()
    qtbot.addWidget(line)
    line.resize(900, 40)
    line.show()
    return line


def test_alarms_stand_before_warnings_and_those_before_notes_until_they_were_seen(line: EventLine):
    told: list[int] = []
    line.seen.connect(told.append)
    for number, level in enumerate(("warning", "info", "alarm", "warning", "info", "info"), 1):
        line.say(Message(level, f"message {number}", number=number))
    order = []
    while line.front is not None:
        order.append(line.front.text[-1])
        assert line.text.text() == line.front.text
        line.dismiss.click()
    assert order == ["3", "4", "1", "6"]  # of notes only the newest is worth a look
    assert told == [3, 4, 1, 6]
    assert not line.dismiss.isEnabled()
    assert len(line.messages) == 6


def test_a_note_that_stays_is_pushed_away_by_an_answer_to_the_user_but_by_none_of_the_engine(line: EventLine):
    line.say(Message("info", "what to do first", stays=True))
    line.say(Message("info", "a run begins", number=1))
    assert line.front is not None
    assert line.front.text == "what to do first"
    line.say(Message("warning", "lock-in overloaded", number=2))
    assert line.front.text == "lock-in overloaded"
    line.dismiss.click()
    assert line.front.text == "what to do first"
    line.say(Message("info", "saved"))
    assert line.front.text == "saved"


def test_what_a_message_offers_is_done_once_and_takes_it_away(line: EventLine):
    done: list[str] = []
    offers = [("Continue", lambda: done.append("continue")), ("Stop", lambda: done.append("stop"))]
    line.say(Message("warning", "a queue was cut off", actions=offers))
    line._answer()  # F8
    line._answer()
    assert done == ["continue"]
    assert line.front is None


def test_the_list_of_messages_is_filtered_by_level_and_text_and_copied_as_shown(line: EventLine, qtbot):
    for level, text in (("info", "a run begins"), ("warning", "lock-in overloaded"), ("alarm", "the magnet quenched")):
        line.say(Message(level, text, time="12:00:00", kind="run"))
    view = MessageList(line.messages)
    qtbot.addWidget(view)
    assert [message.level for message in view.shown()] == ["alarm", "warning", "info"]
    view.level.setCurrentIndex(1)
    view.filter.setText("LOCK")
    assert view.table.rowCount() == 1
    view._copy()
    assert QApplication.clipboard().text() == "12:00:00\tWARN\trun\tlock-in overloaded"
