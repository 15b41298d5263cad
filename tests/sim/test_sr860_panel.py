"""The simulated SR860 and SR865A against the manual, the maker's tables and pymeasure's own driver."""

import math

import pytest
from pymeasure.adapters import Adapter
from pymeasure.instruments import srs

from coldfinger.sim.clock import SimClock
from coldfinger.sim.devices.sr860 import SR860, SR865, SR865A, SR860Telnet
from coldfinger.sim.devices.sr860_setup import RANGES, SCALES, TIME_CONSTANTS
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample
from tests.sim.panel_checks import ask, event, laboratory

BIASED = builtin_sample("S1", 0, fluctuations=False)
ADDRESS = "GPIB0::8::INSTR"


@pytest.fixture
def cryostat():
    return laboratory()


@pytest.fixture
def panel(cryostat):
    result = SR860(cryostat)
    result.receive(b"*CLS\n")
    return result


def test_identities_and_power_on_bit(cryostat):
    panel = SR860(cryostat)
    assert ask(panel, "*IDN?") == "Stanford_Research_Systems,SR860,003693,V1.51"  # of a real unit
    assert event(panel) == 128
    assert event(panel) == 0
    assert ask(SR865(cryostat), "*IDN?").split(",")[1] == "SR865"
    assert ask(SR865A(cryostat), "*IDN?") == "Stanford_Research_Systems,SR865A,002725,v1.34"  # of a real unit


@pytest.mark.parametrize(("model", "highest"), [(SR860, 500e3), (SR865, 2e6), (SR865A, 4e6)])
def test_each_model_has_its_own_highest_frequency(cryostat, model, highest):
    panel = model(cryostat)
    panel.receive(b"*CLS;HARM 1\n")
    panel.receive(f"FREQ {highest}\n".encode())
    assert (event(panel), float(ask(panel, "FREQ?"))) == (0, highest)
    panel.receive(f"FREQ {1.001 * highest}\n".encode())
    assert (event(panel), float(ask(panel, "FREQ?"))) == (16, highest)
    panel.receive(b"HARM 2\n")
    assert (event(panel), ask(panel, "HARM?")) == (16, "1")
    panel.receive(f"FREQ {highest / 100};HARM 99\n".encode())
    assert (event(panel), ask(panel, "HARM?")) == (0, "99")
    assert float(ask(panel, "FREQDET?")) == pytest.approx(0.99 * highest)


def test_terminators_case_and_a_leading_colon_do_not_matter(panel):
    for text in (b"SCAL?\n", b"scal ?\r", b":SCAL?\r\n", b"Scal? \r"):
        assert panel.receive(text) == b"0\n"
    assert panel.receive(b"SCAL?", end=True) == b"0\n"


def test_each_answer_of_a_list_is_terminated_by_itself(panel):
    panel.port.receive(b"SCAL 5;SCAL?;OFLT 3;OFLT?\n")
    assert list(panel.port.out) == [b"5\n", b"3\n"]


def test_index_tables_are_those_of_the_makers_driver(panel, cryostat):
    assert (SCALES[0], SCALES[1], SCALES[2], SCALES[27], len(SCALES)) == (1.0, 0.5, 0.2, 1e-9, 28)
    assert (TIME_CONSTANTS[0], TIME_CONSTANTS[11], TIME_CONSTANTS[21], len(TIME_CONSTANTS)) == (1e-6, 0.3, 30e3, 22)
    assert list(SCALES) == pytest.approx(srs.SR860.SENSITIVITIES)
    assert list(TIME_CONSTANTS) == pytest.approx(srs.SR860.TIME_CONSTANTS)
    for i, full in enumerate(SCALES):
        panel.receive(b"SCAL %d\n" % i)
        assert (cryostat.lockin.sensitivity, ask(panel, "SCAL?")) == (full, str(i))
    for i, time_constant in enumerate(TIME_CONSTANTS):
        panel.receive(b"OFLT%d\n" % i if i % 2 else b"OFLT %d\n" % i)
        if i % 2 == 0:
            assert (cryostat.lockin.time_constant, ask(panel, "OFLT?")) == (time_constant, str(i))


