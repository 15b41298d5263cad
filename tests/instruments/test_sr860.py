"""The SR860 driver on the wire, against its manual, and over its simulated panel in every role that it fills."""

import json
import threading

import numpy as np
import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.ac_source import SeriesResistorSource
from coldfinger.instruments.bound import Bound
from coldfinger.instruments.dc_bias import AuxiliaryOutput, SeriesResistorBias
from coldfinger.instruments.errors import CommandError, LinkError, ReplyError
from coldfinger.instruments.link import open_link
from coldfinger.instruments.roles import LockInStatus
from coldfinger.instruments.sr860 import SR860, SR865, SR865A, OffsetMode, ReferenceMode, SineOffset
from coldfinger.instruments.srs import InputConfiguration, LineFilter
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.devices import sr860 as panels
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.visa import register, unregister
from tests.instruments import contracts, contracts_sr860
from tests.instruments.driver_benches import PARTS

BENCH = PARTS["SR860"].bench
ADDRESS = "GPIB0::9::INSTR"
OK = ("*ESR?", "0")


@pytest.mark.parametrize(
    ("asked", "exchanges"),
    [
        (InputConfiguration.A, [("ISRC 0", None), OK, ("IVMD 0", None), OK, ("IVMD?", "0"), ("ISRC?", "0")]),
        (InputConfiguration.A_MINUS_B, [("ISRC 1", None), OK, ("IVMD 0", None), OK, ("IVMD?", "0"), ("ISRC?", "1")]),
        (InputConfiguration.CURRENT_1M, [("ICUR 0", None), OK, ("IVMD 1", None), OK, ("IVMD?", "1"), ("ICUR?", "0")]),
        (InputConfiguration.CURRENT_100M, [("ICUR 1", None), OK, ("IVMD 1", None), OK, ("IVMD?", "1"), ("ICUR?", "1")]),
    ],
)
def test_the_input_has_the_names_of_an_sr830_s(asked, exchanges):
    with BENCH.talking(exchanges) as lockin:
        lockin.input_configuration = asked
        assert lockin.input_configuration is asked
    with BENCH.silent() as lockin, pytest.raises(ValueError, match="is not a setting"):
        lockin.input_configuration = 1


def test_there_are_no_notch_filters():
    with BENCH.silent() as lockin:
        lockin.line_filter = LineFilter.NONE
        assert lockin.line_filter is LineFilter.NONE
        with pytest.raises(ValueError, match=r"line_filter BOTH is not there; allowed is LineFilter\.NONE"):
            lockin.line_filter = LineFilter.BOTH


def test_tables_are_those_of_the_manual():
    assert (SR860.SENSITIVITIES[0], SR860.SENSITIVITIES[27], len(SR860.SENSITIVITIES)) == (1e-9, 1.0, 28)
    assert (SR860.TIME_CONSTANTS[0], SR860.TIME_CONSTANTS[21], len(SR860.TIME_CONSTANTS)) == (1e-6, 3e4, 22)
    assert list(SR860.SENSITIVITIES) == sorted(SR860.SENSITIVITIES)


@pytest.mark.parametrize(
    ("bit", "flag"),
    [
        (0, LockInStatus.OUTPUT_OVERLOAD),
        (1, LockInStatus.OUTPUT_OVERLOAD),
        (3, LockInStatus.REFERENCE_UNLOCKED),
        (4, LockInStatus.INPUT_OVERLOAD),
        (5, LockInStatus(0)),
        (6, LockInStatus.FILTER_OVERLOAD),
        (7, LockInStatus(0)),
        (8, LockInStatus.OUTPUT_OVERLOAD),
        (11, LockInStatus.OUTPUT_OVERLOAD),
        (12, LockInStatus(0)),
    ],
)
def test_each_bit_of_the_status_becomes_a_flag_of_the_role(bit, flag):
    with BENCH.talking([("LIAS?", str(1 << bit)), ("LIAS?", "0"), ("LIAS?", "0")]) as lockin:
        assert lockin.peek() == flag
        assert lockin.status == flag  # peeking has not taken it away
        assert lockin.status == LockInStatus(0)


