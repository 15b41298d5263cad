"""A sample of your own, read from a TOML table of fields, each with Eq. 1 or Eq. 2 and its parameters.

    name = "film 7"
    normal_resistance = 7000.0      # ohm/square, where ρ ends up above 2 K and at high bias
    squares = 1.0                   # between the voltage taps
    end_squares = 1.0               # optional: from each tap to its current contact
    [[field]]
    oersted = 0
    law = "eq2"
    rho_QF = 3000.0                 # ohm/square
    rho_0 = 9000.0
    E_aS = 1.2                      # K
    [[field]]
    oersted = 100
    law = "eq1"
    sigma_QF = 5e-5                 # S
    sigma_0 = 1e-4
    E_aI = 0.4                      # K
    normal_resistance = 7100.0      # optional, for this field

Everything is checked before a sample exists; what is wrong is said in one SampleFileError.
"""

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from coldfinger.sim.listed_fields import PARAMETERS, ListedField, TableSample

__all__ = ["ListedField", "SampleFileError", "TableSample", "load_table_sample"]

_FILE_KEYS = ("name", "normal_resistance", "squares", "end_squares", "field")
_ENTRY_KEYS = ("oersted", "law", "normal_resistance")
_ABOVE_ZERO = ("normal_resistance", "squares", "E_aI", "E_aS")
_UNITS = {
    "oersted": "Oe",
    "normal_resistance": "ohm/square",
    "squares": "squares",
    "end_squares": "squares",
    "sigma_QF": "S",
    "sigma_0": "S",
    "E_aI": "K",
    "rho_QF": "ohm/square",
    "rho_0": "ohm/square",
    "E_aS": "K",
}


class SampleFileError(ValueError):
    """A sample file cannot be used: names file, entry and key, what is allowed and what to do."""


def load_table_sample(path: str | Path) -> TableSample:
    """The sample described by the TOML file at `path`; SampleFileError if the file is not in order."""
    where = f"sample file {path}"
    table = _read(Path(path), where)
    _refuse_unknown(table, _FILE_KEYS, where)
    name = _required(table, "name", where)
    if not isinstance(name, str) or not name.strip():
        raise SampleFileError(f'{where}: name is {name!r}, but must be a text that is not empty; write name = "film 7"')
    normal = _number(table, "normal_resistance", where)
    squares = _number(table, "squares", where)
    end_squares = _number(table, "end_squares", where) if "end_squares" in table else 1.0
    return TableSample(name, _entries(table, normal, where), squares, end_squares)


def _read(path: Path, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        reason = error.strerror or error
        raise SampleFileError(f"{where}: cannot be read ({reason}); give the path of a readable TOML file") from error
    except UnicodeDecodeError as error:
        raise SampleFileError(f"{where}: is not UTF-8 text; save it as a UTF-8 text file in TOML format") from error
    except tomllib.TOMLDecodeError as error:
        raise SampleFileError(f"{where}: is not valid TOML: {error}; correct it there") from error


def _entries(table: Mapping[str, Any], normal: float, where: str) -> tuple[ListedField, ...]:
    listed = table.get("field", [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise SampleFileError(f"{where}: field must be a list of entries; open each one with [[field]]")
    if not listed:
        raise SampleFileError(f"{where}: lists no field; add at least one [[field]] entry")
    entries = tuple(
        _entry(entry, normal, f"{where}, field entry {number}") for number, entry in enumerate(listed, start=1)
    )
    seen: dict[float, int] = {}
    for number, entry in enumerate(entries, start=1):
        if entry.oersted in seen:
            raise SampleFileError(
                f"{where}, field entry {number}: oersted = {entry.oersted:g} is already listed in entry"
                f" {seen[entry.oersted]}; each field may occur once, remove or change one of them"
            )
        seen[entry.oersted] = number
    return entries


def _entry(entry: Mapping[str, Any], normal: float, where: str) -> ListedField:
    if "law" not in entry:
        _refuse_unknown(entry, (*_ENTRY_KEYS, *PARAMETERS["eq1"], *PARAMETERS["eq2"]), where)
    law = _law(_required(entry, "law", where), where)
    _refuse_unknown(entry, (*_ENTRY_KEYS, *PARAMETERS[law]), f'{where} (law "{law}")')
    base, prefactor, energy = (_number(entry, key, where) for key in PARAMETERS[law])
    if base == prefactor == 0:
        first, second, _ = PARAMETERS[law]
        raise SampleFileError(f"{where}: {first} and {second} are both 0; give at least one of them a value above 0")
    return ListedField(
        oersted=_number(entry, "oersted", where),
        law=law,
        base=base,
        prefactor=prefactor,
        energy=energy,
        normal_resistance=_number(entry, "normal_resistance", where) if "normal_resistance" in entry else normal,
    )


def _law(value: object, where: str) -> Literal["eq1", "eq2"]:
    if value == "eq1":
        return "eq1"
    if value == "eq2":
        return "eq2"
    raise SampleFileError(
        f'{where}: law is {value!r}, but must be "eq1" (failed insulator) or "eq2" (failed superconductor);'
        " choose one of them"
    )


def _refuse_unknown(table: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    allowed = tuple(allowed)
    for key in table:
        if key not in allowed:
            close = difflib.get_close_matches(key, allowed, n=1)
            advice = f"did you mean {close[0]}?" if close else "remove it"
            raise SampleFileError(f"{where}: unknown key {key}; allowed are {', '.join(allowed)}; {advice}")


def _required(table: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in table:
        unit = f" ({_UNITS[key]})" if key in _UNITS else ""
        raise SampleFileError(f"{where}: the key {key}{unit} is missing; add a line {key} = ...")
    return table[key]


def _number(table: Mapping[str, Any], key: str, where: str) -> float:
    """The value of `key` as a finite float, above 0 or at least 0 as the key demands."""
    value = _required(table, key, where)
    bound = "above 0" if key in _ABOVE_ZERO else "0 or above"
    allowed = f"but must be a finite number {bound} ({_UNITS[key]})"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SampleFileError(f"{where}: {key} is {value!r}, {allowed}; write it without quotes and without a unit")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < 0 or (number == 0 and key in _ABOVE_ZERO):
        raise SampleFileError(f"{where}: {key} is {number:g}, {allowed}; correct the value")
    return number
