"""`coldfinger report`: everything that some runs say, with nothing from elsewhere and nothing left unsaid."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from coldfinger.analysis.across.family_fit import FitSettings
from coldfinger.procedures.cli import main
from coldfinger.procedures.commands.report import write_text
from coldfinger.procedures.commands.status import BadInput
from coldfinger.procedures.report.content import make_report
from coldfinger.procedures.report.figures import report_figures, svg
from coldfinger.procedures.report.numbers import as_tables
from coldfinger.procedures.report.page import as_page
from coldfinger.procedures.report.tables import fits_table, systematics_table
from coldfinger.runfiles.disk import RunFileError
from coldfinger.sim.sample import builtin_sample

QUICK = FitSettings(scan=False)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", *(str(argument) for argument in arguments)])


class Page(HTMLParser):
    """Text, and everything that could fetch something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def written(family, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    arguments = ("--sd-field", "1 Oe", "--out", folder / "r.html", "--json", folder / "r.json", "--csv", folder / "csv")
    result = call(family, *arguments)
    assert result.exit_code == 0, result.output
    return folder, result


def test_the_page_needs_nothing_from_elsewhere_and_has_light_dark_and_paper(written):
    text = (written[0] / "r.html").read_text("utf-8")
    page = Page(text)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert all(link.startswith(("data:image/", "#")) for link in page.links)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert text.count("data:image/svg+xml;base64,") == 3  # ρ(T), Fig. 1 and Fig. 4b


def test_the_page_says_fits_limits_tests_flags_omissions_and_assumptions(written):
    said = " ".join(Page((written[0] / "r.html").read_text("utf-8")).words)
    for words in (
        "S1",
        "ρ_QF",
        "failed superconductor",
        "exponent of σ_QF(H)",
        "avoided SIT between 200 and 400 Oe",
        "ρ is the same within 1 %",
        "run_600: 1 of 16 rows are not believed",
        "known to 10%",
        "known to 1 Oe",
        "temperature scale",
        "pymeasure",
        "abababababab",
    ):
        assert words in said, words


def test_the_json_holds_the_numbers_of_the_page(written):
    told = json.loads((written[0] / "r.json").read_text("utf-8"))
    (family,) = told["families"]
    assert [entry["field_Oe"] for entry in family["fields"]] == [30.0, 100.0, 200.0, 400.0, 500.0, 600.0]
    exponent = family["exponent_rho_QF"]
    assert abs(exponent["value"] - 0.45) < 4 * exponent["sd"]
    assert told["simulated"]
    assert not told["mixed"]
    assert told["settings"]["sd_field"] == 1.0
    assert told["flags"] == {"seam": 6, "phase": 1}
    assert {figure["name"] for figure in told["figures"]} == {"family-S1", "figure-1", "figure-4b"}
    assert told["runs"][0]["versions"]["coldfinger"]


def test_the_tables_are_csv_that_pandas_reads(written):
    folder = written[0] / "csv"
    fits = pd.read_csv(folder / "fits.csv")
    assert fits["family"].unique().tolist() == ["S1"]
    assert fits["sigma_QF"].notna().sum() + fits["rho_QF"].notna().sum() == 6
    systematics = pd.read_csv(folder / "systematics.csv")
    assert set(systematics["source"]) >= {"heating", "temperature scale"}
    assert pd.read_csv(folder / "belief-tests.csv")["outcome"].tolist() == ["pass"]
    assert pd.read_csv(folder / "flags.csv")["rows"].tolist() == [6, 1]
    assert {"across.csv", "runs.csv", "left-out.csv"} <= {path.name for path in folder.iterdir()}


def test_text_of_users_is_escaped(write_run, tmp_path):
    write_run(tmp_path, 100.0, sample="<script>alert('x')</script>&", rows=8)
    report = make_report([tmp_path], QUICK)
    page = Page(as_page(report, ()))
    assert "script" not in page.tags
    assert any("<script>alert('x')</script>&" in word for word in page.words)


def test_one_damaged_run_is_named_and_the_rest_is_reported(pair, tmp_path):
    shutil.copytree(pair, tmp_path / "runs")
    (tmp_path / "runs" / "run_200").mkdir()
    (tmp_path / "runs" / "run_200" / "run.jsonl").write_bytes(b"not a journal\n" * 3)
    result = call(tmp_path / "runs", "--out", tmp_path / "r.html")
    assert result.exit_code == 1
    assert "left out: run file" in result.stderr
    assert "report of 2 runs" in result.stdout
    assert "none of its 3 lines has a right checksum" in (tmp_path / "r.html").read_text("utf-8")


def test_simulated_and_measured_runs_side_by_side_are_said_first(write_run, tmp_path):
    write_run(tmp_path, 100.0, rows=8)
    write_run(tmp_path, 500.0, simulated=False, rows=8)
    report = make_report([tmp_path], QUICK)
    assert report.mixed
    assert report.warnings[0].startswith(
        "Simulated and measured runs stand side by side: 1 of 2 are simulated; measured"
    )
    assert "S1: this family mixes simulated and measured curves" in report.warnings[1]
    assert "simulated and measured</span>" in as_page(report, ())


def test_a_curve_that_cannot_be_fitted_is_reported_with_its_reason(write_run, tmp_path):
    write_run(tmp_path, 100.0, rows=4)
    result = call(tmp_path, "--out", tmp_path / "r.html")
    assert result.exit_code == 1
    assert "1 of 1 curves could not be fitted" in result.stdout
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "4 points at or below 0.7 K; at least 5 are needed" in text
    assert "no fit" in text


def test_a_limit_stands_as_a_limit_and_systematics_stand_apart(write_run, tmp_path):
    write_run(tmp_path, 600.0, sample="S0", film=builtin_sample("S0", fluctuations=False))
    report = make_report([tmp_path], QUICK)
    (row,) = fits_table(report.families[0]).rows
    assert row[7] == "limit"
    assert re.fullmatch(r"σ_QF < [\d.]+ µS", row[2])
    table = systematics_table(report.families[0])
    assert table.head[-2:] == ("together", "statistical s.d.")
    assert {cells[1] for cells in table.rows} == {"σ_QF", "E_aI"}
    page = as_page(report, ())
    assert "not in the ± above" in page
    assert "an upper limit (95 %)" in page


def test_a_film_of_your_own_gets_its_figures_and_equal_data_equal_bytes(pair):
    report = make_report([pair], QUICK)
    figures = report_figures(report)
    assert [figure.name for figure in figures] == ["family-mine", "parameters-mine", "figure-1"]
    assert svg(figures[1].drawing) == svg(report_figures(report)[1].drawing)
    assert not re.search(rb"<dc:date>", svg(figures[0].drawing))


def test_a_law_that_does_not_fit_is_said_first(write_run, tmp_path):
    write_run(tmp_path, 100.0)
    report = make_report([tmp_path], FitSettings(law="eq1", scan=False))
    (warning,) = report.warnings
    assert warning.startswith("The law does not describe the curve (χ²/ν in parentheses): S1 at 100 Oe (")
    assert 'class="number bad"' in as_page(report, ())


def test_runs_without_any_curve_are_reported_without_fits(write_run, tmp_path):
    write_run(tmp_path, 100.0, rows=8, procedure="coldfinger.procedures.checks.procedures.HeatingCheck")
    report = make_report([tmp_path], QUICK)
    assert report.families == ()
    assert "There is no R(T) curve in these runs, so there is no fit." in report.warnings
    assert list(as_tables(report)["fits"].columns) == ["family", "field_Oe"]
    assert report_figures(report) == ()


def test_a_micrograph_without_a_scale_is_left_out_with_its_reason(pair, tmp_path):
    (tmp_path / "film.png").write_bytes(b"")
    report = make_report([pair, tmp_path / "film.png"], QUICK)
    assert "film.png" in report.left_out[0]
    with pytest.raises(RunFileError, match=r"report: there is nothing to report: film\.png"):
        make_report([tmp_path / "film.png"], QUICK)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no runs were given; name a folder: coldfinger report data"),
        (["{empty}"], "report: there is nothing to report: folder"),
        (["{runs}", "--out", "page.pdf"], "the name must end with .html; name it page.html"),
        (["{runs}", "--out", "none/page.html"], "there is no folder none"),
        (["{runs}", "--json", "n.txt"], "the name must end with .json"),
        (["{runs}", "--window", "0.7..0.1 K"], "it must rise"),
        (["{runs}", "--sd-field", "-1 Oe"], "an uncertainty is not negative"),
        (["{runs}", "--pixel", "6"], "this is not a length"),
        (["{runs}", "--filter", "H:x"], "H:x"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(arguments, sentence, tmp_path, monkeypatch, family):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(tmp_path)
    result = call(*(argument.format(runs=family, empty=empty) for argument in arguments))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_page_that_cannot_be_written_is_one_sentence(pair, tmp_path):
    (tmp_path / "r.html").mkdir()
    result = call(pair, "--out", tmp_path / "r.html")
    assert result.exit_code == 2
    assert "r.html: it is a folder; choose another file" in result.stderr
    (tmp_path / "s.html.part").mkdir()
    with pytest.raises(BadInput, match=r"s\.html: it cannot be written: Is a directory; choose another file"):
        write_text(tmp_path / "s.html", "page")


def test_tables_that_cannot_be_written_are_one_sentence(pair, tmp_path):
    Path(tmp_path / "file").write_text("")
    result = call(pair, "--out", tmp_path / "r.html", "--csv", tmp_path / "file")
    assert result.exit_code == 2
    assert "tables" in result.stderr