@pytest.mark.parametrize(
    ("text", "query", "kept"),
    [
        ("FREQ 7.12346", "FREQ?", 7.1235),
        ("FREQ 123456.7", "FREQ?", 123457.0),
        ("FREQINT 1.5 KHZ", "FREQ?", 1500.0),
        ("FREQ 0.2e-2mhz", "FREQINT?", 2000.0),
        ("FREQ 0.001", "FREQ?", 0.001),
        ("SLVL 2", "SLVL?", 2.0),
        ("SLVL 100 MV", "SLVL?", 0.1),
        ("SLVL 0.12345", "SLVL?", 0.123),
        ("SLVL 1.2345e-8", "SLVL?", 12e-9),
        ("SLVL 1 NV", "SLVL?", 1e-9),
        ("SLVL 0", "SLVL?", 1e-9),
        ("SOFF -5", "SOFF?", -5.0),
        ("SOFF 5", "SOFF?", 5.0),
        ("SOFF 1.23456", "SOFF?", 1.2346),
        ("PHAS 541", "PHAS?", -179.0),
        ("PHAS -360000", "PHAS?", 0.0),
        ("PHAS 1 RAD", "PHAS?", 57.29578),
        ("COFP 2,-999.99", "COFP? R", -999.99),
        ("AUXV 3,-10.5", "AUXV? OUT4", -10.5),
        ("AUXV 0,0.0014", "AUXV? 0", 0.001),
        ("PSTF 0, 1.0e3", "PSTF? 0", 1000.0),
        ("PSTA0, 2", "PSTA? 0", 2.0),
        ("PSTL 3,-5", "PSTL? 3", -5.0),
        ("CAPTURELEN 63", "CAPTURELEN?", 64),
    ],
)
def test_numbers_are_rounded_as_the_instrument_rounds_them(panel, text, query, kept):
    assert panel.receive(text.encode() + b"\n") == b""
    assert float(ask(panel, query)) == pytest.approx(kept, rel=1e-8, abs=1e-12)
    assert event(panel) == 0


@pytest.mark.parametrize(
    ("text", "query", "index"),
    [
        ("RSRC EXT", "RSRC?", "1"),
        ("RSRC chop", "RSRC?", "3"),
        ("IVMD CURR", "IVMD?", "1"),
        ("ISRC A-B", "ISRC?", "1"),
        ("ICPL DC", "ICPL?", "1"),
        ("IGND GROUND", "IGND?", "1"),
        ("IRNG 10M", "IRNG?", "4"),
        ("IRNG 300mvolt", "IRNG?", "1"),
        ("ICUR 100MEG", "ICUR?", "1"),
        ("ADVFILT OFF", "ADVFILT?", "0"),
        ("SYNC ON", "SYNC?", "1"),
        ("REFM DIF", "REFM?", "1"),
        ("REFZ 50OHMS", "REFZ?", "0"),
        ("RTRG NEGTTL", "RTRG?", "2"),
        ("CEXP Y, X100", "CEXP? 1", "2"),
        ("CDSP DAT2, XNO", "CDSP? 1", "8"),
        ("COUT OCH2,RTH", "COUT? 1", "1"),
        ("COFA X,ON", "COFA? 0", "1"),
        ("OFSL 3", "OFSL?", "3"),
        ("TBMODE 1", "TBMODE?", "1"),
    ],
)
def test_an_index_may_be_given_by_name(panel, text, query, index):
    assert panel.receive(text.encode() + b"\n") == b""
    assert (ask(panel, query), event(panel)) == (index, 0)


@pytest.mark.parametrize(
    "text",
    [
        "SLVL 2.001",
        "SLVL -0.1",
        "SLVL 1 KHZ",
        "SOFF 5.1",
        "FREQ 0.0009",
        "FREQ 500001",
        "FREQ nan",
        "PHAS 360001",
        "SCAL 28",
        "SCAL -1",
        "IRNG 5",
        "OFLT 22",
        "OFSL 4",
        "HARM 0",
        "HARM 100",
        "RSRC 4",
        "ICPL TTL",
        "OUTP? 17",
        "SNAP? 0",
        "SNAP? 0,17",
        "OUTR? 4",
        "COFP 3,0",
        "COFP 0,1000",
        "AUXV 4,0",
        "AUXV 0,10.6",
        "CEXP 0,3",
        "CAPTURELEN 5000",
        "CAPTURERATE 21",
        "SCAL",
        "SCAL x",
        "*ESR? 8",
        "*ESE 8,1",
        "LIAE 65536",
    ],
)
def test_a_bad_parameter_is_silent_changes_nothing_and_latches_bit_4(panel, text):
    before = panel._setup
    assert panel.receive(text.encode() + b"\n") == b""
    assert event(panel) == 16
    assert event(panel) == 0
    assert panel._setup == before


