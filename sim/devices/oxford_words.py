"""The language of Oxford's instruments with words between colons: READ and SET, and always a reply.

    READ:DEV:GRPZ:PSU:SIG:FLD       STAT:DEV:GRPZ:PSU:SIG:FLD:0.00000T
    SET:DEV:GRPZ:PSU:ACTN:RTOS      STAT:SET:DEV:GRPZ:PSU:ACTN:RTOS:VALID

Source: MercuryiPS manual (UMC0071), command reference: small and capital letters are different, one command a line.
A word that is not understood is the last one repeated before INVALID; a device that does not exist is NOT_FOUND;
what cannot be had is N/A; what is not permitted is DENIED. In the table of commands a device's own name is left out:
READ:DEV:PSU:SIG:FLD takes the name as its first parameter. A value may carry its unit, and a question a question
mark at its end. A line that is too long is forgotten without a reply.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from coldfinger.sim.scpi import CommandTable, Fault, Panel, Step

VALID, INVALID, NOT_FOUND, NOT_AVAILABLE, DENIED = "VALID", "INVALID", "NOT_FOUND", "N/A", "DENIED"
_PREFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}
_VALUE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkM]?)(T/m|A/m|A/T|K/m|T|A|V|K)?", re.ASCII)


def number(text: str) -> float | None:
    """A number with or without SI prefix and unit; None for anything else."""
    match = _VALUE.fullmatch(text)
    if match is None or (match[2] and not match[3]):
        return None
    value = float(match[1]) * _PREFIXES[match[2]]
    return value if abs(value) < 1e30 else None


def switch(text: str) -> bool | None:
    """ON or OFF; None for anything else."""
    return {"ON": True, "OFF": False}.get(text)


def fixed(value: float, decimals: int) -> str:
    """Decimal notation without a negative zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


Reading = Callable[[Any, str], str]
Setting = Callable[[Any, str, Any], str]


class WordPanel(Panel):
    """An instrument that speaks so; `devices` maps a device's name to the word for its kind (PSU, TEMP)."""

    commands: ClassVar[CommandTable]
    line_limit = 1024
    identity: ClassVar[str]

    def __init__(self, devices: Mapping[str, str]) -> None:
        super().__init__()
        self.devices = dict(devices)

    @classmethod
    def entry(cls, noun: str, read: Reading | None, write: Setting | None = None, value: Any = number) -> None:
        """Enter a noun without the device's name: how it is read, and set with a value that `value` understands."""
        if read is not None:
            cls.commands.add(f"READ:{noun}", _read, preset=(read,))
        if write is not None:
            cls.commands.add(f"SET:{noun}", _write, preset=(write, value))

    def compile(self, line: bytes) -> tuple[Step, ...]:
        if len(self.programs) >= 1024:
            self.programs.clear()
        steps = (self._step(line.decode("latin-1").strip()),)
        self.programs[line] = steps
        return steps

    def refuse(self, fault: Fault) -> None:
        """Only a line that is too long comes here; nobody knows what to reply to it."""

    def serial_poll(self, waiting: bool) -> int:
        return 16 if waiting else 0

    def _step(self, statement: str) -> Step:
        if statement == "*IDN?":
            return _say, (self, self.identity)
        verb, *words = statement.split(":")
        if verb not in ("READ", "SET"):
            return _say, (self, f"{verb}:{INVALID}")
        if verb == "READ" and words:
            words[-1] = words[-1].removesuffix("?")
        head = "STAT" if verb == "READ" else "STAT:SET"
        device = ""
        kept = words
        if words and words[0] == "DEV" and len(words) > 1:
            device = words[1]
            kind = self.devices.get(device)
            if kind is None:
                return _say, (self, ":".join([head, *words, NOT_FOUND]))
            kept = ["DEV", *words[2:]]
            if len(words) > 2 and words[2] == kind:
                kept[1] = self.table_word(kind)
            elif len(words) > 2:
                kept[1] = "?"
        return self._known(verb, head, device, words, kept)

    def table_word(self, kind: str) -> str:
        """The word that the table of commands has for a device's kind."""
        return kind

    def _known(self, verb: str, head: str, device: str, words: list[str], kept: list[str]) -> Step:
        entries = self.commands.entries
        given = len(words) - len(kept)  # words that the table leaves out
        for length in range(len(kept), 0, -1):
            entry = entries.get(":".join([verb, *kept[:length]]))
            rest = words[length + given :]
            if entry is None or (verb == "READ") == bool(rest):
                continue
            handler, _, preset = entry
            return handler, (self, ":".join([head, *words[: length + given]]), device, ":".join(rest), *preset)
        understood = next(n for n in range(len(kept), -1, -1) if self._begins(verb, kept[:n]))
        if verb == "SET" and self._begins("READ", kept[:-1]) and ":".join(["READ", *kept[:-1]]) in entries:
            return _say, (self, ":".join([head, *words, DENIED]))
        return _say, (self, ":".join([head, *words[: understood + given + 1], INVALID]))

    def _begins(self, verb: str, kept: list[str]) -> bool:
        start = ":".join([verb, *kept])
        return any(header == start or header.startswith(start + ":") for header in self.commands.entries)


def _say(_: WordPanel, text: str) -> str:
    return text


def _read(panel: WordPanel, echo: str, device: str, _: str, read: Reading) -> str:
    return f"{echo}:{read(panel, device)}"


def _write(panel: WordPanel, echo: str, device: str, text: str, write: Setting, value: Any) -> str:
    understood = value(text)
    verdict = INVALID if understood is None else write(panel, device, understood)
    return f"{echo}:{text}:{verdict}"
