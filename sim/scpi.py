"""Command languages without a wire: bytes in, replies out.

A front panel is a table of commands over the physics. A `Port` is one wire into it: it gathers bytes until a
command is complete, so that every cutting of a conversation into segments gives the same replies. What a
command line means depends on the line alone, so it is looked up and its parameters are converted once; only
the handlers run each time. Nothing that arrives can raise: what is wrong becomes a `Fault`, which each model
reports in its way.
"""

import itertools
import math
import re
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any, ClassVar, TypeVar

_REPLIES_KEPT = 4096  # a client that never reads loses its oldest replies
_PROGRAMS_KEPT = 1024
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class Fault(Enum):
    """What can be wrong with a command that the instrument knows, or does not know."""

    UNKNOWN_COMMAND = auto()
    UNKNOWN_QUERY = auto()
    MISSING_PARAMETER = auto()
    INVALID_PARAMETER = auto()
    NOT_BOOLEAN = auto()
    OUT_OF_RANGE = auto()
    NO_SWITCH = auto()
    LINE_TOO_LONG = auto()


class Refused(Exception):
    """Raised by a parameter or a handler; the panel turns it into the instrument's own complaint."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


Parameter = Callable[[str], Any]


def real(low: float = -math.inf, high: float = math.inf) -> Parameter:
    """A number from `low` to `high`, both included."""

    def convert(text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise Refused(Fault.INVALID_PARAMETER)
        value = float(text)
        if not low <= value <= high or math.isinf(value):
            raise Refused(Fault.OUT_OF_RANGE)
        return value

    return convert


def integer(low: int, high: int) -> Parameter:
    """A whole number; `1`, `01` and `1.000` are the same."""
    number = real(low, high)

    def convert(text: str) -> int:
        value = float(number(text))
        if not value.is_integer():
            raise Refused(Fault.INVALID_PARAMETER)
        return int(value)

    return convert


def boolean(text: str) -> bool:
    """0 or 1 and nothing else."""
    if not _NUMBER.fullmatch(text) or float(text) not in (0.0, 1.0):
        raise Refused(Fault.NOT_BOOLEAN)
    return float(text) == 1.0


def word(text: str) -> str:
    """A name, with or without quotes."""
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


class Optional:
    """A parameter that may be left out; the handler then keeps its own default."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter

    def __call__(self, text: str) -> Any:
        return self.parameter(text)


Handler = Callable[..., str | bytes | None]
AnyHandler = TypeVar("AnyHandler", bound=Handler)
Step = tuple[Handler, tuple[Any, ...]]


def spellings(header: str) -> list[str]:
    """All ways to write a header of long and short words: `CONFigure:COIL` may be CONF:COIL or CONFIGURE:COIL."""
    mark = "?" if header.endswith("?") else ""
    forms = []
    for long in header.rstrip("?").split(":"):
        short = "".join(letter for letter in long if not letter.islower())
        forms.append(sorted({short, long.upper()}))
    return [":".join(words) + mark for words in itertools.product(*forms)]


class CommandTable:
    """Header -> handler with its parameters; `spellings` lists every way in which a header may be written."""

    def __init__(self, spellings: Callable[[str], Iterable[str]] = lambda header: (header,)) -> None:
        self._spellings = spellings
        self.entries: dict[str, tuple[Handler, tuple[Parameter, ...], tuple[Any, ...]]] = {}

    def add(self, header: str, handler: Handler, *takes: Parameter, preset: tuple[Any, ...] = ()) -> None:
        """Enter a method that is called with `preset` before the converted parameters."""
        for spelling in self._spellings(header):
            self.entries[spelling] = (handler, takes, preset)

    def command(self, *headers: str, takes: tuple[Parameter, ...] = ()) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate a panel's method with the headers it answers."""

        def enter(handler: AnyHandler) -> AnyHandler:
            for header in headers:
                self.add(header, handler, *takes)
            return handler

        return enter


def convert(takes: tuple[Parameter, ...], given: list[str]) -> tuple[Any, ...]:
    """Converted parameters; spare ones are tolerated. Raises Refused for a missing or a bad one."""
    result = []
    for number, parameter in enumerate(takes):
        text = given[number] if number < len(given) else ""
        if text:
            result.append(parameter(text))
        elif isinstance(parameter, Optional):
            break
        else:
            raise Refused(Fault.MISSING_PARAMETER)
    return tuple(result)


def split(text: str, separator: str) -> list[str]:
    """Parts of a text between separators that are not inside double quotes, without surrounding blanks."""
    parts = text.split(separator)
    if '"' in text:
        parts, quoted, part = [], False, ""
        for character in text:
            quoted ^= character == '"'
            if character == separator and not quoted:
                parts.append(part)
                part = ""
            else:
                part += character
        parts.append(part)
    return [part.strip() for part in parts]