@pytest.mark.parametrize(
    "text", ["FOO", "FOO?", "CAPTURESTART? ONE,IMM", "SENS?", "FMOD 1", "OEXP? 1", "1", "?", "SN AP?"]
)
def test_an_unknown_command_is_silent_and_latches_bit_5(panel, text):
    assert panel.receive(text.encode() + b"\n") == b""
    assert event(panel) == 32


def test_one_status_bit_can_be_read_and_cleared_alone(panel):
    panel.receive(b"FOO;SCAL 99;*OPC\n")
    assert ask(panel, "*ESR? 5") == "1"
    assert ask(panel, "*ESR? 5") == "0"
    assert event(panel) == 17
    assert ask(panel, "*OPC?") == "1"


def test_outputs_are_the_filtered_signal_with_radius_and_angle(panel, cryostat):
    panel.receive(b"SLVL 1;FREQ 7;SCAL 15;OFLT 11;OFSL 3\n")
    cryostat.advance(30.0)
    x, y, r, theta = (float(ask(panel, f"OUTP? {i}")) for i in range(4))
    unit = 10e-6 / 32768  # steps of the model's own display
    assert (x, y) == pytest.approx(cryostat.lockin.output(30.0), abs=unit)
    assert r == pytest.approx(math.hypot(x, y), rel=1e-7)
    assert theta == pytest.approx(math.degrees(math.atan2(y, x)), rel=1e-7)
    assert x > 1e-6
    for names, indices in (("X,Y", (0, 1)), ("X, Y, R", (0, 1, 2)), ("1,THeta", (1, 3)), ("R,th,samp", (2, 3, 13))):
        assert ask(panel, f"SNAP? {names}") == ",".join(ask(panel, f"OUTP? {i}") for i in indices)
    assert ask(panel, "SNAPD?") == ",".join(ask(panel, f"OUTP? {i}") for i in range(4))
    panel.receive(b"CDSP 0,15\n")
    assert ask(panel, "OUTR? 0") == "7"


def test_all_seventeen_signals_can_be_read(panel):
    panel.receive(b"PHAS 10;SLVL 0.5;SOFF 0.25;FREQ 20;AUXV 0,1;AUXV 1,2\n")
    assert [ask(panel, f"OUTP? {i}") for i in range(4, 17)] == [
        *("0",) * 6,
        *("1", "2", "10", "0.5", "0.25", "20", "0"),
    ]


def test_a_small_scale_raises_overload_bits_and_changes_no_reading(panel, cryostat):
    panel.receive(b"SLVL 1;FREQ 7;SCAL 15;OFLT 11;OFSL 3\n")
    cryostat.advance(30.0)
    x = float(ask(panel, "OUTP? X"))
    assert ask(panel, "CUROVLDSTAT?") == "0"
    panel.receive(b"*CLS;SCAL 27\n")
    cryostat.advance(31.0)
    assert float(ask(panel, "OUTP? X")) == pytest.approx(x, rel=1e-3)
    assert int(ask(panel, "CUROVLDSTAT?")) & (1 + 256 + 1024) == 1 + 256 + 1024
    panel.receive(b"SCAL 9\n")
    cryostat.advance(32.0)
    assert ask(panel, "CUROVLDSTAT?") == "0"
    assert ask(panel, "LIAS? 0") == "1"
    assert ask(panel, "LIAS? 0") == "0"
    panel.receive(b"SCAL 27\n")
    cryostat.advance(33.0)
    panel.receive(b"SCAL 9\n")
    cryostat.advance(34.0)
    panel.receive(b"*CLS\n")
    assert ask(panel, "LIAS?") == "0"


