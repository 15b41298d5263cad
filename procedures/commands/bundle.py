"""`coldfinger bundle` and `coldfinger unbundle`: runs and their analysis as one archive that can be checked."""

import shlex
from pathlib import Path

import click

from coldfinger.procedures.commands.figure import oersted
from coldfinger.procedures.commands.fit import paths_of, settings_of
from coldfinger.procedures.commands.report import analysis_options
from coldfinger.procedures.commands.status import INCOMPLETE, BadInput, bad_input

_SHOWN = 12  # differences printed one by one


@click.command()
@click.argument("runs", nargs=-1, metavar="RUNS...")
@analysis_options
@click.option("--out", default="bundle.zip", show_default=True, help="The archive.")
def bundle(
    runs: tuple[str, ...],
    filter_text: str | None,
    window: str,
    law: str | None,
    robust: bool,
    sd_field: str,
    out: str,
) -> None:
    """Put RUNS, stations, calibrations, settings, numbers, report and figures into one zip archive.

    The same runs give the same bytes. Exit status 1: the archive is there, but something was left out.
    """
    from coldfinger.procedures.bundle.layout import BundleError
    from coldfinger.procedures.bundle.make import make_bundle

    path = Path(out)
    if path.suffix.lower() != ".zip":
        raise BadInput(f"bundle {path}: the name must end with .zip; name it {path.stem}.zip")
    if not path.parent.is_dir():
        raise BadInput(f"bundle {path}: there is no folder {path.parent}; make it or choose another")
    with bad_input(BundleError, ValueError):
        settings = settings_of(window, law, robust, oersted(sd_field))
        made = make_bundle(paths_of(runs, filter_text), settings)
    _write(path, made.content)
    count, size = len(made.manifest["files"]) + 1, len(made.content) / 1e6
    click.echo(f"{len(made.report.runs)} runs, {count} files, {size:.1f} MB written to {path}")
    click.echo(f"SHA-256 of its manifest: {made.manifest_hash}")
    for sentence in (*made.report.warnings, *made.manifest["missing"]):
        click.echo(f"- {sentence}")
    for sentence in made.report.left_out:
        click.echo(f"coldfinger: left out: {sentence}", err=True)
    if made.report.left_out:
        raise SystemExit(INCOMPLETE)


@click.command()
@click.argument("file")
@click.option("--verify", is_flag=True, help="Check the journals, too, and compute every number again.")
@click.option("--out", default=None, help="New folder for the files; without --verify the archive's name.")
@click.option("--tolerance", type=float, default=1e-9, show_default=True, help="Relative, for --verify.")
def unbundle(file: str, verify: bool, out: str | None, tolerance: float) -> None:
    """Check the archive FILE and unpack it.

    Sizes and SHA-256 of all files are always checked. With --verify alone nothing is kept. Exit status 1: a number or
    a journal differs; nothing was kept.
    """
    from coldfinger.procedures.bundle.layout import BundleError
    from coldfinger.procedures.bundle.unpack import unbundle as carry_out

    if not 0 <= tolerance < 1:
        raise BadInput(f"--tolerance {tolerance:g}: it must be from 0 to below 1; 1e-9 is usual")
    path = Path(file)
    folder = Path(out) if out is not None else None if verify else path.with_suffix("")
    with bad_input(BundleError):
        checked = carry_out(path, folder, verify=verify, tolerance=tolerance)
    click.echo(f"{len(checked.manifest['files'])} files with the right SHA-256; manifest {checked.manifest_hash}")
    for sentence in checked.differing[:_SHOWN]:
        click.echo(f"coldfinger: differs: {sentence}", err=True)
    if len(checked.differing) > _SHOWN:
        click.echo(f"coldfinger: and {len(checked.differing) - _SHOWN} more differ", err=True)
    if checked.versions and verify:
        click.echo(f"other versions made it: {', '.join(checked.versions)}")
    if checked.differing:
        raise SystemExit(INCOMPLETE)
    if verify:
        runs = len(checked.manifest["runs"])
        click.echo(f"{runs} journals whole; {checked.numbers} numbers computed again, all within {tolerance:g}")
    if checked.folder is not None:
        place = shlex.quote(str(checked.folder))
        click.echo(f"unpacked to {checked.folder}; again: cd {place} && {checked.manifest['remake']}")


def _write(path: Path, content: bytes) -> None:
    """Write through a temporary file, so that nobody finds half an archive."""
    half = path.with_name(path.name + ".part")
    try:
        half.write_bytes(content)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise BadInput(f"bundle {path}: it cannot be written: {error.strerror}; choose another") from None
