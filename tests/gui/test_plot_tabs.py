"""The plots in the middle of the window: what they follow, what they show of it, and what they leave alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QPointF, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from coldfinger.gui import theme
from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.place import Place
from coldfinger.gui.plot_tabs import PlotTabs
from coldfinger.gui.run_marks import RunMarks
from coldfinger.gui.series import Normalise
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
    qtbot.waitUntil(lambda: set(folders) <= set(tabs._rows), timeout=4000)
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
        assert len(tabs.live.plot._curves["run"].doubts.data) == 1  # a shape, not only a colour
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
    assert [page.plot._curves[str(folder)].style.symbol for folder in folders] == ["o", "s", "d"]
    assert all(ink(page.plot, colour, 40) > 20 for colour in ("#AA3355", "#3355AA", "#33AA55"))
    assert page.plot._curves[str(folders[0])].label.toPlainText() == "60 Oe"
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
    assert page.words.text() == "2 ramps; 1 ticked runs of another kind are not shown here."
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
    shown = tabs.live.plot._shown["run"]
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
    for action in tabs.live.plot.copies():
        action.trigger()
        if action.text() == "Copy as PNG":
            assert not clipboard.image().isNull()
        elif action.text() == "Copy as CSV":
            assert clipboard.text().startswith("# SIMULATED\n")
            assert len(clipboard.text().splitlines()) == 62
        else:
            assert "SIMULATED" in clipboard.text()


def test_a_badge_of_the_window_goes_before_that_of_the_runs_and_gives_way_again(qtbot, tabs: PlotTabs, tmp_path):
    folder, real = ramp(tmp_path / "a"), ramp(tmp_path / "r", simulated=False)
    tabs.open_run(folder)
    looked(qtbot, tabs, folder)
    tabs.set_badge("REPLAY")
    assert {page.plot.badge_text for page in tabs.pages} == {"REPLAY"}
    tabs.open_run(real)
    looked(qtbot, tabs, real)
    assert tabs.live.plot.badge_text == "REPLAY"
    tabs.set_badge("")
    assert tabs.live.plot.badge_text == ""
    tabs.open_run(folder)
    qtbot.waitUntil(lambda: tabs.live.plot.badge_text == "SIMULATED", timeout=3000)


def test_the_curve_under_the_mouse_is_drawn_broad(qtbot, tabs: PlotTabs, tmp_path):
    folders = family(tmp_path, (60.0, 600.0))
    tabs.show_tab(1)
    tabs.show_runs(folders)
    looked(qtbot, tabs, *folders)
    drawn(tabs)
    plot, key = tabs.family.plot, str(folders[1])
    x, y = plot._curves[key].line.getData()
    plot._mouse = plot.view.mapViewToScene(QPointF(x[30], y[30]))
    plot._look_near()
    assert plot._curves[key].line.opts["pen"].width() == 2
    plot._mouse = plot.view.mapViewToScene(QPointF(x[30], plot.view.viewRange()[1][1]))
    plot._look_near()
    assert plot._curves[key].line.opts["pen"].width() == 1


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
    assert len(page.plot._curves[str(folders[1])].remarks.data) > 0  # rings where the bias warms
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
