"""What a station file may say: every key with its kind, range and default, and one sentence for every mistake.

The file is TOML. It is read whole and checked whole; nothing is opened before the last key is right.
"""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from coldfinger.instruments.roles import RampState
from coldfinger.procedures.laboratory.keys import REQUIRED, Key
from coldfinger.procedures.laboratory.models import MODELS, SINE_OFFSET, models_for, offset_wanted
from coldfinger.procedures.words.quantity import KINDS, QuantityError, parse, show

BUILT_IN = "sim"
CASSETTE = ".cassette"


class StationFileError(ValueError):
    """A station file that cannot be used; one sentence with file, key, value, what is allowed, what to do."""


_POSITIVE = 1e-300
INSTRUMENT = {"driver": Key("text", choices=tuple(MODELS)), "address": Key("text"), "identity": Key("texts", ())}
"""Beside these, the keys of the model."""
TOP = {
    "include": Key("texts", ()),
    "schema": Key("integer", low=1, high=1),
    "name": Key("text"),
    "clock": Key("text", "wall", choices=("virtual", "wall")),
    "visa_library": Key("text", ""),
}
SECTIONS: dict[str, dict[str, Key]] = {
    "simulator": {
        "sample": Key("text", "S0"),
        "seed": Key("integer", 0, low=0),
        "fluctuations": Key("flag", False),
        "base_temperature": Key("temperature", 0.01, low=1e-3, high=1),
        "base_drift": Key("temperature rate", 0.0, low=-1e-3, high=1e-3),
        "thermal_emf": Key("voltage", 0.0, low=-0.1, high=0.1),
        "mains_pickup": Key("voltage", 0.0, low=0, high=0.1),
        "mains_frequency": Key("frequency", 50.0, low=1, high=1000),
        "remanence": Key("field", 15e-4, low=0, high=0.1),
        "quench_share": Key("number", 0.0, low=0, high=1),
        "scenario": Key("text", ""),
        "speed": Key("speed", math.inf),
    },
    "roles": {
        **{role: Key("text") for role in ("lockin", "source", "controller", "bridge", "magnet")},
        "bias": Key("text", ""),
    },
    "wiring": {
        "series_resistance": Key("resistance", low=1e3, high=1e12),
        "source_resistance": Key("resistance", 50.0, low=0, high=1e6),
        "lead_resistance": Key("resistance", 350.0, low=0, high=1e6),
        "line_capacitance": Key("capacitance", low=0, high=1e-6),
        "input_resistance": Key("resistance", low=1e3, high=1e15),
        "input_capacitance": Key("capacitance", 25e-12, low=0, high=1e-8),
        "input_noise": Key("noise density", 6e-9, low=0, high=1e-3),
        "input_noise_corner": Key("frequency", 20.0, low=0, high=1e6),
        "input_current_noise": Key("current noise density", 40e-15, low=0, high=1e-6),
    },
    "sample": {
        "name": Key("text"),
        "stage": Key("text", ""),
        "squares": Key("number", low=1e-6, high=1e6),
        "end_squares": Key("number", 1.0, low=0, high=1e6),
    },
    "thermometer": {
        "calibration": Key("text", ""),
        "r0": Key("resistance", 0.0, low=_POSITIVE),
        "t0": Key("temperature", 0.0, low=_POSITIVE),
        "exponent": Key("number", 0.25, low=0.01, high=2),
        "lowest": Key("temperature", 0.0, low=1e-3),
        "highest": Key("temperature", 0.0, low=1e-3, high=400),
        "noise": Key("noise density", 10e-9, low=0, high=1e-3),
        "reading_time": Key("time", 0.25, low=1e-3, high=100),
        "excitation": Key("voltage", 20e-6, low=0, high=1),
        "control_excitation": Key("current table", ((400.0, 3.16e-9),)),
    },
    "cooling": {
        "chip_time_at_100mK": Key("time", low=1e-3, high=1e5),
        "mixing_chamber_time": Key("time", 20.0, low=1e-2, high=1e5),
        "heater": Key("current table"),
        "pid": Key("pid", (10.0, 10.0, 0.0)),
    },
    "magnet": {
        "offset": Key("field", 0.0, low=-0.1, high=0.1),
        "ramp_rate": Key("field rate", low=_POSITIVE, high=0.1),
        "tolerance": Key("field", 5e-6, low=1e-9, high=1),
        "persistent_switch": Key("flag", False),
        "switch_heat_time": Key("time", 20.0, low=5, high=120),
        "switch_cool_time": Key("time", 120.0, low=5, high=3600),
        "coil_constant": Key("coil constant", None, low=1e-6, high=10),
    },
    "bias": {
        "series_resistance": Key("resistance", 10e6, low=1e3, high=1e12),
        "step_time": Key("time", 0.1, low=1e-3, high=10),
        "auxiliary_output": Key("integer", 1, low=SINE_OFFSET, high=4),
    },
    "limits": {
        "field": Key("field", low=0, high=20),
        "field_rate": Key("field rate", low=_POSITIVE, high=0.1),
        "lowest_temperature": Key("temperature", low=1e-3, high=400),
        "highest_temperature": Key("temperature", low=1e-3, high=400),
        "current": Key("current", low=_POSITIVE, high=1),
        "bias": Key("current", 0.0, low=0, high=1),
        "bias_step": Key("current", 10e-9, low=1e-12, high=1),
        "fastest": Key("time", 60.0, low=0.1, high=1e5),
        "heater": Key("current", 0.1, low=31.6e-6, high=0.1),
        "voltage": Key("voltage", None, low=_POSITIVE, high=100),
        "dwell": Key("time", None, low=1, high=1e7),
    },
    "sample_limits": {
        "field": Key("field", None, low=0, high=20),
        "current": Key("current", None, low=_POSITIVE, high=1),
        "voltage": Key("voltage", None, low=_POSITIVE, high=100),
        "bias": Key("current", None, low=0, high=1),
    },
    "safe": {
        "magnet": Key("text", "hold", choices=("hold", "zero")),
        "dead_man": Key("time", 20.0, low=0.05, high=1e5),
    },
}

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
    "states": Key("states", ()),
    "for": Key("time", 0.0, low=0, high=1e5),
    "settle": Key("time", 30.0, low=0, high=1e5),
    "longest": Key("time", 7200.0, low=0, high=1e6),
    "age": Key("time", 60.0, low=1, high=1e5),
    "every": Key("time", 1.0, low=0.5, high=1e4),
    "action": Key("text", "hold", choices=_ACTIONS),
    "unreadable": Key("text", "hold", choices=(*_ACTIONS, "ignore")),
}


