"""Which model can fill which role, what a station file may say of it, and what becomes of it then."""

import json
import tomllib
from importlib import import_module
from pathlib import Path

import jsonschema
import pytest

from coldfinger.instruments.srs import ReferenceSource
from coldfinger.procedures.laboratory.models import MODELS, ROLES, models_for
from coldfinger.procedures.laboratory.opening import _BOUNDS
from coldfinger.procedures.laboratory.outputs import HEATER_OFF, SINES
from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from coldfinger.procedures.laboratory.station_schema import schema_text, station_schema
from coldfinger.sim.places import PLACES

ROOT = Path(__file__).parents[3]
BUILT_IN = read_station_file().text
EXAMPLES = sorted((ROOT / "examples/stations").glob("*.toml"))
ADDRESS = {"Triton": "TCPIP0::10.0.0.6::33576::SOCKET", "MercuryIPS": "TCPIP0::10.0.0.7::7020::SOCKET"}
NEEDED = {"IPS120": 'coil_constant = "2 mT/A"'}
BIAS = '[instruments.bias]\ndriver = "GS200"\naddress = "GPIB0::7::INSTR"\n'


def with_model(text, name, model, *more):
    """The station with another model under the name of one of its instruments."""
    table = tomllib.loads(text)["instruments"][name]
    head = f'[instruments.{name}]\ndriver = "{table["driver"]}"\naddress = "{table["address"]}"\n'
    assert head in text
    lines = [f'driver = "{model}"', f'address = "{ADDRESS.get(model, table["address"])}"', *more]
    if model in NEEDED:
        lines.append(NEEDED[model])
    return text.replace(head, "\n".join([f"[instruments.{name}]", *lines, ""]))


def with_generator(bias):
    """The station with a generator as its source, and as its bias if wanted."""
    generator = (
        '[instruments.generator]\ndriver = "Keysight33511B"\naddress = "TCPIP0::10.0.0.5::5025::SOCKET"\n\n[roles]'
    )
    text = BUILT_IN.replace("[roles]", generator, 1).replace('source = "lockin"', 'source = "generator"', 1)
    return text.replace(BIAS, "").replace('bias = "bias" ', 'bias = "generator" ') if bias else text


def test_every_model_has_a_driver_a_panel_and_all_that_its_roles_need():
    panels = {model for models in PLACES.values() for model in models}
    assert set(MODELS) <= panels
    assert set(MODELS) == set(_BOUNDS)
    for name, model in MODELS.items():
        module, _, driver = model.driver.partition(":")
        assert getattr(import_module(f"coldfinger.instruments.{module}"), driver).__name__ == name
        assert set(model.roles) <= set(ROLES)
    assert set(SINES) == set(models_for("source"))
    assert set(HEATER_OFF) == set(models_for("controller"))


@pytest.mark.parametrize("role", ROLES)
def test_a_model_that_cannot_fill_a_role_is_told_which_can(role):
    wrong = "bias" if role != "bias" else "magnet"
    line = next(line for line in BUILT_IN.splitlines() if line.startswith(f"{role} = ") and "hold" not in line)
    with pytest.raises(StationFileError) as error:
        check_station_text(BUILT_IN.replace(line, f'{role} = "{wrong}"', 1), "x.toml")
    assert f"x.toml: roles.{role} = '{wrong}' is a" in str(error.value)
    assert str(error.value).endswith("this role takes a " + " or a ".join(models_for(role)))


SWAPS = [
    ("lockin", "SR860"),
    ("lockin", "SR865A"),
    ("fridge", "LakeShore370"),
    ("magnet", "MercuryIPS"),
    ("magnet", "IPS120"),
]


