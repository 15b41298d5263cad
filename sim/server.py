"""The rack over TCP: every instrument listens on a port of its own, for any program in any language.

Theory of operation. One thread carries everything. A message of a client is due one bus time after the last one,
so a client that floods is served no faster than a bus would; what it sends in the meantime stays in its own
connection, unread. Each round serves one message of each client, so nobody waits for somebody else's heap. The
laboratory is taken to now in every round, whether anybody asks or not. Where this machine cannot compute it as fast as
the clock runs, every round would have more to catch up with than the last: the clock is slowed down before that.
Whatever is wrong with one connection ends that connection only.
"""

import contextlib
import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple, Self

from coldfinger.sim.clock import SimClock
from coldfinger.sim.rack import Rack
from coldfinger.sim.scpi import Port

LOOPBACK = "127.0.0.1"
_ROUND = 0.02  # s of real time between two rounds when nobody asks
_SEGMENT = 4096  # bytes taken from a connection at once
_MOST_WAITING = 1 << 16  # bytes of answers that a client has not taken: one more answer, and it is disconnected
_MOST_CLIENTS = 200
_INPUT_BUFFER = 8192  # bytes of a connection that the system keeps for us; a flood leaves no more behind

_FAR_BEHIND = 0.3  # s of real time between the clock and the laboratory; then the clock goes slower

