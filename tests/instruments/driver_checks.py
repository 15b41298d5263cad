"""Checks that hold for every driver: what goes over the wire, and what is refused before it does."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any

import pint
import pytest
from pymeasure.test import expected_protocol

from coldfinger.instruments.errors import ReplyError
from tests.instruments.contracts import Exchanges, Limit, Row

ABOUT_THE_LINK = {"who", "doubts", "name", "clean", "field_limit", "rate_limit"}  # these ask the instrument nothing
NOT_NUMBERS = ("0.1", None, float("nan"), float("inf"), [1.0], 1j, b"1")
NOT_NUMBERS += (pint.UnitRegistry(cache_folder=None).Quantity(0.1, "volt"),)


class Bench:
    """A driver class, the view of it under test, and how it asks for errors after a command."""

    def __init__(
        self,
        driver: type,
        view: str = "",
        appended: str = "",
        check: Exchanges = (),
        answer: Callable[[str], str | None] = lambda command: None,
        **kwargs: Any,
    ):
        self.driver, self.view, self.appended, self.check, self.kwargs = driver, view, appended, check, kwargs
        self.answer = answer

    def command(self, command: str) -> Exchanges:
        """The exchanges of an accepted command."""
        if self.appended:
            return ((command + self.appended, "000"),)
        return ((command, self.answer(command)), *self.check)

    def noted(self, command: str, bits: str) -> Exchanges:
        """The exchanges of a command after which the event register says `bits`."""
        *before, (question, _) = self.command(command)
        return (*before, (question, bits))

    @contextmanager
    def talking(self, exchanges: Iterable[tuple[str, str | None]]) -> Iterator[Any]:
        """The view, over a wire on which exactly these exchanges take place."""
        with expected_protocol(self.driver, list(exchanges), **self.kwargs) as driver:
            yield getattr(driver, self.view) if self.view else driver

    def silent(self) -> Any:
        """The view, over a wire on which nothing may be sent."""
        return self.talking(())


def properties_of(kind: type) -> dict[str, property]:
    """All properties of our own classes, by name."""
    return {
        name: member
        for owner in reversed(kind.__mro__)
        if owner.__module__.startswith("coldfinger.")
        for name, member in vars(owner).items()
        if isinstance(member, property) and name not in ABOUT_THE_LINK
    }


def settable(kind: type) -> set[str]:
    """Names of the properties that can be set."""
    return {name for name, member in properties_of(kind).items() if _sets(member)}


def _sets(member: property) -> bool:
    # pymeasure's measurements have a setter too, which raises LookupError.
    if member.fset is None:
        return False
    command = (member.fset.__defaults__ or (True,))[0]
    return command is not None


def check_coverage(kind: type, rows: Sequence[Row], limits: Sequence[Limit], apart: Set[str] = frozenset()) -> None:
    """Every property has a row, every one that can be set has a set command, and no row is about nothing.

    `apart` are properties of several questions, or of none, which have tests of their own.
    """
    assert {row.property for row in rows} == set(properties_of(kind)) - apart
    assert {row.property for row in rows if row.set_command} == settable(kind) - apart
    assert {limit.property for limit in limits} <= settable(kind)


def asking(row: Row, reply: str) -> Exchanges:
    """The exchanges of a get that is answered with `reply` in the end."""
    return (*row.asked, (row.query, reply)) if row.query else row.asked


def check_get(bench: Bench, row: Row) -> None:
    """The question goes out byte for byte and the reply becomes the value, of the same type."""
    with bench.talking(asking(row, row.reply)) as view:
        value = getattr(view, row.property)
    assert value == row.value
    assert type(value) is type(row.value)


def check_set(bench: Bench, row: Row) -> None:
    """The command goes out byte for byte, then its errors are asked for."""
    assert row.set_command is not None
    with bench.talking([*row.before, *bench.command(row.set_command), *row.after]) as view:
        setattr(view, row.property, row.set_value)


def check_limit(bench: Bench, limit: Limit) -> None:
    """Both edges are sent, where one command sends them, and what lies outside is refused before anything is sent."""
    for value, command in ((limit.low, limit.low_command), (limit.high, limit.high_command)):
        if not command:
            continue
        with bench.talking([*limit.before, *bench.command(command), *limit.after]) as view:
            setattr(view, limit.property, value)
    for value in (limit.below, limit.above):
        with bench.silent() as view, pytest.raises(ValueError, match="allowed are"):
            setattr(view, limit.property, value)


def check_types(bench: Bench, row: Row) -> None:
    """Text, None, nan, a quantity of pint, bool for a number, a number for an enumeration: refused, nothing is sent."""
    refused: list[Any] = list(NOT_NUMBERS)
    if not isinstance(row.set_value, bool):
        refused.append(True)
    refused.append(1 if isinstance(row.set_value, bool) or hasattr(row.set_value, "name") else "on")
    if isinstance(row.set_value, tuple):
        refused.append(tuple(row.set_value))
        for place, part in enumerate(row.set_value):
            for wrong in ("x", None, float("nan"), 1 if isinstance(part, bool) else True):
                refused.append(type(row.set_value)(*row.set_value[:place], wrong, *row.set_value[place + 1 :]))
    for value in refused:
        with bench.silent() as view, pytest.raises(ValueError, match=r"must be|is not a"):
            setattr(view, row.property, value)


def check_replies(bench: Bench, row: Row) -> None:
    """Nothing but the required form is taken for an answer."""
    if not row.query:
        return
    cut = row.reply[:-1] if row.reply[-1] in "eE+-,;." else row.reply + "e"
    wrong = ("", "abc", "nan", "inf", "--1", "1,5,", cut, row.reply + "x", row.reply + "," + row.reply)
    for reply in wrong:
        with (
            bench.talking(asking(row, reply)) as view,
            pytest.raises(ReplyError, match="required is") as caught,
        ):
            getattr(view, row.property)
        assert repr(row.query) in str(caught.value)
        assert repr(reply) in str(caught.value)
