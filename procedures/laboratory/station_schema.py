"""The JSON schema of station files, for editors that complete and check TOML while it is written.

Made from the tables that check a file. It cannot know units and ranges of quantities, nor what must go together.
`python -m coldfinger.procedures.laboratory.station_schema` prints `procedures/stations/station.schema.json` anew.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from coldfinger.procedures.laboratory.interlock_table import INTERLOCK, MAGNET_STATES
from coldfinger.procedures.laboratory.keys import REQUIRED, Key
from coldfinger.procedures.laboratory.models import MODELS
from coldfinger.procedures.laboratory.station_keys import INSTRUMENT, SECTIONS, TOP
from coldfinger.procedures.words.quantity import KINDS

_QUANTITY = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*\S.*$"


def station_schema() -> dict[str, Any]:
    """The schema as plain JSON data."""
    sections = {name: _table(keys) for name, keys in SECTIONS.items()}
    needed = {name: _required(keys) for name, keys in SECTIONS.items() if name != "simulator"}
    needed = {name: keys for name, keys in needed.items() if keys}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "coldfinger station file",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **{name: _value(key) for name, key in TOP.items()},
            "instruments": {"type": "object", "additionalProperties": {"anyOf": _instruments()}},
            **sections,
            "interlock": {"type": "array", "items": _table(INTERLOCK)},
        },
        # What an included file says need not stand in this one.
        "if": {"not": {"required": ["include"]}},
        "then": {
            "required": [*_required(TOP), "instruments", *needed],
            "properties": {name: {"required": keys} for name, keys in needed.items()},
        },
    }


def _instruments() -> list[dict[str, Any]]:
    tables = []
    for name, model in MODELS.items():
        table = _table({**INSTRUMENT, **model.options})
        table["properties"]["driver"] = {"const": name}
        table["required"] = _required({**INSTRUMENT, **model.options})
        tables.append(table)
    return tables


def _table(keys: Mapping[str, Key]) -> dict[str, Any]:
    properties = {name: _value(key) for name, key in keys.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _required(keys: Mapping[str, Key]) -> list[str]:
    return [name for name, key in keys.items() if key.default is REQUIRED]


def _value(key: Key) -> dict[str, Any]:
    if key.kind in KINDS:
        article = "an" if key.kind[0] in "aeiou" else "a"
        what = f"{article} {key.kind} with its unit"
        return {"type": "string", "pattern": _QUANTITY, "description": what, "examples": [KINDS[key.kind][1]]}
    if key.kind in ("number", "integer"):
        limits = {"minimum": key.low, "maximum": key.high}
        return {"type": key.kind, **{name: value for name, value in limits.items() if abs(value) < 1e300}}
    if key.kind == "text" and key.choices:
        return {"enum": list(key.choices)}
    if key.kind == "texts" and key.choices:
        return {"type": "array", "items": {"enum": list(key.choices)}}
    return _OTHERS[key.kind]


_PAIR = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
_OTHERS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "addresses": {"type": "array", "items": {"type": "string"}},
    "flag": {"type": "boolean"},
    "speed": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "unlimited"}]},
    "pid": {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 3, "maxItems": 3},
    "current table": {"type": "array", "items": _PAIR, "minItems": 1},
    "level": {"type": ["string", "number"]},
    "states": {"type": "array", "items": {"enum": list(MAGNET_STATES)}, "minItems": 1},
}


def schema_text() -> str:
    """The schema as it stands in `procedures/stations/station.schema.json`."""
    return json.dumps(station_schema(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