def test_a_harmonic_beyond_the_detector_is_refused():
    with BENCH.talking([("FREQ?", "10000")]) as lockin, pytest.raises(ValueError, match="detects is 500000 Hz"):
        lockin.harmonic = 51


@pytest.mark.parametrize(("kind", "highest"), [(SR865, 2e6), (SR865A, 4e6)])
def test_the_faster_models_detect_higher_frequencies(kind, highest):
    with expected_protocol(kind, [("HARM?", "1"), (f"FREQ {highest:.10g}", None), OK]) as lockin:
        lockin.frequency = highest
        with pytest.raises(ValueError, match="out of range"):
            lockin.frequency = highest * 1.001


@pytest.mark.parametrize(
    "identity", [contracts.SR830_IDENTITY, contracts_sr860.IDENTITY.replace("SR860", "SR865A"), ""]
)
def test_another_model_is_not_taken_for_an_sr860(identity):
    with BENCH.talking([("*IDN?", identity)]) as lockin, pytest.raises(LinkError, match="right address"):
        lockin.identify()


def test_the_snapshot_is_json_and_a_setting_without_answer_is_none():
    replies = {row.property: [(row.query, row.reply)] for row in contracts_sr860.ROWS}
    replies |= {"input_configuration": [("IVMD?", "0"), ("ISRC?", "1")], "line_filter": []}
    replies["timebase"] = [("TBMODE?", "rubbish")]
    with BENCH.talking([exchange for name in SR860.SETTINGS for exchange in replies[name]]) as lockin:
        snapshot = lockin.snapshot()
    assert list(snapshot) == list(SR860.SETTINGS)
    assert snapshot["timebase"] is None
    assert snapshot["input_configuration"] == "A_MINUS_B"
    assert json.loads(json.dumps(snapshot)) == snapshot


def test_the_amplitude_is_sent_with_the_three_digits_that_are_kept_and_never_beyond_the_station_s_limit():
    with BENCH.talking([("SLVL 0.123", None), OK, ("SLVL 1.24e-07", None), OK]) as lockin:
        lockin.sine_voltage = 0.12345
        lockin.sine_voltage = np.float64(1.2351e-7)
    limited = {"sine_limit": Bound(0.12385, "the station")}
    with expected_protocol(SR860, [("SLVL 0.123", None), OK, ("SLVL?", "0.123")], **limited) as lockin:
        lockin.sine_voltage = 0.1238  # 0.124 would be too much
        with pytest.raises(ValueError, match=r"sine_voltage of 0\.124 V is beyond the limit of the station"):
            lockin.sine_voltage = 0.12387
    with (
        expected_protocol(SR860, [("SLVL 0.1", None), OK, ("SLVL?", "1.0")], **limited) as lockin,
        pytest.raises(CommandError, match="reads back as 1 V"),
    ):
        lockin.sine_voltage = 0.1


def test_levels_move_in_the_station_s_steps_and_are_read_back():
    limits = {"offset_limit": Bound(1.0, "the station", step=0.1), "aux_limits": {2: Bound(1.0, "the station")}}
    exchanges = [("SOFF?", "0"), ("SOFF?", "0"), ("SOFF 0.1000", None), OK, ("SOFF?", "0.1"), ("AUXV? 1", "0")]
    with expected_protocol(SR860, exchanges, **limits) as lockin:
        with pytest.raises(ValueError, match="more than one step"):
            lockin.sine_offset = 0.2
        lockin.sine_offset = 0.1
        with pytest.raises(ValueError, match="beyond the limit of the station"):
            lockin.aux_output_2 = 2.0


def test_a_level_that_is_of_opposite_sign_at_the_two_plugs_is_not_set():
    with expected_protocol(SR860, [("REFM?", "1")]) as lockin, pytest.raises(CommandError, match=r"OffsetMode\.COMMON"):
        SineOffset(lockin).level = 0.1


