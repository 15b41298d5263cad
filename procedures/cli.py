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
}


@click.group(cls=LazyGroup, homes=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="coldfinger")
def main() -> None:
    """Low-temperature transport: run the refrigerator, trust the number."""


def run() -> None:
    """The installed command: a mistake in the command line is one sentence, too."""
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"coldfinger: {error.format_message()}", err=True)
        raise SystemExit(error.exit_code) from None
    except click.Abort:
        raise SystemExit(STOPPED) from None
