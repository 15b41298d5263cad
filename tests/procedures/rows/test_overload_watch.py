"""An overload is told once when it begins and once when it is over."""

from coldfinger.procedures.rows.overload_watch import OverloadWatch


def test_a_long_overload_is_two_messages_with_the_number_of_its_rows():
    watch = OverloadWatch()
    said = [watch.saw(overloaded, 1e-3) for overloaded in (False, True, True, True, False, False, True, False)]
    assert [bool(text) for text in said] == [False, True, False, False, True, False, True, True]
    assert "full scale of 1 mV" in said[1]
    assert "3 rows are flagged and kept" in said[4]
    assert "one row is flagged and kept" in said[7]
