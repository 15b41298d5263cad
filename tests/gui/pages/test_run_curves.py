"""From the rows of a run to a curve: the columns that its name says, and only the rows that no fit uses are counted."""

import numpy as np

from coldfinger.gui.pages.run_curves import X_AXES, Y_AXES, axis, curve_of, doubted_rows
from coldfinger.gui.pages.run_feed import RunFeed
from coldfinger.runfiles.quality import Quality
from tests.gui.run_folders import COLUMNS, row_at, writer_of


def test_resistance_of_the_film_and_of_a_square_are_two_curves_and_a_remark_is_no_doubt(tmp_path):
    flags = (0, int(Quality.OVERLOAD), int(Quality.SEAM))
    with writer_of(tmp_path / "a", columns=(*COLUMNS, "R (ohm)")) as writer:
        for i, flag in enumerate(flags):
            writer.point(row_at(i, 0.1 * (i + 1), 100.0, 3000.0, 5.0, flag) | {"R (ohm)": 6000.0})
        writer.end("done")
    rows = RunFeed(tmp_path / "a").look()
    square, film = (curve_of(rows, axis(X_AXES, "1/T"), axis(Y_AXES, key)) for key in ("ρ", "R"))
    assert (square.y[0], film.y[0]) == (3000.0, 6000.0)
    assert (len(square.sd), len(film.sd)) == (3, 0)  # nobody knows that of the film
    np.testing.assert_allclose(square.x, [10.0, 5.0, 10.0 / 3])
    assert doubted_rows(rows) == 1
