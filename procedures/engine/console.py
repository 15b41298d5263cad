"""What a terminal shows of an engine: where it is, the queue with its ends, and what happened; asks after Ctrl-C."""

import sys
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live
from rich.text import Text

from coldfinger.procedures.engine.face import EngineFace, OwnerSilent
from coldfinger.procedures.engine.items import DISABLED, DONE, FAILED, PARTIAL, RUNNING, SKIPPED, WAITING

SIGNS = {WAITING: "○", RUNNING: "▶", DONE: "✓", PARTIAL: "◐", FAILED: "✗", SKIPPED: "»", DISABLED: "–"}
_STYLES = {FAILED: "red", PARTIAL: "yellow", RUNNING: "green", DISABLED: "dim", SKIPPED: "dim"}
_LEVELS = {"warning": "yellow", "alarm": "red"}
_ROWS = 12  # of the queue around the running item
_BAR, _NAME = 24, 30  # columns
QUESTION = "Paused after the present row. [r]esume, [s]kip this run, [a]bort to the safe state? "
_ANSWERS = {"r": "resume", "s": "skip", "a": "abort"}


class Console:
    """A live picture on a terminal, plain lines elsewhere; on standard error."""

    def __init__(self, engine: EngineFace) -> None:
        self._engine = engine
        self._terminal = Terminal(stderr=True)
        self._live = Live(console=self._terminal, auto_refresh=False)
        self._seen = 0
        self._shown: dict[str, str] = {}
        self._lost = ""

    def __enter__(self) -> Self:
        snapshot = self._engine.snapshot()
        self._terminal.print(Text(heading(snapshot)), soft_wrap=True)
        if self._terminal.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.draw()
        finally:
            self._live.stop()

    def draw(self) -> None:
        """Show how things are now; that the owner is silent is shown, too."""
        try:
            snapshot = self._engine.snapshot()
            self._messages()
        except OwnerSilent as silent:
            self._show_lost(str(silent))
            return
        self._lost = ""
        if self._live.is_started:
            self._live.update(picture(snapshot, self._terminal.width), refresh=True)
        else:
            self._lines(snapshot)

    def _show_lost(self, sentence: str) -> None:
        """Under the last picture, or on a line of its own, once."""
        if self._lost != sentence:
            self._lost = sentence
            text = Text(f"link lost: {sentence}", style="red")
            if self._live.is_started:
                self._live.update(Group(self._live.renderable, text), refresh=True)
            else:
                self._terminal.print(text, soft_wrap=True)

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

    def ask(self) -> str:
        """What shall be done? "resume", "skip" or "abort"; the picture stands still meanwhile."""
        live = self._live.is_started
        if live:
            self._live.stop()
        try:
            while True:
                self._terminal.print(Text(QUESTION), end="")
                line = sys.stdin.readline()
                if not line:
                    return "abort"  # nobody can answer any more
                if (answer := line.strip()[:1].lower()) in _ANSWERS:
                    return _ANSWERS[answer]
        finally:
            self._live = Live(console=self._terminal, auto_refresh=False)
            if live:
                self._live.start()


def heading(snapshot: dict[str, Any]) -> str:
    """One line: what will be done, until when, and where the data go."""
    left = sum(item["state"] in (WAITING, PARTIAL, RUNNING) for item in snapshot["items"])
    ends = snapshot["ends"]
    end = f", until {_when(ends)}" if ends["utc"] else ""
    where = f"{snapshot['station']}{' (simulated)' if snapshot['simulated'] else ''}"
    return f"{snapshot['night'] or 'queue'} at {where}: {left} to do{end}; data in {snapshot['data']}"


def picture(snapshot: dict[str, Any], width: int = 80) -> Group:
    """Banner and queue of an engine's snapshot, no line wider than `width` columns."""
    lines = [*_banner(snapshot, width), *_queue(snapshot, width)]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
        line.no_wrap = True
    return Group(*lines)


def _banner(snapshot: dict[str, Any], width: int) -> list[Text]:
    running, ends = snapshot["running"], snapshot["ends"]
    state = Text(snapshot["state"].upper(), style="bold")
    if snapshot["simulated"]:
        state.append("  SIMULATED", style="magenta")
    state.append(f"  {snapshot['reason']}")
    end = f"queue ends {_when(ends)}" if ends["utc"] else ""
    lines = [_both_ends(state, Text(end), width)]
    if running:
        percent, rows = running.get("progress", 0.0), running.get("rows", 0)
        full = round(percent / 100 * _BAR)
        line = Text("━" * full, style="green").append("━" * (_BAR - full), style="dim")
        counted = f"  {percent:3.0f} %  {rows} rows  " if rows or percent else "  "
        lines.append(line.append(f"{counted}{_readings(snapshot)}", style=""))
    return lines


def _both_ends(left: Text, right: Text, width: int) -> Text:
    """One line: the right text as it is, the left one cut where there is no room."""
    room = max(width - right.cell_len - 2, 20)
    left.truncate(room, overflow="ellipsis", pad=bool(right.cell_len))
    return left.append("  ").append_text(right) if right.cell_len else left


def _when(end: dict[str, Any]) -> str:
    return f"{_local(end['utc']):%a %H:%M} ± {_roughly(end['sd_seconds'])}"


def _roughly(seconds: float) -> str:
    """A duration of which the size matters: "0.3 s", "40 s", "7 min", "1.5 h"."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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


def _queue(snapshot: dict[str, Any], width: int) -> list[Text]:
    items = snapshot["items"]
    first = next((i for i, item in enumerate(items) if item["state"] in (RUNNING, WAITING, PARTIAL)), len(items))
    top = max(0, min(first - 3, len(items) - _ROWS))
    lines = [Text(f"  {top} more above", style="dim")] if top else []
    for item in items[top : top + _ROWS]:
        end = snapshot["ends"]["items"].get(item["id"])
        when = Text(_when(end) if end and end["utc"] else "")
        lines.append(_both_ends(Text(one_line(item), style=_STYLES.get(item["state"], "")), when, width))
    if (left := len(items) - top - _ROWS) > 0:
        lines.append(Text(f"  {left} more below", style="dim"))
    return lines


def one_line(item: dict[str, Any]) -> str:
    """An item on one line: sign, number, name, what became of it."""
    name = item["name"] if len(item["name"]) <= _NAME else f"{item['name'][: _NAME - 1]}…"
    line = f"{SIGNS[item['state']]} {item['id']:>3}  {name:<{_NAME}}  {item['state']}"
    if item["rows"]:
        line += f", {item['rows'] - item['disbelieved']} of {item['rows']} rows believed"
    if item["seconds"]:
        line += f", {_roughly(item['seconds'])}"
    return line + (f": {item['reason']}" if item["reason"] else "")


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()
