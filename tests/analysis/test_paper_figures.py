"""The figures of the paper: what is drawn is what was measured, labels fit, and missing runs are said in words."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.text import Text

from coldfinger.analysis.differential import SlopeCurve
from coldfinger.analysis.fluctuations import SweepSet
from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.analysis.magnetoresistance import Sweep
from coldfinger.analysis.micrographs.synthetic_micrograph import Population, draw_micrograph
from coldfinger.analysis.paper.data import Film, Isotherm, PaperData, RTCurve
from coldfinger.analysis.paper.drawing import Drawing
from coldfinger.analysis.paper.parameters import RHO, SIGMA
from coldfinger.analysis.paper.registry import FIGURES, draw_figure
from coldfinger.analysis.paper.style import short, with_sd
from coldfinger.sim.sample import builtin_sample

FIELDS = {
    "S0": (0, 30, 100, 200, 300, 400, 500, 600),
    "S1": (0, 10, 30, 100, 200, 250, 280, 350, 400, 500, 600),
    "S2": (0, 30, 100, 300, 500, 600),
}
BIAS_FIELDS = {"S0": (0, 300), "S1": (0, 30, 100, 500), "S2": ()}


def family(name: str) -> tuple[RTCurve, ...]:
    film, rng, T = builtin_sample(name, fluctuations=False), np.random.default_rng(3), np.geomspace(0.05, 0.7, 30)
    curves = []
    for field in FIELDS[name]:
        rho = np.asarray(film.resistivity(T, field))
        sd = np.hypot(0.003 * rho, 1.0)
        flagged = np.zeros(T.size, dtype=bool)
        flagged[7] = True
        curves.append(RTCurve(float(field), T, rho + sd * rng.standard_normal(T.size), sd, flagged))
    return tuple(curves)


def isotherm(name: str) -> Isotherm:
    film, H = builtin_sample(name, fluctuations=False), np.arange(0.0, 601.0, 10.0)
    rho = np.array([float(film.resistivity(1.1, field)) for field in H])
    return Isotherm(1.1, H, rho, 0.002 * rho, np.zeros(H.size, dtype=bool))


def sweeps(name: str) -> SweepSet:
    film, rng, H = builtin_sample(name, seed=1), np.random.default_rng(5), np.arange(-100.0, 100.1, 0.1)
    rho = np.array([float(film.resistivity(0.05, field)) for field in H])
    sd = np.full(H.size, 2.0)
    made = [Sweep.of(H, rho + sd * rng.standard_normal(H.size), sd, way) for way in (1.0, -1.0, 1.0, -1.0)]
    return SweepSet(tuple(made), 0.17, 0.1, 0.05)


def slopes(name: str) -> tuple[SlopeCurve, ...]:
    film, rng = builtin_sample(name, fluctuations=False), np.random.default_rng(7)
    side = 2e-9 * np.sinh(np.linspace(0, 1, 13)[1:] * np.arcsinh(500.0))
    bias = np.concatenate([[0.0], side, side[-2::-1], [0.0], -side, -side[-2::-1], [0.0]])
    way = np.sign(np.diff(bias, prepend=0.0))
    curves = []
    for field in BIAS_FIELDS[name]:
        step = 1e-11
        slope = (film.voltage(bias + step, 0.05, field) - film.voltage(bias - step, 0.05, field)) / (2 * step)
        sd = np.full(bias.size, 3.0)
        read = np.asarray(slope) + sd * rng.standard_normal(bias.size)
        ordinary = np.asarray(film.resistivity(np.array([0.05]), field)) + 2.0
        heated = np.abs(bias) > 1e-7
        curves.append(SlopeCurve(float(field), 0.05, bias, read, sd, way, heated, ordinary, np.array([3.0])))
    return tuple(curves)


@cache
def paper() -> PaperData:
    grains = [Population(0.4e-6, 0.25, 0.3), Population(0.04e-6, 0.3, 0.05)]
    films = [
        Film(name, family(name), (isotherm(name),), (sweeps(name),) if name != "S2" else (), slopes(name))
        for name in FIELDS
    ]
    return PaperData(tuple(films), draw_micrograph(grains, shape=(150, 150)).micrograph, simulated=True)


@cache
def drawn(name: str) -> Drawing:
    drawing = draw_figure(name, paper())
    drawing.figure.canvas.draw()
    return drawing


def texts(drawing: Drawing) -> list[Text]:
    """Everything that can be read, tick labels included."""
    found = [*drawing.figure.texts]
    for axes in drawing.figure.axes:
        found += axes.texts
        if axes.axison:
            found += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
            legend = axes.get_legend()
            found += legend.get_texts() if legend is not None else []
            for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
                ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
                inside = [tick for tick in ticks if min(ends) <= tick.get_loc() <= max(ends)]
                found += [label for tick in inside for label in (tick.label1, tick.label2)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def symbols(drawing: Drawing, name: str) -> np.ndarray:
    """Data coordinates of all symbols with this gid, shape (n, 2)."""
    lines = [line for axes in drawing.figure.axes for line in axes.lines if line.get_gid() == name]
    return np.concatenate([np.column_stack(line.get_data()) for line in lines])


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ("3b", "3c", "4a", "4b")])  # in 3 and 4
def test_no_label_covers_another_and_none_leaves_the_figure(name):
    drawing = drawn(name)
    # Not an annotation's own extent, which counts the line to its curve.
    page = drawing.figure.bbox
    boxes = [(text.get_text(), Text.get_window_extent(text).padded(-1.5)) for text in texts(drawing)]
    assert len(boxes) > 3
    for words, box in boxes:
        assert page.x0 <= box.x0 < box.x1 <= page.x1, words
        assert page.y0 <= box.y0 < box.y1 <= page.y1, words
    for i, (one, here) in enumerate(boxes):
        for other, there in boxes[i + 1 :]:
            assert not here.overlaps(there), f"{one!r} on {other!r}"


@pytest.mark.parametrize("name", ["1", "3", "4", "S3", "S3-waterfall"])
def test_every_symbol_has_its_error_bar(name):
    for axes in drawn(name).figure.axes:
        marks = [line for line in axes.lines if str(line.get_gid()).startswith("data:") and line.get_marker() != "None"]
        if name == "1" and axes is drawn(name).figure.axes[0]:
            continue  # the map has labels along y: nothing is measured there
        places = np.concatenate([np.column_stack(line.get_data()) for line in marks] or [np.empty((0, 2))])
        places = places[np.isfinite(places).all(axis=1)]
        bars = [segment for c in axes.collections if isinstance(c, LineCollection) for segment in c.get_segments()]
        middles = np.array([segment.mean(axis=0) for segment in bars if len(segment)]).reshape(-1, 2)
        for x, y in places:
            assert np.isclose(middles, (x, y), rtol=1e-9, atol=1e-12).all(axis=1).any(), (name, x, y)


def test_the_points_of_a_curve_are_those_that_were_measured():
    film = paper().film("S0")
    assert film is not None
    curve = film.curves[2]
    points = symbols(drawn("3a"), "data:100 Oe")
    order = np.argsort(points[:, 0])
    np.testing.assert_array_equal(points[order, 0], curve.temperature)
    np.testing.assert_array_equal(points[order, 1], curve.resistivity)


def test_fig_4b_shows_the_parameters_of_the_fits():
    film = paper().film("S1")
    assert film is not None
    failed = [fit.parameters["rho_QF"].value for H, fit in film.fits if fit.law == "eq2" and H > 0]
    squares = symbols(drawn("4b"), rf"data:{RHO}")
    np.testing.assert_allclose(np.sort(squares[:, 1]), np.sort(1 / np.array(failed)), rtol=1e-12)  # same numbers
    insulating = [fit.parameters["sigma_QF"].value for _, fit in film.fits if fit.law == "eq1"]
    diamonds = symbols(drawn("4b"), rf"data:{SIGMA}")
    np.testing.assert_allclose(np.sort(diamonds[:, 1]), np.sort(insulating), rtol=1e-12)


def test_flagged_points_are_hollow_and_take_no_part_in_the_fit():
    lines = [line for line in drawn("3a").figure.axes[0].lines if line.get_gid() == "data:100 Oe"]
    assert sorted((line.get_markerfacecolor() == "white", len(line.get_xdata())) for line in lines) == [
        (False, 29),
        (True, 1),
    ]
    film = paper().film("S0")
    assert film is not None
    assert film.curves[2].curve.temperature.size == 29


def test_every_curve_of_the_family_is_labelled():
    said = {text.get_text() for text in texts(drawn("3"))}
    assert {f"{field} Oe" for fields in FIELDS.values() for field in fields} <= said


def test_dotted_lines_join_the_family_to_the_sweep_above_it():
    joins = [line for line in drawn("3a").figure.axes[0].lines if str(line.get_gid()).startswith("join:")]
    assert len(joins) == len(FIELDS["S0"])
    assert {float(line.get_xdata()[1]) for line in joins} == {1.1}


def test_exponents_crossing_and_drop_of_s1_are_those_of_the_film():
    found = drawn("4b").numbers["S1"]
    # The laws of the simulated film; four standard deviations, since these are five numbers of one draw.
    truth = {"exponent_rho_QF": 0.45, "exponent_sigma_QF": -4.7, "H_star_Oe": 300.0}
    truth |= {"R_star_ohm": R_Q_PAIR * 2 ** (-1 / 32), "E_a_drop": 3.98}
    for name, value in truth.items():
        assert abs(found[name]["value"] - value) < 4 * found[name]["sd"], name


def test_the_quantum_of_resistance_is_drawn_and_changes_no_number():
    lines = [line for line in drawn("1").figure.axes[1].lines if line.get_gid() == "R_Q"]
    assert [float(line.get_ydata()[0]) for line in lines] == [R_Q_PAIR]
    assert drawn("4b").numbers["S1"]["R_star_ohm"]["value"] != R_Q_PAIR


def test_fig_1_has_the_papers_boundaries_and_a_reason_for_each_label():
    numbers = drawn("1").numbers
    named = {(bound["name"], bound["above"].split()[0]) for bound in numbers["boundaries"]}
    assert {("avoided SIT", "S0"), ("QMIT", "S0"), ("SQMT", "S1"), ("avoided SIT", "S1"), ("SQMT", "S2")} <= named
    assert all(row["reason"] for row in numbers["regimes"])


def test_dv_di_stands_in_the_column_of_its_regime():
    titles = {axes.get_title(loc="left") for axes in drawn("S3").figure.axes}
    assert {"S0: failed superconducting", "S0: failed insulating", "S1: failed superconducting"} <= titles
    assert any(title.startswith("S1: superconducting") and "nA" in title for title in titles)


@pytest.mark.parametrize("name", FIGURES)
def test_a_panel_without_runs_says_what_is_missing(name):
    drawing = draw_figure(name, PaperData())
    words = " ".join(" ".join(text.get_text().split()) for text in drawing.figure.findobj(Text))
    assert drawing.said
    assert "measure" in words or "give a PNG" in words
    assert "SIMULATED" not in words


def test_a_missing_film_leaves_the_others_drawn():
    data = PaperData((Film("S1", paper().films[1].curves),))
    drawing = draw_figure("4", data)
    assert any("no R(T) runs of S0" in sentence for sentence in drawing.said)
    assert "exponent_rho_QF" in drawing.numbers["S1"]


def test_a_curve_with_too_few_points_is_said_and_the_rest_goes_on():
    short = RTCurve(50.0, np.array([0.1, 0.2]), np.array([1e4, 9e3]), np.array([10.0, 10.0]), np.zeros(2, dtype=bool))
    data = PaperData((Film("S0", (*paper().films[0].curves, short)),))
    drawing = draw_figure("4a", data)
    assert any("S0 at 50 Oe" in sentence and "at least 5" in sentence for sentence in drawing.said)


def test_only_simulated_data_are_called_so():
    assert "SIMULATED" in {text.get_text() for text in texts(drawn("4a"))}
    real = draw_figure("4a", replace(paper(), simulated=False))
    assert "SIMULATED" not in {text.get_text() for text in real.figure.findobj(Text)}


@pytest.mark.parametrize(("suffix", "begin"), [(".pdf", b"%PDF"), (".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_figures_are_written_as_vector_and_png(tmp_path, suffix, begin):
    path = tmp_path / f"figure{suffix}"
    drawn("4a").save(path)
    assert path.read_bytes().startswith(begin)


def test_another_format_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end with one of \.pdf, \.svg, \.png"):
        drawn("4a").save(tmp_path / "figure.docx")
    with pytest.raises(ValueError, match="there is no folder"):
        drawn("4a").save(tmp_path / "none" / "figure.pdf")


def test_an_unknown_figure_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"figure '9' is not known; choose one of 1, 2, 3"):
        draw_figure("9", PaperData())


def test_a_value_carries_its_error_in_one_or_two_digits():
    assert (short(2.974, 0.018), short(3.129, 0.0097), short(120.0, 14.0)) == ("2.97(2)", "3.13(1)", "120(14)")
    assert (with_sd(299.5, 0.89), with_sd(6.3134, 0.0123)) == ("299.50 ± 0.89", "6.313 ± 0.012")
