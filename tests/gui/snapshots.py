"""Snapshots of an engine, as it gives them, with what a test wants to be different."""

from typing import Any

LOCKS = [
    {"name": "too warm", "signal": "T_mc", "value": 0.3, "shown": "300 mK", "state": "clear", "unreadable": False,
     "action": "stop queue", "text": ""},
    {"name": "quench", "signal": "magnet state", "value": "holding", "shown": "holding", "state": "clear",
     "unreadable": False, "action": "stop queue", "text": ""},
]  # fmt: skip
SAFE = [{"item": name, "done": True, "detail": "off"} for name in ("excitation", "bias", "heater", "magnet")]


def item(id: str, name: str, state: str = "waiting") -> dict[str, Any]:
    return {"id": id, "name": name, "kind": "run", "state": state, "reason": "", "rows": 0, "disbelieved": 0}


def snapshot(state: str = "running", reason: str = "R(T) at 600 Oe", **more: Any) -> dict[str, Any]:
    """A queue of three at its second item; without a running item in states that have none."""
    runs = state in ("running", "waiting", "pausing", "paused", "aborting")
    running = {"id": "2", "name": "R(T) at 600 Oe", "begun": 100.0, "progress": 62.4, "rows": 125, "folder": "b"}
    fresh = {
        "T_mc (K)": [0.2982, 310.0],
        "T_sample (K)": [0.29967, 310.0],
        "T_sample_sd (K)": [0.0003, 310.0],
        "set temperature": [0.3, 250.0],
        "H (Oe)": [600.0, 310.0],
        "set field": [0.06, 200.0],
        "rho (ohm)": [6359.05, 310.0],
        "rho_sd (ohm)": [8.24, 310.0],
        "phase (deg)": [-0.817, 310.0],
        "flags": [0, 310.0],
    }
    picture = {
        "state": state,
        "reason": reason,
        "night": "overnight",
        "station": "cryo",
        "simulated": False,
        "clock": 316.0,
        "utc": "2026-11-22T19:52:42+00:00",
        "items": [item("1", "R(T) at 0 Oe", "done"), item("2", "R(T) at 600 Oe", "running"), item("3", "dV/dI")],
        "running": running if runs else {},
        "latest": fresh,
        "ends": {"utc": "2026-11-23T06:42:00+00:00", "sd_seconds": 2400.0, "items": {}},
        "safe": [],
        "data": "data",
        "care": {"interlocks": [dict(lock) for lock in LOCKS]},
        "last_event": 1,
    }
    return picture | more
