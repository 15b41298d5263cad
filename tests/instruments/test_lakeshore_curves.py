"""User curves of both Lake Shore bridges: on the wire, interrupted anywhere, and over their simulated panels."""

import pytest

from coldfinger.instruments.errors import CommandError, InstrumentError
from coldfinger.instruments.lakeshore import Coefficient, CurveFormat, CurveHeader, LakeShore372
from coldfinger.instruments.lakeshore370 import LakeShore370
from coldfinger.instruments.link import Link, open_link
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.devices.ls370 import LakeShore370 as Panel370
from coldfinger.sim.devices.ls372 import LakeShore372 as Panel372
from coldfinger.sim.rack import Rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.visa import register, unregister
from tests.instruments import contracts_lakeshore
from tests.instruments.driver_benches import PARTS
from tests.instruments.test_link import FAULTS, NAMES, Counter, FakeClock, FakeResource

WHOLE = PARTS["372"].bench
HEADER = CurveHeader("RX-102A", "09eefec96b", CurveFormat.LOG_OHM, 40.0, Coefficient.NEGATIVE)
POINTS = [(3.0, 40.0), (3.69897, 0.5), (4.5, 0.05)]
STORED = [
    ("CRVDEL 21;*ESR?", "000"),
    ('CRVHDR 21,"RX-102A","09eefec96b",4,40,1;*ESR?', "000"),
    ("CRVPT 21,1,3,40;*ESR?", "000"),
    ("CRVPT 21,2,3.69897,0.5;*ESR?", "000"),
    ("CRVPT 21,3,4.5,0.05;*ESR?", "000"),
    ("CRVPT? 21,1", "3,40"),
    ("CRVPT? 21,2", "3.69897,0.5"),
    ("CRVPT? 21,3", "4.5,0.05"),
    ("CRVPT? 21,4", "0,0"),
    ("CRVHDR? 21", "RX-102A        ,09eefec96b,4,+40.000,1"),
]
LAB = {"372": (LakeShore372, Panel372, 21, 59, "A"), "370": (LakeShore370, Panel370, 1, 20, "2")}


@pytest.fixture(params=LAB)
def kept(request):
    kind, panel, first, last, control = LAB[request.param]
    clock, cryostat = SimClock(), Cryostat(builtin_sample("S0", 0, fluctuations=False))
    address = "GPIB0::13::INSTR"
    register("curves", Rack(cryostat, clock, {address: panel(cryostat)}))
    bridge = kind(open_link(address, "curves@coldfinger", clock=clock, read_termination="\r\n"))
    yield bridge, first, last, control
    bridge.adapter.close()
    unregister("curves")


def test_a_curve_goes_out_point_by_point_and_all_is_read_back():
    with WHOLE.talking(STORED) as bridge:
        bridge.store_curve(21, HEADER, POINTS)


@pytest.mark.parametrize(
    ("place", "answer", "words"),
    [
        (6, "3.69897,0.51", "3 points were sent to curve 21, but others read back"),
        (8, "4.6,0.04", "but others read back"),
        (9, "RX-102A        ,0000000000,4,+40.000,1", "09eefec96b.* reads back"),
        (9, "RX-102A        ,09eefec96b,3,+40.000,1", "OHM.* reads back"),
        (9, "RX-102A        ,09eefec96b,4,+41.000,1", "limit=41.0.* reads back"),
        (3, "016", r"'CRVPT 21,2,3.69897,0.5' was refused.*1 of 3 points were taken"),
    ],
)
def test_what_reads_back_otherwise_or_is_refused_is_told(place, answer, words):
    exchanges = [*STORED[:place], (STORED[place][0], answer)]
    if place == 6:
        exchanges += STORED[7:9]
    if place == 8:
        exchanges.append(("CRVPT? 21,5", "0,0"))
    with (
        WHOLE.talking(exchanges) as bridge,
        pytest.raises(CommandError, match=f"(?s){words}.*which curve each input follows has not been changed"),
    ):
        bridge.store_curve(21, HEADER, POINTS)


