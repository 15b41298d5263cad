"""What all drivers share: strict replies, checked commands, identity, and a list of settings.

A driver translates. It never waits, plots, or talks while it is made; how a link is kept honest is the
business of `coldfinger.instruments.link`. Over any other pymeasure adapter a driver works too, without
repetition of questions.
"""

import math
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Any, ClassVar

from pymeasure.instruments import Channel, Instrument

from coldfinger.instruments.errors import CommandError, InstrumentError, LinkError, ReplyError
from coldfinger.instruments.link import Link

SNAPSHOT_TIME = 10.0
"""Seconds of the link's clock after which a snapshot of one instrument asks nothing more.

What has begun ends: an exchange waits for two replies at most (the identity, if the link is in doubt, and the answer),
so that with the usual patience of 3 s an instrument costs less than 20 s.
"""


def reply(pattern: str, form: str) -> Callable[[str], str]:
    """A `preprocess_reply` that lets a reply pass only if all of it matches `pattern`.

    `form` says in words what is required. Raises ReplyError, which the driver completes with who and what
    was asked.
    """
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ReplyError(f"required is {form}")
        return text

    return check


def index_reply(count: int) -> Callable[[str], str]:
    """A `preprocess_reply` for the index of a table of `count` entries, leading zeros allowed."""
    return reply("0*(?:" + "|".join(str(i) for i in range(count)) + ")", f"a whole number 0 to {count - 1}")


class Linked(Instrument):  # type: ignore[misc]
    """Base of all drivers.

    `IDENTITY` is the pattern of the model's identity, `WHO_ARE_YOU` the question for it, `SETTINGS` the
    properties of a snapshot. `OPENING` are commands, by kind of interface, without which the instrument does
    not answer; `FORGET` are questions that clear errors which are older than this program.
    """

    IDENTITY: ClassVar[str] = ".+"
    WHO_ARE_YOU: ClassVar[str] = "*IDN?"
    SETTINGS: ClassVar[tuple[str, ...]] = ()
    OPENING: ClassVar[dict[str, tuple[str, ...]]] = {}
    FORGET: ClassVar[tuple[str, ...]] = ()

    # pymeasure guards the names of dynamic properties at every access. There are none here (`_special_names` is empty),
    # and a rehearsed night would spend a tenth of its time there.
    __getattribute__ = object.__getattribute__

    def __init__(self, adapter: Any, name: str, **kwargs: Any) -> None:
        super().__init__(adapter, name, includeSCPI=False, **kwargs)
        self._identity: str | None = None
        self._link = self.adapter if isinstance(self.adapter, Link) else None
        self.lock = self._link.lock if self._link else threading.RLock()
        if self._link:
            address = self._link.resource_name
            interface = re.match(r"[A-Z]*", address.upper())
            opening = self.OPENING.get(interface.group() if interface else "", ())
            self._link.introduce(f"{name} at {address}", self.IDENTITY, opening, self.FORGET, self.WHO_ARE_YOU)

    @property
    def who(self) -> str:
        """Name and address, as in messages."""
        return self._link.who if self._link else str(self.name)

    @property
    def doubts(self) -> int:
        """How often the link had to be made clean since the first contact."""
        return self._link.doubts if self._link else 0

    # Questions

    def question(self, question: str, check: Callable[[str], Any], retry: bool = True) -> Any:
        """Send `question`, return `check(reply)`; ReplyError from `check` is completed with who and what."""

        def checked(text: str) -> Any:
            try:
                return check(text)
            except ReplyError as trouble:
                raise ReplyError(f"{self.who}: {question!r} was answered {text!r}; {trouble}") from None

        with self.lock:
            if self._link:
                return self._link.ask(question, checked, retry=retry)
            self.adapter.write(question)
            return checked(self.adapter.read().strip())

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """The reply to a question, as text."""
        return str(self.question(command, str))

    def values(
        self,
        command: str,
        separator: str = ",",
        cast: Callable[[str], Any] = float,
        preprocess_reply: Callable[[str], str] | None = None,
        maxsplit: int = -1,
        retry: bool = True,
        **kwargs: Any,
    ) -> list[Any]:
        """The fields of a reply, each through `cast`; a field that cannot be cast raises ReplyError.

        `retry=False` is for questions that change something by being asked: they are sent once.
        """

        def parse(text: str) -> list[Any]:
            if preprocess_reply is not None:
                text = preprocess_reply(text)
            try:
                fields = [cast(field.strip()) for field in text.split(separator, maxsplit)]
            except ValueError as trouble:
                raise ReplyError(f"required is {getattr(cast, '__name__', cast)} ({trouble})") from trouble
            if not all(math.isfinite(field) for field in fields if isinstance(field, float)):
                raise ReplyError("required is a finite number")
            return fields

        return list(self.question(command, parse, retry))

    # Commands

    def write(self, command: str, **kwargs: Any) -> None:
        """Send a command and ask, under the same lock, whether the instrument refused it.

        Raises CommandError when it did, LinkError when the command may not have arrived: it is not sent
        again.
        """
        with self.lock:
            try:
                refusals = self._carry_out(command)
            except LinkError as trouble:
                raise LinkError(
                    f"{self.who}: whether {command!r} was carried out is not known; read the setting back "
                    f"before sending it again ({trouble})"
                ) from trouble
            if refusals:
                raise CommandError(f"{self.who}: {command!r} was refused: {'; '.join(refusals)}")

    def _carry_out(self, command: str) -> list[str]:
        self.adapter.write(command)
        return self.refusals()

    def tell(self, command: str) -> None:
        """Send a command without asking for errors."""
        with self.lock:
            self.adapter.write(command)

    def shout(self, command: str) -> None:
        """Send a command in whatever state the link is, once and at once, see `Link.shout`."""
        if self._link:
            self._link.shout(command)
        else:
            self.adapter.write(command)

    def hurried(self, patience: float) -> AbstractContextManager[None]:
        """Inside, nothing is repeated and a reply is waited for `patience` (s) only, see `Link.hurried`."""
        return self._link.hurried(patience) if self._link else nullcontext()

    def sparing(self, seconds: float) -> AbstractContextManager[None]:
        """Inside, nothing is repeated later than `seconds` from now, see `Link.sparing`."""
        return self._link.sparing(seconds) if self._link else nullcontext()

    @property
    def clean(self) -> bool:
        """Whether the last exchange ended as it must; always True without a link that watches it."""
        return self._link is None or self._link.clean

    def refusals(self) -> list[str]:
        """What the instrument says it refused since the last look; asking clears it."""
        return []

    def _emptied_queue(self, length: int) -> list[str]:
        """The errors of an instrument that keeps up to `length` of them for SYST:ERR?, oldest first."""

        def parse(line: str) -> tuple[int, str]:
            match = re.fullmatch(r'([+-]?\d{1,3}),\s*"([^"]*)"', line)
            if match is None:
                raise ReplyError('required is number and text like 0,"No error"')
            return int(match.group(1)), match.group(2)

        errors: list[str] = []
        for _ in range(length + 1):
            number, text = self.question("SYST:ERR?", parse, retry=False)
            if number == 0:
                break
            errors.append(f'{number},"{text}"')
        return errors

    def check_errors(self) -> list[Any]:
        """Raise CommandError if the instrument has refused something since the last look."""
        refusals = self.refusals()
        if refusals:
            raise CommandError(f"{self.who}: an earlier command was refused: {'; '.join(refusals)}")
        return []

    # Identity

    def identify(self) -> str:
        """Ask for the identity, check that it is the expected model, remember and return it."""

        def is_the_model(text: str) -> str:
            if re.fullmatch(self.IDENTITY, text) is None:
                raise ReplyError(f"required is {self.IDENTITY}; is this the right address?")
            return text

        self._identity = str(self.question(self.WHO_ARE_YOU, is_the_model))
        return self._identity

    def confirm(self) -> None:
        """Raise LinkError unless the instrument answers with the identity that it gave first."""
        if self._link:
            self._link.confirm()
        elif self._identity is None:
            self.identify()
        elif (now := self.ask(self.WHO_ARE_YOU)) != self._identity:
            raise LinkError(f"{self.who}: {self.WHO_ARE_YOU!r} was answered {now!r}; required is {self._identity!r}")

    def snapshot(self) -> dict[str, object]:
        """Every setting by name, JSON-ready; one that cannot be read is None."""
        return snapshot_of(self, self.SETTINGS)


