"""A short queue on the simulated station, a fault in its first item, and what is left of both."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from coldfinger.procedures.engine.engine import Ending
from coldfinger.procedures.engine.items import RUN, FailurePolicy, Item, Night
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.station import Station
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import read_run
from coldfinger.sim.faults import Fault, arm
from coldfinger.sim.scpi import Port

MAGNET_COMMANDS = ("magnet target", "magnet rate", "magnet ramping", "switch heater")
Strike = Sequence[Fault] | Callable[[Station], None]


def warm(id: str, temperatures: str = "0.6, 0.55, 0.5 K", **parameters: Any) -> Item:
    """Settled rows at temperatures where the chip is quick."""
    usual = {"start": 0.6, "stop": 0.5, "pacing": "listed points", "temperatures": temperatures, "window": 2.0}
    return Item(RUN, id, f"warm {id}", "TemperatureRamp", usual | parameters)


def sweep(id: str, **parameters: Any) -> Item:
    """Five settled rows at five fields."""
    usual = {"start": -1.0, "stop": 1.0, "step": 0.5, "mode": "stepped", "temperature": 0.6, "window": 2.0}
    return Item(RUN, id, f"sweep {id}", "FieldSweep", usual | parameters)


def at_the_front_panel(station: Station, place: str, line: str) -> None:
    """Somebody turns a knob: one command over another wire into the same instrument."""
    rack = station.rack
    with rack.lock:
        rack.deliver(Port(rack.devices[rack.names[place]]), (line + "\n").encode(), True)
        rack.advance()


@dataclass
class Aftermath:
    """What is left after a night: its end, the rows of each item, the journal, and the laboratory's own log."""

    ending: Ending
    frames: dict[str, Any]
    events: list[dict[str, Any]]
    journal: list[dict[str, Any]]
    alarms: list[str]
    log: Any
    struck_at: float
    ended_at: float
    moved_at_the_end: bool

    @property
    def states(self) -> list[str]:
        return [item.state for item in self.ending.items]

    @property
    def reasons(self) -> list[str]:
        return [item.reason for item in self.ending.items]

    def flags(self, id: str) -> list[Quality]:
        return [Quality(int(value)) for value in self.frames[id]["flags"]]

    def texts(self, level: str = "") -> str:
        return "\n".join(event["text"] for event in self.events if level in ("", event["level"]))

    def is_safe(self) -> bool:
        """Seen by the laboratory itself: smallest excitation, no bias, no heater, a magnet that does not move."""
        at = self.ended_at
        return (
            self.log.value("excitation", at) == 0.004
            and self.log.value("bias level", at) == 0.0
            and self.log.value("bias output", at) is False
            and self.log.value("heater range", at) == 0.0
            and not self.moved_at_the_end
        )

    def magnet_commands_since(self, time: float) -> list[Any]:
        """What reached the supply; that a quench stops it is no command."""
        facts = [fact for fact in self.log.since(time) if fact.what in MAGNET_COMMANDS]
        return [fact for fact in facts if (fact.what, fact.value) != ("magnet ramping", False)]

    def journal_states(self, id: str) -> list[str]:
        """The states that the journal says an item went through."""
        return [event["state"] for event in self.journal if event["event"] == "state" and event["id"] == id]


def night(
    folder: Path,
    items: Sequence[Item],
    strike: Strike,
    *,
    policy: FailurePolicy | None = None,
    after_row: int = 1,
    **simulator: Any,
) -> Aftermath:
    """Carry the items out; the faults strike after that row of the night."""
    plan = Night("faults", tuple(items), policy or FailurePolicy())
    sim = {"sample": "S0", "fluctuations": False} | simulator
    with engine_for(plan, read_station_file(), folder, sync=False, **sim) as engine:
        station, struck, rows = engine.station, [], []
        usual = engine._watch

        def watch(topic: str, record: Any) -> None:
            usual(topic, record)
            if topic == "results":
                rows.append(record)
                if len(rows) == after_row:
                    struck.append(station.clock.time())
                    strike(station) if callable(strike) else arm(station.rack, strike)

        engine._watch = watch
        ending = engine.run()
        log, ended = station.rack.log, station.clock.time()
        moved = station.cryostat.magnet.sweep_rate != 0.0
        events = engine.events()
    runs = {item.id: [read_run(folder / name) for name in item.folders] for item in ending.items}
    frames = {id: pd.concat([run.frame for run in parts]) for id, parts in runs.items() if parts}
    alarms = [alarm.text for parts in runs.values() for run in parts for alarm in run.alarms]
    [queue] = (folder / "queue").glob("*/queue.jsonl")
    journal = [json.loads(line.split(" ", 1)[1]) for line in queue.read_text().splitlines()]
    return Aftermath(ending, frames, events, journal, alarms, log, struck[0], ended, moved)
