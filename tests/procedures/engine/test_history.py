"""Predictions that learn, and ends on the clock with their uncertainty."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.engine.calendar import Calendar, iso
from coldfinger.procedures.engine.forecast import Forecast, expect
from coldfinger.procedures.engine.history import History, past_nights
from coldfinger.procedures.engine.items import DONE, FAILED, RUN, WAIT, Item
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night


class StillClock:
    """A clock that stands where it is put."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_without_experience_a_prediction_stands_within_ten_percent() -> None:
    assert History().of("TemperatureRamp").seconds(1000.0) == pytest.approx((1000.0, 100.0))


def test_much_experience_moves_the_prediction_and_narrows_it() -> None:
    history = History([("FieldSweep", 1.2)] * 40)
    seconds, sd = history.of("FieldSweep").seconds(1000.0)
    assert seconds == pytest.approx(1200.0, rel=0.02)
    assert sd < 40.0
    assert history.of("TemperatureRamp").seconds(1000.0)[0] == pytest.approx(1000.0)


def test_little_experience_moves_it_little() -> None:
    one, many = History([("A", 2.0)]), History([("A", 2.0)] * 50)
    assert 1.0 < one.of("A").seconds(1.0)[0] < 1.5 < many.of("A").seconds(1.0)[0]


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan, math.inf])
def test_nonsense_teaches_nothing(ratio: float) -> None:
    assert History([("A", ratio)]).of("A").seconds(1.0) == History().of("A").seconds(1.0)


def test_only_finished_items_of_the_same_station_are_learned_from(tmp_path: Path) -> None:
    good = Item(RUN, "1", "a", "FieldSweep", state=DONE, predicted_seconds=100.0, seconds=150.0)
    bad = good.but(id="2", state=FAILED, seconds=1.0)
    for station in ("here", "elsewhere"):
        journal = QueueJournal(new_night(tmp_path, station), WallClock())
        journal.write("start", schema=1, night={}, station={"name": station}, simulated=True, resumes=False)
        journal.write("queue", items=[good.to_json(), bad.to_json()])
        journal.close()
    assert past_nights(tmp_path, "here").of("FieldSweep") == History([("FieldSweep", 1.5)]).of("FieldSweep")
    assert past_nights(tmp_path, "nowhere").of("FieldSweep") == History().of("FieldSweep")


def test_ends_add_up_and_their_uncertainties_in_squares() -> None:
    clock = StillClock()
    calendar = Calendar(clock, virtual=True, start=datetime(2026, 11, 22, 20, 0, tzinfo=UTC))
    queue = [
        Item(RUN, "1", "a", "A", state=DONE),
        Item(RUN, "2", "b", "A"),
        Item(WAIT, "3", "wait", settings={"seconds": 600.0}),
        Item(RUN, "4", "c", "B"),
    ]
    predicted = {"2": 3600.0, "3": 600.0, "4": 4800.0}
    expected = Forecast(tuple(expect(item, predicted[item.id], History()) for item in queue[1:]))
    clock.now = 1800.0
    told = expected.since(clock.now, calendar, {"id": "2", "begun": 0.0}).to_json()
    assert told["items"]["2"]["utc"] == "2026-11-22T21:00:00+00:00"
    assert told["items"]["3"]["utc"] == "2026-11-22T21:10:00+00:00"
    assert told["utc"] == "2026-11-22T22:30:00+00:00"
    assert told["sd_seconds"] == pytest.approx(math.hypot(360.0, 480.0))


def test_what_a_family_is_planned_too_short_by_adds_up_over_its_members() -> None:
    family = [Item(RUN, str(n), "ramp", "TemperatureRamp") for n in range(12)]
    calendar = Calendar(StillClock(), virtual=True)

    def doubt(history: History) -> float:
        expected = Forecast(tuple(expect(item, 1000.0, history) for item in family))
        return float(expected.since(0.0, calendar, {}).to_json()["sd_seconds"])

    assert doubt(History()) == pytest.approx(1200.0)
    # Items that scatter about what is known well are another matter.
    known = History([("TemperatureRamp", ratio) for ratio in (0.9, 1.1) * 100])
    assert doubt(known) == pytest.approx(math.sqrt(12) * 100.0, rel=0.25)


def test_one_item_that_took_something_else_altogether_widens_what_is_expected_of_the_next() -> None:
    assert History([("A", 1.02)]).of("A").sd == pytest.approx(0.1, rel=0.1)
    odd = History([("A", 0.25)]).of("A")
    assert abs(math.log(0.25) - odd.mean) < 1.5 * odd.sd


def test_a_run_that_takes_longer_than_expected_never_ends_in_the_past() -> None:
    clock = StillClock(10_000.0)
    calendar = Calendar(clock, virtual=True, start=datetime(2026, 11, 22, 20, 0, tzinfo=UTC))
    told = Forecast((expect(Item(RUN, "1", "a", "A"), 100.0, History()),)).since(
        10_000.0, calendar, {"id": "1", "begun": 0.0}
    )
    assert told.to_json()["utc"] > iso(calendar.now())


def test_the_calendar_of_a_simulated_station_counts_virtual_time_and_knows_time_zones() -> None:
    clock = StillClock(500.0)
    calendar = Calendar(clock, virtual=True, start=datetime(2026, 11, 22, 20, 0, tzinfo=UTC))
    clock.now += 3600.0
    assert iso(calendar.now()) == "2026-11-22T21:00:00+00:00"
    assert calendar.seconds_until("2026-11-22T23:00:00+01:00") == pytest.approx(3600.0)
