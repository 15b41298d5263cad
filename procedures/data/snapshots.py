"""What a run keeps of its instruments, and in what two runs differ: parameters, sample, station, every setting."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coldfinger.runfiles.reader import Run

NOT_THERE = "not recorded"
"""Stands for a value that one of the runs does not have."""
AT_START = "station at start"
EXCHANGES = "last exchanges"
"""Name of the snapshot in a failed run: what went over the wires before, by instrument."""
_OWN = frozenset(
    {"schema", "run_id", "utc", "clock", "machine", "columns", "units", "parameters", "procedure", "continues", "part"}
    | {"item", "item_name", "night", "family", "seq", "event"}
)
"""Of a header: what no two runs have in common, and what is compared by itself."""
_PARAMETERS = "parameters"


@dataclass(frozen=True)
class Difference:
    """One value that is not the same: `group` is "parameters", a part of the header, or an instrument."""

    group: str
    name: str
    first: Any
    second: Any
    unit: str = ""


def unread(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Settings of a station's snapshot that could not be read, as instrument.setting."""
    parts = ("controller", "bridge")
    found = []
    for instrument, settings in data.items():
        for name, value in settings.items():
            inner = value if name in parts and isinstance(value, Mapping) else {"": value}
            found += [f"{instrument}.{name}.{part}".rstrip(".") for part, kept in inner.items() if kept is None]
    return tuple(found)


def differences(run_a: Run, run_b: Run) -> tuple[Difference, ...]:
    """Everything that was set differently: parameters first, then the header, then the instruments at the start.

    Times, numbers and names of the runs themselves are left out. A value that one run lacks is NOT_THERE.
    """
    found = [*_compared(_PARAMETERS, _parameters(run_a), _parameters(run_b), run_a.parameter_units)]
    for one, other in ((_header(run_a), _header(run_b)), (_instruments(run_a), _instruments(run_b))):
        for group in dict.fromkeys([*one, *other]):
            found += _compared(group, _flat(one.get(group)), _flat(other.get(group)), {})
    return tuple(found)


def _compared(
    group: str, one: Mapping[str, Any], other: Mapping[str, Any], units: Mapping[str, str | None]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*one, *other]):
        first, second = one.get(name, NOT_THERE), other.get(name, NOT_THERE)
        if not _same(first, second):
            yield Difference(group, name, first, second, units.get(name) or "")


def _same(first: Any, second: Any) -> bool:
    both_nan = first != first and second != second
    return both_nan or (first == second and isinstance(first, bool) == isinstance(second, bool))


def _parameters(run: Run) -> dict[str, Any]:
    return {"procedure": str(run.header.get("procedure") or NOT_THERE).rpartition(".")[2], **run.parameters}


def _header(run: Run) -> dict[str, Any]:
    return {name: value for name, value in run.header.items() if name not in _OWN}


def _instruments(run: Run) -> Mapping[str, Any]:
    """Settings by instrument from the first snapshot of the station, empty without one."""
    data: Any = next((snapshot.data for snapshot in run.snapshots if snapshot.name == AT_START), {})
    return data if isinstance(data, Mapping) else {}


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Nested tables as one, with dots in the names; a plain value has the name ""."""
    if value is None and not name:
        return {}
    if not isinstance(value, Mapping):
        return {name: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{name}.{key}" if name else str(key))
    return flat
