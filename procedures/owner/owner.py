"""The owner process: holds the station, the engine and the server, without a window, whatever becomes of its clients.

It is started detached: in a session of its own, with nothing left of the terminal or program that started it. A hang-up
means nothing to it; SIGTERM means safe state, then exit. A client may ask it to end when nothing runs.
"""

import contextlib
import faulthandler
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import click

from coldfinger.instruments.clock import Clock, WaitTimeout, WallClock, wait_until
from coldfinger.procedures.engine.face import ABORT, EngineFace, OwnerSilent, Refused
from coldfinger.procedures.owner import places
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.remote import serve

log = logging.getLogger(__name__)

QUIET = ("idle", "safe", "held", "fault", "ended")
"""States of an engine in which nothing is lost when its owner ends."""
STOP = "stop"
"""The command that makes `run` of an engine return after the present row."""

_SWITCH = 1e-3  # s that an engine without a pause, in virtual time, may keep the threads of the wire waiting
LONGEST_START = 60.0  # s
LONGEST_END = 120.0  # s, until an engine must have reached its safe state and returned
COMMAND = (sys.executable, "-m", "coldfinger.procedures.owner.owner")
_LAUNCH = (
    "import subprocess as s, sys; s.Popen(sys.argv[2:], stdin=s.DEVNULL, stdout=sys.stdout, stderr=sys.stderr, {})"
)
_DETACHED = (
    "creationflags=s.DETACHED_PROCESS | s.CREATE_NEW_PROCESS_GROUP" if os.name == "nt" else "start_new_session=True"
)


class OwnerError(RuntimeError):
    """The owner could not start, or does not end; one sentence."""


class RunningEngine(EngineFace, Protocol):
    """An engine that can be run to its end by a thread."""

    def run(self) -> object:
        """Carry the queue out; returns when it has ended."""
        ...


@dataclass(frozen=True)
class OwnerSettings:
    """What an owner holds: `station` is "sim" or an absolute path, `folder` is where clients find it.

    `simulator` replaces keys of the station file's [simulator]: "speed", "sample", "seed".
    """

    station: str
    data: Path
    plan: Path | None
    folder: Path
    resume: bool = False
    simulator: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        station: str,
        data: str,
        plan: str | None = None,
        resume: bool = False,
        simulator: Mapping[str, str] | None = None,
    ) -> "OwnerSettings":
        """Settings from the words of a command line."""
        return cls(
            station if station == "sim" else str(Path(station).resolve()),
            Path(data).resolve(),
            None if plan is None else Path(plan).resolve(),
            places.owner_folder(station),
            resume,
            {key: sample_word(text) if key == "sample" else text for key, text in (simulator or {}).items()},
        )

    @property
    def name(self) -> str:
        """What is owned, for people."""
        return "the simulated station" if self.station == "sim" else f"station {Path(self.station).stem}"

    def words(self) -> list[str]:
        """The command line that gives these settings again."""
        words = ["--station", self.station, "--data", str(self.data), "--folder", str(self.folder)]
        words += [] if self.plan is None else ["--plan", str(self.plan)]
        words += ["--resume"] if self.resume else []
        return words + [word for key, value in self.simulator.items() for word in ("--simulator", f"{key}={value}")]


def sample_word(sample: str) -> str:
    """A film's own name, or the whole path of its file: an owner works in a folder of its own."""
    path = Path(sample)
    return str(path.resolve()) if path.suffix == ".toml" or path.is_file() else sample


MakeEngine = Callable[[OwnerSettings], AbstractContextManager[RunningEngine]]


