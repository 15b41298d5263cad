"""A client's end of the wire: the engine of another process, with the same face as one in this process.

It finds the owner by its state folder, again and again, so that it goes on when the owner was started anew. A question
is repeated then; a command never is, for it may have been carried out.
"""

import contextlib
import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import zmq

from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.procedures.engine.face import ABORT, NotInControl, OwnerSilent, Refused
from coldfinger.procedures.owner import jsonrpc, places
from coldfinger.procedures.owner.lease import LONGEST, LeaseEnded

DEADLINE = 5.0  # s
_CONNECT = 1.0  # s, for an owner that exists: it is on this computer
_LOOK = 0.2  # s between two looks whether the owner was started anew
_ERRORS = {
    jsonrpc.REFUSED: Refused,
    jsonrpc.BUSY: Refused,
    jsonrpc.BAD_PARAMETERS: Refused,
    jsonrpc.NOT_IN_CONTROL: NotInControl,
    jsonrpc.LEASE_ENDED: LeaseEnded,
    jsonrpc.WRONG_TOKEN: NotInControl,
}


_LOST = "it may have been carried out or not: look at the status before giving it again"


class Client:
    """The engine of an owner process.

    `where` is the owner's state folder, or an endpoint "tcp://127.0.0.1:PORT", which can only be read from and aborted.
    A command takes control for itself, unless control is held by `with client.control(): ...`. Any thread may use it.
    Raises OwnerSilent when there is no answer within `deadline` seconds, Refused for what the owner did not accept.
    """

    def __init__(
        self, where: str | Path, *, who: str = "", deadline: float = DEADLINE, clock: Clock | None = None
    ) -> None:
        self.who = who or f"program {os.getpid()}"
        self._where, self._deadline, self._clock = where, deadline, clock or WallClock()
        self._link = self._new_link()
        self._lease = ""
        self._held = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the owner does not mind."""
        self._link.close()

    def command(self, name: str, /, *, who: str = "", **arguments: Any) -> Any:
        """Give a command; "abort" goes on a line of its own and needs no right."""
        params = {"name": name, "arguments": arguments, "who": who or self.who}
        if name == ABORT:
            with contextlib.closing(self._new_link()) as link:
                return link.ask("command", params)
        return self._controlled("command", params)

    def snapshot(self) -> dict[str, Any]:
        """What is going on, at most 50 ms old."""
        answer: dict[str, Any] = self._link.ask("snapshot", {}, again=True)
        return answer

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """The first thousand events from number `since` on."""
        answer: list[dict[str, Any]] = self._link.ask("events", {"since": since}, again=True)
        return answer

    def owner(self) -> dict[str, Any]:
        """{"name", "pid", "started"} of the owner process."""
        answer: dict[str, Any] = self._link.ask("hello", {}, again=True)
        return answer

    def holder(self) -> dict[str, Any] | None:
        """{"who", "seconds"} of the one in control, or None."""
        answer: dict[str, Any] | None = self._link.ask("lease.show", {}, again=True)
        return answer

    def stop(self) -> None:
        """Ask the owner process to end; it refuses while a queue runs."""
        self._controlled("stop", {"who": self.who})

    @contextlib.contextmanager
    def control(self, seconds: float = 10.0) -> Iterator[None]:
        """Be the one in control within this block; `seconds` after the death of this program it is free again."""
        self._lease = self._take(seconds)
        self._held = seconds
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(seconds, ended), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()
            lease, self._lease, self._held = self._lease, "", 0.0
            with contextlib.suppress(OwnerSilent, Refused):  # then it ends by itself
                self._give(lease)

    def _controlled(self, method: str, params: dict[str, Any]) -> Any:
        if not self._held:
            lease = self._take(min(1.0 + self._deadline, LONGEST), params["who"])
            try:
                return self._link.ask(method, {**params, "lease": lease}, control=True)
            finally:
                with contextlib.suppress(OwnerSilent, Refused):  # then it ends by itself
                    self._give(lease)
        try:
            return self._link.ask(method, {**params, "lease": self._lease}, control=True)
        except LeaseEnded:  # not carried out: the owner was started anew, or this program stood still for long
            self._lease = self._take(self._held)
            return self._link.ask(method, {**params, "lease": self._lease}, control=True)

    def _take(self, seconds: float, who: str = "") -> str:
        params = {"who": who or self.who, "seconds": seconds}
        return str(self._link.ask("lease.take", params, control=True)["lease"])

    def _give(self, lease: str) -> None:
        self._link.ask("lease.give", {"lease": lease}, control=True)

    def _keep(self, seconds: float, ended: threading.Event) -> None:
        """Renew control until the block ends; what fails is found out by the next command."""
        with contextlib.closing(self._new_link()) as link:
            while not ended.wait(seconds / 3):
                with contextlib.suppress(OwnerSilent, Refused):
                    link.ask("lease.renew", {"lease": self._lease, "seconds": seconds}, control=True)

    def _new_link(self) -> "_Link":
        return _Link(self._where, self._deadline, self._clock)


class _Link:
    """One connection, made anew when the owner is another one; one question at a time."""

    def __init__(self, where: str | Path, deadline: float, clock: Clock) -> None:
        self._folder = None if str(where).startswith("tcp://") else Path(where)
        self._fixed = str(where) if self._folder is None else ""
        self._deadline, self._clock = deadline, clock
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes]  # of the socket: tells that the connection has ended
        self._poller: zmq.Poller
        self._address: places.OwnerAddress | None = None
        self._token, self._stamp = "", (0, 0)
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._drop()
            if self._context is not None:
                self._context.term()
                self._context = None

    def ask(self, method: str, params: dict[str, Any], *, control: bool = False, again: bool = False) -> Any:
        """The answer to one question; `control` shows the token, `again` allows to ask a new owner once more."""
        with self._lock:
            try:
                return self._ask(method, params, control, again, self._clock.time() + self._deadline)
            except OwnerSilent:
                self._drop()  # what has not been sent yet must never be sent
                raise

    def _ask(self, method: str, params: dict[str, Any], control: bool, again: bool, end: float) -> Any:
        socket = self._connected(method)
        id = next(self._ids)
        try:
            message = jsonrpc.request_bytes(id, method, {**params, "token": self._token} if control else params)
        except ValueError as wrong:
            raise Refused(f"{_what(method, params)} was not sent: {wrong}") from None
        socket.send(message, zmq.DONTWAIT)
        while (left := end - self._clock.time()) > 0:
            ready = dict(self._poller.poll(max(1, int(min(left, _LOOK) * 1000))))
            if socket in ready:
                answered, result, error = jsonrpc.read_answer(socket.recv())
                if error is not None and answered in (id, None):
                    raise _ERRORS.get(error.code, Refused)(error.message)
                if answered == id:
                    return result
            elif ready or self._changed():  # the connection has ended, or another owner has begun
                self._drop()
                if again:
                    return self._ask(method, params, control, again, end)
                raise OwnerSilent(f"{_what(method, params)}: {self._owner()} ended before it answered; {_LOST}")
        advice = "ask again" if again else _LOST
        raise OwnerSilent(
            f"{_what(method, params)}: {self._owner()} did not answer within {self._deadline:g} s; {advice}"
        )

    def _connected(self, method: str) -> "zmq.Socket[bytes]":
        """A socket that can send now: nothing is ever kept for an owner that is not there."""
        if self._socket is None or self._monitor.poll(0) or self._changed():
            self._drop()
            endpoint = self._fixed or self._find()
            self._context = self._context or zmq.Context()
            self._socket = self._context.socket(zmq.DEALER)
            self._socket.setsockopt(zmq.LINGER, 0)
            self._socket.setsockopt(zmq.IMMEDIATE, 1)
            self._socket.setsockopt(zmq.RECONNECT_IVL, 50)
            self._monitor = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            self._poller = zmq.Poller()
            self._poller.register(self._socket, zmq.POLLIN)
            self._poller.register(self._monitor, zmq.POLLIN)
            self._socket.connect(endpoint)
        if not self._socket.poll(int(min(_CONNECT, self._deadline) * 1000), zmq.POLLOUT):
            raise OwnerSilent(
                f"{self._owner()} cannot be reached, so {method} was not sent; "
                "if it is dead, start it with `coldfinger owner start`"
            )
        return self._socket

    def _find(self) -> str:
        folder = self._folder
        assert folder is not None
        stamp = self._stamp_now()
        try:
            address = places.read_address(folder)
        except ValueError as error:
            raise OwnerSilent(str(error)) from None
        if address is None:
            raise OwnerSilent(f"no owner process has its address in {folder}; start one with `coldfinger owner start`")
        try:
            self._token = (folder / places.TOKEN).read_text("ascii").strip()
        except (OSError, ValueError):
            self._token = ""  # reading needs none
        self._address, self._stamp = address, stamp
        return address.endpoint

    def _changed(self) -> bool:
        return self._folder is not None and self._stamp_now() not in ((0, 0), self._stamp)

    def _stamp_now(self) -> tuple[int, int]:
        assert self._folder is not None
        try:
            stat = (self._folder / places.ENDPOINT).stat()
        except OSError:
            return 0, 0
        return stat.st_mtime_ns, stat.st_ino

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.disable_monitor()
            self._monitor.close(0)
            self._socket.close(0)
            self._socket = None

    def _owner(self) -> str:
        if self._address is None:
            return f"the owner at {self._fixed}"
        return f"the owner of {self._address.name} (process {self._address.pid})"


def _what(method: str, params: dict[str, Any]) -> str:
    return str(params.get("name", method))