def test_a_signal_beyond_the_input_range_is_seen(panel, cryostat):
    cryostat.lockin.pickup = 9e-3 + 0j
    panel.receive(b"SLVL 0.001;FREQ 7;SCAL 3;IRNG 4;OFLT 10;OFSL 0\n")
    cryostat.advance(10.0)
    assert (ask(panel, "CUROVLDSTAT?"), ask(panel, "ILVL?")) == ("16", "4")
    panel.receive(b"ARNG\n")
    assert ask(panel, "IRNG?") == "3"
    assert RANGES[3] > 9e-3 * math.sqrt(2.0)
    assert (ask(panel, "CUROVLDSTAT?"), ask(panel, "ILVL?")) == ("0", "2")


def test_an_unlocked_reference_is_live_and_latched(panel, cryostat):
    panel.receive(b"RSRC 1\n")
    assert (ask(panel, "CUROVLDSTAT?"), ask(panel, "LIAS?"), ask(panel, "FREQ?")) == ("8", "8", "0")
    panel.receive(b"FREQ 9\n")
    assert event(panel) == 16
    panel.receive(b"FREQINT 9;RSRC INT;*CLS\n")
    assert (ask(panel, "CUROVLDSTAT?"), ask(panel, "LIAS?"), ask(panel, "FREQ?")) == ("0", "0", "9")
    cryostat.lockin.unlocked = True
    cryostat.advance(1.0)
    cryostat.lockin.unlocked = False
    cryostat.advance(2.0)
    assert (ask(panel, "CUROVLDSTAT?"), ask(panel, "LIAS?")) == ("0", "8")


def test_the_synchronous_filter_works_at_low_frequencies_only(panel, cryostat):
    panel.receive(b"FREQ 7;SYNC 1\n")
    assert (cryostat.lockin.sync, ask(panel, "LIAS?")) == (True, "0")
    panel.receive(b"FREQ 5000\n")
    assert (cryostat.lockin.sync, ask(panel, "LIAS? 5")) == (False, "1")


def test_offsets_are_subtracted_while_they_are_on(panel, cryostat):
    panel.receive(b"SLVL 1;FREQ 7;SCAL 9;OFLT 11;OFSL 3\n")
    cryostat.advance(30.0)
    x = float(ask(panel, "OUTP?0"))
    panel.receive(b"COFP 0,-20.001\n")
    assert float(ask(panel, "OUTP?0")) == x
    panel.receive(b"COFA 0,1\n")
    assert ask(panel, "COFP? 0") == "-20"
    assert float(ask(panel, "OUTP?0")) == pytest.approx(x + 0.2e-3, rel=1e-7)
    panel.receive(b"OAUT 0\n")
    assert float(ask(panel, "OUTP?0")) == pytest.approx(0.0, abs=1e-4 * 1e-3)


def test_auto_scale_and_auto_phase_fit_the_signal(panel, cryostat):
    panel.receive(b"SLVL 1;FREQ 7;SCAL 0;PHAS 40;OFLT 11;OFSL 3\n")
    cryostat.advance(30.0)
    panel.receive(b"ASCL;APHS\n")
    cryostat.advance(60.0)
    radius, full = float(ask(panel, "OUTP? R")), SCALES[int(ask(panel, "SCAL?"))]
    assert 1.1 * radius <= full < 3.0 * radius
    assert abs(float(ask(panel, "OUTP? 3"))) < 0.1


def test_noise_bandwidth_is_that_of_the_poles(panel):
    panel.receive(b"OFLT 12\n")
    replies = []
    for slope in range(4):
        panel.receive(b"OFSL %d\n" % slope)
        replies.append(float(ask(panel, "ENBW?")))
    assert replies == pytest.approx([1 / 4, 1 / 8, 3 / 32, 5 / 64])  # Hz for 1 s


def test_the_dc_level_of_the_sine_output_biases_the_film():
    cryostat = laboratory(sample=BIASED)
    panel = SR860(cryostat)
    assert cryostat.lockin.bias() == (0.0, math.inf)
    panel.receive(b"SOFF 5;AUXV 0,1\n")
    assert cryostat.lockin.dc_outputs == [1.0, 0.0, 0.0, 0.0, 5.0]
    assert cryostat.lockin.bias() == (5e-9, math.inf)
    panel.receive(b"*RST\n")
    assert cryostat.lockin.bias() == (0.0, math.inf)


