"""Items of a plan on the simulated twin of a station, in virtual time: what became of them, and the curves."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from coldfinger.procedures.control import RunControl
from coldfinger.procedures.engine.calendar import Calendar
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.items import DONE, RUN, Item, Night
from coldfinger.procedures.engine.moves import Move
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night
from coldfinger.procedures.engine.resume import night_event, night_from_event
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.laboratory.station_file import StationFile, check_station_text
from coldfinger.procedures.laboratory.station_keys import SECTIONS
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.runner import carry_out
from coldfinger.procedures.station import Station, open_station
from coldfinger.runfiles.quality import DISBELIEVED, Quality
from coldfinger.runfiles.reader import read_run

_TRACE_STEP = 30.0  # s between two points of the predicted curves
TRACE = ("time_s", "T_mc_K", "T_sample_K", "H_Oe", "heater_W", "eddy_W", "I_A")
"""Predicted curves: time from the start, true temperatures and field, heat into the mixing chamber, excitation."""

Trace = dict[str, list[float]]
"""Lists of equal length by the names in TRACE."""


@dataclass(frozen=True)
class Stretch:
    """Some consecutive items of a plan, rehearsed; times in s from their beginning."""

    items: tuple[Item, ...]
    begins: tuple[float, ...]
    ends: tuple[float, ...]
    warnings: tuple[tuple[str, ...], ...]
    trace: Trace
    seconds: float
    bytes: int
    refusal: str = ""
    """Why the end state may not be commanded."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "items": [item.to_json() for item in self.items]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Stretch":
        """The inverse of `to_json`."""
        items = tuple(Item.from_json(item) for item in data["items"])
        warnings = tuple(tuple(sentences) for sentences in data["warnings"])
        return cls(
            **{
                **data,
                "items": items,
                "begins": tuple(data["begins"]),
                "ends": tuple(data["ends"]),
                "warnings": warnings,
            }
        )


@dataclass(frozen=True)
class Task:
    """What is to be rehearsed: a night, on which station and film, from where (None: as the refrigerator is found)."""

    night: Night
    source: str
    text: str
    sample: str | None = None
    start: datetime | None = None
    place: Whereabouts | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "night": night_event(self.night),
            "items": [item.to_json() for item in self.night.items],
            "source": self.source,
            "text": self.text,
            "sample": self.sample,
            "start": None if self.start is None else self.start.isoformat(),
            "place": None if self.place is None else asdict(self.place),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Task":
        """The inverse of `to_json`."""
        return cls(
            night_from_event(data["night"], tuple(Item.from_json(item) for item in data["items"])),
            data["source"],
            data["text"],
            data["sample"],
            None if data["start"] is None else datetime.fromisoformat(data["start"]),
            None if data["place"] is None else Whereabouts(**data["place"]),
        )


def rehearse_stretch(task: Task) -> Stretch:
    """Carry a task out, from its place; raises StationFileError where a station can have no twin.

    Ctrl-C raises KeyboardInterrupt: half a rehearsal says nothing about a night.
    """
    trace: Trace = {name: [] for name in TRACE}
    file = simulated_twin(check_station_text(task.text, task.source), task.sample)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as scratch, open_station(file) as station:
        station.connect()
        if task.place is not None:
            _go_to(station, task.place)
        data = Path(scratch)
        journal = QueueJournal(new_night(data, task.night.name), station.clock, sync=False)
        calendar = Calendar(station.clock, virtual=True, start=task.start)
        engine = _Rehearsing(station, task.night, data, journal, calendar=calendar, sync=False, trace=trace)
        began = station.clock.time()
        engine.run()
        items = engine.queue.items
        return Stretch(
            items,
            tuple(engine.begun.get(item.id, began) - began for item in items),
            tuple(engine.ended.get(item.id, began) - began for item in items),
            tuple(tuple(_warnings(item, data)) for item in items),
            {**trace, TRACE[0]: [time - began for time in trace[TRACE[0]]]},
            station.clock.time() - began,
            sum(path.stat().st_size for path in data.rglob("*") if path.is_file()),
            _end_refusal(station, task.night),
        )


