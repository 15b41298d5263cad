"""Trouble on demand: faults on the wire and in the laboratory, at a time, after a message, or at a seeded rate.

    troubles = faults.arm(rack, [Fault("silence", on="lock-in", after=10, for_=5.0)], seed=1)

Theory of operation. Faults are one more actor of the rack: the laboratory stops at the times at which one strikes,
ends, or lets go of a late reply, so the state of the world depends on times and messages and never on who looks.
Each fault has a random generator of its own, drawn from the seed and its place in the list, so that one fault
more does not move the others. While nothing is armed the rack does not know that this module exists.

Replies of one wire stay in their order, as those of a real instrument: what follows a late reply waits for it. A
late reply survives a device clear and is lost with the socket that it belongs to.
"""

import heapq
import itertools
import math
import random
import re
import tomllib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from pyvisa import rname

from coldfinger.sim.fault_kinds import CRYOSTAT, DEAD_KINDS, FOR_EVER, HEATER_PLACES, KINDS, REPLY_KINDS, Kind, Undo
from coldfinger.sim.rack import Rack
from coldfinger.sim.scpi import Panel, Port
from coldfinger.sim.witness import FAULT, FAULT_OVER

_TRIGGERS = ("at", "after", "per_message", "per_second")
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")
UNTIL_CLEARED = "until cleared"


class FaultError(ValueError):
    """A fault that cannot be; one sentence with what was given, what is allowed, what to do."""


@dataclass(frozen=True)
class Fault:
    """One fault: what, where, when, for how long, how much.

    `on`: lock-in, bridge, magnet, bias, controller, a VISA address, or cryostat; may be left out where a kind has one
    place. A fault of the heater or its sensor is the bridge's where it is left out, and must name the controller where
    the rack has one.
    At most one trigger: `at` (s of the laboratory's time), `after` (messages that the instrument still gets
    undisturbed, counted from the arming), `per_message` (probability), `per_second` (1/s); none: at once. `for_` (s,
    math.inf until cleared); None: what the kind does by itself. `value`: see `fault_kinds.KINDS`.
    """

    kind: str
    on: str = ""
    at: float | None = None
    after: int | None = None
    per_message: float | None = None
    per_second: float | None = None
    for_: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise FaultError(f"fault kind {self.kind!r} is unknown; {_did_you_mean(self.kind, KINDS)}")
        self._check_place(kind)
        given = [name for name in _TRIGGERS if getattr(self, name) is not None]
        if len(given) > 1:
            raise FaultError(
                f"fault {self.kind!r}: {' and '.join(given)} are given; a fault has one trigger, leave out the rest"
            )
        self._check_numbers(kind)

    def _check_place(self, kind: Kind) -> None:
        if not self.on and (len(kind.places) == 1 or kind.places == HEATER_PLACES):
            object.__setattr__(self, "on", kind.places[0])
        if self.on not in kind.places and "::" not in self.on:
            given = f"on = {self.on!r} is not possible" if self.on else "on is missing"
            raise FaultError(f"fault {self.kind!r}: {given}; allowed are {', '.join(kind.places)}")

    def _check_numbers(self, kind: Kind) -> None:
        for name, low, high, unit in (
            ("at", 0.0, math.inf, "s"),
            ("after", 0, math.inf, "messages"),
            ("per_message", 0.0, 1.0, ""),
            ("per_second", 1e-12, 1e6, "1/s"),
            ("for_", 0.0, math.inf, "s"),
        ):
            number = getattr(self, name)
            if number is None:
                continue
            good = type(number) in (int, float) and low <= number <= high and (name == "for_" or math.isfinite(number))
            if not good or (name == "after" and type(number) is not int):
                what = "a whole number from 0 up" if name == "after" else f"a number from {low:g} to {high:g} {unit}"
                label = name.rstrip("_")
                raise FaultError(f"fault {self.kind!r}: {label} = {number!r} must be {what}".rstrip())
        if self.value is None:
            return
        if not kind.number:
            raise FaultError(f"fault {self.kind!r}: value = {self.value!r} has no meaning for this kind; leave it out")
        if type(self.value) not in (int, float) or not math.isfinite(self.value):
            raise FaultError(f"fault {self.kind!r}: value = {self.value!r} must be a number ({kind.number})")
        if self.value < 0 and self.kind != "drifting base":
            raise FaultError(f"fault {self.kind!r}: value = {self.value!r} must not be negative ({kind.number})")


class Scenario(NamedTuple):
    """Faults and the seed of everything random in them."""

    faults: tuple[Fault, ...]
    seed: int = 0


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file (TOML: schema, seed, [[fault]] tables); whole, or FaultError with one sentence."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FaultError(f"scenario {path}: cannot be read ({error}); give a TOML file") from error
    return scenario_from(text, f"scenario {path}")


