"""Every driver on its wire: each property as its manual says, nothing else sent, and no other answer believed."""

import pytest

from coldfinger.instruments.errors import CommandError
from tests.instruments import driver_checks
from tests.instruments.driver_benches import PARTS

ROWS = [pytest.param(part, row, id=f"{name}-{row.property}") for name, part in PARTS.items() for row in part.rows]
SETTABLE = [parameter for parameter in ROWS if parameter.values[1].set_command]
LIMITS = [
    pytest.param(part.bench, limit, id=f"{name}-{limit.property}-{i}")
    for name, part in PARTS.items()
    for i, limit in enumerate(part.limits)
]


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_every_property_is_in_the_contract_and_every_setting_in_the_snapshot(part):
    driver_checks.check_coverage(part.kind, part.rows, part.limits, part.apart)
    assert driver_checks.settable(part.kind) <= set(getattr(part.kind, "SETTINGS", ()))


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_nothing_is_sent_when_a_driver_is_made(part):
    with part.bench.silent():
        pass


@pytest.mark.parametrize(("part", "row"), ROWS)
def test_a_property_is_read_as_the_manual_says_and_nothing_else_is_an_answer(part, row):
    driver_checks.check_get(part.bench, row)
    driver_checks.check_replies(part.bench, row)


@pytest.mark.parametrize(("part", "row"), SETTABLE)
def test_a_property_is_set_as_the_manual_says_and_no_other_type_is_sent(part, row):
    driver_checks.check_set(part.bench, row)
    if row.property not in part.untyped:
        driver_checks.check_types(part.bench, row)


@pytest.mark.parametrize(("bench", "limit"), LIMITS)
def test_edges_are_allowed_and_what_lies_beyond_is_never_sent(bench, limit):
    driver_checks.check_limit(bench, limit)


_RANGE = "a parameter is out of range or not allowed in this state (execution error)"


@pytest.mark.parametrize(
    ("name", "bits", "meaning"),
    [
        ("SR830", "1", "its input queue overflowed"),
        ("SR830", "4", "its output queue overflowed"),
        ("SR830", "48", f"{_RANGE}; it does not know the command"),
        ("SR860", "2", "its input queue overflowed"),
        ("SR860", "8", "its output queue overflowed"),
        ("SR860", "48", f"{_RANGE}; it does not know the command"),
        *(
            (f"{model} controller", bits, meaning)
            for model in ("372", "370")
            for bits, meaning in (
                ("004", "query error"),
                ("048", "execution error (value out of range); command not known"),
            )
        ),
    ],
)
def test_an_error_bit_after_a_command_is_raised_with_its_meaning(name, bits, meaning):
    part = PARTS[name]
    row = next(row for row in part.rows if row.set_command and not row.before)
    with part.bench.talking(part.bench.noted(row.set_command, bits)) as view, pytest.raises(CommandError) as caught:
        setattr(view, row.property, row.set_value)
    assert str(caught.value).endswith(f"was refused: {meaning}")
    assert row.set_command in str(caught.value)


@pytest.mark.parametrize(
    ("name", "bits"), [("SR830", "200"), ("SR860", "197"), ("372 controller", "129"), ("370 controller", "129")]
)
def test_power_on_key_press_and_operation_complete_are_no_errors(name, bits):
    part = PARTS[name]
    row = next(row for row in part.rows if row.set_command and not row.before)
    with part.bench.talking(part.bench.noted(row.set_command, bits)) as view:
        setattr(view, row.property, row.set_value)
