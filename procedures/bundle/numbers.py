"""Two analyses of the same runs, number by number.

Numbers agree within a relative tolerance; claims (law, status, saturation, label) must be the same words. Sentences are
not compared: they hold rounded numbers.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from coldfinger.analysis.across.family_fit import FamilyFit

CLAIMS = frozenset({"law", "status", "saturation", "label", "outcome", "below", "above", "run", "name"})
"""Keys whose text is a result and no remark."""
TOLERANCE = 1e-9
"""Relative."""


def numbers_of(families: Sequence[FamilyFit]) -> list[dict[str, Any]]:
    """What a bundle stores and a check computes again, one entry a family."""
    return [family.to_json() for family in families]


def differences(stored: Any, found: Any, tolerance: float = TOLERANCE) -> list[str]:
    """One sentence for every number or claim that is not the same; empty if all are."""
    return list(_differ(stored, found, tolerance, "", ""))


def count_numbers(value: Any) -> int:
    """How many numbers are compared."""
    if isinstance(value, dict):
        return sum(count_numbers(item) for item in value.values())
    if isinstance(value, list):
        return sum(count_numbers(item) for item in value)
    return int(isinstance(value, int | float) and not isinstance(value, bool))


def _differ(stored: Any, found: Any, tolerance: float, where: str, key: str) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(found, dict):
        for name in dict.fromkeys((*stored, *found)):
            at = f"{where}.{name}" if where else str(name)
            if name not in found or name not in stored:
                yield f"{at}: it is {'stored and not found' if name in stored else 'found and not stored'}"
            else:
                yield from _differ(stored[name], found[name], tolerance, at, str(name))
    elif isinstance(stored, list) and isinstance(found, list):
        texts = all(isinstance(item, str) for item in (*stored, *found))
        if texts and key not in CLAIMS:
            return
        if len(stored) != len(found):
            yield f"{where}: {len(stored)} stored, {len(found)} found"
            return
        for i, (one, other) in enumerate(zip(stored, found, strict=True)):
            yield from _differ(one, other, tolerance, f"{where}[{_name(one, i)}]", key)
    elif isinstance(stored, str) and isinstance(found, str):
        if key in CLAIMS and stored != found:
            yield f"{where}: stored {stored}, found {found}"
    elif not _same(stored, found, tolerance):
        yield f"{where}: stored {stored}, found {found}"


def _same(stored: Any, found: Any, tolerance: float) -> bool:
    if isinstance(stored, bool) or isinstance(found, bool) or stored is None or found is None:
        return stored is found
    if not (isinstance(stored, int | float) and isinstance(found, int | float)):
        return False
    return stored == found or math.isclose(stored, found, rel_tol=tolerance)


def _name(item: Any, i: int) -> str:
    """The field or name of an entry where it has one: a reader looks for 300 Oe, not for entry 4."""
    if isinstance(item, dict) and "field_Oe" in item:
        return f"{item['field_Oe']:g} Oe"
    return str(item["name"]) if isinstance(item, dict) and isinstance(item.get("name"), str) else str(i)
