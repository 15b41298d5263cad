"""The queue: what may be changed, what is locked, and how a refused change leaves everything as it was."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.procedures.engine.items import (
    DISABLED,
    DONE,
    FAILED,
    PARTIAL,
    RUN,
    RUNNING,
    SKIPPED,
    STATES,
    WAITING,
    FailurePolicy,
    Family,
    Item,
)
from coldfinger.procedures.engine.queue import Queue, QueueError


def items(*states: str) -> list[Item]:
    return [
        Item(RUN, str(i), f"run {i}", "TemperatureRamp", {"points": i + 2}, state=s) for i, s in enumerate(states, 1)
    ]


def ids(queue: Queue) -> list[str]:
    return [item.id for item in queue.items]


def test_an_item_reads_back_equal_from_its_json() -> None:
    item = Item(
        RUN,
        "3",
        "R(T) at 100 Oe",
        "TemperatureRamp",
        {"field": 100.0, "pacing": "log-rate"},
        only_if="rho(base) > 50 kohm",
        on_failure=FailurePolicy("retry", 2),
        family=Family("1", "R(T) family", "field_Oe", 100.0),
        folders=("a", "b"),
        rows=7,
    )
    assert Item.from_json(item.to_json()) == item


def test_the_next_item_is_the_first_that_is_not_over_and_an_interrupted_one_keeps_its_place() -> None:
    assert Queue(items(DONE, FAILED, PARTIAL, WAITING)).next() == items(DONE, FAILED, PARTIAL)[2]
    assert Queue(items(DISABLED, SKIPPED, DONE)).next() is None


def test_added_items_get_ids_of_their_own_and_stand_where_they_were_put() -> None:
    queue = Queue(items(DONE, WAITING))
    assert queue.add(items(WAITING, WAITING), before="2") == ["3", "4"]
    assert ids(queue) == ["1", "3", "4", "2"]


def test_removed_ids_do_not_come_back() -> None:
    queue = Queue(items(WAITING))
    [first] = queue.add(items(WAITING))
    queue.remove([first])
    assert queue.add(items(WAITING)) != [first]


def test_moving_keeps_the_order_of_what_is_moved() -> None:
    queue = Queue(items(DONE, WAITING, WAITING, WAITING, WAITING))
    queue.move(["5", "3"], before="2")
    assert ids(queue) == ["1", "3", "5", "2", "4"]
    queue.move(["3"])
    assert ids(queue) == ["1", "5", "2", "4", "3"]


@pytest.mark.parametrize("state", [RUNNING, DONE, FAILED, SKIPPED])
def test_what_has_begun_is_locked_and_the_sentence_says_what_to_do(state: str) -> None:
    queue = Queue(items(state, WAITING))
    before = queue.items
    for change in (
        lambda: queue.remove(["1"]),
        lambda: queue.move(["1"]),
        lambda: queue.edit("1", {"name": "x"}),
        lambda: queue.disable(["1"]),
    ):
        with pytest.raises(QueueError, match=f"item 1 is {state} and cannot be .*; copy it instead"):
            change()
    with pytest.raises(QueueError, match="nothing can be put before it"):
        queue.move(["2"], before="1")
    assert queue.items == before


def test_parameters_are_edited_one_by_one() -> None:
    queue = Queue(items(WAITING))
    queue.edit("1", {"parameters": {"field": 30.0}, "on_failure": {"action": "retry", "retries": 2}})
    assert queue["1"].parameters == {"points": 3, "field": 30.0}
    assert queue["1"].on_failure == FailurePolicy("retry", 2)
    with pytest.raises(QueueError, match="state of item 1 cannot be changed; allowed are name, parameters"):
        queue.edit("1", {"state": DONE})


def test_an_item_that_is_switched_off_and_on_waits_again_or_goes_on() -> None:
    queue = Queue([*items(WAITING), Item(RUN, "7", "half done", state=PARTIAL, folders=("f",), rows=3)])
    queue.disable(["1", "7"])
    assert queue.next() is None
    queue.disable(["1", "7"], False)
    assert [item.state for item in queue.items] == [WAITING, PARTIAL]


def test_a_copy_is_fresh_whatever_became_of_the_original() -> None:
    queue = Queue(
        [Item(RUN, "1", "a", state=FAILED, folders=("f",), rows=3, reason="it broke", attempts=2, seconds=5.0)]
    )
    [new] = queue.copy(["1"])
    assert queue[new] == Item(RUN, new, "a")


def test_a_failed_item_can_be_tried_again_and_goes_on_from_its_rows() -> None:
    queue = Queue([Item(RUN, "1", "a", state=FAILED, folders=("f",), rows=3), *items(WAITING, WAITING)[1:]])
    queue.again(["1"])
    assert queue["1"].state == PARTIAL
    with pytest.raises(QueueError, match="only what failed or was skipped can be tried again"):
        queue.again(["2"])


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(QueueError, match="there is no item '9'; there are 1"):
        Queue(items(WAITING)).remove(["9"])


@given(st.data())
def test_no_sequence_of_changes_loses_or_doubles_an_item_or_touches_a_locked_one(data: st.DataObject) -> None:
    queue = Queue(items(*data.draw(st.lists(st.sampled_from(STATES), min_size=1, max_size=6))))
    locked = {item.id: item for item in queue.items if item.state in (RUNNING, DONE, FAILED, SKIPPED)}
    for _ in range(data.draw(st.integers(0, 12))):
        some = data.draw(st.lists(st.sampled_from(ids(queue) or ["1"]), max_size=3, unique=True))
        before = data.draw(st.sampled_from(["", *ids(queue)]))
        changes = {
            "move": partial(queue.move, some, before),
            "remove": partial(queue.remove, some),
            "copy": partial(queue.copy, some, before),
            "disable": partial(queue.disable, some),
            "add": partial(queue.add, items(WAITING), before),
        }
        change = changes[data.draw(st.sampled_from(sorted(changes)))]
        present = queue.items
        try:
            change()
        except QueueError:
            assert queue.items == present
        assert len(set(ids(queue))) == len(queue.items)
        for id, item in locked.items():
            assert queue[id] == item
