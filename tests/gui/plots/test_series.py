"""Curves as numbers: normalisations with uncertainty, doubt that is kept, and text that others can read."""

import csv
import io

import numpy as np
import pytest

from coldfinger.gui.plots.plot_text import Look, csv_text, map_csv_text, map_python_text, python_text
from coldfinger.gui.plots.series import Normalise, Quantity, Series, axis_of, nearest, normalised
from coldfinger.runfiles.quality import Quality

T, R = Quantity("T", "K"), Quantity("R", "Ω")
FLAGS = [0, int(Quality.OVERLOAD), int(Quality.SEAM), 0]
CURVE = Series.of("0 Oe", [1, 2, 3, 4], [10, 999, 30, 40], [1, 1, 3, 4], FLAGS)


def test_rows_are_doubted_or_only_remarked():
    assert CURVE.doubted.tolist() == [False, True, False, False]
    assert CURVE.remarked.tolist() == [False, False, True, False]
    assert not Series.of("x", [1], [2]).doubted.any()


def test_normalised_values_keep_their_relative_uncertainty():
    largest = normalised(CURVE, Normalise.LARGEST)
    assert largest.y.tolist() == [0.25, 24.975, 0.75, 1.0]  # the doubted row is not the largest
    assert largest.sd.tolist() == [0.025, 0.025, 0.075, 0.1]
    assert normalised(CURVE, Normalise.REFERENCE, 3.5).y[3] == pytest.approx(40 / 35, rel=1e-12)
    inverse = normalised(CURVE, Normalise.INVERSE)
    assert inverse.y[0] == 0.1
    assert inverse.sd[0] == pytest.approx(0.01, rel=1e-12)
    assert normalised(CURVE, Normalise.PLAIN) is CURVE


def test_a_normalisation_without_a_meaning_is_none():
    assert normalised(CURVE, Normalise.REFERENCE, 9.0) is None
    assert normalised(CURVE, Normalise.REFERENCE) is None
    assert normalised(Series.of("x", [1, 2], [-1, -2]), Normalise.LARGEST) is None
    assert normalised(Series.of("x", [], []), Normalise.LARGEST) is None


def test_the_axis_says_what_it_shows():
    assert axis_of(R, Normalise.PLAIN, T, None).text == "R (Ω)"
    assert axis_of(R, Normalise.REFERENCE, T, 4.2).text == "R/R(T = 4.2 K)"
    assert axis_of(R, Normalise.LARGEST, T, None).text == "R/R_max"
    assert axis_of(R, Normalise.INVERSE, T, None).text == "1/R (S)"
    assert axis_of(Quantity("ρ", "Ω/□"), Normalise.INVERSE, T, None).unit == "S·□"


def test_the_nearest_row_is_a_believed_one():
    assert nearest(CURVE, 2.1) == 2
    assert nearest(Series.of("x", [1], [np.nan]), 1.0) is None


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"curve 'x': x, y, sd and flags have lengths \[1, 2\]"):
        Series.of("x", [1, 2], [1])


def test_a_table_for_other_programs_has_every_digit_and_says_what_was_simulated():
    text = csv_text([CURVE], T, R, "SIMULATED")
    assert text.startswith("# SIMULATED\n")
    rows = list(csv.reader(io.StringIO(text.partition("\n")[2])))
    assert rows[0] == ["curve", "T (K)", "R (Ω)", "R s.d. (Ω)", "remarks"]
    assert rows[2] == ["0 Oe", "2.0", "999.0", "1.0", "overload"]
    assert len(rows) == 5


def test_a_script_keeps_hollow_what_was_hollow_and_names_nothing_that_has_no_name():
    hollow = Look("#AA3355", "t", "none", hollow=True)
    text = python_text([CURVE], T, R, (False, False), looks=[hollow])
    assert "marker='v', linestyle='none'" in text
    assert "markerfacecolor='none'" in text
    assert "legend" not in python_text([Series.of("", [1.0], [2.0])], T, R, (False, False))


def test_the_script_draws_the_same_numbers():
    import matplotlib

    matplotlib.use("agg")

    names: dict[str, object] = {}
    exec(compile(python_text([CURVE], T, R, (True, False), "SIMULATED"), "plot.py", "exec"), names)  # noqa: S102
    axes = names["axes"]
    assert axes.lines[0].get_xdata().tolist() == [1.0, 3.0, 4.0]
    assert axes.get_xscale() == "log"
    assert axes.get_yscale() == "linear"
    assert axes.get_title() == "SIMULATED"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("T (K)", "R (Ω)")
    (crosses,) = (line for line in axes.lines if line.get_label() == "not believed")
    assert (crosses.get_xdata().tolist(), crosses.get_ydata().tolist()) == ([2.0], [999.0])


def test_a_map_is_copied_with_its_sides_where_they_belong_and_says_what_was_simulated():
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    sides = (np.array([0.1, 0.2, 0.4]), np.array([0.0, 100.0]))
    z = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    given = (*sides, z, (T, Quantity("H", "Oe"), R), "SIMULATED")
    comment, *rows = map_csv_text(*given).splitlines()
    assert comment == "# SIMULATED"
    assert rows[:3] == ["T (K),H (Oe),R (Ω)", "0.1,0.0,1.0", "0.1,100.0,2.0"]
    assert len(rows) == 6  # nothing stands for the cell that is not known
    names: dict[str, object] = {}
    exec(compile(map_python_text(*given), "map.py", "exec"), names)  # noqa: S102
    mesh = names["axes"].collections[0]
    np.testing.assert_array_equal(mesh.get_array().filled(np.nan), z.T)
    plt.close("all")
    plt.close("all")
