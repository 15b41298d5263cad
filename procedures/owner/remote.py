"""The owner's end of the wire: an engine's three methods for other processes of the same computer.

Messages are JSON-RPC 2.0 texts over ZeroMQ, on 127.0.0.1 only. One thread talks to the clients and never to the engine.
Reading and abort are free. A command needs the token, which lies in a private file, and the lease, which one client
has at a time. The engine never waits for a client: a snapshot is made for all of them together, at most every 50 ms.
Reads, commands and aborts have a thread each, so that an abort waits for nothing: neither for a command that hangs nor
for a snapshot that waits for it.
"""

import contextlib
import logging
import os
import queue
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import zmq

from coldfinger.instruments.clock import Clock
from coldfinger.procedures.engine.face import ABORT, EngineFace, NotInControl, Refused
from coldfinger.procedures.owner import jsonrpc, places
from coldfinger.procedures.owner.jsonrpc import Request, RpcError
from coldfinger.procedures.owner.lease import Lease, LeaseEnded
from coldfinger.runfiles.journal import utc_now

log = logging.getLogger(__name__)

FRESH = 0.05  # s: how old a snapshot may be that is handed out again
EVENTS_AT_ONCE = 1000
WAITING_COMMANDS = 32
MESSAGES_PER_SECOND = 2000.0  # of all clients together; 4 kB count as one message
BURST = 200.0
_CUT_OFF = 16 * jsonrpc.LARGEST  # bytes: such a client is disconnected without an answer

_METHODS: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "hello": {},
    "snapshot": {},
    "events": {"since": int},
    "lease.show": {},
    "lease.take": {"who": str, "seconds": (int, float), "token": str},
    "lease.renew": {"lease": str, "seconds": (int, float), "token": str},
    "lease.give": {"lease": str, "token": str},
    "command": {"name": str, "arguments": dict, "who": str, "token": str, "lease": str},
    "stop": {"who": str, "token": str, "lease": str},
}
_NEEDED = {"lease.take": ("who", "seconds"), "lease.renew": ("lease", "seconds"), "command": ("name",)}


def serve(
    engine: EngineFace,
    state_folder: Path,
    *,
    clock: Clock,
    name: str,
    stop: Callable[[str], None] | None = None,
) -> "Server":
    """Serve `engine` from now on, beside whatever the calling thread does; close the server to end it.

    `clock` counts real time (leases, how fresh a snapshot is). `name` says what is served. `stop(who)` is called when a
    client asks the owner to end; it raises Refused if that cannot be.
    """
    return Server(engine, state_folder, clock, name, stop)


