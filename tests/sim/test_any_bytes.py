"""Every instrument of the simulator: whatever arrives, in whatever pieces, is answered, ignored or noted, no more."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.places import PLACES
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
EVERY_MODEL = sorted({model: place for place, models in PLACES.items() for model in models}.items())
GROUPS = ("GRPZ", "T5", "H1", "P1", "TURB1", "NOPE")  # devices of the Oxford instruments
SETTINGS = settings(max_examples=25, deadline=None)


def world(model, place):
    """A rack with that one instrument, or a generator with the lock-in that it needs."""
    places = [place, "lock-in"] if place == "generator" else [place]
    addresses = {name: f"GPIB0::{number}::INSTR" for number, name in enumerate(places, 1)}
    rack = sim_rack(Cryostat(SAMPLE), SimClock(), addresses, models={place: model})
    return rack, rack.names[place]


def headers(model):
    """What the instrument knows, with a device in it where one belongs."""
    entries = sorted(PLACES[dict(EVERY_MODEL)[model]][model].commands.entries)
    return st.sampled_from(entries).flatmap(
        lambda header: st.sampled_from(GROUPS).map(lambda device: header.replace("DEV:", f"DEV:{device}:", 1))
    )


numbers = st.floats().map(str) | st.integers(-1, 60).map(str) | st.integers().map(str)
values = st.lists(numbers | st.text(max_size=4) | st.sampled_from(["A", "ON", "OFF", "INF", "VRMS"]), max_size=6)


def lines(model):
    known = st.builds(
        lambda header, mark, given, gap, comma: (header + mark + gap + comma.join(given)).encode("latin-1", "replace"),
        headers(model),
        st.sampled_from(["", "", "?"]),
        values,
        st.sampled_from([" ", "", ":"]),
        st.sampled_from([",", ", ", ":"]),
    )
    return known | st.lists(known, max_size=4).map(b";".join) | st.binary(max_size=60)


@pytest.mark.parametrize(("model", "place"), EVERY_MODEL)
def test_any_cut_of_any_stream_gives_the_same_replies(model, place):
    ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
    streams = st.lists(st.tuples(lines(model), ends), max_size=10).map(lambda parts: b"".join(map(b"".join, parts)))

    @SETTINGS
    @given(streams, st.lists(st.integers(0, 600), max_size=8))
    def check(stream, cuts):
        (one, address), (other, _) = world(model, place), world(model, place)
        places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
        replies = b"".join(other.devices[address].receive(stream[a:b]) for a, b in pairwise(places))
        assert replies == one.devices[address].receive(stream)

    check()


@pytest.mark.parametrize(("model", "place"), EVERY_MODEL)
def test_any_bytes_give_a_reply_silence_or_a_noted_error_and_never_an_exception(model, place):
    @SETTINGS
    @given(st.lists(st.tuples(lines(model), st.booleans(), st.sampled_from([0.0, 0.3, 20.0])), max_size=10))
    def check(messages):
        rack, address = world(model, place)
        wires = rack.connect(address), rack.connect(address, stream=True)
        for message, on_gpib, seconds in messages:
            wire = wires[0] if on_gpib else wires[1]
            rack.exchange(wire, message if on_gpib else message + b"\r\n", end=on_gpib)
            rack.clock.sleep(seconds)
            rack.keep_up()
            panel = rack.devices[address]
            assert 0 <= panel.serial_poll(bool(wire.out)) < 256
            assert all(reply.endswith(panel.reply_end) for reply in wire.out if reply not in panel.greeting)
            wire.out.clear()
        assert math.isfinite(rack.cryostat.mixing_chamber.temperature)

    check()
