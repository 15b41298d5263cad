"""The whole window as it is seen: every tab and dialog, both themes, two sizes, small and large fonts."""

import contextlib
import os
import subprocess
import sys

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QWidget

from coldfinger.gui.helping.help import anchor_of, headings
from tests.gui import looks, window_checks
from tests.gui.scenes import SCENES, at
from tests.gui.stage import DIALOGS, DOCS, LARGE, SMALL, TABS, say, window_at

THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    with window_at(qapp, tmp_path_factory.mktemp("looks") / "data") as stage:
        stage.tick()
        say(stage)
        yield stage


def walk(window, key):
    """Everything that has the keyboard until it is where it began."""
    begun = at = window.focusWidget()
    stops = []
    while at is not None and at not in stops:
        stops.append(at)
        QTest.keyClick(at, key)
        at = window.focusWidget()
    assert at is begun, f"the keyboard stays in {at and at.accessibleName()!r}"
    return stops


def asks_for_the_keyboard(widget, window):
    """Whether Tab has to come by."""
    tabbed = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
    return bool(tabbed and widget.isVisibleTo(window) and widget.isEnabled() and not widget.isWindow())


def input_of(widget):
    """Buttons of which one is down are one input: Tab comes to one of them, arrows reach the others."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    return group if group is not None and group.exclusive() else widget


@pytest.mark.parametrize("theme", THEMES)
def test_every_tab_is_in_order_on_a_small_and_on_a_large_screen(stage, theme):
    stage.dress(theme)
    for size in (LARGE, SMALL):
        stage.resize(size)
        assert stage.window.size() == size
        for tab in TABS:
            stage.tab(tab)
            faults = window_checks.looks_right(stage.window) + window_checks.plots_say_it(stage)
            assert faults + window_checks.captions_are_free(stage) == [], f"{size}, {tab}"
        assert window_checks.form_is_seen(stage) + window_checks.disabled_say_why(stage.window) == []
    assert window_checks.texts_contrast(stage.window) + window_checks.palette_contrasts() == []
    assert window_checks.fits_the_smallest_screen(stage) == []


@pytest.mark.parametrize(("points", "size"), [(9, SMALL), (9, LARGE), (14, SMALL), (14, LARGE)])
def test_every_tab_is_in_order_with_small_and_large_fonts(stage, points, size):
    stage.dress("light", points)
    stage.resize(size)
    try:
        for tab in TABS:
            stage.tab(tab)
            assert stage.window.size() == size
            faults = window_checks.looks_right(stage.window) + window_checks.simulated_is_read(stage)
            assert faults + window_checks.captions_are_free(stage) == [], f"{points} pt, {size}, {tab}"
    finally:
        stage.dress("light")


def test_the_largest_font_needs_no_more_than_a_large_screen_and_another_one_leaves_the_docks_as_broad(stage):
    stage.resize(SMALL)
    before = [dock.width() for dock in stage.window.docks.values()]
    for points, size in ((18, LARGE), (14, SMALL)):
        stage.dress("light", points)
        least = stage.window.minimumSizeHint()
        assert (least.width() <= size.width(), least.height() <= size.height()) == (True, True), f"{points} pt: {least}"
    stage.dress("light")
    stage.resize(SMALL)
    assert [dock.width() for dock in stage.window.docks.values()] == pytest.approx(before, abs=2)


def test_the_window_is_in_order_on_a_screen_of_twice_the_pixels():
    """In a process of its own: the scale of a screen is fixed once Qt has begun."""
    environment = {**os.environ, "QT_SCALE_FACTOR": "2"}
    told = subprocess.run(
        [sys.executable, "-m", "tests.gui.twice"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (told.stdout.strip(), told.returncode) == ("2.0: in order", 0), told.stderr


def test_whatever_the_window_seldom_shows_is_in_order(stage):
    stage.dress("light")
    stage.resize(SMALL)
    faults = {}
    for name in SCENES:
        with at(stage, name) as widget:
            is_window = widget is stage.window
            faults[name] = window_checks.looks_right(widget)
            for part in (stage.window.banner, stage.window.strip) if is_window else (widget,):
                faults[name] += window_checks.texts_contrast(part)
            if is_window and name != "replay":
                faults[name] += window_checks.simulated_is_read(stage)
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_every_dialog_is_in_order(stage, theme):
    stage.dress(theme)
    faults = {}
    for name in DIALOGS:
        dialog = stage.dialog(name)
        faults[name] = window_checks.looks_right(dialog) + window_checks.texts_contrast(dialog)
        dialog.hide()
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("name", [name for name in DIALOGS if name not in ("help", "commands")])
def test_tab_leaves_every_part_of_a_dialog_and_comes_round(stage, name):
    dialog = stage.dialog(name)
    try:
        dialog.activateWindow()
        dialog.focusNextPrevChild(True)
        stops = walk(dialog, Qt.Key.Key_Tab)
        wanted = {input_of(one) for one in dialog.findChildren(QWidget) if asks_for_the_keyboard(one, dialog)}
        assert wanted == {input_of(stop) for stop in stops}
    finally:
        dialog.hide()


@pytest.mark.parametrize("state", ["running", "waiting", "paused", "held", "idle", "aborting"])
def test_banner_title_plot_and_picture_say_the_same(stage, state):
    stage.resize(SMALL)
    stage.tab("live")
    stage.show(state)
    try:
        faults = window_checks.banner_says_it(stage) + window_checks.icon_is_of_the_state(stage)
        faults += window_checks.state_is_the_engines(stage) + window_checks.simulated_is_read(stage)
        assert faults + window_checks.plots_say_it(stage) == []
    finally:
        stage.show("running")


def test_a_number_with_ctrl_opens_the_history_of_a_reading_and_its_tile_says_so(stage):
    window = stage.window
    for number, (key, tile) in enumerate(window.strip.tiles.items(), 1):
        action = window.menus.by_name[tile.label.text()]
        assert action.shortcut().toString() == f"Ctrl+{number}"
        assert f"Ctrl+{number}: its history" in tile.toolTip()
        action.trigger()
        assert (window.plots.tabs.currentWidget(), window.plots.history._key) == (window.plots.history, key)
    assert window.strip.tiles["H"].below.text().endswith("100 % of limit")
    stage.tab("live")


def test_a_small_screen_shows_what_runs_and_what_follows_it(stage):
    stage.dress("light")
    stage.resize(SMALL)
    table = stage.window.queue.table
    inside = table.viewport().height() - table.rowHeight(0)
    seen = [n for n in range(8) if 0 <= table.rowViewportPosition(n) <= inside]
    assert set(seen) >= {4, 5, 6}
    assert table.rows.row(4).look.word == "running"


def test_a_low_dock_scrolls_its_panel_and_keeps_its_title(stage):
    stage.tab("live")
    stage.dress("light", 14)
    stage.resize(SMALL)
    window = stage.window
    window.inner.resizeDocks([window.docks["new run"], window.docks["queue"]], [900, 10], Qt.Orientation.Vertical)
    stage.settle()
    dock = window.docks["queue"]
    try:
        assert dock.area.verticalScrollBar().maximum() > 0
        assert dock.area.viewport().width() >= window.queue.minimumSizeHint().width()  # nothing is cut at the side
        assert window.queue.deadline.isVisibleTo(window)
        assert window_checks.looks_right(window) == []
    finally:
        window.reset_layout()
        stage.dress("light")


@pytest.mark.parametrize("place", [*TABS, "replay"])
def test_tab_and_shift_tab_go_once_to_everything_that_can_be_used_and_through_the_runs_as_one_reads(stage, place):
    window, runs = stage.window, stage.window.runs
    with at(stage, place) if place in SCENES else contextlib.nullcontext(stage.tab(place)):
        wanted = {input_of(one) for one in window.findChildren(QWidget) if asks_for_the_keyboard(one, window)}
        window.activateWindow()
        window.new_run.focus_first()
        forth, back = (walk(window, key) for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab))
        reached = [input_of(stop) for stop in forth]
        assert [one for one in wanted if one not in reached] == []
        assert len(set(reached)) == len(reached) == len(wanted)
        assert forth[1:] == back[:0:-1]
        assert len(forth) > 40
        buttons = [button for button in runs.ticked_runs.buttons.values() if button.isEnabled()]
        assert len(buttons) > 2
        inside = [stop for stop in forth if runs.isAncestorOf(stop)]
        assert inside == [runs.filter, runs.table, *buttons, runs.details]
        bar = [stop for stop in forth if window.replay_bar.isAncestorOf(stop)]
        assert [stop.x() for stop in bar] == sorted(stop.x() for stop in bar)
    stage.tab("live")


def test_the_map_has_its_colours(stage):
    stage.dress("light")
    page = stage.tab("map")
    picture = looks.pixels(page).reshape(-1, 3) // 8
    assert len({tuple(pixel) for pixel in picture[::7]}) >= 20


def test_every_page_that_the_window_names_has_that_part():
    import re
    from pathlib import Path

    from coldfinger.gui.form.run_forms import FORMS

    rooms = Path(window_checks.looks.__file__).parents[2] / "gui"
    named = {form.help for form in FORMS} | {"gui"}
    for path in rooms.rglob("*.py"):
        named |= set(re.findall(r'setProperty\((?:"help"|HELP), "([^"]+)"\)', path.read_text("utf-8")))
    assert {"gui#queue", "gui#plots", "gui#keyboard", "engine"} <= named
    missing = []
    for name in sorted(named):
        page, _, anchor = name.partition("#")
        path = DOCS / f"{page}.md"
        known = {anchor_of(heading) for heading in headings(path.read_text("utf-8"))} if path.is_file() else set()
        if not path.is_file() or (anchor and anchor not in known):
            missing.append(name)
    assert missing == []