class Panel:
    """One instrument as a program sees it. Subclasses own the table, the state and the complaints.

    A handler returns its reply as text, which gets the end of a reply, as bytes, which go out as they are, or None.
    """

    commands: ClassVar[CommandTable]
    terminators: ClassVar[bytes] = b"\n"  # each of these bytes ends a command
    reply_end: ClassVar[bytes] = b"\r\n"
    joins_answers: ClassVar[bool] = False  # answers to `a?;b?` on one line
    line_limit: ClassVar[int] = 256  # bytes in one command line
    max_connections: ClassVar[int | None] = None
    greeting: ClassVar[tuple[bytes, ...]] = ()  # sent unasked to whoever connects over a socket

    def __init__(self) -> None:
        self.port = Port(self)
        self.due = math.inf  # time (s) at which `act` wants to be called, before anything later is read
        self.programs: dict[bytes, tuple[Step, ...]] = {}

    def receive(self, data: bytes, end: bool = False) -> bytes:
        """Take a segment from the instrument's own port and return all that it has to say now."""
        self.port.receive(data, end)
        return self.port.take()

    def act(self) -> None:
        """Do what was due; the laboratory has been advanced to `due`."""
        self.due = math.inf

    def remember(self, before: "Panel") -> None:
        """Take over what a panel has in permanent memory from `before`, the same panel until it was switched off."""

    def lose_settings(self) -> None:
        """What the power switch takes from a panel that has just been built, beyond what building it does."""

    def serial_poll(self, waiting: bool) -> int:
        """Status byte as in an IEEE-488 serial poll; `waiting`: a reply waits to be read."""
        raise NotImplementedError

    def parse(self, statement: str) -> tuple[str, list[str]]:
        """Header as in the table, and the texts of the parameters."""
        raise NotImplementedError

    def refuse(self, fault: Fault) -> None:
        """Complain in the instrument's own way."""
        raise NotImplementedError

    def run(self, steps: tuple[Step, ...], port: "Port") -> None:
        """Execute one command line; replies go to `port`."""
        answers = port.out if not self.joins_answers or len(steps) == 1 else []
        for handler, arguments in steps:
            try:
                answer = handler(*arguments)
            except Refused as refused:
                self.refuse(refused.fault)
                continue
            if isinstance(answer, bytes):
                port.out.append(answer)  # binary data end by themselves
            elif answer is not None:
                answers.append(answer.encode("latin-1", "replace") + self.reply_end)
        if answers is not port.out and answers:
            port.out.append(b";".join(answer[: -len(self.reply_end)] for answer in answers) + self.reply_end)

    def compile(self, line: bytes) -> tuple[Step, ...]:
        """Handlers with converted parameters for one command line without its terminator."""
        steps = tuple(self._step(text) for text in split(line.decode("latin-1"), ";") if text)
        if len(self.programs) >= _PROGRAMS_KEPT:
            self.programs.clear()
        self.programs[line] = steps
        return steps

    def _step(self, statement: str) -> Step:
        header, given = self.parse(statement)
        entry = self.commands.entries.get(header)
        if entry is None:
            fault = Fault.UNKNOWN_QUERY if header.endswith("?") else Fault.UNKNOWN_COMMAND
            return self._refusal, (fault,)
        handler, takes, preset = entry
        try:
            return handler, (self, *preset, *convert(takes, given))
        except Refused as refused:
            return self._refusal, (refused.fault,)

    def _refusal(self, fault: Fault) -> None:
        self.refuse(fault)


class Port:
    """One wire into a panel: bytes of an unfinished command, and replies that wait to be read."""

    __slots__ = ("_line", "_too_long", "lost", "out", "panel")

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.out: deque[bytes] = deque(maxlen=_REPLIES_KEPT)
        self.lost = False  # the far end has gone; only a new connection helps
        self._line = bytearray()
        self._too_long = False

    def receive(self, data: bytes, end: bool = False) -> None:
        """Take a segment; `end`: the message ends here even without a terminator (EOI on GPIB)."""
        panel = self.panel
        if not self._line and not self._too_long:
            steps = panel.programs.get(data.rstrip(b"\r\n"))
            if steps is not None and (end or data[-1] in panel.terminators) and len(data) <= panel.line_limit:
                panel.run(steps, self)
                return
        for byte in data:
            if byte in panel.terminators:
                self._finish()
            elif len(self._line) < panel.line_limit:
                self._line.append(byte)
            else:
                self._too_long = True
        if end:
            self._finish()

    def clear(self) -> None:
        """Forget the unfinished command and the unread replies."""
        self.forget_command()
        self.out.clear()

    @property
    def unfinished(self) -> bool:
        """Whether a command has begun and not ended."""
        return bool(self._line) or self._too_long

    def forget_command(self) -> None:
        """Forget the bytes of an unfinished command."""
        self._line.clear()
        self._too_long = False

    def take(self) -> bytes:
        """All replies that wait."""
        result = b"".join(self.out)
        self.out.clear()
        return result

    def _finish(self) -> None:
        line, too_long = bytes(self._line.rstrip(b"\r\n")), self._too_long
        self._line.clear()
        self._too_long = False
        if too_long:
            self.panel.refuse(Fault.LINE_TOO_LONG)
        elif line:
            panel = self.panel
            panel.run(panel.programs.get(line) or panel.compile(line), self)