class Server:
    """A running server; `address` says where it listens."""

    def __init__(
        self, engine: EngineFace, folder: Path, clock: Clock, name: str, stop: Callable[[str], None] | None
    ) -> None:
        self._engine, self._folder, self._clock, self._stop = engine, folder, clock, stop
        self._lease = Lease(clock)
        self._token = secrets.token_urlsafe(32)
        self._snapshot: tuple[float, bytes] | None = None
        self._allowance, self._allowed_at = BURST, clock.time()
        self._closing = threading.Event()
        places.make_private(folder)
        self._context = zmq.Context()
        self._clients = self._context.socket(zmq.ROUTER)
        self._clients.setsockopt(zmq.MAXMSGSIZE, _CUT_OFF)
        self._clients.setsockopt(zmq.SNDHWM, 20)  # answers that a client may leave unread
        self._clients.setsockopt(zmq.LINGER, 200)
        self._answers = self._context.socket(zmq.PULL)
        self._answers.bind("inproc://answers")
        port = self._clients.bind_to_random_port("tcp://127.0.0.1")
        self.address = places.OwnerAddress(f"tcp://127.0.0.1:{port}", os.getpid(), name, utc_now())
        places.write_private(folder / places.TOKEN, self._token + "\n")
        self._reads = _Worker("owner reads", self._context, 256)
        self._commands = _Worker("owner commands", self._context, WAITING_COMMANDS)
        self._aborts = _Worker("owner aborts", self._context, WAITING_COMMANDS)
        self._talking = threading.Thread(target=self._talk, name="owner wire", daemon=True)
        self._talking.start()
        places.write_address(folder, self.address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the address back and end the threads; a command that hangs is left behind."""
        if self._closing.is_set():
            return
        places.remove_address(self._folder, self.address)
        for worker in (self._commands, self._aborts, self._reads):
            worker.close()
        self._closing.set()
        self._talking.join(5)
        self._context.destroy(linger=0)

    def _talk(self) -> None:
        both, answers_only = zmq.Poller(), zmq.Poller()
        for poller, sockets in ((both, (self._answers, self._clients)), (answers_only, (self._answers,))):
            for socket in sockets:
                poller.register(socket, zmq.POLLIN)
        with self._clients, self._answers:
            while not self._closing.is_set():
                ready = dict((both if self._may_listen() else answers_only).poll(20))
                if self._answers in ready:
                    self._send(*self._answers.recv_multipart())
                if self._clients in ready:
                    self._receive()
            while self._answers.poll(0):
                self._send(*self._answers.recv_multipart())

    def _may_listen(self) -> bool:
        """False while the clients together have sent more than is good for the engine."""
        now = self._clock.time()
        self._allowance = min(BURST, self._allowance + (now - self._allowed_at) * MESSAGES_PER_SECOND)
        self._allowed_at = now
        return self._allowance > 0

    def _receive(self) -> None:
        frames = self._clients.recv_multipart()
        self._allowance -= 1 + sum(map(len, frames)) / 4096
        client = frames[0]
        if len(frames) != 2:
            error = RpcError(jsonrpc.INVALID_REQUEST, f"{len(frames) - 1} frames came; a message is one frame")
            return self._send(client, jsonrpc.error_bytes(error))
        try:
            request = jsonrpc.read_request(frames[1])
        except RpcError as error:
            return self._send(client, jsonrpc.error_bytes(error))
        try:
            _check_params(request)
            self._begin(client, request)
        except Exception as error:  # noqa: BLE001  no message may end the thread that talks
            self._send(client, _error_answer(request, error) if request.answered else b"")

    def _begin(self, client: bytes, request: Request) -> None:
        """Hand over what the engine has to answer; answer the rest."""
        method, params = request.method, request.params
        if method in ("snapshot", "events"):
            self._reads.give(client, request, lambda: self._read(method, params))
        elif method in ("command", "stop"):
            who, work = self._authorised(method, params)
            worker = self._aborts if _is_abort(method, params) else self._commands
            worker.give(client, request, lambda: self._done(work, who))
        else:
            result = jsonrpc.json_bytes(self._about_owner(method, params))
            if request.answered:
                self._send(client, jsonrpc.result_bytes(request.id, result))

    def _read(self, method: str, params: Mapping[str, Any]) -> bytes:
        if method == "events":
            return jsonrpc.json_bytes(list(self._engine.events(params.get("since", 0)))[:EVENTS_AT_ONCE])
        now, kept = self._clock.time(), self._snapshot
        if kept is None or now - kept[0] >= FRESH:
            kept = (now, jsonrpc.json_bytes(self._engine.snapshot()))
            self._snapshot = kept
        return kept[1]

    def _about_owner(self, method: str, params: Mapping[str, Any]) -> Any:
        if method == "hello":
            return {"name": self.address.name, "pid": self.address.pid, "started": self.address.started}
        if method == "lease.show":
            return self._lease.show()
        self._check_token(params)
        if method == "lease.give":
            return self._lease.give(params.get("lease", ""))
        if method == "lease.take":
            return {"lease": self._lease.take(_who(params["who"]), params["seconds"])}
        return {"lease": self._lease.renew(params["lease"], params["seconds"])}

    def _authorised(self, method: str, params: Mapping[str, Any]) -> tuple[str, Callable[[str], Any]]:
        """In whose name, and what to do. Raises RpcError and NotInControl."""
        stop, engine = self._stop, self._engine
        if _is_abort(method, params):
            return _who(params.get("who", "")), lambda who: engine.command(ABORT, who=who, **_arguments(params))
        self._check_token(params)
        who = self._lease.check(params.get("lease", ""))
        if method == "command":
            return who, lambda who: engine.command(params["name"], who=who, **_arguments(params))
        if stop is None:
            raise Refused(f"{self.address.name} cannot be ended by a client: end the program that started it")
        return who, stop

    def _check_token(self, params: Mapping[str, Any]) -> None:
        given = params.get("token", "").encode("utf-8", "replace")
        if not secrets.compare_digest(given, self._token.encode("ascii")):
            raise RpcError(
                jsonrpc.WRONG_TOKEN,
                f"the token is missing or wrong: control needs the one in {places.TOKEN} in the owner's state folder",
            )

    def _done(self, work: Callable[[str], Any], who: str) -> bytes:
        try:
            return jsonrpc.json_bytes(work(who))
        finally:
            self._snapshot = None

    def _send(self, client: bytes, answer: bytes) -> None:
        if answer:
            with contextlib.suppress(zmq.ZMQError):  # the client has gone
                self._clients.send_multipart([client, answer], zmq.DONTWAIT)


class _Worker:
    """A thread that answers requests one after the other; `most` may wait."""

    def __init__(self, name: str, context: "zmq.Context[zmq.Socket[bytes]]", most: int) -> None:
        self._jobs: queue.Queue[tuple[bytes, Request, Callable[[], bytes]] | None] = queue.Queue(most)
        self._answers = context.socket(zmq.PUSH)
        self._answers.setsockopt(zmq.LINGER, 0)
        self._answers.connect("inproc://answers")
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def give(self, client: bytes, request: Request, work: Callable[[], bytes]) -> None:
        """Raises RpcError if too many wait already."""
        try:
            self._jobs.put_nowait((client, request, work))
        except queue.Full:
            message = f"{self._jobs.maxsize} requests wait already; ask again later"
            raise RpcError(jsonrpc.BUSY, message) from None

    def close(self) -> None:
        with contextlib.suppress(queue.Full):
            self._jobs.put(None, timeout=1)
        self._thread.join(2)

    def _work(self) -> None:
        with self._answers:
            while (job := self._jobs.get()) is not None:
                client, request, work = job
                try:
                    answer = jsonrpc.result_bytes(request.id, work())
                except Exception as error:  # noqa: BLE001  it is the client that is told
                    answer = _error_answer(request, error)
                if request.answered:
                    with contextlib.suppress(zmq.ZMQError):  # the server was closed meanwhile
                        self._answers.send_multipart([client, answer])


def _is_abort(method: str, params: Mapping[str, Any]) -> bool:
    return method == "command" and params["name"] == ABORT


def _check_params(request: Request) -> None:
    allowed = _METHODS.get(request.method)
    if allowed is None:
        message = f"there is no method {request.method!r:.60}; there are {', '.join(_METHODS)}"
        raise RpcError(jsonrpc.UNKNOWN_METHOD, message)
    for name, value in request.params.items():
        if name not in allowed:
            message = f"{request.method}: unknown parameter {name!r:.60}; allowed are {', '.join(allowed) or 'none'}"
            raise RpcError(jsonrpc.BAD_PARAMETERS, message)
        if not isinstance(value, allowed[name]) or isinstance(value, bool):
            message = f"{request.method}: parameter {name} cannot be {value!r:.60}"
            raise RpcError(jsonrpc.BAD_PARAMETERS, message)
    for name in _NEEDED.get(request.method, ()):
        if name not in request.params:
            raise RpcError(jsonrpc.BAD_PARAMETERS, f"{request.method}: parameter {name} is missing")
    if request.method == "command":
        _check_command(request.params)


def _check_command(params: Mapping[str, Any]) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", params["name"]):
        raise RpcError(jsonrpc.BAD_PARAMETERS, f"command: {params['name']!r:.60} is not the name of a command")
    for name in params.get("arguments", {}):
        if not name.isidentifier() or name == "who":
            raise RpcError(jsonrpc.BAD_PARAMETERS, f"command: {name!r:.60} cannot be the name of an argument")


def _arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = params.get("arguments", {})
    return arguments


def _who(text: str) -> str:
    """A name as it may stand in a journal: one line, at most 80 characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:80].strip() or "an unnamed client"


def _error_answer(request: Request, error: Exception) -> bytes:
    code, message = jsonrpc.INTERNAL, f"{type(error).__name__}: {error}"
    if isinstance(error, RpcError):
        code, message = error.code, error.message
    elif isinstance(error, LeaseEnded):
        code, message = jsonrpc.LEASE_ENDED, str(error)
    elif isinstance(error, NotInControl):
        code, message = jsonrpc.NOT_IN_CONTROL, str(error)
    elif isinstance(error, ValueError):
        code, message = jsonrpc.REFUSED, str(error)
    elif isinstance(error, TypeError) and request.method == "command":
        code, message = jsonrpc.BAD_PARAMETERS, f"{request.params.get('name')}: {error}"
    if code == jsonrpc.INTERNAL:
        log.error("%s failed", request.method, exc_info=error)
    return jsonrpc.error_bytes(RpcError(code, message), request.id)
