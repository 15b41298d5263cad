"""Subcommands that are imported when they are asked for, so that the command line starts fast."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click


class NearestGroup(click.Group):
    """A group that answers an unknown name with the nearest one that it knows."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As of click.Group; raises UsageError for a name that is no command."""
        names = self.list_commands(context)
        if args[0] not in names and args[0][:1].isalnum():
            near = get_close_matches(args[0].lower(), names, 1, 0.5)
            hint = f"did you mean {near[0]}? " if near else ""
            program = context.command_path
            raise click.UsageError(f"there is no command {args[0]!r:.60}; {hint}{program} -h lists all commands")
        return super().resolve_command(context, args)


class LazyGroup(NearestGroup):
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
