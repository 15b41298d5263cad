"""The simulated 33511B against its guide and pymeasure's own driver, and what its volts do to the film."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymeasure.adapters import Adapter
from pymeasure.instruments.agilent import Agilent33500

from coldfinger.sim.devices.k33511b import Keysight33511B
from coldfinger.sim.devices.sr860 import SR860
from coldfinger.sim.generator import generator_of
from tests.sim.panel_checks import ask, laboratory, tell

NO_ERROR = '+0,"No error"'


@pytest.fixture
def cryostat():
    return laboratory()


@pytest.fixture
def panel(cryostat):
    result = Keysight33511B(cryostat)
    result.receive(b"*CLS\n")
    return result


def state(panel):
    return vars(panel._source).copy(), panel._unit, panel._load, dict(panel._kept)


def test_identity_and_what_reset_leaves(panel):
    assert ask(panel, "*IDN?").startswith("Agilent Technologies,33511B,MY")
    for text in (
        "FUNC SQU",
        "FREQ 7",
        "VOLT 1",
        "VOLT:OFFS 0.1",
        "OUTP ON",
        "OUTP:LOAD INF",
        "VOLT:UNIT VRMS",
        "OUTP:POL INV",
    ):
        assert tell(panel, text) == NO_ERROR
    panel.receive(b"*RST\n")
    assert ask(panel, "FUNC?;FREQ?;VOLT?;VOLT:UNIT?;:OUTP?;OUTP:LOAD?;OUTP:POL?;:VOLT:OFFS?") == (
        "SIN;+1.00000000000000E+03;+1.00000000000000E-01;VPP;0;+5.00000000000000E+01;NORM;+0.00000000000000E+00"
    )


@pytest.mark.parametrize(
    "text",
    [":SOURce1:FREQuency 7", "sour:freq 7", "FREQ 7", "SOUR1:FREQ:CW 7 HZ", "FREQ 0.007KHZ", "Source:Frequency 7"],
)
def test_words_have_a_short_and_a_long_form_and_the_source_may_be_left_out(panel, text):
    assert tell(panel, text) == NO_ERROR
    assert ask(panel, "SOUR:FREQ?") == "+7.00000000000000E+00"
    assert panel.receive(b"SOURCE1:FREQUENCY?", end=True) == b"+7.00000000000000E+00\n"


def test_what_follows_a_semicolon_goes_on_from_there_or_from_the_root(panel):
    assert tell(panel, "SOUR1:VOLT:UNIT VRMS;OFFS 0.2;LOW -1") == NO_ERROR
    assert ask(panel, "VOLT:UNIT?;OFFS?").startswith("VRMS;-")
    assert tell(panel, "OUTP1:LOAD INF;POL INV;*OPC;STAT ON;:FREQ 9;SOUR1:VOLT 1") == NO_ERROR
    assert ask(panel, "OUTP:LOAD?;POL?;STAT?;:FREQ?") == "9.9E+37;INV;1;+9.00000000000000E+00"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("FOO 1", '-113,"Undefined header"'),
        ("FOO?", '-113,"Undefined header"'),
        ("SOUR2:FREQ 1", '-113,"Undefined header"'),
        ("FREQ", '-109,"Missing parameter"'),
        ("FREQ abc", '-121,"Invalid character in number"'),
        ("FREQ 1 VPP", '-121,"Invalid character in number"'),
        ("VOLT 1 HZ", '-121,"Invalid character in number"'),
        ("FUNC COS", '-224,"Illegal parameter value"'),
        ("VOLT:UNIT VP", '-224,"Illegal parameter value"'),
        ("OUTP MAYBE", '-224,"Illegal parameter value"'),
        ("OUTP:LOAD 0.5", '-222,"Data out of range"'),
        ("OUTP:LOAD 10001", '-222,"Data out of range"'),
        ("BURS:PHAS 400", '-222,"Data out of range"'),
        ("VOLT:HIGH -1", '-221,"Settings conflict; high level must be above low level"'),
    ],
)
def test_what_is_wrong_is_silent_changes_nothing_and_lies_in_the_queue(panel, text, error):
    before = state(panel)
    assert tell(panel, text) == error
    assert ask(panel, "SYST:ERR?") == NO_ERROR
    assert state(panel) == before


@pytest.mark.parametrize(
    ("text", "query", "kept", "limit"),
    [
        ("FREQ 21E6", "FREQ?", 20e6, "upper"),
        ("FREQ 1E-7", "FREQ?", 1e-6, "lower"),
        ("VOLT 10.1", "VOLT?", 10.0, "upper"),
        ("VOLT 0.9E-3", "VOLT?", 1e-3, "lower"),
        ("VOLT -1", "VOLT?", 1e-3, "lower"),
        ("PHAS 361", "PHAS?", 360.0, "upper"),
        ("VOLT 20 DBM", "VOLT?", math.sqrt(0.1 * 50.0 * 8.0), ""),
        ("VOLT 30 DBM", "VOLT?", 10.0, "upper"),
    ],
)
def test_a_number_beyond_an_edge_is_clipped_with_an_error(panel, text, query, kept, limit):
    error = f'-222,"Data out of range; value clipped to {limit} limit"' if limit else NO_ERROR
    assert tell(panel, text) == error
    assert float(ask(panel, query)) == pytest.approx(kept)


def test_edges_themselves_are_allowed_and_can_be_asked_for(panel):
    for text in (
        "FREQ 20E6",
        "FREQ 1E-6",
        "VOLT 10",
        "VOLT 0.001",
        "PHAS -360",
        "OUTP:LOAD 1",
        "OUTP:LOAD 10000",
        "FREQ MAX",
    ):
        assert tell(panel, text) == NO_ERROR
    panel.receive(b"*RST\n")
    assert float(ask(panel, "FREQ? MAX")) == 20e6
    assert float(ask(panel, "FREQ? MIN")) == 1e-6
    assert float(ask(panel, "VOLT? MAX")) == pytest.approx(10.0)
    assert float(ask(panel, "VOLT? MIN")) == pytest.approx(1e-3)
    assert float(ask(panel, "VOLT:OFFS? MAX")) == pytest.approx(4.95)
    assert float(ask(panel, "OUTP:LOAD? MAX")) == 1e4
    panel.receive(b"OUTP:LOAD INF\n")
    assert float(ask(panel, "VOLT? MAX")) == pytest.approx(20.0)


def test_ramps_are_slower_and_bring_the_frequency_down(panel):
    panel.receive(b"FREQ 1E6\n")
    assert tell(panel, "FUNC RAMP").startswith("-221")
    assert float(ask(panel, "FREQ?")) == 200e3
    assert tell(panel, "FREQ 250E3").startswith("-222")


def test_amplitude_and_offset_share_five_volts_into_50_ohm(panel):
    assert tell(panel, "VOLT 6") == NO_ERROR
    assert tell(panel, "VOLT:OFFS 2") == NO_ERROR
    assert tell(panel, "VOLT:OFFS 2.1") == '-221,"Settings conflict; offset changed due to amplitude"'
    assert float(ask(panel, "VOLT:OFFS?")) == pytest.approx(2.0)
    assert tell(panel, "VOLT 7") == '-221,"Settings conflict; amplitude changed due to offset"'
    assert float(ask(panel, "VOLT?")) == pytest.approx(6.0)
    assert tell(panel, "OUTP:LOAD INF") == NO_ERROR
    assert float(ask(panel, "VOLT:OFFS?")) == pytest.approx(4.0)
    assert tell(panel, "FUNC DC") == NO_ERROR
    assert tell(panel, "VOLT:OFFS 9") == NO_ERROR


def test_high_and_low_levels_are_offset_and_half_the_amplitude(panel):
    assert tell(panel, "VOLT:HIGH 2") == NO_ERROR
    assert tell(panel, "VOLT:LOW -1") == NO_ERROR
    assert float(ask(panel, "VOLT?")) == pytest.approx(3.0)
    assert float(ask(panel, "VOLT:OFFS?")) == pytest.approx(0.5)
    assert float(ask(panel, "VOLT:HIGH?")) == pytest.approx(2.0)
    assert float(ask(panel, "VOLT:LOW?")) == pytest.approx(-1.0)
    assert tell(panel, "VOLT:LOW 3").startswith("-221")


@pytest.mark.parametrize(
    ("shape", "part"), [("SIN", 8**-0.5), ("SQU", 0.5), ("PULS", 0.5), ("RAMP", 12**-0.5), ("TRI", 12**-0.5)]
)
def test_changing_the_unit_converts_the_number_and_leaves_the_output(panel, shape, part):
    panel.receive(f"FUNC {shape};:VOLT 2\n".encode())
    volts = panel._source.peak_to_peak
    assert tell(panel, "VOLT:UNIT VRMS") == NO_ERROR
    assert float(ask(panel, "VOLT?")) == pytest.approx(2.0 * part)
    assert tell(panel, "VOLT:UNIT DBM") == NO_ERROR
    assert float(ask(panel, "VOLT?")) == pytest.approx(10.0 * math.log10((2.0 * part) ** 2 / 50.0 / 1e-3))
    assert panel._source.peak_to_peak == volts


@settings(max_examples=50, deadline=None)
@given(st.floats(2.5e-3, 3.0), st.sampled_from(["VPP", "VRMS", "DBM"]), st.sampled_from(["50", "75", "1000", "10000"]))
def test_an_amplitude_is_read_back_as_it_was_set_in_every_unit_and_load(volts, unit, load):
    panel = Keysight33511B(laboratory())
    value = volts if unit != "DBM" else 10.0 * math.log10(volts**2 / float(load) / 1e-3 / 8.0)
    assert tell(panel, f"OUTP:LOAD {load};:VOLT:UNIT {unit};:VOLT 0.5 VPP;:VOLT {value:.12g}") == NO_ERROR
    assert float(ask(panel, "VOLT?")) == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_the_load_changes_what_is_shown_and_not_what_is_there(panel):
    panel.receive(b"VOLT 10\n")
    open_circuit = panel._source.peak_to_peak
    assert open_circuit == pytest.approx(20.0)
    assert tell(panel, "OUTP1:LOAD INF") == NO_ERROR
    assert ask(panel, "OUTP1:LOAD?") == "9.9E+37"
    assert float(ask(panel, "VOLT?")) == pytest.approx(20.0)
    assert tell(panel, "OUTP1:LOAD 50") == NO_ERROR
    assert float(ask(panel, "VOLT?")) == pytest.approx(10.0)
    assert tell(panel, "OUTP1:LOAD 9.9E+37") == NO_ERROR
    assert float(ask(panel, "VOLT?")) == pytest.approx(20.0)
    assert panel._source.peak_to_peak == open_circuit


def test_decibels_need_a_load(panel):
    panel.receive(b"VOLT:UNIT DBM\n")
    assert tell(panel, "OUTP:LOAD INF") == NO_ERROR
    assert ask(panel, "VOLT:UNIT?") == "VPP"
    assert tell(panel, "VOLT:UNIT DBM").startswith("-221")
    assert tell(panel, "VOLT 1 DBM").startswith("-221")
    assert ask(panel, "VOLT:UNIT?") == "VPP"


def test_the_queue_holds_twenty_gives_the_oldest_first_and_overflows(panel):
    panel.receive(b"FREQ\n" + b"FOO 1\n" * 19)
    panel.receive(b"FREQ 1E9\n")
    errors = [ask(panel, "SYSTem:ERRor?") for _ in range(21)]
    assert errors[0].startswith("-109")
    assert errors[1:19] == ['-113,"Undefined header"'] * 18
    assert errors[19:] == ['-350,"Queue overflow"', NO_ERROR]
    panel.receive(b"FOO\n*CLS\n")
    assert ask(panel, "SYST:ERR?") == NO_ERROR


def test_status_bytes_follow_errors_and_enables(cryostat):
    panel = Keysight33511B(cryostat)
    assert ask(panel, "*ESR?") == "+128"
    panel.receive(b"FOO;FREQ 1E9;*OPC\n")
    assert ask(panel, "*ESR?") == "+49"
    assert ask(panel, "*STB?") == "+4"
    panel.receive(b"*ESE 32;*SRE 32;FOO\n")
    assert ask(panel, "*ESE?;*SRE?") == "+32;+32"
    assert panel.serial_poll(True) == 4 + 16 + 32 + 64
    assert ask(panel, "*OPC?;*TST?;:SYST:VERS?") == "1;+0;1999.0"
    assert tell(panel, "VOLT " + "1" * 400).startswith("-113")


def test_the_film_gets_twice_what_is_shown_for_50_ohm_behind_a_large_resistor(cryostat, panel):
    lockin = SR860(cryostat)
    lockin.receive(b"RSRC 1;OFLT 11;OFSL 3;ISRC 1;ICPL 1;SLVL 2\n")
    panel.receive(b"FREQ 7;VOLT:UNIT VRMS;:VOLT 0.5\n")
    cryostat.advance(30.0)
    assert abs(float(ask(lockin, "OUTP? R"))) < 1e-12
    panel.receive(b"OUTP ON\n")
    cryostat.advance(60.0)
    driven = complex(*map(float, ask(lockin, "SNAP? X,Y").split(",")))
    assert (ask(lockin, "FREQ?"), ask(lockin, "FREQEXT?"), ask(lockin, "CUROVLDSTAT?")) == ("7", "7", "0")
    alone = laboratory()
    oscillator = SR860(alone)
    oscillator.receive(b"FREQ 7;SLVL 1;OFLT 11;OFSL 3;ISRC 1;ICPL 1\n")
    alone.advance(60.0)
    assert driven == pytest.approx(complex(*map(float, ask(oscillator, "SNAP? X,Y").split(","))), rel=1e-6)
    panel.receive(b"OUTP:POL INV\n")
    cryostat.advance(90.0)
    assert complex(*map(float, ask(lockin, "SNAP? X,Y").split(","))) == pytest.approx(-driven, rel=1e-6)
    panel.receive(b"OUTP:POL NORM;:OUTP:LOAD INF;:VOLT 0.5\n")
    cryostat.advance(120.0)
    assert float(ask(lockin, "OUTP? R")) == pytest.approx(0.5 * abs(driven), rel=1e-3)


def test_an_internal_reference_sees_the_generator_at_its_own_frequency_only(cryostat, panel):
    lockin = SR860(cryostat)
    lockin.receive(b"FREQ 7;OFLT 11;OFSL 3\n")
    panel.receive(b"FREQ 7;VOLT 1;:OUTP ON\n")
    cryostat.advance(30.0)
    x, y, radius, theta = map(float, ask(lockin, "SNAPD?").split(","))
    assert radius > 1e-6
    panel.receive(b"PHAS 90\n")
    cryostat.advance(60.0)
    assert float(ask(lockin, "OUTP? 3")) == pytest.approx(theta + 90.0, abs=0.01)
    panel.receive(b"FREQ 7.1\n")
    cryostat.advance(120.0)
    assert float(ask(lockin, "OUTP? 2")) < 1e-4 * radius
    assert math.hypot(x, y) == pytest.approx(radius)


@pytest.mark.parametrize(
    ("shape", "part"), [("SIN", 1.0), ("SQU", 4 / math.pi), ("TRI", 8 / math.pi**2), ("RAMP", 2 / math.pi), ("DC", 0.0)]
)
def test_the_lock_in_detects_the_fundamental_of_a_shape(panel, shape, part):
    panel.receive(f"FUNC {shape};:OUTP:LOAD INF;:VOLT 2;:OUTP ON\n".encode())
    assert panel._source.amplitude() == pytest.approx(part * math.sqrt(0.5))


def test_the_offset_is_a_bias_behind_the_same_resistor(cryostat, panel):
    resistance = cryostat.laboratory.wiring.series_resistance
    panel.receive(b"OUTP:LOAD INF;:VOLT 0.1;:VOLT:OFFS 2\n")
    assert cryostat.lockin.bias()[0] == 0.0
    panel.receive(b"OUTP ON\n")
    assert cryostat.lockin.bias() == (pytest.approx(2.0 / resistance), math.inf)
    panel.receive(b"*RST\n")
    assert cryostat.lockin.bias() == (0.0, math.inf)


def test_a_laboratory_has_one_generator_whatever_panel_asks(cryostat, panel):
    panel.receive(b"FREQ 9;:OUTP ON\n")
    assert generator_of(cryostat) is panel._source
    again = Keysight33511B(cryostat)  # as after a power failure
    assert again._source is panel._source
    assert (again._source.output, again._source.frequency) == (False, 1000.0)


class _Wire(Adapter):
    """pymeasure's end of a wire into a panel."""

    def __init__(self, panel):
        super().__init__()
        self.panel = panel
        self._reply = b""

    def _write(self, command, **kwargs):
        self._reply += self.panel.receive(command.encode() + b"\n")

    def _read(self, **kwargs):
        reply, _, self._reply = self._reply.partition(b"\n")
        return reply.decode()


