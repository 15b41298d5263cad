"""A screen of its own, the window as a process of its own, and hands: keys and mouse, nothing else.

What the window did is seen from outside: in the files it wrote and in the owner's read-only status.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldfinger.procedures.engine.face import OwnerSilent
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.engine.queue_journal import QueueRecord, nights, read_queue
from coldfinger.procedures.owner.client import Client
from coldfinger.runfiles.reader import Run, read_run

MANAGER = "matchbox-window-manager"
"""Gives the keyboard back to the window below when one closes; the main window fills the screen."""
SIZE = "1280x720"
PATIENCE = 45.0
FRAMES: dict[str, Path] = {}
"""Of each screen the file with what it shows."""


@contextlib.contextmanager
def screen(size: str = SIZE) -> Iterator[str]:
    """An empty X screen with a window manager; its name, such as ":3". What it shows is in a file, too."""
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory(prefix="screen-") as frames:
        options = {"screen": ["0", f"{size}x24"], "dpi": ["96"], "nolisten": ["tcp"], "noreset": [], "fbdir": [frames]}
        command = ["Xvfb", "-displayfd", str(writing)]
        for name, values in options.items():
            command += [f"-{name}", *values]
        with subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL) as server:
            os.close(writing)
            with open(reading) as told:
                number = told.readline().strip()
            FRAMES[f":{number}"] = Path(frames) / "Xvfb_screen0"
            try:
                with managed(f":{number}") as name:
                    yield name
            finally:
                server.terminate()


@contextlib.contextmanager
def managed(name: str) -> Iterator[str]:
    """Run the window manager on a screen, without frames around what fills it and without keys of its own."""
    command = [MANAGER, "-display", name, "-use_titlebar", "no", "-kbdconfig", os.devnull]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as manager:
        try:
            until(lambda: Hands(name).windows(MANAGER.split("-")[0], shown=False), what="a window manager")
            yield name
        finally:
            manager.terminate()


def until(true: Callable[[], Any], seconds: float = PATIENCE, what: str = "") -> Any:
    """What `true` returns once it is; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {what or true}"
        time.sleep(0.05)
    return found


