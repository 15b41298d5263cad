"""Samples from a table: the law at the listed fields, what lies between, and what a bad file is told."""

import math
import tomllib

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from coldfinger.analysis.laws import failed_insulator, failed_superconductor
from coldfinger.sim.listed_fields import ListedField, TableSample, monotone_cubic
from coldfinger.sim.sample import Sample, first_harmonic
from coldfinger.sim.table_sample import SampleFileError, load_table_sample

FILM_7 = """
name = "film 7"
normal_resistance = 7000.0
squares = 1.0
[[field]]
oersted = 0
law = "eq2"
rho_QF = 3000.0
rho_0 = 9000.0
E_aS = 1.2
[[field]]
oersted = 100
law = "eq1"
sigma_QF = 5e-5
sigma_0 = 1e-4
E_aI = 0.4
"""
THIRD = """
[[field]]
oersted = 600
law = "eq1"
sigma_QF = 0
sigma_0 = 1.8e-4
E_aI = 0.45
normal_resistance = 7500
"""
TEMPERATURES = np.geomspace(0.02, 1.0, 60)


@pytest.fixture
def write(tmp_path):
    """Writes a sample file and returns its path."""

    def written(text):
        path = tmp_path / "film.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_listed_field_has_its_law_exactly_up_to_one_kelvin(write):
    sample: Sample = load_table_sample(write(FILM_7 + THIRD))
    expected = {
        0.0: failed_superconductor(TEMPERATURES, 3000.0, 9000.0, 1.2),
        100.0: failed_insulator(TEMPERATURES, 5e-5, 1e-4, 0.4),
        600.0: failed_insulator(TEMPERATURES, 0.0, 1.8e-4, 0.45),
    }
    for field, rho in expected.items():
        for sign in (1, -1):
            np.testing.assert_array_equal(sample.resistivity(TEMPERATURES, sign * field), rho)
            together = sample.resistivity(np.append(TEMPERATURES, 1.5), sign * field)
            np.testing.assert_array_equal(together[:-1], rho)
    np.testing.assert_array_equal(sample.resistivity(TEMPERATURES, 9000.0), expected[600.0])


def test_a_loaded_table_knows_its_own_truth_and_geometry(write):
    sample = load_table_sample(write(FILM_7.replace("squares = 1.0", "squares = 2\nend_squares = 0.5") + THIRD))
    data = tomllib.loads(FILM_7 + THIRD)
    for entry in data["field"]:
        truth = sample.truth(entry["oersted"])
        assert truth.law == entry["law"]
        assert dict(truth.parameters) == {key: entry[key] for key in truth.parameters}
        assert len(truth.parameters) == 3
    assert sample.truth(50.0).law == "mixed"
    assert sample.truth(-50.0).parameters == {"field_below": 0.0, "field_above": 100.0}
    assert sample.truth(1e4) == sample.truth(600.0)
    assert (sample.name, sample.squares, sample.end_squares) == ("film 7", 2.0, 0.5)
    assert sample.film_volume == pytest.approx(3 * 1.2e-15, rel=1e-12)
    assert sample.normal_resistance(0.1, 0.0) == sample.normal_resistance(0.1, 100.0) == 7000.0
    assert sample.normal_resistance(0.1, 600.0) == 7500.0
    assert 7000.0 < sample.normal_resistance(0.1, 300.0) < 7500.0


def test_the_order_of_the_entries_does_not_matter(write):
    head, *entries = (FILM_7 + THIRD).split("[[field]]")
    turned = load_table_sample(write("[[field]]".join([head, *reversed(entries)])))
    straight = load_table_sample(write(FILM_7 + THIRD))
    for field in (0.0, 30.0, 250.0, 600.0):
        np.testing.assert_array_equal(
            turned.resistivity(TEMPERATURES, field), straight.resistivity(TEMPERATURES, field)
        )