def start(settings: OwnerSettings, command: Sequence[str] = COMMAND, deadline: float = LONGEST_START) -> int:
    """Start an owner process that outlives this one; returns its process number when it can be asked.

    Raises OwnerError with the owner's own sentence when it could not open what it should hold.
    """
    places.make_private(settings.folder)
    launch = [sys.executable, "-I", "-c", _LAUNCH.format(_DETACHED), "launch", *command, *settings.words()]
    answer: list[str] = []
    heard, said_by_owner = os.pipe()
    reading = threading.Thread(target=_read_line, args=(heard, answer), name="owner start", daemon=True)
    reading.start()
    try:
        with open(settings.folder / places.LOG, "ab") as log_file:
            subprocess.run(
                launch, stdin=subprocess.DEVNULL, stdout=said_by_owner, stderr=log_file, cwd=settings.folder, check=True
            )
    finally:
        os.close(said_by_owner)
    reading.join(deadline)
    if not answer:
        raise OwnerError(
            f"the owner of {settings.name} did not come up within {deadline:g} s; "
            f"it may still do so: look into {settings.folder / places.LOG}"
        )
    try:
        said: dict[str, Any] = json.loads(answer[0])
    except ValueError:
        raise OwnerError(
            f"the owner of {settings.name} died while it started; {settings.folder / places.LOG} tells why"
        ) from None
    if "error" in said:
        raise OwnerError(str(said["error"]))
    return int(said["pid"])


def _read_line(number: int, answer: list[str]) -> None:
    """Into `answer`, the first line that comes through a pipe; empty when its other end is closed before."""
    with open(number, encoding="utf-8", errors="replace") as stream:
        answer.append(stream.readline())


def stop(folder: Path, *, safe: bool, who: str, clock: Clock | None = None, deadline: float = LONGEST_END) -> None:
    """End the owner; with `safe` a running queue is aborted first. Raises Refused, OwnerSilent, OwnerError."""
    clock = clock or WallClock()
    with Client(folder, who=who) as client:

        def quiet() -> bool:
            return client.snapshot()["state"] in QUIET

        try:
            if safe and not quiet():
                client.command(ABORT)
                wait_until(quiet, clock, poll=0.1, timeout=deadline, what="safe state")
            client.stop()
            wait_until(lambda: not _answers(folder), clock, poll=0.1, timeout=deadline, what="end of the owner")
        except WaitTimeout as error:
            raise OwnerError(f"{error}; the owner goes on: look at its log {folder / places.LOG}") from None


def own(settings: OwnerSettings, make: MakeEngine, clock: Clock, ready: Callable[[int], None]) -> bool:
    """Be the owner until a signal or a client ends it; returns whether the engine came to its end in time."""
    ending = threading.Event()
    asked_by: list[str] = []

    def end(who: str) -> None:
        asked_by.append(who)
        ending.set()

    with _signals(lambda number, _: end(signal.Signals(number).name)), make(settings) as engine:
        running = threading.Thread(target=_run, args=(engine,), name="engine", daemon=True)

        def end_if_quiet(who: str) -> None:
            state = engine.snapshot()["state"]
            if running.is_alive() and state not in QUIET:
                raise Refused(
                    f"{settings.name} is {state}, nothing was ended: "
                    "abort first, or end it with `coldfinger owner stop --safe`"
                )
            end(who)

        with serve(engine, settings.folder, clock=clock, name=settings.name, stop=end_if_quiet):
            running.start()
            ready(os.getpid())
            while not ending.wait(0.5):  # short, so that a signal is served on every system
                pass
            log.info("ending, asked by %s", asked_by[0])
            # In a thread, because not even an engine that hangs may keep the owner from ending.
            asking = threading.Thread(target=_bring_down, args=(engine, running, asked_by[0]), daemon=True)
            asking.start()
            running.join(LONGEST_END)
        if running.is_alive():
            log.error("the engine did not end within %g s; the owner ends without it", LONGEST_END)
            logging.shutdown()
            os._exit(1)  # whoever watches over this process makes the station safe now
    return True


def _run(engine: RunningEngine) -> None:
    try:
        ending = engine.run()
        log.info("the queue has ended: %s", getattr(ending, "outcome", "no outcome was told"))
    except BaseException:
        log.exception("the engine failed")
        raise


def _bring_down(engine: RunningEngine, running: threading.Thread, who: str) -> None:
    """Safe state, unless it is quiet already, and then the end of `run`."""
    if running.is_alive():
        for name in (STOP,) if engine.snapshot()["state"] in QUIET else (ABORT, STOP):
            with contextlib.suppress(Refused):
                engine.command(name, who=who)


