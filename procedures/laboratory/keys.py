"""One key of a table in a station file: what it may hold."""

import math
from dataclasses import dataclass
from typing import Any

REQUIRED = object()


@dataclass(frozen=True)
class Key:
    """One key: its kind (a quantity kind, "text", "number", "integer", "current table"), range, choices, default."""

    kind: str
    default: Any = REQUIRED
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
