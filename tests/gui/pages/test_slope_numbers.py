"""Numbers of dV/dI in the window: as the analysis gives them, and none looks better than it is."""

import numpy as np
import pytest
from qtpy.QtGui import QGuiApplication

from coldfinger.analysis.differential import evaluate_slopes, slope_curve
from coldfinger.gui.background import Background
from coldfinger.gui.look import theme
from coldfinger.gui.pages.number_text import Trust
from coldfinger.gui.pages.run_feed import RunFeed
from coldfinger.gui.pages.slope_numbers import copy_text, numbers_of_runs
from coldfinger.gui.pages.slope_table import SlopeTable
from coldfinger.runfiles.quality import Quality
from tests.gui.run_folders import BIAS, SLOPES, ramp, row_at, writer_of

LARGEST = 1e-7


def curve(folder, shape, *, flags=None, ordinary=None, sd=20.0, end="done"):
    """dV/dI as the procedure leaves it: the first and the last row with the bias path open."""
    way = np.linspace(0, LARGEST, 16)
    biases = [0.0, *way, *way[-2::-1], *-way[1:], *-way[-2::-1], 0.0]
    moves = np.sign(np.diff(biases, prepend=0.0))
    with writer_of(folder, SLOPES, BIAS) as writer:
        for i, (bias, direction) in enumerate(zip(biases, moves, strict=True)):
            value = shape(bias / LARGEST)
            if ordinary is not None and i in (0, len(biases) - 1):
                value = ordinary
            row = row_at(i, 0.05, 100.0, value, sd, (flags or {}).get(i, 0))
            writer.point(row | {"bias (A)": bias, "dV/dI (ohm)": value, "direction": float(direction)})
        if end:
            writer.end(end)
    return RunFeed(folder).look()


def peak(x):
    return 5000.0 + 3000.0 / (1 + (4 * x) ** 2)


def film(x):
    """No resistance below a third of the largest bias."""
    return 5000.0 if abs(x) > 0.35 else 0.0


def numbers(rows, ramps=()):
    (found,) = numbers_of_runs([rows], ramps)
    assert found.reason == ""
    return dict(zip(("zero", "critical", "shape", "normal", "rows"), found.numbers, strict=True))


def test_a_peak_has_resistance_at_zero_bias_no_critical_current_and_a_negative_curvature(tmp_path):
    rows = curve(tmp_path / "a", peak)
    found, own = numbers(rows), evaluate_slopes(slope_curve(rows.as_table()))
    assert found["zero"].text == "8.000 ± 0.012 kΩ/□"
    assert own.zero_bias.value == pytest.approx(8000.0)
    assert (found["zero"].trust, found["critical"].text) == (Trust.GOOD, "none")
    assert found["shape"].text.startswith("peak (−")
    assert "failed insulating" in found["shape"].words
    assert found["rows"].text == "63 of 63"


def test_a_critical_current_has_its_uncertainty_and_beyond_the_bias_is_only_a_limit(tmp_path):
    found = numbers(curve(tmp_path / "a", film))
    assert found["critical"].text.endswith("nA")
    assert "±" in found["critical"].text
    assert found["shape"].text == "zero resistance"
    never = numbers(curve(tmp_path / "b", lambda x: 0.0))
    assert (never["critical"].text, never["critical"].trust) == ("> 100 nA", Trust.LIMIT)
    assert never["normal"].trust is Trust.WEAK
    assert "normal state was not reached" in never["normal"].words


def test_what_must_not_be_leaned_on_never_looks_as_if_it_might(tmp_path):
    apart = numbers(curve(tmp_path / "a", peak, ordinary=8500.0))["zero"]
    assert apart.trust is Trust.WEAK
    assert "σ from the ordinary resistance, 8.500 ± 0.014 kΩ/□" in apart.words
    flat = numbers(curve(tmp_path / "b", lambda x: 5000.0))["shape"]
    assert (flat.trust, flat.text[:6]) == (Trust.WEAK, "flat (")
    hot = {i: int(Quality.BIAS_HEATING) for i in range(12, 20)} | {3: int(Quality.OVERLOAD)}
    heated = numbers(curve(tmp_path / "c", peak, flags=hot))
    assert heated["normal"].trust is Trust.WEAK
    assert "warms the electrons" in heated["normal"].words
    assert heated["rows"].text == "62 of 63"
    assert heated["rows"].trust is Trust.WEAK
    assert heated["rows"].words == "in 8 of them the bias is expected to warm the electrons"
    at_zero = {i: int(Quality.OVERLOAD) for i in (0, 1, 31, 61, 62)}
    blind = numbers(curve(tmp_path / "d", peak, flags=at_zero))
    assert (blind["zero"].trust, blind["shape"].trust) == (Trust.NONE, Trust.WEAK)
    assert blind["shape"].text.startswith("(−")


def test_zero_bias_is_compared_with_the_ramp_of_the_same_field(tmp_path):
    cold = RunFeed(ramp(tmp_path / "rt", 100.0)).look()
    found = numbers(curve(tmp_path / "a", peak), [cold])["zero"]
    assert "σ from R(T,H)" in found.words
    other = RunFeed(ramp(tmp_path / "other", 300.0)).look()
    assert "σ from the ordinary" in numbers(curve(tmp_path / "b", peak), [other])["zero"].words


def test_too_few_rows_are_said_and_the_other_curves_have_their_numbers(tmp_path):
    lost = {i: int(Quality.OVERLOAD) for i in range(2, 63)}
    few = curve(tmp_path / "few", peak, flags=lost)
    bad, good = numbers_of_runs([few, curve(tmp_path / "a", peak)])
    assert (bad.numbers, bad.reason) == ((), "1 believed rows; at least 5 are needed")
    assert len(good.numbers) == 5
    text = copy_text([bad, good], "REPLAY")
    assert text.startswith("REPLAY\nRun\t")
    assert "1 believed rows" in text


def test_the_table_shows_doubt_by_its_letters_and_colour_and_is_copied_whole(qtbot, tokens, tmp_path):
    background = Background()
    table = SlopeTable(background)
    qtbot.addWidget(table)
    try:
        table.show_runs([curve(tmp_path / "a", peak, ordinary=8500.0)], [])
        qtbot.waitUntil(lambda: bool(table.found) and not table.old, timeout=10_000)
        doubted, sure = table.item(0, 1), table.item(0, 3)
        assert doubted.font().italic()
        assert doubted.foreground().color().name().upper() == theme.current().warn.ink.upper()
        assert not sure.font().italic()
        assert "ordinary resistance" in doubted.toolTip()
        assert table.horizontalHeaderItem(2).toolTip().startswith("Critical current")
        table.copy()
        assert "σ from the ordinary resistance" in QGuiApplication.clipboard().text()
        table.show_runs([], [])
        assert table.isHidden()
    finally:
        background.close()
