"""What the strip shows: readings with trend, set point, share of the limit and age, and lamps that stay lit until seen.

A reading never looks fresher than it is: it is greyed with its age after three of its own periods, and struck out when
the engine has been silent for half a minute.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from itertools import pairwise
from statistics import median

from coldfinger.gui.overview.view_state import LINK_LOST_AFTER, Snapshot
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.procedures.words.quantity import duration_text, show
from coldfinger.runfiles.quality import Quality

TREND_SPAN = 60.0  # s of station time
TREND_SHARE = 0.005
STALE_PERIODS = 3.0
FIRST_PERIOD = 20.0  # s, until a reading's own period is known
_BEYOND = 1 + 1e-6  # shares of a limit
_KEPT = 64
_LAST = 3
"""Distances of readings that say how soon the next one is expected."""


class Age(Enum):
    """How far a reading can be taken for the present."""

    FRESH = "fresh"
    STALE = "stale"
    LOST = "lost"
    NONE = "none"


@dataclass(frozen=True)
class Channel:
    """A reading of the strip: column of the rows, kind of quantity, column of its s.d., name of its set point."""

    key: str
    label: str
    column: str
    kind: str
    scale: float = 1.0
    sd: str = ""
    set_point: str = ""


CHANNELS = (
    Channel("T_mc", "T_mc", "T_mc (K)", "temperature"),
    Channel("T_sample", "T_sample", "T_sample (K)", "temperature", sd="T_sample_sd (K)", set_point="set temperature"),
    Channel("H", "H", "H (Oe)", "field", 1e-4, set_point="set field"),
    Channel("heater", "Heater", "heater (percent)", "percent"),
    Channel("R", "ρ", "rho (ohm)", "resistance", sd="rho_sd (ohm)"),
    Channel("I", "Excitation", "I (A)", "current"),
    Channel("phase", "θ", "phase (deg)", "degrees"),
)


@dataclass(frozen=True)
class Tile:
    """One reading as text; `trend` is "up", "down", "steady" or ""; `below` has uncertainty, set point and how much of
    the station's limit is used, `notes` what else can be said, `beyond` that it is more than the limit."""

    key: str
    label: str
    value: str
    below: str
    trend: str
    age: Age
    age_text: str
    notes: tuple[str, ...] = ()
    beyond: bool = False


@dataclass(frozen=True)
class Lamp:
    """An alarm light: `state` is "ok", "lit" (now), "latched" (over, not yet seen),
    "unknown" (the link is lost); `text` says why and since when."""

    key: str
    label: str
    state: str
    text: str


@dataclass
class _Latch:
    now: bool = False
    since: str = ""
    rows: int = 0


@dataclass
class _Past:
    """Recent (time, value) of one reading."""

    seen: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def add(self, time: float, value: float) -> None:
        if not self.seen or time > self.seen[-1][0]:
            self.seen.append((time, value))
        elif time < self.seen[-1][0]:  # another engine, whose clock began anew
            self.seen.clear()
            self.seen.append((time, value))

    @property
    def period(self) -> float:
        """Of the last few only: a ramp that slows down towards low temperatures has no old readings."""
        times = [time for time, _ in self.seen]
        return median(b - a for a, b in pairwise(times[-1 - _LAST :])) if len(times) > 2 else FIRST_PERIOD

    @property
    def rate(self) -> float:
        """Change per second over the last minute."""
        now, value = self.seen[-1]
        since, before = next(pair for pair in self.seen if now - pair[0] <= TREND_SPAN)
        return (value - before) / (now - since) if now > since else 0.0

    @property
    def trend(self) -> str:
        if len(self.seen) < 2:
            return ""
        now, value = self.seen[-1]
        before = next((old for time, old in self.seen if now - time <= TREND_SPAN), value)
        change = (value - before) / max(abs(value), abs(before), 1e-300)
        return "steady" if abs(change) < TREND_SHARE else "up" if change > 0 else "down"


LAMPS = ((Quality.OVERLOAD, "overload", "Lock-in overload"), (Quality.UNLOCKED, "unlocked", "Lock-in reference"))


