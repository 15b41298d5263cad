"""The transaction layer: after a doubt, no reply is believed until the instrument has proved who it is.

Theory of operation. A reply carries no mark of the question it belongs to, so one late, lost or doubled reply
shifts all that follow: every later number is wrong and none looks wrong. A link is therefore *clean* or
*doubtful*. It starts doubtful, becomes doubtful at the start of every exchange and clean again only when
the exchange ended as it must: the reply came in time, with its terminator, in the strict form that the
driver requires. Anything else (silence, a lost connection, an odd reply, an unasked line in the input,
Ctrl-C between question and answer) leaves it doubtful, and before the next exchange it is made clean:

1. a socket, and any connection that was lost, is closed and opened again, so that whatever was still on its
   way is lost with it; a bus is device-cleared; a serial port can only be read until it is quiet;
2. lines that come unasked (the greeting of some instruments, late replies) are read until it is quiet;
3. the identity is asked for. Instruments answer in order, so the identity, when it comes, comes after every
   older reply. It must be the one given at first contact, and nothing may follow it.

Questions are repeated at most three times, 0.5, 1 and 2 s apart, and not at all where time is up (`sparing`). Set
commands are never repeated, and neither are questions that change something by being asked (a status register that is
cleared by reading).
"""

import math
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from pymeasure.adapters import Adapter

from coldfinger.instruments.clock import Clock
from coldfinger.instruments.errors import LinkError, ReplyError
from coldfinger.instruments.resource import (
    NOT_SUPPORTED,
    VISA_TROUBLE,
    is_serial,
    is_socket,
    open_resource,
    timed_out,
    waiting_probe,
)
from coldfinger.instruments.traffic import traffic_log

BACK_OFF = (0.5, 1.0, 2.0)  # s before each repetition
HISTORY = 200  # exchanges kept for a post-mortem
STRAYS = 50  # unasked lines that are read away before giving up

T = TypeVar("T")


class Exchanged(NamedTuple):
    """One exchange as it was on the wire: clock time (s), line sent, line received (empty: none)."""

    time: float
    sent: str
    received: str


def open_link(
    resource_name: str,
    visa_library: str = "",
    *,
    clock: Clock,
    timeout: float = 3.0,
    read_termination: str = "\n",
    write_termination: str = "\n",
    quiet: float = 0.1,
    back_off: tuple[float, ...] = BACK_OFF,
    through: Callable[[str, Callable[[], Any]], Callable[[], Any]] | None = None,
) -> "Link":
    """A Link over the PyVISA resource of that name; nothing is sent yet. Raises LinkError.

    `timeout` (s) is the longest wait for a reply; `quiet` (s) is the silence after which no stray line is
    expected; `back_off` are the pauses (s) before each repetition of a question. `through` is given resource name
    and opener and returns the opener to use instead: a cassette that records or plays (`recorder.Tape.reel`).
    """

    def reopen() -> Any:
        return open_resource(resource_name, visa_library, timeout, read_termination)

    return Link(
        reopen if through is None else through(resource_name, reopen),
        resource_name,
        clock=clock,
        read_termination=read_termination,
        write_termination=write_termination,
        quiet=quiet,
        back_off=back_off,
    )


