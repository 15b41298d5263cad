"""Faults at work in a rack: when each strikes and ends, and what becomes of messages and replies meanwhile.

Theory of operation. Faults are one more actor of the rack: the laboratory stops at the times at which one strikes,
ends, or lets go of a late reply, so the state of the world depends on times and messages and never on who looks.
Each fault has a random generator of its own, drawn from the seed and its place in the list, so that one fault
more does not move the others.

Replies of one wire stay in their order, as those of a real instrument: what follows a late reply waits for it. A
late reply survives a device clear and is lost with the socket that it belongs to.
"""

import heapq
import itertools
import math
import random
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from coldfinger.sim.fault_kinds import DEAD_KINDS, FOR_EVER, KINDS, REPLY_KINDS, Undo
from coldfinger.sim.scpi import Panel, Port
from coldfinger.sim.witness import FAULT, FAULT_OVER

if TYPE_CHECKING:
    from coldfinger.sim.faults import Fault
    from coldfinger.sim.rack import Rack

_LINES = re.compile(rb"[^\n]*\n|[^\n]+")


class Armed:
    """One fault with its trigger and, while it lasts, its end."""

    def __init__(self, fault: "Fault", address: str | None, now: float, seed: str) -> None:
        self.fault = fault
        self.kind = KINDS[fault.kind]
        self.address = address  # None: the cryostat
        self.rng = random.Random(seed)
        self.heard = 0
        self.strikes_at = math.inf
        self.ends_at = -math.inf  # active while the clock is before it
        self.shots = 0  # messages that it still strikes
        self.spent = False
        self.undo: Undo | None = None
        if fault.at is not None:
            self.strikes_at = max(fault.at, now)
        elif fault.per_second is not None:
            self.strikes_at = now + self.rng.expovariate(fault.per_second)
        elif fault.after is None and fault.per_message is None:
            self.strikes_at = now

    @property
    def value(self) -> float:
        return self.kind.default if self.fault.value is None else float(self.fault.value)

    @property
    def label(self) -> str:
        return f"{self.fault.kind} on {self.fault.on}"

    @property
    def active(self) -> bool:
        return self.shots > 0 or self.ends_at > -math.inf

    @property
    def due(self) -> float:
        return min(self.strikes_at, self.ends_at if self.ends_at > -math.inf else math.inf)

    def hears(self) -> bool:
        """Count a message; True when this one is struck."""
        fault = self.fault
        if fault.per_message is not None:
            return self.rng.random() < fault.per_message and not self.active
        if fault.after is None or self.spent:
            return False
        self.heard += 1
        self.spent = self.heard > fault.after
        return self.spent


