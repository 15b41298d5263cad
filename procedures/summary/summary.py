"""What happened since yesterday: one night or several, told from the files alone, whatever became of the programs.

A night is a queue journal with the runs that it names; runs that belong to no night are told after them. Nothing here
is believed that is not on disk: a night without an end is running while its writer lives, and else interrupted.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from coldfinger.procedures.data.catalogue import Catalogue
from coldfinger.procedures.data.entry import Entry
from coldfinger.procedures.engine.items import DONE, RUNNING, Item
from coldfinger.procedures.engine.queue_journal import QUEUES, QueueRecord, nights, read_queue
from coldfinger.procedures.summary.summary_report import ItemReport, Message, NightReport, RunReport, Summary
from coldfinger.procedures.summary.summary_run import report_run
from coldfinger.procedures.words.quantity import duration_text
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.parts import all_parts
from coldfinger.runfiles.quality import DISBELIEVED, names

_WEEK = timedelta(days=7)
_FEWEST_RUNS = 3  # before that, for a word on their noise
_LOUDER, _QUIETER = 1.5, 1 / 1.5
_DAY = timedelta(hours=24)


class SummaryError(ValueError):
    """There is nothing to tell; one sentence."""


def summarise(data: Path, since: datetime | None = None, night: str = "") -> Summary:
    """Tell the last night of a data folder, or all since a time, or the one with a name (or the name of its folder).

    Raises RunFileError when the folder cannot be read, SummaryError when there is nothing to tell.
    """
    with Catalogue(data) as catalogue:
        catalogue.refresh()
        entries = catalogue.find()
    records = _records(data, since, night)
    reports = [_night(record, data, entries) for record in records]
    if not night and (since is not None or not records):
        alone = [entry for entry in entries if not entry.night and _is_since(entry, since or _a_day(entries))]
        reports += [_runs_alone(alone, data, entries)] if alone else []
    if not reports:
        when = f" since {since.astimezone().isoformat(timespec='minutes')}" if since else ""
        raise SummaryError(
            f"data folder {data}: there is neither a night nor a run in it{when}; give another folder or time"
        )
    return Summary(str(data), datetime.now(UTC).isoformat(timespec="seconds"), tuple(reports))


def _records(data: Path, since: datetime | None, night: str) -> list[QueueRecord]:
    folders = nights(data)
    if night:
        exact = [folder for folder in folders if folder.name == night]
        named = exact or [folder for folder in folders if folder.name.partition("_")[2].partition("_")[2] == night]
        records = [read_queue(folder) for folder in exact or folders if exact or folder in named]
        if not records:
            records = [record for record in map(read_queue, folders) if _night_name(record) == night]
        if not records:
            known = ", ".join(folder.name for folder in folders[-5:]) or "none"
            raise SummaryError(f"night {night!r}: there is none in {data / QUEUES}; the last ones are {known}")
        return records[-1:]
    if since is None:
        return [read_queue(folder) for folder in folders[-1:]]
    records = [read_queue(folder) for folder in folders]
    return [record for record in records if record.events and _utc(record.events[-1]["utc"]) >= since]


def _night_name(record: QueueRecord) -> str:
    return str((record.start.get("night") or {}).get("name") or "")


# One night


class _Calendar:
    """The time of day of an event: the world's at a real station; at a simulated one it goes with the virtual clock.

    Virtual time runs ahead of the world's, so a further part begins where the one before it had come to, at least.
    """

    def __init__(self, record: QueueRecord) -> None:
        self._virtual = bool(record.start.get("simulated"))
        self._zero: dict[int, datetime] = {}  # by part: when its clock stood at 0
        latest = datetime.min.replace(tzinfo=UTC)
        for event in record.events:
            part, passed = event["part"], timedelta(seconds=event["clock"])
            if part not in self._zero:
                self._zero[part] = max(_utc(event["utc"]), latest) - passed
            latest = self._zero[part] + passed

    def __call__(self, event: Mapping[str, Any]) -> str:
        if not self._virtual:
            return _seconds_only(_utc(event["utc"]))
        return _seconds_only(self._zero[event["part"]] + timedelta(seconds=event["clock"]))


def _night(record: QueueRecord, data: Path, entries: Sequence[Entry]) -> NightReport:
    when = _Calendar(record)
    state, reason = _state(record)
    runs = {item.id: _report(item, data) for item in record.items if item.folders}
    items = tuple(_item(item, record, when, runs.get(item.id), state, reason) for item in record.items)
    ended = [item for item in record.items if item.state == DONE and item.predicted_seconds and item.seconds]
    begun = when(record.events[0]) if record.events else ""
    return NightReport(
        record.folder.name,
        _night_name(record) or record.folder.name,
        str((record.start.get("station") or {}).get("name") or ""),
        bool(record.start.get("simulated")),
        state,
        reason,
        begun,
        when(record.events[-1]) if record.events else "",
        _length(record),
        sum(item.predicted_seconds or 0.0 for item in ended) if ended else None,
        sum(item.seconds or 0.0 for item in ended) if ended else None,
        items,
        seams=tuple(_seams(record, when, runs.values())),
        **_gathered(list(runs.values()), entries),
        messages=tuple(_messages(record, when)),
        safe=tuple(_safe(record)),
    )


def _report(item: Item, data: Path) -> RunReport:
    return report_run(item.name, [data / folder for folder in item.folders])


def _state(record: QueueRecord) -> tuple[str, str]:
    if record.ended:
        return str(record.ended.get("outcome")), str(record.ended.get("reason") or "")
    last: dict[str, Any] = next((event for event in reversed(record.events) if event["event"] == "engine"), {})
    doing = ": ".join(filter(None, (str(last.get("state", "")), str(last.get("reason", "")))))
    if record.held:
        return "running", doing
    return "interrupted", f"its program ended without a word; the last state was {doing or 'not written'}"


def _item(
    item: Item, record: QueueRecord, when: _Calendar, run: RunReport | None, state: str, reason: str
) -> ItemReport:
    own = [event for event in record.events if event["event"] == "state" and event["id"] == item.id]
    begun = next((event for event in own if event["state"] == RUNNING), None)
    ended = own[-1] if own and own[-1]["state"] != RUNNING else None
    if item.state == RUNNING and state != "running":
        item = item.but(state="interrupted", reason=item.reason or "the program ended while it ran; its rows are kept")
    elif item.state == "waiting" and not item.reason and state != "running":
        item = item.but(reason=f"not begun: the night was {state}" + (f": {reason}" if reason else ""))
    readable = run is not None and run.outcome != "damaged"
    return ItemReport(
        item.id,
        item.name,
        item.procedure or item.kind,
        item.state,
        item.reason,
        when(begun) if begun else "",
        when(ended) if ended else "",
        item.seconds,
        item.predicted_seconds,
        run.rows if run is not None and readable else item.rows,
        run.believed if run is not None and readable else item.rows - item.disbelieved,
        item.attempts,
        item.folders,
    )


def _length(record: QueueRecord) -> float:
    """Seconds of the station's clock, each part by itself."""
    parts: dict[int, list[float]] = {}
    for event in record.events:
        parts.setdefault(event["part"], []).append(float(event["clock"]))
    return math.fsum(clocks[-1] - clocks[0] for clocks in parts.values())


