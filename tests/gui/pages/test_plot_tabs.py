"""The plots in the middle of the window: what they follow, what they show of it, and what they leave alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QPointF, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.look import theme
from coldfinger.gui.pages.plot_tabs import PlotTabs
from coldfinger.gui.place import Place
from coldfinger.gui.playback.replay import open_replay
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Normalise
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.runfiles.quality import Quality
from tests.gui.looks import faults, ink, settle
from tests.gui.run_folders import family, ramp, row_at, slopes, sweep, writer_of
from tests.gui.snapshots import item, snapshot


class SimulatedClock:
    """The clock of a fridge that has run for a while."""

    def time(self) -> float:
        return 1000.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody has to wait here")


class Still:
    """The clock of a replay that is moved by hand."""

    def time(self) -> float:
        return 0.0


class Marks(RunMarks):
    """Colours that no theme has."""

    def mark_of(self, folder: Path) -> tuple[str, str]:
        number = self._numbers.setdefault(folder, len(self._numbers))
        return ("#AA3355", "#3355AA", "#33AA55")[number % 3], ("o", "s", "d")[number % 3]


@pytest.fixture
def tabs(dressed: QApplication, qtbot, tmp_path) -> Iterator[PlotTabs]:
    background, desk = Background(), Desk(lambda: None)
    tabs = PlotTabs(Place.of("sim", tmp_path), desk, background, Marks())
    tabs.resize(650, 480)
    tabs.show()
    qtbot.waitExposed(tabs)
    yield tabs
    background.close()
    desk.close()
    remove(tabs)


def remove(widget: QWidget) -> None:
    """Delete it at once: a theme is put on every widget there is, and on thousands of old ones that takes seconds."""
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def looked(qtbot, tabs: PlotTabs, *folders: Path) -> None:
    """Wait until these runs have been read."""
    qtbot.waitUntil(lambda: set(folders) <= set(tabs.reading.rows), timeout=4000)
    settle(QApplication.instance())


def drawn(tabs: PlotTabs) -> None:
    for plot in tabs.plots:
        if plot.isVisible():
            plot.draw()
    settle(QApplication.instance())


def test_rows_of_the_running_item_appear_as_they_are_written(qtbot, tabs: PlotTabs, tmp_path):
    with writer_of(tmp_path / "b") as writer:
        writer.point(row_at(0, 0.5, 100.0, 5000.0, 5.0))
        tabs.desk.changed.emit(snapshot(data=str(tmp_path), running={"folder": "b"}))
        looked(qtbot, tabs, tmp_path / "b")
        for i in range(1, 4):
            writer.point(row_at(i, 0.5 + 0.1 * i, 100.0, 5000.0, 5.0, int(Quality.OVERLOAD) if i == 2 else 0))
        qtbot.waitUntil(lambda: len(tabs.live.plot.series["run"].x) == 4, timeout=3000)
        assert tabs.live.words.text() == "b: 4 rows, 1 not believed (crosses): overload (1)."
        drawn(tabs)
        assert len(tabs.live.plot.curves["run"].doubts.data) == 1  # a shape, not only a colour
        assert tabs.live.plot.badge_text == "SIMULATED"
        assert ink(tabs.live.plot, "#AA3355", 40) > 20
        writer.end("done")
    qtbot.waitUntil(lambda: tabs.live.words.text().endswith("done."), timeout=3000)


def test_the_next_run_comes_to_the_front_with_its_own_axes(qtbot, tabs: PlotTabs, tmp_path):
    first, second = ramp(tmp_path / "a"), slopes(tmp_path / "b")
    tabs.see(snapshot(data=str(tmp_path), running={"folder": "a"}))
    looked(qtbot, tabs, first)
    assert tabs.live.plot.quantity_x.text == "T (K)"
    tabs.see(snapshot(data=str(tmp_path), running={"folder": "b"}))
    looked(qtbot, tabs, second)
    assert tabs.live.plot.quantity_x.text == "I_dc (A)"
    assert tabs.live.y_box.currentText() == "dV/dI"


def test_an_opened_run_is_shown_until_the_running_one_is_wanted_back(qtbot, tabs: PlotTabs, tmp_path):
    running, other = ramp(tmp_path / "a"), ramp(tmp_path / "b", 300.0)
    tabs.see(snapshot(data=str(tmp_path), running={"folder": "a"}))
    looked(qtbot, tabs, running)
    assert not tabs.live.follow.isVisible()
    tabs.open_run(other)
    looked(qtbot, tabs, other)
    assert tabs.live.words.text().startswith("b:")
    tabs.see(snapshot(data=str(tmp_path), running={"folder": "a"}))
    assert tabs.live.words.text().startswith("b:")
    QTest.mouseClick(tabs.live.follow, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tabs.live.words.text().startswith("a:"), timeout=3000)
    assert not tabs.live.follow.isVisible()


def test_ticked_runs_lie_over_one_another_in_their_colours_and_go_when_unticked(qtbot, tabs: PlotTabs, tmp_path):
    folders = family(tmp_path, (60.0, 200.0, 600.0))
    tabs.show_tab(1)
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    drawn(tabs)
    page = tabs.family
    assert [page.plot.colour(str(folder)) for folder in folders] == ["#AA3355", "#3355AA", "#33AA55"]
    assert [page.plot.curves[str(folder)].style.symbol for folder in folders] == ["o", "s", "d"]
    assert all(ink(page.plot, colour, 40) > 20 for colour in ("#AA3355", "#3355AA", "#33AA55"))
    assert {one.key: one.text for one in page.plot.names.placed}[str(folders[0])] == "60 Oe"
    tabs.show_runs(folders[:1])
    qtbot.waitUntil(lambda: len(page.plot.series) == 1, timeout=3000)
    drawn(tabs)
    assert ink(page.plot, "#33AA55", 40) == 0
    QTest.mouseClick(page.by_field, Qt.MouseButton.LeftButton)
    assert page.plot.colour(str(folders[0])) != "#AA3355"


def test_the_top_axis_is_one_over_the_other_and_sweeps_have_their_own_side(qtbot, tabs: PlotTabs, tmp_path):
    folders = [*family(tmp_path, (60.0, 200.0)), sweep(tmp_path / "s", 0.1)]
    tabs.show_tab(1)
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    page = tabs.family
    assert page.plot.axes["top"]._quantity.text == "1/T (1/K)"
    assert (
        page.words.text() == "2 ramps; 1 ticked runs of another kind are not shown here: H on the x axis shows sweeps."
    )
    page.x_box.setCurrentText("1/T")
    page.x_box.textActivated.emit("1/T")
    assert page.plot.axes["top"]._quantity.text == "T (K)"
    assert page.plot.log == (False, True)
    page.x_box.setCurrentText("H")
    page.x_box.textActivated.emit("H")
    assert list(page.plot.series) == [str(folders[2])]


def test_keys_work_in_the_plot_and_the_controls_follow_them(qtbot, tabs: PlotTabs, tmp_path):
    folder = ramp(tmp_path / "a")
    tabs.open_run(folder)
    looked(qtbot, tabs, folder)
    QTest.keyClick(tabs, "1", Qt.KeyboardModifier.AltModifier)
    plot, controls = tabs.live.plot, tabs.live.controls
    assert plot.hasFocus()
    QTest.keyClick(plot, "l")
    QTest.keyClick(plot, "e")
    QTest.keyClick(plot, "g")
    assert (plot.log, plot.bars, plot.grid) == ((False, True), False, False)
    assert (controls.y_log.isChecked(), controls.bars.isChecked(), controls.grid.isChecked()) == (True, False, False)
    QTest.keyClick(plot, "n")
    assert controls.how.currentText() == "y/y_max"
    assert plot.axes["left"]._quantity.text == "ρ/ρ_max"


@pytest.mark.parametrize(("number", "page"), list(enumerate(["live", "family", "fit", "map", "slopes", "history"])))
def test_alt_and_a_digit_bring_a_tab_to_the_front(tabs: PlotTabs, number, page):
    QTest.keyClick(tabs, str(number + 1), Qt.KeyboardModifier.AltModifier)
    assert tabs.tabs.currentWidget() is getattr(tabs, page)


def test_a_reference_is_typed_and_one_that_is_none_is_marked(qtbot, tabs: PlotTabs, tmp_path):
    folder = ramp(tmp_path / "a")
    tabs.open_run(folder)
    looked(qtbot, tabs, folder)
    controls = tabs.live.controls
    controls.reference.setText("500 mK")
    controls.how.setCurrentIndex(3)
    controls._normalise()
    assert tabs.live.plot.axes["left"]._quantity.text == "ρ/ρ(T = 0.5 K)"
    shown = tabs.live.plot.curves.shown["run"]
    assert abs(float(np.interp(0.5, shown.x[::-1], shown.y[::-1])) - 1) < 1e-9
    controls.reference.setText("warm")
    controls._normalise()
    assert controls.reference.property("mark") == "wrong"
    assert tabs.live.plot.normalise is Normalise.REFERENCE
    assert tabs.live.plot.axes["left"]._quantity.text == "ρ/ρ(T = 0.5 K)"


def test_copies_of_simulated_rows_say_so(qtbot, tabs: PlotTabs, tmp_path):
    folder = ramp(tmp_path / "a")
    tabs.open_run(folder)
    looked(qtbot, tabs, folder)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    for action in tabs.live.plot.copies.actions(tabs):
        action.trigger()
        if action.text() == "Copy as PNG":
            assert not clipboard.image().isNull()
        elif action.text() == "Copy as CSV":
            assert clipboard.text().startswith("# SIMULATED\n")
            assert len(clipboard.text().splitlines()) == 62
        else:
            assert "SIMULATED" in clipboard.text()


def test_a_replay_says_so_in_every_plot_beside_what_its_runs_say(qtbot, tabs: PlotTabs, tmp_path):
    folder, real = ramp(tmp_path / "a"), ramp(tmp_path / "r", simulated=False)
    tabs.open_run(folder)
    looked(qtbot, tabs, folder)
    tabs.set_replay(True)
    assert {page.plot.badge_text for page in tabs.pages} == {"REPLAY"}
    tabs.open_run(folder)
    qtbot.waitUntil(lambda: tabs.live.plot.badge_text == "REPLAY · SIMULATED", timeout=3000)
    assert tabs.live.plot.copies.csv().startswith("# REPLAY · SIMULATED\n")
    tabs.open_run(real)
    looked(qtbot, tabs, real)
    assert tabs.live.plot.badge_text == "REPLAY"
    tabs.set_replay(False)
    assert tabs.live.plot.badge_text == ""
    tabs.open_run(folder)
    qtbot.waitUntil(lambda: tabs.live.plot.badge_text == "SIMULATED", timeout=3000)


def test_in_a_replay_rows_appear_as_its_time_passes_and_all_are_there_when_it_was_left(qtbot, tabs: PlotTabs, tmp_path):
    first, second = ramp(tmp_path / "a", 0.0, rows=40), ramp(tmp_path / "b", 100.0, rows=40)
    tabs.show_runs([first, second])
    looked(qtbot, tabs, first, second)
    face = open_replay(tmp_path, Still())
    tabs.set_replay(True)

    def shown(page: int, key: str) -> int:
        tabs.show_tab(page)
        return len(tabs.pages[page].plot.series[key].x)

    face.seek(95.0)  # a row every ten seconds
    tabs.see(face.snapshot())
    assert shown(0, "run") == 10
    assert (shown(1, str(first)), shown(1, str(second))) == (10, 0)
    assert "10 rows" in tabs.live.words.text()
    assert "done" not in tabs.live.words.text()
    tabs.show_tab(2)
    qtbot.waitUntil(lambda: tabs.fit.answer is not None and tabs.fit.answer.points == 10, timeout=5000)
    face.seek(390.0 + 55.0)
    tabs.see(face.snapshot())
    assert (shown(0, "run"), shown(1, str(first)), shown(1, str(second))) == (6, 40, 6)
    face.seek(95.0)
    tabs.see(face.snapshot())
    assert shown(1, str(second)) == 0
    tabs.set_replay(False)
    assert shown(1, str(second)) == 40


def test_a_replay_leaves_the_history_of_the_refrigerator_alone(tabs: PlotTabs, tmp_path):
    latest = {"T_mc (K)": [0.3, 5000.0]}
    tabs.see(snapshot("idle", latest=latest))
    ramp(tmp_path / "a", 0.0, rows=40)
    face = open_replay(tmp_path / "a", Still())
    face.seek(200.0)
    tabs.set_replay(True)
    tabs.see(face.snapshot())
    assert tabs.history.history.traces["T_mc"].lines()[0].tolist() == [200.0]
    tabs.set_replay(False)
    assert tabs.history.history.traces["T_mc"].lines()[0].tolist() == [5000.0]


def test_a_run_that_was_read_already_is_opened_in_the_tab_that_is_in_front(qtbot, tabs: PlotTabs, tmp_path):
    first, second = ramp(tmp_path / "a"), ramp(tmp_path / "b")
    tabs.show_tab(0)
    tabs.show_runs([first, second])
    looked(qtbot, tabs, first, second)
    for folder in (first, second):
        tabs.open_run(folder)
        assert tabs.live.words.text().startswith(folder.name)


def test_a_tab_floats_shows_what_comes_and_is_brought_back_by_closing_its_window(qtbot, tabs: PlotTabs, tmp_path):
    first, second = ramp(tmp_path / "a"), ramp(tmp_path / "b", 300.0)
    tabs.show_tab(1)
    qtbot.keyClick(tabs, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert list(tabs.tabs.floating) == [1]
    window = tabs.tabs.floating[1]
    assert window.isWindow()
    assert window.windowTitle() == "R(T) family – coldfinger"
    assert tabs.tabs.tabText(1) == "R(T) family"
    assert tabs.tabs.currentWidget().button.text() == "&Bring it back"
    tabs.show_tab(0)
    tabs.show_runs([first, second])
    looked(qtbot, tabs, first, second)
    assert set(tabs.family.plot.series) == {str(first), str(second)}  # though another tab is in front
    window.resize(640, 500)
    kept = tabs.options()
    tabs.show_tab(1)
    assert tabs.tabs.currentIndex() == 0  # it is its window that comes to the front
    settle(QApplication.instance())
    assert faults(window) == []
    window.close()
    assert tabs.tabs.floating == {}
    tabs.show_tab(1)
    assert tabs.tabs.currentWidget() is tabs.family
    assert tabs.family.isVisible()
    tabs.hide()
    tabs.set_options(kept)
    assert tabs.tabs.floating == {}  # not before there is a window
    tabs.show()
    assert list(tabs.tabs.floating) == [1]
    assert (tabs.tabs.floating[1].width(), tabs.tabs.floating[1].height()) == (640, 500)
    texts = [action.text() for action in tabs.tabs.tab_menu(1).actions()]
    assert texts == ["&Bring it back\tCtrl+Shift+F"]
    tabs.tabs.setCurrentIndex(1)
    tabs.tabs.currentWidget().button.click()
    assert tabs.tabs.floating == {}
    tabs.set_options({"floating": {"1": 7, "9": "", "x": None}})  # a place that is none is the usual one
    tabs.hide()
    tabs.show()
    assert list(tabs.tabs.floating) == [1]
    tabs.tabs.bring_all_back()


def test_every_script_that_is_copied_out_of_a_tab_runs_and_draws_what_was_seen(qtbot, tabs: PlotTabs, tmp_path):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    flagged = ramp(tmp_path / "flagged", 300.0, flags={7: int(Quality.OVERLOAD)})
    folders = [*family(tmp_path, (60.0, 600.0)), flagged, slopes(tmp_path / "s")]
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    tabs.open_run(flagged)
    clipboard = QGuiApplication.clipboard()

    def drawn(copies) -> Any:
        """The axes of the script that comes out of the clipboard."""
        next(action for action in copies if action.text().replace("&", "") == "Copy as Python").trigger()
        names: dict[str, Any] = {}
        exec(compile(clipboard.text(), "copied.py", "exec"), names)  # noqa: S102 - what people will run
        plt.close("all")
        return names["axes"]

    for number, page in enumerate(tabs.pages):
        tabs.show_tab(number)
        if page is tabs.fit:
            tabs.fit.fit_all([tabs.reading.rows[folder] for folder in folders[:3]])
            qtbot.waitUntil(lambda: len(tabs.fit.pinned.answers) == 3, timeout=10_000)
        settle(QApplication.instance())
        for plot in [page.plot] if isinstance(page.plot, Plot) else []:
            axes = drawn(plot.copies.actions(tabs))
            assert axes.get_ylabel() == plot.quantities[1].text
            assert [container.get_label() for container in axes.containers] == [s.name for s in plot.curves.seen()]
            assert axes.get_yscale() == ("log" if plot.log[1] else "linear")
    crosses = [line for line in drawn(tabs.live.plot.copies.actions(tabs)).lines if line.get_label() == "not believed"]
    assert [len(line.get_xdata()) for line in crosses] == [1]
    pinned = drawn(tabs.fit.pinned.plot.copies.actions(tabs))
    labels = [container.get_label() for container in pinned.containers]
    assert any(label.endswith(" good") for label in labels)
    qtbot.waitUntil(lambda: tabs.map.map is not None, timeout=10_000)
    image = drawn(tabs.map.copy.menu().actions())
    assert image.get_xscale() == "log"
    assert image.get_title() == "SIMULATED"
    texts = [action.text() for action in tabs.map.copy.menu().actions()]
    assert texts == ["Copy as &PNG", "Copy as &SVG", "Copy as &CSV", "Copy as P&ython"]
    tabs.map.copy.menu().actions()[1].trigger()
    assert "SIMULATED" in clipboard.text()
    tabs.map.copy.menu().actions()[2].trigger()
    known = int(np.isfinite(tabs.map.map.z).sum())
    assert len(clipboard.text().splitlines()) == known + 2


def test_points_that_are_not_believed_are_gone_to_one_after_the_other(qtbot, tabs: PlotTabs, tmp_path):
    flags = {7: int(Quality.OVERLOAD), 30: int(Quality.PHASE)}
    whole, bad = ramp(tmp_path / "whole"), ramp(tmp_path / "bad", flags=flags)
    tabs.open_run(whole)
    looked(qtbot, tabs, whole)
    assert tabs.live.points.isHidden()
    tabs.show_points(bad)
    qtbot.waitUntil(lambda: "Not believed" in tabs.live.words.text(), timeout=5000)
    assert tabs.live.words.text().startswith("Row 8: T ")
    assert "Not believed: overload. 1 of 2 such rows" in tabs.live.words.text()
    (low, high), _ = tabs.live.plot.view.viewRange()
    series = tabs.live.plot.series["run"]
    assert low < series.x[7] < high
    assert high - low < 0.3 * float(np.ptp(series.x))
    tabs.live.plot.setFocus()
    qtbot.keyClick(tabs.live.plot, Qt.Key.Key_P)
    assert "Row 31" in tabs.live.words.text()
    tabs.live.points.click()
    assert "Row 8" in tabs.live.words.text()  # round again


def test_the_curve_under_the_mouse_is_drawn_broad(qtbot, tabs: PlotTabs, tmp_path):
    folders = family(tmp_path, (60.0, 600.0))
    tabs.show_tab(1)
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    drawn(tabs)
    plot, key = tabs.family.plot, str(folders[1])
    x, y = plot.curves[key].line.getData()
    plot.mouse.place = plot.view.mapViewToScene(QPointF(x[30], y[30]))
    plot.mouse.look()
    assert plot.curves[key].line.opts["pen"].width() == 2
    plot.mouse.place = plot.view.mapViewToScene(QPointF(x[30], plot.view.viewRange()[1][1]))
    plot.mouse.look()
    assert plot.curves[key].line.opts["pen"].width() == 1


def test_a_waterfall_shifts_by_a_round_step_that_the_axis_says(qtbot, tabs: PlotTabs, tmp_path):
    folders = [slopes(tmp_path / f"s{field:g}", field, int(Quality.BIAS_HEATING)) for field in (0.0, 100.0, 300.0)]
    tabs.show_tab(4)
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    page = tabs.slopes
    before = [page.plot.series[str(folder)].y.copy() for folder in folders]
    QTest.mouseClick(page.waterfall, Qt.MouseButton.LeftButton)
    after = [page.plot.series[str(folder)].y for folder in folders]
    assert page.plot.axes["left"]._quantity.name == "dV/dI + n·1000 Ω/□"
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        np.testing.assert_allclose(new - old, 1000.0 * number, atol=1e-6)
    drawn(tabs)
    assert len(page.plot.curves[str(folders[1])].remarks.data) > 0  # rings where the bias warms
    page.plot.set_normalise(Normalise.LARGEST)
    assert not page.waterfall.isChecked()
    assert page.plot.series[str(folders[2])].y.max() == before[2].max()


def test_all_ticked_ramps_are_fitted_and_pinned_and_those_that_cannot_be_are_named(qtbot, tabs: PlotTabs, tmp_path):
    folders = [*family(tmp_path, (60.0, 200.0, 600.0)), ramp(tmp_path / "few", 300.0, 5), slopes(tmp_path / "s")]
    said = []
    tabs.said.connect(said.append)
    tabs.fit_runs(folders)
    qtbot.waitUntil(lambda: len(tabs.fit.pinned.answers) == 3, timeout=5000)
    assert tabs.tabs.currentWidget() is tabs.fit
    assert tabs.fit.stack.currentWidget() is tabs.fit.pinned
    assert [message.text for message in said] == ["few was not fitted: needs 8 points in the window (5)."]


def test_only_the_tab_in_front_is_given_rows(qtbot, tabs: PlotTabs, tmp_path):
    folders = family(tmp_path, (60.0, 600.0))
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    assert not tabs.family.plot.series
    tabs.show_tab(1)
    assert len(tabs.family.plot.series) == 2


def test_a_run_that_cannot_be_read_is_said_and_the_others_are_shown(qtbot, tabs: PlotTabs, tmp_path):
    good, bad = ramp(tmp_path / "a"), tmp_path / "b"
    bad.mkdir()
    (bad / "run.jsonl").write_text("rubbish\n")
    said = []
    tabs.said.connect(said.append)
    tabs.show_runs([bad, good])
    looked(qtbot, tabs, good)
    assert [message.level for message in said] == ["warning"]
    assert "none of its lines has a right checksum" in said[0].text


def test_the_map_has_many_colours_and_says_what_it_is_made_of(qtbot, tabs: PlotTabs, tmp_path):
    folders = family(tmp_path, (60.0, 200.0, 400.0, 600.0))
    tabs.show_tab(3)
    assert "Tick ramps at two fields" in tabs.map.words.text()
    assert not tabs.map.copy.isEnabled()
    assert "Not now" in tabs.map.copy.toolTip()
    tabs.show_runs(folders)
    qtbot.waitUntil(lambda: tabs.map.map is not None, timeout=4000)
    settle(QApplication.instance())
    from tests.gui.looks import pixels

    seen = pixels(tabs.map.plot.canvas).reshape(-1, 3) // 8
    assert len(np.unique(seen, axis=0)) >= 20
    assert tabs.map.words.text() == "4 ramps; between them interpolated, beyond them empty."
    assert tabs.map.plot.badge_text == "SIMULATED"


def test_the_history_of_a_tile_comes_from_snapshots_and_from_runs_before_the_window(qtbot, tabs: PlotTabs, tmp_path):
    ramp(tmp_path / "a", clock=SimulatedClock())
    done = item("1", "R(T)", "done") | {"folders": ["a"]}
    for clock in (5000.0, 5010.0, 5010.0):
        latest = {"T_mc (K)": [0.3, clock], "H (Oe)": [600.0, clock]}
        tabs.see(snapshot("idle", data=str(tmp_path), items=[done], simulated=True, latest=latest))
    tabs.show_history("T_mc")
    assert tabs.tabs.currentWidget() is tabs.history
    qtbot.waitUntil(lambda: len(tabs.history.history.traces["T_mc"]) == 62, timeout=4000)
    assert tabs.history.plot.quantity_y.text == "T_mc (K)"
    assert tabs.history.plot.badge_text == "SIMULATED"
    tabs.show_history("H")
    assert tabs.history.plot.series["reading"].y[-1] == pytest.approx(0.06)  # tesla
    tabs.show_history("nothing of the kind")
    assert tabs.history.plot.quantity_y.text == "H (T)"


def test_what_was_chosen_is_remembered_and_nonsense_changes_nothing(tabs: PlotTabs):
    tabs.family.plot.set_log(True, True)
    tabs.live.plot.set_bars(False)
    tabs.show_tab(4)
    kept = tabs.options()
    tabs.family.plot.set_log(False, False)
    tabs.live.plot.set_bars(True)
    tabs.show_tab(0)
    tabs.set_options(kept)
    assert tabs.options() == kept
    tabs.set_options({"tab": 77, "plots": {"family": "log", "never": {}, "live": {"log": 3, "bars": False}}})
    assert tabs.options() == kept


def test_a_page_that_is_not_seen_takes_the_theme_in_use_when_it_comes_to_the_front(tabs: PlotTabs, monkeypatch):
    dressed = []
    for page in tabs.pages:
        monkeypatch.setattr(page, "restyle", lambda page=page, real=page.restyle: dressed.append(page) or real())
    tabs.show_tab(0)
    theme.apply(QApplication.instance(), "dark")
    tabs.restyle()
    assert dressed == [tabs.live]
    tabs.show_tab(4)
    tabs.show_tab(0)
    tabs.show_tab(4)
    assert dressed == [tabs.live, tabs.slopes]
    settle(QApplication.instance())
    assert ink(tabs.slopes.plot, theme.current().base, 2) > 20_000
    tabs.tabs.float_tab(1)
    theme.apply(QApplication.instance(), "light")
    tabs.restyle()
    assert dressed[2:] == [tabs.family, tabs.family, tabs.slopes]  # as it floats, then as both are seen
    tabs.tabs.bring_all_back()


def test_every_tab_is_whole_in_both_themes_and_in_a_large_font(qtbot, tabs: PlotTabs, tmp_path):
    folders = [*family(tmp_path, (60.0, 200.0, 600.0)), slopes(tmp_path / "s")]
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    app = QApplication.instance()
    for name, size in (("dark", 10), ("light", 14)):
        theme.apply(app, name, size)
        tabs.restyle()
        for number in range(6):
            tabs.show_tab(number)
            qtbot.wait(60)
            found = faults(tabs)
            assert found == [], (name, size, number)
    theme.apply(app, "light", 10)
    tabs.restyle()
    settle(app)
    assert tabs.minimumSizeHint().width() <= 650
    assert tabs.minimumSizeHint().height() <= 430