class Troubles:
    """The faults that are armed in a rack; `due` and `act` make it one of the rack's actors."""

    def __init__(self, rack: "Rack") -> None:
        self.due = math.inf
        self._rack = rack
        self._armed: list[Armed] = []
        self._numbers = itertools.count(1)
        self._held: list[tuple[float, int, Port, bytes]] = []  # replies on their way: when, order, to whom, what
        self._order = itertools.count()

    def add(self, faults: Iterable[tuple["Fault", str | None]], seed: int) -> None:
        """Arm more faults, each with the address of its instrument, None for the cryostat."""
        now = self._rack.clock.time()
        for fault, address in faults:
            number = next(self._numbers)
            self._armed.append(Armed(fault, address, now, f"{seed} {number} {fault.kind} {fault.on}"))
        self._set_due()

    @property
    def active(self) -> list["Fault"]:
        """The faults that last at this moment."""
        return [armed.fault for armed in self._armed if armed.active]

    def clear(self, kind: str | None = None, on: str | None = None) -> None:
        """End and disarm all faults, or those of a kind or a place; late replies still arrive."""
        with self._rack.lock:
            self._rack.advance()
            kept = []
            for armed in self._armed:
                if kind not in (None, armed.fault.kind) or on not in (None, armed.fault.on):
                    kept.append(armed)
                elif armed.active:
                    self._end(armed, self._rack.clock.time())
            self._armed = kept
            self._set_due()
            if not kept and not self._held:
                self._rack.set_troubles(None)

    # An actor of the rack

    def act(self) -> None:
        """What is due now: late replies go out, faults end, faults strike."""
        now = self.due
        while self._held and self._held[0][0] <= now:
            _, _, port, reply = heapq.heappop(self._held)
            if not port.lost:
                port.out.append(reply)
        for armed in self._armed:
            if -math.inf < armed.ends_at <= now:
                self._end(armed, now)
            if armed.strikes_at <= now:
                rate = armed.fault.per_second
                armed.strikes_at = math.inf if rate is None else now + armed.rng.expovariate(rate)
                self._strike(armed, now)
        self._set_due()

    def _set_due(self) -> None:
        self.due = min((armed.due for armed in self._armed), default=math.inf)
        if self._held:
            self.due = min(self.due, self._held[0][0])

    def _strike(self, armed: Armed, now: float) -> None:
        if armed.active:
            return  # a fault that lasts cannot begin again
        lasting = armed.fault.for_
        if lasting is None and armed.kind.lasts == "message":
            if armed.fault.kind == "disconnect" and self._break(armed, now):
                return
            armed.shots = 1
            return
        if lasting is None:
            lasting = FOR_EVER if armed.kind.lasts == "state" else float(armed.kind.lasts)
        self._rack.log.note(now, FAULT, armed.label)
        armed.ends_at = now + lasting
        if armed.kind.start is not None:
            armed.undo = armed.kind.start(self._rack.cryostat, armed.value, self._place(armed))
        elif armed.fault.kind == "power cycle":
            self._rack.power_cycle(self._panel(armed))
        elif armed.fault.kind == "disconnect":
            self._rack.break_connections(self._panel(armed))
        if lasting == 0.0:
            armed.ends_at = -math.inf

    def _break(self, armed: Armed, now: float) -> bool:
        """Break the sockets of an instrument, once; False where there is a bus instead."""
        if not self._rack.has_sockets(self._panel(armed)):
            return False
        self._rack.log.note(now, FAULT, armed.label)
        self._rack.break_connections(self._panel(armed))
        return True

    def _end(self, armed: Armed, now: float) -> None:
        if armed.undo is not None:
            armed.undo()
        if armed.ends_at > -math.inf:
            self._rack.log.note(now, FAULT_OVER, armed.label)
        armed.undo, armed.ends_at, armed.shots = None, -math.inf, 0

    # On the wire

    def slowness(self, panel: Panel) -> float:
        """Additional bus time (s) of a message to a panel."""
        return sum(armed.value for armed in self._lasting(panel, {"slow bus"}))

    def refuses(self, panel: Panel) -> bool:
        """Whether a new connection to a panel fails."""
        return any(armed.ends_at > -math.inf for armed in self._lasting(panel, DEAD_KINDS))

    def carry(self, port: Port, data: bytes, end: bool) -> None:
        """Carry a segment to a panel, message by message. Raises ConnectionResetError."""
        try:
            for piece in (data,) if end else _LINES.findall(data):
                self._carry_piece(port, piece, end)
        finally:
            self._set_due()

    def _carry_piece(self, port: Port, piece: bytes, end: bool) -> None:
        if end or (piece.endswith(b"\n") and (piece.strip() or port.unfinished)):
            self._count(port.panel)
        if port.lost or self._dead(port):
            raise ConnectionResetError("the instrument does not answer")
        if self._shoot(port.panel, "lost command"):
            port.forget_command()
        else:
            self._carry_message(port, piece, end)

    def _dead(self, port: Port) -> bool:
        dead = [armed for kind in sorted(DEAD_KINDS) if (armed := self._shoot(port.panel, kind)) is not None]
        if dead and port is not port.panel.port:
            self._rack.break_connections(port.panel)
        return bool(dead)

    def _count(self, panel: Panel) -> None:
        now = self._rack.clock.time()
        for armed in self._armed:
            if (armed.address is None or self._panel(armed) is panel) and armed.hears():
                self._strike(armed, now)

    def _carry_message(self, port: Port, piece: bytes, end: bool) -> None:
        out, port.out = port.out, deque()
        try:
            port.receive(piece, end)
        finally:
            fresh, port.out = port.out, out
        now = self._rack.clock.time()
        for reply in fresh:
            for spoilt, when in self._spoil(port.panel, reply, now):
                when = max([when, *(release for release, _, other, _ in self._held if other is port)])
                if when <= now:
                    out.append(spoilt)
                else:
                    heapq.heappush(self._held, (when, next(self._order), port, spoilt))

    def _spoil(self, panel: Panel, reply: bytes, now: float) -> list[tuple[bytes, float]]:
        """What becomes of a reply: pieces with the times (s) at which they arrive."""
        if self._shoot(panel, "silence"):
            return []
        when, copies, end = now, 1, panel.reply_end
        for kind in sorted(REPLY_KINDS):
            armed = self._shoot(panel, kind)
            if armed is None:
                continue
            if kind == "garbage":
                noise = bytes(armed.rng.randrange(128, 256) for _ in range(max(1, len(reply) - len(end))))
                reply = noise + end
            elif kind == "truncated reply":
                reply = reply[: max(1, (len(reply) - len(end)) // 2)]
            elif kind == "wrong terminator":
                reply = reply.removesuffix(end) + (b"\r" if end == b"\n" else b"\n")
            elif kind == "late reply":
                when = now + armed.value
            else:
                copies = 2
        return [(reply, when)] * copies

    def _shoot(self, panel: Panel, kind: str) -> Armed | None:
        """The fault of a kind that acts on a panel now; one shot of it is used up."""
        for armed in self._lasting(panel, {kind}):
            if armed.shots:
                armed.shots -= 1
                self._rack.log.note(self._rack.clock.time(), FAULT, armed.label)
            return armed
        return None

    def _lasting(self, panel: Panel, kinds: set[str]) -> Iterator[Armed]:
        for armed in self._armed:
            if armed.fault.kind in kinds and armed.active and self._panel(armed) is panel:
                yield armed

    # Places

    def _panel(self, armed: Armed) -> Panel:
        assert armed.address is not None  # kinds on the wire have an instrument
        return self._rack.devices[armed.address]

    def _place(self, armed: Armed) -> str:
        return next((name for name, address in self._rack.names.items() if address == armed.address), armed.fault.on)
