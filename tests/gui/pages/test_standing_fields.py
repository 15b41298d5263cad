"""A family measured by T: its sweeps as R(T) at each field at which they stood, in the family and in the fits."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from coldfinger.analysis.laws import failed_insulator
from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.pages.fit_keeping import save_note
from coldfinger.gui.pages.plot_tabs import PlotTabs
from coldfinger.gui.pages.run_curves import label_of
from coldfinger.gui.pages.run_feed import RunFeed, RunRows
from coldfinger.gui.pages.standing_fields import StandingFields
from coldfinger.gui.place import Place
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality
from tests.gui.looks import faults, settle
from tests.gui.run_folders import SWEEP, ramp, row_at, writer_of

FIELDS = (60.0, 200.0, 600.0)
TEMPERATURES = tuple(np.geomspace(0.7, 0.06, 12).tolist())


def base(field: float) -> float:
    """Conductance that is left at T = 0 (S square)."""
    return 3e-5 * (field / 100) ** -0.8


def isotherm(folder, T: float, fields=FIELDS, flags: int = 0, heating: str = ""):
    """A sweep that stands at each field, as the form queues it; `heating` is the outcome of a belief test."""
    draw = np.random.default_rng(round(1e4 * T))
    with writer_of(folder, SWEEP) as writer:
        for i, field in enumerate(fields):
            true = float(failed_insulator(T, base(field), 1.6e-4, 0.59)) if field else 1.0
            writer.point(row_at(i, T, field, true * (1 + 2e-3 * draw.normal()), 2e-3 * true, flags))
        if heating:
            said = {"name": "heating", "outcome": heating, "sentence": f"it is {heating}"}
            writer.mark("check", "said", **said, numbers={}, at={"temperature": T})
        writer.end("done")
    return folder


def read(folder) -> RunRows:
    rows = RunFeed(folder).look()
    assert rows is not None
    return rows


@pytest.fixture
def tabs(dressed: QApplication, qtbot, tmp_path) -> Iterator[PlotTabs]:
    background, desk = Background(), Desk(lambda: None)
    tabs = PlotTabs(Place.of("sim", tmp_path), desk, background)
    qtbot.addWidget(tabs)
    tabs.resize(650, 480)
    tabs.show()
    qtbot.waitExposed(tabs)
    yield tabs
    background.close()
    desk.close()


def test_rows_of_all_sweeps_at_one_field_are_a_curve_over_temperature(tmp_path):
    sweeps = [read(isotherm(tmp_path / f"{n}", T, flags=4 * (n == 1))) for n, T in enumerate((0.5, 0.1, 0.2))]
    curves = StandingFields().among(sweeps)
    assert [(label_of(rows), rows.field, len(rows)) for rows in curves] == [
        ("60 Oe", 60.0, 3), ("200 Oe", 200.0, 3), ("600 Oe", 600.0, 3)
    ]  # fmt: skip
    assert curves[1].columns["T_sample (K)"].tolist() == [0.1, 0.2, 0.5]
    assert curves[1].columns["H (Oe)"].tolist() == [200.0] * 3
    assert curves[1].flags.tolist() == [4, 0, 0]
    assert curves[1].as_table().frame["rho (ohm)"].tolist() == curves[1].columns["rho (ohm)"].tolist()
    assert set(curves[1].sweeps) == {rows.folder for rows in sweeps}
    assert all(rows.simulated for rows in curves)


def test_a_belief_test_that_failed_in_one_sweep_counts_at_every_field(tmp_path):
    sweeps = [read(isotherm(tmp_path / name, T, heating=name)) for name, T in (("pass", 0.1), ("fail", 0.5))]
    for curve in StandingFields().among(sweeps):
        assert {check.outcome for check in curve.as_table().checks} == {"pass", "fail"}


def test_only_fields_at_which_two_sweeps_stood_are_curves_and_none_where_the_field_moved_or_a_ramp_is_ticked(tmp_path):
    one, other = read(isotherm(tmp_path / "a", 0.5)), read(isotherm(tmp_path / "b", 0.1, (60.0, 300.0)))
    assert [rows.field for rows in StandingFields().among([one, other])] == [60.0]
    assert StandingFields().among([one]) == ()
    assert StandingFields().among([one, other, read(ramp(tmp_path / "c"))]) == ()
    moving = [
        dataclasses.replace(rows, columns={**rows.columns, "H_set (Oe)": np.array([-600.0, 600.0, 600.0])})
        for rows in (one, read(isotherm(tmp_path / "d", 0.1)))
    ]
    assert StandingFields().among(moving) == ()


def test_curves_are_made_anew_only_when_a_sweep_has_new_rows(tmp_path):
    sweeps, fields = [read(isotherm(tmp_path / f"{T}", T)) for T in (0.1, 0.5)], StandingFields()
    first = fields.among(sweeps)
    assert fields.among(list(sweeps)) is first
    assert fields.among([sweeps[0], dataclasses.replace(sweeps[1])]) is not first


def test_a_family_by_t_is_seen_over_temperature_over_field_and_fitted(qtbot, tabs: PlotTabs, tmp_path):
    named = {T: tmp_path / f"{1e3 * T:.0f} mK" for T in TEMPERATURES}
    folders = [isotherm(folder, T, flags=int(Quality.OVERLOAD) * (T < 0.07)) for T, folder in named.items()]
    tabs.show_tab(1)
    tabs.show_runs(folders)
    qtbot.waitUntil(lambda: len(tabs.reading.rows) == len(folders), timeout=10_000)
    page = tabs.family
    page.plot.draw()
    assert [one.name for one in page.plot.curves.seen()] == ["60 Oe", "200 Oe", "600 Oe"]
    assert {one.text for one in page.plot.names.placed} == {"60 Oe", "200 Oe", "600 Oe"}
    assert page.words.text() == "3 fields at which 12 sweeps of the field stood, 3 rows not believed (crosses)"
    page.x_box.setCurrentText("H")
    page._choose_x("H")
    page.plot.draw()
    assert {one.name for one in page.plot.curves.seen()} == {f"{T:.3g} K" for T in TEMPERATURES}
    assert page.words.text() == "12 sweeps of the field, 3 rows not believed (crosses)"
    assert page.by_field.text() == "by T"
    page._choose_colours(True)
    coldest, warmest = str(named[TEMPERATURES[-1]]), str(named[TEMPERATURES[0]])
    assert page.plot.colour(coldest) == "#440154"
    assert page.plot.colour(warmest) != "#440154"
    tabs.fit_runs(folders)
    qtbot.waitUntil(lambda: len(tabs.fit.pinned.answers) == 3, timeout=20_000)
    for _, answer in tabs.fit.pinned.answers:
        assert answer.points == 11
        value = answer.measured.parameters["sigma_QF"]
        assert abs(value.value - base(answer.member.field)) < 5 * value.sd
    settle(QApplication.instance())
    assert faults(tabs) == []


def test_where_nothing_can_be_fitted_it_is_said_and_a_fit_of_several_runs_has_no_note(qtbot, tabs: PlotTabs, tmp_path):
    folders = [isotherm(tmp_path / "a", 0.1, (0.0, 100.0)), isotherm(tmp_path / "b", 0.2, (50.0, 150.0))]
    said = []
    tabs.said.connect(said.append)
    tabs.fit_runs(folders)
    qtbot.waitUntil(lambda: bool(said), timeout=10_000)
    assert [message.text.partition(":")[0] for message in said] == ["Nothing was fitted"]
    assert "two sweeps or more that stood at the same fields" in said[0].text
    with pytest.raises(RunFileError, match="those of several runs, which have no common note; pin or copy it instead"):
        save_note(tmp_path / "60 Oe, by T", "numbers")


def test_an_arrhenius_axis_gives_back_the_y_axis_that_was_there(tabs: PlotTabs):
    page = tabs.family
    for key, log in (("1/T", True), ("H", False), ("1/T", True), ("T", False)):
        page.x_box.setCurrentText(key)
        page._choose_x(key)
        assert page.plot.log[1] is log
