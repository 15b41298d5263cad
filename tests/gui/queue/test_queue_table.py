"""The table of the queue keeps what runs in sight, unless somebody looks elsewhere."""

import time
from dataclasses import replace

import pytest
from qtpy.QtCore import Qt

from coldfinger.gui.look import theme
from coldfinger.gui.queue.queue_state import COLUMNS, queue_view
from coldfinger.gui.queue.queue_table import QueueTable
from tests.gui.looks import settle
from tests.gui.stage import night_at

ROWS = 40


def view_at(running: int, tmp_path):
    """Items before `running` are done, those behind it wait."""
    night = night_at("running", tmp_path)
    states = ["done"] * running + ["running"] + ["waiting"] * (ROWS - running - 1)
    items = [night["items"][-2] | {"id": str(n), "name": f"run {n}", "state": s} for n, s in enumerate(states)]
    return queue_view(night | {"items": items})


@pytest.fixture
def table(dressed, qtbot):
    table = QueueTable()
    qtbot.addWidget(table)
    table.resize(330, 170)
    table.show()
    return table


def seen(table: QueueTable) -> list[str]:
    """Names of the rows that are wholly in sight."""
    settle_height = table.viewport().height()
    whole = [n for n in range(ROWS) if 0 <= table.rowViewportPosition(n) <= settle_height - table.rowHeight(n)]
    return [table.rows.row(n).cells[1] for n in whole]


def test_the_running_item_is_in_sight_with_the_one_before_it_and_those_that_follow(table, qapp, tmp_path):
    for running in (0, 12, 20):
        table.show_rows(view_at(running, tmp_path))
        settle(qapp)
        assert seen(table)[:3] == [f"run {n}" for n in range(max(running - 1, 0), max(running - 1, 0) + 3)]
    for low in (120, table.height() - table.viewport().height() + round(1.5 * table.rowHeight(0))):
        table.resize(330, low)
        settle(qapp)
        assert "run 20" in seen(table), low


def test_who_scrolls_away_is_left_alone_until_the_running_item_is_in_sight_again(table, qapp, tmp_path):
    table.show_rows(view_at(12, tmp_path))
    settle(qapp)
    bar = table.verticalScrollBar()
    bar.setValue(0)
    settle(qapp)
    table.show_rows(view_at(13, tmp_path))
    settle(qapp)
    assert seen(table)[0] == "run 0"
    table.scrollTo(table.rows.index(13, 0))
    settle(qapp)
    table.show_rows(view_at(25, tmp_path))
    settle(qapp)
    assert "run 25" in seen(table)


def test_a_queue_that_only_ticks_on_stays_where_it_was_scrolled_to(table, qapp, tmp_path):
    view = view_at(12, tmp_path)
    table.show_rows(view)
    settle(qapp)
    before = table.verticalScrollBar().value()
    table.verticalScrollBar().setValue(before + 1)  # the running item is still in sight
    settle(qapp)
    where = table.verticalScrollBar().value()
    table.show_rows(replace(view, summary="1 s later"))
    settle(qapp)
    assert table.verticalScrollBar().value() == where


def test_a_long_queue_is_drawn_in_a_moment(table, qapp, tmp_path):
    night = night_at("running", tmp_path)
    items = [dict(night["items"][-2], id=str(number)) for number in range(400)]
    view = queue_view(night | {"items": items})
    began = time.process_time()
    table.show_rows(view)
    settle(qapp)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("points", [10, 14])
def test_no_text_beside_the_names_is_shortened(table, qapp, tmp_path, points):
    theme.apply(qapp, "light", points)
    table.resize(500, 170)
    table.restyle()
    view = view_at(12, tmp_path)
    table.show_rows(replace(view, rows=(*view.rows[:-1], replace(view.rows[-1], late=True))))
    settle(qapp)
    for column, name in enumerate(COLUMNS):
        if name != "Run":
            assert table.columnWidth(column) >= table.sizeHintForColumn(column), name
            assert table.columnWidth(column) >= table.horizontalHeader().sectionSizeHint(column), name


def test_a_longer_text_broadens_its_column_and_the_tip_is_of_the_newest_item(table, qapp, tmp_path):
    view = view_at(12, tmp_path)
    table.show_rows(view)
    before = table.columnWidth(2)
    row = view.rows[0]
    news = replace(row, cells=(*row.cells[:2], "123 h and more", *row.cells[3:]), item=row.item | {"reason": "because"})
    table.show_rows(replace(view, rows=(news, *view.rows[1:])))
    assert table.columnWidth(2) > before
    assert "because" in table.rows.data(table.rows.index(0, 1), Qt.ItemDataRole.ToolTipRole)
