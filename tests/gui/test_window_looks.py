"""The whole window as it is seen: every tab and dialog, both themes, two sizes, small and large fonts."""

import pytest

from coldfinger.gui.help import anchor_of, headings
from tests.gui import looks, window_checks
from tests.gui.stage import DIALOGS, DOCS, LARGE, SMALL, TABS, say, window_at

THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    with window_at(qapp, tmp_path_factory.mktemp("looks") / "data") as stage:
        stage.tick()
        say(stage)
        yield stage


@pytest.mark.parametrize("theme", THEMES)
def test_every_tab_is_in_order_on_a_small_and_on_a_large_screen(stage, theme):
    stage.dress(theme)
    for size in (LARGE, SMALL):
        stage.resize(size)
        assert stage.window.size() == size
        for tab in TABS:
            stage.tab(tab)
            faults = window_checks.looks_right(stage.window) + window_checks.plots_say_it(stage)
            assert faults == [], f"{size}, {tab}"
        assert window_checks.form_is_seen(stage) + window_checks.disabled_say_why(stage.window) == []
    assert window_checks.texts_contrast(stage.window) + window_checks.palette_contrasts() == []
    assert window_checks.fits_the_smallest_screen(stage) == []


@pytest.mark.parametrize("points", [9, 14])
def test_the_window_is_in_order_with_small_and_large_fonts(stage, points):
    stage.tab("live")
    stage.dress("light", points)
    try:
        assert looks.missing_glyphs(stage.window) + looks.clipped(stage.window) + looks.overlapping(stage.window) == []
    finally:
        stage.dress("light")


@pytest.mark.parametrize("theme", THEMES)
def test_every_dialog_is_in_order(stage, theme):
    stage.dress(theme)
    faults = {}
    for name in DIALOGS:
        dialog = stage.dialog(name)
        faults[name] = window_checks.looks_right(dialog) + window_checks.texts_contrast(dialog)
        dialog.hide()
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("state", ["running", "waiting", "paused", "held", "idle", "aborting"])
def test_banner_title_plot_and_picture_say_the_same(stage, state):
    stage.resize(SMALL)
    stage.tab("live")
    stage.show(state)
    try:
        faults = window_checks.banner_says_it(stage) + window_checks.icon_is_of_the_state(stage)
        assert faults + window_checks.plots_say_it(stage) == []
    finally:
        stage.show("running")


def test_the_map_has_its_colours(stage):
    stage.dress("light")
    page = stage.tab("map")
    picture = looks.pixels(page).reshape(-1, 3) // 8
    assert len({tuple(pixel) for pixel in picture[::7]}) >= 20


def test_every_page_that_the_window_names_has_that_part():
    import re
    from pathlib import Path

    from coldfinger.gui.run_forms import FORMS

    rooms = Path(window_checks.looks.__file__).parents[2] / "gui"
    named = {form.help for form in FORMS} | {"gui"}
    for path in rooms.glob("*.py"):
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
