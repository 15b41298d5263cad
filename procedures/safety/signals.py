"""Where interlocks get their values: instruments, a file, a URL. None: nothing could be read now.

An instrument is asked once, with little patience. A URL is asked in a thread of its own, so that a server that hangs
delays nobody; what it said is good for as long as the interlock says. Files and servers live in the time of the world,
also where the station's own time is virtual.
"""

import json
import math
import re
import threading
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from coldfinger.instruments.clock import WallClock
from coldfinger.instruments.errors import CalibrationError, InstrumentError
from coldfinger.instruments.roles import LockInStatus
from coldfinger.procedures.safety.rules import Rule

Value = float | str | None
PATIENCE = 0.6  # s for one reply
URL_TIMEOUT = 5.0  # s
_MOST = 100_000  # bytes that are read of a file's end or of an answer
_OVERLOADS = LockInStatus.INPUT_OVERLOAD | LockInStatus.FILTER_OVERLOAD | LockInStatus.OUTPUT_OVERLOAD
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_WORLD = WallClock()
_EXCITED = 4.1e-3  # V rms, above what an SR830 cannot go below


class Eyes(Protocol):
    """What a station shows: the drivers in their roles. A Station, or something that opens connections of its own."""

    @property
    def lockin(self) -> Any: ...
    @property
    def source(self) -> Any: ...
    @property
    def controller(self) -> Any: ...
    @property
    def bridge(self) -> Any: ...
    @property
    def magnet(self) -> Any: ...
    @property
    def calibration(self) -> Any: ...


class Looks:
    """Values of one look at the instruments, each asked for once only."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes
        self._known: dict[str, Value] = {}

    def value(self, signal: str) -> Value:
        """The value of an instrument's signal in SI; None when it cannot be read or shows nothing."""
        if signal not in self._known:
            try:
                value: Value = _READERS[signal](self, self._eyes)
            except InstrumentError:
                value = None
            self._known[signal] = None if isinstance(value, float) and not math.isfinite(value) else value
        return self._known[signal]

    def note(self, signal: str, value: Value) -> None:
        """Remember what came along with another signal."""
        self._known[signal] = value

    def noted(self, signal: str) -> Value:
        """What has been seen of a signal by now."""
        return self._known.get(signal)


def _t_mc(looks: Looks, eyes: Eyes) -> Value:
    try:
        with eyes.controller.parent.hurried(PATIENCE):
            invalid, kelvin = bool(eyes.controller.status), float(eyes.controller.temperature)
    except CalibrationError:
        looks.note("control thermometer invalid", 1.0)
        raise
    looks.note("control thermometer invalid", float(invalid))
    return None if invalid else kelvin


def _invalid(looks: Looks, eyes: Eyes) -> Value:
    looks.value("T_mc")
    return looks.noted("control thermometer invalid")


def _t_sample(looks: Looks, eyes: Eyes) -> Value:
    with eyes.bridge.parent.hurried(PATIENCE):
        reading = eyes.bridge.reading
    return math.nan if reading.status else float(eyes.calibration.temperature_or_nan(reading.resistance))


def _excess(looks: Looks, eyes: Eyes) -> Value:
    kelvin = looks.value("T_mc")
    if not isinstance(kelvin, float):
        return None
    with eyes.controller.parent.hurried(PATIENCE):
        return kelvin - float(eyes.controller.setpoint)


def _no_thermometer(looks: Looks, eyes: Eyes) -> Value:
    # The sample's is asked only where the mixing chamber's shows nothing.
    return float(looks.value("T_mc") is None and looks.value("T_sample") is None)


def _field(looks: Looks, eyes: Eyes) -> Value:
    with eyes.magnet.hurried(PATIENCE):
        return abs(float(eyes.magnet.field))


def _state(looks: Looks, eyes: Eyes) -> Value:
    with eyes.magnet.hurried(PATIENCE):
        return str(eyes.magnet.state.name).lower().replace("_", " ")


def _heater(looks: Looks, eyes: Eyes) -> Value:
    with eyes.controller.parent.hurried(PATIENCE):
        return float(eyes.controller.heater_output)


def _overload(looks: Looks, eyes: Eyes) -> Value:
    with eyes.lockin.hurried(PATIENCE):
        return float(bool(eyes.lockin.peek() & _OVERLOADS))


def _excited(looks: Looks, eyes: Eyes) -> Value:
    return float(eyes.source.voltage > _EXCITED)


_READERS: dict[str, Callable[[Looks, Eyes], Value]] = {
    "T_mc": _t_mc,
    "T_sample": _t_sample,
    "T_mc excess": _excess,
    "field": _field,
    "heater": _heater,
    "overload": _overload,
    "magnet state": _state,
    "no thermometer": _no_thermometer,
    "control thermometer invalid": _invalid,
    "excitation on": _excited,
}


class FileSignal:
    """The last number in a text file that another program keeps writing; too old a file shows nothing."""

    def __init__(self, rule: Rule) -> None:
        self._path, self._age = Path(rule.file), rule.age

    def value(self) -> Value:
        try:
            written = self._path.stat().st_mtime
            with self._path.open("rb") as stream:
                stream.seek(max(0, stream.seek(0, 2) - _MOST))
                text = stream.read().decode("utf-8", "replace")
        except OSError:
            return None
        if datetime.now(UTC).timestamp() - written > self._age:
            return None
        return last_number(text)

    def lost(self) -> bool:
        """Whether nothing can be known of it: what shows nothing is too old already."""
        return True

    def close(self) -> None:
        """Nothing stays open."""


class UrlSignal:
    """A number that a server gives, as it is or under a key of its JSON; asked every so often in the background."""

    def __init__(self, rule: Rule, timeout: float = URL_TIMEOUT) -> None:
        self._rule, self._timeout = rule, timeout
        self._known: float | None = None
        self._asked, self._answered = -math.inf, _WORLD.time()
        self._thread: threading.Thread | None = None
        # Instruments stand on this side of every proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def value(self) -> Value:
        now = _WORLD.time()
        if (self._thread is None or not self._thread.is_alive()) and now - self._asked >= self._rule.every:
            self._asked = now
            self._thread = threading.Thread(target=self._ask, name=f"interlock {self._rule.name}", daemon=True)
            self._thread.start()
        return None if self.lost() else self._known

    def lost(self) -> bool:
        """Whether nothing has come for too long."""
        return _WORLD.time() - self._answered > self._rule.age

    def _ask(self) -> None:
        asked = _WORLD.time()
        try:
            with self._opener.open(self._rule.url, timeout=self._timeout) as answer:
                number = _number_in(answer.read(_MOST).decode("utf-8", "replace"), self._rule.key)
        except (OSError, ValueError, LookupError, TypeError):
            return
        if number is not None:
            self._known, self._answered = number, asked

    def close(self) -> None:
        """Wait for an answer that is still on its way, for as long as it may take."""
        if self._thread is not None:
            self._thread.join(self._timeout + 1.0)


def last_number(text: str) -> float | None:
    """The last number in a text; None without one."""
    numbers = _NUMBER.findall(text)
    number = float(numbers[-1]) if numbers else math.nan
    return number if math.isfinite(number) else None


def _number_in(text: str, key: str) -> float | None:
    if not key:
        return last_number(text)
    found = json.loads(text)
    for part in key.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    number = float(found)
    return number if math.isfinite(number) else None
