"""The [[interlock]] tables of a station file: what each looks at, where it trips, and what it does then."""

from collections.abc import Mapping
from typing import Any

from coldfinger.instruments.roles import RampState
from coldfinger.procedures.laboratory.key_values import StationFileError, check_table, example_of, number_of
from coldfinger.procedures.laboratory.keys import Key

SIGNALS = {
    "T_mc": "temperature",
    "T_sample": "temperature",
    "T_mc excess": "temperature",
    "field": "field",
    "heater": "number",
    "overload": "flag",
    "magnet state": "state",
}
"""What an interlock can look at beside a file and a URL, and the kind of its level."""
MAGNET_STATES = tuple(state.name.lower().replace("_", " ") for state in RampState)
_ACTIONS = ("hold", "safe", "stop queue")
INTERLOCK = {
    "name": Key("text", ""),
    "signal": Key("text", "", choices=("", *SIGNALS)),
    "file": Key("text", ""),
    "url": Key("text", ""),
    "key": Key("text", ""),
    "above": Key("level", None),
    "below": Key("level", None),
    "release": Key("level", None),
    "states": Key("states", (), choices=MAGNET_STATES),
    "for": Key("time", 0.0, low=0, high=1e5),
    "settle": Key("time", 30.0, low=0, high=1e5),
    "longest": Key("time", 7200.0, low=0, high=1e6),
    "age": Key("time", 60.0, low=1, high=1e5),
    "every": Key("time", 1.0, low=0.5, high=1e4),
    "action": Key("text", "hold", choices=_ACTIONS),
    "unreadable": Key("text", "hold", choices=(*_ACTIONS, "ignore")),
}


def interlocks_of(value: object, source: str) -> tuple[dict[str, Any], ...]:
    """The checked interlocks of a file, each with its name and the kind of what it looks at."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise StationFileError(f"{source}: 'interlock' must be tables; write [[interlock]] above each of them")
    tables = tuple(_interlock(table, source, f"interlock {i + 1}") for i, table in enumerate(value))
    for i, table in enumerate(tables):
        if table["name"] in [other["name"] for other in tables[:i]]:
            raise StationFileError(
                f"{source}: interlock {i + 1} has the same name as another, {table['name']!r}; write name = another one"
            )
    return tables


def _interlock(data: Mapping[str, Any], source: str, where: str) -> dict[str, Any]:
    table = check_table(data, INTERLOCK, source, where)
    given = [name for name in ("signal", "file", "url") if table[name]]
    if len(given) != 1:
        raise StationFileError(
            f"{source}: {where} looks at {' and '.join(given) or 'nothing'}; write one of signal, file and url"
        )
    what = given[0]
    kind = SIGNALS[table["signal"]] if what == "signal" else "number"
    if what == "url" and not table["url"].startswith(("http://", "https://")):
        raise StationFileError(f"{source}: {where}.url = {table['url']!r} must begin with http:// or https://")
    if what != "url" and table["key"]:
        raise StationFileError(
            f"{source}: {where}.key belongs to url, the place of the number in its JSON; leave it out"
        )
    table["name"] = table["name"] or table[what]
    table["kind"] = kind
    if kind in ("flag", "state"):
        _check_no_level(table, source, where)
        return table
    if table["states"]:
        raise StationFileError(f'{source}: {where}.states belongs to signal = "magnet state"; write above or below')
    _check_levels(table, source, where)
    return table


def _check_no_level(table: dict[str, Any], source: str, where: str) -> None:
    for name in ("above", "below", "release"):
        if table[name] is not None:
            raise StationFileError(f"{source}: {where}.{name} has no meaning for {table['signal']!r}; leave it out")
    if (table["kind"] == "state") != bool(table["states"]):
        raise StationFileError(
            f'{source}: {where}: states belongs to signal = "magnet state", and nothing else; write for example '
            'states = ["quench"]'
        )
    if table["kind"] == "flag":
        table["above"] = table["release"] = 0.5


def _check_levels(table: dict[str, Any], source: str, where: str) -> None:
    example = {"number": "20"}.get(table["kind"]) or example_of(Key(table["kind"]))
    for name in ("above", "below", "release"):
        if table[name] is not None:
            table[name] = number_of(table[name], Key(table["kind"]), source, f"{where}.{name}")
    above, below, release = table["above"], table["below"], table["release"]
    if (above is None) == (below is None):
        raise StationFileError(
            f"{source}: {where} needs above or below, one of them; write for example above = {example}"
        )
    if release is None:
        table["release"] = above if below is None else below
    elif (above is not None and release > above) or (below is not None and release < below):
        raise StationFileError(
            f"{source}: {where}.release must be on the good side of the level at which it trips, or equal to it; give "
            f"a {'smaller' if below is None else 'larger'} one"
        )