@dataclass(frozen=True)
class StationFile:
    """A checked station file: SI values by section and key, and the tables of its interlocks."""

    source: str
    text: str
    top: dict[str, Any]
    instruments: dict[str, dict[str, Any]]
    sections: dict[str, dict[str, Any]]
    interlocks: tuple[dict[str, Any], ...] = ()
    cassette: str = ""  # path of the recording that stands for the instruments

    @property
    def simulated(self) -> bool:
        return "simulator" in self.sections or bool(self.cassette)


def read_station_file(path: str | Path | None = None) -> StationFile:
    """Read and check a station file, or the one in a cassette; None or "sim" is the built-in simulated station."""
    if path is None or str(path) == BUILT_IN:
        text = resources.files("coldfinger.procedures").joinpath("stations/sim.toml").read_text("utf-8")
        return check_station_text(text, "built-in station sim")
    if str(path).endswith(CASSETTE):
        from coldfinger.procedures.laboratory.cassettes import cassette_file

        return cassette_file(path)
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
        raise StationFileError(f'station file {path}: cannot be read ({reason}); give a TOML file or "sim"') from error
    return check_station_text(text, str(path))


def check_station_text(text: str, source: str) -> StationFile:
    """Check the text of a station file; `source` names it in errors."""
    data = _toml(text, source)
    if "include" in data:
        data = _with_included(data, source, (Path(source).resolve(),))
        text = ""
    allowed = [*TOP, "instruments", "interlock", *SECTIONS]
    for name in data:
        if name not in allowed:
            raise StationFileError(f"{source}: unknown key {name!r}; {_did_you_mean(name, allowed)}")
    top = _check({k: v for k, v in data.items() if k in TOP}, TOP, source, "")
    instruments = _instruments(data.get("instruments"), source)
    sections = {}
    for name, keys in SECTIONS.items():
        if name == "simulator" and name not in data:
            continue
        sections[name] = _check(_table(data.get(name, {}), source, name), keys, source, name)
    _check_roles(sections["roles"], instruments, source)
    _check_bias(sections, instruments, source)
    _check_thermometer(sections["thermometer"], source)
    _check_dead_man(sections, source)
    _check_ramp_rate(sections, source)
    text = text or _as_toml(data)
    return StationFile(source, text, top, instruments, sections, _interlocks(data.get("interlock", []), source))


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StationFileError(f"{source}: not TOML: {error}; correct that line") from error


def _with_included(data: dict[str, Any], source: str, chain: tuple[Path, ...]) -> dict[str, Any]:
    """The file's keys over those of the files that it includes, table by table; a later include over an earlier one."""
    names = _texts(data.get("include", []), source, "include")
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
        merged = _over(merged, _with_included(_toml(text, str(path)), str(path), (*chain, path)))
    return _over(merged, {key: value for key, value in data.items() if key != "include"})


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _over(result[key], value) if both else value
    return result


