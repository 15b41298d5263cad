"""Plots: what is drawn, what is left out, what can be read from them and taken out of them."""

import math

import numpy as np
import pytest
from qtpy.QtCore import QObject, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from coldfinger.gui.look import theme
from coldfinger.gui.plots.curve import Curve, Style
from coldfinger.gui.plots.map_plot import MapPlot
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.plot_menu import menu_of
from coldfinger.gui.plots.series import Normalise, Quantity, Series
from coldfinger.runfiles.quality import Quality
from tests.gui.looks import ink, of_image, pixels, settle

T, RHO = Quantity("T", "K"), Quantity("ρ", "Ω/□")
BAD = int(Quality.OVERLOAD)


@pytest.fixture
def plot(dressed: QApplication, qtbot) -> Plot:
    plot = Plot(T, RHO)
    qtbot.addWidget(plot)
    plot.resize(600, 400)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def ramp(count: int = 60, name: str = "ramp", **more) -> Series:
    x = np.geomspace(0.05, 10, count)
    return Series.of(name, x, 5000 / np.sqrt(x), 50 / np.sqrt(x), **more)


def drawn(plot: Plot) -> None:
    plot.draw()
    settle(QApplication.instance())


def test_a_curve_is_seen_in_its_colour_and_not_after_it_is_hidden(plot: Plot):
    plot.set_series("a", ramp(600))
    plot.set_series("b", Series.of("b", [0.05, 10], [100, 9000]))
    drawn(plot)
    one, other = plot.colour("a"), plot.colour("b")
    assert ink(plot, one, 60) > 100
    plot.set_visible("a", False)
    drawn(plot)
    assert ink(plot, one, 60) < 10
    assert ink(plot, other, 60) > 100
    plot.remove("b")
    drawn(plot)
    assert ink(plot, other, 60) < 10
    assert list(plot.series) == ["a"]


def test_a_curve_that_comes_back_keeps_its_colour(plot: Plot):
    plot.set_series("a", ramp())
    plot.set_series("b", ramp())
    colour = plot.colour("b")
    plot.remove("b")
    plot.set_series("c", ramp())
    plot.set_series("b", ramp())
    assert plot.colour("b") == colour
    assert len({plot.colour(key) for key in "abc"}) == 3


def test_a_long_curve_is_drawn_with_two_points_a_pixel_at_most(plot: Plot):
    x = np.linspace(0, 1, 100_000)
    y = np.sin(50 * x)
    y[70_000] = 7.0
    plot.set_series("a", Series.of("long", x, y, np.full(100_000, 0.1)))
    drawn(plot)
    shown_x, shown_y = plot.curves["a"].line.getData()
    assert len(shown_x) <= 2 * plot.view.width() + 1
    assert shown_y.max() == 7.0
    assert len(plot.curves["a"].points.data) == len(plot.curves["a"].arrows.data) == 0