def test_above_two_kelvin_every_field_has_its_normal_resistance(write):
    sample = load_table_sample(write(FILM_7 + THIRD))
    for field, normal in ((0.0, 7000.0), (60.0, 7000.0), (600.0, 7500.0)):
        T = np.linspace(1.0, 2.0, 4001)
        rho = sample.resistivity(T, field)
        assert rho[-1] == pytest.approx(normal, rel=1e-12)
        assert sample.resistivity(77.0, field) == pytest.approx(normal, rel=1e-12)
        assert np.abs(np.diff(np.log(rho))).max() < 1e-3  # no step where the two parts meet


def test_resistivity_is_smooth_in_field_everywhere(write):
    sample = load_table_sample(write(FILM_7 + THIRD))
    fields = np.linspace(-700.0, 700.0, 14001)
    log_rho = np.log([sample.resistivity(0.08, field) for field in fields])
    slope = np.diff(log_rho) / 0.1
    # a kink of the curve would show as a jump of the slope that does not shrink with the 0.1 Oe step
    assert np.abs(np.diff(slope)).max() < 1e-4
    assert slope.max() > 0.003


entries = st.builds(
    ListedField,
    oersted=st.floats(0.0, 1000.0),
    law=st.sampled_from(["eq1", "eq2"]),
    base=st.floats(1e-9, 1e5),
    prefactor=st.floats(1e-9, 1e5),
    energy=st.floats(0.05, 3.0),
    normal_resistance=st.floats(1000.0, 10000.0),
)


@given(st.lists(entries, min_size=2, max_size=6, unique_by=lambda entry: entry.oersted), st.floats(0.02, 1.0))
def test_between_listed_fields_resistivity_is_monotonic_whatever_the_laws(listed, T):
    sample = TableSample("drawn", tuple(listed))
    for below, above in zip(sample.fields, sample.fields[1:], strict=False):
        assume(above.oersted - below.oersted > 1e-6)
        fields = np.linspace(below.oersted, above.oersted, 25)
        log_rho = np.log([sample.resistivity(T, field) for field in fields])
        direction = np.sign(log_rho[-1] - log_rho[0])
        # the spline's sum of products rounds at 1e-15 of ln ρ
        assert np.all(direction * np.diff(log_rho) >= -1e-13)


def test_ordered_curves_stay_ordered_though_their_parameters_cross():
    listed = (
        ListedField(0.0, "eq2", 2000.0, 20000.0, 1.5, 7000.0),
        ListedField(50.0, "eq2", 5000.0, 2500.0, 0.5, 7000.0),
        ListedField(100.0, "eq1", 1 / 20e3, 1e-4, 0.3, 7000.0),
        ListedField(300.0, "eq1", 1 / 90e3, 1.3e-4, 0.6, 7000.0),
        ListedField(600.0, "eq1", 0.0, 1.2e-4, 0.61, 7000.0),
    )
    sample = TableSample("ordered", listed)
    T = np.geomspace(0.02, 0.5, 40)
    corners = np.array([sample.resistivity(T, entry.oersted) for entry in listed])
    assert np.all(np.diff(corners, axis=0) > 0)
    curves = np.array([sample.resistivity(T, field) for field in np.linspace(0.0, 600.0, 1201)])
    assert np.all(np.diff(curves, axis=0) >= 0)


def test_an_insulator_without_saturation_can_be_interpolated_at_any_temperature(write):
    sample = load_table_sample(write(FILM_7 + THIRD))
    with np.errstate(all="raise", under="ignore"):
        assert sample.resistivity(1e-4, 600.0) == math.inf
        assert sample.resistivity(1e-4, 599.0) == math.inf
        nearer, farther = (sample.resistivity([0.01, 0.02], field) for field in (599.0, 500.0))
        assert np.all(nearer > farther)
        assert first_harmonic(sample, 1e-9, 1e-4, 600.0) > 0


def test_a_single_field_holds_everywhere():
    sample = TableSample("one", (ListedField(50.0, "eq2", 0.0, 9000.0, 1.0, 7000.0),))
    for field in (0.0, -50.0, 400.0):
        assert sample.resistivity(0.1, field) == failed_superconductor(0.1, 0.0, 9000.0, 1.0)
        assert sample.truth(field).law == "eq2"


