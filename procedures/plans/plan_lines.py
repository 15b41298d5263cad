"""Where in a plan file everything stands: the line of every key, and the error that names it."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

_LONGEST_SENTENCE = 420  # characters

Path = tuple[str | int, ...]
"""The way to a value: ("step", 2, "field") is the key `field` of the third step."""


class PlanFileError(ValueError):
    """A plan that cannot be used; one sentence with file, line, what stands there, what is allowed, what to do."""

    def __init__(self, source: str, line: int, sentence: str) -> None:
        super().__init__(f"{source}, line {line}: {sentence}" if line else f"{source}: {sentence}")
        self.source = source
        self.line = line  # 0 where the file as a whole is meant


@dataclass(frozen=True)
class PlanText:
    """The text of a plan with the line of everything in it."""

    source: str
    text: str
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Line of a value, or of the table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def refuse(self, path: Path, sentence: str) -> NoReturn:
        """Raise PlanFileError at the line of `path`."""
        if len(sentence) > _LONGEST_SENTENCE:
            half = _LONGEST_SENTENCE // 2
            sentence = f"{sentence[:half]} ... {sentence[-half:]}"
        raise PlanFileError(self.source, self.line(path), sentence)


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The fix for an unknown name: the nearest allowed one, or all of them."""
    names, name = list(allowed), name[:60]
    lower = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), lower, 1)
    return f'did you mean "{lower[close[0]]}"?' if close else f"allowed are {', '.join(names)}"


def line_numbers(text: str) -> dict[Path, int]:
    """Line of every key, table and list entry of a text that is TOML already."""
    return _Scanner(text).scan()


_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([\w-]+))[ \t]*(\.?)""")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!''))*'{3,5}"),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


class _Scanner:
    """Walks through a text that is TOML already, so that nothing has to be checked."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}  # entries so far of every [[list]]

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _header(self) -> Path:
        line = self._line()
        double = self._text.startswith("[[", self._at)
        self._at += 2 if double else 1
        names = self._names()
        self._at = self._text.index("]", self._at) + (2 if double else 1)
        path: Path = ()
        for i, name in enumerate(names):
            path += (name,)
            last = i + 1 == len(names)
            if last and double:
                self._counts[path] = self._counts.get(path, 0) + 1
                self._lines.setdefault(path, line)
            if path in self._counts:
                path += (self._counts[path] - 1,)
            self._lines.setdefault(path, line)
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for name in self._names():
            path += (name,)
            self._lines.setdefault(path, line)
        self._at = self._text.index("=", self._at) + 1
        while self._text[self._at] in " \t":
            self._at += 1
        self._value(path)

    def _names(self) -> list[str]:
        names = []
        while match := _KEY.match(self._text, self._at):
            names.append(match[1] or match[2] or match[3] or "")
            self._at = match.end()
            if not match[4]:
                break
        return names

    def _value(self, path: Path) -> None:
        self._lines.setdefault(path, self._line())
        first = self._text[self._at]
        if first == "[":
            self._entries(path)
        elif first == "{":
            self._inline(path)
        elif first in "\"'":
            match = next(match for string in _STRINGS if (match := string.match(self._text, self._at)))
            self._at = match.end()
        else:
            self._skip(_SCALAR)

    def _entries(self, path: Path) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == "]":
                break
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._value((*path, number))
            number += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == "}":
                break
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._pair(path)
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at - 1) + 1
