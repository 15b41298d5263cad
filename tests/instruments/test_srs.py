"""The SR830 driver on the wire, against its manual."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.instruments.errors import CommandError, LinkError, ReplyError
from coldfinger.instruments.roles import LockInStatus
from coldfinger.instruments.srs import SR830, ReferenceSource, real
from tests.instruments import contracts, contracts_lakeshore, driver_checks
from tests.instruments.driver_benches import PARTS

BENCH = PARTS["SR830"].bench


def test_check_errors_raises_what_was_refused_before():
    with BENCH.talking([("*ESR?", "32")]) as lockin, pytest.raises(CommandError, match="earlier command"):
        lockin.check_set_errors()
    with BENCH.talking([("*ESR?", "0")]) as lockin:
        assert lockin.check_get_errors() == []


def test_a_command_whose_error_check_fails_is_reported_as_not_known():
    with (
        BENCH.talking([("SENS 26", None), ("*ESR?", "what")]) as lockin,
        pytest.raises(LinkError, match="whether 'SENS 26' was carried out is not known; read the setting back"),
    ):
        lockin.sensitivity = 1.0


def test_tables_are_those_of_the_manual():
    assert SR830.SENSITIVITIES[:4] == (2e-9, 5e-9, 10e-9, 20e-9)
    assert SR830.SENSITIVITIES[26] == 1.0
    assert len(SR830.SENSITIVITIES) == 27
    assert SR830.TIME_CONSTANTS[:3] == (10e-6, 30e-6, 100e-6)
    assert SR830.TIME_CONSTANTS[19] == 30e3
    assert list(SR830.SENSITIVITIES) == sorted(SR830.SENSITIVITIES)
    assert list(SR830.TIME_CONSTANTS) == sorted(SR830.TIME_CONSTANTS)


@pytest.mark.parametrize("index", range(27))
def test_every_sensitivity_has_its_index(index):
    driver_checks.check_set(
        BENCH, contracts.Row("sensitivity", "", "", None, SR830.SENSITIVITIES[index], f"SENS {index}")
    )


def test_a_harmonic_that_the_instrument_would_reduce_is_refused():
    with (
        BENCH.talking([("FREQ?", "1000")]) as lockin,
        pytest.raises(ValueError, match="detects is 102000 Hz"),
    ):
        lockin.harmonic = 103
    with BENCH.talking([("HARM?", "2")]) as lockin, pytest.raises(ValueError, match="harmonic 2 of 60000 Hz"):
        lockin.frequency = 60e3


def test_the_sine_amplitude_is_rounded_to_its_two_millivolts():
    with BENCH.talking([("SLVL 0.102", None), ("*ESR?", "0")]) as lockin:
        lockin.sine_voltage = 0.1013


def test_index_beyond_the_table_is_no_answer():
    with BENCH.talking([("SENS?", "27")]) as lockin, pytest.raises(ReplyError, match="whole number 0 to 26"):
        _ = lockin.sensitivity


def test_status_keeps_the_four_flags_of_the_role():
    with BENCH.talking([("LIAS?", "255")]) as lockin:
        assert lockin.status == LockInStatus(15)


def test_a_number_too_large_for_a_float_is_no_answer():
    with BENCH.talking([("OUTP? 1", "1e+999")]) as lockin, pytest.raises(ReplyError, match="finite"):
        _ = lockin.x


def test_clear_asks_for_no_errors():
    with BENCH.talking([("*CLS", None)]) as lockin:
        lockin.clear()


def test_identify_remembers_and_confirm_proves():
    identity = contracts.SR830_IDENTITY
    with BENCH.talking([("*IDN?", identity)] * 3 + [("*IDN?", identity.replace("12345", "54321"))]) as lockin:
        assert lockin.identify() == identity
        lockin.confirm()
        lockin.confirm()
        with pytest.raises(LinkError, match="s/n54321"):
            lockin.confirm()


@pytest.mark.parametrize(
    "identity", [contracts_lakeshore.LS372_IDENTITY, "Stanford_Research_Systems,SR860,1,V1.51", ""]
)
def test_another_model_is_not_taken_for_an_sr830(identity):
    with BENCH.talking([("*IDN?", identity)]) as lockin, pytest.raises(LinkError, match="right address"):
        lockin.identify()


def test_the_snapshot_is_json_and_a_setting_without_answer_is_none():
    replies = {row.property: (row.query, row.reply) for row in contracts.SR830}
    exchanges = [replies[name] for name in SR830.SETTINGS]
    exchanges[4] = (exchanges[4][0], "rubbish")
    with BENCH.talking(exchanges) as lockin:
        snapshot = lockin.snapshot()
    assert list(snapshot) == list(SR830.SETTINGS)
    assert snapshot[SR830.SETTINGS[4]] is None
    assert snapshot["input_coupling"] == "AC"
    assert snapshot["offset_y"] == {"percent": -3.5, "expand": 100}
    assert json.loads(json.dumps(snapshot)) == snapshot


def test_numpy_numbers_are_numbers():
    with BENCH.talking([("HARM?", "1"), ("FREQ 7", None), ("*ESR?", "0")]) as lockin:
        lockin.frequency = np.float64(7)
    with BENCH.talking([("FREQ?", "7"), ("HARM 2", None), ("*ESR?", "0")]) as lockin:
        lockin.harmonic = np.int64(2)
    with BENCH.silent() as lockin, pytest.raises(ValueError, match="must be a whole number"):
        lockin.harmonic = 2.0


def test_an_enumeration_is_not_its_number():
    with BENCH.silent() as lockin, pytest.raises(ValueError, match=r"allowed are ReferenceSource\.EXTERNAL"):
        lockin.reference_source = 1
    assert ReferenceSource.INTERNAL == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_an_sr830_can_print_is_read(value):
    for text in (f"{value:.6g}", f"{value:.3f}"):
        assert real(text) == text


@given(st.text(alphabet="0123456789.eE+-, nainf", max_size=12))
def test_what_passes_for_a_number_is_a_finite_number(text):
    with BENCH.talking([("OUTP? 1", text)]) as lockin:
        try:
            value = lockin.x
        except ReplyError:
            return
    assert math.isfinite(value)
