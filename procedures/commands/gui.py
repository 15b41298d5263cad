"""`coldfinger gui`: the window; this module knows its name only, so that no other command needs Qt."""

from importlib import import_module

import click

from coldfinger.procedures.commands.status import BadInput, bad_input

DEMO_SPEED, USUAL_SPEED, UNLIMITED = "100", "10", "unlimited"


@click.command()
@click.option(
    "--station", default=None, help='Station file, or "sim". Without it: that of the last time, at first "sim".'
)
@click.option("--data", default=None, help="Folder for run files and journals. Without it: that of the last time, "
              "beside a given station: data.")  # fmt: skip
@click.option("--speed", default=None, help="Of a simulated station: 0.1 to 1000 times real time, or unlimited.")
@click.option("--sample", default=None, help="Of a simulated station: S0, S1, S2 or a table-sample file.")
@click.option("--demo", is_flag=True, help="The built-in station at a hundred times real time, this time only.")
@click.option("--reset-ui", is_flag=True, help="Forget layout, theme, what was typed and which station was open.")
def gui(
    station: str | None, data: str | None, speed: str | None, sample: str | None, demo: bool, reset_ui: bool
) -> None:
    """Open the window. What runs does not need it: it may be closed and opened again.

    Without --station it opens the station of the last time, as --station would; nothing else of that time is restored.
    With --speed or --sample, which are for simulated stations, it is only opened if it is one.
    """
    if demo and station not in (None, "sim"):
        raise BadInput("--demo is the built-in station; leave --station away")
    if speed not in (None, UNLIMITED):
        _check_speed(speed)
    pace = "inf" if speed == UNLIMITED else speed or (DEMO_SPEED if demo else USUAL_SPEED)
    simulator = {key: value for key, value in (("speed", pace), ("sample", sample)) if value is not None}
    only_simulated = speed is not None or sample is not None
    opening = import_module("coldfinger.gui.last_station").opening_of(
        station, data, simulator, fresh=demo or reset_ui, simulated=only_simulated, kept=not demo
    )
    window = import_module("coldfinger.gui.start")
    early = window.EarlyOwner(opening.station, opening.data, opening.simulator)
    from coldfinger.procedures.laboratory.station_file import StationFileError  # loads while the owner does

    try:
        with bad_input(StationFileError):
            raise SystemExit(window.main(opening, reset_ui, early))
    except ImportError as error:
        raise BadInput(f"the window cannot be opened: {error}; install PyQt5 and what its libraries need") from None


def _check_speed(text: str) -> None:
    try:
        fits = 0.1 <= float(text) <= 1000.0
    except ValueError:
        fits = False
    if not fits:
        raise BadInput(f"--speed {text:.40}: give a number from 0.1 to 1000, such as 100, or unlimited")