def test_pymeasures_own_driver_sets_and_reads_every_property(panel):
    generator = Agilent33500(_Wire(panel))
    assert generator.id.split(",")[1] == "33511B"
    values = {"frequency": 7.0, "amplitude": 1.0, "offset": -0.5, "voltage_high": 1.5, "voltage_low": -1.0}
    values |= {
        "phase": 90.0,
        "square_dutycycle": 25.0,
        "ramp_symmetry": 50.0,
        "pulse_period": 2e-3,
        "pulse_width": 1e-3,
    }
    values |= {"pulse_dutycycle": 30.0, "output": True, "amplitude_unit": "VRMS", "shape": "SQU"}
    for target in (generator, generator.ch_1):
        for name, value in values.items():
            setattr(target, name, value)
            read = getattr(target, name)
            assert read == (pytest.approx(value) if isinstance(value, float) else value), name
        for shape in ("SIN", "SQU", "TRI", "RAMP", "PULS", "PRBS", "NOIS", "ARB", "DC"):
            target.shape = shape
            assert target.shape == shape
        target.output_load = "INF"
        assert target.output_load == 9.9e37
        target.output_load = 50
        assert target.output_load == 50.0
        for unit in ("VPP", "VRMS", "DBM"):
            target.amplitude_unit = unit
            assert target.amplitude_unit == unit
        panel.receive(b"*RST\n")
    generator.phase_sync()
    generator.beep()
    assert generator.check_errors() == []