def _seams(record: QueueRecord, when: _Calendar, runs: Iterable[RunReport]) -> list[str]:
    said = []
    for event, before in zip(record.events[1:], record.events, strict=False):
        if event["event"] == "start":
            gap = (_utc(event["utc"]) - _utc(before["utc"])).total_seconds()
            said.append(f"the night was interrupted and gone on with after {duration_text(max(0.0, gap))}")
    for event in record.events:
        if event["event"] == "event" and event.get("kind") == "retry":
            said.append(f"{_clock_time(when(event))} {event['text']}")
    return [*said, *(seam for run in runs for seam in run.seams)]


def _messages(record: QueueRecord, when: _Calendar) -> list[Message]:
    """Warnings, alarms and what people ordered, in their order."""
    said = []
    for event in record.events:
        if event["event"] == "event" and event.get("level") in ("warning", "alarm"):
            said.append(Message(when(event), event["level"], str(event.get("kind")), str(event.get("text"))))
        elif event["event"] == "command":
            who = f" by {event['who']}" if event.get("who") else ""
            said.append(Message(when(event), "command", str(event.get("name")), f"{event.get('name')}{who}"))
    if record.skipped:
        count = len(record.skipped)
        said.append(Message("", "warning", "journal", f"{count} lines of the queue journal are torn or damaged"))
    return said


