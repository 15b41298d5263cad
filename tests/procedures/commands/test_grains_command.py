"""`coldfinger grains`: sizes of a drawn micrograph whose grains are known, and one sentence for each mistake."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from coldfinger.analysis.micrographs.synthetic_micrograph import Population, draw_micrograph
from coldfinger.procedures.cli import main

PIXEL = 6e-9


def call(*arguments):
    return CliRunner().invoke(main, ["grains", *(str(argument) for argument in arguments)])


def saved(path, grey, **how):
    scaled = 40 + 160 * (grey - grey.min()) / np.ptp(grey)
    Image.fromarray(scaled.astype(np.uint8)).save(path, **how)
    return path


@pytest.fixture(scope="module")
def drawn():
    populations = [Population(0.5e-6, 0.25, 0.35), Population(0.045e-6, 0.3, 0.06)]
    return draw_micrograph(populations, shape=(300, 300), seed=3)


@pytest.fixture(scope="module")
def picture(drawn, tmp_path_factory):
    return saved(tmp_path_factory.mktemp("film") / "film.png", drawn.micrograph.grey)


def test_the_small_peak_is_that_of_the_drawn_grains(picture, drawn):
    result = call(picture, "--scale", "6 nm", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["pixel"], told["scale"], told["rows"]) == (pytest.approx(PIXEL), "given", 300)
    small = told["peaks"][0]
    # docs/grains.md: +1.7 ± 1.3 % on large pictures; here the count adds its own s.d.
    assert abs(small["diameter"] - 0.045e-6) < 0.05 * 0.045e-6 + 3 * small["sd"]
    assert told["grains"] >= 30
    assert told["cutoff"] > 2 * PIXEL
    assert told["coordination"]["value"] > 2


def test_the_lines_name_cutoff_errors_and_the_drawing_is_made(picture, tmp_path):
    result = call(
        picture, "--scale", "6 nm", "--out", tmp_path / "grains.png", "--rows", "0..119", "--columns", "0..149"
    )
    assert result.exit_code == 0, result.output
    assert "film.png: 120 x 150 pixels, pixel 6 nm (given)" in result.stdout
    assert "at or above the cut-off of" in result.stdout
    assert "systematic" in result.stdout
    assert "labelled grains drawn to" in result.stdout
    assert (tmp_path / "grains.png").read_bytes().startswith(b"\x89PNG")


def test_the_scale_is_read_where_the_file_holds_it_and_dark_grains_are_found(drawn, tmp_path):
    description = "ImageJ=1.53\nunit=micron\n"
    grey = -drawn.micrograph.grey[:160, :160]
    path = saved(tmp_path / "f.tif", grey, description=description, x_resolution=1 / 0.006, y_resolution=1 / 0.006)
    result = call(path, "--read-scale", "--dark", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["pixel"] == pytest.approx(PIXEL, rel=1e-4)
    assert told["scale"] == "ImageJ description"


def test_too_few_grains_give_no_size_and_say_so(drawn, tmp_path):
    path = saved(tmp_path / "f.png", drawn.micrograph.grey[:40, :40])
    result = call(path, "--scale", "6 nm")
    assert result.exit_code == 0, result.output
    assert "no sizes: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{picture}"], "the file says no scale"),
        (["{picture}", "--scale", "6"], "--scale '6': this is not a length; write for example 6 nm"),
        (["{picture}", "--scale", "6 nm", "--read-scale"], "exclude each other"),
        (["{picture}", "--scale", "6 nm", "--rows", "9..3"], "--rows '9..3': write the first and the last pixel"),
        (["{picture}", "--scale", "6 nm", "--out", "a.gif"], "must end with one of .pdf, .svg, .png"),
        (["none.png", "--scale", "6 nm"], "none.png: there is no such file"),
        (["film.jpg", "--scale", "6 nm"], "film.jpg: micrographs are read from"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, sentence, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*(argument.format(picture=picture) for argument in arguments))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert list(tmp_path.iterdir()) == []
