"""Names at the ends of curves: all of them while they fit, none on another, each with a way to its curve."""

import numpy as np
import pytest
from qtpy.QtCore import QRectF
from qtpy.QtWidgets import QApplication

from coldfinger.gui.look import theme
from coldfinger.gui.plots.name_places import End, moves, places
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Quantity, Series
from tests.gui.looks import of_image, rgb, settle

BIAS, SLOPE = Quantity("I_dc", "A"), Quantity("dV/dI", "Ω/□")
FIELDS = (100.0, 300.0, 450.0)


@pytest.fixture
def plot(dressed: QApplication, qtbot) -> Plot:
    plot = Plot(BIAS, SLOPE)
    qtbot.addWidget(plot)
    plot.resize(600, 320)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def ends(*places_y: float) -> list[End]:
    return [End(f"{n}", y, lambda n=n: n) for n, y in enumerate(places_y)]


def peaks(fields=FIELDS) -> dict[str, Series]:
    """dV/dI as it is measured: far apart at zero bias, one value at both ends."""
    bias = np.linspace(-1e-7, 1e-7, 61)
    return {
        f"{field:g}": Series.of(f"{field:g} Oe", bias, 5000 + 20 * field / (1 + (bias / 1e-8) ** 2)) for field in fields
    }


def drawn(plot: Plot, curves: dict[str, Series]) -> None:
    for key, series in curves.items():
        plot.set_series(key, series)
    plot.draw()
    settle(QApplication.instance())


def faults(plot: Plot) -> list[str]:
    """Names that lie on each other, are not wholly in the view, or are not seen in the picture."""
    boxes = {one.text: one.box for one in plot.names.placed}
    found = [f"{a} lies on {b}" for a in boxes for b in boxes if a < b and boxes[a].intersects(boxes[b])]
    whole = QRectF(0, plot.names.top, plot.view.width(), plot.view.height() - plot.names.top).adjusted(-1, -1, 1, 1)
    found += [f"{text} is cut off" for text, box in boxes.items() if not whole.contains(box)]
    picture = of_image(plot.copies.image()).astype(int)
    ink = np.abs(picture - np.round(rgb(theme.current().text) * 255)).max(axis=2) < 90
    for text, box in boxes.items():
        at = plot.view.mapRectToScene(box).toRect()
        seen = np.count_nonzero(ink[at.top() : at.bottom(), at.left() : at.right()])
        found += [f"{text} is not seen"] if seen < 5 * len(text) else []
    return found


def test_names_that_are_apart_stay_at_their_ends():
    assert places(ends(200.0, 50.0, 120.0), 15.0, 0.0, 300.0) == {"0": 200.0, "1": 50.0, "2": 120.0}


def test_names_that_meet_are_moved_apart_by_as_little_as_can_be_and_stay_within_the_plot():
    found = places(ends(100.0, 101.0, 100.5, 30.0), 15.0, 0.0, 300.0)
    assert found["3"] == 30.0
    assert sorted(found.values())[1:] == pytest.approx([85.5, 100.5, 115.5])
    low = places(ends(298.0, 299.0), 15.0, 0.0, 300.0)
    assert sorted(low.values()) == pytest.approx([277.5, 292.5])
    high = places(ends(3.0, 4.0), 15.0, 20.0, 300.0)
    assert sorted(high.values()) == pytest.approx([27.5, 42.5])


def test_names_of_curves_that_meet_stand_in_the_order_of_the_curves_and_others_in_that_of_their_ends():
    found = places(ends(100.2, 100.1, 100.0), 15.0, 0.0, 300.0)
    assert found["0"] < found["1"] < found["2"]  # by rank, though the ends are the other way round
    found = places(ends(130.0, 115.0, 100.0, 101.0), 15.0, 0.0, 300.0)
    assert found["2"] < found["3"] < found["1"] < found["0"]


def test_where_not_all_names_fit_the_first_ones_are_there_and_none_is_moved():
    many = ends(*(100.0 + n for n in range(40)))
    found = places(many, 15.0, 0.0, 300.0)
    assert found == {"0": 100.0, "15": 115.0, "30": 130.0}
    assert moves(many, found, 15.0) == 37 * 15.0


def test_every_curve_has_its_name_where_all_meet_at_both_ends(plot: Plot):
    drawn(plot, peaks())
    assert [one.text for one in sorted(plot.names.placed, key=lambda one: one.box.y())] == [
        "450 Oe",
        "300 Oe",
        "100 Oe",
    ]
    assert faults(plot) == []
    assert all(one.led and one.symbol and one.colour == plot.colour(one.key) for one in plot.names.placed)
    right = max(one.end.x() for one in plot.names.placed)
    assert all(one.box.left() > right for one in plot.names.placed)  # beside the curves, not on them


@pytest.mark.parametrize("log", [False, True])
def test_the_names_of_a_family_stand_where_its_curves_are_apart(plot: Plot, log):
    T = np.geomspace(0.05, 0.7, 60)
    family = {f"{n}": Series.of(f"{n} Oe", T, 5000 * (1 + n / (1 + (T / 0.1) ** 3))) for n in range(6)}
    plot.set_log(True, log)
    drawn(plot, family)
    assert plot.names.left
    assert len(plot.names.placed) == 6
    assert not any(one.led for one in plot.names.placed)
    assert faults(plot) == []
    turned = {key: Series.of(one.name, 0.75 - one.x, one.y) for key, one in family.items()}
    drawn(plot, turned)
    assert not plot.names.left
    assert faults(plot) == []


def test_a_curve_that_ends_early_is_named_where_no_other_curve_is(plot: Plot):
    x = np.linspace(0, 1, 101)
    drawn(plot, {"long": Series.of("long", x, 1 + 0 * x), "above": Series.of("above", x, 3 + 0 * x)})
    plot.set_series("short", Series.of("short run", x[:40], np.linspace(3.1, 1.0, 40)))
    plot.draw()
    short = next(one for one in plot.names.placed if one.key == "short")
    assert not short.led
    assert short.box.bottom() < short.end.y() or short.box.top() > short.end.y()  # the curve `long` goes on at its side
    assert faults(plot) == []


def test_a_long_name_is_shortened_and_a_badge_above_is_left_alone(plot: Plot):
    name = "a name that is far too long for the place beside a curve in a plot of this size"
    plot.set_badge("SIMULATED")
    drawn(plot, {key: Series.of(name if key == "100" else one.name, one.x, one.y) for key, one in peaks().items()})
    assert [one.text[:6] for one in plot.names.placed if "…" in one.text] == ["a name"]
    assert all(one.box.left() > one.end.x() for one in plot.names.placed)  # in the room beside the curves
    assert faults(plot) == []


def test_names_move_with_the_view_and_those_of_ends_that_are_not_seen_are_gone(plot: Plot):
    drawn(plot, {"a": Series.of("a", [0, 1], [1, 1]), "b": Series.of("b", [0, 1], [2, 2])})
    before = {one.key: one.box.y() for one in plot.names.placed}
    low, high = plot.view.viewRange()[1]
    plot.view.setYRange(low - 0.2, high - 0.2, padding=0)
    assert all(one.box.y() < before[one.key] for one in plot.names.placed)
    plot.view.setXRange(0, 0.5, padding=0)
    assert plot.names.placed == ()
    plot.show_all()
    plot.set_visible("a", False)
    plot.draw()
    assert plot.names.placed == ()  # one curve needs no name