def test_settings_reach_the_lock_in(panel, cryostat):
    panel.receive(b"ICPL AC;ISRC A;OFSL 2;HARM 3;PHAS 30\n")
    lockin = cryostat.lockin
    assert (lockin.ac_coupled, lockin.single_ended, lockin.poles, lockin.harmonic, lockin.phase) == (
        True,
        True,
        3,
        3,
        30,
    )
    panel.receive(b"ICPL DC;ISRC A-B\n")
    assert (lockin.ac_coupled, lockin.single_ended) == (False, False)


def test_it_starts_as_the_lock_in_was_left_and_reset_restores_the_defaults(cryostat):
    lockin = cryostat.lockin
    lockin.frequency, lockin.amplitude, lockin.sensitivity, lockin.time_constant = 7.0, 0.5, 10e-6, 1.0
    panel = SR860(cryostat)
    assert [ask(panel, q) for q in ("FREQ?", "SLVL?", "SCAL?", "OFLT?")] == ["7", "0.5", "15", "12"]
    panel.receive(b"*RST\n")
    assert [ask(panel, q) for q in ("FREQ?", "SLVL?", "SOFF?", "SCAL?", "OFLT?")] == ["100000", "1e-09", "0", "0", "10"]
    assert lockin.frequency == 1e5


def test_current_input_sees_no_signal(panel, cryostat):
    panel.receive(b"SLVL 1;FREQ 7;OFLT 11;SCAL 15\n")
    cryostat.advance(30.0)
    assert ask(panel, "OUTP? 0") != "0"
    panel.receive(b"IVMD 1\n")
    assert ask(panel, "SNAP? 0,1,2") == "0,0,0"


def test_serial_poll_follows_the_enable_registers(panel):
    assert panel.serial_poll(False) == 0
    assert panel.serial_poll(True) == 16
    panel.receive(b"*ESE 5,1;*SRE 32;FOO\n")
    assert (ask(panel, "*ESE?"), ask(panel, "*ESE? 5")) == ("32", "1")
    assert panel.serial_poll(False) == 32 + 64
    panel.receive(b"RSRC 1;LIAE 3,1\n")
    assert int(ask(panel, "*STB?")) & 8
    assert ask(panel, "*STB? 3") == "1"
    panel.receive(b"*ESE 5,0;LIAE 0\n")
    assert ask(panel, "*STB?") == "0"


def test_a_range_that_is_stuck_stays(panel, cryostat):
    cryostat.lockin.range_stuck = True
    panel.receive(b"SCAL 5;IRNG 3\n")
    assert (ask(panel, "SCAL?"), ask(panel, "IRNG?")) == ("0", "0")


def test_a_line_too_long_is_an_input_overflow(panel):
    panel.receive(b"SLVL " + b"1" * 400 + b"\n")
    assert event(panel) == 2


def test_the_telnet_port_greets_and_power_loss_forgets():
    clock = SimClock()
    rack = Rack(
        laboratory(), clock, {"TCPIP0::127.0.0.1::23::SOCKET": SR860Telnet(laboratory()), ADDRESS: SR860(laboratory())}
    )
    first, second = rack.devices
    assert rack.connect(first).take().endswith(b"\n")
    port = rack.connect(second)
    rack.exchange(port, b"SCAL 7", end=True)
    rack.power_cycle(rack.devices[second])
    rack.exchange(port, b"SCAL?", end=True)
    assert port.take() == b"0\n"


class _Wire(Adapter):
    """pymeasure's end of a wire into a panel."""

    def __init__(self, panel):
        super().__init__()
        self.panel = panel
        self.said = []
        self._reply = b""

    def _write(self, command, **kwargs):
        self.said.append(command)
        self._reply += self.panel.receive(command.encode() + b"\n")

    def _read(self, **kwargs):
        reply, _, self._reply = self._reply.partition(b"\n")
        return reply.decode()


