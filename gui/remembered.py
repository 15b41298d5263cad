"""What the panels remember from one day to the next: plain values by name, and nothing where they cannot be read."""

import json
from typing import Any

from qtpy.QtCore import QSettings

VERSION = 1


def settings() -> QSettings:
    """The file of the window's settings."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "coldfinger", "window")


def recall(name: str) -> Any:
    """What was remembered under a name; None for nothing, for another version and for what cannot be read."""
    try:
        kept = json.loads(settings().value(name, "", str))
    except (TypeError, ValueError):
        return None
    return kept.get("value") if isinstance(kept, dict) and kept.get("version") == VERSION else None


def remember(name: str, value: Any) -> None:
    """Keep plain values under a name."""
    settings().setValue(name, json.dumps({"version": VERSION, "value": value}))
