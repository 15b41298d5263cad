"""How a message goes out: to an address that apprise understands, or through a command; no password is shown."""

import importlib.util
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from coldfinger.procedures.laboratory.notify_table import FAULT, FROM_ENVIRONMENT, HELD, WARNING, is_hidden
from coldfinger.procedures.notify.letter import Letter

COMMAND_TIME = 30.0  # s that a command may take
MISSING = (
    "nobody can be told at the addresses of [notify], because the package apprise is not installed: "
    "pip install coldfinger[notify]"
)
_TYPES = {FAULT: "failure", HELD: "warning", WARNING: "warning"}
_LONGEST_REASON = 200


class CarrierError(ValueError):
    """An address or a command through which nobody can be told; one sentence without a password."""


class Carrier(Protocol):
    """One way for messages; `name` shows it without its secrets."""

    name: str

    def deliver(self, letter: Letter) -> str:
        """Send it, within some seconds; "" when it went, otherwise why not."""
        ...


def apprise_is_there() -> bool:
    """Whether messages can be sent to addresses; nothing is imported."""
    return importlib.util.find_spec("apprise") is not None


def address_carrier(address: str, number: int) -> "AddressCarrier":
    """The way to the address with that number in `notify.to`, or in the environment variable that it names.

    Raises CarrierError.
    """
    name = f"notify.to, address {number}"
    url = address
    if address.startswith(FROM_ENVIRONMENT):
        name = address
        url = os.environ.get(address.removeprefix(FROM_ENVIRONMENT), "").strip()
        if not url:
            raise CarrierError(
                f"{name}: there is no such environment variable here, so nobody is told there; set it to the address "
                "before the program starts"
            )
    if is_hidden(url):
        raise CarrierError(f"{name} was left out of this copy of a station file; use the file itself")
    if not apprise_is_there():
        raise CarrierError(MISSING)
    return AddressCarrier(url, name)


class AddressCarrier:
    """An address that apprise understands: mailto://, slack://, ntfy://, json://, ...; raises CarrierError."""

    def __init__(self, url: str, name: str) -> None:
        import apprise  # takes a tenth of a second, so it is left to whoever sends

        # Its own log would repeat what is said here, with parts of addresses.
        logging.getLogger("apprise").propagate = False
        service = apprise.Apprise.instantiate(url)
        if service is None:
            raise CarrierError(
                f"{name} is not an address that apprise understands, so nobody is told there; see its list of services"
            )
        place = urlsplit(service.url(privacy=True))
        shown = f"{place.scheme}://{place.netloc}"
        self.name = f"{name} ({shown})"
        self._secrets = _pieces(url, shown)
        self._sender: Any = apprise.Apprise()
        self._sender.add(service)

    def deliver(self, letter: Letter) -> str:
        result = self._sender.notify(
            title=letter.title, body=letter.body, notify_type=_TYPES.get(letter.word, "info"), body_format="text"
        )
        if result:
            return ""
        said = [str(entry.message) for entry in result.logs()]
        return _without(self._secrets, said[-1] if said else "it was refused")


def command_carrier(command: Sequence[str]) -> "CommandCarrier":
    """The way through a program. Raises CarrierError where there is no such program."""
    if shutil.which(command[0]) is None:
        raise CarrierError(f"notify.command: there is no program {command[0]}; give its full path")
    return CommandCarrier(tuple(command))


class CommandCarrier:
    """A program that gets the message on its standard input, title first; it must end with 0 in time."""

    def __init__(self, command: tuple[str, ...], longest: float = COMMAND_TIME) -> None:
        self.name = f"command {command[0]}"
        self._command, self._longest = command, longest

    def deliver(self, letter: Letter) -> str:
        text = f"{letter.title}\n\n{letter.body}\n"
        # A file, not a pipe, which somebody whom the program has started could hold open.
        with tempfile.TemporaryFile() as errors:
            try:
                done = subprocess.run(
                    self._command,
                    input=text.encode(),
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    timeout=self._longest,
                    check=False,
                    start_new_session=True,  # Ctrl-C in the terminal of a night is not meant for it
                )
            except subprocess.TimeoutExpired:
                return f"it did not end within {self._longest:g} s, and was ended"
            except OSError as error:
                return f"it could not be started: {error.strerror or error}"
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
        if done.returncode == 0:
            return ""
        reason = f"it ended with {done.returncode}" + (f": {said[-1]}" if said else "")
        return _without(tuple(word for word in self._command[1:] if len(word) > 3), reason)


def _pieces(url: str, shown: str) -> tuple[str, ...]:
    """What an address holds beside what may be shown of it, the longest first."""
    found = {piece for text in (url, unquote(url)) for piece in re.split(r"[/:@?&=#,\s]+", text)}
    return tuple(sorted((piece for piece in found if len(piece) > 3 and piece not in shown), key=len, reverse=True))


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "...")
    return " ".join(text.split())[:_LONGEST_REASON].rstrip(" .")
