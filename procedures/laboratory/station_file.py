"""A station file, read whole and checked whole: nothing is opened before the last key is right.

The file is TOML. Here is what its tables must say together; what each key may hold is in `station_keys`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from coldfinger.procedures.laboratory.interlock_table import interlocks_of
from coldfinger.procedures.laboratory.key_values import StationFileError, check_table, did_you_mean
from coldfinger.procedures.laboratory.models import MODELS, SINE_OFFSET, models_for, offset_wanted
from coldfinger.procedures.laboratory.notify_table import mistake_in, without_addresses
from coldfinger.procedures.laboratory.station_keys import INSTRUMENT, SECTIONS, TOP
from coldfinger.procedures.laboratory.station_text import as_toml, tables_of, with_included
from coldfinger.procedures.words.quantity import show

__all__ = ["BUILT_IN", "CASSETTE", "StationFile", "StationFileError", "check_station_text", "read_station_file"]

BUILT_IN = "sim"
CASSETTE = ".cassette"


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
    data = tables_of(text, source)
    if "include" in data:
        data = with_included(data, source, (Path(source).resolve(),))
        text = ""
    allowed = [*TOP, "instruments", "interlock", *SECTIONS]
    for name in data:
        if name not in allowed:
            raise StationFileError(f"{source}: unknown key {name!r}; {did_you_mean(name, allowed)}")
    top = check_table({k: v for k, v in data.items() if k in TOP}, TOP, source, "")
    instruments = _instruments(data.get("instruments"), source)
    sections = {}
    for name, keys in SECTIONS.items():
        if name == "simulator" and name not in data:
            continue
        sections[name] = check_table(_table(data.get(name, {}), source, name), keys, source, name)
    _check_roles(sections["roles"], instruments, source)
    _check_bias(sections, instruments, source)
    _check_thermometer(sections["thermometer"], source)
    _check_dead_man(sections, source)
    _check_ramp_rate(sections, source)
    if "notify" in data and (mistake := mistake_in(sections["notify"])):
        raise StationFileError(f"{source}: {mistake}")
    text = without_addresses(text or as_toml(data), data)
    return StationFile(source, text, top, instruments, sections, interlocks_of(data.get("interlock", []), source))


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
        result[name] = check_table(table, {**INSTRUMENT, **options}, source, where)
    return result


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
