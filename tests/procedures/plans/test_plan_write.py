"""Nights written as plan files: read back they mean the same, and comments stay where they were."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.procedures.engine.items import (
    DISABLED,
    DONE,
    RUN,
    SET,
    WAIT,
    EndActions,
    FailurePolicy,
    Family,
    Item,
    Night,
)
from coldfinger.procedures.plans.plan_file import PlanFileError, check_plan_text, read_plan
from coldfinger.procedures.plans.plan_template import starting_plan
from coldfinger.procedures.plans.plan_write import means_the_same, plan_text, write_plan

NOW = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
EXAMPLE = (Path(__file__).parents[3] / "examples" / "overnight.toml").read_text("utf-8")

OLD = """\
# my night
schema = 1
name = "old"   # its name

[defaults]
window = "9 s"  # long

# the family
[[step]]
family = "R(T)"
fields = "0, 30, 100 Oe"  # three

# the single run
[[step]]
run = "R(H)"            # a field sweep
start = "-10 mT"        # from here
temperature = "0.1 K"

# wait a little
[[step]]
wait = "30 min"

[end]
heater = "off"  # saves helium
field = "hold"
"""


def read(text: str) -> Night:
    return check_plan_text(text, "plan.toml", NOW, UTC)


def written(night: Night, over: str = "") -> str:
    return plan_text(night, "plan.toml", over, NOW, UTC)


def changed(night: Night, **values: object) -> Night:
    return Night(**{**vars(night), **values})


@pytest.mark.parametrize("text", [OLD, EXAMPLE, starting_plan(end="08:30")], ids=["old", "example", "template"])
def test_an_unchanged_night_keeps_its_text_to_the_letter(text):
    assert written(read(text), text) == text


@pytest.mark.parametrize("text", [OLD, EXAMPLE, starting_plan(end="08:30")], ids=["old", "example", "template"])
def test_a_night_without_its_text_is_written_out_and_means_the_same(text):
    night = read(text)
    again = read(written(night))
    assert means_the_same(night, again)
    assert [item.name for item in again.items] == [item.name for item in night.items]


def test_a_changed_value_is_written_over_in_place():
    night = read(OLD)
    items = list(night.items)
    items[3] = items[3].but(
        name="R(H) at 200 mK",
        parameters={**items[3].parameters, "temperature": 0.2},
        on_failure=FailurePolicy("retry", 3),
    )
    text = written(changed(night, items=tuple(items)), OLD)
    assert text == OLD.replace('temperature = "0.1 K"', 'temperature = "0.2 K"\non_failure = "retry 3"')


def test_a_value_that_was_taken_out_does_not_come_back_from_the_defaults():
    night = read(OLD)
    items = list(night.items)
    items[3] = items[3].but(parameters={"start": -100.0})
    again = read(written(changed(night, items=tuple(items)), OLD))
    assert again.items[3].parameters == {"start": -100.0, "window": 4.0}


def test_steps_move_with_their_comments():
    night = read(OLD)
    family, single, wait = night.items[:3], night.items[3], night.items[4]
    text = written(changed(night, items=(wait, single, *family)), OLD)
    order = [
        text.index(words) for words in ("# my night", "# wait a little", "# the single run", "# the family", "[end]")
    ]
    assert order == sorted(order)
    assert [item.kind for item in read(text).items] == [WAIT, RUN, RUN, RUN, RUN]


def test_removed_and_added_steps_leave_the_others_alone():
    night = read(OLD)
    new = Item(SET, "9", "field 0 Oe", settings={"field": 0.0})
    text = written(changed(night, items=(*night.items[:3], new, night.items[4])), OLD)
    assert "# the family" in text
    assert "# wait a little" in text
    assert "R(H)" not in text
    assert 'set = {field = "0 Oe"}' in text


def test_a_family_that_lost_a_run_stays_a_family():
    night = read(OLD)
    kept = (night.items[0], *night.items[2:])
    again = read(written(changed(night, items=kept), OLD))
    assert [item.family and item.family.value for item in again.items] == [0.0, 100.0, None, None]
    assert again.items[0].family == Family("family-1", "R(T) family", "field_Oe", 0.0)
    assert len({item.family.id for item in again.items[:2]}) == 1


def test_a_new_family_never_gets_the_name_of_an_old_one():
    night = read(
        'schema = 1\n[[step]]\nrun = "R(T)"\nfield = "3 Oe"\n'
        'member_of = { id = "family-1", kind = "R(T) family", key = "field_Oe" }\n'
        '[[step]]\nfamily = "R(T)"\nfields = "0, 1 Oe"'
    )
    assert [item.family.id for item in night.items] == ["family-1", "family-2", "family-2"]


def test_name_policy_deadline_and_end_are_written_over_in_place():
    night = changed(
        read(OLD),
        name="new",
        on_failure=FailurePolicy("hold"),
        must_end_by="2026-11-23T08:00:00+00:00",
        end=EndActions(False, 0.003, 4.0),
    )
    text = written(night, OLD)
    assert '# my night\nschema = 1\nname = "new"   # its name\n' in text
    assert 'must_end_by = "2026-11-23 08:00:00+00:00"' in text
    assert means_the_same(read(text), night)
    assert text[text.index("# the family") : text.index("[end]")] == OLD[OLD.index("# the family") : OLD.index("[end]")]
    back = written(read(OLD), text)
    assert means_the_same(read(back), read(OLD))


def test_what_became_of_an_item_is_not_part_of_the_plan():
    night = read(OLD)
    done = tuple(item.but(state=DONE, rows=7, folders=("x",)) for item in night.items)
    assert written(changed(night, items=done), OLD) == OLD


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "plan.toml"
    night = read(OLD)
    write_plan(night, path, now=NOW, zone=UTC)
    assert means_the_same(read_plan(path, NOW, UTC), night)
    before = path.read_text()
    impossible = changed(night, items=(Item(RUN, "1", "x", procedure="TemperatureRamp", parameters={"points": 0}),))
    with pytest.raises(PlanFileError, match="points = 0 is not a whole number"):
        write_plan(impossible, path, now=NOW, zone=UTC)
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["plan.toml"]


def test_an_empty_queue_is_no_plan():
    with pytest.raises(PlanFileError, match="an empty queue is no plan; add at least one item"):
        written(Night("night", ()), OLD)


finite = st.floats(-600, 600, allow_nan=False).map(lambda x: x + 0.0)
positive = st.floats(1e-3, 1e3)
names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
times = st.sampled_from(["", "2026-11-23T04:00:00+00:00", "2026-12-24T18:30:05+00:00"])
runs = st.one_of(
    st.builds(
        dict,
        procedure=st.just("TemperatureRamp"),
        parameters=st.fixed_dictionaries(
            {"field": finite},
            optional={
                "start": positive,
                "points": st.integers(2, 1000),
                "lag": positive,
                "window": positive,
                "log_rate": positive,
                "on_failure": st.sampled_from(["flag", "adapt"]),
                "checks": st.sampled_from(["none", "base"]),
                "temperatures": st.just("0.7, 0.1 K"),
            },
        ),
        family=st.none() | st.just(1),
    ),
    st.builds(
        dict,
        procedure=st.just("FieldSweep"),
        parameters=st.fixed_dictionaries({}, optional={"resolution": positive, "points": st.just("0.0, 30.0 Oe")}),
    ),
    st.builds(dict, procedure=st.just("ZeroField"), parameters=st.fixed_dictionaries({"apply": st.booleans()})),
)


@st.composite
def items(draw, number: int) -> Item:
    common = {
        "id": str(number),
        "on_failure": draw(st.sampled_from([None, FailurePolicy(), FailurePolicy("retry", 2), FailurePolicy("hold")])),
        "state": draw(st.sampled_from(["waiting", DISABLED])),
        "not_before": draw(times.filter(lambda text: "12-24" not in text)),
        "must_end_by": draw(times.filter(lambda text: "11-23" not in text)),
        "name": draw(names),
    }
    kind = draw(st.sampled_from([RUN, WAIT, SET]))
    if kind == RUN:
        values = draw(runs)
        if values.pop("family", None):
            common["family"] = Family("f-1", "R(T) family", "field_Oe", values["parameters"]["field"])
        return Item(RUN, **common, **values)
    if kind == WAIT:
        return Item(WAIT, settings={"seconds": draw(st.floats(0.1, 2e6) | st.just(3600.0))}, **common)
    return Item(
        SET, settings=draw(st.sampled_from([{"field": 0.01}, {"temperature": 0.05, "field": math.pi / 100}])), **common
    )


@st.composite
def nights(draw) -> Night:
    count = draw(st.integers(1, 4))
    return Night(
        draw(st.sampled_from(["a", "Nacht 7", "überall"])),
        tuple(draw(items(number)) for number in range(1, count + 1)),
        draw(st.sampled_from([FailurePolicy(), FailurePolicy("retry", 7), FailurePolicy("safe")])),
        draw(st.sampled_from([EndActions(), EndActions(False), EndActions(True, 0.0), EndActions(False, 0.001, 4.0)])),
        draw(times),
    )


@given(nights())
@settings(max_examples=150, deadline=None)
def test_any_night_can_be_written_and_read_back(night):
    assert means_the_same(read(written(night)), night)


@given(nights(), st.permutations(range(5)), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_any_queue_can_be_written_over_any_plan(other, order, kept):
    old = read(OLD)
    mixed = [*(old.items[i] for i in order[:kept]), *(item.but(id=f"{item.id}0") for item in other.items)]
    night = changed(other, items=tuple(mixed))
    text = written(night, OLD)
    assert means_the_same(read(text), night)
    assert written(read(text), text) == text