@pytest.mark.parametrize(("count", "symbols", "bars"), [(299, 299, 299), (301, 301, 0), (501, 0, 0)])
def test_symbols_and_bars_are_drawn_only_while_they_can_be_told_apart(plot: Plot, count, symbols, bars):
    plot.set_series("a", ramp(count))
    drawn(plot)
    curve = plot.curves["a"]
    assert (len(curve.points.data), len(curve.bars.getData()[0] if bars else []) // 2) == (symbols, bars)


def test_rows_that_must_not_be_believed_are_crosses_off_the_line_however_long_the_run(plot: Plot):
    flags = np.zeros(5000, dtype=int)
    flags[100], flags[200] = BAD, int(Quality.SEAM)
    x = np.linspace(1, 2, 5000)
    y = np.ones(5000)
    y[100] = 40.0
    plot.set_series("a", Series.of("a", x, y, flags=flags))
    drawn(plot)
    curve = plot.curves["a"]
    assert curve.line.getData()[1].max() == 1.0
    assert [(point["y"], curve.doubts.opts["symbol"]) for point in curve.doubts.data] == [(40.0, "x")]
    assert len(curve.remarks.data) == 1
    assert curve.doubts.opts["brush"].style() == Qt.BrushStyle.NoBrush


def test_a_bar_through_zero_reaches_the_edge_of_a_log_axis_with_an_arrow(plot: Plot):
    plot.set_series("a", Series.of("a", [1, 2, 3], [10.0, 1.0, 5.0], [1.0, 2.0, 1.0]))
    plot.set_log(False, True)
    drawn(plot)
    drawn(plot)
    curve = plot.curves["a"]
    floor = plot.view.viewRange()[1][0]
    assert [(point["x"], point["y"]) for point in curve.arrows.data] == [(2.0, pytest.approx(floor))]
    assert curve.bars.getData()[1].tolist()[:2] == pytest.approx([math.log10(9), math.log10(11)])
    plot.set_bars(False)
    drawn(plot)
    assert len(curve.arrows.data) == 0


def test_what_has_no_logarithm_is_left_out_and_the_rest_is_in_view(plot: Plot):
    plot.set_series("a", Series.of("a", [-1, 0, 1, 10], [1, 1, -5, 100]))
    plot.set_log(True, True)
    drawn(plot)
    (x0, x1), (y0, y1) = plot.view.viewRange()
    assert x0 < 1 < x1 < 2
    assert y0 < 2 < y1 < 3


def test_everything_stays_in_view_until_somebody_zooms(plot: Plot):
    plot.set_series("a", Series.of("a", [0, 1], [0, 1]))
    drawn(plot)
    plot.set_series("a", Series.of("a", [0, 100], [0, 100]))
    drawn(plot)
    assert plot.view.viewRange()[0][1] > 100
    plot.view.setXRange(0, 10, padding=0)
    plot.view.sigRangeChangedManually.emit([True, True])
    plot.set_series("a", Series.of("a", [0, 1000], [0, 1000]))
    drawn(plot)
    assert plot.view.viewRange()[0][1] == pytest.approx(10)
    QTest.keyClick(plot, Qt.Key.Key_A)
    drawn(plot)
    assert plot.view.viewRange()[0][1] > 1000


def test_letters_work_in_the_plot(plot: Plot):
    plot.set_series("a", ramp())
    QTest.keyClick(plot, Qt.Key.Key_L)
    assert plot.log == (False, True)
    QTest.keyClick(plot, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert plot.log == (True, True)
    QTest.keyClick(plot, Qt.Key.Key_N)
    assert plot.normalise is Normalise.LARGEST
    drawn(plot)
    assert 10 ** plot.curves["a"].line.getData()[1].max() == pytest.approx(1.0)
    assert plot.axes["left"].labelText == "ρ/ρ_max"
    QTest.keyClick(plot, Qt.Key.Key_E)
    QTest.keyClick(plot, Qt.Key.Key_G)
    drawn(plot)
    assert (plot.bars, plot.grid) == (False, False)


def test_a_reference_needs_a_place(plot: Plot):
    with pytest.raises(ValueError, match="to divide by a reference give the T of it"):
        plot.set_normalise(Normalise.REFERENCE)
    plot.set_series("a", ramp())
    plot.set_normalise(Normalise.REFERENCE, 1.0)
    assert "ρ/ρ(T = 1 K)" in plot.copies.csv()


def test_an_ordered_family_goes_through_one_scale_of_colours(plot: Plot):
    for field in (3000.0, 0.0, 600.0):
        plot.set_series(f"{field:g}", ramp(order=field))
    colours = [plot.colour(key) for key in ("0", "600", "3000")]
    assert colours[0] == "#440154"
    assert len(set(colours)) == 3
    drawn(plot)
    assert len(plot.names.placed) == 3


def test_a_plot_is_moved_zoomed_and_read_by_keyboard(qtbot, plot: Plot):
    x = np.arange(1.0, 6.0)
    flags = np.array([0, 0, int(Quality.OVERLOAD), 0, 0])
    plot.set_series("a", Series.of("a", x, 10 * x, flags=flags))
    plot.draw()
    (before, _), (low, high) = plot.view.viewRange(), plot.view.viewRange()[1]
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.view.viewRange()[0] == pytest.approx([v + 0.1 * (before[1] - before[0]) for v in before])
    qtbot.keyClick(plot, Qt.Key.Key_Up)
    assert plot.view.viewRange()[1] == pytest.approx([v + 0.1 * (high - low) for v in (low, high)])
    qtbot.keyClick(plot, Qt.Key.Key_Minus)
    assert np.ptp(plot.view.viewRange()[0]) == pytest.approx(1.25 * np.ptp(before))
    plot.draw()
    assert np.ptp(plot.view.viewRange()[0]) == pytest.approx(1.25 * np.ptp(before))  # and stays so
    qtbot.keyClick(plot, Qt.Key.Key_C)
    assert plot.cursors.shown
    plot.cursors.move(1.0, 5.0)
    for _ in range(2):
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.cursors.places == (4.0, 5.0)  # the row that is not believed is passed over
    qtbot.keyClick(plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert plot.cursors.places == (4.0, 4.0)
    assert plot.readout.text().startswith("A: 4 K, 40")
    qtbot.keyClick(plot, Qt.Key.Key_A)
    plot.draw()
    assert np.ptp(plot.view.viewRange()[0]) == pytest.approx(np.ptp(before))


def test_cursors_read_values_and_differences(plot: Plot):
    plot.set_series("a", Series.of("a", [1, 2, 3], [10, 999, 30], flags=[0, BAD, 0]))
    drawn(plot)
    plot.set_cursors(True)
    plot.cursors.move(1.1, 2.4)
    assert plot.readout.text() == "A: 1 K, 10 Ω/□   B: 3 K, 30 Ω/□   Δ: 2 K, 20 Ω/□, ratio 3"
    plot.set_log(True, False)
    drawn(plot)
    assert plot.readout.text().startswith("A: 1 K, 10")
    plot.set_cursors(False)
    assert not plot.readout.isVisible()


def test_the_window_of_a_fit_keeps_its_values_when_the_axis_changes(plot: Plot, qtbot):
    plot.set_series("a", ramp())
    plot.set_window(0.3, 1.0)
    plot.set_log(True, True)
    assert plot.window_range == pytest.approx((0.3, 1.0))
    with qtbot.waitSignal(plot.windowChanged, timeout=1000) as moved:
        plot.region.setRegion([-1.0, 0.0])
        plot.region.sigRegionChangeFinished.emit(plot.region)
    assert moved.args == pytest.approx([0.1, 1.0])
    with pytest.raises(ValueError, match="cannot be shown on a logarithmic axis"):
        plot.set_window(-1.0, 1.0)
    plot.remove_window()
    assert plot.window_range is None


@pytest.mark.parametrize("badge", ["SIMULATED", "REPLAY"])
def test_every_copy_says_what_was_not_measured(plot: Plot, badge):
    plot.set_series("a", ramp())
    drawn(plot)
    without = of_image(plot.copies.image())
    plot.set_badge(badge)
    fill = tuple(int(theme.current().lost.fill[i : i + 2], 16) for i in (1, 3, 5))

    def marked(image) -> int:
        return int((of_image(image) == fill).all(axis=2).sum())

    assert marked(plot.copies.image()) > 300
    assert int((without == fill).all(axis=2).sum()) == 0
    assert badge in plot.copies.svg()
    assert badge in plot.copies.csv()
    assert badge in plot.copies.python()
    assert badge in plot.badge.toPlainText()


def test_the_menu_copies_to_the_clipboard(plot: Plot, qapp: QApplication):
    plot.set_series("a", ramp())
    actions = {action.text().partition("\t")[0]: action for action in menu_of(plot).actions()}
    clipboard = QApplication.clipboard()
    actions["Copy as CSV"].trigger()
    assert clipboard.text() == plot.copies.csv()
    actions["Copy as PNG"].trigger()
    assert clipboard.image().width() == plot.canvas.width()
    actions["Copy as SVG"].trigger()
    assert clipboard.text().startswith("<?xml")
    actions["Logarithmic y"].trigger()
    assert plot.log == (False, True)


def test_nothing_is_drawn_while_the_plot_is_not_seen(plot: Plot, qtbot):
    plot.set_series("a", ramp())
    drawn(plot)
    plot.hide()
    plot.set_series("a", ramp(40))
    assert not plot._timer.isActive()
    plot.show()
    qtbot.waitUntil(lambda: len(plot.curves["a"].points.data) == 40, timeout=2000)


def test_a_changed_theme_is_seen_in_the_plot(qapp: QApplication, plot: Plot):
    plot.set_series("a", ramp())
    theme.apply(qapp, "dark")
    plot.dress()
    drawn(plot)
    assert ink(plot, theme.current().base, 2) > 100_000
    assert ink(plot, plot.colour("a")) > 100


def test_a_changed_theme_or_colour_puts_no_curve_together_anew(qapp: QApplication, plot: Plot, monkeypatch):
    plot.set_series("a", ramp())
    plot.set_series("b", Series.of("b", [0.05, 10], [100, 9000]))
    for _ in range(3):  # the first drawing gives the axes their width
        drawn(plot)
    made = []
    real = Curve.draw
    monkeypatch.setattr(Curve, "draw", lambda curve, *given: made.append(curve) or real(curve, *given))
    theme.apply(qapp, "dark")
    plot.dress()
    plot.set_style("a", Style("#AA3355"))
    drawn(plot)
    assert made == []
    assert ink(plot, "#AA3355", 40) > 100
    plot.set_style("a", Style("#AA3355", symbols=False))
    drawn(plot)
    assert made == [plot.curves["a"]]


@pytest.mark.parametrize("log", [False, True])
def test_the_axis_on_top_is_one_over_the_axis_below(dressed: QApplication, qtbot, log):
    plot = Plot(Quantity("1/T", "1/K"), Quantity("σ", "S"), twin=T)
    qtbot.addWidget(plot)
    plot.resize(600, 400)
    plot.show()
    plot.set_series("a", Series.of("a", [0.1, 3.0], [1, 2]))
    plot.set_log(log, False)
    drawn(plot)
    top = plot.axes["top"]
    levels = top.tickValues(*plot.view.viewRange()[0], 500)
    below = [10**place if log else place for place in levels[0][1]]
    texts = top.tickStrings(levels[0][1], 1.0, 1.0)
    assert len(texts) >= 4
    assert [1 / place for place in below] == pytest.approx([float(text) for text in texts])


def test_units_take_prefixes_only_where_they_are_usual(dressed: QApplication, qtbot):
    plot = Plot(Quantity("I", "A"), RHO)
    qtbot.addWidget(plot)
    plot.set_series("a", Series.of("a", [-1e-7, 1e-7], [5000, 6000]))
    plot.show()
    drawn(plot)
    assert "nA" in plot.axes["bottom"].labelString()
    assert "kΩ" not in plot.axes["left"].labelString()
    plot.set_log(True, False)
    assert not plot.axes["bottom"].autoSIPrefix


def test_an_empty_plot_and_a_single_point_are_drawn(plot: Plot):
    drawn(plot)
    plot.set_log(True, True)
    drawn(plot)
    plot.set_series("a", Series.of("a", [1.0], [2.0]))
    drawn(plot)
    plot.set_series("a", Series.of("a", [], []))
    drawn(plot)
    assert isinstance(plot, QObject)
    assert len(plot.curves["a"].points.data) == 0


def test_a_map_has_many_colours_and_says_what_was_simulated(dressed: QApplication, qtbot):
    shown = MapPlot(Quantity("H", "Oe"), T, RHO)
    qtbot.addWidget(shown)
    shown.resize(500, 350)
    x, y = np.linspace(-1, 1, 40), np.geomspace(0.05, 10, 30)
    shown.set_map(x, y, x[:, None] + np.log(y)[None, :], log=(False, True))
    shown.set_badge("SIMULATED")
    shown.show()
    settle(dressed)
    assert len(np.unique(pixels(shown).reshape(-1, 3), axis=0)) > 100
    assert shown.badge.isVisible()
    shown.set_map(x, y, x[:, None] + 0 * y[None, :], log=(False, True), kind="signed")
    assert shown.image.levels == pytest.approx([-1, 1])


def test_a_map_off_its_grid_is_refused(dressed: QApplication, qtbot):
    shown = MapPlot(Quantity("H", "Oe"), T, RHO)
    qtbot.addWidget(shown)
    even, z = np.linspace(0, 1, 5), np.zeros((5, 5))
    with pytest.raises(ValueError, match="the y side of a map must be evenly spaced"):
        shown.set_map(even, even**2, z)
    with pytest.raises(ValueError, match="the x side of a map must be logarithmically spaced"):
        shown.set_map(even, even, z, log=(True, False))
    with pytest.raises(ValueError, match="does not fit sides of 5 and 4"):
        shown.set_map(even, even[:4], z)
    with pytest.raises(ValueError, match="map of kind 'jet' is not known"):
        shown.set_map(even, even, z, kind="jet")
