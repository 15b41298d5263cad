"""Tests of the procedure on a simulated refrigerator: `pip install coldfinger pytest`, then `pytest`."""

import pytest
from staircase import Staircase

from coldfinger.instruments.errors import InstrumentError


def climb(station, **parameters):
    """The rows of one run."""
    rows = []
    procedure = Staircase(**parameters)
    procedure.station = station
    procedure.emit = lambda topic, row: rows.append(row)
    procedure.execute()
    return rows


def test_every_step_is_reached(coldfinger_station):
    rows = climb(coldfinger_station, top=50.0, steps=2)
    assert [row["field (Oe)"] for row in rows] == pytest.approx([25.0, 50.0], abs=0.1)


def test_the_magnet_really_was_there(coldfinger_station, coldfinger_rack):
    climb(coldfinger_station, top=50.0, steps=2)
    assert coldfinger_rack.log.of("magnet target")[-1].value == pytest.approx(49.5)  # 0.5 Oe are trapped


def test_a_silent_supply_ends_the_climb_with_a_sentence(coldfinger_station, coldfinger_faults):
    coldfinger_faults("silence", on="magnet", after=20)
    with pytest.raises(InstrumentError, match=r"no reply to '\*IDN\?'"):
        climb(coldfinger_station)