class Link(Adapter):  # type: ignore[misc]
    """One instrument on one PyVISA resource, and the doubt about it.

    `lock` is held over every exchange; a driver holds it over a command and its error check. `history` is
    the last 200 exchanges, `doubts` counts how often the link had to be made clean after the first contact.
    """

    def __init__(
        self,
        open_resource: Callable[[], Any],
        resource_name: str,
        *,
        clock: Clock,
        read_termination: str = "\n",
        write_termination: str = "\n",
        quiet: float = 0.1,
        back_off: tuple[float, ...] = BACK_OFF,
    ) -> None:
        super().__init__()
        self.resource_name = resource_name
        self.who = resource_name
        self.clock = clock
        self.lock = threading.RLock()
        self.history: deque[Exchanged] = deque(maxlen=HISTORY)
        self.identity: str | None = None
        self.clean = False
        self.doubts = 0
        self._open_resource = open_resource
        self._end = read_termination.encode("ascii")
        self._write_termination = write_termination
        self._quiet = quiet
        self._back_off = back_off
        self._patience: float | None = None  # s, while hurried
        self._repeats_until = math.inf  # clock time (s), while sparing
        self._expected: re.Pattern[str] | None = None
        self._identify = "*IDN?"
        self._traffic = traffic_log()
        self._opening: tuple[str, ...] = ()
        self._forget: tuple[str, ...] = ()
        self._open()

    def close(self) -> None:
        """Close the connection; a second time nothing happens, not even at the end of the program."""
        if not getattr(self, "_closed", True):
            self._closed = True
            self.connection.close()

    def introduce(
        self,
        who: str,
        identity: str,
        opening: tuple[str, ...] = (),
        forget: tuple[str, ...] = (),
        question: str = "*IDN?",
    ) -> None:
        """Tell the link whom to expect: a name for messages, a pattern for the identity, the question for it.

        `opening` are commands to send before the identity is asked for, `forget` questions to ask after it,
        whose answers (errors from before this link was clean) are thrown away.
        """
        self._identify = question
        self.who = who
        self._expected = re.compile(identity)
        self._opening = opening
        self._forget = forget

    def ask(self, question: str, check: Callable[[str], T], *, retry: bool = True) -> T:
        """Send `question` and return `check(reply)`.

        `check` gets the reply without terminator and outer blanks and raises ReplyError if it is not of the
        form that the question must have. With `retry=False` the question goes out once only. Raises
        LinkError.
        """
        with self.lock:
            if retry:
                return self._persist(lambda: self._exchange(question, check))
            self._persist(self._make_clean)
            return self._exchange(question, check)

    def tell(self, command: str) -> None:
        """Send a command that is not answered, once. Raises LinkError."""
        with self.lock:
            self._persist(self._make_clean)
            self.clean = False
            self._send(command)
            self.clean = True

    def confirm(self) -> None:
        """Raise LinkError unless the link is clean and the identity comes back at the first asking.

        Ask this after the reads of a point: had a stale reply shifted them, something else would come.
        """
        with self.lock:
            if self.identity is None:
                self._persist(self._make_clean)
                return
            was_clean, self.clean = self.clean, False
            if not was_clean or self._unasked():
                # Clean for the next time: nobody else may ever ask this instrument anything.
                self._persist(self._make_clean)
                raise LinkError(f"{self.who}: the link is in doubt; what was read last must be read again")
            self.clean = True
            self._exchange(self._identify, self._is_mine)

    def shout(self, command: str, wait: float = 0.2) -> None:
        """Send a command in whatever state the link is, once and at once; the link is in doubt afterwards.

        For a command that must reach an instrument which may not be able to answer. Raises LinkError when it could
        not be sent, or when another thread has kept the link for `wait` (s).
        """
        with self._seized(f"{command!r} was not sent", wait):
            self.clean = False
            if self._broken:
                self._close_quietly()
                self._open()
            self._send(command)

    @contextmanager
    def hurried(self, patience: float, wait: float = 0.2) -> Iterator[None]:
        """Inside, nothing is repeated, a reply is waited for `patience` (s) only, and no other thread interferes.

        Raises LinkError when another thread has kept the link for `wait` (s).
        """
        with self._seized("nothing was sent", wait):
            usual, back_off, self._back_off = self.connection.timeout, self._back_off, ()
            self._patience = patience
            try:
                self._be_patient(1e3 * patience)
                yield
            finally:
                self._patience, self._back_off = None, back_off
                self._be_patient(usual)

    @contextmanager
    def sparing(self, seconds: float) -> Iterator[None]:
        """Inside, nothing is repeated later than `seconds` from now; of several the first to end counts.

        Another thread that asks meanwhile finds the same.
        """
        before = self._repeats_until
        self._repeats_until = min(before, self.clock.time() + seconds)
        try:
            yield
        finally:
            self._repeats_until = before

    @property
    def out_of_time(self) -> bool:
        """Whether the time of `sparing` is over."""
        return self.clock.time() >= self._repeats_until

    @contextmanager
    def _seized(self, otherwise: str, wait: float) -> Iterator[None]:
        if not self.lock.acquire(timeout=wait):
            raise LinkError(f"{self.who}: {otherwise}, because another thread keeps this link; use one of your own")
        try:
            yield
        finally:
            self.lock.release()

    def _be_patient(self, milliseconds: float) -> None:
        try:
            self.connection.timeout = milliseconds
        except VISA_TROUBLE:
            self._broken = True

    def _persist(self, action: Callable[[], T]) -> T:
        for pause in self._back_off:
            try:
                return action()
            except LinkError:
                if self.clock.time() + pause > self._repeats_until:
                    raise
                self.clock.sleep(pause)
        return action()

    def _exchange(self, question: str, check: Callable[[str], T]) -> T:
        self._make_clean()
        self.clean = False
        self._send(question)
        result = check(self._receive(question))
        self.clean = True
        return result

    # Making clean

    def _make_clean(self) -> None:
        was_clean, self.clean = self.clean, False
        if was_clean and not self._unasked():
            self.clean = True
            return
        if self.identity is not None:
            self.doubts += 1
        try:
            self._renew()
            self._empty()
            for command in self._opening:
                self._send(command)
            identity = self._prove()
            if self._empty():
                raise LinkError(f"{self.who}: went on talking after its identity")
            for question in self._forget:
                self._send(question)
                self._receive(question)
                if self._waiting():
                    raise LinkError(f"{self.who}: answered {question!r} more than once")
        except VISA_TROUBLE as trouble:
            raise self._lost("being made clean", trouble) from trouble
        self.identity = identity
        self.clean = True

    def _unasked(self) -> bool:
        try:
            return self._waiting()
        except VISA_TROUBLE:
            return True

    def _open(self) -> None:
        self.connection = self._open_resource()
        self._waiting = waiting_probe(self.connection, self.resource_name)
        self._fresh, self._broken, self._closed = True, False, False
        if self._patience is not None:
            self._be_patient(1e3 * self._patience)

    def _renew(self) -> None:
        if not self._fresh and (self._broken or is_socket(self.resource_name)):
            self._close_quietly()
            self._open()
        elif not is_socket(self.resource_name) and not is_serial(self.resource_name):
            self._device_clear()
        self._fresh = False

    def _close_quietly(self) -> None:
        try:
            self.connection.close()
        except VISA_TROUBLE as trouble:
            self.log.debug("%s: closing a lost connection: %s", self.who, trouble)

    def _device_clear(self) -> None:
        try:
            self.connection.clear()
        except NotImplementedError:
            self.log.debug("%s: no device clear on this bus", self.who)
        except VISA_TROUBLE as trouble:
            if getattr(trouble, "error_code", None) not in NOT_SUPPORTED:
                raise
            self.log.debug("%s: no device clear on this bus", self.who)

    def _empty(self) -> int:
        """Read away what comes unasked; the number of lines. Raises LinkError when it does not end."""
        if not is_socket(self.resource_name) and not is_serial(self.resource_name):
            return self._read_while(self._waiting)
        patience = self.connection.timeout
        self.connection.timeout = self._quiet * 1000
        try:
            return self._read_while(lambda: True)
        finally:
            self.connection.timeout = patience

    def _read_while(self, waiting: Callable[[], bool]) -> int:
        for count in range(STRAYS):
            if not waiting():
                return count
            try:
                self._remember("", self.connection.read_raw())
            except VISA_TROUBLE as trouble:
                if timed_out(trouble):
                    return count
                raise
        raise LinkError(f"{self.who}: sent {STRAYS} lines unasked and does not fall silent")

    def _prove(self) -> str:
        """Ask for the identity, reading over late lines before it; return it."""
        self._send(self._identify)
        came: list[str] = []
        for _ in range(STRAYS):
            try:
                came.append(self._receive(self._identify))
            except LinkError as trouble:
                raise self._unproved(came) from trouble
            if self._known(came[-1]):
                return came[-1]
        raise self._unproved(came)

    def _known(self, reply: str) -> bool:
        if self.identity is not None:
            return reply == self.identity
        return bool(reply) and (self._expected is None or self._expected.fullmatch(reply) is not None)

    def _unproved(self, came: list[str]) -> LinkError:
        if not came:
            return LinkError(
                f"{self.who}: no reply to {self._identify!r} within {self.connection.timeout / 1000:g} s; is it "
                "switched on, and does it answer on this interface?"
            )
        pattern = self._expected.pattern if self._expected else ".+"
        wanted = repr(self.identity) if self.identity else f"the form {pattern}"
        return LinkError(
            f"{self.who}: {self._identify!r} was answered {came[-1]!r}, but {wanted} is required; is this the right "
            "address?"
        )

    def _is_mine(self, reply: str) -> None:
        if reply != self.identity:
            raise ReplyError(f"{self.who}: {self._identify!r} was answered {reply!r}; required is {self.identity!r}")

    # The wire

    def _send(self, line: str) -> None:
        self._remember(line, b"")
        try:
            self.connection.write_raw((line + self._write_termination).encode("ascii"))
        except VISA_TROUBLE as trouble:
            raise self._lost(f"being sent {line!r}", trouble) from trouble

    def _receive(self, question: str) -> str:
        try:
            raw = bytes(self.connection.read_raw())
        except VISA_TROUBLE as trouble:
            if timed_out(trouble):
                patience = self.connection.timeout / 1000
                raise LinkError(f"{self.who}: no complete reply to {question!r} within {patience:g} s") from trouble
            raise self._lost(f"asked {question!r}", trouble) from trouble
        self._remember(question, raw)
        if not raw.endswith(self._end):
            raise ReplyError(f"{self.who}: {question!r} was answered {raw!r}, which has no terminator {self._end!r}")
        try:
            return raw.decode("ascii").strip()
        except UnicodeDecodeError as trouble:
            raise ReplyError(f"{self.who}: {question!r} was answered {raw!r}, which is not ASCII text") from trouble

    def _remember(self, sent: str, raw: bytes) -> None:
        received = raw.decode("latin-1")
        if self._traffic is not None:
            self._traffic.info("%s %s %r", self.who, "<" if raw else ">", received or sent)
        if received and self.history and self.history[-1].sent == sent and not self.history[-1].received:
            self.history[-1] = self.history[-1]._replace(received=received)
        else:
            self.history.append(Exchanged(self.clock.time(), sent, received))

    def _lost(self, doing: str, trouble: BaseException) -> LinkError:
        self._broken = True
        if getattr(trouble, "final", False):  # a cassette says itself what is wrong
            return LinkError(f"{self.who}: {trouble}")
        refused = isinstance(trouble, ConnectionRefusedError | BrokenPipeError)
        advice = "nothing listens at this address; check address, port and power" if refused else "check the cable"
        return LinkError(f"{self.who}: the connection was lost while {doing} ({trouble}); {advice}")

    # What pymeasure asks of an adapter. Driver classes of other origin work over a link with these; the
    # lock then covers single messages only and a wrong reply is not noticed by its form.

    def _write(self, command: str, **kwargs: Any) -> None:
        self.tell(command)

    def _read(self, **kwargs: Any) -> str:
        with self.lock:
            self.clean = False
            reply = self._receive("")
            self.clean = True
            return reply

    def _write_bytes(self, content: bytes, **kwargs: Any) -> None:
        with self.lock:
            self._persist(self._make_clean)
            self.clean = False
            self.connection.write_raw(content)
            self.clean = True

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: Any) -> bytes:
        with self.lock:
            self.clean = False
            if count < 0:
                content = bytes(self.connection.read_raw())
            else:
                content = bytes(self.connection.read_bytes(count, break_on_termchar=break_on_termchar))
            self.clean = True
            return content

    def flush_read_buffer(self) -> None:
        """Read away what has come unasked."""
        with self.lock:
            self._empty()

    def __repr__(self) -> str:
        return f"<Link({self.resource_name!r}, {'clean' if self.clean else 'doubtful'})>"
