"""`python -m coldfinger.procedures` is the `coldfinger` command."""

from coldfinger.procedures.cli import run

run()
