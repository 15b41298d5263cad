"""Error bars stand at their own points, whatever lies between them, and ticks at the values that they name."""

import numpy as np
import pytest

from coldfinger.gui.plots.curve import Curve
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Quantity, Series
from coldfinger.runfiles.quality import Quality


def test_a_row_that_is_not_believed_takes_its_bar_with_it_and_the_others_keep_theirs(qapp):
    flags = [0, int(Quality.OVERLOAD), 0, int(Quality.SEAM)]
    series = Series.of("a", [1, 2, 3, 4], [10, 999, 30, 40], [1, 500, 3, 4], flags)
    curve = Curve(0)
    curve.draw(series, (False, False), (0.0, 5.0), 0.0, 600, True)
    x, y = curve.bars.getData()
    assert x.tolist() == [1, 1, 3, 3, 4, 4]
    assert y.tolist() == [9, 11, 27, 33, 36, 44]
    curve.draw(series, (False, True), (0.0, 5.0), -1.0, 600, True)
    assert curve.bars.getData()[1] == pytest.approx(np.log10([9, 11, 27, 33, 36, 44]))


def test_ticks_of_an_axis_with_a_prefix_stand_where_their_values_are(dressed, qtbot):
    plot = Plot(Quantity("I", "A"), Quantity("ρ", "Ω/□"))
    qtbot.addWidget(plot)
    plot.resize(600, 400)
    plot.set_series("a", Series.of("a", [-1e-7, 1e-7], [5000, 6000]))
    plot.show()
    plot.draw()
    axis = plot.axes["bottom"]
    assert "nA" in axis.labelString()
    places = axis.tickValues(*plot.view.viewRange()[0], 500)[0][1]
    texts = axis.tickStrings(places, 1.0, 1.0)
    assert len(texts) > 3
    assert [1e-9 * float(text) for text in texts] == pytest.approx(places)