class View(Channel):  # type: ignore[misc]
    """A part of an instrument in a role of its own; everything goes over the parent's link and lock."""

    SETTINGS: ClassVar[tuple[str, ...]] = ()

    __getattribute__ = object.__getattribute__  # as in Linked

    def __init__(self, parent: Linked, id: int | str, label: str) -> None:
        super().__init__(parent, id)
        self._label = label

    @property
    def name(self) -> str:
        """Name of the instrument and of this part of it."""
        return f"{self.parent.name} {self._label}"

    @property
    def who(self) -> str:
        """Name, part and address, as in messages."""
        return f"{self.parent.who}, {self._label}"

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """The reply to a question, as text."""
        return str(self.parent.ask(self.insert_id(command)))

    def values(self, command: str, **kwargs: Any) -> list[Any]:
        """The fields of a reply, see `Linked.values`."""
        return list(self.parent.values(self.insert_id(command), **kwargs))

    def identify(self) -> str:
        """Ask the instrument for its identity, see `Linked.identify`."""
        return str(self.parent.identify())

    def confirm(self) -> None:
        """Raise LinkError unless the instrument answers with the identity that it gave first."""
        self.parent.confirm()

    def snapshot(self) -> dict[str, object]:
        """Every setting by name, JSON-ready; one that cannot be read is None."""
        return snapshot_of(self, self.SETTINGS)


def snapshot_of(instrument: Any, names: Iterable[str]) -> dict[str, object]:
    """The named properties, JSON-ready; None for one that cannot be read.

    After silence the rest is not asked for: an instrument that is switched off shall not cost a minute per
    setting. After a reply that could not be believed the rest is asked for once each, without repetition. No property
    is begun later than SNAPSHOT_TIME after the first.
    """
    whole = getattr(instrument, "parent", instrument)
    settings: dict[str, object] = dict.fromkeys(names)
    doubtful = False
    with whole.sparing(SNAPSHOT_TIME):
        for name in settings:
            if whole._link is not None and whole._link.out_of_time:
                break
            try:
                with whole.sparing(0.0 if doubtful else SNAPSHOT_TIME):
                    settings[name] = jsonable(getattr(instrument, name))
            except ReplyError:
                doubtful = True
            except LinkError:
                break
            except InstrumentError:
                continue
    return settings


def jsonable(value: Any) -> object:
    """`value` in the types of JSON: enumerations by name, named tuples as objects, numbers as they are."""
    if isinstance(value, Enum):
        return value.name
    if hasattr(value, "_asdict"):
        return {field: jsonable(part) for field, part in value._asdict().items()}
    if isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{value!r} has no place in JSON")
