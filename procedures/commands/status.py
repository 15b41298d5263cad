"""Exit statuses, and how a refused input ends a command: one sentence on standard error."""

import contextlib
from collections.abc import Iterator
from typing import Any

import click

INCOMPLETE, BAD_INPUT, STOPPED = 1, 2, 130


@contextlib.contextmanager
def bad_input(*kinds: type[Exception]) -> Iterator[None]:
    """Turns errors of these kinds, each one sentence, into exit status 2."""
    try:
        yield
    except kinds as error:
        raise BadInput(str(error)) from None


class BadInput(click.ClickException):
    """One sentence on standard error, exit status 2."""

    exit_code = BAD_INPUT

    def show(self, file: Any = None) -> None:
        click.echo(f"coldfinger: {self.message}", err=True)
