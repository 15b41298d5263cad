"""Every command of the menus has a letter of its own, and one that cannot be done says why."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QAction, QApplication, QMenu, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.care.lag import LagWatch
from coldfinger.gui.desk import Desk
from coldfinger.gui.helping.mnemonics import give_letters, letter_of
from coldfinger.gui.helping.palette import commands_of
from coldfinger.gui.owner_link import OwnerLink
from coldfinger.gui.place import Place
from coldfinger.gui.window import Window
from tests.gui.stage import night_at
from tests.journeys.menu_letters import LETTERS


@pytest.fixture
def window(dressed: QApplication, tmp_path: Path) -> Iterator[Window]:
    place, background = Place.of("sim", tmp_path), Background()
    link, desk = OwnerLink(place), Desk(place.connect)
    window = Window(place, link, desk, background, LagWatch())
    desk.latest = night_at("idle", tmp_path, items=[])
    window.queue._see(desk.latest)
    yield window
    window.close()
    background.close()
    link.close()
    window.deleteLater()
    dressed.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def letters(menu: QMenu, way: str, path: str) -> dict[str, str]:
    """The ways to the commands of a menu by letters, by the commands' names."""
    found: dict[str, str] = {}
    for action in menu.actions():
        if action.isSeparator() or not action.isVisible():
            continue
        name = path + action.text().replace("&", "").split("\t")[0].rstrip("…")
        inner = action.menu()
        if isinstance(inner, QMenu):
            found |= letters(inner, way + letter_of(action), f"{name} › ")
        else:
            found[name] = way + letter_of(action)
    return found


def test_every_command_is_reached_by_letters_of_its_own_and_the_journey_goes_to_all_of_them(window: Window) -> None:
    bar = window.menuBar()
    assert bar is not None
    found: dict[str, str] = {}
    for action in bar.actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        found |= letters(menu, letter_of(action), "")
    assert len(set(found.values())) == len(found)
    assert all(way.isascii() and len(way) in (2, 3) for way in found.values()), found
    assert found == LETTERS
    files = window.queue.file_button.menu()
    assert files is not None
    assert len({letter_of(action) for action in files.actions()}) == len(files.actions())


def test_a_command_that_cannot_be_done_says_why_where_the_arrow_keys_go_by(window: Window) -> None:
    off = {command.path: command for command in commands_of(window) if not command.action.isEnabled()}
    assert off["Queue › Undo"].why_not == "No change of the queue can be taken back"
    assert off["Queue › Remove"].action.statusTip() == "Select an item first."
    assert off["File › Save"].why_not == "The queue is empty"
    for command in off.values():
        assert command.action.statusTip().rstrip(".") == command.why_not


def test_letters_that_are_marked_stay_and_the_others_get_what_is_free(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    menu = QMenu(parent)
    for text in ("&Open\tCtrl+O", "Off", "&Other", "ρ"):
        menu.addAction(QAction(text, menu))
    give_letters(menu)
    assert [action.text() for action in menu.actions()] == ["&Open\tCtrl+O", "O&ff", "O&ther", "&4 ρ"]
