"""The simulated IPS120-10 against its handbook, and against pymeasure's driver for it."""

import re

import pytest
from pymeasure.adapters import Adapter
from pymeasure.instruments.oxfordinstruments import IPS120_10

from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.devices import ips120
from coldfinger.sim.devices.ips120 import IPS120
from coldfinger.sim.devices.oxford_supply import CURRENT_LIMIT
from coldfinger.sim.magnet import MagnetModel, SwitchModel
from tests.sim.panel_checks import SAMPLE, ask

SWITCHED = Laboratory(magnet=MagnetModel(switch=SwitchModel(heating=10.0, cooling=30.0)))
STATUS = re.compile(r"X\d\dA[0124]C[0-3]H[0128]M\d\dP\d\d")


@pytest.fixture
def panel(cryostat):
    result = IPS120(cryostat)
    assert result.receive(b"C3\rA0\r") == b"C\rA\r"
    return result


def later(cryostat, seconds):
    cryostat.advance(cryostat.now + seconds)


# Commands of pymeasure's protocol tests, with the replies they expect to commands.
@pytest.mark.parametrize(("command", "reply"), [("A0", "A"), ("I1.300000", "I"), ("C1", "C"), ("H0", "?H0")])
def test_a_command_is_answered_with_its_letter_or_as_a_whole(panel, command, reply):
    assert ask(panel, command) == reply


def test_version_and_status_have_their_shape(panel):
    assert ask(panel, "V") == "IPS120-10  Version 3.07  (c) OXFORD 1996"
    status = ask(panel, "X")
    assert (len(status), status) == (15, "X00A0C3H8M10P00")


WRONG = """B a0 A A3 A5 A1x AA C4 C-1 H3 J J--1 Jnan J0.1001 J-0.1001 I50.001 T0 T-1 T1.21 S600.1 M2 M10
    Q2 Q6 V1 X0 R R3 R17 R25 R-1 *IDN? A0;A1 \xff"""


@pytest.mark.parametrize("command", [*WRONG.split(), " A0"])
def test_what_is_wrong_comes_back_behind_a_question_mark_and_changes_nothing(panel, command):
    before = ask(panel, "X"), [ask(panel, f"R{n}") for n in (5, 6, 8, 9)]
    assert ask(panel, command) == f"?{command}"
    assert (ask(panel, "X"), [ask(panel, f"R{n}") for n in (5, 6, 8, 9)]) == before


def test_under_local_control_only_what_changes_no_output_is_obeyed(cryostat):
    panel = IPS120(cryostat)
    assert ask(panel, "X") == "X00A4C0H8M10P00"
    for control in ("C0", "C2"):
        assert ask(panel, control) == "C"
        for command in ("A0", "H1", "J0", "I0", "T0.1", "S1", "M1"):
            assert ask(panel, command) == f"?{command}"
        assert ask(panel, "R0") == "R+00.0000"
    for control in ("C1", "C3"):
        assert ask(panel, control) == "C"
        assert ask(panel, "A0") == "A"
        assert ask(panel, "X")[5:7] == control


def test_a_dollar_forbids_the_reply_and_an_address_chooses_the_instrument(panel):
    assert panel.receive(b"$J0.01\r$V\r$junk\r@2$J0.02\r$@2J0.02\r") == b""
    assert ask(panel, "R8") == "R+00.0200"
    assert ask(panel, "@2R8") == "R+00.0200"
    assert panel.receive(b"@3R8\r@3J0.03\r") == b""
    assert ask(panel, "@2junk") == "?junk"
    assert ask(panel, "R8") == "R+00.0200"


def test_a_line_feed_after_the_return_is_harmless(panel):
    assert panel.receive(b"R8\r\nR8\r\n") == b"R+00.0000\r" * 2


def test_extended_resolution_has_one_digit_more_and_is_not_acknowledged(panel):
    assert ask(panel, "J0.012345") == "J"
    assert ask(panel, "R8") in ("R+00.0123", "R+00.0124")
    assert panel.receive(b"Q4\r") == (b"Q\r" if ips120.ANSWERS_Q else b"")
    assert ask(panel, "R8") in ("R+00.01234", "R+00.01235")
    panel.receive(b"Q0\r")
    assert ask(panel, "R8") in ("R+00.0123", "R+00.0124")


