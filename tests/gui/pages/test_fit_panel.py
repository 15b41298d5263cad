"""The live fit in the window: what is old looks old, what is not to be believed looks so, dragging refits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QElapsedTimer, QEvent, QObject, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QLineEdit, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.look import theme
from coldfinger.gui.pages.fit_asking import PERIOD
from coldfinger.gui.pages.fit_keeping import save_note
from coldfinger.gui.pages.fit_panel import FitPanel
from coldfinger.gui.pages.fits_across import across_words, placed
from coldfinger.gui.pages.number_text import Trust
from coldfinger.gui.pages.run_feed import RunFeed, RunRows
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.procedures.data.notes import Notes
from tests.gui.looks import ink, settle
from tests.gui.run_folders import family, ramp, row_at, scattered, sweep, writer_of


class Counted(Background):
    """Counts what it was asked for; `held` keeps the fits back, in `kept`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.held = False
        self.kept: list[tuple[Any, Any]] = []

    def do(self, kind, work, then, failed=None):
        self.asked.append(kind)
        if self.held and kind == "fit":
            self.kept.append((work, then))
        else:
            super().do(kind, work, then, failed)


class Painted(QObject):
    """Notes which widgets are drawn."""

    def __init__(self, drawn: list[QWidget], parent: QObject) -> None:
        super().__init__(parent)
        self._drawn = drawn

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            self._drawn.append(watched)
        return False


@pytest.fixture
def background() -> Iterator[Counted]:
    background = Counted()
    yield background
    background.close()


@pytest.fixture
def panel(dressed: QApplication, qtbot, background: Counted) -> Iterator[FitPanel]:
    panel = FitPanel(RunMarks(), background)
    panel.resize(650, 460)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.close()
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def rows_of(folder: Path) -> RunRows:
    rows = RunFeed(folder).look()
    assert rows is not None
    return rows


def fitted(qtbot, panel: FitPanel, *runs: RunRows) -> None:
    if runs:
        panel.show_rows(None, runs)
    qtbot.waitUntil(lambda: panel.answer is not None and not panel.numbers.is_old, timeout=4000)
    settle(QApplication.instance())


def test_the_fit_of_a_run_is_shown_with_its_numbers_line_and_residuals(qtbot, panel: FitPanel, tmp_path):
    assert not panel.keeping.pin.isEnabled()
    assert "Not now: there is no fit of this window." in panel.keeping.pin.toolTip()
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    assert panel.numbers.state.text() == "fits: failed insulator"
    assert panel.numbers.numbers[0][0].text() == "σ_QF"
    assert "±" in panel.numbers.numbers[0][1].text()
    assert "heating: at a third of the current" in panel.numbers.more.text()
    T, rho = panel.plot.series["fit"].x, panel.plot.series["fit"].y
    assert (len(T), rho[-1] > rho[0]) == (300, False)  # from warm (large ρ at small T is at the end of 1/T)
    assert len(panel.plots.residuals.series["residual"].x) == 60
    assert panel.plot.badge_text == panel.plots.residuals.badge_text == "SIMULATED"
    assert panel.keeping.pin.isEnabled()


