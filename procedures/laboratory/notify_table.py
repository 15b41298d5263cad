"""The [notify] table of a station file: who is told, of what, and what of it may stand in a copy of the file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from coldfinger.procedures.laboratory.keys import Key

FAULT, HELD, END, RETRY, WARNING = "fault", "held", "end", "retry", "warning"
WORDS = (FAULT, HELD, END, RETRY, WARNING)
"""What somebody can be told of; docs/notify.md says what each stands for."""
USUAL = (FAULT, HELD, END)
FROM_ENVIRONMENT = "env:"
_HIDDEN = "://hidden"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")

NOTIFY = {"to": Key("addresses", ()), "on": Key("texts", USUAL, choices=WORDS), "command": Key("texts", ())}


def is_wanted(table: Mapping[str, Sequence[str]]) -> bool:
    """Whether anybody shall be told of anything."""
    return bool(table["to"] or table["command"])


def is_hidden(address: str) -> bool:
    """Whether an address stands in a copy of a station file, from which it was left out."""
    return address.endswith(_HIDDEN)


def mistake_in(table: Mapping[str, Sequence[str]]) -> str:
    """What is wrong with a table that was written, one sentence without the file's name; "" if it is right."""
    if not is_wanted(table):
        return 'notify tells nobody; write to = ["mailto://..."] or command = ["/path/program"], or leave the table out'
    if not table["on"]:
        return f"notify.on is empty, so nobody is ever told; write some of {', '.join(WORDS)}, or leave it out"
    for number, address in enumerate(table["to"], 1):
        if not _is_address(address):  # not shown: it may hold a password
            return (
                f"notify.to, address {number}, is no address; write one such as mailto://name:password@host or "
                "json://host/path, or env:NAME for one in an environment variable"
            )
    if table["command"] and not table["command"][0].strip():
        return 'notify.command has no program; write for example command = ["/path/program", "argument"]'
    return ""


def _is_address(text: str) -> bool:
    if text.startswith(FROM_ENVIRONMENT):
        return bool(_VARIABLE.fullmatch(text.removeprefix(FROM_ENVIRONMENT)))
    return bool(_ADDRESS.fullmatch(text))


def hidden(address: str) -> str:
    """An address as it stands in copies: the kind of it, and nothing that opens a door."""
    if address.startswith(FROM_ENVIRONMENT):
        return address
    return f"{address.partition('://')[0]}{_HIDDEN}"


def without_addresses(text: str, data: Mapping[str, Any]) -> str:
    """The text of a station file as runs, journals and other processes get it; `data` is what it says."""
    to = data.get("notify", {}).get("to", ())
    shown = [hidden(address) for address in to]
    if shown == list(to):
        return text
    import tomlkit  # only where somebody is told

    document = tomlkit.parse(text)
    document["notify"]["to"] = shown
    return tomlkit.dumps(document)
