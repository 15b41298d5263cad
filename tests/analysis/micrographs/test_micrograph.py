"""Pictures come in with the scale their microscope wrote, or are refused in one sentence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from coldfinger.analysis.micrographs.micrograph import Micrograph, read_micrograph

GREY = np.arange(64 * 80).reshape(64, 80) % 251
FEI = "[Scan]\r\nPixelWidth=6.0e-009\r\nPixelHeight=6.0e-009\r\n[Image]\r\nResolutionX=80\r\nResolutionY=60\r\n"


def save(path: Path, values: np.ndarray = GREY, tags: dict[int, object] | None = None) -> Path:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in (tags or {}).items():
        if isinstance(value, str):
            info.tagtype[tag] = 2
        info[tag] = value
    kwargs = {"tiffinfo": info} if path.suffix.startswith(".tif") else {}
    Image.fromarray(values).save(path, **kwargs)
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_grey_values_come_back_as_they_were_written(tmp_path, suffix, kind):
    picture = read_micrograph(save(tmp_path / f"film{suffix}", GREY.astype(kind)), pixel=6e-9)
    np.testing.assert_array_equal(picture.grey, GREY)
    assert picture.scale == "given"
    assert picture.size == pytest.approx((64 * 6e-9, 80 * 6e-9))


@pytest.mark.parametrize(
    ("tags", "pixel", "who"),
    [
        ({34682: FEI}, 6e-9, "FEI tag"),
        ({34118: "AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 5.863 nm\r\n"}, 5.863e-9, "Zeiss tag"),
        ({270: '<OME><Pixels PhysicalSizeX="0.006" PhysicalSizeXUnit="um"/></OME>'}, 6e-9, "OME description"),
        ({270: "ImageJ=1.53\nunit=micron\n", 282: 166.6667}, 6e-9, "ImageJ description"),
    ],
)
def test_scale_is_read_where_microscopes_write_it(tmp_path, tags, pixel, who):
    picture = read_micrograph(save(tmp_path / "film.tif", GREY.astype(np.uint8), tags))
    assert picture.pixel == pytest.approx(pixel, rel=1e-5)
    assert picture.scale == who
    assert picture.grey.shape[0] == (60 if who == "FEI tag" else 64)  # the bar below the scan is cut off


@pytest.mark.parametrize(
    "text",
    ["[SemImageFile]\r\nPixelSize=6.0\r\n", "$$SM_MICRON_BAR 50\n$$SM_MICRON_MARKER 300nm\n"],
)
def test_scale_is_read_from_the_text_file_beside_a_picture(tmp_path, text):
    path = save(tmp_path / "film.png", GREY.astype(np.uint8))
    path.with_suffix(".txt").write_text(text)
    assert read_micrograph(path).pixel == pytest.approx(6e-9)


def test_dots_per_inch_are_no_scale(tmp_path):
    path = tmp_path / "film.tif"
    Image.fromarray(GREY.astype(np.uint8)).save(path, dpi=(300, 300))
    with pytest.raises(ValueError, match=r"film.tif: the file says no scale .* give the side of a pixel in metres"):
        read_micrograph(path)


def test_given_scale_goes_before_that_of_the_file(tmp_path):
    path = save(tmp_path / "film.tif", GREY.astype(np.uint8), {34682: FEI})
    assert read_micrograph(path, pixel=2e-9).pixel == 2e-9


def test_a_bar_with_text_is_left_out(tmp_path):
    path = save(tmp_path / "film.png", GREY.astype(np.uint8))
    assert read_micrograph(path, 6e-9, rows=(0, 50), columns=(10, 80)).grey.shape == (50, 70)
    with pytest.raises(ValueError, match="rows 0 to 90, columns 0 to 80 do not lie in the picture of 64 rows"):
        read_micrograph(path, 6e-9, rows=(0, 90))


def test_colours_are_refused_and_equal_channels_are_grey(tmp_path):
    colours = np.stack([GREY, GREY, GREY], axis=2).astype(np.uint8)
    path = tmp_path / "film.png"
    Image.fromarray(colours).save(path)
    np.testing.assert_array_equal(read_micrograph(path, 6e-9).grey, GREY)
    colours[3, 4, 0] += 9
    Image.fromarray(colours).save(path)
    with pytest.raises(ValueError, match=r"film.png: the picture is in colour; save it in grey"):
        read_micrograph(path, 6e-9)


def test_other_files_are_refused_in_one_sentence(tmp_path):
    whole = save(tmp_path / "whole.png", (GREY * 7919 % 251).astype(np.uint8)).read_bytes()
    for name, content, message in (
        ("empty.png", b"", "not a PNG or TIFF picture, or it is empty"),
        ("text.tif", b"H (Oe),rho (ohm)\n", "not a PNG or TIFF picture"),
        ("cut.png", whole[: len(whole) // 2], "cannot be read to its end"),
        ("film.jpg", whole, r"micrographs are read from .png, .tif, .tiff"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=message) as refused:
            read_micrograph(tmp_path / name, 6e-9)
        assert str(refused.value).startswith(name)
        assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="there is no such file"):
        read_micrograph(tmp_path / "nowhere.png", 6e-9)


@given(st.integers(0, 10_000), st.integers(0, 255))
@example(62, 2)  # the directory names a kind of value that the tag cannot have
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_read_or_refused_but_never_crashes(tmp_path_factory, place, byte):
    folder = tmp_path_factory.mktemp("damaged")
    path = save(folder / "film.tif", GREY.astype(np.uint8), {34682: FEI})
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(bytes(content))
    try:
        said = f"film.tif: {read_micrograph(path).pixel}"
    except ValueError as refused:
        said = str(refused)
    assert said.startswith("film.tif: ")


@pytest.mark.parametrize(
    ("grey", "pixel", "message"),
    [
        (np.zeros((5, 5)), 6e-9, "5 x 5 values are no grey picture"),
        (np.zeros((64, 64)), 6.0, "a pixel of 6 m is outside"),
        (np.full((64, 64), np.nan), 6e-9, "not finite"),
    ],
)
def test_what_is_no_micrograph_is_refused(grey, pixel, message):
    with pytest.raises(ValueError, match=message):
        Micrograph(grey, pixel)
