"""Exit statuses, how a refused input ends a command (one sentence on standard error), and JSON on standard output."""

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
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


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that every reader takes: numbers, text, lists and mappings; not-a-number and the infinities are null."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value
