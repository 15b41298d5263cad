"""`coldfinger figure`: a figure from runs, its list, and one sentence for each mistake."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from coldfinger.analysis.paper import runs
from coldfinger.analysis.paper.data import Film, PaperData, RTCurve
from coldfinger.analysis.paper.registry import FIGURES
from coldfinger.procedures.cli import main
from coldfinger.sim.sample import builtin_sample


@pytest.fixture
def call(tmp_path, monkeypatch):
    T, film = np.geomspace(0.05, 0.7, 20), builtin_sample("S1", fluctuations=False)
    curves = []
    for field in (30.0, 100.0, 200.0, 400.0, 500.0, 600.0):
        rho = np.asarray(film.resistivity(T, field))
        curves.append(RTCurve(field, T, rho, 0.003 * rho, np.zeros(20, dtype=bool)))
    asked = []

    def read(paths, pixel=None, sd_field=0.0):
        asked.append((list(paths), pixel, sd_field))
        return PaperData((Film("S1", tuple(curves)),), simulated=True, sd_field=sd_field)

    monkeypatch.setattr(runs, "read_paper_data", read)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        return CliRunner().invoke(main, ["figure", *words])

    run.asked = asked
    return run


def test_a_figure_is_written_and_its_numbers_are_json(call, tmp_path):
    result = call("4B", "here", "--out", "mine.svg", "--json", "--sd-field", "1 Oe", "--pixel", "6 nm")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["figure"], told["simulated"]) == ("4b", True)
    assert abs(told["numbers"]["S1"]["exponent_rho_QF"]["value"] - 0.45) < 0.02
    assert (tmp_path / "mine.svg").read_bytes().startswith(b"<?xml")
    ((paths, pixel, sd_field),) = call.asked
    assert paths == ["here"]
    assert pixel == pytest.approx(6e-9)
    assert sd_field == pytest.approx(1.0)


def test_without_a_file_the_figure_is_a_pdf_beside_you_and_remarks_are_said(call, tmp_path):
    result = call("3", "here")
    assert result.exit_code == 0
    assert (tmp_path / "figure-3.pdf").exists()
    assert "no R(T) runs of S0" in result.stdout


def test_the_list_names_every_figure_and_what_it_needs(call):
    lines = call("list").stdout
    for name, known in FIGURES.items():
        assert f"{name} " in lines
        assert known.needs in lines
    assert [entry["name"] for entry in json.loads(call("list", "--json").stdout)] == list(FIGURES)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("9", "here"), "figure '9' is not known; choose one of 1, 2, 3"),
        (("4b",), "figure 4b: no runs were given; give folders with R(T) families"),
        (("4b", "here", "--out", "a.docx"), "must end with one of .pdf, .svg, .png"),
        (("4b", "here", "--out", "none/a.pdf"), "there is no folder none"),
        (("4b", "here", "--pixel", "6 feet"), "--pixel '6 feet': this is not a length; write for example 6 nm"),
        (("4b", "here", "--pixel", "-6 nm"), "--pixel '-6 nm': a length is above zero"),
        (("4b", "here", "--sd-field", "-1 Oe"), "an uncertainty is not negative"),
        (("4b", "here", "--sd-field", "1 K"), "--sd-field"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(call, tmp_path, words, sentence):
    result = call(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert list(tmp_path.iterdir()) == []
