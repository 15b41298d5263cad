"""A virtual day at a thousand times real time, in the window and its owner: memory, lag, and what speed was reached.

python -m benchmarks.window_day              24 virtual hours, some two minutes
python -m benchmarks.window_day --hours 240
"""

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.open_window import Lags, OpenWindow, opened, percentile
from coldfinger.procedures.engine.items import Item

SPEED = 1000
WARM, LOOK = 15.0, 7.5
"""Seconds until the first look at the memory, and between two."""
MOST = 50.0
"""MB that either may grow."""
MB = 1024.0
FIELDS = (0.0, 60.0, 100.0, 200.0, 300.0, 450.0)


def memory(pid: int) -> float:
    """What would be free without the process (USS, MB): its own pages, shared libraries left out."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty"))) / MB


def processor(pid: int) -> float:
    """Processor time that the process has used (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def night() -> list[dict[str, object]]:
    """Ramps at six fields, up and down, again and again."""
    return [
        Item(
            "run", "", f"R(T) at {field:g} Oe", "TemperatureRamp",
            parameters={"start": 0.05, "stop": 0.7, "points": 100, "field": field},
        ).to_json()
        for field in FIELDS
    ]  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How it was after a stretch: hours since the beginning, memory (MB) and share of a processor of each."""

    hour: float
    window: float
    owner: float
    window_work: float
    owner_work: float
    lags: Lags

    def __str__(self) -> str:
        late = self.lags.lags
        said = (1e3 * percentile(late, 50), 1e3 * percentile(late, 99), 1e3 * max(late, default=0.0))
        return (
            f"{self.hour:6.1f}{self.window:11.1f}{self.owner:10.1f}{self.window_work:9.0%}{self.owner_work:8.0%}"
            f"{said[0]:9.1f}{said[1]:7.1f}{said[2]:8.1f}"
        )


HEAD = f"{'hour':>6}{'window MB':>11}{'owner MB':>10}{'window':>9}{'owner':>8}{'lag p50':>9}{'p99':>7}{'worst':>8} ms"


def looks(window: OpenWindow, hours: float) -> Iterator[Look]:
    """Live through a day: something is always measured."""
    desk, me = window.desk, os.getpid()
    owner = int(str((window.app.window.place.owner() or {})["pid"]))
    clock, gone, wait = float(desk.latest["clock"]), 0.0, WARM
    while gone < hours:
        if sum(item["state"] == "waiting" for item in desk.latest["items"]) < 3:
            desk.command("add", items=night())
        before = processor(me), processor(owner)
        with window.measuring("a stretch") as lags:
            window.wait(wait)
        wait, gone = LOOK, (float(desk.latest["clock"]) - clock) / 3600
        work = [(processor(pid) - used) / lags.seconds for pid, used in zip((me, owner), before, strict=True)]
        yield Look(gone, memory(me), memory(owner), *work, lags)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0, help="virtual ones; 24")
    wanted = parser.parse_args()
    print(HEAD, flush=True)
    with opened(SPEED) as window:
        begun, seen = time.perf_counter(), []
        for look in looks(window, wanted.hours):
            seen.append(look)
            print(look, flush=True)
        reached = 3600 * seen[-1].hour / (time.perf_counter() - begun)
        items = window.desk.latest["items"]
        window.desk.command("abort")
        window.until(lambda: window.desk.latest.get("state") == "held", "a held queue")
    done = sum(item["state"] == "done" for item in items)
    print(f"{done} runs done, {len(items)} in the queue; x {reached:.0f} was reached of {SPEED}")
    first, last = (1e3 * percentile(look.lags.idle, 99) for look in (seen[0], seen[-1]))
    print(f"an idle loop beside it: p99 {first:.1f} ms at the beginning, {last:.1f} ms at the end")
    growth = seen[-1].window - seen[0].window, seen[-1].owner - seen[0].owner
    kept = max(growth) < MOST
    print(
        f"grown since the first look: window {growth[0]:.1f} MB, owner {growth[1]:.1f} MB; {MOST:g} allowed", end=": "
    )
    print("kept" if kept else "MISSED")
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
