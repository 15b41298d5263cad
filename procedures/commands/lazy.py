"""Subcommands that are imported when they are asked for, so that the command line starts fast."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands live in modules: `homes` maps a command's name to (module, attribute, one-line help)."""

    def __init__(self, *args: Any, homes: Mapping[str, tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._homes = homes

    def list_commands(self, context: click.Context) -> list[str]:
        """Names in the order in which they were given."""
        return list(self._homes)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import and return a command; None for an unknown name."""
        if name not in self._homes:
            return None
        module, attribute, _ = self._homes[name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and their lines, without importing one of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self._homes.items()])