LEVELS = st.integers(-50_000_000, 50_000_000).map(lambda level: 1e-6 * level)
"""No steps so small that the slopes of the other implementation overflow."""


@given(st.lists(LEVELS, min_size=2, max_size=6), st.floats(0.0, 1.0), st.data())
def test_the_cubic_agrees_with_scipy_inside_and_stays_between_its_neighbours(values, part, data):
    knots = np.cumsum(data.draw(st.lists(st.floats(0.5, 5.0), min_size=len(values), max_size=len(values)))).tolist()
    k = data.draw(st.integers(0, len(values) - 2))
    at = knots[k] + part * (knots[k + 1] - knots[k]) * (1 - 1e-9)
    assume(knots[k] <= at < knots[k + 1])
    result = monotone_cubic(knots, np.array(values), at)
    low, high = sorted(values[k : k + 2])
    assert low - 1e-12 <= result <= high + 1e-12
    if 0 < k < len(values) - 2:
        assert result == pytest.approx(float(PchipInterpolator(knots, values)(at)), rel=1e-9, abs=1e-9)


def test_a_table_sample_has_the_common_current_voltage_curve(write):
    sample = load_table_sample(write(FILM_7 + THIRD))
    T = 0.05
    assert sample.critical_current(T, 0.0) == 0
    for field in (0.0, 40.0, 600.0):
        rho = sample.resistivity(T, field)
        assert sample.differential_resistance(0.0, T, field) == rho
        assert sample.differential_resistance(1e-2, T, field) == pytest.approx(
            float(sample.normal_resistance(T, field)), rel=1e-4
        )
        assert sample.voltage(-1e-8, T, field) == -sample.voltage(1e-8, T, field)
    assert first_harmonic(sample, 1e-9, T, 600.0) < 0.5 * sample.resistivity(T, 600.0)
    assert first_harmonic(sample, 1e-9, T, 0.0) == pytest.approx(3000.0, rel=1e-3)


