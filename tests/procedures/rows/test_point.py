"""From readings to numbers and flags, one cause at a time."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.instruments.roles import BridgeStatus, LockInStatus
from coldfinger.procedures.current.excitation import Excitation
from coldfinger.procedures.rows.point import Raw, evaluate, reading_grid
from coldfinger.runfiles.quality import DISBELIEVED, Quality, disbelief, names

EXCITATION = Excitation(1e-9, 7.0, 0.1)


@given(st.floats(1e-5, 400.0))
def test_the_delay_is_a_whole_number_of_intervals(delay):
    interval, behind = reading_grid(delay)
    assert 0.05 <= interval <= 0.5 + 1e-12
    assert behind * interval == pytest.approx(delay, rel=1e-9, abs=0.1)


@pytest.fixture
def station(simulated):
    return simulated(sample="S0", connect=False)


@pytest.fixture
def good(station):
    """Readings of a film of 10 kohm/sq at 0.2 K, as the lines would deliver them."""
    signal = station.network.transfer(10e3, 7.0)
    return Raw(
        time=1.0,
        x=signal.real,
        y=signal.imag,
        x_spread=1e-8,
        y_spread=1e-8,
        readings=10,
        interval=0.4,
        sensor=station.calibration.resistance(0.2),
        sensor_spread=2.0,
        sensor_readings=10,
        sensor_power=1e-14,
        mixing_chamber=0.19,
        field=0.01,
        heater=30.0,
        lockin_status=LockInStatus(0),
        bridge_status=BridgeStatus(0),
        holding=True,
    )


def test_a_good_point_has_no_flags_and_gives_back_the_film(station, good):
    point = evaluate(good, station, EXCITATION, 1.0)
    assert point.flags == 0
    assert point.resistivity == pytest.approx(10e3, rel=1e-6)
    assert point.temperature == pytest.approx(0.2, rel=1e-6)
    # 11.8 nV/sqrt(Hz) over some 4 s at 1 nA is 4 nV, or 4 ohm.
    assert point.resistivity_sd == pytest.approx(4.2, rel=0.2)
    assert 0 < point.temperature_sd < 0.01 * point.temperature


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"lockin_status": LockInStatus.OUTPUT_OVERLOAD}, Quality.OVERLOAD),
        ({"lockin_status": LockInStatus.INPUT_OVERLOAD}, Quality.OVERLOAD),
        ({"lockin_status": LockInStatus.REFERENCE_UNLOCKED}, Quality.UNLOCKED),
        ({"bridge_status": BridgeStatus.RESISTANCE_OVER}, Quality.THERMOMETER_INVALID),
        ({"sensor_spread": 0.0}, Quality.STALE_THERMOMETER),
        ({"sensor": 100.0}, Quality.OUTSIDE_CALIBRATION),
        ({"mixing_chamber": 0.18}, Quality.GRADIENT),
        ({"mixing_chamber": 0.223}, Quality.GRADIENT),
        ({"y": -1.2e-5}, Quality.PHASE),
        ({"holding": False}, Quality.FIELD_OFF_TARGET),
        ({"sensor_spread": 2000.0}, Quality.SCATTER),
    ],
)
def test_every_cause_of_disbelief_has_its_flag_and_no_other(station, good, change, flag):
    point = evaluate(replace(good, **change), station, EXCITATION, 1.0)
    assert point.flags == flag
    assert point.flags & DISBELIEVED


def test_nothing_is_made_up_where_there_is_no_number(station, good):
    assert math.isnan(evaluate(replace(good, sensor=100.0), station, EXCITATION, 1.0).temperature)
    assert math.isnan(evaluate(replace(good, y=-1.2e-5), station, EXCITATION, 1.0).resistivity)


def test_a_superconductor_keeps_its_small_and_even_negative_reading(station, good):
    point = evaluate(replace(good, x=-3e-9, y=2e-9), station, EXCITATION, 1.0)
    assert point.flags == Quality.FIXED_CAPACITANCE
    assert not point.flags & DISBELIEVED
    assert point.resistivity == pytest.approx(-3.0, abs=0.1)
    assert point.resistivity_sd == pytest.approx(4.2, rel=0.2)


def test_flags_have_names_and_counts():
    assert names(Quality.PHASE | Quality.SENSITIVITY_CHANGED) == ["sensitivity changed", "phase"]
    assert disbelief([int(Quality.PHASE), int(Quality.PHASE | Quality.GRADIENT), 4]) == "phase (2), gradient (1)"


def test_the_guide_documents_every_bit():
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs" / "run-files.md").read_text()
    for bit in Quality:
        line = next(
            row for row in text.splitlines() if row.startswith(f"| {bit.value.bit_length() - 1} | {bit.value} |")
        )
        assert ("not believed" in line) == bool(bit & DISBELIEVED), line
