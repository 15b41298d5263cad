"""The text of a station file: TOML that may include other files, read into tables, and written as one text again."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coldfinger.procedures.laboratory.key_values import StationFileError, texts_of


def tables_of(text: str, source: str) -> dict[str, Any]:
    """What a text says as TOML; `source` names it in errors."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StationFileError(f"{source}: not TOML: {error}; correct that line") from error


def with_included(data: dict[str, Any], source: str, chain: tuple[Path, ...]) -> dict[str, Any]:
    """The file's keys over those of the files that it includes, table by table; a later include over an earlier one."""
    names = texts_of(data.get("include", []), source, "include")
    merged: dict[str, Any] = {}
    for name in names:
        path = (chain[-1].parent / name).resolve()
        if path in chain:
            raise StationFileError(f"{source}: include = {name!r} includes itself; leave it out")
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise StationFileError(
                f"{source}: include = {name!r} cannot be read ({reason}); give a path from the folder of this file"
            ) from error
        merged = _over(merged, with_included(tables_of(text, str(path)), str(path), (*chain, path)))
    return _over(merged, {key: value for key, value in data.items() if key != "include"})


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _over(result[key], value) if both else value
    return result


def as_toml(data: Mapping[str, Any], table: str = "") -> str:
    """The text of a file that says the same without its includes, so that a copy needs no other file."""
    plain = {key: value for key, value in data.items() if not _is_table(value)}
    lines = [f"[{table}]"] if table and plain else []
    lines += [f"{_bare(key)} = {_written(value)}" for key, value in plain.items()]
    for key, value in data.items():
        name = f"{table}.{_bare(key)}" if table else _bare(key)
        if isinstance(value, dict):
            lines += ["", as_toml(value, name).rstrip()]
        elif _is_table(value):
            lines += [line for each in value for line in ("", f"[[{name}]]", as_toml(each).rstrip())]
    return "\n".join(lines) + "\n"


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _written(value: Any) -> str:
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
