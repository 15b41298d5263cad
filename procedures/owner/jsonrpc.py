"""Messages of JSON-RPC 2.0 as bytes: what may come in, and what goes out.

The whole of the standard but two things: parameters have names (no lists), and one message holds one request.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coldfinger.runfiles.journal import plain, restored

PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, BAD_PARAMETERS, INTERNAL = -32700, -32600, -32601, -32602, -32603
REFUSED, NOT_IN_CONTROL, LEASE_ENDED, WRONG_TOKEN, BUSY = -32001, -32002, -32003, -32004, -32005

LARGEST = 1 << 20
"""Bytes of a request."""


class RpcError(Exception):
    """An error with its number, as it goes over the wire."""

    def __init__(self, code: int, message: str, id: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.id = code, message, id


@dataclass(frozen=True)
class Request:
    """One request; `answered` is false for a notification, which wants no answer."""

    id: str | int | float | None
    method: str
    params: dict[str, Any]
    answered: bool


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def read_request(data: bytes) -> Request:
    """The request in a message. Raises RpcError, with the id where there was one."""
    if len(data) > LARGEST:
        raise RpcError(INVALID_REQUEST, f"the message has {len(data)} bytes; at most {LARGEST} are allowed")
    try:
        message = _decoder.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RpcError(PARSE_ERROR, f"the message is not JSON text: {error!s:.100}") from None
    if not isinstance(message, dict):
        raise RpcError(INVALID_REQUEST, "a message must be one JSON object, a request of JSON-RPC 2.0")
    id = message.get("id")
    if isinstance(id, bool) or not isinstance(id, str | int | float | None) or len(str(id)) > 100:
        raise RpcError(INVALID_REQUEST, "the id of a request must be a number or a short text")
    if message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        raise RpcError(INVALID_REQUEST, 'a request must have "jsonrpc": "2.0" and a "method"', id)
    params = message.get("params", {})
    if not isinstance(params, dict):
        raise RpcError(BAD_PARAMETERS, f'{message["method"]:.60}: give "params" as an object with names', id)
    return Request(id, message["method"], params, "id" in message)


def request_bytes(id: int, method: str, params: Mapping[str, Any]) -> bytes:
    """A request, ready to send. Raises ValueError for a parameter that is not a plain value, or too large."""
    data = json_bytes({"jsonrpc": "2.0", "id": id, "method": method, "params": dict(params)})
    if len(data) > LARGEST:
        raise ValueError(f"{method}: the message has {len(data)} bytes; at most {LARGEST} are allowed")
    return data


def result_bytes(id: Any, result: bytes) -> bytes:
    """The answer with a result that is JSON already."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (json.dumps(id).encode("ascii"), result)


def error_bytes(error: RpcError, id: Any = None) -> bytes:
    """The answer that tells an error."""
    body = {"code": error.code, "message": error.message}
    return json.dumps({"jsonrpc": "2.0", "id": error.id if id is None else id, "error": body}).encode("ascii")


def json_bytes(value: Any) -> bytes:
    """JSON of plain values, in ASCII; not-a-number and infinities are written as the run files write them."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (ValueError, TypeError):
        return json.dumps(plain(value, "message"), separators=(",", ":"), allow_nan=False).encode("ascii")


def read_answer(data: bytes) -> tuple[Any, Any, RpcError | None]:
    """(id, result, error) of an answer. Raises ValueError for what is none."""
    message = _decoder.decode(data.decode("utf-8"))
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ValueError("not an answer of JSON-RPC 2.0")
    error = message.get("error")
    if error is not None:
        return message.get("id"), None, RpcError(int(error["code"]), str(error["message"]))
    result = message["result"]
    return message.get("id"), restored(result) if b'{"float":' in data else result, None