def _as_toml(data: Mapping[str, Any], table: str = "") -> str:
    """The text of a file that says the same without its includes, so that a copy needs no other file."""
    plain = {key: value for key, value in data.items() if not _is_table(value)}
    lines = [f"[{table}]"] if table and plain else []
    lines += [f"{_bare(key)} = {_written(value)}" for key, value in plain.items()]
    for key, value in data.items():
        name = f"{table}.{_bare(key)}" if table else _bare(key)
        if isinstance(value, dict):
            lines += ["", _as_toml(value, name).rstrip()]
        elif _is_table(value):
            lines += [line for each in value for line in ("", f"[[{name}]]", _as_toml(each).rstrip())]
    return "\n".join(lines) + "\n"


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _written(value: Any) -> str:
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _table(value: object, source: str, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise StationFileError(f"{source}: {name!r} must be a table; write [{name}] above its keys")
    return value


def _instruments(value: object, source: str) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or not value:
        raise StationFileError(f"{source}: no instruments; write at least one [instruments.NAME] table")
    result = {}
    for name, table in value.items():
        where = f"instruments.{name}"
        table = _table(table, source, where)
        model = MODELS.get(str(table.get("driver")))
        options = {} if model is None else model.options
        result[name] = _check(table, {**INSTRUMENT, **options}, source, where)
    return result


def _interlocks(value: object, source: str) -> tuple[dict[str, Any], ...]:
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
    table = _check(data, INTERLOCK, source, where)
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
    example = {"number": "20"}.get(table["kind"]) or _example(Key(table["kind"]))
    for name in ("above", "below", "release"):
        if table[name] is not None:
            table[name] = _number(table[name], Key(table["kind"]), source, f"{where}.{name}")
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


def _check_roles(roles: Mapping[str, str], instruments: Mapping[str, Any], source: str) -> None:
    for role, name in roles.items():
        if name not in instruments and (name or role != "bias"):
            raise StationFileError(
                f"{source}: roles.{role} names the unknown instrument {name!r}; allowed are {', '.join(instruments)}"
            )
        model = instruments[name]["driver"] if name else ""
        if name and role not in MODELS[model].roles:
            raise StationFileError(
                f"{source}: roles.{role} = {name!r} is a {model}; this role takes a {' or a '.join(models_for(role))}"
            )


def _check_bias(sections: Mapping[str, Mapping[str, Any]], instruments: Mapping[str, Any], source: str) -> None:
    roles, name = sections["roles"], sections["roles"]["bias"]
    if not name:
        return
    model = instruments[name]["driver"]
    if offset_wanted(model, sections["bias"]):
        if name != roles["source"]:
            raise StationFileError(
                f"{source}: roles.bias = {name!r} would be the dc offset of a sine output, but the source is "
                f"{roles['source']!r}; make them one instrument, or choose another bias"
            )
    elif MODELS[model].auxiliaries and sections["bias"]["auxiliary_output"] == SINE_OFFSET:
        raise StationFileError(
            f"{source}: bias.auxiliary_output = 0 is the dc offset of the sine output, and an {model} has none; write "
            "the number of one of its auxiliary outputs, 1 to 4"
        )


def _check_thermometer(table: Mapping[str, Any], source: str) -> None:
    if not table["calibration"] and not (table["r0"] and table["t0"] and table["lowest"] and table["highest"]):
        raise StationFileError(
            f"{source}: thermometer has no curve; give calibration = a file, or r0, t0, exponent, lowest, highest"
        )


def _check_ramp_rate(sections: Mapping[str, Mapping[str, Any]], source: str) -> None:
    rate, limit = sections["magnet"]["ramp_rate"], sections["limits"]["field_rate"]
    if rate > limit * (1 + 1e-9):
        raise StationFileError(
            f"{source}: magnet.ramp_rate = {show(rate, 'field rate')} is faster than limits.field_rate = "
            f"{show(limit, 'field rate')}; ramp more slowly, or raise the limit if the magnet's manual allows it"
        )


def _check_dead_man(sections: Mapping[str, Mapping[str, Any]], source: str) -> None:
    dead_man, fastest = sections["safe"]["dead_man"], sections["limits"]["fastest"]
    if dead_man > 0.5 * fastest:
        raise StationFileError(
            f"{source}: safe.dead_man = {dead_man:g} s is longer than half of limits.fastest = {fastest:g} s, the time "
            f"in which the station can come to harm; allowed is up to {0.5 * fastest:g} s"
        )


def _check(data: Mapping[str, Any], keys: Mapping[str, Key], source: str, section: str) -> dict[str, Any]:
    prefix = f"{section}." if section else ""
    for name in data:
        if name not in keys:
            raise StationFileError(f"{source}: unknown key {prefix}{name}; {_did_you_mean(name, keys)}")
    result = {}
    for name, key in keys.items():
        if name in data:
            result[name] = _value(data[name], key, source, f"{prefix}{name}")
        elif key.default is REQUIRED:
            raise StationFileError(f"{source}: {prefix}{name} is missing; write {name} = {_example(key)}")
        else:
            result[name] = key.default
    return result


def _value(value: Any, key: Key, source: str, where: str) -> Any:
    if key.kind == "text":
        if not isinstance(value, str):
            raise StationFileError(f"{source}: {where} = {value!r} must be text in quotes")
        if key.choices and value not in key.choices:
            raise StationFileError(f"{source}: {where} = {value!r} is not one of {', '.join(key.choices)}")
        return value
    if key.kind == "level":
        return value
    if key.kind == "texts":
        return _texts(value, source, where)
    if key.kind == "states":
        return _states(value, source, where)
    if key.kind == "flag":
        if not isinstance(value, bool):
            raise StationFileError(f"{source}: {where} = {value!r} must be true or false")
        return value
    if key.kind == "current table":
        return _current_table(value, source, where)
    if key.kind == "pid":
        return _pid(value, source, where)
    if key.kind == "speed":
        return _speed(value, source, where)
    number = _number(value, key, source, where)
    if not key.low <= number <= key.high:
        raise StationFileError(
            f"{source}: {where} = {value!r} is out of range; allowed is {key.low:g} to {key.high:g} "
            f"{KINDS[key.kind][0] if key.kind in KINDS else ''}".rstrip()
        )
    return number


def _number(value: Any, key: Key, source: str, where: str) -> float:
    if key.kind in KINDS:
        try:
            return parse(value, key.kind, f"{source}: {where}")
        except QuantityError as error:
            raise StationFileError(str(error)) from None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole or (key.kind == "number" and isinstance(value, float) and math.isfinite(value))):
        raise StationFileError(f"{source}: {where} = {value!r} must be a plain {key.kind}")
    number: float = value
    return number


