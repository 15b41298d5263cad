"""The clock on the wall may be set and the computer may sleep: durations stay right, and waking begins with a look."""

from pathlib import Path

import pytest

from coldfinger.instruments.clock import Moment, WallClock, moment
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.items import WAIT, Item, Night
from coldfinger.procedures.engine.queue_journal import QueueJournal, QueueRecord, new_night, nights, read_queue
from coldfinger.procedures.safety.standstill import Standstill
from coldfinger.runfiles.quality import Quality
from tests.procedures.engine.short_nights import RAMP, joined

HOUR = 3600.0


class Computer:
    """Three clocks that go on by 10 ms a look; `asleep`, `set_by` and `busy` happen before the look of that number."""

    def __init__(self, counts_sleep: bool = True) -> None:
        self.now = Moment(100.0, 200.0, 1.7e9, counts_sleep)
        self.looks = 0
        self.before: dict[int, dict[str, float]] = {}

    def __call__(self) -> Moment:
        self.looks += 1
        moved = self.before.get(self.looks, {})
        asleep, set_by, busy = (moved.get(name, 0.0) for name in ("asleep", "set_by", "busy"))
        ran = 0.01 + busy
        slept = asleep if self.now.counts_sleep else 0.0
        now = self.now
        self.now = Moment(
            now.running + ran, now.since_boot + ran + slept, now.of_day + ran + asleep + set_by, now.counts_sleep
        )
        return self.now


@pytest.mark.parametrize(
    ("counts_sleep", "moved", "seconds", "stood_still", "words"),
    [
        (True, {"set_by": -HOUR}, -HOUR, False, "the clock on the wall was set back by 3600 s; no duration"),
        (True, {"set_by": HOUR}, HOUR, False, "the clock on the wall was set forward by 3600 s; no duration"),
        (False, {"set_by": -HOUR}, -HOUR, False, "set back by 3600 s; no duration is changed by it"),
        (False, {"set_by": 30.0}, 30.0, False, "set forward by 30 s; no duration is changed by it"),
        (True, {"asleep": HOUR}, HOUR, True, "the computer slept or the program stood still for 3600 s"),
        (False, {"asleep": HOUR}, HOUR, True, "set forward by 3600 s, or the computer slept"),
        (True, {"busy": 61.0}, 61.0, True, "the computer slept or the program stood still for 61 s"),
        (True, {"asleep": HOUR, "set_by": HOUR}, HOUR, True, "stood still for 3600 s"),
    ],
)
def test_what_happened_to_time_is_told_once_and_for_what_it_is(
    counts_sleep: bool, moved: dict[str, float], seconds: float, stood_still: bool, words: str
) -> None:
    computer = Computer(counts_sleep)
    computer.before[6] = moved
    standstill = Standstill(computer)
    gaps = [standstill.look() for _ in range(20)]
    (gap,) = [gap for gap in gaps if gap is not None]
    assert gaps[4] is gap
    assert gap.seconds == pytest.approx(seconds, abs=0.1)
    assert gap.stood_still is stood_still
    assert words in gap.text


def test_time_that_goes_on_as_it_should_is_not_worth_a_word() -> None:
    computer = Computer()
    computer.before = {n: {"busy": 40.0, "set_by": 1.0} for n in range(3, 50, 3)}
    standstill = Standstill(computer)
    assert [standstill.look() for _ in range(60)] == [None] * 60


def test_the_clocks_of_this_computer_go_on_together() -> None:
    first, clock = moment(), WallClock()
    clock.sleep(0.05)
    second = moment()
    assert second.running - first.running == pytest.approx(second.since_boot - first.since_boot, abs=0.02)
    assert second.running >= first.running + 0.05


def night_with(data: Path, computer: Computer, station: object, *items: Item) -> tuple[Engine, QueueRecord]:
    """A night on this computer, carried out."""
    journal = QueueJournal(new_night(data, "n"), station.clock)  # type: ignore[attr-defined]
    journal.write("start", schema=1, night={}, station={}, simulated=True, resumes=False)
    engine = Engine(station, Night("n", items), data, journal, standstill=Standstill(computer))  # type: ignore[arg-type]
    engine.run()
    return engine, read_queue(nights(data)[-1])


def test_an_hour_asleep_leaves_a_mark_a_seam_and_a_second_survey(simulated, tmp_path):
    computer = Computer()
    computer.before[600] = {"asleep": HOUR}
    _, record = night_with(tmp_path, computer, simulated(), RAMP)
    events = [(event["event"], event.get("kind")) for event in record.events]
    assert events.count(("survey", None)) == 2
    assert events.count(("event", "gap")) == 1
    parts = joined(tmp_path)
    marks = [mark for mark in parts.marks if mark.kind == "gap"]
    assert [mark.text for mark in marks] == ["the computer slept or the program stood still for 3600 s"]
    seams = [bool(int(flags) & Quality.SEAM) for flags in parts.frame["flags"]]
    assert seams.index(True) == marks[0].points
    assert sum(seams) == 1
    assert (parts.outcome, len(parts.frame)) == ("done", 9)


@pytest.mark.parametrize("hours", [-1.0, 1.0])
def test_a_clock_set_by_an_hour_changes_no_row_and_no_duration(simulated, tmp_path, hours):
    quiet, changed = Computer(), Computer()
    changed.before[600] = {"set_by": hours * HOUR}
    frames, seconds = [], []
    for name, computer in (("quiet", quiet), ("changed", changed)):
        engine, record = night_with(tmp_path / name, computer, simulated(), RAMP)
        frames.append(joined(tmp_path / name).frame)
        seconds.append(engine.queue.items[0].seconds)
    assert frames[0].equals(frames[1])
    assert seconds[0] == seconds[1]
    (told,) = [event["text"] for event in record.events if event.get("kind") == "clock"]
    assert told.startswith("the clock on the wall was set")
    assert sum(event["event"] == "survey" for event in record.events) == 1


def test_a_station_that_became_dangerous_meanwhile_is_left_to_a_person(simulated, tmp_path):
    station = simulated()
    item = Item(WAIT, "2", "wait", settings={"seconds": 60.0})

    class Asleep(Computer):
        def __call__(self) -> Moment:
            if self.looks == 599:
                station.cryostat.magnet.quenched = True
            return super().__call__()

    computer = Asleep()
    computer.before[600] = {"asleep": HOUR}
    _, record = night_with(tmp_path, computer, station, RAMP, item)
    assert record.ended["outcome"] == "held"
    assert record.ended["reason"].startswith("the computer slept or the program stood still for 3600 s: the magnet has")
    assert [found.state for found in record.items] == ["partial", "waiting"]