@pytest.mark.parametrize(("name", "model"), SWAPS)
def test_another_model_in_a_role_connects_and_becomes_safe(simulated, name, model):
    station = simulated(text=with_model(BUILT_IN, name, model))
    assert type(station.instruments[name]).__name__ == model
    station.prepare_lockin()
    station.source.current = 1e-9
    assert station.source.current == pytest.approx(1e-9, rel=2e-3)  # three digits of an SR860, 2 mV of an SR830
    station.go_to_field(20e-4)
    station.clock.sleep(60.0)
    assert station.sample_field(station.magnet.field) == pytest.approx(20e-4, abs=1e-5)
    assert station.cryostat.magnet.sample_after == pytest.approx(20.0, abs=0.2)
    assert all(report.done for report in station.to_safe())
    assert station.cryostat.lockin.amplitude <= 4e-3
    assert station.cryostat.loop.range_current == 0.0


def test_a_generator_as_source_is_followed_by_the_lockin(simulated):
    station = simulated(text=with_generator(bias=False))
    station.prepare_lockin()
    assert station.lockin.reference_source is ReferenceSource.EXTERNAL
    station.source.frequency = 13.0
    station.source.current = 1e-9
    station.lockin.sensitivity, station.lockin.time_constant = 20e-6, 0.3
    station.clock.sleep(20.0)
    rho = float(station.cryostat.sample.resistivity(station.cryostat.chip.temperature, 0.5))
    # The electrons are warmer than the chip at 10 mK, so the film shows less than its resistance without a current.
    assert station.lockin.xy.x == pytest.approx(1e-9 * rho, rel=0.2)
    assert station.lockin.frequency == 13.0
    assert station.rack.log.of("generator amplitude")[-1].value == pytest.approx(1.0, rel=1e-3)
    station.to_safe()
    assert station.rack.log.of("generator amplitude")[-1].value < 1e-3


@pytest.mark.parametrize("kind", ["generator", "SR860"])
def test_an_offset_of_the_sine_is_a_bias_through_its_own_resistor(simulated, kind):
    if kind == "generator":
        text = with_generator(bias=True)
    else:
        text = with_model(BUILT_IN, "lockin", "SR860").replace('bias = "bias" ', 'bias = "lockin" ')
        text = text.replace("auxiliary_output = 1", "auxiliary_output = 0").replace(BIAS, "")
    station = simulated(text=text)
    assert station.bias.series_resistance == 1e9 + 50.0
    assert not station.bias_switches
    station.bias_on(2e-9)
    assert station.network.bias_conductance == 0.0
    station.move_bias(2e-9)
    assert station.cryostat.lockin.bias()[0] == pytest.approx(2e-9, rel=1e-3)
    (report,) = [report for report in station.to_safe() if report.item == "bias"]
    assert report.done
    assert station.cryostat.lockin.bias()[0] == 0.0


def test_an_offset_needs_an_instrument_that_has_one_and_gives_the_sine():
    text = BUILT_IN.replace("auxiliary_output = 1", "auxiliary_output = 0").replace(
        'bias = "bias" ', 'bias = "lockin" '
    )
    with pytest.raises(
        StationFileError, match=r"bias\.auxiliary_output = 0 is the dc offset .* an SR830 has none; write"
    ):
        check_station_text(text, "x.toml")
    text = with_generator(bias=True).replace('source = "generator"', 'source = "lockin"')
    with pytest.raises(
        StationFileError, match=r"roles.bias = 'generator' would be the dc offset of a sine output, but"
    ):
        check_station_text(text, "x.toml")


def test_a_bias_beyond_what_an_output_can_give_is_refused_before_it_moves(simulated):
    station = simulated(text=with_generator(bias=True))
    with pytest.raises(ValueError, match=r"needs 50 V behind 1 Gohm; the source gives 9\.9 V, choose a smaller bias"):
        station.check_bias(50e-9)


OPTIONS = [
    ("fridge", "LakeShore372", "channel = 17", "instruments.fridge.channel = 17 is out of range; allowed is 1 to 16"),
    ("fridge", "LakeShore372", "chanel = 1", "unknown key instruments.fridge.chanel; did you mean 'channel'?"),
    ("fridge", "LakeShore370", 'control_input = "A"', "control_input = 'A' is not one of 1, 2, 3"),
    ("magnet", "MercuryIPS", 'group = "GRPA"', "instruments.magnet.group = 'GRPA' is not one of GRPX, GRPY, GRPZ"),
    ("lockin", "SR830", "channel = 1", "unknown key instruments.lockin.channel; allowed are driver, address"),
]


