"""One PyVISA resource: how it is opened, and how to ask whether an unasked reply waits in it."""

import os
import select
import socket
from collections.abc import Callable
from typing import Any

import pyvisa
from pyvisa.constants import StatusCode

from coldfinger.instruments.errors import LinkError

MESSAGE_AVAILABLE = 16  # bit 4 of the IEEE 488.2 status byte
VISA_TROUBLE = (pyvisa.errors.Error, OSError)
NOT_SUPPORTED = (StatusCode.error_nonsupported_operation, StatusCode.error_nonsupported_attribute)


def open_resource(resource_name: str, visa_library: str, timeout: float, read_termination: str) -> Any:
    """The PyVISA resource of that name, with `timeout` (s) and the end of its replies set; raises LinkError.

    pyvisa-py opens a socket even if nobody listens, and reports other failures as plain exceptions; the
    socket is therefore asked for its error, and Nagle's delay (44 ms on write-write-read) is switched off.
    """
    try:
        resource: Any = pyvisa.ResourceManager(visa_library).open_resource(resource_name)
        resource.timeout = timeout * 1000
        resource.read_termination = read_termination
        connection = socket_of(resource)
        if connection is not None:
            refused = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if refused:
                resource.close()
                raise OSError(refused, os.strerror(refused))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except Exception as trouble:
        raise not_opened(resource_name, trouble) from trouble
    return resource


def not_opened(resource_name: str, trouble: BaseException) -> LinkError:
    """What to say of a resource that could not be opened."""
    return LinkError(
        f"{resource_name}: could not be opened ({trouble}); check the address, that the instrument is "
        "switched on, and that no other program holds it"
    )


def socket_of(resource: Any) -> socket.socket | None:
    """The TCP socket under a pyvisa-py resource; None for every other kind of resource."""
    connection = getattr(_session_of(resource), "interface", None)
    return connection if isinstance(connection, socket.socket) else None


def _session_of(resource: Any) -> Any:
    sessions = getattr(getattr(resource, "visalib", None), "sessions", None)
    return sessions.get(resource.session) if isinstance(sessions, dict) else None


def timed_out(trouble: BaseException) -> bool:
    """Whether a VISA error means nothing but silence."""
    return isinstance(trouble, pyvisa.errors.VisaIOError) and trouble.error_code == StatusCode.error_timeout


def is_socket(resource_name: str) -> bool:
    """Whether the resource is a bare TCP stream, which knows no device clear and no status byte."""
    return resource_name.upper().endswith("SOCKET")


def is_serial(resource_name: str) -> bool:
    """Whether the resource is a serial port."""
    return resource_name.upper().startswith("ASRL")


def waiting_probe(resource: Any, resource_name: str) -> Callable[[], bool]:
    """A function that tells, without waiting, whether something has come that nobody has read.

    A broken connection counts as something. Where the transport cannot tell, the answer is no. A resource with a
    `waiting` of its own (a recorded one) is asked itself.
    """
    own: Callable[[], bool] | None = getattr(resource, "waiting", None)
    if own is not None:
        return own
    connection = socket_of(resource)
    if connection is not None:
        return _probe_of_socket(connection, _session_of(resource))
    if is_serial(resource_name):
        return lambda: bool(resource.bytes_in_buffer > 0)
    if is_socket(resource_name):
        return _probe_by_reading(resource)
    return _probe_by_status_byte(resource)


def _probe_of_socket(connection: socket.socket, session: Any) -> Callable[[], bool]:
    def waiting() -> bool:
        if getattr(session, "_pending_buffer", b""):
            return True
        return bool(select.select([connection], [], [], 0)[0])

    return waiting


def _probe_by_reading(resource: Any) -> Callable[[], bool]:
    def waiting() -> bool:
        patience = resource.timeout
        resource.timeout = 0
        try:
            resource.read_bytes(1)  # a single byte counts: half a line is a stray too
        except pyvisa.errors.VisaIOError as trouble:
            return not timed_out(trouble)
        finally:
            resource.timeout = patience
        return True

    return waiting


def _probe_by_status_byte(resource: Any) -> Callable[[], bool]:
    # Reading from an instrument that has nothing to say would be an error to it (488.2 "query unterminated"),
    # a serial poll is not.
    supported = True

    def waiting() -> bool:
        nonlocal supported
        if not supported:
            return False
        try:
            return bool(resource.read_stb() & MESSAGE_AVAILABLE)
        except NotImplementedError:
            supported = False
        except pyvisa.errors.VisaIOError as trouble:
            if trouble.error_code not in NOT_SUPPORTED:
                raise
            supported = False
        return False

    return waiting
