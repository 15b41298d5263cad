"""Where the owner of a station leaves its address and its token, so that clients of the same person find them.

The folder belongs to one person and is private; it never lies beside the data, which may be on a shared drive.
"""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

ENDPOINT, TOKEN, LOG = "owner.json", "owner.token", "owner.log"


@dataclass(frozen=True)
class OwnerAddress:
    """Who owns the station and where it listens."""

    endpoint: str  # tcp://127.0.0.1:PORT
    pid: int
    name: str
    started: str  # UTC, ISO 8601
    schema: int = 1


def owner_folder(station: str | Path) -> Path:
    """Where the owner of a station is found: by its station file, or "sim"."""
    from coldfinger.procedures.safety.locks import state_folder

    if station == "sim":
        return state_folder() / "owners" / "sim"
    path = Path(station).resolve()
    word = re.sub(r"[^A-Za-z0-9-]+", "-", path.stem).strip("-") or "station"
    key = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return state_folder() / "owners" / f"{word}-{key}"


def make_private(folder: Path) -> None:
    """Make the folder, for nobody but its owner."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, at once whole: a reader sees the old one or the new one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def write_address(folder: Path, address: OwnerAddress) -> None:
    """Say where the owner listens."""
    write_private(folder / ENDPOINT, json.dumps(asdict(address)) + "\n")


def read_address(folder: Path) -> OwnerAddress | None:
    """The owner's address; None if there is no owner. Raises ValueError for a file that nobody of ours wrote."""
    try:
        text = (folder / ENDPOINT).read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        data = json.loads(text)
        address = OwnerAddress(**data)
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"{folder / ENDPOINT} is damaged: end the owner, delete the file, start it again") from None
    if not isinstance(address.endpoint, str) or not re.fullmatch(r"tcp://127\.0\.0\.1:\d{1,5}", address.endpoint):
        raise ValueError(
            f"{folder / ENDPOINT}: {address.endpoint!r:.60} is not an address on this computer; "
            "allowed is tcp://127.0.0.1:PORT: delete the file and start the owner again"
        )
    return address


def remove_address(folder: Path, address: OwnerAddress) -> None:
    """Take back what `write_address` said, unless another owner has written meanwhile."""
    try:
        if read_address(folder) != address:
            return
    except ValueError:
        return
    for name in (ENDPOINT, TOKEN):
        (folder / name).unlink(missing_ok=True)