class Hands:
    """Keys and mouse on one screen, counted."""

    def __init__(self, display: str) -> None:
        self._environment = {**os.environ, "DISPLAY": display}
        self._frame = FRAMES.get(display)
        self.presses = 0

    def _do(self, *words: str) -> str:
        done = subprocess.run(["xdotool", *words], env=self._environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def key(self, *names: str) -> None:
        """Press keys, such as "ctrl+Return"."""
        self._wait_for_keyboard()
        for name in names:
            self._do("key", "--clearmodifiers", name)
            self.presses += 1

    def play(self, *names: str) -> None:
        """Press keys one after the other without a pause, as somebody does who knows them by heart."""
        self._wait_for_keyboard()
        self._do("key", "--clearmodifiers", "--delay", "4", *names)
        self.presses += len(names)

    def type(self, text: str) -> None:
        """Type a text, a key for each letter."""
        self._wait_for_keyboard()
        self._do("type", "--clearmodifiers", "--delay", "5", text)
        self.presses += len(text)

    def click(self, x: int, y: int) -> None:
        """Press the left button of the mouse."""
        self._do("mousemove", str(x), str(y), "click", "1")

    def picture(self) -> NDArray[np.int16]:
        """What the screen shows: rows x columns x blue, green, red."""
        assert self._frame is not None
        raw = self._frame.read_bytes()
        head = np.frombuffer(raw, ">u4", 25)  # of an X window dump
        size, width, height, line, colours = (int(head[i]) for i in (0, 4, 5, 12, 19))
        pixels = np.frombuffer(raw, np.uint8, line * height, size + 12 * colours)
        return pixels.reshape(height, line)[:, : 4 * width].reshape(height, width, 4)[:, :, :3].astype(np.int16)

    def windows(self, title: str, shown: bool = True) -> list[str]:
        """Numbers of the visible windows whose title has this text; also of those that are not shown."""
        words = ["xdotool", "search", *(["--onlyvisible"] if shown else []), "--name", title]
        done = subprocess.run(words, env=self._environment, capture_output=True, text=True, check=False)
        return done.stdout.split()

    def titles(self) -> list[str]:
        """Titles of all visible windows."""
        return [self._do("getwindowname", window) for window in self.windows("")]

    def focus(self) -> str:
        """Number of the window that has the keyboard, "" while none has."""
        done = subprocess.run(
            ["xdotool", "getwindowfocus"], env=self._environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def _wait_for_keyboard(self) -> None:
        """Between two windows nobody hears keys: the manager gives the keyboard on once the first one has gone."""
        words = ["xdotool", "getwindowfocus", "getwindowname"]

        def heard() -> bool:
            done = subprocess.run(words, env=self._environment, capture_output=True, text=True, check=False)
            return bool(done.stdout.strip())

        until(heard, what="a window that has the keyboard")

    def front(self, title: str) -> None:
        """Wait until a window with this title has the keyboard; nothing is done for it."""
        until(lambda: self.focus() in self.windows(title), what=f"the keyboard in a window called {title}")


class Gui:
    """The window in a process of its own, with state, settings and data in one folder."""

    def __init__(self, folder: Path, display: str, *words: str) -> None:
        self.folder, self.data = folder, folder / "data"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("QT_", "PYTHONDONT"))},
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "COLDFINGER_STATE": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_RUNTIME_DIR": str(folder / "runtime"),
            "LC_ALL": "C.UTF-8",
        }
        (folder / "runtime").mkdir(mode=0o700, exist_ok=True)
        self.hands = Hands(display)
        self.words = words
        self.process: subprocess.Popen[bytes] | None = None
        self.begun = 0.0

    def start(self, *more: str) -> None:
        """Launch it and wait for its window and its engine."""
        self.begun = time.monotonic()
        command = [sys.executable, "-m", "coldfinger.procedures", "gui", "--data", str(self.data), *self.words, *more]
        with open(self.folder / "window.err", "ab") as errors:
            self.process = subprocess.Popen(
                command, env=self.environment, stderr=errors, start_new_session=True, cwd=self.folder
            )
        until(lambda: self.hands.windows("coldfinger") or not self._lives(), what="the window")
        assert self._lives(), self.errors()
        until(lambda: "T_sample (K)" in self.snapshot().get("latest", {}), what="the first readings")
        time.sleep(0.3)  # three looks of the window
        self.hands.front("coldfinger")

    def _lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def owner_folder(self) -> Path:
        owners = self.folder / "state" / "owners"
        return next(iter(owners.iterdir()), owners / "sim") if owners.is_dir() else owners / "sim"

    def snapshot(self) -> dict[str, Any]:
        """What the owner tells anybody; {} while there is none."""
        with contextlib.suppress(OwnerSilent), Client(self.owner_folder) as client:
            return client.snapshot()
        return {}

    def events(self) -> list[str]:
        """The sentences of the engine's events."""
        with contextlib.suppress(OwnerSilent), Client(self.owner_folder) as client:
            return [event["text"] for event in client.events()]
        return []

    def owner_pid(self) -> int:
        with Client(self.owner_folder, deadline=2.0) as client:
            return int(client.owner()["pid"])

    def items(self) -> list[Item]:
        return [Item.from_json(item) for item in self.snapshot().get("items", [])]

    def record(self) -> QueueRecord:
        """The newest night's journal."""
        return read_queue(nights(self.data)[-1])

    def runs(self) -> list[Run]:
        """Every run on disk, in the order of their names."""
        return [read_run(path.parent) for path in sorted(self.data.glob("*/run.jsonl"))]

    def rows(self) -> int:
        return sum(len(run.frame) for run in self.runs())

    def errors(self) -> str:
        """What the window wrote on standard error."""
        return (self.folder / "window.err").read_text("utf-8", "replace")

    def kill(self) -> None:
        """kill -9 of the window alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Whatever is left of window and owner goes."""
        with contextlib.suppress(OwnerSilent, ProcessLookupError):
            os.kill(self.owner_pid(), signal.SIGKILL)
        if self.process is not None and self.process.poll() is None:
            self.kill()