def scenario_from(text: str, source: str = "scenario") -> Scenario:
    """The same from the text of a file; `source` names it in errors."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"{source}: not TOML: {error}; correct that line") from error
    for name in data:
        if name not in ("schema", "seed", "fault"):
            raise FaultError(f"{source}: unknown key {name!r}; {_did_you_mean(name, ('schema', 'seed', 'fault'))}")
    if data.get("schema") != 1:
        raise FaultError(f"{source}: schema = {data.get('schema')!r} is not known; write schema = 1")
    seed = data.get("seed", 0)
    if type(seed) is not int or seed < 0:
        raise FaultError(f"{source}: seed = {seed!r} must be a whole number from 0 up")
    tables = data.get("fault")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise FaultError(f"{source}: no faults; write at least one [[fault]] table")
    return Scenario(tuple(_fault(table, f"{source}: fault {n}") for n, table in enumerate(tables, 1)), seed)


def _fault(table: Mapping[str, Any], where: str) -> Fault:
    names = {"kind", "on", *_TRIGGERS, "for", "value"}
    for name in table:
        if name not in names:
            raise FaultError(f"{where}: unknown key {name!r}; {_did_you_mean(name, sorted(names))}")
    if not isinstance(table.get("kind"), str) or not isinstance(table.get("on", ""), str):
        raise FaultError(f'{where}: kind and on must be texts; write kind = "silence" and on = "lock-in"')
    arguments = dict(table)
    lasting = arguments.pop("for", None)
    if isinstance(lasting, str):
        if lasting != UNTIL_CLEARED:
            raise FaultError(f'{where}: for = {lasting!r} must be a number of seconds or "{UNTIL_CLEARED}"')
        lasting = FOR_EVER
    try:
        return Fault(**arguments, for_=lasting)
    except FaultError as error:
        raise FaultError(f"{where}: {error}") from None


def _did_you_mean(name: str, allowed: Iterable[str]) -> str:
    close = get_close_matches(name, list(allowed), 1)
    return f"did you mean {close[0]!r}?" if close else f"allowed are {', '.join(allowed)}"


class _Armed:
    """One fault with its trigger and, while it lasts, its end."""

    def __init__(self, fault: Fault, address: str | None, now: float, seed: str) -> None:
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

    def __init__(self, rack: Rack) -> None:
        self.due = math.inf
        self._rack = rack
        self._armed: list[_Armed] = []
        self._numbers = itertools.count(1)
        self._held: list[tuple[float, int, Port, bytes]] = []  # replies on their way: when, order, to whom, what
        self._order = itertools.count()

    def add(self, faults: Iterable[Fault], seed: int) -> None:
        """Arm more faults. Raises FaultError for an instrument that the rack has not."""
        now, new = self._rack.clock.time(), []
        for fault in faults:
            number = next(self._numbers)
            new.append(_Armed(fault, self._address(fault), now, f"{seed} {number} {fault.kind} {fault.on}"))
        self._armed += new
        self._set_due()

    @property
    def active(self) -> list[Fault]:
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

    def _strike(self, armed: _Armed, now: float) -> None:
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

    def _break(self, armed: _Armed, now: float) -> bool:
        """Break the sockets of an instrument, once; False where there is a bus instead."""
        if not self._rack.has_sockets(self._panel(armed)):
            return False
        self._rack.log.note(now, FAULT, armed.label)
        self._rack.break_connections(self._panel(armed))
        return True

    def _end(self, armed: _Armed, now: float) -> None:
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

    def _shoot(self, panel: Panel, kind: str) -> _Armed | None:
        """The fault of a kind that acts on a panel now; one shot of it is used up."""
        for armed in self._lasting(panel, {kind}):
            if armed.shots:
                armed.shots -= 1
                self._rack.log.note(self._rack.clock.time(), FAULT, armed.label)
            return armed
        return None

    def _lasting(self, panel: Panel, kinds: set[str]) -> Iterator[_Armed]:
        for armed in self._armed:
            if armed.fault.kind in kinds and armed.active and self._panel(armed) is panel:
                yield armed

    # Places

    def _panel(self, armed: _Armed) -> Panel:
        assert armed.address is not None  # kinds on the wire have an instrument
        return self._rack.devices[armed.address]

    def _place(self, armed: _Armed) -> str:
        return next((name for name, address in self._rack.names.items() if address == armed.address), armed.fault.on)

    def _address(self, fault: Fault) -> str | None:
        if fault.on == CRYOSTAT:
            return None
        address = self._rack.names.get(fault.on, fault.on)
        if "::" in address:
            try:
                address = rname.to_canonical_name(address)
            except rname.InvalidResourceName:
                address = fault.on
        name = next((name for name, known in self._rack.names.items() if known == address), None)
        possible = KINDS[fault.kind].places
        if possible == HEATER_PLACES and "controller" in self._rack.names:
            possible = ("controller",)  # the bridge beside it has neither the heater nor its thermometer
        if address not in self._rack.devices or (name is not None and name not in possible):
            places = [n for n in possible if n in self._rack.names] or list(self._rack.devices)
            allowed = ", ".join(places)
            trouble = "has no heater" if name in HEATER_PLACES and possible == ("controller",) else "is not"
            raise FaultError(f"fault {fault.kind!r}: on = {fault.on!r} {trouble} in this rack; allowed are {allowed}")
        return address


def arm(rack: Rack, faults: Iterable[Fault] | Scenario, seed: int | None = None) -> Troubles:
    """Arm faults in a rack, beside those that are armed already; `seed` replaces that of a scenario.

    Raises FaultError for a place that the rack has not; nothing is armed then.
    """
    scenario = faults if isinstance(faults, Scenario) else Scenario(tuple(faults))
    with rack.lock:
        rack.advance()
        troubles = rack.troubles or Troubles(rack)
        troubles.add(scenario.faults, scenario.seed if seed is None else seed)
        rack.set_troubles(troubles)
        rack.advance()
    return troubles
