"""The one face of the engine, in the same process or in another: what a window, a command line or a notebook may ask.

The engine itself and `client.Client` both have these three methods, so that a program need not know which it holds.
"""

from typing import Any, Protocol, runtime_checkable

ABORT = "abort"
"""The command that makes the station safe; anyone may give it at any time."""


class Refused(ValueError):
    """A command that was not accepted and left everything as it was; the sentence says why and what is allowed."""


class NotInControl(Refused):
    """A command of someone who has no right to give it now: no token, or another one is in control."""


class OwnerSilent(ConnectionError):
    """The owner process did not answer in time, or there is none; the sentence says which and what to do."""


@runtime_checkable
class EngineFace(Protocol):
    """What can be asked of an engine; every method may be called from any thread."""

    def command(self, name: str, /, *, who: str = "", **arguments: Any) -> Any:
        """Give a command, such as "pause", in the name of `who`; returns the engine's answer, plain values only.

        Raises Refused for a command that is not accepted.
        """
        ...

    def snapshot(self) -> dict[str, Any]:
        """What is going on, plain values only; a copy that never changes."""
        ...

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """Events with number ("seq") `since` and above, oldest first; possibly only the first part of them."""
        ...
