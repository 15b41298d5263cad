"""Who is in control: one at a time, for a limited time, so that the control of a dead program ends by itself."""

import secrets
from dataclasses import dataclass

from coldfinger.instruments.clock import Clock
from coldfinger.procedures.engine.face import NotInControl

SHORTEST, LONGEST = 1.0, 60.0
"""Limits of the time (s) for which control is given; who wants it for longer renews it."""


class LeaseEnded(NotInControl):
    """The lease that was shown is not, or no longer, the one in force."""


@dataclass(frozen=True)
class _Holder:
    who: str
    key: str
    ends: float


class Lease:
    """The right to control. Whoever takes it gets a key, and shows the key with each command."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._holder: _Holder | None = None

    def take(self, who: str, seconds: float) -> str:
        """Become the one in control for `seconds`; returns the key. Raises NotInControl, naming who has it."""
        holder = self._present()
        if holder is not None:
            raise NotInControl(self._refusal(holder))
        return self._hold(who, secrets.token_urlsafe(16), seconds)

    def renew(self, key: str, seconds: float) -> str:
        """Keep control for `seconds` from now."""
        return self._hold(self.check(key), key, seconds)

    def give(self, key: str) -> None:
        """End it; a key that is not in force changes nothing."""
        holder = self._present()
        if holder is not None and _same(holder.key, key):
            self._holder = None

    def check(self, key: str) -> str:
        """Who holds control by this key. Raises LeaseEnded, or NotInControl naming the one in control."""
        holder = self._present()
        if holder is None:
            raise LeaseEnded("nobody is in control now, or this control has ended: take control again")
        if not _same(holder.key, key):
            raise NotInControl(self._refusal(holder))
        return holder.who

    def show(self) -> dict[str, object] | None:
        """{"who", "seconds" left} or None."""
        holder = self._present()
        return None if holder is None else {"who": holder.who, "seconds": holder.ends - self._clock.time()}

    def _hold(self, who: str, key: str, seconds: float) -> str:
        if not SHORTEST <= seconds <= LONGEST:
            raise NotInControl(
                f"control for {seconds!s:.20} s was asked for; allowed are {SHORTEST:g} to {LONGEST:g} s, then renew it"
            )
        self._holder = _Holder(who, key, self._clock.time() + seconds)
        return key

    def _present(self) -> _Holder | None:
        if self._holder is not None and self._clock.time() >= self._holder.ends:
            self._holder = None
        return self._holder

    def _refusal(self, holder: _Holder) -> str:
        left = holder.ends - self._clock.time()
        return (
            f"{holder.who} is in control for another {left:.0f} s unless it renews; "
            "ask there, or wait; only abort is possible from everywhere"
        )


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
