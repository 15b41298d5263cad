"""The field for a quantity: what stands in it is what is applied, or it is marked."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from coldfinger.gui.fields.quantity_edit import APPLIED, CHANGED, WRONG, QuantityEdit, is_applied
from coldfinger.gui.fields.quantity_text import Field, read
from coldfinger.gui.look import theme
from coldfinger.procedures.words.quantity import QuantityError
from tests.gui.looks import faults, ink, settle

RATE = Field("Rate", "K/min", 0.0, 0.5, "on this refrigerator", "How fast the set point goes", 0.2)


class Form(QWidget):
    """A field between two others."""

    def __init__(self, field: Field = RATE, value: float | None = None) -> None:
        super().__init__()
        self.before, self.edit, self.after = QLineEdit(), QuantityEdit(field, value), QPushButton("Abort")
        layout = QVBoxLayout(self)
        for widget in (self.before, self.edit, self.after):
            layout.addWidget(widget)
        self.resize(320, 160)


@pytest.fixture
def form(dressed: QApplication, qtbot) -> Form:
    form = Form()
    qtbot.addWidget(form)
    form.show()
    qtbot.waitExposed(form)
    form.activateWindow()
    form.edit.setFocus()
    qtbot.waitUntil(form.edit.line.hasFocus, timeout=2000)
    return form


def type_in(edit: QuantityEdit, text: str, *keys: Qt.Key) -> None:
    edit.line.selectAll()
    QTest.keyClicks(edit.line, text)
    for key in keys:
        QTest.keyClick(edit.line, key)


def agrees(edit: QuantityEdit) -> bool:
    """The contract of every field."""
    if edit.mark:
        return True
    return read(edit.line.text(), edit.field) == edit.value


def test_a_typed_number_is_marked_until_enter_applies_it(form: Form):
    sent = []
    form.edit.valueChanged.connect(sent.append)
    type_in(form.edit, "0.3")
    assert (form.edit.value, form.edit.mark, is_applied(form.edit)) == (0.2, CHANGED, False)
    QTest.keyClick(form.edit.line, Qt.Key.Key_Return)
    assert (form.edit.value, form.edit.mark, sent, is_applied(form.edit)) == (0.3, APPLIED, [0.3], True)


def test_another_unit_is_converted_and_shown_in_the_fields_own(form: Form):
    type_in(form.edit, "6 K/h", Qt.Key.Key_Return)
    assert (form.edit.line.text(), form.edit.value) == ("0.1", 0.1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("0.8", "max 0.5 K/min on this refrigerator"), ("5 T", "wrong dimension"), ("abc", "not a number"), ("", "Rate")],
)
def test_what_cannot_be_applied_keeps_the_keyboard_and_says_why(form: Form, text, sentence):
    type_in(form.edit, text, Qt.Key.Key_Delete, Qt.Key.Key_Tab)
    assert (form.edit.value, form.edit.mark) == (0.2, WRONG)
    assert form.edit.line.hasFocus()
    assert sentence in form.edit.message.text()
    assert form.edit.message.isVisible()
    QTest.keyClick(form.edit.line, Qt.Key.Key_Backtab)
    assert form.edit.line.hasFocus()


def test_escape_brings_the_applied_value_back(form: Form):
    type_in(form.edit, "9", Qt.Key.Key_Return, Qt.Key.Key_Escape)
    assert (form.edit.line.text(), form.edit.mark, form.edit.message.isVisible()) == ("0.2", APPLIED, False)
    QTest.keyClick(form.edit.line, Qt.Key.Key_Tab)
    assert form.after.hasFocus()


def test_leaving_the_field_applies_what_was_typed(form: Form):
    type_in(form.edit, "0,4", Qt.Key.Key_Tab)
    assert (form.edit.value, form.edit.line.text(), form.after.hasFocus()) == (0.4, "0.4", True)


def test_a_click_elsewhere_does_its_work_and_the_keyboard_comes_back(form: Form, qtbot):
    pressed = []
    form.after.clicked.connect(lambda: pressed.append(True))
    type_in(form.edit, "9")
    QTest.mouseClick(form.after, Qt.MouseButton.LeftButton)
    form.after.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.waitUntil(form.edit.line.hasFocus, timeout=2000)
    assert pressed == [True]
    assert (form.edit.mark, form.edit.value) == (WRONG, 0.2)


def test_arrows_step_the_digit_at_the_caret_and_stop_at_the_limit(form: Form):
    form.edit.line.setCursorPosition(3)
    for _ in range(3):
        QTest.keyClick(form.edit.line, Qt.Key.Key_Up)
    assert (form.edit.line.text(), form.edit.value) == ("0.5", 0.5)
    QTest.keyClick(form.edit.line, Qt.Key.Key_Up)
    assert (form.edit.line.text(), form.edit.value, form.edit.mark) == ("0.5", 0.5, APPLIED)
    assert "max 0.5 K/min" in form.edit.message.text()
    QTest.keyClick(form.edit.line, Qt.Key.Key_Down)
    assert (form.edit.value, form.edit.message.text()) == (0.4, "")


def test_an_arrow_first_applies_what_was_typed_in_another_unit(form: Form):
    type_in(form.edit, "6 K/h", Qt.Key.Key_Up)
    assert form.edit.value == 0.2


def turn_wheel(line: QLineEdit, clicks: int) -> None:
    zero, none = QPoint(0, 0), Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), zero, QPoint(0, 120 * clicks), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(line, event)


def test_the_wheel_does_nothing_unless_the_field_has_the_keyboard(form: Form):
    form.edit.line.setCursorPosition(3)
    form.before.setFocus()
    turn_wheel(form.edit.line, 1)
    assert (form.edit.value, form.before.hasFocus()) == (0.2, True)
    form.edit.setFocus()
    form.edit.line.setCursorPosition(3)
    turn_wheel(form.edit.line, -1)
    assert form.edit.value == 0.1


def test_a_value_set_by_the_program_replaces_what_was_typed_or_is_refused_whole(form: Form):
    type_in(form.edit, "junk")
    form.edit.set_value(0.45)
    assert (form.edit.line.text(), form.edit.mark) == ("0.45", APPLIED)
    with pytest.raises(QuantityError, match=r"max 0.5 K/min"):
        form.edit.set_value(3.0)
    with pytest.raises(QuantityError, match="a value is needed"):
        form.edit.set_value(None)
    assert form.edit.value == 0.45


def test_new_limits_mark_a_value_that_is_now_outside(form: Form):
    form.edit.set_field(Field("Rate", "K/min", 0.0, 0.1))
    assert form.edit.mark == WRONG
    assert "max 0.1 K/min" in form.edit.message.text()
    with pytest.raises(ValueError, match="stays K/min"):
        form.edit.set_field(Field("Rate", "K"))


def test_a_field_that_may_be_empty_shows_what_empty_means(dressed: QApplication, qtbot):
    form = Form(Field("From", "K", 0.01, 40, empty="now"))
    qtbot.addWidget(form)
    assert (form.edit.value, form.edit.line.placeholderText(), form.edit.mark) == (None, "now", APPLIED)
    type_in(form.edit, "3", Qt.Key.Key_Return)
    assert form.edit.value == 3.0
    type_in(form.edit, "", Qt.Key.Key_Delete, Qt.Key.Key_Return)
    assert form.edit.value is None


def test_a_field_without_value_or_default_is_not_made(dressed: QApplication):
    with pytest.raises(ValueError, match="To: a value or a default is needed"):
        QuantityEdit(Field("To", "K"))


def test_a_screen_reader_and_the_mouse_learn_what_the_field_is(form: Form):
    assert form.edit.line.accessibleName() == "Rate (K/min)"
    for text in (form.edit.line.toolTip(), form.edit.toolTip(), form.edit.line.whatsThis()):
        assert all(part in text for part in ("How fast", "0 to 0.5 K/min", "Default: 0.2 K/min"))


texts = st.one_of(
    st.text(max_size=8),
    st.text("0123456789.,-+eEµuμmnkKTAOe/in ", max_size=10),
    st.builds("{:.3g}{}".format, st.floats(-2, 2), st.sampled_from(["", " K/min", " mK/min", "mK/s", " K", " T"])),
)
moves = st.sampled_from([Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Tab, None])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(texts, st.integers(0, 6), moves), min_size=1, max_size=4))
def test_the_text_on_the_screen_is_the_applied_value_or_marked(form: Form, steps):
    form.edit.restore()
    for text, caret, key in steps:
        form.edit.line.setText(text)
        assert agrees(form.edit)
        form.edit.line.setCursorPosition(caret)
        if key is not None:
            QTest.keyClick(form.edit.line, key)
        assert agrees(form.edit)
        assert 0.0 <= form.edit.value <= 0.5
        assert bool(form.edit.mark) == bool(form.edit.line.property("mark"))


def test_a_mark_is_seen(form: Form, qapp: QApplication):
    tokens = theme.current()
    settle(qapp)
    assert ink(form.edit.line, tokens.bad.fill, 3) < 50
    type_in(form.edit, "9", Qt.Key.Key_Return)
    settle(qapp)
    assert ink(form.edit.line, tokens.bad.fill, 3) > 1000
    assert faults(form) == []


@pytest.mark.parametrize("size", [8, 14, 18])
def test_the_field_is_whole_in_every_font(qapp: QApplication, qtbot, tokens, size):
    theme.apply(qapp, tokens.name, size)
    form = Form()
    qtbot.addWidget(form)
    form.show()
    type_in(form.edit, "0.8", Qt.Key.Key_Return)
    settle(qapp)
    assert faults(form) == []
