"""What a terminal shows of an engine: where it is, the queue with its ends, and what happened; asks after Ctrl-C."""

import sys
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from coldfinger.procedures.engine.face import EngineFace
from coldfinger.procedures.engine.items import DISABLED, DONE, FAILED, PARTIAL, RUNNING, SKIPPED, WAITING
from coldfinger.procedures.station import duration_text

SIGNS = {WAITING: "○", RUNNING: "▶", DONE: "✓", PARTIAL: "◐", FAILED: "✗", SKIPPED: "»", DISABLED: "–"}
_STYLES = {FAILED: "red", PARTIAL: "yellow", RUNNING: "green", DISABLED: "dim", SKIPPED: "dim"}
_LEVELS = {"warning": "yellow", "alarm": "red"}
_ROWS = 12  # of the queue around the running item


class Console:
    """A live picture on a terminal, plain lines elsewhere; on standard error."""

    def __init__(self, engine: EngineFace) -> None:
        self._engine = engine
        self._terminal = Terminal(stderr=True)
        self._live = Live(console=self._terminal, auto_refresh=False)
        self._seen = 0
        self._shown: dict[str, str] = {}
        self.asking = False
        self.terminated = False

    def __enter__(self) -> Self:
        if self._terminal.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.draw()
        if self._live.is_started:
            self._live.stop()

    def draw(self) -> None:
        """Show how things are now."""
        snapshot = self._engine.snapshot()
        self._messages()
        if self._live.is_started:
            self._live.update(picture(snapshot), refresh=True)
        else:
            self._lines(snapshot)

    def _messages(self) -> None:
        for event in self._engine.events(self._seen + 1):
            self._seen = event["seq"]
            if event["level"] != "info":
                text = Text(f"{_local(event['utc']):%H:%M} {event['level']}: {event['text']}")
                self._terminal.print(text, style=_LEVELS.get(event["level"], ""), soft_wrap=True)

    def _lines(self, snapshot: dict[str, Any]) -> None:
        for item in snapshot["items"]:
            if self._shown.get(item["id"], WAITING) != item["state"]:
                self._terminal.print(Text(one_line(item)), soft_wrap=True)
            self._shown[item["id"]] = item["state"]

    def ask_if_wanted(self) -> None:
        """After Ctrl-C: what shall be done? The fridge is held meanwhile."""
        if not self.asking or self.terminated:
            return
        if self._live.is_started:
            self._live.stop()
        answer = self._question("Paused after the present row. [r]esume, [s]kip this run, [a]bort to the safe state? ")
        if not self.asking:  # a second Ctrl-C came while the question stood
            return
        verb = {"r": "resume", "s": "skip", "a": "abort"}.get(answer[:1].lower(), "")
        if not verb:
            return
        self._engine.command(verb, who="terminal")
        if verb == "abort":
            self._engine.command("stop", who="terminal")
        self.asking = False
        self._live = Live(console=self._terminal, auto_refresh=False)
        if self._terminal.is_terminal:
            self._live.start()

    def _question(self, text: str) -> str:
        self._terminal.print(Text(text), end="")
        return sys.stdin.readline().strip()


def picture(snapshot: dict[str, Any]) -> Group:
    """Banner and queue of an engine's snapshot."""
    return Group(_banner(snapshot), _queue(snapshot))


def _banner(snapshot: dict[str, Any]) -> Table:
    running, ends = snapshot["running"], snapshot["ends"]
    banner = Table.grid(padding=(0, 2))
    state = Text(f"{snapshot['state'].upper()}  {snapshot['reason']}", style="bold")
    if snapshot["simulated"]:
        state.append("  SIMULATED", style="magenta")
    end = ""
    if ends["utc"]:
        end = f"queue ends {_local(ends['utc']):%a %H:%M} ± {duration_text(ends['sd_seconds'])}"
    banner.add_row(state, Text(end))
    if running:
        bar = ProgressBar(total=100.0, completed=running.get("progress", 0.0), width=40)
        banner.add_row(bar, Text(f"{running.get('rows', 0)} rows   {_readings(snapshot)}"))
    return banner


def _readings(snapshot: dict[str, Any]) -> str:
    latest = snapshot["latest"]
    parts = []
    for name, label, scale, unit in (
        ("T_sample (K)", "T", 1e3, "mK"),
        ("H (Oe)", "H", 1.0, "Oe"),
        ("rho (ohm)", "rho", 1.0, "ohm"),
    ):
        if name in latest:
            parts.append(f"{label} {latest[name][0] * scale:.5g} {unit}")
    return "  ".join(parts)


def _queue(snapshot: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False)
    items = snapshot["items"]
    first = next((i for i, item in enumerate(items) if item["state"] in (RUNNING, WAITING, PARTIAL)), len(items))
    shown = items[max(0, first - 3) : max(0, first - 3) + _ROWS]
    for item in shown:
        ends = snapshot["ends"]["items"].get(item["id"])
        when = f"{_local(ends['utc']):%a %H:%M} ± {duration_text(ends['sd_seconds'])}" if ends and ends["utc"] else ""
        table.add_row(Text(one_line(item), style=_STYLES.get(item["state"], "")), Text(when))
    left = len(items) - len(shown) - max(0, first - 3)
    if left > 0:
        table.add_row(Text(f"  and {left} more"), Text(""))
    return table


def one_line(item: dict[str, Any]) -> str:
    """An item on one line: sign, number, name, what became of it."""
    line = f"{SIGNS[item['state']]} {item['id']:>3}  {item['name']:<36} {item['state']}"
    if item["rows"]:
        line += f", {item['rows'] - item['disbelieved']} of {item['rows']} rows believed"
    if item["seconds"]:
        line += f", {duration_text(item['seconds'])}"
    return line + (f": {item['reason']}" if item["reason"] else "")


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()
