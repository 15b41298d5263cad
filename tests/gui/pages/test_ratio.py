"""Ratios of runs: one curve divided by a reference, on the overlap, with the uncertainty of both."""

import numpy as np
import pytest

from coldfinger.gui.plots.series import Series, ratio
from tests.gui.stage import window_at


def test_a_ratio_divides_by_the_interpolated_reference_and_propagates_both():
    own = Series.of("own", [0.5, 1.5, 2.5, 4.0], [10.0, 20.0, 30.0, 40.0], [1.0, 1.0, 1.0, 1.0])
    reference = Series.of("reference", [3.0, 1.0, 2.0], [8.0, 4.0, 6.0], [0.4, 0.2, 0.3])
    shown = ratio(own, reference)
    assert shown.x.tolist() == [1.5, 2.5]
    assert shown.y == pytest.approx([20 / 5, 30 / 7])
    sd = np.hypot(0.5 * 0.2, 0.5 * 0.3)
    assert shown.sd[0] == pytest.approx(np.hypot(1 / 5, 20 * sd / 25))


def test_rows_of_the_reference_that_are_not_believed_divide_nothing():
    own = Series.of("own", [1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    reference = Series.of("reference", [1.0, 2.0, 3.0], [2.0, 99.0, 2.0], flags=[0, 2, 0])
    assert ratio(own, reference).y == pytest.approx([0.5, 0.5, 0.5])
    assert ratio(own, Series.of("elsewhere", [8.0, 9.0], [1.0, 1.0])) is None


def test_the_list_of_runs_asks_for_a_ratio_and_the_family_shows_it(qapp, tmp_path):
    with window_at(qapp, tmp_path / "data") as stage:
        stage.tick()
        runs, family = stage.window.runs, stage.window.plots.family
        runs.ratio_asked.emit(stage.ticked[:4], stage.ticked[2])
        stage.until(lambda: "divided by rt_100" in family.words.text())
        stage.settle()
        reference = family.plot.series[str(stage.ticked[2])]
        assert reference.y == pytest.approx(np.ones(60))
        assert "ρ of 100 Oe" in family.plot.quantity_y.text
        family.ratio.click()
        assert family.plot.series[str(stage.ticked[2])].y.min() > 1000
        assert family.plot.quantity_y.unit == "Ω/□"
