"""In-process PyVISA library over simulated racks.

`ResourceManager("name@coldfinger")` opens the rack registered as `name`; plain `"@coldfinger"` is the rack
`sim`, which is built when nobody has registered one: that of the station file in the environment variable
COLDFINGER_STATION, if it is set. `ResourceManager("night.toml@coldfinger")` opens the rack of a station file.

PyVISA holds libraries weakly, so the worlds live in this module's registry and outlast every library, manager and
session. On GPIB a write is one message and every reply carries END; a socket is a stream of bytes in both
directions. Silence costs the timeout in virtual time, then raises.
"""

import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from pyvisa import attributes, constants, errors, highlevel, rname
from pyvisa.constants import BufferOperation, InterfaceType, ResourceAttribute, StatusCode
from pyvisa.util import LibraryPath

from coldfinger.sim.rack import Rack, standard_rack

DEFAULT_NAME = "sim"
STATION = "COLDFINGER_STATION"
"""Environment variable with the station file whose rack plain "@coldfinger" is."""
_LONGEST_WAIT = 3600.0  # s of virtual time; an endless wait would never end in a world without other actors
_racks: dict[str, Rack] = {}
_session_numbers = itertools.count(1)
_DONE = StatusCode.success
_MORE = StatusCode.success_max_count_read
_TERMINATED = StatusCode.success_termination_character_read

default_rack: Callable[[], Rack] = standard_rack
"""Builds the rack `sim` when it is opened without having been registered."""

station_rack: Callable[[str], Rack] | None = None
"""Builds the rack of a station file; the simulator itself knows no station files. Raises ValueError with a sentence."""


def register(name: str, rack: Rack) -> None:
    """Make a rack reachable as `ResourceManager("name@coldfinger")`, in place of one of the same name."""
    if not name or "@" in name or name == "unset":
        raise ValueError(f"name of a simulated rack: {name!r} cannot be part of a VISA library path")
    _racks[name] = rack


def unregister(name: str) -> None:
    """Forget a rack; open sessions keep working. Unknown names are ignored."""
    _racks.pop(name, None)


def registered(name: str) -> Rack:
    """The rack of that name; `sim` and those of station files are built if they are missing.

    Raises KeyError for any other name, ValueError with one sentence for a station file that cannot be.
    """
    if name in _racks:
        return _racks[name]
    path = _station_file(name)
    if path and station_rack is not None:
        _racks[name] = station_rack(path)
    elif name == DEFAULT_NAME:
        _racks[name] = default_rack()
    return _racks[name]


def _station_file(name: str) -> str:
    """Path of the station file that a name stands for; empty if it stands for none."""
    if name == DEFAULT_NAME:
        return os.environ.get(STATION, "")
    return name if Path(name).suffix == ".toml" else ""


class _Session:
    """One open resource: its wire, its attributes, and the few of them that every call needs."""

    __slots__ = ("attributes", "end", "lock", "message_based", "port", "rack", "stop", "timeout", "writable")

    def __init__(self, rack: Rack, name: str, parsed: rname.ResourceName) -> None:
        self.rack = rack
        self.lock = rack.lock
        self.port = rack.connect(name)
        fields = vars(parsed)
        self.message_based = parsed.resource_class != "SOCKET"
        self.attributes: dict[int, Any] = {}
        self.writable: set[int] = set()
        kind = (parsed.interface_type_const, parsed.resource_class)
        for key in (kind, attributes.AllSessionTypes):
            for attribute in attributes.AttributesPerResource[key]:
                self.attributes[int(attribute.attribute_id)] = attribute.default
                if attribute.write:
                    self.writable.add(int(attribute.attribute_id))
        self.attributes |= {
            int(ResourceAttribute.resource_name): name,
            int(ResourceAttribute.resource_class): parsed.resource_class,
            int(ResourceAttribute.interface_type): kind[0],
            int(ResourceAttribute.interface_number): int(fields.get("board", 0)),
            int(ResourceAttribute.timeout_value): 2000,
            int(ResourceAttribute.termchar): 10,
            int(ResourceAttribute.termchar_enabled): False,
            int(ResourceAttribute.send_end_enabled): True,
            int(ResourceAttribute.resource_manufacturer_name): "coldfinger",
        }
        if kind[0] == InterfaceType.gpib:
            self.attributes[int(ResourceAttribute.gpib_primary_address)] = int(fields["primary_address"])
        if not self.message_based:
            self.attributes[int(ResourceAttribute.tcpip_address)] = fields["host_address"]
            self.attributes[int(ResourceAttribute.tcpip_port)] = int(fields["port"])
        self.recall()

    def recall(self) -> None:
        """Take over the attributes that reading and writing need."""
        get = self.attributes
        self.timeout = get[int(ResourceAttribute.timeout_value)]  # ms
        enabled = get[int(ResourceAttribute.termchar_enabled)]
        self.stop = bytes([get[int(ResourceAttribute.termchar)]]) if enabled else None
        self.end = self.message_based and bool(get[int(ResourceAttribute.send_end_enabled)])

    def wait(self) -> None:
        """Let time pass until a reply is there; raises after the timeout."""
        endless = self.timeout == constants.VI_TMO_INFINITE
        try:
            came = self.rack.wait_for_reply(self.port, _LONGEST_WAIT if endless else 1e-3 * self.timeout)
        except ConnectionResetError:
            raise errors.VisaIOError(self.gone) from None
        if not came:
            raise errors.VisaIOError(StatusCode.error_timeout)

    @property
    def gone(self) -> StatusCode:
        """What a driver is told when nobody is at the other end: GPIB misses its listener, a socket its partner."""
        return StatusCode.error_no_listeners if self.message_based else StatusCode.error_connection_lost