def test_what_another_driver_asks_for_a_snapshot_is_answered(panel):
    queries = ["FUNCtion", "FREQuency:MODE", "FREQuency", "PHASe", "VOLTage:UNIT", "VOLTage", "VOLTage:OFFSet"]
    queries += ["FUNCtion:RAMP:SYMMetry", "FUNCtion:PULSE:WIDTh", "BURSt:STATe", "BURSt:MODE", "BURSt:NCYCLes"]
    queries += ["BURSt:PHASe", "BURSt:GATE:POLarity", "BURSt:INTernal:PERiod"]
    rest = ["OUTPut1?", "OUTPut1:POLarity?", "OUTPut:SYNC?"]
    rest += [f"TRIGger1:{word}?" for word in ("SOURce", "SLOPe", "COUNt", "DELay", "TIMer")]
    for query in [f"SOURce1:{query}?" for query in queries] + rest:
        assert ask(panel, query)
    assert ask(panel, "SYSTem:ERRor?") == NO_ERROR
    for text in ("SOUR1:BURS:STAT ON", "OUTP:SYNC OFF", "TRIG1:SOUR BUS", "SOUR1:BURS:MODE GATED", "SOUR1:BURS:NCYC 5"):
        assert tell(panel, text) == NO_ERROR
    assert ask(panel, "BURS:STAT?;:OUTP:SYNC?;:TRIG:SOUR?;:BURS:MODE?") == "1;0;BUS;GAT"
    assert float(ask(panel, "BURS:NCYC?")) == 5.0