@contextlib.contextmanager
def _signals(end: Callable[[int, Any], None]) -> Iterator[None]:
    """Within this block SIGTERM and Ctrl-C call `end`, and a hang-up is ignored."""
    actions: dict[str, Any] = {"SIGTERM": end, "SIGINT": end, "SIGBREAK": end, "SIGHUP": signal.SIG_IGN}
    numbers = {getattr(signal, name): action for name, action in actions.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, action) for number, action in numbers.items()}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _answers(folder: Path) -> bool:
    try:
        with Client(folder, deadline=1.0) as client:
            client.owner()
    except OwnerSilent:
        return False
    return True


def main(make: MakeEngine, settings: OwnerSettings) -> int:
    """The life of an owner process: log, engine, server, end. Says on standard output, in one line, how it began."""
    sys.setswitchinterval(_SWITCH)
    places.make_private(settings.folder)
    with open(settings.folder / places.LOG, "a", encoding="utf-8", errors="backslashreplace") as log_file:
        logging.basicConfig(
            stream=log_file, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s", level=logging.WARNING
        )
        logging.getLogger("coldfinger").setLevel(logging.INFO)
        log.setLevel(logging.INFO)  # this module's own name is __main__ in an owner process
        faulthandler.enable(log_file)
        try:
            if _answers(settings.folder):
                raise OwnerError(f"{settings.name} has an owner already: see `coldfinger owner status`")
            log.info("owner of %s begins", settings.name)
            own(settings, make, WallClock(), lambda pid: _say(log_file, pid=pid))
        except Exception as error:
            log.exception("the owner could not go on")
            _say(log_file, error=str(error) or type(error).__name__)
            return 1
        finally:
            faulthandler.disable()
        log.info("owner of %s ended", settings.name)
        logging.shutdown()
    return 0


def _say(log_file: Any, **content: Any) -> None:
    """Tell the starter, then let go of its pipe and its terminal: all that is said from now on goes to the log."""
    with contextlib.suppress(OSError):  # the starter is dead already
        sys.stdout.write(json.dumps(content) + "\n")
        sys.stdout.flush()
    for number in (1, 2):
        os.dup2(log_file.fileno(), number)


@contextlib.contextmanager
def make_engine(settings: OwnerSettings) -> Iterator[RunningEngine]:
    """The engine of these settings, connected and ready to run; closed at the end of the block.

    With `resume` it goes on with the newest unfinished night of the data folder; without one it begins the plan, or an
    empty queue.
    """
    from coldfinger.procedures.engine.items import USUAL_POLICY, Night
    from coldfinger.procedures.engine.resume import night_of, unfinished
    from coldfinger.procedures.engine.wiring import FOREVER, engine_for
    from coldfinger.procedures.laboratory.station_file import read_station_file
    from coldfinger.procedures.plans.plan_file import read_plan

    file, data = read_station_file(settings.station), settings.data
    record = unfinished(data) if settings.resume else None
    if record is not None:
        night = night_of(record, data)
    else:
        night = (
            Night("queue", (), USUAL_POLICY) if settings.plan is None else read_plan(settings.plan, datetime.now(UTC))
        )
    simulator = _simulator(settings) if file.simulated else {}
    with engine_for(night, file, data, record=record, patience=FOREVER, **simulator) as engine:
        yield engine


def _simulator(settings: OwnerSettings) -> dict[str, Any]:
    """The keys of [simulator] as their own types. Raises OwnerError."""
    kinds: dict[str, Callable[[str], Any]] = {"speed": float, "seed": int, "sample": str}
    found: dict[str, Any] = {}
    for key, text in settings.simulator.items():
        try:
            found[key] = kinds[key](text)
        except KeyError:
            raise OwnerError(f"simulator {key}={text}: there is no such key; allowed are {', '.join(kinds)}") from None
        except ValueError:
            raise OwnerError(f"simulator {key}={text}: {text!r:.40} is not a number") from None
    return found


@click.command()
@click.option("--station", required=True)
@click.option("--data", required=True, type=click.Path(path_type=Path))
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--plan", default=None, type=click.Path(path_type=Path))
@click.option("--resume", is_flag=True)
@click.option("--simulator", multiple=True)
def _command(
    station: str, data: Path, folder: Path, plan: Path | None, resume: bool, simulator: tuple[str, ...]
) -> None:
    keys = dict(word.partition("=")[::2] for word in simulator)
    raise SystemExit(main(make_engine, OwnerSettings(station, data, plan, folder, resume, keys)))


if __name__ == "__main__":
    _command()