def _go_to(station: Station, place: Whereabouts) -> None:
    """Bring the simulated refrigerator to where the items before will have left it; takes no time of the rehearsal."""
    limits = station.limits
    temperature = min(max(place.temperature, limits.lowest_temperature), limits.highest_temperature)
    move = Move(place.field, temperature)
    move.use(station)
    outcome, _, _ = carry_out(move, RunControl(), lambda: None, lambda topic, record: None)
    if outcome == "stopped":
        raise KeyboardInterrupt


def _end_refusal(station: Station, night: Night) -> str:
    move = Move(night.end.field, night.end.temperature)
    move.use(station)
    try:
        move.check()
    except LimitError as error:
        return str(error)
    return ""


class _Rehearsing(Engine):
    """The engine, with a pencil at the refrigerator's chart; Ctrl-C ends all of it, not only the present item."""

    def __init__(self, *args: Any, trace: Trace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._trace, self._traced = trace, float("-inf")
        self.begun: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    def _attend(self) -> None:
        super()._attend()
        now = self.station.clock.time()
        if now - self._traced >= _TRACE_STEP:
            self._traced = now
            note(self._trace, self.station)

    def _was_stopped(self, item: Item) -> tuple[Item, str]:
        raise KeyboardInterrupt  # nobody gives commands here: only Ctrl-C stops a run

    def _put(self, item: Item) -> None:
        super()._put(item)
        now = self.station.clock.time()
        self.begun.setdefault(item.id, now)
        self.ended[item.id] = now


def note(trace: Trace, station: Station) -> None:
    """Add the simulated truth of this moment to the curves."""
    cryostat = station.cryostat
    now, loop, magnet = cryostat.now, cryostat.loop, cryostat.magnet
    heater = (0.01 * loop.output(now) * loop.range_current) ** 2 * loop.heater_resistance
    values = (
        now,
        cryostat.mixing_chamber_temperature(now),
        cryostat.chip_temperature(now),
        magnet.sample_after,
        heater,
        magnet.model.eddy_power(magnet.sweep_rate),
        cryostat.lockin.amplitude / station.network.series_resistance,
    )
    for name, value in zip(TRACE, values, strict=True):
        trace[name].append(value)


def simulated_twin(file: StationFile, sample: str | None = None) -> StationFile:
    """The same station with a simulator behind it, in virtual time; `sample` is S0, S1, S2 or a table-sample file."""
    defaults = {name: key.default for name, key in SECTIONS["simulator"].items()}
    simulator = {**defaults, **file.sections.get("simulator", {}), **({"sample": sample} if sample else {})}
    simulator |= {name: defaults[name] for name in ("speed", "scenario")}  # a rehearsal foresees no trouble
    return replace(
        file,
        top={**file.top, "clock": "virtual", "visa_library": ""},
        sections={**file.sections, "simulator": simulator},
    )


def _warnings(item: Item, data: Path) -> list[str]:
    """What a person should know of an item before it is run."""
    if item.kind != RUN or not item.folders:
        return [item.reason] if item.reason else []
    sentences = [] if item.state == DONE else [f"{item.state}: {item.reason}"]
    for folder in item.folders:
        run = read_run(data / folder)
        rows = len(run.frame)
        for flag, count in _flagged(run.frame["flags"]).items():
            share = f"{count} of {rows} rows"
            sentences.append(f"{share} would be {flag.name.lower().replace('_', ' ')}" if flag.name else share)
        sentences += [f"belief test: {check.get('sentence', check)}" for check in _failed_checks(run.end)]
    return sentences


def _flagged(flags: Any) -> Mapping[Quality, int]:
    counts: Counter[Quality] = Counter()
    for value in flags.astype(int):
        for flag in Quality(value & int(DISBELIEVED)):
            counts[flag] += 1
    return counts


def _failed_checks(end: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    checks = end.get("data", {}).get("checks", [])
    return [check for check in checks if check.get("verdict") == "fail"]


def main() -> None:
    """Rehearse the task on standard input, JSON, and answer on standard output."""
    json.dump(rehearse_stretch(Task.from_json(json.load(sys.stdin))).to_json(), sys.stdout)


if __name__ == "__main__":
    main()