@pytest.mark.parametrize(("name", "model", "line", "sentence"), OPTIONS, ids=[o[2] for o in OPTIONS])
def test_an_option_of_a_model_is_checked_like_every_key(name, model, line, sentence):
    with pytest.raises(StationFileError, match=sentence.replace("?", r"\?")):
        check_station_text(with_model(BUILT_IN, name, model, line), "x.toml")


def test_options_reach_the_driver(simulated):
    text = with_model(BUILT_IN, "fridge", "LakeShore372", "channel = 3")
    assert simulated(text=text, connect=False).bridge.id == 3
    with pytest.raises(
        StationFileError, match=r"instruments\.magnet\.coil_constant is missing; write coil_constant = "
    ):
        check_station_text(with_model(BUILT_IN, "magnet", "IPS120").replace(NEEDED["IPS120"], ""), "x.toml")
    text = with_model(BUILT_IN, "magnet", "MercuryIPS", 'word = "SPSU"')
    assert simulated(text=text).rack.models["magnet"] == "MercurySPSU"


def test_two_supplies_find_no_place_in_one_simulated_rack(simulated):
    second = (
        '[instruments.second]\ndriver = "IPS120"\naddress = "GPIB0::25::INSTR"\ncoil_constant = "2 mT/A"\n\n[roles]'
    )
    with pytest.raises(StationFileError, match=r"instruments.second finds no place .* can be the magnet"):
        simulated(text=BUILT_IN.replace("[roles]", second, 1))


def test_a_second_lockin_without_a_role_measures_the_second_film(simulated):
    second = '[instruments.second]\ndriver = "SR830"\naddress = "GPIB0::9::INSTR"\n\n[roles]'
    station = simulated(text=BUILT_IN.replace("[roles]", second, 1))
    assert station.rack.models["second lock-in"] == "SR830"
    station.instruments["second"].sine_voltage = 0.5
    assert station.cryostat.second_lockin().amplitude == 0.5
    assert station.cryostat.lockin.amplitude != 0.5


def test_options_of_the_simulator_reach_the_laboratory(simulated):
    lines = ['base_temperature = "15 mK"', 'base_drift = "1 uK/s"', 'thermal_emf = "3 uV"', 'mains_pickup = "2 uV"']
    lines += ['mains_frequency = "60 Hz"', 'remanence = "20 Oe"', "quench_share = 0.1", "seed = 0"]
    text = BUILT_IN.replace("seed = 0", "\n".join(lines)).replace('corner = "20 Hz"', 'corner = "5 Hz"')
    laboratory = simulated(text=text, connect=False).cryostat.laboratory
    assert (laboratory.thermal.base_temperature, laboratory.thermal.base_drift) == (0.015, 1e-6)
    assert laboratory.stray == (3e-6, 2e-6, 60.0)
    assert (laboratory.magnet.remanence, laboratory.magnet.quench_share) == (pytest.approx(20.0), 0.1)
    assert laboratory.input_noise.corner == 5.0


# Includes


