"""`coldfinger sim console`: one instrument of a simulated laboratory by hand, like a terminal."""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click

from coldfinger.procedures.commands.status import BadInput, bad_input

_PATIENCE = 3.0  # s for an answer to a question
_HELP = """A line goes to the instrument as it stands; what comes back is shown with its line ends.
:wait 10 s   let time pass in the laboratory
:status      status byte, as in a serial poll
:time        clock of the laboratory
:names       what else is in the laboratory
:quit        end (so does the end of the input)"""


class Wire(Protocol):
    """One instrument that can be written to and heard."""

    def send(self, line: str) -> None:
        """Send one line; a line feed is added."""
        ...

    def heard(self, patience: float) -> list[bytes]:
        """What has come; waits for `patience` (s) for the first of it."""
        ...

    def about(self, word: str) -> str:
        """Answer to :status, :time or :names."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...


class InProcess:
    """A wire into a rack of this process, on a clock that jumps."""

    def __init__(self, rack: Any, where: str) -> None:
        """`where` is a short name or a VISA address. Raises ValueError for what is not in the rack."""
        address = rack.names.get(where, where)
        if address not in rack.devices:
            allowed = ", ".join((*rack.names, *rack.devices))
            raise ValueError(f"sim console: no instrument {where!r}; allowed are {allowed}, or HOST:PORT of a server")
        self._rack = rack
        self._port = rack.connect(address)
        self._stream = address.endswith("SOCKET")

    def send(self, line: str) -> None:
        self._rack.exchange(self._port, line.encode("latin-1", "replace") + b"\n", not self._stream)

    def heard(self, patience: float) -> list[bytes]:
        if patience:
            self._rack.wait_for_reply(self._port, patience)
        replies = list(self._port.out)
        self._port.out.clear()
        return replies

    def about(self, word: str) -> str:
        if word == ":names":
            return "\n".join(f"{name}  {address}" for name, address in self._rack.names.items())
        if word == ":status":
            byte = self._port.panel.serial_poll(bool(self._port.out))
            return f"status byte {byte} = {byte:08b}"
        return f"{self._rack.clock.time():.3f} s"

    def wait(self, seconds: float) -> None:
        self._rack.clock.sleep(seconds)
        self._rack.keep_up()


class OverTCP:
    """A wire to an instrument of `coldfinger sim serve`, or to a real one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, line: str) -> None:
        self._connection.sendall(line.encode("latin-1", "replace") + b"\n")

    def heard(self, patience: float) -> list[bytes]:
        received = b""
        self._connection.settimeout(patience or 0.05)
        try:
            while piece := self._connection.recv(4096):
                received += piece
                self._connection.settimeout(0.05)
        except TimeoutError:
            return received.splitlines(keepends=True)
        if received:
            return received.splitlines(keepends=True)
        raise ConnectionResetError("the other end closed the connection")

    def about(self, word: str) -> str:
        return f"{word} is known in the process of the laboratory only"

    def wait(self, seconds: float) -> None:
        raise ValueError(":wait is for a laboratory in this process; a served one runs by itself")


@click.command()
@click.argument("where", default="lock-in")
@click.option("--station", default="sim", show_default=True, help='Station file that describes it, or "sim".')
@click.option("--seed", type=click.IntRange(0), default=None, help="Seed of all noise; default: the station's.")
@click.option("--sample", default=None, help="S0, S1, S2 or a table-sample TOML file; default: the station's.")
@click.option("--scenario", default=None, help="Faults to come: a scenario file (TOML).")
def console(where: str, station: str, seed: int | None, sample: str | None, scenario: str | None) -> None:
    """Talk to one instrument: WHERE is its name, its VISA address, or HOST:PORT of a server."""
    from coldfinger.procedures.laboratory.station_file import StationFileError
    from coldfinger.sim.faults import FaultError

    with bad_input(StationFileError, FaultError, ValueError, OSError):
        opened = _opened(where, station, seed, sample, scenario)
        wire = opened.__enter__()
    try:
        _show(wire.heard(0.0))
        converse(wire, where)
    except OSError as error:
        raise BadInput(f"sim console: {where}: {error}") from None
    finally:
        opened.__exit__(None, None, None)


@contextmanager
def _opened(where: str, station: str, seed: int | None, sample: str | None, scenario: str | None) -> Iterator[Wire]:
    host, _, port = where.rpartition(":")
    if host and not host.endswith(":") and port.isdecimal():
        try:
            connection = socket.create_connection((host, int(port)), timeout=_PATIENCE)
        except OSError as error:
            raise OSError(f"sim console: nobody answers at {where} ({error}); start `coldfinger sim serve`") from None
        with connection:
            yield OverTCP(connection)
        return
    from coldfinger.procedures.laboratory.simulated_laboratory import simulated_rack, simulated_sample
    from coldfinger.procedures.laboratory.station_file import read_station_file
    from coldfinger.sim.clock import SimClock
    from coldfinger.sim.faults import arm, load_scenario

    file = read_station_file(station)
    wanted = {"sample": "S0", "seed": 0, "fluctuations": False, **file.sections.get("simulator", {})}
    wanted |= {key: value for key, value in (("sample", sample), ("seed", seed)) if value is not None}
    rack = simulated_rack(file, simulated_sample(wanted), SimClock(), wanted["seed"])
    if scenario is not None:
        arm(rack, load_scenario(scenario))
    yield InProcess(rack, where)


def converse(wire: Wire, where: str) -> None:
    """Carry lines to the instrument and its answers back, until :quit or the end of the input."""
    ask = _reader(where)
    while (line := ask()) is not None:
        line = line.strip()
        if line == ":quit":
            return
        try:
            if line in ("help", ":help"):
                click.echo(_HELP)
            elif line.startswith(":wait"):
                from coldfinger.procedures.words.quantity import parse

                wire.wait(parse(line.removeprefix(":wait").strip(), "time", ":wait"))
                _show(wire.heard(0.0))
            elif line in (":status", ":time", ":names"):
                click.echo(wire.about(line))
            elif line.startswith(":") and " " not in line and "?" not in line:
                click.echo(f"{line} is not known here; help says what is")
            elif line:
                wire.send(line)
                _show(wire.heard(_PATIENCE if "?" in line else 0.0), asked="?" in line)
        except ValueError as error:
            click.echo(str(error))


def _reader(where: str) -> Callable[[], str | None]:
    """Reads the next line: with a prompt and line editing on a terminal, as it comes from a pipe."""
    if not sys.stdin.isatty():
        return lambda: sys.stdin.readline() or None
    try:
        import readline  # noqa: F401 - gives input() its line editing
    except ImportError:
        click.echo("no line editing on this system", err=True)
    click.echo("help says what is possible, :quit ends")

    def ask() -> str | None:
        try:
            return input(f"{where}> ")
        except (EOFError, KeyboardInterrupt):
            return None

    return ask


def _show(replies: list[bytes], asked: bool = False) -> None:
    for reply in replies:
        click.echo(reply.decode("latin-1").encode("unicode_escape").decode("ascii"))
    if asked and not replies:
        click.echo("(silence)")
