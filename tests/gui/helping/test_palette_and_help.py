"""Commands found by a few letters, and help that opens where the keyboard is."""

import re
from pathlib import Path

import pytest
from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QFontInfo
from qtpy.QtWidgets import QAction, QApplication, QLineEdit, QMainWindow, QWidget

from coldfinger.gui.helping.fuzzy import ranked, score
from coldfinger.gui.helping.help import HelpViewer, anchor_of, headings, help_of
from coldfinger.gui.helping.palette import CommandPalette, commands_of
from tests.gui import looks

DOCS = Path(__file__).parents[3] / "docs"

# Letters


def test_letters_must_occur_in_their_order_in_any_case():
    assert score("fps", "Fridge › Pause") is not None
    assert score("PAUSE", "Fridge › Pause") is not None
    assert score("pf", "Fridge") is None
    assert score("", "anything") == 0.0
    assert score("x", "") is None


@pytest.mark.parametrize(
    ("wanted", "best"),
    [("pau", "Fridge › Pause"), ("ops", "File › Open station"), ("exp", "File › Export"), ("skip", "Fridge › Skip")],
)
def test_beginnings_of_words_and_letters_in_a_row_come_first(wanted, best):
    names = ["View › Plots apart", "File › Open station", "Fridge › Pause", "File › Export", "Help › Experts",
             "Fridge › Skip", "View › Sketch in panel"]  # fmt: skip
    assert ranked(wanted, names, lambda name: name)[0] == best


# Palette


@pytest.fixture
def window(qtbot, dressed):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.done = []
    for menu_name, names in {"&Fridge": ["&Pause", "S&kip", "Abort → Safe"], "&View": ["&Dark theme"]}.items():
        menu = window.menuBar().addMenu(menu_name)
        for name in names:
            action = QAction(name, window)
            action.triggered.connect(lambda *_, name=name: window.done.append(name))
            menu.addAction(action)
    inner = window.menuBar().actions()[1].menu().addMenu("&Font size")
    inner.addAction(QAction("&Larger…", window))
    inner.addSeparator()
    actions = window.menuBar().actions()[0].menu().actions()
    actions[0].setShortcut("F6")
    actions[1].setEnabled(False)
    actions[1].setToolTip("Nothing is running\nSkip this run.")
    window.show()
    return window


def test_every_command_of_the_menus_is_there_with_its_way(window):
    assert [command.path for command in commands_of(window)] == [
        "Fridge › Pause",
        "Fridge › Skip",
        "Fridge › Abort → Safe",
        "View › Dark theme",
        "View › Font size › Larger",
    ]


def test_letters_and_enter_carry_a_command_out(qtbot, window):
    palette = CommandPalette(window)
    qtbot.addWidget(palette)
    palette.show()
    qtbot.keyClicks(palette.line, "dark")
    assert palette.shown()[0] == "View › Dark theme"
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.done == ["&Dark theme"]
    assert not palette.isVisible()


def test_arrows_choose_and_a_command_that_cannot_be_says_why(qtbot, window):
    palette = CommandPalette(window)
    qtbot.addWidget(palette)
    palette.show()
    assert palette.list.item(0).text() == "Fridge › Pause    F6"
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert palette.isVisible()
    assert palette.message.text() == "Not now: Nothing is running."
    assert window.done == []
    qtbot.keyClicks(palette.line, "zzz")
    assert palette.message.text() == "No command has these letters."
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.done == []


# Help

PAGE = """# The queue

[engine](engine.md#what-it-is) and [below](#a-plan-line-by-line) and [out](https://example.org/x)

```console
# not a heading
```
""" + "\n\n".join(f"Paragraph {number}." for number in range(80)) + """

## A `plan`, *line by line*

deep
""" + "\n\n".join(f"More {number}." for number in range(80))  # fmt: skip


@pytest.fixture
def viewer(qtbot, dressed, tmp_path):
    (tmp_path / "queue.md").write_text(PAGE, "utf-8")
    (tmp_path / "engine.md").write_text("# Engine\n\n## What it is\n\nOne object.\n", "utf-8")
    viewer = HelpViewer(tmp_path)
    qtbot.addWidget(viewer)
    viewer.show()
    return viewer


def test_help_is_what_the_nearest_widget_names(qtbot, dressed):
    outer, inner = QWidget(), QWidget()
    qtbot.addWidget(outer)
    inner.setParent(outer)
    line = QLineEdit(inner)
    assert help_of(line) == "gui"
    outer.setProperty("help", "engine")
    assert help_of(line) == "engine"
    inner.setProperty("help", "plan-files#lists")
    assert help_of(line) == "plan-files#lists"
    assert help_of(None, "analysis") == "analysis"