def test_a_file_goes_on_from_those_that_it_includes(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/base.toml").write_text(BUILT_IN, "utf-8")
    (tmp_path / "common.toml").write_text('include = ["parts/base.toml"]\n[limits]\nfield = "300 Oe"\n', "utf-8")
    own = 'include = ["common.toml"]\nname = "mine"\n[limits]\ncurrent = "1 nA"\n'
    own += '[[interlock]]\nname = "cold \\"trap\\""\nsignal = "T_mc"\nabove = "1 K"\n'
    (tmp_path / "own.toml").write_text(own, "utf-8")
    file, base = read_station_file(tmp_path / "own.toml"), read_station_file()
    assert file.top["name"] == "mine"
    assert file.sections["limits"] == {**base.sections["limits"], "field": 0.03, "current": 1e-9}
    assert {**file.sections, "limits": 0} == {**base.sections, "limits": 0}
    assert file.interlocks[0]["name"] == 'cold "trap"'


def test_the_text_of_a_file_with_includes_says_all_by_itself(tmp_path):
    (tmp_path / "base.toml").write_text(BUILT_IN.replace('speed = "unlimited"', "speed = inf"), "utf-8")
    (tmp_path / "own.toml").write_text('include = ["base.toml"]\n[[interlock]]\nsignal = "overload"\n', "utf-8")
    file = read_station_file(tmp_path / "own.toml")
    again = check_station_text(file.text, "elsewhere.toml")
    assert (again.sections, again.instruments, again.interlocks) == (file.sections, file.instruments, file.interlocks)
    assert again.top == file.top


INCLUDES = [
    (
        'include = ["none.toml"]',
        r"include = 'none.toml' cannot be read \(No such file or directory\); give a path from",
    ),
    ('include = ["own.toml"]', "include = 'own.toml' includes itself; leave it out"),
    ('include = "base.toml"', r"include = 'base.toml' must be a list of texts; write \[\"common.toml\"\]"),
    ('include = ["bad.toml"]', "bad.toml: not TOML: .*correct that line"),
    ('include = ["date.toml"]', "unknown key 'name2'"),
]


@pytest.mark.parametrize(("line", "sentence"), INCLUDES, ids=[i[0] for i in INCLUDES])
def test_an_include_that_is_wrong_is_one_sentence(tmp_path, line, sentence):
    (tmp_path / "bad.toml").write_text("name = ", "utf-8")
    (tmp_path / "date.toml").write_text("name2 = 2020-01-01", "utf-8")
    (tmp_path / "own.toml").write_text(line + "\n" + BUILT_IN, "utf-8")
    with pytest.raises(StationFileError, match=sentence) as error:
        read_station_file(tmp_path / "own.toml")
    assert "\n" not in str(error.value)


# The schema for editors


def test_the_schema_for_editors_is_made_from_the_tables_that_check():
    path = ROOT / "procedures/stations/station.schema.json"
    assert path.read_text("utf-8") == schema_text(), (
        "python -m coldfinger.procedures.laboratory.station_schema writes it anew"
    )
    jsonschema.Draft7Validator.check_schema(station_schema())


@pytest.mark.parametrize("path", [ROOT / "procedures/stations/sim.toml", *EXAMPLES], ids=lambda path: path.stem)
def test_the_schema_takes_every_station_file_that_is_right(path):
    jsonschema.validate(tomllib.loads(path.read_text("utf-8")), json.loads(schema_text()))


WRONG = [
    ('field = "600 Oe"', "field = 600"),
    ('field = "600 Oe"', ""),
    ('driver = "SR830"', 'driver = "SR831"'),
    ('driver = "SR830"', 'driver = "SR830"\nchannel = 1'),
    ('address = "GPIB0::8::INSTR"', ""),
    ("[safe]", "[save]"),
    ("offset =", "ofset ="),
    ('magnet = "hold"', 'magnet = "off"'),
    ("schema = 1", "schema = 2"),
    ("schema = 1", ""),
    ("seed = 0", "seed = -1"),
    ("fluctuations = false", "fluctuations = 0"),
    ('speed = "unlimited"', "speed = 0"),
    ('["40 mK", "1 mA"],', '["40 mK"],'),
    ("pid = [10, 10, 0]", "pid = [10, 10]"),
    ('bias = "bias" ', "bias = 3 "),
]


@pytest.mark.parametrize(("right", "wrong"), WRONG)
def test_the_schema_refuses_what_the_program_refuses(right, wrong):
    text = BUILT_IN.replace(right, wrong, 1)
    with pytest.raises(StationFileError):
        check_station_text(text, "x.toml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), json.loads(schema_text()))


def test_the_schema_lets_a_file_leave_to_its_includes_what_they_say():
    jsonschema.validate({"include": ["base.toml"], "limits": {"field": "300 Oe"}}, station_schema())
