"""What waits to be sent: repeats are counted, what failed is tried again with growing pauses, and then given up."""

import math

from coldfinger.procedures.notify.letter import letter_of
from coldfinger.procedures.notify.outbox import MOST, PAUSES, QUIET, Outbox
from tests.procedures.notify.home import notice


def test_the_first_of_a_kind_goes_at_once_and_its_repeats_are_counted_in_one_message_later():
    box = Outbox()
    box.put(notice(text="first"), 100.0)
    parcel = box.take(100.0)
    assert parcel is not None
    box.went(parcel, 101.0)
    for i in range(3):
        box.put(notice(text=f"again {i}"), 110.0 + i)
    assert box.take(101.0 + QUIET - 1) is None
    assert box.seconds(111.0) == QUIET - 10.0
    later = box.take(101.0 + QUIET)
    assert later is not None
    assert (later.count, later.first.text, later.newest.text) == (3, "again 0", "again 2")
    assert box.seconds(0.0) == math.inf


def test_repeats_while_a_message_is_on_its_way_keep_quiet_after_it():
    box = Outbox()
    box.put(notice(), 0.0)
    parcel = box.take(0.0)
    box.put(notice(text="meanwhile"), 1.0)
    assert parcel is not None
    box.went(parcel, 2.0)
    assert box.take(2.0) is None
    assert box.seconds(2.0) == QUIET


def test_another_kind_of_fault_does_not_wait_for_the_first():
    box = Outbox()
    box.put(notice(), 0.0)
    parcel = box.take(0.0)
    assert parcel is not None
    box.went(parcel, 0.0)
    box.put(notice(kind="not safe"), 1.0)
    assert box.take(1.0) is not None


def test_what_failed_is_tried_again_with_growing_pauses_and_given_up_once():
    box, now, waits = Outbox(), 0.0, []
    box.put(notice(), now)
    while (parcel := box.take(now)) is not None:
        if box.failed(parcel, now):
            break
        assert box.take(now) is None
        waits.append(box.seconds(now))
        now += waits[-1]
    assert tuple(waits) == PAUSES == tuple(sorted(PAUSES))
    assert box.seconds(now) == math.inf


def test_what_came_during_a_failing_try_goes_out_with_it():
    box = Outbox()
    box.put(notice(text="first"), 0.0)
    parcel = box.take(0.0)
    box.put(notice(text="second"), 1.0)
    assert parcel is not None
    assert not box.failed(parcel, 2.0)
    parcel = box.take(2.0 + PAUSES[0])
    assert parcel is not None
    assert (parcel.count, parcel.tries, parcel.newest.text) == (2, 1, "second")
    assert box.seconds(0.0) == math.inf


def test_a_flood_of_kinds_takes_no_more_room_than_its_words():
    box = Outbox()
    for i in range(1000):
        box.put(notice(kind=f"kind {i}"), 0.0)
    parcels = []
    while (parcel := box.take(0.0)) is not None:
        parcels.append(parcel)
    assert len(parcels) == MOST + 1
    assert sum(parcel.count for parcel in parcels) == 1000


def test_at_the_end_nothing_waits():
    box = Outbox()
    box.put(notice(), 0.0)
    parcel = box.take(0.0)
    assert parcel is not None
    box.went(parcel, 0.0)
    box.put(notice(text="the last"), 1.0)
    assert box.take(1.0) is None
    assert box.take(1.0, at_once=True) is not None


def test_a_message_says_what_how_often_where_and_when_and_that_it_is_simulated():
    letter = letter_of("bench", True, notice(text="one"), notice(text="two"), 3)
    assert letter.title == "SIMULATED bench: fault"
    assert letter.body.startswith("Two\n")
    assert "This is the newest of 3 of its kind since 2026-11-2" in letter.body
    assert "The first of them: one" in letter.body
    assert "Station bench (SIMULATED), item 4 of 27, R(T) at 3 T, 2026-11-2" in letter.body
    real = letter_of("bench", False, notice(), notice())
    assert "SIMULATED" not in real.title + real.body
    assert "newest" not in real.body
