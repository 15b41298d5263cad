"""From text to tables, with a sentence for every slip of the pen that keeps a text from being TOML."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from coldfinger.procedures.plans.plan_lines import Path, PlanFileError, PlanText, line_numbers

LONGEST_TEXT = 300_000  # characters
LONGEST_LINE = 10_000  # characters
LONGEST_STRING = 5_000  # characters
_MOST_DOTS = 20
_DEEPEST = 16

_AT = re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)")
_UNQUOTED = re.compile(r"""\s*([\w-]+)\s*=\s*([^"'\[{\s#][^#"]*?)\s*(?:#.*)?""")
_WITHOUT_EQUALS = re.compile(r"\s*([A-Za-z_-]+)\s*:?\s+(.+?)\s*")
_STEP = re.compile(r"\s*\[\s*step\s*\]")


def parse_plan(text: str, source: str) -> tuple[dict[str, Any], PlanText]:
    """Tables of a plan and where they stand; raises PlanFileError for what is not TOML, or much too large."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    _check_size(text, source)
    try:
        data = tomllib.loads(text)
        plan = PlanText(source, text, line_numbers(text))
    except RecursionError:
        sentence = "brackets are nested too deep; a plan needs no more than loops in loops"
        raise PlanFileError(source, _deepest_line(text), sentence) from None
    except tomllib.TOMLDecodeError as error:
        raise _explained(text, source, str(error)) from None
    except ValueError as error:
        sentence = f"a number cannot be read ({error}); write fewer digits"
        raise PlanFileError(source, _long_number(text), sentence) from None
    _check_depth(data, plan)
    return data, plan


def _check_size(text: str, source: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise PlanFileError(
            source, 1, f"{len(text)} characters are more than a plan may have, {LONGEST_TEXT}; use loops and families"
        )
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            raise PlanFileError(
                source, number, f"{len(line)} characters are more than a line may have, {LONGEST_LINE}; break it up"
            )
        if line.count(".") > _MOST_DOTS and any(w.count(".") > _MOST_DOTS for w in re.findall(r"[\w.-]+", _bare(line))):
            raise PlanFileError(source, number, "a key has too many dots; write a table with plain keys")


def _bare(line: str) -> str:
    """The line without its quoted text (quoted parts of a key are left out as well), comment and spaces."""
    return re.sub(r"""\s+|#.*|"[^"]*"|'[^']*'""", "", line)


def _check_depth(data: dict[str, Any], plan: PlanText) -> None:
    level: list[tuple[Path, Any]] = [((), data)]
    for _ in range(_DEEPEST):
        level = [((*path, key), inner) for path, value in level for key, inner in _entries(value)]
        for path, value in level:
            if isinstance(value, str) and len(value) > LONGEST_STRING:
                plan.refuse(path, f"a text of more than {LONGEST_STRING} characters stands here; shorten it")
    if level:
        plan.refuse(level[0][0], f"tables and lists are nested more than {_DEEPEST} deep; use fewer loops in loops")


def _entries(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _deepest_line(text: str) -> int:
    """The line with the most brackets that open."""
    lines = text.split("\n")
    return 1 + max(range(len(lines)), key=lambda n: lines[n].count("[") + lines[n].count("{"))


def _long_number(text: str) -> int:
    numbers = (n for n, line in enumerate(text.split("\n"), 1) if re.search(r"[\d_]{1000}", line))
    return next(numbers, 1)


def _explained(text: str, source: str, message: str) -> PlanFileError:
    """The parser's complaint with the line that caused it and what to write instead."""
    lines = text.split("\n")
    match = _AT.search(message)
    number = int(match[1]) if match and match[1] else len(text.rstrip("\n").split("\n"))
    number = min(number, len(lines))
    what = _AT.sub("", message)
    number, fix = _fix(lines, number, what)
    stands = lines[number - 1].strip()
    stands = stands if len(stands) <= 60 else stands[:57] + "..."
    return PlanFileError(source, number, f"{stands!r} is not TOML; {fix}")


def _fix(lines: list[str], number: int, what: str) -> tuple[int, str]:
    """Line to show, and what to do."""
    line = lines[number - 1]
    if what.startswith("Unclosed"):
        bracket = "]" if "array" in what else "}"
        opened = next((n for n in range(number, 0, -1) if re.search(r"=\s*[\[{]", lines[n - 1])), number)
        return opened, f"close the bracket with {bracket}; a table in braces stands on one line"
    if "end of document" in what or what.startswith(
        ("Illegal character", "Unterminated", 'Expected "\'"', "Expected '\"")
    ):
        torn = next((n for n, other in enumerate(lines, 1) if _torn(other)), number)
        if _torn(lines[torn - 1]):
            return torn, "close the quotes at the end of the text"
    if what.startswith(("Cannot", "Expected")) and "step" in line:
        single = next((n for n, other in enumerate(lines, 1) if _STEP.match(other)), 0)
        if single:
            return single, "write [[step]] with double brackets, once for every step"
    if what.startswith("Cannot declare"):
        return number, "this section stands twice; put all its keys under one heading"
    if what.startswith("Cannot overwrite"):
        return number, "this key stands twice in its table; keep one of them"
    if line.lstrip().startswith("["):
        return number, "a heading is [[step]], [[step.do]], [defaults] or [end], alone on its line"
    if match := _UNQUOTED.fullmatch(line):
        return number, f'put text and quantities in quotes: {match[1]} = "{match[2]}"'
    if "=" not in line and (match := _WITHOUT_EQUALS.fullmatch(line)):
        return number, f"write an equals sign: {match[1]} = {match[2]}"
    if re.fullmatch(r"\s*[\w-]+\s*=\s*(#.*)?", line):
        return number, "give a value after the equals sign, or leave the key out"
    return number, 'write key = "text", key = number or key = [list], one key a line'


def _torn(line: str) -> bool:
    """Whether a quotation mark on this line has no partner."""
    rest = re.sub(r"""\"(?:[^"\\]|\\.)*"|'[^']*'|#.*""", "", line)
    return '"' in rest or "'" in rest
