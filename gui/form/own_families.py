"""Families of what is added to a queue: none of them may be taken for one that is there already."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from coldfinger.procedures.engine.items import Item


def with_own_families(items: Sequence[Item], taken: Collection[str]) -> tuple[Item, ...]:
    """The items with families that no other item of a queue belongs to: each family has a manifest of its own."""
    names: dict[str, str] = {}
    for item in items:
        if item.family is not None and item.family.id not in names:
            used = {*taken, *names.values()}
            numbered = (f"family-{number}" for number in itertools.count(1))
            id = item.family.id
            names[id] = id if id not in used else next(name for name in numbered if name not in used)
    return tuple(
        item if item.family is None else item.but(family=replace(item.family, id=names[item.family.id]))
        for item in items
    )


def families_in(snapshot: Mapping[str, Any]) -> set[str]:
    """Ids of the families of a queue."""
    return {item["family"]["id"] for item in snapshot.get("items", []) if item.get("family")}
