"""What people are told of failures: what happened, what it means, what was done, what they can do."""

import pytest

from coldfinger.procedures.engine.items import RUN, Item
from coldfinger.procedures.engine.telling import (
    again_text,
    broken_text,
    data_text,
    ended_text,
    ending_text,
    failed_text,
    held_text,
    next_text,
)
from coldfinger.procedures.station import SafeReport

SAFE = [
    SafeReport("excitation", True, "source at 0.004 V"),
    SafeReport("bias", True, "off"),
    SafeReport("heater", True, "range 0 A"),
    SafeReport("magnet", True, "holding"),
]
ITEM = Item(RUN, "1", "R(T) at 3 T", "TemperatureRamp", rows=12, reason="lockin: no reply; is it switched on?")
OTHER = Item(RUN, "2", "R(T) at 4 T", "TemperatureRamp")


def test_a_failure_says_cause_rows_outputs_what_follows_and_what_to_do():
    assert failed_text(ITEM, SAFE, next_text(OTHER)) == (
        "R(T) at 3 T: lockin: no reply; is it switched on? Its 12 rows are kept; excitation, bias and heater are off, "
        "the magnet is safe (holding). The queue goes on with R(T) at 4 T; copy the run into the queue to measure it "
        "again once the cause is gone."
    )


def test_what_is_not_safe_is_never_said_to_be_off():
    text = failed_text(ITEM, [SafeReport("excitation", False, "no reply"), *SAFE[1:]], next_text(None))
    assert "bias and heater are off, the magnet is safe (holding), excitation is NOT safe. Nothing else is left" in text


def test_what_never_began_leaves_the_refrigerator_as_it_is():
    text = failed_text(ITEM.but(rows=0, reason="not started: field is above the limit"), (), ending_text(2))
    assert "above the limit. No row was measured; the refrigerator stays as it is. The queue ends here" in text
    assert "2 items are not begun" in text


def test_a_held_queue_says_why_and_how_it_goes_on():
    text = held_text("the magnet has quenched", ITEM.but(rows=1), SAFE, 1)
    assert text.startswith("the queue is held: the magnet has quenched. Its row is kept; excitation, bias and heater")
    assert text.endswith(
        "1 item is left. See to the cause, then continue the queue, or remove what shall not be measured."
    )
    assert "Everything measured is kept" in held_text("aborted", None, SAFE, 3)


@pytest.mark.parametrize(("rows", "text"), [(0, "no row"), (1, "its row is"), (7, "its 7 rows are")])
def test_rows_are_counted_as_people_count(rows, text):
    assert data_text(rows).startswith(text)


def test_a_second_try_says_that_nothing_has_to_be_done():
    assert "it is tried again (1 of 2); nothing has to be done" in again_text(1, 2)


def test_the_end_of_a_queue_says_what_is_done_what_is_kept_and_how_it_stands():
    done = [ITEM.but(state="done"), OTHER.but(state="done", rows=30)]
    assert ended_text("done", "", done, SAFE) == (
        "the queue has ended. 2 of 2 items are done; 42 rows are kept; excitation, bias and heater are off, the magnet "
        "is safe (holding). Nothing has to be done."
    )
    partly = [done[0], OTHER.but(state="skipped")]
    text = ended_text("partly", "R(T) at 4 T skipped: too late", partly, SAFE)
    assert text.startswith("the queue has ended, and not all of it is done. 1 of 2 items are done, 1 skipped; 12 rows")
    assert "too late" not in text  # it was told when it happened
    text = ended_text("stopped", "aborted", [ITEM.but(state="partial", rows=1)], SAFE)
    assert "before all was done. Aborted. 0 of 1 item is done, 1 partial; 1 row is kept;" in text
    text = ended_text("refused", "the magnet has quenched", [ITEM.but(rows=0)], ())
    assert text.startswith(
        "the queue did not begin. The magnet has quenched. 0 of 1 item is done; no row was measured; "
    )
    assert text.endswith("the refrigerator stays as it is. See to the cause, then begin again.")


def test_a_failure_of_the_program_itself_says_how_the_refrigerator_stands():
    text = broken_text(KeyError("gain"), SAFE)
    assert text.startswith("the program itself failed: KeyError: 'gain'. Everything measured is kept; excitation, bias")
    assert text.endswith("The queue ends here. Look at the refrigerator, then go on with the night by --resume.")
