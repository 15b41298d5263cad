"""The simulated instruments of a station, each behind a real TCP port, in real time; and a station file for them."""

import contextlib
import re
import socket
import threading

from coldfinger.procedures.laboratory.station_file import check_station_text, read_station_file
from coldfinger.procedures.station import open_station
from coldfinger.sim.scpi import Port

NAMES = ("lockin", "fridge", "magnet", "bias")


class SocketRack:
    """`heard`: (time in s, instrument, line); `mute`: instruments that hear and do not answer; `deaf`: neither."""

    def __init__(self, **changes):
        text = read_station_file().text.replace('speed = "unlimited"', "speed = 1")
        self.station = open_station(check_station_text(text, "served"))
        self.cryostat, self.clock = self.station.cryostat, self.station.clock
        self.heard, self.mute, self.deaf = [], set(), set()
        self._listeners, self._threads, self._connections = [], [], []
        self._closing = False
        rack = self.station.rack
        panels = {name: rack.devices[a] for name, a in ((n, self._address(n)) for n in NAMES)}
        text = re.sub(r"(?ms)^\[simulator\].*?(?=^\[instruments)", "", text)
        text = text.replace('clock = "virtual"', 'clock = "wall"\nvisa_library = "@py"')
        for name, panel in panels.items():
            listener = socket.create_server(("127.0.0.1", 0))
            self._listeners.append(listener)
            address = f"TCPIP0::127.0.0.1::{listener.getsockname()[1]}::SOCKET"
            text = text.replace(self.station.file.instruments[name]["address"], address)
            self._start(self._accept, listener, name, panel)
        for old, new in changes.items():
            text = re.sub(rf"(?m)^{old} = .*$", f"{old} = {new}", text)
        self.text = text

    def _address(self, name):
        return self.station.file.instruments[name]["address"]

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener, name, panel):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._serve, connection, name, panel)

    def _serve(self, connection, name, panel):
        rack, port, rest = self.station.rack, Port(panel), b""
        with contextlib.suppress(OSError), connection:
            connection.sendall(b"".join(panel.greeting))
            while data := connection.recv(4096):
                if name in self.deaf:
                    continue
                rest += data
                *lines, rest = rest.split(b"\n")
                with rack.lock:
                    rack.advance()
                    self.heard += [(self.clock.time(), name, line.decode().strip()) for line in lines]
                    port.receive(data)
                    answer = port.take()
                if name not in self.mute:
                    connection.sendall(answer)

    def file(self):
        return check_station_text(self.text, "served.toml")

    def commands(self, name, since=0.0):
        """Lines to an instrument that ask nothing."""
        return [line for time, who, line in list(self.heard) if who == name and time >= since and "?" not in line]

    def switch_on(self):
        """Excitation 0.5 V, heater 10 mA, magnet ramping to 500 Oe, bias 1 V."""
        panels = self.station.rack.devices
        for name, line in (
            ("lockin", "SLVL 0.5"),
            ("fridge", "RANGE 0,6"),
            ("magnet", "CONF:FIELD:UNITS 1"),
            ("magnet", "CONF:FIELD:TARG 0.05"),
            ("magnet", "RAMP"),
            ("bias", "SOUR:FUNC VOLT"),
            ("bias", "SOUR:RANG 10"),
            ("bias", "SOUR:LEV 1"),
            ("bias", "OUTP 1"),
        ):
            with self.station.rack.lock:
                self.station.rack.advance()
                Port(panels[self._address(name)]).receive(line.encode() + b"\n")

    @property
    def bare(self):
        """What is not safe, from the panels themselves."""
        found = {}
        for name, question, safe in (
            ("lockin", "SLVL?", ("0.004",)),
            ("fridge", "RANGE? 0", ("0",)),
            ("magnet", "STATE?", ("2", "3", "8")),
            ("bias", "OUTP?", ("0",)),
        ):
            port = Port(self.station.rack.devices[self._address(name)])
            with self.station.rack.lock:
                self.station.rack.advance()
                port.receive(question.encode() + b"\n")
                reply = port.take().decode().strip()
            if reply not in safe:
                found[name] = reply
        return found

    def close(self):
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)
            assert not thread.is_alive()
        self.station.close()