def _safe(record: QueueRecord) -> list[dict[str, Any]]:
    """The newest word of the newest part on the safe state."""
    part = record.events[-1]["part"] if record.events else 0
    for event in reversed(record.events):
        if event["part"] == part and event["event"] in ("end", "safe"):
            return [dict(item) for item in event.get("safe" if event["event"] == "end" else "items", [])]
    return []


# Runs


def _gathered(runs: Sequence[RunReport], entries: Sequence[Entry]) -> dict[str, Any]:
    """What the runs of a night say together."""
    flags: Counter[str] = Counter()
    for run in runs:
        flags.update(dict(run.flags))
    serious = set(names(int(DISBELIEVED)))
    in_order = sorted(flags.items(), key=lambda pair: (pair[0] not in serious, -pair[1], pair[0]))
    return {
        "flags": tuple(in_order),
        "checks": tuple(check for run in runs for check in run.checks),
        "fits": tuple(run.fit for run in runs if run.fit is not None),
        "curves": tuple(run.curve for run in runs if run.curve is not None),
        "odd": (*(odd for run in runs for odd in run.odd), *_noise(runs, entries)),
    }


def _noise(runs: Sequence[RunReport], entries: Sequence[Entry]) -> list[str]:
    """Runs whose noise is far from what runs of the same kind had here in the week before."""
    by_folder = {entry.folder: entry for entry in entries}
    present = {folder for run in runs for folder in run.folders}
    said = []
    for run in runs:
        entry = by_folder.get(run.folders[-1]) if run.folders else None
        if entry is None or not entry.noise_V or not entry.begun_utc:
            continue
        begun = _utc(entry.begun_utc)
        before = [
            other.noise_V
            for other in entries
            if other.noise_V
            and other.folder not in present
            and (other.station, other.procedure, other.simulated) == (entry.station, entry.procedure, entry.simulated)
            and other.begun_utc
            and begun - _WEEK <= _utc(other.begun_utc) < begun
        ]
        if len(before) < _FEWEST_RUNS:
            continue
        ratio = entry.noise_V / median(before)
        if not _QUIETER <= ratio <= _LOUDER:
            said.append(
                f"{run.name}: the noise of X is {entry.noise_V:.2g} V, {ratio:.2g} times the median of "
                f"{len(before)} runs of the week before"
            )
    return said


def _runs_alone(alone: Sequence[Entry], data: Path, entries: Sequence[Entry]) -> NightReport:
    """Runs that no queue made; parts that were gone on with are told with their last part."""
    continued = {entry.continues for entry in alone}
    last = [entry for entry in alone if entry.folder not in continued]
    runs = [report_run(entry.item_name or entry.folder, _chain(data / entry.folder)) for entry in last]
    items = tuple(
        ItemReport(
            str(entry.id),
            run.name,
            entry.procedure,
            entry.outcome,
            entry.reason or entry.damage,
            entry.begun_utc,
            entry.ended_utc,
            entry.seconds,
            None,
            max(run.rows, entry.rows),
            max(run.believed, entry.believed),
            1,
            run.folders,
        )
        for entry, run in zip(last, runs, strict=True)
    )
    return NightReport(
        "",
        "runs outside a night",
        ", ".join(sorted({entry.station for entry in alone if entry.station})),
        any(entry.simulated for entry in alone),
        "",
        "",
        min((entry.begun_utc for entry in alone if entry.begun_utc), default=""),
        max((entry.ended_utc for entry in alone if entry.ended_utc), default=""),
        math.fsum(entry.seconds or 0.0 for entry in alone),
        None,
        None,
        items,
        seams=tuple(seam for run in runs for seam in run.seams),
        **_gathered(runs, entries),
        messages=(),
        safe=(),
    )


def _chain(folder: Path) -> list[Path]:
    try:
        return all_parts(folder)
    except RunFileError:
        return [folder]


def _is_since(entry: Entry, since: datetime | None) -> bool:
    return since is None or bool(entry.begun_utc and _utc(entry.begun_utc) >= since)


def _a_day(entries: Sequence[Entry]) -> datetime | None:
    """A day before the newest run."""
    newest = max((entry.begun_utc for entry in entries), default="")
    return _utc(newest) - _DAY if newest else None


# Small things


def _utc(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _seconds_only(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _clock_time(utc: str) -> str:
    return _utc(utc).astimezone().strftime("%H:%M")
