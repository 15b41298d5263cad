"""What the title and the status bar say of a snapshot, and whether the window may close without a question."""

from pathlib import Path
from typing import Any

from coldfinger.gui.overview.view_state import BannerView
from coldfinger.procedures.words.quantity import duration_text

QUIET = ("", "idle", "held", "ended")
"""States of an engine in which nothing is measured; "" before the first snapshot."""
SCARCE = 1e9  # bytes


def is_quiet(snapshot: dict[str, Any]) -> bool:
    """Whether nothing runs, and nothing is about to: an idle engine begins with whatever waits."""
    state = snapshot.get("state", "")
    waits = any(item["state"] in ("waiting", "partial") for item in snapshot.get("items", ()))
    return state in QUIET and not (state == "idle" and waits)


def title_of(station: str, view: BannerView) -> str:
    """The window's title: badge, state, what runs, station."""
    return " · ".join(filter(None, (view.badge, view.state.value.word, view.place, f"{station} – coldfinger")))


def status_of(data: Path, snapshot: dict[str, Any] | None) -> str:
    """Where the data are, how far they are safe on disk, and how much space is left."""
    parts = [f"data: {data}"]
    if snapshot is not None:
        care = snapshot["care"]
        if care["recorded"]:
            lag = care["lag_seconds"]
            saved = "all rows on disk" if care["recorded"] == care["durable"] else f"on disk {duration_text(lag)} ago"
            parts.append(saved)
        if care["free_bytes"] is not None:
            word = "disk almost full: " if care["free_bytes"] < SCARCE else "disk "
            parts.append(f"{word}{care['free_bytes'] / 1e9:.3g} GB free")
    return " · ".join(parts)
