"""Colours that can be read and told apart, a font that exists, icons that draw something."""

from itertools import combinations

import pytest
from qtpy.QtCore import QRect
from qtpy.QtGui import QFontInfo, QPalette
from qtpy.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.look import theme
from coldfinger.gui.look.tokens import BLACK, ITEM_LOOKS, ORANGE, SKY, THEMES, YELLOW, State, Tokens
from tests.gui.looks import contrast, ink, least_separation, separation, settle

TONES = ("ok", "warn", "bad", "busy", "idle", "lost")
LOOKS = [*(state.value for state in State), *ITEM_LOOKS.values()]
each_theme = pytest.mark.parametrize("colours", THEMES.values(), ids=THEMES)


@each_theme
def test_every_text_can_be_read_on_every_ground_it_stands_on(colours: Tokens):
    for ground in (colours.window, colours.panel, colours.base):
        for text in (colours.text, colours.faint, colours.bad.ink):
            assert contrast(text, ground) >= 4.5, (text, ground)
    for name in TONES:
        tone = getattr(colours, name)
        assert contrast(tone.ink, tone.fill) >= 4.5, name
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.base, colours.bad.ink) >= 4.5  # the abort button


@each_theme
def test_edges_and_marks_are_visible(colours: Tokens):
    for ground in (colours.window, colours.panel, colours.base):
        for graphic in (colours.edge, colours.accent, *(getattr(colours, name).ink for name in TONES)):
            assert contrast(graphic, ground) >= 3.0, (graphic, ground)


@each_theme
@pytest.mark.parametrize("deficiency", ["normal", "protan", "deutan", "tritan"])
def test_curves_are_told_apart_by_everybody(colours: Tokens, deficiency: str):
    assert least_separation(colours.series, deficiency) >= 10


def test_the_ground_does_not_swallow_a_curve():
    # Orange and sky blue are pale on white: symbols have an outline in the colour of text there, and they come last.
    light, dark = THEMES["light"], THEMES["dark"]
    assert YELLOW not in light.series
    assert light.series[-2:] == (ORANGE, SKY)
    assert BLACK not in dark.series
    for colour in light.series[:-2]:
        assert contrast(colour, light.base) >= 3.0
    for colour in dark.series:
        assert contrast(colour, dark.base) >= 3.0


@each_theme
@pytest.mark.parametrize("deficiency", ["protan", "deutan", "tritan"])
def test_two_states_differ_in_icon_and_word_or_are_far_apart_for_everybody(colours: Tokens, deficiency: str):
    for one, other in combinations(LOOKS[: len(State)], 2):
        apart = separation(one.in_theme(colours).ink, other.in_theme(colours).ink, deficiency)
        assert apart >= 7 or (one.icon != other.icon and one.word != other.word)


def test_no_two_states_share_icon_or_word():
    for group in ([state.value for state in State], list(ITEM_LOOKS.values())):
        assert len({look.icon for look in group}) == len({look.word for look in group}) == len(group)


@pytest.mark.parametrize("size", [8, 9, 14, 18])
def test_the_font_exists_and_has_the_size_asked_for(qapp: QApplication, size: int):
    theme.apply(qapp, "light", size)
    assert QFontInfo(qapp.font()).family()
    assert qapp.font().pointSize() == size


def test_a_command_that_cannot_be_done_is_drawn_once_and_can_be_read(tokens: Tokens):
    menu = QMenu()
    action = menu.addAction("Undo all of it\tCtrl+Z")
    assert action is not None
    action.setEnabled(False)
    menu.ensurePolished()
    menu.resize(menu.sizeHint())
    picture, room = menu.grab().toImage(), menu.actionGeometry(action)
    ground = picture.pixelColor(room.left() + 3, room.top() + 3).name()
    seen = {picture.pixelColor(x, y).name() for x in range(*_span(room, 0)) for y in range(*_span(room, 1))}
    strongest = max(contrast(colour, ground) for colour in seen)
    assert contrast(tokens.disabled, ground) >= 3.5
    assert 0.8 * contrast(tokens.disabled, ground) < strongest <= 1.01 * contrast(tokens.disabled, ground)
    menu.close()


def _span(room: QRect, side: int) -> tuple[int, int]:
    """From where to where an entry of a menu goes, its edge left out."""
    return (room.left() + 3, room.right() - 3) if side == 0 else (room.top() + 3, room.bottom() - 3)


def test_a_theme_or_size_that_does_not_exist_is_refused(dressed: QApplication):
    with pytest.raises(ValueError, match="theme 'pink' is not known; allowed are light and dark"):
        theme.apply(dressed, "pink")
    with pytest.raises(ValueError, match="font size 30 pt is not allowed; choose 8 to 18 pt"):
        theme.apply(dressed, "light", 30)
    assert theme.current().name == "light"


def test_without_a_font_nothing_is_shown_and_a_sentence_is_said(dressed: QApplication, monkeypatch):
    monkeypatch.setattr(theme.QFontInfo, "family", lambda self: "")
    with pytest.raises(theme.NoFont, match="no font was found, every text would be blank"):
        theme.font()


def test_widgets_take_the_colours_of_the_theme(qapp: QApplication, tokens: Tokens):
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == tokens.window
    assert theme.current() is tokens
    label = QLabel("x")
    assert label.palette().color(QPalette.ColorRole.WindowText).name().upper() == tokens.text


def test_after_a_change_of_theme_no_widget_keeps_a_colour_of_the_one_before(dressed: QApplication, qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    column, edits = QVBoxLayout(window), []
    for _ in range(30):  # Qt goes through them in an order of its own, another one in each process
        panel = QFrame()
        panel.setStyleSheet("QFrame { padding: 1px; }")
        row = QHBoxLayout(panel)
        edits += [QLineEdit("x"), QPushButton("y"), QLabel("z")]
        for edit in edits[-3:]:
            row.addWidget(edit)
        column.addWidget(panel)
    window.show()
    for edit in edits:
        theme.restyle(edit, "mark", "changed")
        theme.restyle(edit, "mark", "")
    for name in ("dark", "light", "dark"):
        theme.apply(dressed, name)
        settle(dressed)
        inks = {edit.palette().color(QPalette.ColorRole.Text).name().upper() for edit in edits}
        assert inks == {THEMES[name].text}


@pytest.mark.parametrize("name", sorted({look.icon for look in LOOKS}))
def test_every_icon_has_a_glyph(dressed: QApplication, qtbot, name: str):
    owner = QPushButton()
    qtbot.addWidget(owner)
    picture = theme.picture(name, "#000000", 24, owner)
    assert picture.width() == 24 * owner.devicePixelRatioF()
    image = picture.toImage()
    covered = sum(image.pixelColor(x, y).alpha() > 128 for x in range(24) for y in range(24))
    assert 20 <= covered <= 480  # a missing glyph is an empty or a full box


def test_a_property_for_the_style_sheet_is_shown_at_once(dressed: QApplication, qtbot):
    button = QPushButton("Abort")
    qtbot.addWidget(button)
    button.show()
    theme.restyle(button, "role", "abort")
    settle(dressed)
    assert ink(button, theme.current().bad.ink) > 200
