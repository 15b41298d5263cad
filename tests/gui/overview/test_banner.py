"""Banner and strip on the screen: three verbs that keep their places, a stop that is always heard, whole texts."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialog, QLineEdit, QVBoxLayout, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.look.tokens import State
from coldfinger.gui.overview.banner import Banner
from coldfinger.gui.overview.strip import FridgeStrip
from coldfinger.gui.overview.strip_state import Strip
from coldfinger.gui.overview.view_state import ABORT, PAUSE, RESUME, SKIP, banner_of
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.runfiles.quality import Quality
from tests.gui.looks import box, faults, ink, settle
from tests.gui.snapshots import SAFE, snapshot

STATES = [
    snapshot("idle", "the queue is empty"),
    snapshot("running", simulated=True),
    snapshot("pausing", "the present row is finished first"),
    snapshot("paused", "set points are held, the excitation is on"),
    snapshot("aborting", "the station goes to its safe state"),
    snapshot("held", "aborted", safe=SAFE),
    snapshot("ended", "done", safe=SAFE),
]


class Top(QWidget):
    """Banner and strip as they stand in the window."""

    def __init__(self) -> None:
        super().__init__()
        self.banner, self.strip, self.memory = Banner(self), FridgeStrip(self), Strip()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.banner)
        layout.addWidget(self.strip)
        self.asked: list[str] = []
        self.banner.asked.connect(self.asked.append)
        self.resize(1280, 150)

    def show_snapshot(self, picture, silent: float = 0.0) -> None:
        self.banner.show_view(banner_of(picture, silent))
        self.strip.show_state(*self.memory.see(picture, silent))


@pytest.fixture
def top(dressed: QApplication, qtbot) -> Top:
    top = Top()
    qtbot.addWidget(top)
    top.show()
    qtbot.waitExposed(top)
    return top


def test_no_verb_ever_changes_place_or_text(top: Top, qapp: QApplication):
    seen = set()
    for picture in [*STATES, None]:
        top.show_snapshot(picture)
        settle(qapp)
        seen.add(tuple((verb, box(b, top).x(), b.width(), b.text()) for verb, b in top.banner.buttons.items()))
    assert len(seen) == 1


def test_pressed_verbs_are_sent_and_dead_ones_say_why(top: Top):
    top.show_snapshot(STATES[1])
    for verb in (PAUSE, SKIP, ABORT):
        QTest.mouseClick(top.banner.buttons[verb], Qt.MouseButton.LeftButton)
    assert top.asked == [PAUSE, SKIP, ABORT]
    resume = top.banner.buttons[RESUME]
    assert not resume.isEnabled()
    assert resume.toolTip().startswith("Nothing is paused.\n")


def test_abort_is_live_in_every_state_and_may_be_pressed_again(top: Top):
    for picture in [*STATES, None]:
        top.show_snapshot(picture)
        QTest.mouseClick(top.banner.buttons[ABORT], Qt.MouseButton.LeftButton)
    assert top.asked == [ABORT] * (len(STATES) + 1)


def test_tooltips_say_what_becomes_of_heater_field_and_excitation(top: Top):
    for button in top.banner.buttons.values():
        text = button.toolTip().lower()
        assert all(word in text for word in ("heater", "field", "excitation"))


def test_keys_give_the_verbs(top: Top, qtbot):
    top.activateWindow()
    qtbot.waitUntil(top.isActiveWindow, timeout=2000)
    top.show_snapshot(STATES[1])
    QTest.keyClick(top, Qt.Key.Key_F6)
    QTest.keyClick(top, Qt.Key.Key_F7)
    top.show_snapshot(STATES[3])
    QTest.keyClick(top, Qt.Key.Key_F6)
    QTest.keyClick(top, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert top.asked == [PAUSE, SKIP, RESUME, ABORT]
    top.show_snapshot(STATES[0])
    QTest.keyClick(top, Qt.Key.Key_F6)
    QTest.keyClick(top, Qt.Key.Key_F7)
    assert top.asked == [PAUSE, SKIP, RESUME, ABORT]


def test_abort_is_heard_while_a_dialog_with_a_text_is_open(top: Top, qtbot):
    dialog = QDialog(top)
    line = QLineEdit(dialog)
    dialog.setModal(True)
    qtbot.addWidget(dialog)
    dialog.show()
    line.setFocus()
    QTest.keyClick(line, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(line, Qt.Key.Key_Period)
    assert top.asked == [ABORT]
    assert line.text() == "."


@pytest.mark.parametrize("size", [9, 14])
@pytest.mark.parametrize("number", range(len(STATES)))
def test_banner_and_strip_are_whole_at_the_smallest_window(qapp: QApplication, qtbot, tokens, size, number):
    theme.apply(qapp, tokens.name, size)
    top = Top()
    qtbot.addWidget(top)
    top.show()
    picture = STATES[number] | {"latest": {**STATES[number]["latest"], "flags": [int(Quality.OVERLOAD), 310.0]}}
    top.show_snapshot(picture)
    settle(qapp)
    assert top.width() == 1280
    assert faults(top) == []


def test_readings_wrap_into_two_rows_where_one_has_no_room(top: Top, qapp: QApplication):
    top.show_snapshot(snapshot())
    top.resize(1280, 150)
    settle(qapp)
    assert len({tile.y() for tile in top.strip.tiles.values()}) == 1
    theme.apply(qapp, "light", 14)
    settle(qapp)
    top.show_snapshot(snapshot())
    top.resize(1280, 150)
    settle(qapp)
    assert top.width() == 1280
    assert len({tile.y() for tile in top.strip.tiles.values()}) == 2
    assert faults(top) == []


def test_state_is_seen_as_colour_and_heard_as_words(top: Top, qapp: QApplication, tokens):
    for state, picture, silent in (
        (State.RUNNING, STATES[1], 0),
        (State.HELD, STATES[5], 0),
        (State.LINK_LOST, None, 0),
    ):
        top.show_snapshot(picture, silent)
        settle(qapp)
        tone = state.value.in_theme(tokens)
        assert ink(top.banner.tile, tone.fill, 3) > 2000
        assert ink(top.banner.tile, tone.ink, 30) > 100
        assert state.value.word in top.banner.accessibleDescription()
        assert top.banner.word.text() == state.value.word


def test_a_simulated_run_wears_its_badge(top: Top, qapp: QApplication):
    top.show_snapshot(STATES[1])
    assert (top.banner.badge.text(), top.banner.badge.isVisible()) == ("SIMULATED", True)
    top.show_snapshot(STATES[3])
    assert not top.banner.badge.isVisible()


def test_how_far_a_run_is_and_what_is_not_safe_are_seen(top: Top):
    top.show_snapshot(STATES[1])
    assert (top.banner.progress.isVisible(), top.banner.progress.value()) == (True, 62)
    assert not top.banner.checks.isVisible()
    top.show_snapshot(snapshot("held", "aborted", safe=[*SAFE[:2], {"item": "heater", "done": False, "detail": ""}]))
    assert not top.banner.progress.isVisible()
    assert top.banner.checks.text() == "✓ excitation off  ✓ bias off\n✗ heater off"


def test_a_long_sentence_is_cut_with_dots_and_whole_in_the_tooltip(top: Top, qapp: QApplication):
    sentence = "the lock-in did not answer for ten seconds " * 6
    top.show_snapshot(snapshot("held", sentence))
    settle(qapp)
    assert top.width() == 1280
    assert top.banner.detail.text().endswith("…")
    assert sentence in top.banner.detail.toolTip()


def test_old_readings_are_struck_out_with_their_age(top: Top, qapp: QApplication):
    top.show_snapshot(snapshot(), 40.0)
    tile = top.strip.tiles["T_mc"]
    assert "line-through" in tile.value.styleSheet()
    assert tile.below.text() == "46 s old"
    assert "46 s old" in tile.accessibleName()


def test_a_reading_of_the_past_is_grey_without_a_trend_and_one_beyond_its_limit_is_red(top: Top):
    tokens = theme.current()
    limits = Limits(field=0.05, field_rate=1e-4, lowest_temperature=0.02, highest_temperature=300.0, current=4e-8)
    top.memory = Strip(limits)
    top.show_snapshot(snapshot())
    warmer = snapshot(clock=326.0)
    warmer["latest"] |= {"T_mc (K)": [0.4, 320.0], "H (Oe)": [600.0, 320.0]}
    top.show_snapshot(warmer)
    chamber, field = top.strip.tiles["T_mc"], top.strip.tiles["H"]
    assert tokens.text in chamber.value.styleSheet()
    assert chamber.trend.isVisible()
    assert tokens.bad.ink in field.below.styleSheet()
    assert tokens.bad.ink not in chamber.below.styleSheet()
    top.show_snapshot(warmer | {"clock": 526.0})
    assert tokens.faint in chamber.value.styleSheet()
    assert not chamber.trend.isVisible()


def test_a_click_or_enter_on_a_reading_asks_for_its_history(top: Top):
    asked: list[str] = []
    top.strip.historyAsked.connect(asked.append)
    QTest.mouseClick(top.strip.tiles["H"], Qt.MouseButton.LeftButton)
    QTest.keyClick(top.strip.tiles["R"], Qt.Key.Key_Return)
    assert asked == ["H", "R"]


def test_a_click_on_a_latched_lamp_puts_it_out(top: Top):
    top.strip.lampSeen.connect(top.memory.acknowledge)
    lit = snapshot()
    lit["latest"]["flags"] = [int(Quality.OVERLOAD), 311.0]
    top.show_snapshot(lit)
    lamp = top.strip.lamps["overload"]
    assert lamp.text() == "LOCK-IN OVERLOAD"
    over = snapshot(clock=317.0)
    over["latest"]["flags"] = [0, 316.0]
    top.show_snapshot(over)
    assert "Click: seen" in lamp.toolTip()
    QTest.mouseClick(lamp, Qt.MouseButton.LeftButton)
    top.show_snapshot(over)
    assert "nothing since" in lamp.toolTip()


def test_a_changed_theme_reaches_tiles_and_lamps(top: Top, qapp: QApplication):
    top.show_snapshot(snapshot())
    dark = theme.apply(qapp, "dark")
    top.strip.dress()
    top.banner.show_view(top.banner.view)
    settle(qapp)
    assert ink(top.strip, dark.ok.fill, 3) > 500
