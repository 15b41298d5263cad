"""The `coldfinger` command: every subcommand reads and checks its input and hands over.

Exit status 0: done. 1: something was measured, but not all of it. 2: bad input, one sentence, nothing started.
130: stopped by the user.
"""

import click

from coldfinger.procedures.commands.lazy import LazyGroup
from coldfinger.procedures.commands.status import STOPPED

_HERE = "coldfinger.procedures.commands"
_COMMANDS = {
    "demo": (f"{_HERE}.demo", "demo", "Measure a family of R(T) on the simulated refrigerator, fit and draw it."),
    "gui": (f"{_HERE}.gui", "gui", "Open the window: ramps, queues, plots and fits of a station."),
    "plan": (f"{_HERE}.plan", "plan", "Begin, show and check a plan of a night."),
    "rehearse": (f"{_HERE}.run", "rehearse", "Carry a plan out on the simulated refrigerator, in virtual time."),
    "run": (f"{_HERE}.run", "run", "Carry a plan out, or go on with a night that was interrupted."),
    "status": (f"{_HERE}.control", "status", "Say what the queue of an owner process does."),
    "pause": (f"{_HERE}.control", "pause", "Finish the present row, then hold everything."),
    "resume": (f"{_HERE}.control", "resume", "Go on where the pause began."),
    "skip": (f"{_HERE}.control", "skip", "Close the present run, keep its data, begin the next one."),
    "abort": (f"{_HERE}.control", "abort", "Bring the station to its safe state, now."),
    "safe": (f"{_HERE}.safe", "safe", "Bring a station to its safe state and read it back, whoever ran it."),
    "summary": (f"{_HERE}.summary", "summary", "The morning's page: what ran, what did not and why, fits, odd things."),
    "fit": (f"{_HERE}.fit", "fit", "Fit families of R(T) and say what the fields say together."),
    "figure": (f"{_HERE}.figure", "figure", "Draw a figure of the paper from runs, with its numbers."),
    "reproduce": (f"{_HERE}.reproduce", "reproduce", "Measure the simulated films and check the claims of the paper."),
    "report": (f"{_HERE}.report", "report", "All that some runs say: one page, and the numbers as JSON and CSV."),
    "bundle": (f"{_HERE}.bundle", "bundle", "Put runs and their analysis into one archive that can be checked."),
    "unbundle": (f"{_HERE}.bundle", "unbundle", "Check such an archive, compute its numbers again, unpack it."),
    "grains": (f"{_HERE}.grains", "grains", "Sizes of the grains of a micrograph."),
    "percolation": (f"{_HERE}.percolation", "percolation", "Resistor networks, their duals, charging energies."),
    "runs": (f"{_HERE}.runs", "runs", "Find runs; star, tag and note them."),
    "station": (f"{_HERE}.station", "station", "Begin, show and validate a station file."),
    "check": (
        f"{_HERE}.check",
        "check",
        "Check a station before it is trusted: instruments, settings, computer, sample.",
    ),
    "diff": (f"{_HERE}.diff", "diff", "Say what was set differently in two runs."),
    "recalibrate": (f"{_HERE}.recalibrate", "recalibrate", "Make a run's temperatures anew with another curve."),
    "curve": (f"{_HERE}.curve", "curve", "Show a thermometer curve, store it in a bridge, fetch one from there."),
    "panel": (f"{_HERE}.panel", "panel", "Read or set the front panel of an instrument."),
    "owner": (f"{_HERE}.owner", "owner", "Start, end or look at the process that owns a station."),
    "sim": (f"{_HERE}.sim", "sim", "Serve the simulated refrigerator to other programs."),
}


@click.group(cls=LazyGroup, homes=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coldfinger")
def main() -> None:
    """Low-temperature transport: run the refrigerator, trust the number."""


def run() -> None:
    """The installed command: a mistake in the command line is one sentence, too."""
    try:
        main(standalone_mode=False, prog_name="coldfinger")
    except click.exceptions.NoArgsIsHelpError as help:
        help.show()
        raise SystemExit(help.exit_code) from None
    except click.ClickException as error:
        click.echo(f"coldfinger: {error.format_message()}", err=True)
        raise SystemExit(error.exit_code) from None
    except click.Abort:
        raise SystemExit(STOPPED) from None
