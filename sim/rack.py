"""Instruments by VISA address on one refrigerator and one clock.

A rack is the whole simulated world. Each exchange costs bus time; then the laboratory is advanced to now,
stopping on the way wherever a panel has something to do by itself; only then does the panel hear the message.
"""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from pyvisa import rname

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.ami430 import AMI430
from coldfinger.sim.devices.gs200 import GS200
from coldfinger.sim.devices.ls372 import LakeShore372
from coldfinger.sim.devices.sr830 import SR830
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.scpi import Panel, Port

BUS_TIME = 5e-3  # s of virtual time for one message
ADDRESSES = {
    "lock-in": "GPIB0::8::INSTR",
    "bridge": "GPIB0::12::INSTR",
    "magnet": "TCPIP0::127.0.0.1::7180::SOCKET",
    "bias": "GPIB0::7::INSTR",
}
_PANELS = {"lock-in": SR830, "bridge": LakeShore372, "magnet": AMI430, "bias": GS200}


class Clock(Protocol):
    """Where the rack's time comes from."""

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Rack:
    """Panels by canonical VISA address; one lock for everything behind them."""

    def __init__(
        self, cryostat: Cryostat, clock: Clock, devices: Mapping[str, Panel], bus_time: float = BUS_TIME
    ) -> None:
        self.cryostat = cryostat
        self.clock = clock
        self.devices = {rname.to_canonical_name(address): panel for address, panel in devices.items()}
        self.bus_time = bus_time
        self.lock = threading.RLock()
        self._panels = tuple(self.devices.values())
        self._connected: list[Port] = []

    def connect(self, address: str) -> Port:
        """A wire into the panel at a canonical address: its own port on GPIB, a new one for each socket.

        Raises KeyError for an address without a device, ConnectionRefusedError when the model takes no more.
        """
        panel = self.devices[address]
        if not address.endswith("SOCKET"):
            return panel.port
        with self.lock:
            present = sum(port.panel is panel for port in self._connected)
            if panel.max_connections is not None and present >= panel.max_connections:
                raise ConnectionRefusedError(f"{address} takes {panel.max_connections} connections at a time")
            port = Port(panel)
            port.out.extend(panel.greeting)
            self._connected.append(port)
        return port

    def disconnect(self, port: Port) -> None:
        """Forget a socket's wire; the panel keeps its state."""
        with self.lock:
            self._connected = [other for other in self._connected if other is not port]

    def exchange(self, port: Port, data: bytes, end: bool = False) -> None:
        """Carry one message to a panel; replies are in `port.out`, one entry a message."""
        with self.lock:
            self.clock.sleep(self.bus_time)
            self.advance()
            port.receive(data, end)

    def advance(self) -> None:
        """Take the laboratory to now, and let panels act at the times they asked for."""
        now = self.clock.time()
        for panel in self._panels:
            if panel.due <= now:
                self._advance_with_stops(now)
                break
        self.cryostat.advance(now)

    def _advance_with_stops(self, now: float) -> None:
        while (panel := min(self._panels, key=lambda p: p.due)).due <= now:
            self.cryostat.advance(panel.due)
            panel.act()

    def wait_for_reply(self, port: Port, timeout: float) -> bool:
        """Let virtual time pass until something waits at `port`, at most `timeout` (s); True if it does."""
        with self.lock:
            deadline = self.clock.time() + timeout
            while not port.out:
                now = self.clock.time()
                due = min(panel.due for panel in self._panels)
                self.clock.sleep(min(due, deadline) - now)
                self.advance()
                if not port.out and due >= deadline:
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
) -> Rack:
    """The standard instruments: `addresses` maps lock-in, bridge, magnet and dc bias to VISA addresses."""
    unknown = set(addresses) - set(_PANELS)
    if unknown:
        raise ValueError(f"simulated rack: no instrument called {sorted(unknown)}; allowed: {sorted(_PANELS)}")
    return Rack(cryostat, clock, {address: _PANELS[role](cryostat) for role, address in addresses.items()}, bus_time)


def standard_rack(seed: int = 0) -> Rack:
    """Film S0 in the standard refrigerator, in jumping virtual time."""
    return sim_rack(Cryostat(builtin_sample("S0", seed), seed=seed), SimClock())
