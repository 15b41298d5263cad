"""The dead-man: a process of its own that makes the station safe when its owner dies or hangs.

Theory of operation. The owner starts it before the first output and holds the one end of a pipe. The operating system
closes the pipe when the owner ends, however it ends: that is *dead*, and the dead-man makes the station safe at once.
The thread that carries the queue out sends a beat at least every quarter of D; nothing else in the owner may, for a
thread that beats by itself would beat for an engine that hangs. No beat for D is *hung*: the owner is killed, so that
it cannot undo what follows, and the station is made safe. A `hold` is a pause with an end: until then no beat is asked
for, and the first beat ends it; after its end the rule of D holds again. `release` is the only way in which the
dead-man goes away without touching anything.

It opens its connections only when it acts, repeats what could not be confirmed, and writes its own log. The signals
that end a session of work (Ctrl-C, hang-up, terminate) do not end it, because they are just when it is needed.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self

import pyvisa

from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.procedures.laboratory.opening import instrument_opener
from coldfinger.procedures.laboratory.station_file import StationFile, StationFileError, check_station_text
from coldfinger.procedures.safety.locks import LockedError, hold_station, state_folder
from coldfinger.procedures.safety.safe import all_done, make_safe
from coldfinger.runfiles.journal import utc_now

BEATS = 8  # a beat is sent at most so many times in D; the engine asks for one at least four times
FIRST_BEAT = 120.0  # s for the owner to connect; nothing is switched on before the first beat
READY_WITHIN = 20.0  # s for the dead-man to start
DEAF_AFTER = 4.0  # s without an answer to a beat
RESTARTS = 1
CLOSED_WITHIN = 30.0  # s for the station to be made safe when the owner leaves without a release
LOOK = 0.25  # s between two looks at the owner's process
PAUSES = (2.0, 5.0, 10.0, 30.0, *[60.0] * 10)  # s before each repetition of what could not be confirmed
_UNANSWERED = 100  # beats after which no more are written, so that a full pipe can never hold up the engine


class DeadManError(RuntimeError):
    """There is no dead-man and none can be started; one sentence. Nothing may be switched on without it."""


class DeadMan:
    """The owner's end; its log goes to `log` or to the user's state folder."""

    def __init__(self, file: StationFile, log: str | Path | None = None, clock: Clock | None = None) -> None:
        path = Path(log) if log else state_folder() / "dead-man" / f"{file.top['name']}-{os.getpid()}.log"
        self.file, self.log, self._clock = file, path.absolute(), clock or WallClock()
        self.seconds: float = file.sections["safe"]["dead_man"]
        self.restarts = 0
        self.news = ""  # the last thing that happened to it, a sentence
        self._last_beat = 0.0  # clock time (s)
        self._lock = threading.Lock()
        self._held_until = 0.0
        self._launched = self._released = False

    def start(self) -> Self:
        """Start the process, before the first output, and wait until it is ready; the first beat has 2 min to come.

        Raises DeadManError when it does not come up, and for a simulated station, which ends with its program.
        """
        if self.file.simulated:
            raise DeadManError(
                f"{self.file.source}: the instruments are simulated inside this program and end with it; a dead-man is "
                "for a station without [simulator]"
            )
        self._held_until = self._clock.time() + max(FIRST_BEAT, self.seconds)
        self._launch()
        return self

    @property
    def pid(self) -> int:
        """Process number of the dead-man."""
        return self._process.pid

    def beat(self) -> None:
        """Say that the engine makes progress; call it from the engine's own thread, at least every D/4. Ends a hold."""
        now = self._clock.time()
        with self._lock:
            often = now - self._last_beat < self.seconds / BEATS and not self._held_until
            if often or self._sent - self._answered >= _UNANSWERED:
                return
            self._held_until, self._last_beat = 0.0, now
            if self._sent == self._answered:
                self._asked = now
            self._sent += 1
            self._say({"beat": self._sent})

    def hold(self, seconds: float) -> None:
        """Ask for no beat during the next `seconds`: the station is paused on purpose."""
        with self._lock:
            self._held_until = self._clock.time() + seconds
            self._say({"hold": seconds})

    def alive(self) -> bool:
        """Whether the process is there and answers."""
        if self._process.poll() is not None:
            return False
        silent = self._clock.time() - max(self._asked, self._heard)
        return self._sent == self._answered or silent < DEAF_AFTER

    def watch(self) -> str:
        """Call once a second: "" while all is well; a sentence when the dead-man was gone and has been started again.

        Raises DeadManError when it is gone once more, or does not start: then nothing may stay switched on.
        """
        if self.alive():
            return ""
        code = self._process.poll()
        what = f"ended (exit status {code})" if code is not None else f"has not answered for {DEAF_AFTER:g} s"
        self._end_process()
        if self.restarts >= RESTARTS:
            raise DeadManError(
                f"the dead-man process {what} again; nobody would make the station safe if this program died: "
                f"hold, make it safe and look into {self.log}"
            )
        self.restarts += 1
        self._launch()
        return f"the dead-man process {what} and was started again; look into {self.log}"

    def trouble(self) -> str:
        """Call once a second: "" while somebody watches (see `news`), else the sentence of `watch`'s error."""
        try:
            self.news = self.watch() or self.news
        except DeadManError as error:
            return str(error)
        return ""

    def release(self) -> None:
        """The clean end: the dead-man goes and touches nothing. May be called twice."""
        self._released = True
        with self._lock:
            self._say({"release": True})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        self._end_process()

    def close(self) -> None:
        """Leave without a release: the dead-man makes the station safe. Nothing happens after a release."""
        if self._released or not self._launched:
            return
        self._close_pipe()
        try:
            self._process.wait(CLOSED_WITHIN)
        except subprocess.TimeoutExpired:
            return  # it goes on trying; its log tells
        self._end_process()

    def _launch(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._sent = self._answered = 0
        self._asked = self._heard = self._last_beat = self._clock.time()
        self._ready: queue.Queue[str] = queue.Queue()
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "coldfinger.procedures.safety.deadman"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                cwd=self.log.parent,
                **_detached(),
            )
        self._launched = True
        self._listener = threading.Thread(target=self._listen, name="dead-man's answers", daemon=True)
        self._listener.start()
        file = self.file
        first = {"owner": os.getpid(), "source": file.source, "text": file.text, "log": str(self.log)}
        self._say({**first, "notify": file.sections["notify"]})  # whose addresses are not in the text
        try:
            refusal = self._ready.get(timeout=READY_WITHIN)
        except queue.Empty:
            refusal = f"it was not ready within {READY_WITHIN:g} s"
        if refusal:
            self._end_process()
            raise DeadManError(f"the dead-man process did not start: {refusal}; look into {self.log}")
        if self._held_until:
            self._say({"hold": max(0.0, self._held_until - self._clock.time())})

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            if "ready" in answer:
                self._ready.put(answer["ready"])
            else:
                self._answered, self._heard = answer["beat"], self._clock.time()
        self._ready.put("it ended at once")

    def _say(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it is gone: `alive` and `watch` tell
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    def _end_process(self) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._close_pipe()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _close_pipe(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()


def _detached() -> dict[str, Any]:
    """The terminal's Ctrl-C and its closing do not reach the dead-man."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


# The dead-man's end


def watch_owner(
    orders: "queue.Queue[dict[str, Any] | None]",
    seconds: float,
    clock: Clock,
    answer: Callable[[dict[str, Any]], None],
    orphaned: Callable[[], bool],
) -> str:
    """Wait for the end of the owner: "released", "dead" or "hung". None in `orders` is the end of the pipe."""
    before = clock.time()
    until = before + seconds
    while True:
        try:
            order = orders.get(timeout=max(0.0, min(LOOK, until - clock.time())))
        except queue.Empty:
            now = clock.time()
            if now - before > 4 * LOOK:  # it was this process that did not run: beats may still wait in the pipe
                until = max(until, now + min(seconds, 1.0))
            before = now
            if orphaned():
                return "dead"
            if now >= until:
                return "hung"
            continue
        before = clock.time()
        if order is None:
            return "dead"
        if "release" in order:
            return "released"
        if "hold" in order:
            until = before + order["hold"] + seconds
        else:
            until = before + seconds
            answer(order)


def rescue(file: StationFile, clock: Clock, log: Callable[[str], None], owner: int | None = None) -> bool:
    """Make the station safe, again and again until every item is confirmed; False when that was not to be had.

    Once only for a station that a program other than `owner` has meanwhile.
    """
    opener = instrument_opener(file, clock)
    with contextlib.ExitStack() as locks:
        locked = False
        for pause in (*PAUSES, None):
            if not locked:
                try:
                    locks.enter_context(hold_station(file, "the dead-man of coldfinger, which makes the station safe"))
                    locked = True
                except LockedError as error:
                    log(f"without the lock: {error}")
                    locked = owner is not None and error.pid == owner  # it still lives, and waits for this to end
            reports = make_safe(file, opener, clock)
            for report in reports:
                log(f"{report.item}: {'done' if report.done else 'NOT DONE'}: {report.detail}")
            if all_done(reports):
                return True
            if pause is None or not locked:  # whoever has the station now is its owner
                return False
            clock.sleep(pause)
    return False


def main() -> int:
    """The dead-man process: orders on standard input, answers on standard output. 0: released, 1: safe, 2: not safe."""
    for name in ("SIGINT", "SIGHUP", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    orders: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    first = orders.get()
    if first is None:
        return 0  # nothing was ever switched on
    with open(first["log"], "a", encoding="utf-8", buffering=1) as stream:
        return _serve(first, orders, lambda text: _write_log(stream, text))


def _serve(first: dict[str, Any], orders: "queue.Queue[dict[str, Any] | None]", log: Callable[[str], None]) -> int:
    owner, clock = first["owner"], WallClock()
    try:
        file = check_station_text(first["text"], first["source"])
        library = pyvisa.ResourceManager(file.top["visa_library"])  # slow, so not when it is needed; opens nothing
    except (StationFileError, OSError, ValueError, pyvisa.errors.Error) as error:
        log(f"refused: {error}")
        _answer({"ready": str(error)})
        return 2
    seconds = file.sections["safe"]["dead_man"]
    log(f"watching process {owner} for {first['source']} with {library}; D = {seconds:g} s")
    _answer({"ready": ""})
    verdict = watch_owner(orders, seconds, clock, _answer, lambda: _orphaned(owner))
    log(f"the owner, process {owner}, is {verdict}" if verdict != "released" else "released")
    if verdict == "released":
        return 0
    if verdict == "hung" and not _orphaned(owner):
        with contextlib.suppress(OSError):
            os.kill(owner, getattr(signal, "SIGKILL", signal.SIGTERM))
        log(f"process {owner} was killed")
    safe = rescue(file, clock, log, owner)
    log("the station is safe" if safe else "THE STATION IS NOT SAFE: go and look")
    _tell(file, first.get("notify", {}), verdict, safe, log)
    return 1 if safe else 2


def _tell(file: StationFile, table: dict[str, Any], verdict: str, safe: bool, log: Callable[[str], None]) -> None:
    """Tell who went home, if the station file says so; what goes wrong here is written down and no more."""
    try:
        # Not before the station is safe: what tells needs time and memory, and may be broken.
        from coldfinger.procedures.notify.last_words import tell_of_the_death

        sections = {**file.sections, "notify": {**file.sections["notify"], **table}}
        tell_of_the_death(replace(file, sections=sections), verdict, safe, WallClock(), log)
    except Exception as error:  # noqa: BLE001  the station has been seen to
        log(f"nobody could be told: {type(error).__name__}: {error}")


def _read_orders(orders: "queue.Queue[dict[str, Any] | None]") -> None:
    # Not sys.stdin: a buffer in which a thread still waits spoils the end of the interpreter.
    with open(0, "rb", buffering=0, closefd=False) as stream:
        for line in stream:
            try:
                orders.put(json.loads(line))
            except ValueError:
                break  # half a line: the owner died while it wrote
    orders.put(None)


def _answer(answer: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more; the end of the pipe will tell
        os.write(1, json.dumps(answer).encode() + b"\n")


def _orphaned(owner: int) -> bool:
    """Whether the owner is not the parent any more; Windows keeps no such account, there the pipe alone tells."""
    return sys.platform != "win32" and os.getppid() != owner


def _write_log(stream: IO[str], text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk must not keep the station from safety
        stream.write(f"{utc_now()} {text}\n")


if __name__ == "__main__":
    sys.exit(main())