@pytest.mark.parametrize(
    ("command", "readings"),
    [
        ("J0.05", {"R8": "R+00.0500", "R5": "R+25.0000"}),
        ("J-0.1", {"R8": "R-00.1000", "R5": "R-50.0000"}),
        (f"I{CURRENT_LIMIT}", {"R8": "R+00.1000", "R5": "R+50.0000"}),
        ("I-12.5", {"R8": "R-00.0250", "R5": "R-12.5000"}),
        ("T0.06", {"R9": "R+00.0600", "R6": "R+30.0000"}),
        ("S600", {"R9": "R+01.2000", "R6": "R+600.0000"}),
        ("M5", {"X": "X00A0C3H8M50P00"}),
        ("M8", {"X": "X00A0C3H8M00P00"}),
        ("M9", {"X": "X00A0C3H8M10P00"}),
        ("A0", {"R15": "R+10.0000", "R21": "R-50.0000", "R22": "R+50.0000", "R24": "R+00.5000", "R20": "R+50.0000"}),
    ],
)
def test_what_has_been_set_is_read_back(panel, command, readings):
    assert ask(panel, command) == command[0]
    assert {query: ask(panel, query) for query in readings} == readings


def test_the_display_mode_leaves_the_speed_alone(panel):
    ask(panel, "M4")
    ask(panel, "M9")
    assert ask(panel, "X")[10] == "5"
    ask(panel, "M8")
    assert ask(panel, "X")[10] == "4"


def test_a_sweep_goes_at_its_rate_ends_at_rest_and_follows_a_new_set_point(panel, cryostat):
    for command in ("T0.06", "J0.03", "A1"):
        assert ask(panel, command) == command[0]
    assert ask(panel, "X") == "X00A1C3H8M11P00"
    later(cryostat, 15.0)
    assert float(ask(panel, "R7")[1:]) == pytest.approx(0.015, abs=2.6e-4)  # one tick of 0.25 s
    assert float(ask(panel, "R1")[1:]) == pytest.approx(0.5 * 0.5, rel=1e-3)  # L dI/dt
    later(cryostat, 16.0)
    assert (ask(panel, "X"), ask(panel, "R7"), ask(panel, "R0")) == ("X00A1C3H8M10P00", "R+00.0300", "R+15.0000")
    assert cryostat.magnet.supply_field(cryostat.now) == pytest.approx(300.0)
    assert ask(panel, "J0.02") == "J"
    assert ask(panel, "X")[11] == "1"
    later(cryostat, 11.0)
    assert ask(panel, "R7") == "R+00.0200"
    assert ask(panel, "A2") == "A"
    later(cryostat, 10.0)
    assert ask(panel, "A0") == "A"
    held = ask(panel, "R7")
    later(cryostat, 30.0)
    assert (ask(panel, "R7"), ask(panel, "X")) == (held, "X00A0C3H8M10P00")
    assert ask(panel, "J0.05") == "J"
    later(cryostat, 5.0)
    assert ask(panel, "R7") == held


def test_a_clamped_supply_does_not_sweep_and_a_current_is_not_clamped(cryostat):
    panel = IPS120(cryostat)
    ask(panel, "C3")
    assert (ask(panel, "A1"), ask(panel, "A2"), ask(panel, "A0")) == ("?A1", "?A2", "A")
    for command in ("S60", "I2", "A1"):
        ask(panel, command)
    later(cryostat, 3.0)
    assert ask(panel, "A4") == "?A4"
    ask(panel, "A2")
    later(cryostat, 3.0)
    assert (ask(panel, "A4"), ask(panel, "X")) == ("A", "X00A4C3H8M10P00")


def test_a_quench_stays_in_the_status_until_a_hold(panel, cryostat):
    for command in ("T0.06", "J0.05", "A1"):
        ask(panel, command)
    later(cryostat, 10.0)
    cryostat.magnet.quenched = True
    later(cryostat, 1.0)
    assert (ask(panel, "X"), ask(panel, "R7")) == ("X10A1C3H8M10P00", "R+00.0000")
    assert ask(panel, "A1") == "?A1"
    assert (ask(panel, "A0"), ask(panel, "X")) == ("A", "X00A0C3H8M10P00")
    assert ask(panel, "A1") == "A"
    later(cryostat, 5.0)
    assert float(ask(panel, "R7")[1:]) > 0.004