def test_index_beyond_the_table_is_no_answer():
    with BENCH.talking([("SCAL?", "28")]) as lockin, pytest.raises(ReplyError, match="whole number 0 to 27"):
        _ = lockin.sensitivity


# Over the simulated panel: one box, three roles


@pytest.fixture
def laboratory():
    clock = SimClock()
    cryostat = Cryostat(builtin_sample("S0", 0, fluctuations=False), Laboratory(input_noise=None))
    rack = Rack(cryostat, clock, {ADDRESS: panels.SR860(cryostat)})
    register("sr860", rack)
    lockin = SR860(open_link(ADDRESS, "sr860@coldfinger", clock=clock))
    yield lockin, cryostat, clock
    lockin.adapter.close()
    unregister("sr860")


def test_source_detector_and_bias_of_one_box_do_not_move_each_other(laboratory):
    lockin, cryostat, _ = laboratory
    source = SeriesResistorSource(
        lockin, 1e9, voltage_range=SR860.SINE_RANGE, voltage_resolution=SR860.SINE_STEP, source_resistance=50.0
    )
    bias = SeriesResistorBias(SineOffset(lockin), 10e6, largest=0.5e-6, largest_step=0.5e-6)
    other = SeriesResistorBias(AuxiliaryOutput(lockin, 4), 10e6, largest=1e-6, largest_step=1e-6)
    source.current = 1e-10
    bias.current = 20e-9
    other.current = -30e-9
    assert cryostat.lockin.amplitude == pytest.approx(0.1, rel=1e-2)
    assert cryostat.lockin.dc_outputs == [0.0, 0.0, 0.0, -0.3, 0.2]
    source.current = 2e-10
    assert (bias.current, other.current) == (pytest.approx(20e-9), pytest.approx(-30e-9))
    bias.source.off()
    assert source.voltage == pytest.approx(0.2)
    assert cryostat.lockin.dc_outputs == [0.0, 0.0, 0.0, -0.3, 0.0]
    source.off()
    assert cryostat.lockin.amplitude == 1e-9
    assert other.current == pytest.approx(-30e-9)
    assert bias.source.output is True
    bias.source.output = False
    with pytest.raises(ValueError, match="must be True or False"):
        bias.source.output = 0


def test_it_measures_the_film(laboratory):
    lockin, cryostat, clock = laboratory
    lockin.reference_mode = ReferenceMode.INTERNAL
    lockin.frequency, lockin.sine_voltage, lockin.sensitivity = 7.0, 1.0, 10e-3
    lockin.input_configuration, lockin.time_constant = InputConfiguration.A_MINUS_B, 0.3
    clock.sleep(30.0)
    _ = lockin.status
    x, y = lockin.xy
    # the SR830's output register has steps of 10 mV / 2**15 = 0.31 uV, this one has none
    assert (x, y) == pytest.approx(cryostat.lockin.output(cryostat.now), abs=0.31e-6)
    assert (lockin.x, lockin.y) == pytest.approx((x, y), abs=1e-9)
    assert lockin.status == LockInStatus(0)
    lockin.sensitivity = 1e-9
    assert lockin.status & LockInStatus.OUTPUT_OVERLOAD


def test_two_threads_in_two_roles_never_mix_replies(laboratory):
    lockin, _, _ = laboratory
    bias, wrong = SineOffset(lockin), []

    def work(step):
        for i in range(60):
            if step:
                bias.level = 1e-3 * i
                wrong.extend([] if bias.level == pytest.approx(1e-3 * i) else [("level", i)])
            else:
                lockin.sine_voltage = 0.1 + 1e-3 * i
                wrong.extend([] if lockin.sine_voltage == pytest.approx(0.1 + 1e-3 * i) else [("sine", i)])

    threads = [threading.Thread(target=work, args=(step,)) for step in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert wrong == []
    assert lockin.doubts == 0
    assert lockin.sine_offset_mode is OffsetMode.COMMON
