"""`coldfinger gui`: the window; this module knows its name only, so that no other command needs Qt."""

from importlib import import_module
from pathlib import Path

import click

from coldfinger.procedures.commands.status import BadInput, bad_input

DEMO_SPEED, USUAL_SPEED, UNLIMITED = "100", "10", "unlimited"


@click.command()
@click.option("--station", default="sim", show_default=True, help='Station file, or "sim".')
@click.option("--data", default="data", show_default=True, help="Folder for run files, journals and manifests.")
@click.option("--speed", default=None, help="Of a simulated station: 0.1 to 1000 times real time, or unlimited.")
@click.option("--sample", default=None, help="Of a simulated station: S0, S1, S2 or a table-sample file.")
@click.option("--demo", is_flag=True, help="The built-in station at a hundred times real time.")
@click.option("--reset-ui", is_flag=True, help="Forget layout, theme and what was typed before.")
def gui(station: str, data: str, speed: str | None, sample: str | None, demo: bool, reset_ui: bool) -> None:
    """Open the window. What runs does not need it: it may be closed and opened again."""
    if demo and station != "sim":
        raise BadInput("--demo is the built-in station; leave --station away")
    speed = speed or (DEMO_SPEED if demo else None)
    if speed not in (None, UNLIMITED):
        _check_speed(speed)
    if speed is None or speed == UNLIMITED:
        speed = "inf" if speed else USUAL_SPEED
    simulator = {key: value for key, value in (("speed", speed), ("sample", sample)) if value is not None}
    window = import_module("coldfinger.gui.start")
    early = window.EarlyOwner(station, Path(data), simulator)
    from coldfinger.procedures.laboratory.station_file import StationFileError  # loads while the owner does

    try:
        with bad_input(StationFileError):
            raise SystemExit(window.main(station, Path(data), simulator, reset_ui, early))
    except ImportError as error:
        raise BadInput(f"the window cannot be opened: {error}; install PyQt5 and what its libraries need") from None


def _check_speed(text: str) -> None:
    try:
        fits = 0.1 <= float(text) <= 1000.0
    except ValueError:
        fits = False
    if not fits:
        raise BadInput(f"--speed {text:.40}: give a number from 0.1 to 1000, such as 100, or unlimited")