def test_pymeasures_own_driver_sets_and_reads_every_property(panel, cryostat):
    wire = _Wire(panel)
    lockin = srs.SR860(wire)
    values = {"frequency": 13.7, "internalfrequency": 7.0, "phase": 12.5, "sine_voltage": 1.0, "harmonic": 1}
    values |= {"harmonicdual": 2, "sensitivity": 10e-6, "time_constant": 0.3, "filter_slope": 3, "aux_out_1": 10.5}
    values |= {"aux_out_4": -10.5, "dcmode": "DIF", "reference_source": "INT", "reference_triggermode": "POS"}
    values |= {"input_signal": "VOLT", "input_voltage_mode": "A-B", "input_coupling": "DC", "input_shields": "Ground"}
    values |= {"input_range": "10M", "input_current_gain": "100MEG", "filter_synchronous": "On", "timebase": 1}
    values |= {"frequencypreset1": 17.0, "frequencypreset3": 18.0, "sine_amplitudepreset2": 0.25}
    values |= {"sine_dclevelpreset4": -1.5, "screen_layout": "5", "parameter_DAT1": 2, "strip_chart_dat3": "1"}
    for name, value in values.items():
        setattr(lockin, name, value)
        read = getattr(lockin, name)
        assert read == (pytest.approx(value) if isinstance(value, float) else value), name
    assert event(panel) == 0
    cryostat.advance(30.0)
    assert lockin.snap() == pytest.approx([lockin.x, lockin.y])
    assert lockin.snap("X", "Y", "R")[2] == pytest.approx(lockin.magnitude)
    assert lockin.snap_all() == pytest.approx([lockin.magnitude, lockin.y, lockin.magnitude, lockin.theta])
    assert (lockin.gettimebase, lockin.extfreqency, lockin.detectedfrequency) == (1, 0, 7.0)
    assert lockin.get_noise_bandwidth == pytest.approx(5 / 64 / 0.3)
    assert lockin.adc1 == 0.0
    assert event(panel) == 0
    assert "AUXV 0, 10.500000" in wire.said or "AUXV 0, 10.5" in wire.said


def test_what_other_drivers_ask_for_a_snapshot_is_answered(panel):
    queries = [
        "FREQ?",
        "SOFF?",
        "SLVL?",
        "HARM?",
        "PHAS?",
        "SCAL?",
        "OFSL?",
        "SYNC?",
        "ENBW?",
        "ILVL?",
        "IVMD?",
        "IRNG?",
    ]
    queries += ["ISRC?", "IGND?", "ICUR?", "ADVFILT?", "ICPL?", "OFLT?", "RTRG?", "RSRC?", "REFZ?", "CAPTURELEN?"]
    queries += ["CAPTURECFG?", "CAPTURERATEMAX?", "CAPTURERATE?", "CAPTURESTAT?", "CAPTUREBYTES?"]
    queries += [f"{head} {i}" for head in ("COFP?", "CEXP?") for i in range(3)]
    queries += [f"{head} {i}" for head in ("OAUX?", "AUXV?", "CDSP?") for i in range(4)]
    queries += ["TBMODE?", "TBSTAT?", "FREQINT?", "FREQEXT?", "FREQDET?", "HARMDUAL?", "BLADESLOTS?", "BLADEPHASE?"]
    queries += ["REFM?", "*SRE?", "*ESE?", "*PSC?", "ERRE?", "ERRS?", "LIAE?", "CUROVLDSTAT?"]
    queries += [f"{head} {i}" for head in ("COFA?", "CRAT?") for i in range(3)] + ["COUT? 0", "COUT? 1"]
    queries += [f"{head} {i}" for head in ("PSTF?", "PSTA?", "PSTL?", "OUTR?", "CGRF?") for i in range(4)]
    for query in queries:
        assert math.isfinite(float(ask(panel, query)))
    panel.receive(b"CAPTURERATE 3;CAPTURECFG 3;OVRM 0\n")
    assert float(ask(panel, "CAPTURERATE?")) == pytest.approx(float(ask(panel, "CAPTURERATEMAX?")) / 8)
    assert (ask(panel, "CAPTURECFG?"), event(panel)) == ("3", 0)
