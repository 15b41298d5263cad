"""What time of day it is at a station: the world's at a real one, the start plus virtual time at a simulated one."""

from datetime import UTC, datetime, timedelta

from coldfinger.instruments.clock import Clock


class Calendar:
    """Greenwich time that belongs to a station's clock; `virtual` clocks count from `start`."""

    def __init__(self, clock: Clock, virtual: bool, start: datetime | None = None) -> None:
        self._clock = clock
        self._virtual = virtual
        self._start = (start or datetime.now(UTC)) - timedelta(seconds=clock.time())

    def now(self) -> datetime:
        """The time of day (UTC, with its zone)."""
        if self._virtual:
            return self._start + timedelta(seconds=self._clock.time())
        return datetime.now(UTC)

    def in_seconds(self, seconds: float) -> datetime:
        """The time of day `seconds` from now."""
        return self.now() + timedelta(seconds=seconds)

    def seconds_until(self, text: str) -> float:
        """Seconds from now until a time written as ISO 8601 with its zone; negative when it has passed."""
        return (datetime.fromisoformat(text) - self.now()).total_seconds()


def moment_of(text: str, what: str) -> str:
    """A time of day as `iso` writes it, "" for none; raises ValueError for what is no ISO 8601 text with a zone."""
    if not text:
        return ""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None:
            return iso(time)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f'{what}: {text!r:.60} is no time with its zone; write it as "2026-11-23T08:30:00+00:00"')


def iso(time: datetime) -> str:
    """ISO 8601 in Greenwich time, to the second."""
    return time.astimezone(UTC).isoformat(timespec="seconds")
