"""The first thing of the window: the owner process is begun, then everything heavy is loaded while it loads, too."""

import gc
from importlib import import_module
from typing import Any

from coldfinger.gui.early_owner import EarlyOwner
from coldfinger.gui.last_station import Opening


def main(opening: Opening, reset: bool, early: EarlyOwner) -> int:
    """Open the window on a station whose owner is being started already; returns the exit status.

    A station that nobody has named, because it was open last, gives way to the simulated one where it cannot be read.
    Raises what `made` raises.
    """
    from coldfinger.procedures.laboratory.station_file import StationFileError  # loads while the owner does

    try:
        app = made(opening, reset, early)
    except StationFileError as error:
        if opening.otherwise is None:
            raise
        opening = opening.instead(str(error))
        app = made(opening, reset, EarlyOwner(opening.station, opening.data, opening.simulator))
    status: int = app.run()
    return status


def made(opening: Opening, reset: bool, early: EarlyOwner) -> Any:
    """The whole window, not shown yet, as an `app.Application`.

    Raises StationFileError, and ImportError where Qt is missing, before anything is shown; no owner is left behind.
    """
    gc.disable()  # what is loaded stays: looking through it for garbage costs a seventh of the start
    try:
        app = import_module("coldfinger.gui.app")
        return app.prepare(opening, reset, early)
    except BaseException:
        early.give_up()
        raise
    finally:
        gc.freeze()
        gc.enable()