def test_f1_opens_the_page_of_the_widget_with_the_keyboard(qtbot, viewer):
    line = QLineEdit()
    qtbot.addWidget(line)
    line.setProperty("help", "engine#what-it-is")
    viewer.show_for(line)
    assert viewer.place == "engine#what-it-is"
    assert viewer.isVisible()


def test_anchors_are_those_of_the_headings():
    assert headings(PAGE) == ["The queue", "A plan, line by line"]
    assert [anchor_of(heading) for heading in headings(PAGE)] == ["the-queue", "a-plan-line-by-line"]


def test_a_page_opens_at_its_part(qtbot, viewer, qapp):
    assert viewer.show_page("queue")
    assert viewer.text.verticalScrollBar().value() == 0
    assert viewer.show_page("queue#a-plan-line-by-line")
    looks.settle(qapp)
    assert viewer.text.verticalScrollBar().value() > 0
    assert viewer.text.textCursor().block().text() == "A plan, line by line"
    assert viewer.text.cursorRect().top() < 20
    assert viewer.windowTitle() == "Help: The queue"


def test_links_between_pages_work_and_back_comes_back(qtbot, viewer):
    viewer.show_page("queue")
    viewer._follow(QUrl("engine.md#what-it-is"))
    assert viewer.place == "engine#what-it-is"
    assert "One object" in viewer.text.toPlainText()
    assert viewer.pages.currentData() == "engine"
    viewer.back.click()
    assert viewer.place == "queue"
    viewer._follow(QUrl("#a-plan-line-by-line"))
    assert viewer.place == "queue#a-plan-line-by-line"
    viewer._follow(QUrl("https://example.org/x"))
    assert "outside the handbook" in viewer.message.text()
    assert QApplication.clipboard().text() == "https://example.org/x"


@pytest.mark.parametrize("place", ["nowhere", "../secret", "nowhere#x"])
def test_a_page_that_is_not_there_is_said_and_the_old_one_stays(viewer, tmp_path, place):
    (tmp_path.parent / "secret.md").write_text("# secret", "utf-8")
    viewer.show_page("engine")
    assert not viewer.show_page(place)
    assert viewer.message.text().startswith("There is no page")
    assert viewer.place == "engine"
    assert "One object" in viewer.text.toPlainText()


def test_a_part_that_is_not_there_is_said(viewer):
    assert viewer.show_page("engine#nothing")
    assert viewer.message.text().startswith("This page has no part 'nothing'")


def test_a_text_is_found_again_and_again(qtbot, viewer):
    viewer.show_page("queue")
    viewer.search.setText("Paragraph 7")
    places = []
    for _ in range(3):
        qtbot.keyClick(viewer.search, Qt.Key.Key_Return)
        places.append(viewer.text.textCursor().position())
    assert len(set(places)) == 3
    viewer.search.setText("not there")
    viewer.find_next()
    assert "does not have" in viewer.message.text()


def test_the_viewer_looks_right(viewer, tokens, qapp, tmp_path):
    viewer.show_page("queue")
    looks.settle(qapp)
    assert looks.faults(viewer) == []
    looks.shoot(viewer, tmp_path / f"help_{tokens.name}.png")


def test_every_page_of_the_handbook_opens(qtbot, dressed):
    viewer = HelpViewer(DOCS)
    qtbot.addWidget(viewer)
    assert viewer.pages.count() == len(list(DOCS.glob("*.md")))
    for number in range(viewer.pages.count()):
        assert viewer.show_page(viewer.pages.itemData(number))


def test_every_widget_names_a_page_that_is_there():
    named = set()
    for path in (DOCS.parent / "gui").rglob("*.py"):
        named |= set(re.findall(r'setProperty\("help", "([\w-]+)', path.read_text("utf-8")))
    assert {"catalogue", "engine", "simulator"} <= named
    missing = {name for name in named if not (DOCS / f"{name}.md").exists()} - {"gui"}  # which the window's writer adds
    assert not missing


def test_columns_of_code_stand_below_one_another(viewer, qapp):
    code = "```sh\ncoldfinger gui          # one\ncoldfinger gui --wide   # two\n```\n"
    (viewer.folder / "code.md").write_text(f"# Code\n\n{code}\nLike `il` and `WM`.\n", "utf-8")
    viewer.show_page("code")
    looks.settle(qapp)
    document, places = viewer.text.document(), []
    for word in ("# one", "# two"):
        found = document.find(word)
        found.setPosition(found.selectionStart())
        places.append(viewer.text.cursorRect(found).left())
    assert places[0] == places[1] > 50
    assert QFontInfo(document.find("WM").charFormat().font()).fixedPitch()
