"""Thermometer curves against published RuO2 values, a formula, and files that are whole or broken."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.instruments.calibration import Calibration, exponential_curve, read_calibration
from coldfinger.instruments.errors import CalibrationError

# Lake Shore RX-102A mean curve: T (K), R (ohm), dlnR/dlnT. Rows of the maker's table, public as
# MazinLab/picturec, hardware/thermometry/RX-102A/RX-102A_Mean_Curve.tbl; rounded as in the maker's catalogue.
RX_102A = [
    (0.050, 63765, -2.27),
    (0.060, 43516, -2.06),
    (0.070, 32601, -1.64),
    (0.080, 26564, -1.47),
    (0.100, 19400, -1.37),
    (0.150, 11422, -1.21),
    (0.200, 8277, -1.04),
    (0.300, 5615, -0.89),
    (0.400, 4398, -0.81),
    (0.50, 3700.5, -0.74),
    (0.70, 2936.6, -0.64),
    (1.0, 2380.8, -0.53),
    (1.4, 2005.2, -0.47),
    (2.0, 1726.4, -0.38),
    (3.0, 1501.9, -0.30),
    (4.2, 1369.6, -0.25),
    (10.0, 1166.9, -0.13),
    (40.0, 1049.1, -0.04),
]
# Rows of the same table between those, which the curve through them has to meet.
BETWEEN = [
    (0.055, 52106.7),
    (0.065, 37123.9),
    (0.075, 29253.3),
    (0.090, 22443.7),
    (0.120, 15165.5),
    (0.170, 9868.60),
    (0.250, 6636.72),
    (0.340, 5034.68),
    (0.440, 4078.03),
    (0.600, 3250.53),
    (0.850, 2609.10),
    (1.200, 2162.93),
    (1.700, 1841.85),
    (2.500, 1592.51),
    (3.500, 1436.348),
    (5.000, 1315.073),
    (7.000, 1231.551),
    (15.00, 1115.285),
    (20.00, 1089.133),
]
RUO2 = exponential_curve(519.0, 1.349**4, 0.25, (8e-3, 40.0))


def rx_102a(**settings):
    return Calibration("RX-102A", "mean", *zip(*[row[:2] for row in RX_102A], strict=True), **settings)


def ruo2(temperature):
    return 519.0 * np.exp(1.349 * np.asarray(temperature) ** -0.25)


@pytest.mark.parametrize(("kelvin", "ohm"), BETWEEN)
def test_eighteen_points_give_the_published_curve_between_them_within_0_3_percent(kelvin, ohm):
    assert rx_102a().temperature(ohm) == pytest.approx(kelvin, rel=3e-3)


@pytest.mark.parametrize(("kelvin", "ohm", "slope"), RX_102A)
def test_points_and_published_sensitivities_are_met(kelvin, ohm, slope):
    curve = rx_102a()
    assert curve.temperature(ohm) == pytest.approx(kelvin, rel=1e-12)
    assert curve.resistance(kelvin) == pytest.approx(ohm, rel=1e-12)
    # 8 %: at the ends the slope is that of a spline with one neighbour, elsewhere it is within 3 %
    assert curve.sensitivity(kelvin) == pytest.approx(slope, rel=0.08)


@given(st.floats(8e-3, 40.0))
def test_the_formula_curve_is_the_formula_to_one_part_in_a_million(kelvin):
    assert RUO2.temperature(float(np.clip(ruo2(kelvin), RUO2.R_min, RUO2.R_max))) == pytest.approx(kelvin, rel=1e-6)
    assert RUO2.resistance(kelvin) == pytest.approx(float(ruo2(kelvin)), rel=1e-6)


def test_the_formula_curve_has_the_resistances_and_slopes_of_the_formula():
    # 2.0 kohm at 1 K, 5.7 kohm at 0.1 K, 18.8 kohm at 20 mK; |dlnR/dlnT| = (1.349/4) T^-1/4
    for kelvin, ohm, slope in ((1.0, 2.0e3, 0.34), (0.1, 5.7e3, 0.60), (0.02, 18.8e3, 0.90)):
        assert RUO2.resistance(kelvin) == pytest.approx(ohm, rel=0.005)
        assert RUO2.sensitivity(kelvin) == pytest.approx(-slope, rel=0.01)
        assert RUO2.sensitivity(kelvin) == pytest.approx(-1.349 / 4 * kelvin**-0.25, rel=1e-6)


@given(st.floats(0.05, 40.0))
def test_there_and_back_is_the_same_temperature(kelvin):
    curve = rx_102a()
    assert curve.temperature(curve.resistance(kelvin)) == pytest.approx(kelvin, rel=1e-9)


@given(st.floats(1049.1, 63765.0), st.floats(1049.1, 63765.0))
def test_more_ohms_are_never_warmer(one, other):
    curve = rx_102a()
    low, high = sorted((one, other))
    assert curve.temperature(low) >= curve.temperature(high)


@pytest.mark.parametrize("ohm", [1049.0, 63766.0, 0.0, -1.0, math.nan, math.inf])
def test_nothing_is_extrapolated_from_a_resistance(ohm):
    with pytest.raises(CalibrationError, match=r"outside its calibration, which is 1049\.1 to 63765 ohm") as caught:
        rx_102a().temperature(ohm)
    assert "RX-102A (mean)" in str(caught.value)
    assert math.isnan(rx_102a().temperature_or_nan(ohm))
    with pytest.raises(CalibrationError):
        rx_102a().sd_temperature(ohm, 1.0)


@pytest.mark.parametrize("kelvin", [0.0499, 40.1, 0.0, math.nan])
def test_nothing_is_extrapolated_from_a_temperature(kelvin):
    with pytest.raises(CalibrationError, match=r"which is 0\.05 to 40 K; nothing is extrapolated"):
        rx_102a().resistance(kelvin)
    with pytest.raises(CalibrationError):
        rx_102a().sensitivity(kelvin)


def test_the_edges_belong_to_the_range():
    curve = rx_102a()
    assert (curve.T_min, curve.T_max, curve.R_min, curve.R_max) == (0.05, 40.0, 1049.1, 63765)
    assert curve.temperature(curve.R_max) == pytest.approx(curve.T_min, rel=1e-14)
    assert curve.temperature(curve.R_min) == pytest.approx(curve.T_max, rel=1e-14)
    assert curve.T_min <= curve.temperature(curve.R_max)
    assert curve.temperature(curve.R_min) <= curve.T_max


def test_many_resistances_at_once_keep_their_shape():
    ohm = np.array([[63765.0, 19400.0, 70000.0], [1000.0, 2380.8, np.nan]])
    kelvin = rx_102a().temperature_or_nan(ohm)
    assert kelvin.shape == (2, 3)
    np.testing.assert_allclose(kelvin, [[0.05, 0.1, np.nan], [np.nan, 1.0, np.nan]], rtol=1e-12)


def test_the_uncertainty_is_that_of_reading_and_curve_in_quadrature():
    ohm = RUO2.resistance(0.1)
    slope = 1.349 / 4 * 0.1**-0.25
    assert RUO2.sd_temperature(ohm, 0.0) == pytest.approx(0.0, abs=1e-10)
    assert RUO2.sd_temperature(ohm, 1e-3 * ohm) == pytest.approx(0.1 * 1e-3 / slope, rel=1e-6)
    certain = dataclasses.replace(RUO2, relative_sd=2e-3)
    assert certain.sd_temperature(ohm, 0.0) == pytest.approx(0.1 * 2e-3, rel=1e-6)
    expected = 0.1 * math.hypot(1e-3 / slope, 2e-3)
    assert certain.sd_temperature(ohm, 1e-3 * ohm) == pytest.approx(expected, rel=1e-6)


def test_points_that_are_far_apart_make_a_curve_less_certain():
    curve = rx_102a()
    dense, sparse = curve.resistance(0.45), curve.resistance(20.0)
    assert curve.sd_temperature(dense, 0.0) / 0.45 < 1e-3
    assert curve.sd_temperature(sparse, 0.0) / 20.0 > 1e-2


def test_a_curve_that_rises_is_as_good():
    metal = Calibration("Pt", "1", (20.0, 30.0, 50.0, 77.0, 150.0, 300.0), (2.0, 3.5, 9.0, 20.0, 51.0, 110.0))
    assert metal.sensitivity(77.0) > 0
    for kelvin in (20.0, 22.0, 60.0, 200.0, 300.0):
        assert metal.temperature(metal.resistance(kelvin)) == pytest.approx(kelvin, rel=1e-12)


def test_a_step_is_interpolated_without_turning_back():
    # A cubic spline overshoots beside the step; the monotone one must take its place.
    kelvin = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    curve = Calibration("step", "1", kelvin, (1000.0, 999.0, 998.0, 100.0, 99.0, 98.0))
    ohms = [curve.resistance(float(t)) for t in np.linspace(1.0, 6.0, 501)]
    assert all(a > b for a, b in itertools.pairwise(ohms))
    assert curve.temperature(curve.resistance(2.5)) == pytest.approx(2.5, rel=1e-9)


def test_the_hash_is_that_of_the_content():
    curve = rx_102a()
    assert curve.hash == rx_102a().hash
    assert len(curve.hash) == 64
    changed = [
        dataclasses.replace(curve, name="RX-102B"),
        dataclasses.replace(curve, serial="7"),
        dataclasses.replace(curve, relative_sd=1e-3),
        dataclasses.replace(curve, resistances=(63765.0001, *curve.resistances[1:])),
    ]
    assert len({curve.hash, *(other.hash for other in changed)}) == 5


def test_a_curve_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        rx_102a().name = "other"


@pytest.mark.parametrize(
    ("kelvin", "ohm", "sentence"),
    [
        ((1, 2, 3), (3, 2, 1), "at least 4 points"),
        ((1, 2, 3, 4), (4, 3, 2), "at least 4 points"),
        ((1, 2, 2, 4), (4, 3, 2, 1), "temperatures must rise, but do not at 2 K"),
        ((1, 2, 3, 4), (2, 3, 2, 1), "turns at 2 K, 3 ohm"),
        ((1, 2, 3, 4), (4, 3, 3, 1), "turns at 3 K, 3 ohm"),
        ((0, 2, 3, 4), (4, 3, 2, 1), "must be positive"),
        ((1, 2, 3, 4), (4, 3, 2, -1), "must be positive"),
        ((1, 2, 3, math.nan), (4, 3, 2, 1), "must be numbers"),
    ],
)
def test_points_that_make_no_curve_are_refused(kelvin, ohm, sentence):
    with pytest.raises(ValueError, match=f"curve 'bad': .*{sentence}"):
        Calibration("bad", "1", kelvin, ohm)


def test_a_formula_without_a_range_is_refused():
    with pytest.raises(ValueError, match="must rise from above 0 K"):
        exponential_curve(519.0, 3.0, 0.25, (1.0, 0.1))


# Files

TBL = "Temp  Resistance  Sensitivity  Dimensionless\n(K)   (ohms)   (ohms/kelvin)   Sensitivity\n\n" + "\n".join(
    f"{kelvin:7.3f}   {ohm:.11E}  {slope * ohm / kelvin:.6E}  {slope:.5E}" for kelvin, ohm, slope in RX_102A
)
DAT = "Temperature (K)        Resistance (ohms)\n\n" + "\n".join(
    f"{kelvin:.14E}   {ohm:.14E}" for kelvin, ohm, _ in reversed(RX_102A)
)
CSV = "# RX-102A, mean\nT_K,R_ohm,note\n" + "\n".join(f"{kelvin},{ohm},0" for kelvin, ohm, _ in RX_102A)
HEADER = (
    "Sensor Model:   RX-102A\nSerial Number:  MEAN\nData Format:    4      (Log Ohms/Kelvin)\n"
    "SetPoint Limit: 40.0      (Kelvin)\nTemperature coefficient:  1 (Negative)\n"
    "Number of Breakpoints:   18\n\n"
    "No.   Units      Temperature (K)\n\n"
)
_RISING = list(enumerate(reversed(RX_102A), 1))
LOG_340 = HEADER + "\n".join(f"{i:3d}  {math.log10(ohm):.8f}  {kelvin:.3f}" for i, (kelvin, ohm, _) in _RISING)
LINEAR_340 = HEADER.replace("4      (Log Ohms/Kelvin)", "3      (Ohms/Kelvin)") + "\n".join(
    f"{i:3d}  {ohm}  {kelvin:.3f}" for i, (kelvin, ohm, _) in _RISING
)


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rx.tbl", TBL),
        ("rx.tbl", TBL.split("\n\n")[1]),
        ("rx.dat", DAT),
        ("RX.DAT", DAT.replace("\n", "\r\n")),
        ("rx.csv", CSV),
        ("rx.340", LOG_340),
        ("rx.372", LOG_340),
        ("rx.330", LINEAR_340),
    ],
)
def test_every_kind_of_file_gives_the_same_curve(tmp_path, name, text):
    curve = read_calibration(written(tmp_path, name, text), relative_sd=1e-3)
    assert curve.relative_sd == 1e-3
    np.testing.assert_allclose(curve.temperatures, rx_102a().temperatures, rtol=1e-12)
    np.testing.assert_allclose(curve.resistances, rx_102a().resistances, rtol=1e-7)  # 8 decimals of log10 R


def test_name_and_serial_number_come_from_the_header_or_the_file_name(tmp_path):
    curve = read_calibration(written(tmp_path, "rx.340", LOG_340))
    assert (curve.name, curve.serial) == ("RX-102A", "MEAN")
    curve = read_calibration(written(tmp_path, "U01234.tbl", TBL))
    assert (curve.name, curve.serial) == ("U01234", "U01234")


# Two ranges that meet at 1000 ohm: LOG with Z = log10 R from 3 to 5, LIN with Z = R from 0 to 1000.
COF = """Number of fit ranges:           2
FIT RANGE:                      1
Fit type for range 1:           LOG
Order of fit range 1:           2
Zlower for fit range 1:         3.0
Zupper for fit range 1:         5.0
Lower Resist. limit for fit range 1:    1000.0
Upper Resist. limit for fit range 1:    50000.0
C(0) Equation 1:                5.5
C(1) Equation 1:                -4.0
C(2) Equation 1:                0.5
FIT RANGE:                      2
Fit type for range 2:           LIN
Order of fit range 2:           1
Zlower for fit range 2:         0.0
Zupper for fit range 2:         1000.0
Lower Resist. limit for fit range 2:    100.0
Upper Resist. limit for fit range 2:    1000.0
C(0) Equation 2:                20.0
C(1) Equation 2:                -10.0
"""


def test_chebyshev_fits_are_the_polynomials_that_they_say(tmp_path):
    curve = read_calibration(written(tmp_path, "x.cof", COF))
    assert (curve.R_min, curve.R_max) == (pytest.approx(100.0), pytest.approx(50000.0))
    for ohm in (1500.0, 10e3, 49e3):
        k = ((math.log10(ohm) - 3) - (5 - math.log10(ohm))) / 2
        expected = 5.5 - 4 * math.cos(math.acos(k)) + 0.5 * math.cos(2 * math.acos(k))
        assert curve.temperature(ohm) == pytest.approx(expected, rel=1e-6)
    for ohm in (150.0, 900.0):
        assert curve.temperature(ohm) == pytest.approx(20.0 - 10.0 * (ohm - 500) / 500, rel=1e-6)


def test_a_fit_that_turns_back_is_refused(tmp_path):
    turning = COF.replace("C(2) Equation 1:                0.5", "C(2) Equation 1:                3.0")
    with pytest.raises(ValueError, match=r"x\.cof: the fit is not monotone near .* ohm .*narrow its"):
        read_calibration(written(tmp_path, "x.cof", turning))


def edited(text, number, line):
    lines = text.splitlines()
    lines[number - 1] = line
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("x.txt", TBL, r"x\.txt: is not a curve file, which ends in one of \.330"),
        ("x.tbl", "", r"x\.tbl: holds no points"),
        ("x.tbl", edited(TBL, 6, "0.07  32601"), r"x\.tbl, line 6: '0\.07  32601' is not a row of T, R"),
        ("x.tbl", edited(TBL, 6, "0.07 3,26e4 1 1"), r"x\.tbl, line 6: .* is not a row of T, R"),
        ("x.tbl", edited(TBL, 6, "0.07 nan 1 1"), r"x\.tbl, line 6: .* is not a row"),
        ("x.tbl", TBL + "\n40.0 1 1 1", r"x\.tbl: curve 'x': temperatures must rise"),
        ("x.dat", DAT + "\nend of data", r"x\.dat, line 21: 'end of data' is not a row of temperature"),
        ("x.csv", CSV.replace("T_K", "T_mK"), r"x\.csv, line 2: .* is not a heading with the columns T_K"),
        ("x.csv", edited(CSV, 5, "0.07,32601"), r"x\.csv, line 5: .* is not a row of 3 numbers"),
        ("x.340", edited(LOG_340, 12, "3  3.10"), r"x\.340, line 12: '3  3\.10' is not a row of number"),
        ("x.340", edited(LOG_340, 12, "and so on"), r"x\.340, line 12: 'and so on' is not a header line"),
        (
            "x.340",
            LOG_340.replace("18\n", "19\n"),
            r"x\.340, line 6: '19' is not the number of rows .* is 18",
        ),
        (
            "x.340",
            LOG_340.replace("Data Format:    4", "Data Format:    2"),
            r"x\.340, line 3: .*allowed are 3",
        ),
        ("x.340", LOG_340.replace("Data Format", "Format"), r"x\.340: has no line 'Data Format"),
        ("x.cof", COF.replace("LIN", "EXP"), r"x\.cof, line 13: 'EXP' is not a fit type; allowed are LOG"),
        (
            "x.cof",
            edited(COF, 4, "Order of fit range 1: 2.5"),
            r"x\.cof, line 4: '2\.5' is not a whole number",
        ),
        ("x.cof", edited(COF, 5, "Zlower: three"), r"x\.cof, line 5: 'three' is not a number for 'Zlower'"),
        ("x.cof", edited(COF, 9, "C(1) Equation 1: 2"), r"x\.cof, line 9: .* is not a line"),
        ("x.cof", COF[: COF.index("C(1) Equation 2")], r"x\.cof: ends where 'C\(1\)' is required"),
        ("x.cof", edited(COF, 8, "Upper limit: 10"), r"x\.cof: limits of a fit range must rise"),
    ],
)
def test_a_malformed_file_is_told_in_one_sentence_with_file_and_line(tmp_path, name, text, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        read_calibration(written(tmp_path, name, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "x.tbl"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ValueError, match=r"x\.tbl: is not a text file"):
        read_calibration(path)


def test_a_file_that_is_missing_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_calibration(tmp_path / "none.tbl")


@given(text=st.text(max_size=200), suffix=st.sampled_from([".tbl", ".340", ".cof", ".dat", ".csv"]))
def test_any_text_is_a_curve_or_one_sentence(tmp_path_factory, text, suffix):
    path = tmp_path_factory.mktemp("any") / f"x{suffix}"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        read_calibration(path)
    except ValueError as trouble:
        sentence = str(trouble)
    else:
        return
    assert str(path) in sentence


@settings(deadline=None)  # a busy computer may take long over the first one
@given(st.floats(0.0, 1.0))
def test_one_reading_gives_the_temperature_that_an_array_of_readings_gives(share: float) -> None:
    falling = exponential_curve(519.0, 1.349**4, 0.25, (0.008, 20.0))
    rising = exponential_curve(1.0, -2.0, 1.0, (1.0, 9.0))
    for curve in (falling, rising):
        ohm = curve.R_min * (curve.R_max / curve.R_min) ** share
        together = float(curve.temperature_or_nan(np.array([ohm]))[0])
        assert float(curve.temperature_or_nan(ohm)) == pytest.approx(together, rel=1e-13)


def test_a_curve_file_that_is_not_there_is_named_in_one_sentence(tmp_path):
    with pytest.raises(OSError, match=r"curve file .*nix\.340: it cannot be read \(No such file or directory\); give"):
        read_calibration(tmp_path / "nix.340")
