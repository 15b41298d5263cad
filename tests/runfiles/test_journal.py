"""The journal's lines: what they hold, and that nothing but what was written is ever read from them."""

import itertools
import json
import math
import os
import re
import zlib
from dataclasses import dataclass
from enum import IntEnum
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldfinger.runfiles.disk import Disk
from coldfinger.runfiles.journal import (
    SEAL,
    JournalFile,
    decode,
    encode,
    line_of,
    parse,
    parse_in_parts,
    plain,
    restored,
)

free_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def line(seq: int, **content: Any) -> bytes:
    return line_of(encode({"seq": seq, "event": "mark", **plain(content, "test")}))


def same(one: Any, other: Any) -> bool:
    """Equality in which nan equals nan, 1 differs from 1.0 and -0.0 from 0.0."""
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@given(free_data)
def test_whatever_is_kept_comes_back_bit_for_bit(data: Any) -> None:
    written = line(0, data=data)
    event = decode(written[:-1])
    assert written.count(b"\n") == 1
    assert event is not None
    assert same(restored(event["data"]), data)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_a_line_is_a_checksum_and_plain_json_for_any_other_program(text: str, value: float) -> None:
    written = line(7, text=text, value=value)
    checksum, body = written[:8], written[9:-1]
    assert int(checksum, 16) == zlib.crc32(body)
    assert json.loads(body) == {"seq": 7, "event": "mark", "text": text, "value": value}


@given(st.data())
def test_a_line_with_any_byte_changed_is_not_read(data: st.DataObject) -> None:
    written = line(3, value=4.9e-6)[:-1]
    place = data.draw(st.integers(0, len(written) - 1))
    flipped = written[place] ^ data.draw(st.integers(1, 255))
    assert decode(written[:place] + bytes([flipped]) + written[place + 1 :]) is None


def test_a_line_cut_anywhere_is_not_read() -> None:
    written = line(3, value=4.9e-6)
    whole = line(2, value=1.0)
    for length in range(len(written)):
        assert decode(written[:length]) is None or length == len(written) - 1
        batch = parse(whole + written[:length])
        assert [event["seq"] for event in batch.events] == [2]
        assert batch.consumed == len(whole)


def test_a_torn_number_is_not_taken_for_a_smaller_one() -> None:
    written = line(1, value=4.9e-6)
    torn = written[: written.index(b"e-06")]
    assert torn.endswith(b"4.9")
    batch = parse(torn + b"\n" + torn + b"}\n" + line(2, value=1.0))
    assert [event["value"] for event in batch.events] == [1.0]
    assert batch.skipped == [1, 2]


@pytest.mark.parametrize("length", range(1, len(line(1, value=4.9e-6))))
def test_the_seal_spoils_debris_of_any_length_and_frees_the_line_after_it(length: int) -> None:
    debris = line(1, value=4.9e-6)[:length]
    batch = parse(line(0) + debris + SEAL + line(1, value=5.0) + line(2))
    assert [event.get("value") for event in batch.events] == [None, 5.0, None]
    assert batch.skipped == [2]


def test_of_two_lines_with_one_number_the_later_counts() -> None:
    batch = parse(line(0) + line(1, value=1.0) + SEAL + line(1, value=2.0) + line(2))
    assert [(event["seq"], event.get("value")) for event in batch.events] == [(0, None), (1, 2.0), (2, None)]
    assert batch.lines == [1, 4, 5]
    assert batch.skipped == [2, 3]


def test_a_line_out_of_order_is_skipped() -> None:
    batch = parse(line(4) + line(2) + line(5))
    assert [event["seq"] for event in batch.events] == [4, 5]
    assert batch.skipped == [2]


@pytest.mark.parametrize(
    "body",
    [
        '{"seq":0,"event":"mark","value":NaN}',
        '{"seq":0,"event":"mark","value":-Infinity}',
        '{"seq":true,"event":"mark"}',
        '{"seq":0}',
        "[0]",
        "",
        "[" * 100_000,
        '{"seq":' + "9" * 5000 + ',"event":"mark"}',
    ],
)
def test_a_right_checksum_does_not_make_foreign_content_an_event(body: str) -> None:
    assert decode(line_of(body)[:-1]) is None


