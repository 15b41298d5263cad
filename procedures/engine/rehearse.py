"""A whole plan on the simulated refrigerator, in virtual time, before anything real moves.

The simulator is built from the station file, its film from the file's sample or from the user's own table sample;
the queue is carried out by the engine that will carry it out in earnest. Nothing is kept but what is reported.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from coldfinger.procedures.data.reader import read_run
from coldfinger.procedures.engine.calendar import Calendar
from coldfinger.procedures.engine.engine import Engine
from coldfinger.procedures.engine.history import History
from coldfinger.procedures.engine.items import DONE, RUN, Item, Night
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night
from coldfinger.procedures.quality import DISBELIEVED, Quality
from coldfinger.procedures.station import Station, duration_text, open_station
from coldfinger.procedures.station_file import SECTIONS, StationFile

_TRACE_STEP = 30.0  # s between two points of the predicted curves
SPREAD = 0.05  # of each item's duration: what a real refrigerator does otherwise, before anything is learned


@dataclass(frozen=True)
class Act:
    """What becomes of one item: begin and end (s from the start), s.d. of the end (s), rows, trouble in words."""

    item: Item
    begins: float
    ends: float
    ends_sd: float
    warnings: tuple[str, ...]


TRACE = ("time_s", "T_mc_K", "T_sample_K", "H_Oe", "heater_W", "eddy_W", "I_A")
"""Predicted curves: time from the start, true temperatures and field, heat into the mixing chamber, excitation."""

Trace = dict[str, list[float]]
"""Lists of equal length by the names in TRACE."""


@dataclass(frozen=True)
class Rehearsal:
    """What a plan would do. `refused` are sentences for which it may not be run."""

    night: Night
    acts: tuple[Act, ...]
    trace: Trace
    seconds: float
    sd: float
    rows: int
    bytes: int
    refused: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.night.name,
            "seconds": self.seconds,
            "sd_seconds": self.sd,
            "rows": self.rows,
            "bytes": self.bytes,
            "refused": list(self.refused),
            "items": [
                {
                    "id": act.item.id,
                    "name": act.item.name,
                    "state": act.item.state,
                    "reason": act.item.reason,
                    "begins": act.begins,
                    "ends": act.ends,
                    "ends_sd": act.ends_sd,
                    "rows": act.item.rows,
                    "disbelieved": act.item.disbelieved,
                    "warnings": list(act.warnings),
                }
                for act in self.acts
            ],
            "trace": self.trace,
        }


class _Rehearsing(Engine):
    """The engine, with a pencil at the refrigerator's chart."""

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
    simulator["speed"] = defaults["speed"]
    return replace(
        file,
        top={**file.top, "clock": "virtual", "visa_library": ""},
        sections={**file.sections, "simulator": simulator},
    )


def rehearse(
    night: Night,
    file: StationFile,
    *,
    sample: str | None = None,
    start: datetime | None = None,
    history: History | None = None,
) -> Rehearsal:
    """Carry the plan out on the simulated twin of a station; raises StationFileError where there can be none."""
    trace: Trace = {name: [] for name in TRACE}
    with (
        tempfile.TemporaryDirectory(prefix="rehearsal-") as scratch,
        open_station(simulated_twin(file, sample)) as station,
    ):
        station.connect()
        data = Path(scratch)
        journal = QueueJournal(new_night(data, night.name), station.clock, sync=False)
        engine = _Rehearsing(
            station,
            night,
            data,
            journal,
            calendar=Calendar(station.clock, virtual=True, start=start),
            history=history,
            sync=False,
            trace=trace,
        )
        began = station.clock.time()
        engine.run()
        seconds = station.clock.time() - began
        acts = _acts(engine, data, began)
        size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    return Rehearsal(
        night=night,
        acts=acts,
        trace=trace,
        seconds=seconds,
        sd=acts[-1].ends_sd if acts else 0.0,
        rows=sum(act.item.rows for act in acts),
        bytes=size,
        refused=tuple(_refusals(acts)),
    )


def _acts(engine: _Rehearsing, data: Path, began: float) -> tuple[Act, ...]:
    acts, variance = [], 0.0
    for item in engine.queue.items:
        begins = engine.begun.get(item.id, began) - began
        ends = engine.ended.get(item.id, began) - began
        variance += (SPREAD * (ends - begins)) ** 2
        acts.append(Act(item, begins, ends, variance**0.5, tuple(_warnings(item, data))))
    return tuple(acts)


def _refusals(acts: tuple[Act, ...]) -> list[str]:
    return [f"{act.item.name}: {act.item.reason}" for act in acts if act.item.reason.startswith("not started: ")]


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


def rehearsal_text(rehearsal: Rehearsal, calendar: Calendar) -> str:
    """The rehearsal as a page of text: items with their ends, warnings, sums."""
    lines = [f"{rehearsal.night.name}: {duration_text(rehearsal.seconds)} ± {duration_text(rehearsal.sd)}"]
    for act in rehearsal.acts:
        end = calendar.in_seconds(act.ends).astimezone()
        lines.append(
            f"  {act.item.id:>3}  {act.item.name:<40} {duration_text(act.ends - act.begins):>12}  ends {end:%a %H:%M}"
            f" ± {duration_text(act.ends_sd)}  {act.item.rows} rows"
        )
        lines += [f"       ! {sentence}" for sentence in act.warnings]
    lines.append(f"{rehearsal.rows} rows, {rehearsal.bytes / 1e6:.1f} MB on disk")
    return "\n".join(lines)
