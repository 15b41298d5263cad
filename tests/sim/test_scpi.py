"""The machinery below every simulated front panel: lines, parameters, faults."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.sim.scpi import (
    CommandTable,
    Fault,
    Optional,
    Panel,
    Refused,
    boolean,
    integer,
    real,
    split,
    word,
)


class Toy(Panel):
    """Remembers one number and all complaints."""

    commands = CommandTable()
    reply_end = b"\n"
    line_limit = 20

    def __init__(self) -> None:
        super().__init__()
        self.value = 0.0
        self.faults: list[Fault] = []

    def parse(self, statement: str) -> tuple[str, list[str]]:
        header, _, rest = statement.partition(" ")
        return header.upper(), split(rest, ",")

    def refuse(self, fault: Fault) -> None:
        self.faults.append(fault)

    def serial_poll(self, waiting: bool) -> int:
        return 16 if waiting else 0

    @commands.command("SET", takes=(real(-5.0, 5.0), Optional(integer(0, 3))))
    def set(self, value: float, extra: int = 0) -> None:
        self.value = value + extra

    @commands.command("GET?")
    def get(self) -> str:
        return f"{self.value:g}"

    @commands.command("NO?")
    def no(self) -> str:
        raise Refused(Fault.NO_SWITCH)


class Joining(Toy):
    joins_answers = True


def test_a_set_command_is_silent_and_a_query_answers_once():
    toy = Toy()
    assert toy.receive(b"set 2.5\n") == b""
    assert toy.receive(b"GET?\n") == b"2.5\n"
    assert toy.receive(b"") == b""


def test_lf_and_cr_lf_end_a_command_and_several_lines_may_come_at_once():
    assert Toy().receive(b"SET 1\r\nGET?\nSET 2\nGET?\r\n") == b"1\n2\n"


def test_a_message_may_end_without_a_terminator_where_the_bus_says_so():
    toy = Toy()
    assert toy.receive(b"GET?") == b""
    assert toy.receive(b"", end=True) == b"0\n"
    assert toy.receive(b"GET?", end=True) == b"0\n"
    assert toy.receive(b"GET?\n", end=True) == b"0\n"


def test_answers_of_one_line_are_separate_or_joined_by_model():
    assert Toy().receive(b"GET?;SET 3;GET?\n") == b"0\n3\n"
    assert Joining().receive(b"GET?;SET 3;GET?\n") == b"0;3\n"
    assert Joining().receive(b"SET 3;SET 1\n") == b""


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"WHAT 1", Fault.UNKNOWN_COMMAND),
        (b"WHAT?", Fault.UNKNOWN_QUERY),
        (b"SET", Fault.MISSING_PARAMETER),
        (b"SET x", Fault.INVALID_PARAMETER),
        (b"SET nan", Fault.INVALID_PARAMETER),
        (b"SET 1_0", Fault.INVALID_PARAMETER),
        (b"SET 5.01", Fault.OUT_OF_RANGE),
        (b"SET 1e999", Fault.OUT_OF_RANGE),
        (b"SET 1,0.5", Fault.INVALID_PARAMETER),
        (b"NO?", Fault.NO_SWITCH),
        (b"SET 1,2             1", Fault.LINE_TOO_LONG),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(line, fault):
    toy = Toy()
    assert toy.receive(line + b"\n") == b""
    assert toy.faults == [fault]
    assert toy.value == 0.0


def test_spare_parameters_and_leading_zeros_are_tolerated():
    toy = Toy()
    toy.receive(b"SET 01.5,02,99\n")
    assert toy.value == 3.5
    assert toy.faults == []


def test_an_endless_line_stays_bounded_and_is_one_fault():
    toy = Toy()
    for _ in range(1000):
        toy.receive(b"GET?" * 100)
    assert len(toy.port._line) <= toy.line_limit
    assert toy.receive(b"\nGET?\n") == b"0\n"
    assert toy.faults == [Fault.LINE_TOO_LONG]


def test_a_client_that_never_reads_loses_its_oldest_replies():
    toy = Toy()
    for _ in range(10000):
        toy.port.receive(b"GET?\n")
    assert len(toy.port.out) == 4096


def test_clearing_a_port_forgets_half_a_command_and_unread_replies():
    toy = Toy()
    toy.port.receive(b"GET?\nSET 4")
    toy.port.clear()
    assert toy.receive(b"\nGET?\n") == b"0\n"


def test_separators_inside_quotes_do_not_separate():
    assert split('1,"a, b;c" , 2', ",") == ["1", '"a, b;c"', "2"]
    assert word('"a, b"') == "a, b"
    assert word('"') == '"'


@pytest.mark.parametrize(("text", "value"), [("0", False), ("1", True), ("01", True), ("1.0", True)])
def test_booleans_are_zero_and_one(text, value):
    assert boolean(text) is value


@pytest.mark.parametrize("text", ["2", "on", "", "-1"])
def test_nothing_else_is_a_boolean(text):
    with pytest.raises(Refused) as refused:
        boolean(text)
    assert refused.value.fault is Fault.NOT_BOOLEAN


lines = st.lists(
    st.sampled_from([b"GET?", b"SET 1", b"SET 2,1", b"NO?", b"", b";", b"GET?;GET?", b"SET x"])
    | st.binary(max_size=30),
    max_size=10,
).map(b"\n".join)


@given(lines, st.lists(st.integers(0, 300), max_size=6))
def test_any_cut_of_a_conversation_gives_the_same_replies_and_faults(message, cuts):
    whole, cut = Toy(), Toy()
    places = [0, *sorted(min(c, len(message)) for c in cuts), len(message)]
    replies = b"".join(cut.receive(message[a:b]) for a, b in pairwise(places))
    assert replies == whole.receive(message)
    assert cut.faults == whole.faults
    assert cut.receive(b"", end=True) == whole.receive(b"", end=True)


@given(lines)
def test_a_line_heard_before_is_understood_as_at_the_first_time(message):
    toy, fresh = Toy(), Toy()
    toy.receive(message + b"\n")
    toy.value, toy.faults = 0.0, []
    assert toy.receive(message + b"\n") == fresh.receive(message + b"\n")
    assert toy.faults == fresh.faults