class Strip:
    """Remembers what the snapshots said, for trends, ages and lamps; `see` every snapshot, `acknowledge` a lamp.

    With the limits of the station, readings that have one say how much of it is used.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._past = {channel.key: _Past() for channel in CHANNELS}
        self._latches: dict[str, _Latch] = {}
        self._row = (0.0, "")

    def see(self, snapshot: Snapshot | None, silent: float = 0.0) -> tuple[tuple[Tile, ...], tuple[Lamp, ...]]:
        """Tiles and lamps for the last snapshot there was, `silent` seconds of real time ago."""
        if snapshot is None:
            return tuple(Tile(c.key, c.label, "–", "", "", Age.NONE, "") for c in CHANNELS), ()
        self._count_flags(snapshot)
        return tuple(self._tile(channel, snapshot, silent) for channel in CHANNELS), self._lamps(snapshot, silent)

    def acknowledge(self, key: str) -> None:
        """Somebody has seen the lamp: it goes out, unless its cause is still there."""
        if not self._latches.get(key, _Latch()).now:
            self._latches.pop(key, None)

    def _tile(self, channel: Channel, snapshot: Snapshot, silent: float) -> Tile:
        latest = snapshot["latest"]
        pair = latest.get(channel.column)
        if pair is None or pair[0] is None or pair[0] != pair[0]:
            return Tile(channel.key, channel.label, "–", "no reading yet", "", Age.NONE, "")
        past = self._past[channel.key]
        past.add(pair[1], pair[0])
        age = max(snapshot["clock"] - pair[1], 0.0) + silent
        look = Age.LOST if silent > LINK_LOST_AFTER else Age.STALE if age > STALE_PERIODS * past.period else Age.FRESH
        parts = []
        if sd := latest.get(channel.sd):
            parts.append(f"± {_text(sd[0] * channel.scale, channel.kind, 2)}")
        if target := latest.get(channel.set_point):
            parts.append(f"→ {_text(target[0], channel.kind)}")
        share, notes = self._share(channel, pair, latest)
        parts += [f"{_percent_text(share)} of limit"] if share is not None else []
        old = "" if look is Age.FRESH else f"{duration_text(int(age))} old"
        value = _text(pair[0] * channel.scale, channel.kind)
        beyond = share is not None and share > _BEYOND
        return Tile(channel.key, channel.label, value, "  ".join(parts), past.trend, look, old, notes, beyond)

    def _share(self, channel: Channel, pair: Sequence[float], latest: Snapshot) -> tuple[float | None, tuple[str, ...]]:
        """How much of the station's limit a reading uses (1: all), and that limit in words."""
        limits = self._limits
        if limits is None:
            return None, ()
        if channel.kind == "field":
            note = f"Limit of {limits.whose('field')}: {_text(limits.field, 'field')} either way"
            return abs(pair[0]) * channel.scale / limits.field, (note, *self._sweep(channel, limits))
        if channel.kind == "current":
            note = f"Limit of {limits.whose('current')}: {_text(limits.current, 'current')} rms"
            return abs(pair[0]) / limits.current, (note,)
        full = latest.get("heater_range (A)")
        if channel.kind == "percent" and full and full[0] is not None and full[1] == pair[1]:
            note = (
                f"Of a range of {_text(full[0], 'current')}; the largest allowed is {_text(limits.heater, 'current')}"
            )
            return pair[0] / 100 * full[0] / limits.heater, (note,)
        return None, ()

    def _sweep(self, channel: Channel, limits: Limits) -> tuple[str, ...]:
        """How fast the field goes, while it does."""
        past = self._past[channel.key]
        if past.trend not in ("up", "down"):
            return ()
        rate = abs(past.rate) * channel.scale
        share = _percent_text(rate / limits.field_rate)
        return (f"Sweeps with {_text(rate, 'field rate', 2)}, {share} of the fastest that is allowed",)

    def _count_flags(self, snapshot: Snapshot) -> None:
        pair = snapshot["latest"].get("flags")
        row = (pair[1], str(snapshot["running"].get("folder", ""))) if pair else self._row
        if pair is None or row == self._row:
            return
        self._row = row
        for bit, key, _ in LAMPS:
            self._set(key, bool(int(pair[0]) & bit), snapshot["utc"], 1)

    def _set(self, key: str, now: bool, utc: str, rows: int = 0) -> None:
        latch = self._latches.get(key)
        if latch is None and now:
            latch = self._latches[key] = _Latch(since=utc)
        if latch is not None:
            latch.now = now
            latch.rows += rows if now else 0

    def _lamps(self, snapshot: Snapshot, silent: float) -> tuple[Lamp, ...]:
        lamps = [self._lamp(key, label, "") for _, key, label in LAMPS]
        for lock in snapshot["care"]["interlocks"]:
            trouble = lock["state"] in ("tripped", "settling") or lock["unreadable"]
            self._set(f"interlock {lock['name']}", trouble, snapshot["utc"])
            text = lock["text"] or ("cannot be read" if lock["unreadable"] else f"{lock['signal']} {lock['shown']}")
            lamps.append(self._lamp(f"interlock {lock['name']}", lock["name"], text))
        if silent > LINK_LOST_AFTER:  # a lamp that is out would say that all is well
            return tuple(replace(lamp, state="unknown") if lamp.state == "ok" else lamp for lamp in lamps)
        return tuple(lamps)

    def _lamp(self, key: str, label: str, text: str) -> Lamp:
        latch = self._latches.get(key)
        if latch is None:
            return Lamp(key, label, "ok", text or "nothing since the beginning")
        since = f"since {_clock_text(latch.since)}"
        rows = f", {latch.rows} {'point' if latch.rows == 1 else 'points'} flagged" if latch.rows else ""
        return Lamp(key, label, "lit" if latch.now else "latched", f"{text}{'; ' if text else ''}{since}{rows}")


def _clock_text(utc: str) -> str:
    return f"{datetime.fromisoformat(utc).astimezone():%H:%M:%S}"


def _percent_text(share: float) -> str:
    """ "41 %", "3.2 %"; what is hardly anything is not written with many zeros."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def _text(value: float, kind: str, digits: int = 4) -> str:
    rounded = float(f"{value:.{digits}g}")
    if kind == "percent":
        return f"{rounded:g} %"
    if kind == "degrees":
        return f"{rounded:.2f}°".replace("-", "−")
    return show(rounded, kind).replace("-", "−").replace("ohm", "Ω").replace(" u", " µ")