@pytest.fixture
def persistent():
    """10 A in the coil, none in the leads, switch cold."""
    cryostat = Cryostat(SAMPLE, SWITCHED)
    panel = IPS120(cryostat)
    for command in ("C3", "A0", "S60", "I10", "H1"):
        assert ask(panel, command) == command[0]
    later(cryostat, 10.0)
    ask(panel, "A1")
    later(cryostat, 11.0)
    assert (ask(panel, "X"), ask(panel, "H0")) == ("X00A1C3H1M10P00", "H")
    later(cryostat, 30.0)
    ask(panel, "A2")
    later(cryostat, 11.0)
    return panel, cryostat


def test_in_persistent_mode_the_field_is_remembered_and_the_heater_wants_it_back(persistent):
    panel, cryostat = persistent
    assert (ask(panel, "X"), ask(panel, "R7"), ask(panel, "R18")) == ("X00A2C3H2M10P00", "R+00.0000", "R+00.0200")
    assert ask(panel, "R16") == "R+10.0000"
    assert cryostat.magnet.coil == pytest.approx(200.0)
    assert (ask(panel, "H1"), cryostat.magnet.heater_on) == ("?H1", False)
    ask(panel, "A1")
    later(cryostat, 11.0)
    assert ask(panel, "H1") == "H"
    later(cryostat, 10.0)
    assert (cryostat.magnet.switch_open, cryostat.magnet.released, ask(panel, "X")[8]) == (True, 0.0, "1")


def test_a_forced_heater_quenches_the_coil(persistent):
    panel, cryostat = persistent
    assert ask(panel, "H2") == "H"
    later(cryostat, 10.0)
    assert ask(panel, "X")[1] == "1"
    assert cryostat.magnet.released == pytest.approx(0.5 * 0.5 * 10.0**2)
    assert (ask(panel, "A0"), ask(panel, "H0"), ask(panel, "R18")) == ("A", "H", "R+00.0000")
    assert ask(panel, "X")[8] == "0"


def test_without_mains_the_leads_run_down_and_control_is_local(persistent):
    panel, cryostat = persistent
    ask(panel, "A1")
    later(cryostat, 11.0)
    fresh = IPS120(cryostat)
    fresh.lose_settings()
    later(cryostat, 2.0)
    assert (ask(fresh, "X"), ask(fresh, "R7")) == ("X00A4C0H0M10P00", "R+00.0000")
    assert cryostat.magnet.coil == pytest.approx(200.0)


class Wire(Adapter):
    """What pymeasure writes goes to the panel."""

    def __init__(self, panel):
        super().__init__()
        self.panel = panel
        self.waiting = b""

    def _write(self, command, **_):
        self.waiting += self.panel.receive(command.encode() + b"\r")

    def _read(self, **_):
        reply, _, self.waiting = self.waiting.partition(b"\r")
        return reply.decode()


def test_pymeasure_drives_it(monkeypatch):
    cryostat = Cryostat(SAMPLE, SWITCHED)
    monkeypatch.setattr("pymeasure.instruments.oxfordinstruments.ips120_10.sleep", lambda s: later(cryostat, s))
    driver = IPS120_10(Wire(IPS120(cryostat)), clear_buffer=False, field_range=0.1, switch_heater_cooling_delay=30)
    assert "IPS120-10" in driver.version
    driver.enable_control()
    assert (driver.control_mode, driver.activity, driver.switch_heater_enabled) == ("RU", "hold", True)
    later(cryostat, 20.0)
    driver.sweep_rate = 0.06
    assert driver.sweep_rate == 0.06
    driver.activity = "to setpoint"
    driver.field_setpoint = 0.02
    driver.wait_for_idle()
    assert (driver.field, driver.field_setpoint, driver.demand_current) == (0.02, 0.02, 10.0)
    driver.enable_persistent_mode()
    assert (driver.demand_field, driver.persistent_field, driver.field) == (0.0, 0.02, 0.02)
    assert cryostat.magnet.coil == pytest.approx(200.0)
    driver.disable_persistent_mode()
    driver.activity = "to zero"
    driver.wait_for_idle()
    assert driver.field == 0.0
    driver.disable_control()
    assert (driver.activity, driver.control_mode, driver.sweep_status) == ("clamp", "LU", "at rest")
    assert not cryostat.magnet.quenched
