"""One fault of the wire at every message of a settled row: no wrong value is stored, wherever it strikes."""

import math
from collections import Counter

import pandas as pd
import pytest

from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.sim.faults import Fault, arm

PLACES = ("lock-in", "bridge", "magnet", "bias")
KINDS = ("late reply", "lost command", "duplicated reply", "garbage", "truncated reply", "wrong terminator")
STRIDE = 7
"""Of the positions; all of them were gone through once."""
NOISE = {
    "T_set (K)": 0.0,
    "T_mc (K)": 2e-2,
    "T_sample (K)": 2e-2,
    "R_sensor (ohm)": 1e-2,
    "H_set (Oe)": 0.0,
    "I (A)": 1e-9,
    "f (Hz)": 0.0,
    "V_source (V)": 1e-9,
    "X (V)": 1e-2,
    "rho (ohm)": 1e-2,
    "sensitivity (V)": 0.0,
    "time_constant (s)": 0.0,
    "heater_range (A)": 0.0,
}
"""Largest relative difference to the row without a fault: noise of 2 s of averaging, and a loop that still rings."""


def settled_rows(station, folder, strike, then=lambda: None) -> tuple[str, pd.DataFrame]:
    """Three rows at one temperature; `strike` is called after the first, `then` after the second."""
    procedure = TemperatureRamp(
        start=0.6, stop=0.5, pacing="listed points", temperatures="0.6, 0.6, 0.6 K", window=2.0, tolerance=0.05
    )
    rows = []

    def watch(topic, record):
        if topic == "results":
            rows.append(record)
            if len(rows) == 1:
                strike()
            if len(rows) == 2:
                then()

    result = run_procedure(procedure, station, folder, watch=watch, sync=False)
    return result.reason, pd.DataFrame(rows)


def count_messages(station, folder, place) -> int:
    """Messages to an instrument from the end of one row to that of the next, heard by a fault that never strikes."""
    never, counts = Fault("garbage", place, after=10**9), []

    def count():
        [armed] = station.rack.troubles._armed
        counts.append(armed.heard)

    settled_rows(station, folder, lambda: arm(station.rack, [never]), count)
    station.rack.troubles.clear()
    return counts[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_one_fault_at_any_message_of_a_point_gives_no_wrong_value(simulated, tmp_path, kind, place):
    outcome = check_positions(simulated, tmp_path, kind, place, STRIDE)
    assert outcome["rows"] >= 6


def check_positions(simulated, folder, kind, place, stride) -> Counter:
    outcome: Counter = Counter()
    station = simulated(sample="S0", fluctuations=False)
    _, usual = settled_rows(station, folder / "truth", lambda: None)
    good = usual.iloc[1]
    count = count_messages(station, folder / "count", place)
    assert count >= 3
    outcome["messages"] = count
    stride = stride if count > 2 * stride else 1
    for position in range((KINDS.index(kind) + 3 * PLACES.index(place)) % stride, count, stride):
        fault = Fault(kind, place, after=position)
        reason, rows = settled_rows(station, folder / str(position), lambda f=fault: arm(station.rack, [f]))
        if station.rack.troubles is not None:
            station.rack.troubles.clear()
        assert reason == "", (position, reason)
        for row in rows.to_dict("records"):
            outcome["rows"] += 1
            outcome["retaken"] += bool(int(row["flags"]) & Quality.RETAKEN)
            if int(row["flags"]) & DISBELIEVED:
                outcome["disbelieved"] += 1
                continue
            for name, most in NOISE.items():
                assert math.isclose(row[name], good[name], rel_tol=most, abs_tol=1e-12), (position, name, row[name])
            assert abs(row["H_supply (Oe)"] - good["H_supply (Oe)"]) < 0.1
    return outcome