_log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where one instrument listens."""

    model: str
    host: str
    port: int
    resource: str


class _Client:
    """One connection: its wire, what it has sent and nobody has heard, what it has not been told yet."""

    def __init__(self, connection: socket.socket, wire: Port, now: float) -> None:
        self.connection = connection
        self.wire = wire
        self.heard: deque[bytes] = deque()
        self.answer = bytearray()
        self.due = now  # virtual time (s) at which its next message may be heard

    def take(self, data: bytes) -> None:
        self.heard += [piece for piece in data.splitlines(keepends=True) if piece]


class Server:
    """A rack on TCP ports; serves from `start` to `close`. The rack's clock must have a rate."""

    def __init__(self, rack: Rack, ports: Mapping[str, int] | None = None, host: str = LOOPBACK) -> None:
        """Bind every instrument: `ports` by name, 0 or a missing name for a free one.

        Raises ValueError for a clock that jumps or an unknown name, OSError for a port that is in use.
        """
        if rack.rate == float("inf"):
            raise ValueError("simulated rack: its clock jumps, so time would stand still for clients; give it a rate")
        names = rack.names or {address: address for address in rack.devices}
        unknown = set(ports or {}) - set(names)
        if unknown:
            raise ValueError(f"ports: no instrument called {sorted(unknown)[0]!r}; allowed are {', '.join(names)}")
        self.rack = rack
        self.places: dict[str, Place] = {}
        self._selector = selectors.DefaultSelector()
        self._clients: list[_Client] = []
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._achieved = float("inf")  # s of the laboratory that were computed in a second, in the last round
        self._bell, self._ringer = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)
        try:
            for name, address in names.items():
                self._listen(name, address, host, (ports or {}).get(name, 0))
        except BaseException:
            self._close_all()
            raise

    def _listen(self, name: str, address: str, host: str, port: int) -> None:
        try:
            listener = socket.create_server((host, port), backlog=16)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{name}: port {port} of {host} cannot be had ({error.strerror}); another instrument or program may "
                f"use it, choose another port or 0 for a free one",
            ) from None
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _INPUT_BUFFER)  # its connections inherit it
        self._selector.register(listener, selectors.EVENT_READ, address)
        number = listener.getsockname()[1]
        model = type(self.rack.devices[address]).__name__
        self.places[name] = Place(model, host, number, f"TCPIP0::{host}::{number}::SOCKET")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Serve in a thread of its own; nothing happens when it does already."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._serve, name="simulated laboratory", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, close every connection and every port."""
        self._ending.set()
        if self._thread is not None:
            self._ringer.send(b"!")
            self._thread.join()
            self._thread = None
        self._close_all()

    @property
    def clients(self) -> int:
        """How many connections are open."""
        return len(self._clients)

    def _close_all(self) -> None:
        for client in self._clients[:]:
            self._drop(client)
        for key in list(self._selector.get_map().values()) if self._selector.get_map() else []:
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        self._ringer.close()

    def _serve(self) -> None:
        while not self._ending.is_set():
            for key, _ in self._selector.select(self._patience()):
                if isinstance(key.data, _Client):
                    self._receive(key.data)
                elif key.data is not None and isinstance(key.fileobj, socket.socket):
                    self._accept(key.fileobj, key.data)
            self._slow_down()
            began, was = self.rack.clock.time(), self.rack.cryostat.now
            try:
                self.rack.keep_up()
            except Exception:  # noqa: BLE001 - reported; the laboratory outlives a bug in it
                _log.exception("simulated laboratory: a step failed; it is tried again")
            for client in self._clients[:]:
                self._attend(client)
            took, computed = (self.rack.clock.time() - began) / self.rack.rate, self.rack.cryostat.now - was
            self._achieved = computed / took if computed > 0.0 and took > 0.0 else float("inf")

    def _slow_down(self) -> None:
        """Half of what this machine achieves becomes the clock's rate when the laboratory is far behind."""
        clock, rate = self.rack.clock, self.rack.rate
        behind = (clock.time() - self.rack.cryostat.now) / rate
        if behind > _FAR_BEHIND and self._achieved < rate and isinstance(clock, SimClock):
            slower = 0.5 * self._achieved
            _log.warning(
                "simulated laboratory: this machine cannot keep up with %g s in a second; it goes on with %.3g",
                rate,
                slower,
            )
            clock.run_at(slower)

    def _patience(self) -> float:
        """Real time (s) until somebody's next message is due."""
        waiting = [client.due for client in self._clients if client.heard]
        if not waiting:
            return _ROUND
        return min(max((min(waiting) - self.rack.clock.time()) / self.rack.rate, 0.0), _ROUND)

    def _accept(self, listener: socket.socket, address: str) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # it was gone before it was let in
        try:
            if len(self._clients) >= _MOST_CLIENTS:
                raise ConnectionRefusedError
            wire = self.rack.connect(address, stream=True)
        except ConnectionRefusedError:
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _Client(connection, wire, self.rack.clock.time())
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _receive(self, client: _Client) -> None:
        try:
            data = client.connection.recv(_SEGMENT)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            client.wire.lost = True  # what it has asked for is not worth an answer
            self._drop(client)
            return
        client.take(data)
        self._watch(client, False)  # until this has been heard, more stays where it is

    def _watch(self, client: _Client, wanted: bool) -> None:
        """Look for news from a client, or not; whoever has unheard messages is not asked for more."""
        watched = client.connection in self._selector.get_map()
        if wanted and not watched:
            self._selector.register(client.connection, selectors.EVENT_READ, client)
        elif watched and not wanted:
            self._selector.unregister(client.connection)

    def _attend(self, client: _Client) -> None:
        """Let the instrument hear one message, and give the client what has been answered."""
        try:
            if client.wire.lost:
                raise ConnectionResetError
            now = self.rack.clock.time()
            if client.heard:
                if client.due <= now:
                    piece = client.heard.popleft()
                    client.due = now + self.rack.message_time(client.wire)
                    self.rack.deliver(client.wire, piece)
                if not client.heard:
                    self._watch(client, True)
            self._answer(client)
        except OSError:
            self._drop(client)
        except Exception:  # noqa: BLE001 - reported; one client's message must not end the others
            _log.exception("simulated laboratory: a client was disconnected")
            self._drop(client)

    def _answer(self, client: _Client) -> None:
        while client.wire.out and len(client.answer) < _MOST_WAITING:
            with self.rack.lock:
                client.answer += client.wire.out.popleft()
        if not client.answer:
            return
        with contextlib.suppress(BlockingIOError, InterruptedError):
            del client.answer[: client.connection.send(client.answer)]
        if len(client.answer) >= _MOST_WAITING and client.wire.out:
            raise ConnectionAbortedError("the client does not read")

    def _drop(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._watch(client, False)
            self.rack.disconnect(client.wire)
            client.connection.close()


def serve(rack: Rack, ports: Mapping[str, int] | None = None, host: str = LOOPBACK) -> Server:
    """A started `Server`; close it, or use it in a `with` block."""
    server = Server(rack, ports, host)
    server.start()
    return server
