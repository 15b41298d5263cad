"""What stands below the curves of a family, and that a curve that was shifted is divided by nothing."""

import pytest

from coldfinger.gui.background import Background
from coldfinger.gui.pages.family_page import FamilyPage
from coldfinger.gui.pages.run_feed import RunFeed
from coldfinger.gui.pages.slopes_page import SlopesPage
from coldfinger.gui.plots.series import Normalise
from coldfinger.gui.runs.run_marks import RunMarks
from coldfinger.runfiles.quality import Quality
from tests.gui.run_folders import ramp, slopes


def test_rows_that_are_not_believed_are_counted_and_a_reference_that_is_not_shown_divides_nothing(
    qtbot, dressed, tmp_path
):
    page = FamilyPage(RunMarks())
    qtbot.addWidget(page)
    flagged = RunFeed(ramp(tmp_path / "a", flags={7: int(Quality.OVERLOAD), 9: int(Quality.SEAM)})).look()
    page.show_rows(None, [flagged])
    assert page.words.text() == "1 ramps, 1 rows not believed (crosses)"
    page.show_ratio(tmp_path / "b")
    page.refresh()
    assert "divided by b (not among the runs that are shown: as measured)" in page.words.text()
    assert page.plot.quantity_y.text == "ρ (Ω/□)"
    page.show_ratio(flagged.folder)
    page.refresh()
    assert "divided by a, where both were measured" in page.words.text()


def test_a_waterfall_is_of_curves_as_they_were_measured(qtbot, dressed, tmp_path):
    background = Background()
    page = SlopesPage(RunMarks(), background)
    qtbot.addWidget(page)
    try:
        page.show_rows(None, [RunFeed(slopes(tmp_path / f"s{field:g}", field)).look() for field in (0.0, 100.0)])
        page.plot.set_normalise(Normalise.LARGEST)
        page.waterfall.click()
        assert page.plot.normalise is Normalise.PLAIN
        page.plot.set_normalise(Normalise.LARGEST)
        assert not page.waterfall.isChecked()
        lowest = min(series.y.min() for series in page.plot.series.values())
        assert lowest == pytest.approx(5000.0, rel=1e-6)
    finally:
        background.close()
