"""A window with its owner in a folder of their own, and what anything had to wait for it, beside an idle loop.

The watch is the application's own. The idle loop is a program that does nothing else, at the same time: what it has to
wait is what the machine does to everybody. `python -m benchmarks.open_window` is that program.
"""

import contextlib
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

SETTINGS = {"QT_API": "pyqt5", "QT_QPA_PLATFORM": "offscreen", "QT_FONT_DPI": "96", "LC_ALL": "C.UTF-8"}
PATIENCE = 60.0  # s
BUSY = 0.7
"""Share of a stall in which the program itself had the processor, from which on the stall is called its own."""
_STAMP = struct.Struct("dd")


@dataclass
class Lags:
    """What was measured during one scenario: lags and stalls of the window, lags of the idle loop (s)."""

    name: str
    begun: float = 0.0
    ended: float = 0.0
    work: list[float] = field(default_factory=list)
    """Processor time of the window's thread between two stamps."""
    lags: list[float] = field(default_factory=list)
    stalls: list[Any] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.ended - self.begun

    def worse_than(self, limit: float) -> list[Any]:
        """Stalls longer than `limit` (s)."""
        return [stall for stall in self.stalls if stall.seconds > limit]


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else float("nan")


def own(stall: Any, limit: float) -> bool:
    """Whether the program itself was at work while the window stood still; else the machine, or a disk, kept it."""
    return bool(stall.work > min(BUSY * stall.seconds, limit))


class OpenWindow:
    """The window, shown and attached to its owner."""

    def __init__(self, folder: Path, speed: float | str) -> None:
        self.data, self.measured = folder / "data", list[Lags]()
        self.begun = time.perf_counter()
        window = import_module("coldfinger.gui.start")
        simulator = {"speed": str(speed)}
        early = window.EarlyOwner("sim", self.data, simulator)
        self.app = window.made(window.Opening("sim", self.data, simulator, kept=False), False, early)
        self.window, self.desk = self.app.window, self.app.desk
        self._now: Lags | None = None
        self._used = 0.0
        self.app.lag._timer.timeout.connect(self._stamped)
        self.refused: list[str] = []
        """What the engine would not do, in its sentences."""
        self.desk.refused.connect(lambda name, sentence: self.refused.append(f"{name}: {sentence}"))
        self.app.lag.stalled.connect(self._stalled)
        self._idle = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.open_window"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.app.begin()
        self.until(lambda: "T_sample (K)" in self.desk.latest.get("latest", {}), "the first readings")

    def wait(self, seconds: float) -> None:
        """Let the window live."""
        from qtpy.QtCore import QEventLoop, Qt, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), Qt.TimerType.PreciseTimer, loop.quit)
        loop.exec()

    def until(self, true: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
        """Let it live until something holds; TimeoutError after `patience` seconds."""
        end = time.perf_counter() + patience
        while not true():
            if time.perf_counter() > end:
                raise TimeoutError(f"not within {patience:g} s: {what}")
            self.wait(0.02)

    @contextlib.contextmanager
    def measuring(self, name: str) -> Iterator[Lags]:
        """Lags and stalls of what happens within; a minute and a half at the longest."""
        lag = self.app.lag
        self._now = now = Lags(name)
        now.begun, self._used = time.monotonic(), time.thread_time()
        lag.reset()
        try:
            yield now
        finally:
            now.ended = time.monotonic()
            now.lags = list(lag.lags)
            self._now = None
            self.measured.append(now)

    @contextlib.contextmanager
    def each(self, milliseconds: int, act: Callable[[], None]) -> Iterator[None]:
        """Do something again and again in the window's thread."""
        from qtpy.QtCore import QTimer

        timer = QTimer()
        timer.timeout.connect(act)
        timer.start(milliseconds)
        try:
            yield
        finally:
            timer.stop()

    def close(self) -> None:
        """End window, owner and idle loop; the lags of the latter come into `measured`."""
        self.app.window.leave_safely()
        self.app.close()
        told, _ = self._idle.communicate(timeout=PATIENCE)
        stamps = list(_STAMP.iter_unpack(told))
        for one in self.measured:
            one.idle = [lag for at, lag in stamps if one.begun <= at <= one.ended]

    def _stamped(self) -> None:
        used = time.thread_time()
        if self._now is not None:
            self._now.work.append(used - self._used)
        self._used = used

    def _stalled(self, stall: Any) -> None:
        if self._now is not None:
            self._now.stalls.append(stall)


@contextlib.contextmanager
def opened(speed: float | str) -> Iterator[OpenWindow]:
    """The window at a simulated station of its own, `speed` times real time."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "runtime").mkdir(mode=0o700)
        os.environ.update(
            COLDFINGER_STATE=str(folder / "state"),
            XDG_CONFIG_HOME=str(folder / "config"),
            XDG_RUNTIME_DIR=str(folder / "runtime"),
        )
        window = OpenWindow(folder, speed)
        try:
            yield window
        finally:
            window.close()


def guilty(stall: Any) -> str:
    """Where the window was: the innermost line of its own, and the innermost of all."""
    lines = [line.strip() for line in stall.stack.strip().splitlines()]
    places = [(i, line) for i, line in enumerate(lines) if line.startswith("File ")]
    if not places:
        return "unknown"
    ours = [(i, line) for i, line in places if "/gui/" in line and "/lib/" not in line]
    shown = dict.fromkeys([*ours[-1:], places[-1]])
    return " -> ".join(f"{_short(line)} {lines[i + 1] if i + 1 < len(lines) else ''}" for i, line in shown)


def _short(line: str) -> str:
    """ "plot.py:312 draw" of a line of a stack."""
    parts = line.split('"')
    numbers = parts[2].replace(",", " ").split()
    return f"{Path(parts[1]).name}:{numbers[1]} {numbers[-1]}"


def _idle_loop() -> None:
    """Stamp lags until standard input ends, then tell them all."""
    from qtpy.QtCore import QCoreApplication, QSocketNotifier

    from coldfinger.gui.care.lag import LagWatch

    app = QCoreApplication([])
    watch, stamps = LagWatch(), list[tuple[float, float]]()
    ended = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    ended.activated.connect(lambda *_: app.quit())
    watch._timer.timeout.connect(lambda: stamps.append((time.monotonic(), watch.lags[-1])))
    watch.start()
    app.exec()
    watch.stop()
    sys.stdout.buffer.write(b"".join(_STAMP.pack(*stamp) for stamp in stamps))


if __name__ == "__main__":
    _idle_loop()