class RackVisaLibrary(highlevel.VisaLibraryBase):
    """What PyVISA needs of a VISA library, over the racks of this module.

    QCoDeS asks for the name of this class: with that of pyvisa-sim's it would leave out what pyvisa-sim cannot do.
    """

    @staticmethod
    def get_library_paths() -> Iterable[LibraryPath]:
        return (LibraryPath(DEFAULT_NAME, "coldfinger"),)

    def _init(self) -> None:
        self._sessions: dict[int, _Session | None] = {}
        name = str(self.library_path)
        if name not in _racks and _station_file(name):
            registered(name)  # what is wrong with the file is said here, and not when an instrument is opened
        elif name != DEFAULT_NAME and name not in _racks:
            raise OSError(
                f"no simulated rack is registered as {name!r}; registered: {sorted(_racks)}; "
                f"use coldfinger.sim.visa.register(name, rack) first, or name a station file"
            )

    def open_default_resource_manager(self) -> tuple[Any, StatusCode]:
        return self._enter(None), _DONE

    def _enter(self, session: _Session | None) -> Any:
        number = next(_session_numbers)
        self._sessions[number] = session
        return number

    def open(
        self,
        session: Any,
        resource_name: str,
        access_mode: constants.AccessModes = constants.AccessModes.no_lock,
        open_timeout: int = constants.VI_TMO_IMMEDIATE,
    ) -> tuple[Any, StatusCode]:
        try:
            parsed = rname.ResourceName.from_string(resource_name)
        except rname.InvalidResourceName:
            self._fail(session, StatusCode.error_invalid_resource_name)
        try:
            opened = _Session(registered(str(self.library_path)), str(parsed), parsed)
        except KeyError:
            self._fail(session, StatusCode.error_resource_not_found)
        except ConnectionRefusedError:
            self._fail(session, StatusCode.error_resource_busy)
        return self._enter(opened), self.handle_return_value(session, _DONE)

    def close(self, session: Any) -> StatusCode:
        closed = self._sessions.pop(session, None)
        if closed is not None:
            closed.rack.disconnect(closed.port)
        return _DONE

    def list_resources(self, session: Any, query: str = "?*::INSTR") -> tuple[str, ...]:
        return rname.filter(tuple(registered(str(self.library_path)).devices), query)

    def write(self, session: Any, data: bytes) -> tuple[int, StatusCode]:
        opened = self._sessions.get(session) or self._missing(session)
        try:
            opened.rack.exchange(opened.port, bytes(data), opened.end)
        except ConnectionResetError:
            self._fail(session, opened.gone)
        self._last_status_in_session[session] = _DONE
        return len(data), _DONE

    def read(self, session: Any, count: int) -> tuple[bytes, StatusCode]:
        opened = self._sessions.get(session) or self._missing(session)
        with opened.lock:
            out = opened.port.out
            if not out:
                self._silence(session, opened)
            if not opened.message_based:
                result = self._read_stream(session, opened, count)
            elif len(out[0]) <= count and (opened.stop is None or out[0].find(opened.stop, 0, -1) < 0):
                result = out.popleft(), _DONE
            else:
                result = self._read_part(opened, count)
        self._last_status_in_session[session] = result[1]
        return result

    def _silence(self, session: Any, opened: _Session) -> None:
        try:
            opened.wait()
        except errors.VisaIOError as error:
            self._last_status_in_session[session] = StatusCode(error.error_code)
            raise

    def _read_part(self, opened: _Session, count: int) -> tuple[bytes, StatusCode]:
        """The first part of the oldest message: up to the termination character or `count` bytes."""
        out = opened.port.out
        message = out.popleft()
        place = message.find(opened.stop, 0, count) if opened.stop is not None else -1
        taken = place + 1 if place >= 0 else count
        if message[taken:]:
            out.appendleft(message[taken:])
        return message[:taken], _TERMINATED if place >= 0 else _MORE

    def _read_stream(self, session: Any, opened: _Session, count: int) -> tuple[bytes, StatusCode]:
        """Bytes of a socket until the termination character, `count`, or the timeout."""
        out, taken = opened.port.out, bytearray()
        while True:
            piece = out.popleft()
            room = count - len(taken)
            place = piece.find(opened.stop, 0, room) if opened.stop is not None else -1
            size = place + 1 if place >= 0 else min(room, len(piece))
            taken += piece[:size]
            if size < len(piece):
                out.appendleft(piece[size:])
            if place >= 0:
                return bytes(taken), _TERMINATED
            if len(taken) == count:
                return bytes(taken), _MORE
            if not out:
                self._silence(session, opened)

    def get_attribute(self, session: Any, attribute: Any) -> tuple[Any, StatusCode]:
        opened = self._sessions.get(session) or self._missing(session)
        if int(attribute) not in opened.attributes:
            self._fail(session, StatusCode.error_nonsupported_attribute)
        return opened.attributes[int(attribute)], self.handle_return_value(session, _DONE)

    def set_attribute(self, session: Any, attribute: Any, attribute_state: Any) -> StatusCode:
        opened = self._sessions.get(session) or self._missing(session)
        if int(attribute) not in opened.attributes:
            self._fail(session, StatusCode.error_nonsupported_attribute)
        if int(attribute) not in opened.writable:
            self._fail(session, StatusCode.error_attribute_read_only)
        opened.attributes[int(attribute)] = attribute_state
        opened.recall()
        return self.handle_return_value(session, _DONE)

    def clear(self, session: Any) -> StatusCode:
        """Device clear on GPIB; a socket loses what is under way."""
        opened = self._sessions.get(session) or self._missing(session)
        with opened.rack.message():
            opened.port.clear()
        return self.handle_return_value(session, _DONE)

    def flush(self, session: Any, mask: BufferOperation) -> StatusCode:
        """Discard received bytes of a socket; a GPIB instrument keeps its unread replies, as a real one."""
        opened = self._sessions.get(session) or self._missing(session)
        discard = BufferOperation.discard_read_buffer | BufferOperation.discard_receive_buffer
        discard |= BufferOperation.discard_read_buffer_no_io | BufferOperation.discard_receive_buffer2
        if mask & discard and not opened.message_based:
            with opened.lock:
                opened.port.out.clear()
        return self.handle_return_value(session, _DONE)

    def read_stb(self, session: Any) -> tuple[int, StatusCode]:
        opened = self._sessions.get(session) or self._missing(session)
        if not opened.message_based:
            self._fail(session, StatusCode.error_nonsupported_operation)
        with opened.rack.message():
            port = opened.port
            return port.panel.serial_poll(bool(port.out)), self.handle_return_value(session, _DONE)

    def disable_event(self, session: Any, event_type: Any, mechanism: Any) -> StatusCode:
        return _DONE

    def discard_events(self, session: Any, event_type: Any, mechanism: Any) -> StatusCode:
        return _DONE

    def _missing(self, session: Any) -> NoReturn:
        raise errors.VisaIOError(StatusCode.error_invalid_object)

    def _fail(self, session: Any, status: StatusCode) -> NoReturn:
        self._last_status_in_session[session] = status
        raise errors.VisaIOError(status)
