"""Every instrument of the simulator: whatever arrives, in whatever pieces, is answered, ignored or noted, no more."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from coldfinger.sim.places import PLACES
from coldfinger.sim.rack import sim_rack
from tests.sim.panel_checks import SAMPLE

SWITCHED = Laboratory(magnet=MagnetModel(switch=SwitchModel(heating=10.0, cooling=30.0)))
EVERY_MODEL = sorted({model: place for place, models in PLACES.items() for model in models}.items())
GROUPS = ("GRPZ", "T5", "H1", "P1", "TURB1", "NOPE")  # devices of the Oxford instruments
SETTINGS = settings(max_examples=40, deadline=None)
_SR860 = (
    "OUTP? 1|SNAP? X,Y|SCAL 5|SCAL?|*ESR?|LIAS?|PHAS 541;PHAS?|FREQ|SNAPD?|COFP? 1|SLVL 0.1|SLVL?|RSRC 1|RSRC?|APHS"
    "|CAPTURESTART CONT,IMM|CAPTURESTART ONE,SAMP;*TRG|CAPTURESTOP;CAPTUREGET? 0,2|CAPTUREBYTES?|CAPTURESTAT?"
)
_MERCURY = "READ:DEV:GRPZ:PSU:SIG:FLD|SET:DEV:GRPZ:PSU:ACTN:HOLD|SET:DEV:GRPZ:PSU:ACTN:RTOS|*IDN?|FOO|READ:SYS:ALRM|"
PHRASES = {
    "SR830": "OUTP?1|SNAP?1,2|SENS 5|SENS?|*ESR?|LIAS?|PHAS 541;PHAS?|FREQ|AGAN|FOO?|SLVL?|OUTX 0|OUTX 1|*STB? 1|APHS"
    "|STRT|PAUS|SPTS?|TRCA? 1,0,1|TRCB? 1,0,2|TRCL? 2,1,1|FAST 2;STRD|SRAT 14;TRIG|SRAT 9",
    "SR860": _SR860,
    "SR865A": _SR860,
    "Keysight33511B": "VOLT 3|VOLT?|OUTP 1;:OUTP?|VOLT:UNIT VRMS;OFFS 0.1;OFFS?|OUTP:LOAD INF|FREQ?;FOO?;*ESR?"
    "|SYST:ERR?|FREQ 1E9|*RST|VOLT:HIGH 1;LOW?|FUNC RAMP|;;|*CLS|VOLT 1 DBM|VOLT 1e308",
    "LakeShore372": 'KRDG? A|*ESR?|SETP 0,0.1|SETP? 0;*ESR?|FOO?|INTYPE? 1|INNAME 1,"a;b"|INNAME? 1|RANGE 0,99|HTR? 0'
    "|INSET 1,1,007,003,21,1|PID? 0;PID? 1|;;",
    "LakeShore370": "RDGK? 2|*ESR?|SETP 0.1|SETP?;*ESR?|FOO?|RDGRNG? 1|CSET?|RDGRNG 1,0,3,15,0,0|HTRRNG 99|HTR?"
    "|INSET 1,1,007,003,20,1|PID?;CMODE?|MOUT 3|;;",
    "Triton": "READ:DEV:T5:TEMP:SIG:TEMP|SET:DEV:T5:TEMP:LOOP:TSET:0.1|*IDN?|FOO|READ:SYS:DR:CHAN|",
    "AMI430": "FIELD:MAG?|STATE?|SYST:ERR?|CONF:FIELD:TARG 0.01|FIELD:TARG?|RAMP|FOO|FOO?|CONF:FIELD:UNITS 1|COIL?|QU 1"
    "|QU 0|STATE?;FIELD:UNITS?|PS 1|*ESR?|",
    "MercuryIPS": _MERCURY,
    "MercurySPSU": _MERCURY.replace(":PSU", ":SPSU"),
    "IPS120": "C3|A0|A1|H1|J0.01|R8|X|$V|@2V|Q4|",
    "GS200": "SOUR:LEV 1|SOUR:LEV?|OUTP 1;:OUTP?|SYST:ERR?|SOUR:FUNC CURR|*ESR?|FOO?|;;",
}
"""Lines that mean something to each model, so that a conversation says more than errors."""
BINARY = re.compile(rb"TRC[BL]|FAST|CAPTUREGET", re.IGNORECASE)  # after these, replies may have no end
AFTERWARDS = {
    "LakeShore372": ("KRDG? A;KRDG? 1;RDGST? A;RDGST? 1;HTR?;SETP? 0", r"[+-]\d.*"),
    "LakeShore370": ("RDGK? 1;RDGK? 2;RDGST? 1;RDGST? 2;HTR?;MOUT?;SETP?", r"[+-]\d.*"),
    "Triton": ("READ:DEV:T5:TEMP:LOOP:MODE", ".*:(ON|OFF)"),
    "AMI430": ("STATE?", r"[1-9]|10"),
    "MercuryIPS": ("READ:DEV:GRPZ:PSU:ACTN", ".*:(HOLD|RTOS|RTOZ|CLMP)"),
    "MercurySPSU": ("READ:DEV:GRPZ:SPSU:ACTN", ".*:(HOLD|RTOS|RTOZ|CLMP)"),
    "IPS120": ("X", r"X\d\dA[0124]C[0-3]H[0128]M\d\dP\d\d"),
    "Keysight33511B": ("VOLT?;VOLT:OFFS?;:VOLT:HIGH?;:FREQ?;:OUTP:LOAD?", r"([+-]?\d[.\dE+-]*;?){5}"),
}
"""What is asked when all has been said, and the answer that it then has."""


def world(model, place):
    """A rack with that one instrument, or a generator with the lock-in that it needs."""
    places = [place, "lock-in"] if place == "generator" else [place]
    addresses = {name: f"GPIB0::{number}::INSTR" for number, name in enumerate(places, 1)}
    cryostat = Cryostat(SAMPLE, SWITCHED if place == "magnet" else None)
    rack = sim_rack(cryostat, SimClock(), addresses, models={place: model})
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
    phrases = st.sampled_from(PHRASES[model].encode().split(b"|"))
    return phrases | known | st.lists(known, max_size=4).map(b";".join) | st.binary(max_size=60)


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
        said = b""
        for message, on_gpib, seconds in messages:
            wire = wires[0] if on_gpib else wires[1]
            rack.exchange(wire, message if on_gpib else message + b"\r\n", end=on_gpib)
            rack.clock.sleep(seconds)
            rack.keep_up()
            panel = rack.devices[address]
            assert 0 <= panel.serial_poll(bool(wire.out)) < 256
            said += message
            texts = [] if BINARY.search(said) else [reply for reply in wire.out if reply not in panel.greeting]
            assert all(reply.endswith(panel.reply_end) for reply in texts)
            wire.out.clear()
        assert math.isfinite(rack.cryostat.mixing_chamber.temperature)
        if model in AFTERWARDS:
            question, answer = AFTERWARDS[model]
            rack.exchange(wires[0], question.encode(), end=True)
            assert re.fullmatch(answer, wires[0].out[-1].decode().strip())

    check()