def test_a_moved_window_greys_the_old_numbers_at_once_and_refits(qtbot, panel: FitPanel, background: Counted, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    before = panel.numbers.numbers[0][1].text()
    background.held = True
    panel.plot.region.setRegion([1 / 0.7, 1 / 0.2])  # as a drag does
    assert panel.numbers.is_old
    assert panel.numbers.state.text() == "fitting…"
    assert theme.current().disabled in panel.numbers.numbers[0][1].styleSheet()
    assert panel.numbers.numbers[0][1].text() == before
    assert not panel.keeping.pin.isEnabled()
    assert panel.window_of_fit == pytest.approx((0.2, 0.7))
    assert (panel.choices.low.value, panel.choices.high.value) == (0.2, 0.7)
    background.held = False
    panel._changed()
    fitted(qtbot, panel)
    assert panel.answer is not None
    assert panel.answer.points < 60
    assert panel.numbers.numbers[0][1].text() != before


def test_without_weights_is_fitted_anew_and_pinned_beside_the_other_fit(qtbot, panel: FitPanel, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    assert "weights σ" in panel.numbers.quality.text()
    panel.keeping.pin_fit()
    button = panel.choices.weights.button(1)
    assert button.accessibleName().startswith("none: All rows count alike")
    button.click()
    assert panel.numbers.is_old
    fitted(qtbot, panel)
    assert "weights none" in panel.numbers.quality.text()
    panel.keeping.pin_fit()
    laws = [panel.pinned.table.item(row, 2).text() for row in range(panel.pinned.table.rowCount())]
    assert sorted(laws) == ["Eq. 1", "Eq. 1, no weights"]
    said = panel.pinned.table.item(1, 7).text()
    assert said.startswith("tests: heating pass; not in ±: σ_QF: ")
    assert said.endswith("temperature scale")
    panel.choices.laws.button(2).click()  # Eq. 2 cannot describe this, and without weights χ²/ν does not show it
    fitted(qtbot, panel)
    panel.keeping.pin_fit()
    said = [panel.pinned.table.item(row, 7).text() for row in range(3)]
    assert sum("not in the plot" in text and "times their own s.d." in text for text in said) == 1
    assert sum("a later fit of this run" in text for text in said) == 1
    assert len(panel.pinned._fits()) == 1  # one run says it once
    panel.keeping.copy_fit()
    assert "weights none" in QGuiApplication.clipboard().text()


def test_an_answer_to_an_older_window_is_dropped(qtbot, panel: FitPanel, background: Counted, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    background.held = True
    panel.set_window_of_fit(0.2, 0.6)
    qtbot.waitUntil(lambda: bool(background.kept), timeout=4000)
    panel.set_window_of_fit(0.1, 0.5)
    work, then = background.kept[0]
    then(work())
    assert panel.numbers.is_old
    assert panel.answer is not None
    assert panel.answer.window == (0.0, 0.7)
    background.held = False
    fitted(qtbot, panel)
    assert panel.answer is not None
    assert panel.answer.window == (0.1, 0.5)


def test_many_changes_ask_for_two_fits_a_second_at_most(qtbot, panel: FitPanel, background: Counted, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    qtbot.wait(550)
    background.asked.clear()
    since = QElapsedTimer()
    since.start()
    for i in range(40):
        panel.set_window_of_fit(0.0, 0.3 + 0.01 * i)
        qtbot.wait(20)
    most = 2 + since.elapsed() // PERIOD  # a busy machine needs longer for the forty changes
    assert background.asked.count("fit") <= min(most, 20)
    fitted(qtbot, panel)
    assert panel.answer is not None
    assert panel.answer.window == (0.0, pytest.approx(0.69))  # the latest wish won


def test_a_run_that_grows_is_fitted_again_and_a_window_without_an_end_follows_it(qtbot, panel: FitPanel, tmp_path):
    with writer_of(tmp_path / "a") as writer:
        feed = RunFeed(writer.folder)
        for i, T in enumerate(np.geomspace(0.7, 0.3, 6)):
            writer.point(row_at(i, float(T), 100.0, 6000 / T, 6.0))
        first = feed.look()
        assert first is not None
        fitted(qtbot, panel, first)
        assert panel.numbers.state.text() == "needs 8 points in the window (6)"
        assert "fit" not in panel.plot.series
        for i, T in enumerate(np.geomspace(0.28, 0.1, 20)):
            writer.point(row_at(6 + i, float(T), 100.0, 6000 / T, 6.0))
        more = feed.look()
        assert more is not None
        panel.show_rows(more, [])
        qtbot.waitUntil(lambda: panel.answer is not None and panel.answer.points == 26, timeout=4000)
        window = panel.plot.window_range
        assert window is not None
        assert window[1] > 1 / 0.1
        writer.end("done")


def test_numbers_that_must_not_be_believed_are_struck_and_limits_are_not_bold(qtbot, panel: FitPanel, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "bad", checks=(("heating", "fail"),))))
    sheets = [value.styleSheet() for _, value in panel.numbers.numbers]
    assert "line-through" not in sheets[0]
    assert "italic" in sheets[0]
    assert panel.numbers.numbers[0][1].text().startswith("<")
    assert all("line-through" in sheet for sheet in sheets[1:])
    assert panel.numbers.state.text() == "belief test failed: heating"
    assert "✗ fail" in panel.numbers.more.text()
    assert panel.plot.curves["fit"].style.line == "dash"


def test_another_law_and_another_run_are_fitted_anew(qtbot, panel: FitPanel, tmp_path):
    runs = [rows_of(folder) for folder in family(tmp_path, (100.0, 300.0))]
    fitted(qtbot, panel, *runs, rows_of(sweep(tmp_path / "s", 0.1)))
    assert panel.run_box.count() == 2  # the sweep has no ρ(T)
    button = panel.choices.laws.button(2)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    fitted(qtbot, panel)
    assert panel.numbers.numbers[0][0].text() == "ρ_QF"
    panel.fit_this(runs[1].folder)
    assert panel.plot.series["run"].y[0] == runs[1].columns["rho (ohm)"][0]
    fitted(qtbot, panel)
    assert panel.answer is not None
    assert panel.answer.run == "rt_300"


def test_a_window_that_does_not_rise_is_said_and_not_fitted(qtbot, panel: FitPanel, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    panel.choices.low.set_value(0.9)
    assert panel.numbers.state.text() == "the window must rise: 0.9 to 0.7 K"
    assert panel.numbers.is_old
    with pytest.raises(ValueError, match="must rise"):
        panel.set_window_of_fit(0.5, 0.2)


def test_pinned_fits_give_the_power_law_that_the_runs_were_made_with(qtbot, panel: FitPanel, tmp_path):
    runs = [rows_of(folder) for folder in family(tmp_path)]
    panel.show_rows(None, runs)
    for rows in runs:
        panel.fit_this(rows.folder)
        fitted(qtbot, panel)
        panel.keeping.pin_fit()
        panel.keeping.pin_fit()  # the same again takes its own place
    pinned = panel.pinned
    assert pinned.table.rowCount() == len(runs)
    qtbot.waitUntil(lambda: pinned.across is not None and "sigma_QF" in pinned.across.laws, timeout=4000)
    assert pinned.across is not None
    law = pinned.across.laws["sigma_QF"]
    assert abs(law.exponent + 0.8) < 4 * law.exponent_sd
    assert "σ_QF ∝ H^p, p = −0.80" in pinned.laws.text()
    button = panel.sides.button(1)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.wait(150)
    pinned.plot.draw()
    settle(QApplication.instance())
    assert pinned.plot.badge_text == "SIMULATED"
    assert ink(pinned.plot, pinned.plot.colour("sigma_QF good"), 60) > 50
    pinned.table.selectRow(0)
    QTest.mouseClick(pinned.remove, Qt.MouseButton.LeftButton)
    assert pinned.table.rowCount() == len(runs) - 1


def test_pinned_fits_are_drawn_beside_the_present_one_when_wanted(qtbot, panel: FitPanel, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    assert not panel.keeping.compare.isEnabled()
    assert "no fit is pinned" in panel.keeping.compare.toolTip()
    panel.keeping.pin_fit()
    QTest.mouseClick(panel.keeping.compare, Qt.MouseButton.LeftButton)
    assert any(key.startswith("pinned") for key in panel.plot.series)
    QTest.mouseClick(panel.keeping.compare, Qt.MouseButton.LeftButton)
    assert not any(key.startswith("pinned") for key in panel.plot.series)


def test_a_limit_is_drawn_hollow_and_points_where_the_truth_lies(tmp_path):
    from coldfinger.analysis.across.field_laws import make_points

    points = make_points("sigma_QF", [60.0, 100.0], [3e-5, np.nan], [1e-6, np.nan], upper95=[np.nan, 2e-6])
    plainly, inverted = placed(points), placed(points, inverse=True)
    assert (len(plainly.good), len(plainly.limits), plainly.downward) == (1, 1, True)
    assert inverted.limits[0, 1] == pytest.approx(5e5)
    assert not inverted.downward
    assert inverted.good[0, 2] == pytest.approx(1e-6 / 3e-5**2)


def test_a_crossing_is_said_with_its_doubt():
    from coldfinger.analysis.across.crossover import Quantity
    from coldfinger.analysis.across.family_across import Across

    across = Across(numbers={"H_star": Quantity(123.4, 2.1, "Oe", "too far")}, absent={"rho_QF": "no value"})
    assert across_words(across) == ["H* = 123.4 ± 2.1 Oe [too far]", "no rho_QF: no value"]


def test_numbers_go_to_the_clipboard_and_to_the_note_of_the_run(qtbot, panel: FitPanel, tmp_path):
    folder = ramp(tmp_path / "a")
    Notes(tmp_path).note("a", "a good night")
    fitted(qtbot, panel, rows_of(folder))
    panel.keeping.copy_fit()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text().startswith("a: Eq. 1 (SIMULATED)\nσ_QF = ")
    with qtbot.waitSignal(panel.said, timeout=4000) as said:
        panel.keeping.save_fit()
    assert said.args[0].text == "The fit of a is in the note of the run."
    remark = Notes(tmp_path).read()["a"]
    assert remark.tags == ("fit",)
    assert remark.note.startswith("a good night\nFit:\na: Eq. 1")
    save_note(folder, "a newer one")
    assert Notes(tmp_path).read()["a"].note == "a good night\nFit:\na newer one"


def test_a_fit_that_cannot_be_saved_says_so(qtbot, panel: FitPanel, tmp_path):
    folder = ramp(tmp_path / "a")
    fitted(qtbot, panel, rows_of(folder))
    (tmp_path / "notes.jsonl").mkdir()
    with qtbot.waitSignal(panel.said, timeout=4000) as said:
        panel.keeping.save_fit()
    assert said.args[0].level == "warning"
    assert said.args[0].text.startswith("The fit of a was not saved: notes ")


def test_a_fit_in_the_dark_theme_keeps_its_meaning(qtbot, panel: FitPanel, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a", base=0.0)))
    app = QApplication.instance()
    theme.apply(app, "dark")
    panel.restyle()
    assert panel.words.numbers[0].trust is Trust.LIMIT
    assert theme.current().warn.ink in panel.numbers.numbers[0][1].styleSheet()
    theme.apply(app, "light")


def test_the_age_of_the_fit_is_told_once_a_second_and_nothing_else_is_drawn(qtbot, dressed, background, tmp_path):
    time = [100.0]
    panel = FitPanel(RunMarks(), background, now=lambda: time[0])
    qtbot.addWidget(panel)
    panel.resize(650, 460)
    panel.show()
    qtbot.waitExposed(panel)
    line = panel.numbers.age
    assert not line.isVisible()  # there are no numbers
    with writer_of(tmp_path / "a") as writer:
        feed = RunFeed(writer.folder)
        for i, T in enumerate(np.geomspace(0.7, 0.1, 40)):
            writer.point(row_at(i, float(T), 100.0, 6000 / T, 6.0))
            if i in (20, 39):
                panel.show_rows(feed.look(), [])
        qtbot.waitUntil(lambda: panel.answer is not None and panel.answer.points == 40, timeout=4000)
        assert line.text.text() == "live, 0.0 s ago"
        assert theme.current().ok.ink in line.text.styleSheet()
        settle(QApplication.instance())
        drawn: list[QWidget] = []
        watch = Painted(drawn, line)
        QApplication.instance().installEventFilter(watch)
        time[0] += 2.0
        line._timer.timeout.emit()  # its second has passed
        settle(QApplication.instance())
        QApplication.instance().removeEventFilter(watch)
        assert line.text.text() == "live, 2 s ago"
        assert line.text in drawn
        assert not [widget for widget in drawn if isinstance(widget, QAbstractScrollArea | QLineEdit | QAbstractButton)]
        panel.choices.laws.button(1).click()
        assert line.text.text() == "an earlier fit, 2 s ago"
        assert theme.current().idle.ink in line.text.styleSheet()
        panel.set_badge("REPLAY")
        fitted(qtbot, panel)
        assert line.text.text() == "replay, as far as played"
        panel.set_badge("")
        writer.end("done")
    panel.show_rows(feed.look(), [])
    qtbot.waitUntil(lambda: line.text.text() == "run finished", timeout=4000)
    assert line._timer.isActive()
    panel.hide()
    assert not line._timer.isActive()


def test_a_fit_that_fails_leaves_nothing_of_the_one_before(qtbot, panel: FitPanel, background: Counted, tmp_path):
    fitted(qtbot, panel, rows_of(ramp(tmp_path / "a")))
    panel._asking.failed.emit(ArithmeticError("no room"))
    assert panel.numbers.state.text() == "the fit failed: no room"
    assert "fit" not in panel.plot.series
    assert not panel.keeping.copy.isEnabled()
    assert panel.answer is None


def test_what_is_doubtful_beside_its_curve_is_hollow_against_field(qtbot, panel: FitPanel, tmp_path):
    runs = [rows_of(scattered(tmp_path / "a", 100.0)), rows_of(ramp(tmp_path / "b", 300.0))]
    panel.show_rows(None, runs)
    panel.fit_all(runs)
    pinned = panel.pinned
    qtbot.waitUntil(lambda: len(pinned.answers) == 2, timeout=4000)
    assert [list(pinned.plot.series[f"sigma_QF {kind}"].x) for kind in ("weak", "good")] == [[100.0], [300.0]]


def test_a_pinned_fit_of_a_growing_run_and_of_an_unknown_field_says_so(qtbot, panel: FitPanel, tmp_path):
    with writer_of(tmp_path / "a") as writer:
        for i, T in enumerate(np.geomspace(0.7, 0.1, 40)):
            writer.point(row_at(i, float(T), np.nan, 6000 / T, 6.0))
        rows = rows_of(writer.folder)
        fitted(qtbot, panel, rows)
        panel.keeping.pin_fit()
        writer.end("done")
    cells = [panel.pinned.table.item(0, column).text() for column in (1, 7)]
    assert cells[0] == "field unknown"
    assert "of the first 40 rows, the run had no end yet" in cells[1]
