"""Station files: the built-in one is right, and every mistake has its sentence."""

from pathlib import Path

import pytest

from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.laboratory.station_keys import SECTIONS

BUILT_IN = read_station_file().text


def test_the_built_in_station_needs_no_file():
    file = read_station_file("sim")
    assert file.simulated
    assert file.sections["limits"]["field"] == 0.06
    assert file.sections["wiring"]["series_resistance"] == 1e9
    assert file.sections["cooling"]["heater"][0] == (0.04, 1e-3)
    assert set(file.sections) == set(SECTIONS)


def test_oersted_and_tesla_say_the_same():
    other = check_station_text(BUILT_IN.replace('field = "600 Oe"', 'field = "60 mT"'), "x.toml")
    assert other.sections["limits"] == read_station_file().sections["limits"]


def test_a_station_without_simulator_is_real():
    start, end = BUILT_IN.index("\n[simulator]"), BUILT_IN.index("\n[instruments.lockin]")
    assert not check_station_text(BUILT_IN[:start] + BUILT_IN[end:], "x.toml").simulated


MISTAKES = [
    (
        'ramp_rate = "120 Oe/min"',
        'ramp_rate = "300 Oe/min"',
        "magnet.ramp_rate = 300 Oe/min is faster than limits.field_rate = 200 Oe/min; ramp more slowly",
    ),
    (
        'line_capacitance = "10 nF"',
        "line_capacitance = 10",
        'wiring.line_capacitance: 10 has no unit; write for example "10 nF"',
    ),
    (
        'line_capacitance = "10 nF"',
        "",
        'wiring.line_capacitance is missing; write line_capacitance = "10 nF"',
    ),
    ('field = "600 Oe"', 'field = "600 K"', "limits.field: '600 K' has the wrong dimension"),
    ('field = "600 Oe"', 'field = "600 Ox"', "limits.field: '600 Ox' has the unknown unit 'Ox'"),
    ('field = "600 Oe"', 'field = "60 T"', "limits.field = '60 T' is out of range; allowed is 0 to 20 T"),
    (
        'driver = "SR830"',
        'driver = "SR831"',
        "instruments.lockin.driver = 'SR831' is not one of SR830, SR860, SR865A",
    ),
    ('driver = "SR830"', "driver = 830", "instruments.lockin.driver = 830 must be text in quotes"),
    ('address = "GPIB0::8::INSTR"', "", "instruments.lockin.address is missing"),
    (
        'lockin = "lockin"',
        'lockin = "lokin"',
        "roles.lockin names the unknown instrument 'lokin'; allowed are lockin, fridge, magnet",
    ),
    ("[safe]", "[save]", "unknown key 'save'; did you mean 'safe'?"),
    ("offset =", "ofset =", "unknown key magnet.ofset; did you mean 'offset'?"),
    ('magnet = "hold"', 'magnet = "off"', "safe.magnet = 'off' is not one of hold, zero"),
    ("schema = 1", "schema = 2", "schema = 2 is out of range; allowed is 1 to 1"),
    ("schema = 1", "", "schema is missing; write schema = 1"),
    ("squares = 1.0 ", "squares = -1 ", "sample.squares = -1 is out of range"),
    ("squares = 1.0 ", 'squares = "1" ', "sample.squares = '1' must be a plain number"),
    ("squares = 1.0 ", "squares = nan ", "sample.squares = nan must be a plain number"),
    ("seed = 0", "seed = 1.5", "simulator.seed = 1.5 must be a plain integer"),
    ("seed = 0", "seed = -1", "simulator.seed = -1 is out of range"),
    ("fluctuations = false", "fluctuations = 0", "simulator.fluctuations = 0 must be true or false"),
    ('speed = "unlimited"', "speed = 0", 'simulator.speed = 0 must be a positive number or "unlimited"'),
    ('r0 = "519 ohm"', "", "thermometer has no curve; give calibration = a file, or r0, t0"),
    ('["40 mK", "1 mA"],', '["40 mK"],', "cooling.heater must be a list of pairs"),
    ('["40 mK", "1 mA"],', '["40 mK", "1 K"],', "'1 K' has the wrong dimension"),
    ('["40 mK", "1 mA"],', '["4 K", "1 mA"],', "cooling.heater must rise in temperature and in current"),
    ("pid = [10, 10, 0]", "pid = [10, 10]", "cooling.pid = [10, 10] must be three numbers"),
    ('name = "sim"', "name = ", "not TOML"),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES, ids=[m[2][:40] for m in MISTAKES])
def test_a_mistake_is_one_sentence_with_file_key_and_remedy(right, wrong, sentence):
    assert right in BUILT_IN
    with pytest.raises(StationFileError) as error:
        check_station_text(BUILT_IN.replace(right, wrong, 1), "my-fridge.toml")
    assert "my-fridge.toml" in str(error.value) or "heater" in sentence
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_section_that_is_missing_names_its_first_key():
    text = BUILT_IN[: BUILT_IN.index("[limits]")] + BUILT_IN[BUILT_IN.index("[safe]") :]
    with pytest.raises(StationFileError, match=r'limits.field is missing; write field = "600 Oe"'):
        check_station_text(text, "x.toml")


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path):
    with pytest.raises(StationFileError, match=r'cannot be read .* give a TOML file or "sim"'):
        read_station_file(tmp_path / "none.toml")
    with pytest.raises(StationFileError, match="cannot be read"):
        read_station_file(tmp_path)


def test_instruments_must_be_tables():
    with pytest.raises(StationFileError, match="no instruments"):
        check_station_text("schema = 1\nname = 'x'\n", "x.toml")


def test_a_section_must_be_a_table():
    text = "\n".join(
        [
            "schema = 1",
            "name = 'x'",
            "wiring = 3",
            "[instruments.a]",
            "driver = 'SR830'",
            "address = 'x'",
            "[roles]",
            *(f"{role} = 'a'" for role in SECTIONS["roles"]),
        ]
    )
    with pytest.raises(StationFileError, match=r"'wiring' must be a table; write \[wiring\] above its keys"):
        check_station_text(text, "x.toml")