@given(st.binary())
def test_arbitrary_bytes_are_skipped_and_counted(data: bytes) -> None:
    batch = parse(data + b"\n")
    assert not batch.events
    assert list(batch.skipped) == list(range(1, data.count(b"\n") + 2))


@given(st.lists(st.integers(0, 400), max_size=6))
def test_a_file_may_be_read_in_any_pieces(cuts: list[int]) -> None:
    data = b"".join(line(seq, value=seq * 0.1) for seq in range(8))
    rest, seen, lines = b"", [], 0
    edges = [0, *sorted(cuts), len(data)]
    for start, stop in itertools.pairwise(edges):
        rest += data[start:stop]
        batch = parse(rest, lines + 1)
        seen += [(number, event["seq"]) for number, event in zip(batch.lines, batch.events, strict=True)]
        rest, lines = rest[batch.consumed :], lines + batch.line_count
    assert seen == [(seq + 1, seq) for seq in range(8)]


class Colour(IntEnum):
    RED = 3


@dataclass(frozen=True)
class Lead:
    resistance: float
    name: str


def test_settings_of_instruments_become_plain_values() -> None:
    settings = {
        "range": Colour.RED,
        "lead": Lead(10.5, "I+"),
        "gains": np.array([1.0, math.inf]),
        "count": np.int64(3),
        "on": np.bool_(True),
        "path": Path("cal") / "x.340",
    }
    assert restored(plain(settings, "station")) == {
        "range": 3,
        "lead": {"resistance": 10.5, "name": "I+"},
        "gains": [1.0, math.inf],
        "count": 3,
        "on": True,
        "path": str(Path("cal") / "x.340"),
    }


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"lock-in": {"x": [1.0, 2j]}}, "station.lock-in.x[1]: a complex (2j) cannot be kept in a run file"),
        ({"a": {4: "x"}}, "station.a: the key 4 is not a text"),
        ({"a": {"float": "nan"}}, "station.a: {'float': 'nan'} is how a run file writes a float"),
        (object, "station: a type (<class 'object'>) cannot be kept"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        plain(value, "station")


def test_durable_means_that_the_operating_system_was_told_for_the_file_and_for_its_folder(tmp_path, monkeypatch):
    told: list[int] = []
    monkeypatch.setattr("coldfinger.runfiles.disk.sys.platform", "linux")  # macOS has another call
    monkeypatch.setattr(os, "fsync", lambda handle: told.append(os.fstat(handle).st_ino))
    journal = JournalFile(tmp_path / "run.jsonl", Disk())
    journal.append(line(0), "a mark")
    journal.fsync()
    journal.close()
    Disk().fsync_folder(tmp_path)
    assert told == [path.stat().st_ino for path in (tmp_path / "run.jsonl", tmp_path)]


@given(
    st.lists(st.tuples(st.sampled_from(["next", "again", "torn"]), st.integers(0, 60)), min_size=1, max_size=40),
    st.booleans(),
    st.integers(30, 400),
)
def test_a_file_read_in_parts_says_what_it_says_in_one_go(written: list[tuple[str, int]], torn: bool, part: int):
    data, seq = b"", 0
    for how, length in written:  # "again": the same number comes a second time, in the next part maybe
        event = line(seq, text="x" * length)
        data += event[: len(event) // 2] + SEAL + event if how == "torn" else event
        seq += how != "again"
    data += b"0000" if torn else b""
    whole, parts = parse(data, 3), list(parse_in_parts(BytesIO(data).read, 3, part))
    assert [event for batch in parts for event in batch.events] == list(whole.events)
    assert [number for batch in parts for number in batch.lines] == list(whole.lines)
    assert sorted(number for batch in parts for number in batch.skipped) == list(whole.skipped)
    assert sum(batch.consumed for batch in parts) == whole.consumed
    assert sum(batch.line_count for batch in parts) == whole.line_count
