"""Labels whose text changes all the time leave what is around them in peace, and still show all of it."""

import pytest
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication, QHBoxLayout, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.look.elided import ElidedLabel
from coldfinger.gui.look.steady import SteadyLabel
from tests.gui.looks import settle


class Layouts(QObject):
    """Counts how often a widget is asked to lay itself out."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        self.count += event is not None and event.type() == QEvent.Type.LayoutRequest
        return False


@pytest.fixture
def row(dressed, qtbot):
    box = QWidget()
    qtbot.addWidget(box)
    QHBoxLayout(box)
    return box


def shown(row: QWidget, label: QWidget) -> Layouts:
    layout = row.layout()
    assert layout is not None
    layout.addWidget(label)
    row.resize(300, 40)
    row.show()
    return Layouts(row)


def test_a_reading_moves_its_neighbours_only_when_it_needs_more_room_or_far_less(row, qapp):
    label = SteadyLabel(row)
    label.setText("299.7 mK")
    layouts = shown(row, label)
    settle(qapp)
    layouts.count = 0
    for text in ("299.1 mK", "98.7 mK", "298.6 mK"):
        label.setText(text)
        settle(qapp)
        assert label.width() >= label.fontMetrics().horizontalAdvance(text)
    assert layouts.count == 0
    label.setText("1.2345678 K above")
    settle(qapp)
    assert layouts.count
    assert label.width() >= label.fontMetrics().horizontalAdvance("1.2345678 K above")
    label.setText("1 K")
    settle(qapp)
    assert label.width() == label.fontMetrics().horizontalAdvance("1 K")


def test_a_reading_is_as_large_as_its_text_in_every_font(row, qapp):
    label = SteadyLabel(row)
    label.setText("299.7 mK")
    shown(row, label)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for size in (18, 8, 10):
        theme.apply(app, "light", size)
        settle(qapp)
        assert label.size() == label.fontMetrics().size(0, "299.7 mK"), size


def test_a_shortened_text_moves_nobody_and_its_tooltip_is_the_whole_of_it(row, qapp):
    label = ElidedLabel(row)
    layouts = shown(row, label)
    settle(qapp)
    layouts.count = 0
    long = "a sentence that is much broader than the three hundred pixels of this row"
    label.set_text(long)
    settle(qapp)
    assert layouts.count == 0
    assert label.toolTip() == long
    assert label.text().endswith("…")
    assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width()
    row.resize(900, 40)
    settle(qapp)
    assert label.text() == long
