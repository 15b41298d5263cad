"""The family figure: what is drawn, that labels do not overlap, and that no window system is touched."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from coldfinger.analysis.figures import (
    FamilyCurve,
    family_figure,
    plain,
    spread,
    tick_values,
    with_prefix,
)
from coldfinger.analysis.fits.fit import Curve, fit_best
from coldfinger.sim.sample import builtin_sample


def family(film: str, fields: list[float], floor: float = 1.0) -> list[FamilyCurve]:
    rng, T = np.random.default_rng(1), np.geomspace(0.05, 0.7, 40)
    curves = []
    for field in fields:
        rho = np.asarray(builtin_sample(film).resistivity(T, field))
        sd = np.hypot(0.003 * rho, floor)
        read = rho + sd * rng.standard_normal(T.size)
        flagged = np.zeros(T.size, dtype=bool)
        flagged[10:12] = True
        fit = fit_best(Curve(T, read, sd), loading=2e-7)
        curves.append(FamilyCurve(f"{field:g} Oe", field, T, read, sd, flagged, fit))
    return curves


def texts(figure: Figure) -> list[str]:
    axes = figure.axes[0]
    return [text.get_text() for text in [*figure.texts, *axes.texts]]


def field_labels(figure: Figure) -> list[Annotation]:
    return [t for t in figure.axes[0].texts if isinstance(t, Annotation) and t.get_text().endswith("Oe")]


def test_family_is_drawn_with_units_labels_and_quantum(tmp_path):
    path = tmp_path / "family.png"
    figure = family_figure(family("S0", [0, 30, 100, 300, 500, 600]), "film 0", path, simulated=True)
    axes = figure.axes[0]
    assert path.read_bytes().startswith(b"\x89PNG")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("T (K)", "ρ (Ω/□)")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert {"film 0", "SIMULATED", "h/4e²", "0 Oe", "600 Oe"} <= set(texts(figure))
    ticks = [axes.xaxis.get_major_formatter()(value) for value in axes.get_xticks()]
    assert ticks == ["0.05", "0.1", "0.2", "0.5"]
    assert figure.get_facecolor()[:3] == (1, 1, 1)


def test_real_data_are_not_called_simulated(tmp_path):
    figure = family_figure(family("S0", [300]), "film 0", tmp_path / "family.pdf", simulated=False)
    assert "SIMULATED" not in texts(figure)


def test_only_fits_without_a_firm_saturation_are_dashed(tmp_path):
    curves = family("S0", [300, 600])
    assert [curve.fit.status for curve in curves] == ["value", "limit"]
    axes = family_figure(curves, "", tmp_path / "family.png").axes[0]
    lines = [line for line in axes.lines if len(line.get_xdata()) == 300]
    assert [line.is_dashed() for line in lines] == [False, True]


def test_flagged_points_are_hollow(tmp_path):
    axes = family_figure(family("S0", [300]), "", tmp_path / "family.png").axes[0]
    faces = {
        to_hex(line.get_markerfacecolor()): len(line.get_xdata())
        for line in axes.lines
        if line.get_marker() == "o" and len(line.get_xdata())
    }
    assert faces.pop("#ffffff") == 2
    assert list(faces.values()) == [38]


def test_a_superconductor_is_drawn_as_limits_and_never_at_zero(tmp_path):
    axes = family_figure(family("S1", [0, 100]), "", tmp_path / "family.png").axes[0]
    carets = [line for line in axes.lines if line.get_marker() == "v"]
    assert sum(len(line.get_xdata()) for line in carets) >= 30
    assert axes.get_ylim()[0] > 0.5


@pytest.mark.parametrize(
    ("film", "fields"),
    [
        ("S0", [0, 30, 100, 300, 500, 600]),
        ("S1", [0, 10, 30, 100, 200, 300, 350, 400, 500, 600]),
        ("S2", [0, 5, 10, 100, 300, 390, 395, 400, 405, 410, 450, 500, 600]),
        ("S0", [float(field) for field in range(0, 60, 2)]),
    ],
)
def test_labels_overlap_neither_each_other_nor_the_frame(film, fields, tmp_path):
    figure = family_figure(family(film, fields), "", tmp_path / "family.png")
    frame = figure.axes[0].get_window_extent()
    # Annotation extents include the leader; the text alone is what must be readable.
    boxes = sorted((label.get_bbox_patch().get_window_extent() for label in field_labels(figure)), key=lambda b: b.y0)
    assert len(boxes) == len(fields)
    for below, above in pairwise(boxes):
        assert above.y0 - below.y1 > -0.1 * below.height
    assert all(frame.x0 <= box.x0 and frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)


def test_colours_follow_the_field_not_the_order_given(tmp_path):
    curves = family("S0", [500, 0, 100])
    colours = {}
    for label in field_labels(family_figure(curves, "", tmp_path / "family.png")):
        colours[label.get_text()] = label.get_color()
    again = {
        label.get_text(): label.get_color()
        for label in field_labels(family_figure(curves[::-1], "", tmp_path / "family.png"))
    }
    assert colours == again
    assert len(set(colours.values())) == 3


def test_points_without_number_and_empty_curves_are_left_out(tmp_path):
    T = np.array([0.1, 0.2, 0.3])
    none = np.zeros(3, dtype=bool)
    half = FamilyCurve("30 Oe", 30, T, np.array([1e4, np.nan, 9e3]), np.array([10.0, 10.0, np.nan]), none)
    empty = FamilyCurve("60 Oe", 60, T, np.full(3, np.nan), np.ones(3), none)
    figure = family_figure([half, empty], "", tmp_path / "family.png")
    assert [label.get_text() for label in field_labels(figure)] == ["30 Oe"]


def test_a_single_point_can_be_drawn(tmp_path):
    one = FamilyCurve("30 Oe", 30, np.array([0.1]), np.array([1e4]), np.array([10.0]), np.array([False]))
    family_figure([one], "", tmp_path / "family.png")
    assert (tmp_path / "family.png").stat().st_size > 1000


def test_nothing_to_draw_is_an_error_and_leaves_no_file(tmp_path):
    path = tmp_path / "family.png"
    with pytest.raises(ValueError, match=r"^figure family\.png: none of 0 curves has a finite point to draw$"):
        family_figure([], "", path)
    assert not path.exists()


@given(st.lists(st.floats(0, 200), min_size=1, max_size=12))
def test_spread_keeps_order_distance_and_bounds(wanted):
    placed = spread(wanted, 10, 0, 200)
    in_order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    steps = np.diff([placed[i] for i in in_order])
    assert np.all(steps >= 10 - 1e-9)
    assert min(placed) >= 0
    assert max(placed) <= 200 + 1e-9


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12, unique=True))
def test_spread_leaves_alone_what_does_not_overlap(places):
    wanted = [10.0 * place for place in places]
    assert spread(wanted, 10, 0, 200) == wanted


@given(st.floats(-3, 7), st.floats(0.15, 8))
def test_ticks_are_inside_and_enough(low, decades):
    values = tick_values(10**low, 10 ** (low + decades))
    assert all(10**low <= value <= 10 ** (low + decades) for value in values)
    assert 2 <= len(values) <= 12


def test_tick_labels_read_aloud():
    assert [plain(v) for v in (0.05, 0.1, 2.0, 10.0)] == ["0.05", "0.1", "2", "10"]
    assert [with_prefix(v) for v in (0.5, 500, 1000, 6500, 1e5, 1e6, 3e7, 1e9)] == [
        "0.5", "500", "1k", "6.5k", "100k", "1M", "30M", "1G",
    ]  # fmt: skip


def test_no_window_system_is_touched():
    code = "import sys, coldfinger.analysis.figures; print('matplotlib.pyplot' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.home())
    assert answer.stdout.strip() == "False"