def _texts(value: Any, source: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise StationFileError(f'{source}: {where} = {value!r} must be a list of texts; write ["common.toml"]')
    return tuple(value)


def _states(value: Any, source: str, where: str) -> tuple[str, ...]:
    wrong = [value] if not isinstance(value, list) or not value else [v for v in value if v not in MAGNET_STATES]
    if wrong:
        raise StationFileError(
            f"{source}: {where} = {value!r} must be a list of states; allowed are {', '.join(MAGNET_STATES)}"
        )
    return tuple(value)


def _speed(value: Any, source: str, where: str) -> float:
    if value == "unlimited":
        return math.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise StationFileError(f'{source}: {where} = {value!r} must be a positive number or "unlimited"')
    return float(value)


def _pid(value: Any, source: str, where: str) -> tuple[float, float, float]:
    numbers = isinstance(value, list) and all(type(v) in (int, float) and v >= 0 for v in value)
    if not numbers or len(value) != 3:
        raise StationFileError(f"{source}: {where} = {value!r} must be three numbers; write [10, 10, 0]")
    return (float(value[0]), float(value[1]), float(value[2]))


def _current_table(value: Any, source: str, where: str) -> tuple[tuple[float, float], ...]:
    example = 'write [["100 mK", "3.16 mA"], ["1 K", "31.6 mA"]]'
    if not isinstance(value, list) or not value or any(not isinstance(r, list) or len(r) != 2 for r in value):
        raise StationFileError(f"{source}: {where} must be a list of pairs; {example}")
    try:
        rows = tuple((parse(t, "temperature", where), parse(c, "current", where)) for t, c in value)
    except QuantityError as error:
        raise StationFileError(f"{source}: {error}") from None
    if list(rows) != sorted(rows):
        raise StationFileError(f"{source}: {where} must rise in temperature and in current; {example}")
    return rows


def _did_you_mean(name: str, allowed: Any) -> str:
    close = get_close_matches(name, list(allowed), 1)
    return f"did you mean {close[0]!r}?" if close else f"allowed are {', '.join(allowed)}"


def _example(key: Key) -> str:
    if key.kind in KINDS:
        return f'"{KINDS[key.kind][1]}"'
    if key.choices:
        return f'"{key.choices[0]}"'
    return {"text": '"..."', "number": "1.0", "integer": "1", "current table": '[["100 mK", "3.16 mA"]]'}[key.kind]
