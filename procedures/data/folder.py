"""Names for runs, reserved by making the folder: two callers can never get the same one."""

import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path

from coldfinger.runfiles.disk import Disk, RunFileError, cause_and_remedy


def run_name(kind: str, *details: str) -> str:
    """A folder name with the local time in front, such as 2026-11-22_153012_temperature-ramp_100-Oe."""
    parts = [re.sub(r"[^A-Za-z0-9.+-]+", "-", part).strip("-.") for part in (kind, *details)]
    return "_".join([datetime.now(UTC).astimezone().strftime("%Y-%m-%d_%H%M%S"), *filter(None, parts)])


def new_run_folder(parent: Path, name: str, disk: Disk | None = None) -> Path:
    """Make a folder of this name in `parent`, or with -2, -3, ... behind it when the name is taken.

    Making the folder is what reserves the name: two callers in the same millisecond get two folders.
    Missing parents are made. Raises RunFileError when the folder cannot be made.
    """
    disk = disk or Disk()
    if not name or name in (".", "..") or any(mark in name for mark in '/\\:*?"<>|\0\n'):
        raise RunFileError(
            f'run folder {name!r} in {parent}: a name may not be empty nor hold any of / \\ : * ? " < > |; '
            "choose another name"
        )
    try:
        Path(parent).mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = Path(parent) / (name if number == 1 else f"{name}-{number}")
            with contextlib.suppress(FileExistsError):
                disk.mkdir(folder)
                return folder
            number += 1
    except OSError as error:
        cause, remedy = cause_and_remedy(error)
        raise RunFileError(f"run folder {name} cannot be made in {parent}: {cause}; {remedy}") from error
