"""The first thing of the window: the owner process is begun, then everything heavy is loaded while it loads, too."""

import gc
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from coldfinger.gui.early_owner import EarlyOwner


def main(station: str, data: Path, simulator: Mapping[str, str], reset: bool, early: EarlyOwner) -> int:
    """Open the window on a station whose owner is being started already; returns the exit status.

    Raises what `made` raises.
    """
    status: int = made(station, data, simulator, reset, early).run()
    return status


def made(station: str, data: Path, simulator: Mapping[str, str], reset: bool, early: EarlyOwner) -> Any:
    """The whole window, not shown yet, as an `app.Application`.

    Raises StationFileError, and ImportError where Qt is missing, before anything is shown; no owner is left behind.
    """
    gc.disable()  # what is loaded stays: looking through it for garbage costs a seventh of the start
    try:
        app = import_module("coldfinger.gui.app")
        return app.prepare(station, data, simulator, reset, early)
    except BaseException:
        early.give_up()
        raise
    finally:
        gc.freeze()
        gc.enable()