# What a bad file is told


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('name = "film 7"', "", r"film\.toml: the key name is missing; add a line name = \.\.\."),
        ('"film 7"', "7", r"name is 7, but must be a text that is not empty; write name = \"film 7\""),
        ("normal_resistance = 7000.0", "", r"the key normal_resistance \(ohm/square\) is missing; add"),
        ("squares = 1.0", "squares = 0", r"squares is 0, but must be a finite number above 0 \(squares\)"),
        (
            "squares = 1.0",
            "square = 1.0",
            r"unknown key square; allowed are name, .*; did you mean squares\?",
        ),
        (
            "squares = 1.0",
            "squares = 1.0\ncolour = 1",
            r"unknown key colour; allowed are name, .*; remove it",
        ),
        ("squares = 1.0", "squares = 1.0\nend_squares = -1", r"end_squares is -1, .* 0 or above \(squares\)"),
        ("oersted = 100", "", r"field entry 2: the key oersted \(Oe\) is missing; add a line oersted = "),
        ("oersted = 100", "oersted = -100", r"entry 2: oersted is -100, .* 0 or above \(Oe\); correct"),
        (
            "oersted = 100",
            "oersted = 0.0",
            r"entry 2: oersted = 0 is already listed in entry 1; .* change one",
        ),
        ("oersted = 100", "oersted = true", r"entry 2: oersted is True, .* write it without quotes"),
        ('law = "eq1"', "", r"entry 2: the key law is missing; add a line law = "),
        ('law = "eq1"', 'Law = "eq1"', r"entry 2: unknown key Law; .*; did you mean law\?"),
        ('law = "eq1"', 'law = "eq3"', r"law is 'eq3', but must be \"eq1\" .* or \"eq2\" .*; choose one"),
        ('law = "eq1"', "law = 1", r"entry 2: law is 1, but must be \"eq1\""),
        (
            'law = "eq1"',
            'law = "eq2"',
            r"entry 2 \(law \"eq2\"\): unknown key sigma_QF; allowed are oersted, law, ",
        ),
        ("E_aI = 0.4", "", r"entry 2: the key E_aI \(K\) is missing"),
        ("E_aI = 0.4", "E_al = 0.4", r"entry 2 .*unknown key E_al; allowed are .*; did you mean E_aI\?"),
        ("E_aI = 0.4", "E_aI = 0", r"entry 2: E_aI is 0, but must be a finite number above 0 \(K\); correct"),
        (
            "E_aI = 0.4",
            'E_aI = "0.4 K"',
            r"entry 2: E_aI is '0.4 K', .*above 0 \(K\); write it without quotes",
        ),
        (
            "sigma_0 = 1e-4",
            "sigma_0 = nan",
            r"entry 2: sigma_0 is nan, but must be a finite number 0 or above \(S\)",
        ),
        ("sigma_0 = 1e-4", "sigma_0 = inf", r"entry 2: sigma_0 is inf, .* finite"),
        ("rho_QF = 3000.0", "rho_QF = -3000.0", r"entry 1: rho_QF is -3000, .* 0 or above \(ohm/square\)"),
        ("rho_QF = 3000.0", "rho_QF = [3000.0]", r"entry 1: rho_QF is \[3000\.0\], but must be"),
        ("rho_QF = 3000.0", f"rho_QF = 1{400 * '0'}", r"entry 1: rho_QF is inf, .* finite"),
        (
            "rho_QF = 3000.0\nrho_0 = 9000.0",
            "rho_QF = 0\nrho_0 = 0",
            r"entry 1: rho_QF and rho_0 are both 0; give",
        ),
        ("rho_QF = 3000.0", "rho_QF 3000.0", r"film\.toml: is not valid TOML: .*line 8.*; correct it there"),
        ("rho_QF = 3000.0", "rho_QF = 1\nrho_QF = 2", r"is not valid TOML: .*line 9"),
        (
            "[[field]]",
            "[field]",
            r"not valid TOML|field must be a list of entries; open each one with \[\[field\]\]",
        ),
    ],
)
def test_a_malformed_file_is_told_where_and_what_is_allowed(write, old, new, sentence):
    assert old in FILM_7
    with pytest.raises(SampleFileError, match=sentence) as caught:
        load_table_sample(write(FILM_7.replace(old, new)))
    message = str(caught.value)
    assert message.startswith("sample file ")
    assert "\n" not in message


def test_a_table_without_fields_is_refused(write):
    head = FILM_7.split("[[field]]")[0]
    for tail in ("", "field = []"):
        with pytest.raises(SampleFileError, match=r"lists no field; add at least one \[\[field\]\] entry"):
            load_table_sample(write(head + tail))
    for tail in ("field = 3", "field = [1, 2]", "[field]\noersted = 0"):
        with pytest.raises(SampleFileError, match=r"field must be a list of entries; open each one with"):
            load_table_sample(write(head + tail))


def test_an_unreadable_file_is_refused(tmp_path):
    with pytest.raises(SampleFileError, match=r"nowhere\.toml: cannot be read \(No such file.*\); give the path"):
        load_table_sample(tmp_path / "nowhere.toml")
    with pytest.raises(SampleFileError, match=r"cannot be read \(.*\); give the path"):
        load_table_sample(str(tmp_path))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SampleFileError, match=r"binary\.toml: is not UTF-8 text; save it as"):
        load_table_sample(tmp_path / "binary.toml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(FILM_7) - 1), st.characters(codec="utf-8"))
def test_a_single_wrong_character_is_either_harmless_or_explained(write, place, character):
    path = write(FILM_7[:place] + character + FILM_7[place + 1 :])
    try:
        sample = load_table_sample(path)
    except SampleFileError as error:
        explained = str(error).startswith(f"sample file {path}")
    else:
        explained = bool(np.all(np.isfinite(sample.resistivity(TEMPERATURES, 50.0))))
    assert explained
