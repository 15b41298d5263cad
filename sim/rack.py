"""Instruments by VISA address on one refrigerator and one clock.

A rack is the whole simulated world. Each exchange costs bus time; then the laboratory is advanced to now,
stopping on the way wherever a panel has something to do by itself; only then does the panel hear the message.
While a clock that jumps is in use, time belongs to whoever holds the lock. A clock with a rate runs by itself, and
then nobody holds the lock while time passes: a read that waits for an answer leaves every other instrument usable.
"""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from pyvisa import rname

from coldfinger.sim.clock import PacedClock, SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.places import PLACES, check_models, wires
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.scpi import Panel, Port
from coldfinger.sim.witness import Witness

if TYPE_CHECKING:
    from coldfinger.sim.troubles import Troubles

BUS_TIME = 5e-3  # s of virtual time for one message
ADDRESSES = {
    "lock-in": "GPIB0::8::INSTR",
    "bridge": "GPIB0::12::INSTR",
    "magnet": "TCPIP0::127.0.0.1::7180::SOCKET",
    "bias": "GPIB0::7::INSTR",
}
_QUESTIONS_KEPT = 1000
_LOOK = 0.02  # s of real time between two looks of a reader that waits while the clock runs


class Clock(Protocol):
    """Where the rack's time comes from."""

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Actor(Protocol):
    """Whoever has something to do by itself: a panel, or the faults that are armed."""

    due: float

    def act(self) -> None: ...


class Rack:
    """Panels by canonical VISA address; one lock for everything behind them.

    `names` are the short names (the places of `places.PLACES`) of the addresses, `wires` what each instrument is
    connected to where that is not the whole cryostat, `log` is what really happened, `troubles` the faults that are
    armed, or None.
    """

    def __init__(
        self,
        cryostat: Cryostat,
        clock: Clock,
        devices: Mapping[str, Panel],
        bus_time: float = BUS_TIME,
        names: Mapping[str, str] | None = None,
        wires: Mapping[str, Any] | None = None,
    ) -> None:
        self.cryostat = cryostat
        self.clock = clock
        self.devices = {rname.to_canonical_name(address): panel for address, panel in devices.items()}
        self.names = {name: rname.to_canonical_name(address) for name, address in (names or {}).items()}
        self.wires = {rname.to_canonical_name(address): parts for address, parts in (wires or {}).items()}
        self.bus_time = bus_time
        self.lock = threading.RLock()
        self.log = Witness(cryostat)
        self.troubles: Troubles | None = None
        self._jumps = math.isinf(self.rate)
        self._careful = not self._jumps  # or faults are armed
        self._questions: set[bytes] = set()
        self._news = threading.Condition(self.lock)
        self._actors: tuple[Actor, ...] = tuple(self.devices.values())
        self._connected: list[Port] = []

    @property
    def rate(self) -> float:
        """Virtual seconds per real second, as the clock has it now; inf for a clock that jumps."""
        return float(getattr(self.clock, "rate", math.inf))

    @property
    def models(self) -> dict[str, str]:
        """The model in each place, by its short name."""
        return {name: type(self.devices[address]).__name__ for name, address in self.names.items()}

    def set_troubles(self, troubles: "Troubles | None") -> None:
        """Let faults act in this rack, or no more."""
        with self.lock:
            self.troubles = troubles
            self._careful = not self._jumps or troubles is not None
            extra = () if troubles is None else (troubles,)
            self._actors = (*self.devices.values(), *extra)
            self._news.notify_all()

    def connect(self, address: str, stream: bool | None = None) -> Port:
        """A wire into the panel at a canonical address: its own port on GPIB, a new one for each socket.

        `stream`: whether it is a socket; None: by the address. Raises KeyError for an address without a device,
        ConnectionRefusedError when the model takes no more.
        """
        panel = self.devices[address]
        if not (address.endswith("SOCKET") if stream is None else stream):
            return panel.port
        with self.lock:
            self.advance()  # what refuses may be over, although nothing but attempts to connect is going on
            panel = self.devices[address]
            present = sum(port.panel is panel for port in self._connected)
            if panel.max_connections is not None and present >= panel.max_connections:
                raise ConnectionRefusedError(f"{address} takes {panel.max_connections} connections at a time")
            if self.troubles is not None and self.troubles.refuses(panel):
                raise ConnectionRefusedError(f"{address} does not answer")
            port = Port(panel)
            port.out.extend(panel.greeting)
            self._connected.append(port)
        return port

    def disconnect(self, port: Port) -> None:
        """Forget a socket's wire; the panel keeps its state."""
        with self.lock:
            self._connected = [other for other in self._connected if other is not port]

    def has_sockets(self, panel: Panel) -> bool:
        """Whether somebody is connected to a panel over a socket."""
        with self.lock:
            return any(port.panel is panel for port in self._connected)

    def break_connections(self, panel: Panel) -> None:
        """The far end of every socket into a panel goes away; their owners find out when they use them."""
        with self.lock:
            for port in self._connected:
                if port.panel is panel:
                    port.lost = True
                    port.clear()
            self._connected = [port for port in self._connected if not port.lost]
            self._news.notify_all()

    def power_cycle(self, panel: Panel) -> Panel:
        """Switch an instrument off and on: connections gone, settings lost; return the panel that stands there now."""
        with self.lock:
            self.break_connections(panel)
            address = next(key for key, other in self.devices.items() if other is panel)
            fresh: Panel = type(panel)(self.wires.get(address, self.cryostat))  # type: ignore[call-arg]
            fresh.remember(panel)
            fresh.lose_settings()
            panel.port.clear()
            fresh.port, fresh.port.panel = panel.port, fresh
            self.devices[address] = fresh
            self.set_troubles(self.troubles)
            return fresh

    def exchange(self, port: Port, data: bytes, end: bool = False) -> None:
        """Carry one message to a panel; replies are in `port.out`, one entry a message.

        Raises ConnectionResetError when nobody is at the other end (any more).
        """
        if self._careful:
            self._exchange_with_care(port, data, end)
            return
        with self.lock:
            self.clock.sleep(self.bus_time)
            self.advance()
            port.receive(data, end)
            if data not in self._questions:
                self._look_after(data)

    def _look_after(self, data: bytes) -> None:
        """See what a message has changed, and remember it if it is a single question: those change nothing."""
        self.log.look(self.cryostat.now)
        line = data.rstrip(b"\r\n")
        single = b"?" in line and not any(byte in line for byte in b";\r\n")
        if single and len(self._questions) < _QUESTIONS_KEPT:
            self._questions.add(data)

    def message_time(self, port: Port) -> float:
        """How long (s) the bus is busy with one message on a wire."""
        return self.bus_time + (0.0 if self.troubles is None else self.troubles.slowness(port.panel))

    def _exchange_with_care(self, port: Port, data: bytes, end: bool) -> None:
        with self.lock:
            seconds = self.message_time(port)
            if self._jumps:
                self.clock.sleep(seconds)
                self.deliver(port, data, end)
                return
        self.clock.sleep(seconds)
        self.deliver(port, data, end)

    def deliver(self, port: Port, data: bytes, end: bool = False) -> None:
        """`exchange` for a caller who has already let the bus time pass."""
        with self.lock:
            self.advance()
            if port.lost:
                raise ConnectionResetError("the instrument closed the connection")
            try:
                if self.troubles is None:
                    port.receive(data, end)
                else:
                    self.troubles.carry(port, data, end)
            finally:
                self.log.look(self.cryostat.now)
                self._news.notify_all()

    @contextmanager
    def message(self) -> Iterator[None]:
        """The lock, after the bus time of one message that no panel hears (a serial poll, a device clear)."""
        if not self._jumps:
            self.clock.sleep(self.bus_time)
        with self.lock:
            if self._jumps:
                self.clock.sleep(self.bus_time)
            self.advance()
            yield

    def advance(self) -> None:
        """Take the laboratory to now, and let panels act at the times they asked for."""
        now = self.clock.time()
        for actor in self._actors:
            if actor.due <= now:
                self._advance_with_stops(now)
                break
        self.cryostat.advance(now)

    def _advance_with_stops(self, now: float) -> None:
        while (actor := min(self._actors, key=lambda a: a.due)).due <= now:
            self.cryostat.advance(actor.due)
            actor.act()
            self.log.look(self.cryostat.now)

    def keep_up(self) -> None:
        """Take the laboratory to now although nobody asks anything of it."""
        with self.lock:
            self.advance()

    def wait_for_reply(self, port: Port, timeout: float) -> bool:
        """Let time pass until something waits at `port`, at most `timeout` (s of the clock); True if it does.

        Raises ConnectionResetError when the connection is lost meanwhile.
        """
        with self.lock:
            deadline = self.clock.time() + timeout
            while not port.out:
                if port.lost:
                    raise ConnectionResetError("the instrument closed the connection")
                now = self.clock.time()
                due = min(actor.due for actor in self._actors)
                if self._jumps:
                    self.clock.sleep(min(due, deadline) - now)
                elif now < deadline:
                    if isinstance(self.clock, PacedClock):
                        self.clock.allow(min(due, deadline))
                    # Gives the lock away while it waits, however often this thread has taken it.
                    self._news.wait(min(max(min(due, deadline) - now, 0.0) / self.rate, _LOOK))
                self.advance()
                if not port.out and (due >= deadline if self._jumps else now >= deadline):
                    return False
            return True

    def describe(self) -> dict[str, Any]:
        """What is in the rack, ready for JSON."""
        return {
            "bus_time_s": self.bus_time,
            "time_s": self.clock.time(),
            "devices": {address: type(panel).__name__ for address, panel in self.devices.items()},
        }


