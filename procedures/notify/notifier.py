"""Tells who went home: hears the engine's events and has them sent, one thread an address.

The engine leaves a notice and goes on; it never waits for a message, and nothing that goes wrong here reaches it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.procedures.engine.calendar import iso
from coldfinger.procedures.engine.news import News
from coldfinger.procedures.engine.queue import Queue
from coldfinger.procedures.laboratory.notify_table import is_wanted
from coldfinger.procedures.laboratory.station_file import StationFile, StationFileError
from coldfinger.procedures.notify.carriers import (
    MISSING,
    Carrier,
    CarrierError,
    address_carrier,
    apprise_is_there,
    command_carrier,
)
from coldfinger.procedures.notify.letter import OWN, TEST, Letter, Notice, letter_of, notice_of
from coldfinger.procedures.notify.outbox import Outbox, Parcel

log = logging.getLogger(__name__)

LAST = 5.0  # s for which the end of a program waits for its last messages
_NAP = 3600.0  # s that a thread sleeps when it has nothing to do

MakeCarrier = Callable[[], Carrier]
Say = Callable[[str], None]


class TellingEngine(Protocol):
    """What of an engine is needed: its events, its queue, and a way to say that a message did not go."""

    news: News
    queue: Queue

    def warn(self, kind: str, text: str) -> None: ...


def ways(file: StationFile) -> list[MakeCarrier]:
    """What makes the carriers of a station's [notify]; each raises CarrierError where it cannot be used."""
    table = file.sections["notify"]
    found: list[MakeCarrier] = [
        partial(address_carrier, address, number) for number, address in enumerate(table["to"], 1)
    ]
    return [*found, partial(command_carrier, table["command"])] if table["command"] else found


class Notifier:
    """All who are told by one station; nobody, where its file has no [notify] or it is a recording."""

    def __init__(self, file: StationFile, clock: Clock | None = None, make: list[MakeCarrier] | None = None) -> None:
        self._table = file.sections["notify"]
        self._station, self._simulated = file.top["name"], file.simulated
        self._clock = clock or WallClock()
        wanted = is_wanted(self._table) and not file.cassette
        self._make = (ways(file) if make is None else make) if wanted else []
        self._missing = bool(self._make and make is None and self._table["to"] and not apprise_is_there())
        if self._missing:
            self._make = self._make[len(self._table["to"]) :]
        self._postmen: list[_Postman] = []
        self._queue: Queue | None = None

    def listen(self, engine: TellingEngine) -> None:
        """Tell what happens to this engine from now on."""
        self._queue = engine.queue
        if self.begin(partial(engine.warn, OWN)):
            engine.news.listen(self.hear)

    def begin(self, say: Say) -> bool:
        """Be ready to tell; whether there is anybody. `say` is told who cannot be told, from any thread."""
        if self._missing:
            say(MISSING)
        self._postmen = [_Postman(make, self._letter, say, self._clock) for make in self._make]
        return bool(self._postmen)

    def all_told(self) -> bool:
        """Whether nothing waits to be sent, or to be tried again."""
        return all(postman.idle() for postman in self._postmen)

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take an event, in the thread of whoever tells it; returns at once and raises nothing."""
        try:
            notice = notice_of(event, () if self._queue is None else self._queue.items)
            if notice is not None and notice.word in self._table["on"]:
                for postman in self._postmen:
                    postman.hear(notice)
        except Exception:
            log.exception("an event could not be told: %s", event)

    def close(self) -> None:
        """Send what waits, once and for a few seconds at most; a message that takes longer is left to itself."""
        end = self._clock.time() + LAST
        for postman in self._postmen:
            postman.end()
        for postman in self._postmen:
            if not postman.ended(end - self._clock.time()):
                log.warning("%s: the last message was still on its way when the program ended", postman.name)

    def _letter(self, parcel: Parcel) -> Letter:
        return letter_of(self._station, self._simulated, parcel.first, parcel.newest, parcel.count)


def try_out(file: StationFile) -> Iterator[tuple[str, str]]:
    """Send a test message to one after the other; who it was sent to, and why it did not go, "" where it did.

    Raises StationFileError where nobody would be told.
    """
    if not is_wanted(file.sections["notify"]) or file.cassette:
        raise StationFileError(
            f'{file.source}: nobody is told by this station; write [notify] with to = ["mailto://..."] into its file'
        )
    now = iso(datetime.now(UTC))
    notice = Notice(TEST, TEST, "this is a test message: nothing has happened, and nothing has to be done.", now)
    letter = letter_of(file.top["name"], file.simulated, notice, notice)
    for make in ways(file):
        try:
            carrier = make()
        except CarrierError as error:
            yield "[notify]", str(error)
        else:
            yield carrier.name, _why_not(carrier, letter)


def _why_not(carrier: Carrier, letter: Letter) -> str:
    """Why a message did not go, "" where it did."""
    try:
        return carrier.deliver(letter)
    except Exception as error:  # of somebody else's library: it may end neither a thread nor a command
        log.exception("%s: a message could not be sent", carrier.name)
        return type(error).__name__


class _Postman:
    """Sends to one address, in a thread of its own."""

    def __init__(self, make: MakeCarrier, letter: Callable[[Parcel], Letter], say: Say, clock: Clock) -> None:
        self._make, self._letter, self._say, self._clock = make, letter, say, clock
        self.name = ""
        self._outbox = Outbox()
        self._changed = threading.Condition()
        self._ending = self._in_vain = self._carrying = False
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self._thread.start()

    def hear(self, notice: Notice) -> None:
        with self._changed:
            self._outbox.put(notice, self._clock.time())
            self._changed.notify()

    def idle(self) -> bool:
        with self._changed:
            return (self._outbox.is_empty and not self._carrying) or not self._thread.is_alive()

    def end(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify()

    def ended(self, seconds: float) -> bool:
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            carrier = self._make()
        except CarrierError as error:
            self._say(str(error))
            return
        except Exception as error:
            log.exception("somebody cannot be told")
            self._say(
                f"somebody in [notify] cannot be told: {type(error).__name__}; try it by `coldfinger station notify`"
            )
            return
        self.name = carrier.name
        while (parcel := self._next()) is not None:
            self._after(parcel, _why_not(carrier, self._letter(parcel)))

    def _next(self) -> Parcel | None:
        """What is to be sent next; waits for it. None at the end."""
        with self._changed:
            while True:
                now = self._clock.time()
                parcel = self._outbox.take(now, at_once=self._ending)
                if parcel is not None or self._ending:
                    self._carrying = parcel is not None
                    return parcel
                self._changed.wait(min(_NAP, self._outbox.seconds(now)))

    def _after(self, parcel: Parcel, reason: str) -> None:
        with self._changed:
            now = self._clock.time()
            self._carrying = False
            if not reason:
                self._outbox.went(parcel, now)
                self._in_vain = False
                return
            given_up = self._ending or self._outbox.failed(parcel, now)
            told, self._in_vain = self._in_vain, self._in_vain or given_up
        log.log(
            logging.WARNING if self._ending else logging.INFO, "%s: a message could not be sent: %s", self.name, reason
        )
        if given_up and not told:
            tries = "1 try" if not parcel.tries else f"{parcel.tries + 1} tries"
            self._say(
                f"{self.name} could not be told, after {tries}: {reason}. The night goes on, and nothing more is said "
                "of this until a message goes through. See to the network or the address."
            )