@pytest.mark.parametrize(
    ("header", "points", "words"),
    [
        (HEADER, POINTS[:1], "allowed are 2 to 200"),
        (HEADER, POINTS[::-1], "must ascend"),
        (HEADER, [(3.0, 41.0), (3.1, 3.0)], "temperature of 41 K is out of range"),
        (HEADER._replace(format=CurveFormat.CUBIC), POINTS, "allowed are OHM and LOG_OHM"),
        (HEADER._replace(name="a,b"), POINTS, "allowed are 15 ASCII"),
    ],
)
def test_a_curve_that_does_not_fit_is_never_sent(header, points, words):
    with WHOLE.silent() as bridge, pytest.raises(ValueError, match=words):
        bridge.store_curve(21, header, points)


@pytest.mark.parametrize("number", [20, 60, True, "21"])
def test_the_maker_s_own_curves_are_not_touched(number):
    with WHOLE.silent() as bridge:
        acts = (bridge.curve_header, bridge.curve_points, bridge.delete_curve, bridge.followers)
        for act in (*acts, lambda n: bridge.follow_curve("A", n)):
            with pytest.raises(ValueError, match="allowed are whole numbers 21 to 59"):
                act(number)


@pytest.mark.parametrize("name", ["B", "0", "17", 1, None])
def test_what_is_no_input_follows_nothing(name):
    with WHOLE.silent() as bridge, pytest.raises(ValueError, match="is not an input; allowed are A, 1, 2"):
        bridge.follow_curve(name, 21)


def test_an_input_keeps_its_other_settings_when_it_follows_another_curve():
    exchanges = [("INSET? A", "1,010,005,21,2"), ("INSET A,1,10,5,22,2;*ESR?", "000"), ("INSET? A", "1,010,005,22,2")]
    with WHOLE.talking(exchanges) as bridge:
        bridge.follow_curve("A", 22)
    exchanges[-1] = ("INSET? A", "1,010,005,21,2")
    with (
        WHOLE.talking(exchanges) as bridge,
        pytest.raises(CommandError, match="follow curve 22, but reads back curve 21"),
    ):
        bridge.follow_curve("A", 22)


class Keeper(Counter):
    """Answers as a 372 that takes everything; its inputs follow curve 21."""

    def answer(self, line):
        self.heard.append(line)
        if line == "*IDN?":
            return contracts_lakeshore.LS372_IDENTITY
        return dict(STORED).get(line, "000" if line.endswith("*ESR?") else None)


@pytest.mark.parametrize("kind", ["gpib", "socket"])
@pytest.mark.parametrize("fault", FAULTS)
def test_an_upload_interrupted_anywhere_leaves_what_the_inputs_follow_and_says_so(kind, fault):
    told = 0
    for place in range(2, 2 + len(STORED)):  # after the first contact: identity and old errors
        instrument, clock = Keeper({place: fault}), FakeClock()
        link = Link(lambda: FakeResource(instrument, clock, kind), NAMES[kind], clock=clock, quiet=0.05)  # noqa: B023
        bridge = LakeShore372(link)
        said = None
        try:
            bridge.store_curve(21, HEADER, POINTS)
        except InstrumentError as trouble:
            told, said = told + 1, str(trouble)
        assert said is None or "curve 21 is not to be believed" in said
        assert said is None or "which curve each input follows has not been changed" in said
        commands = [line for line in instrument.heard if line.startswith("CRV") and line.endswith(";*ESR?")]
        assert len(commands) == len(set(commands))  # none is sent twice
        assert not any(line.startswith(("INSET", "INCRV")) for line in instrument.heard)
    assert told >= (0 if "doubled" in fault else 5)


def test_first_and_last_curve_are_kept_followed_and_forgotten(kept):
    bridge, first, last, control = kept
    for number in (first, last):
        bridge.store_curve(number, HEADER, POINTS)
        assert bridge.curve_header(number) == HEADER
        assert bridge.curve_points(number) == [pytest.approx(point, rel=1e-5) for point in POINTS]
    bridge.follow_curve("1", first)
    assert "1" in bridge.followers(first)
    assert bridge.followed_curve("1") == first != bridge.followed_curve("4")
    bridge.follow_curve(control, last)
    assert control in bridge.followers(last)
    bridge.delete_curve(first)
    assert bridge.curve_points(first) == []
    assert bridge.followed_curve("1") == first
    heard = len(bridge.adapter.history)
    for number in (first - 1, last + 1):
        with pytest.raises(ValueError, match="allowed are whole numbers"):
            bridge.store_curve(number, HEADER, POINTS)
    assert len(bridge.adapter.history) == heard