def sim_rack(
    cryostat: Cryostat,
    clock: Clock,
    addresses: Mapping[str, str] = ADDRESSES,
    bus_time: float = BUS_TIME,
    models: Mapping[str, str] | None = None,
) -> Rack:
    """Instruments in their places: `addresses` maps each place to a VISA address, `models` to what stands there.

    A place without a model has the usual one. Raises ValueError for an unknown place, a model that cannot stand there,
    or two instruments at one address.
    """
    chosen = {place: next(iter(PLACES.get(place, ("",)))) for place in addresses} | dict(models or {})
    check_models(chosen)
    if homeless := [place for place in chosen if place not in addresses]:
        raise ValueError(f"simulated rack: the {homeless[0]} has no address; give it one")
    canonical = [rname.to_canonical_name(address) for address in addresses.values()]
    if twice := [address for i, address in enumerate(canonical) if address in canonical[:i]]:
        raise ValueError(f"simulated rack: two instruments at {twice[0]}; give each an address of its own")
    connected = {place: wires(place, cryostat, chosen) for place in chosen}
    # A generator takes the place of the lock-in's oscillator: the lock-in must find it there.
    order = sorted(addresses, key=lambda place: place != "generator")
    panels = {place: PLACES[place][chosen[place]](connected[place]) for place in order}
    return Rack(
        cryostat,
        clock,
        {address: panels[place] for place, address in addresses.items()},
        bus_time,
        addresses,
        {address: connected[place] for place, address in addresses.items()},
    )


def standard_rack(seed: int = 0) -> Rack:
    """Film S0 in the standard refrigerator, in jumping virtual time."""
    return sim_rack(Cryostat(builtin_sample("S0", seed), seed=seed), SimClock())
