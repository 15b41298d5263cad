"""The drivers on simulated instruments that nobody here wrote: the pyvisa-sim files that QCoDeS brings along.

Those files answer exact texts with values, and no more: they know other spellings of the same words, no error queue,
no status byte, and often a shorter form of a reply than the manual's. `Wire` says in the open what is translated, and
what is answered in the file's place, so each test proves what it names: that question, setting and value mean the same
to both. What a strict driver must refuse of such a file is tested too.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pyvisa
import qcodes.instrument.sims

from coldfinger.instruments.ami import AMI430, FieldUnit, RateUnit
from coldfinger.instruments.errors import CommandError, LinkError, MagnetError, ReplyError
from coldfinger.instruments.lakeshore import (
    PID,
    Autorange,
    Coefficient,
    ControlMode,
    ExcitationMode,
    InputSettings,
    InputSetup,
    LakeShore372,
    OutputMode,
    Unit,
)
from coldfinger.instruments.link import Link
from coldfinger.instruments.mercury_ips import MercuryIPS
from coldfinger.instruments.oxford_magnet import Activity
from coldfinger.instruments.roles import RampState
from coldfinger.instruments.yokogawa import GS200, Function
from tests.instruments.oxford import StoppedClock

FILES = Path(qcodes.instrument.sims.__file__).parent


class Wire:
    """A resource of such a file.

    `spelling` turns our line into the file's, `reading` the file's reply to a line into the manual's form, `instead`
    are replies to what the file does not know (None: it is silent). Several commands in one line are sent one by one
    and their replies joined by semicolons, as the instruments do.
    """

    def __init__(
        self,
        resource: Any,
        spelling: Callable[[str], str],
        reading: Callable[[str, str], str],
        instead: dict[str, str | None],
    ) -> None:
        self._resource, self._spelling, self._reading, self._instead = resource, spelling, reading, instead
        self._end = resource.read_termination
        self._waiting: list[bytes] = []
        self.sent: list[str] = []
        self.timeout = 1000.0

    def write_raw(self, message: bytes) -> None:
        line = message.decode().strip()
        self.sent.append(line)
        replies = [reply for part in line.split(";") if (reply := self._reply(part)) is not None]
        if replies:
            self._waiting.append((";".join(replies) + self._end).encode())

    def _reply(self, part: str) -> str | None:
        if part in self._instead:
            return self._instead[part]
        self._resource.write_raw((self._spelling(part) + self._end).encode())
        if "?" not in part and not part.startswith(("READ:", "SET:")):
            return None
        return self._reading(part, self._resource.read_raw().decode().strip())

    def read_raw(self) -> bytes:
        if not self._waiting:
            raise pyvisa.errors.VisaIOError(pyvisa.constants.StatusCode.error_timeout)
        return self._waiting.pop(0)

    def read_stb(self) -> int:
        return 16 if self._waiting else 0

    def clear(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self._resource.close()


@pytest.fixture
def wired() -> Iterator[Any]:
    managers: list[pyvisa.ResourceManager] = []

    def connect(
        name: str,
        address: str,
        end: str,
        spelling: Callable[[str], str] = lambda line: line,
        reading: Callable[[str, str], str] = lambda line, reply: reply,
        instead: dict[str, str | None] | None = None,
    ) -> Link:
        managers.append(pyvisa.ResourceManager(f"{FILES / name}.yaml@sim"))
        resource = managers[-1].open_resource(address, read_termination=end, timeout=200)
        return Link(
            lambda: Wire(resource, spelling, reading, instead or {}),
            "GPIB0::1::INSTR",
            clock=StoppedClock(),
            read_termination=end,
            back_off=(),
        )

    yield connect
    for manager in managers:
        manager.close()


class ForeignAMI430(AMI430):
    """The driver, for the name that the file gives itself."""

    IDENTITY = "QCoDeS, AMI430_simulation, .*"


class ForeignLakeShore372(LakeShore372):
    """The driver, for the name that the file gives itself."""

    IDENTITY = "QCoDeS, m0d3l, 372, .*"


class ForeignGS200(GS200):
    """The driver, for the name that the file gives itself."""

    IDENTITY = "QCoDeS Yokogawa Mock,GS200,.*"


class ForeignMercury(MercuryIPS):
    """The driver, for the name that the file gives itself; its firmware is 000, so the word must be given."""

    IDENTITY = "IDN:OXFORD INSTRUMENTS:SIMULATED MERCURY iPS:.*"


@pytest.mark.parametrize(
    ("name", "address", "end"),
    [
        ("MercuryiPS", "GPIB::1::INSTR", "\n"),
        ("AMI430", "GPIB::1::INSTR", "\n"),
        ("lakeshore_model372", "GPIB::3::INSTR", "\r\n"),
        ("lakeshore_model336", "GPIB::2::INSTR", "\r\n"),
        ("Yokogawa_GS200", "GPIB::1::INSTR", "\n"),
    ],
)
@pytest.mark.parametrize("driver", [AMI430, LakeShore372, GS200, MercuryIPS])
def test_a_driver_takes_nothing_that_calls_itself_otherwise(wired, name, address, end, driver):
    limits = {"field_limit": 0.1} if driver in (AMI430, MercuryIPS) else {}
    with pytest.raises(LinkError, match=r"'\*IDN\?' was answered .* is this the right address\?"):
        driver(wired(name, address, end), **limits).identify()


# AMI 430: our words as they are; the text of an empty error queue comes without quotation marks


def ami_reading(line: str, reply: str) -> str:
    return '0,"No Error"' if line == "SYST:ERR?" and reply == "0, No Error" else reply


@pytest.fixture
def ami(wired):
    return ForeignAMI430(wired("AMI430", "GPIB::1::INSTR", "\n", reading=ami_reading), field_limit=0.1)


def test_an_ami_430_is_read(ami):
    assert (ami.units, ami.rate_units) == (FieldUnit.TESLA, RateUnit.PER_SECOND)
    assert (ami.coil_constant, ami.current_limit, ami.field, ami.target) == (2.0, 80.0, 0.123, 0.0)
    assert (ami.state, ami.quenched, ami.persistent, ami.switch_heated) == (RampState.HOLDING, False, False, False)
    assert (ami.switch_installed, ami.switch_heat_time, ami.switch_cool_time) == (False, 5.0, 3600.0)
    assert ami.doubts == 0


def test_an_ami_430_is_configured_and_moves_when_it_is_told(ami):
    ami.tell("CONF:FIELD:UNITS 0")
    with pytest.raises(MagnetError, match=r"call configure\(\)"):
        ami.ramp()
    ami.configure()
    assert ami.units is FieldUnit.TESLA
    ami.ramp()
    ami.pause()
    ami.zero()
    assert [line for line in ami.adapter.connection.sent if line in ("RAMP", "PAUSE", "ZERO")] == [
        "RAMP",
        "PAUSE",
        "ZERO",
    ]


def test_an_ami_430_that_jumps_to_its_target_and_forgets_it_is_found_by_reading_back(ami):
    with pytest.raises(CommandError, match=r"target 0\.05 T was sent, but reads back as 0"):
        ami.target = 0.05
    assert ami.field == 0.05


def test_a_quench_of_an_ami_430_stops_everything(ami):
    ami.tell("QU 1")
    assert ami.quenched
    with pytest.raises(MagnetError, match="has quenched"):
        ami.ramp()


def test_a_switch_that_an_ami_430_does_not_have_is_not_heated(ami):
    with pytest.raises(MagnetError, match="knows of no persistent switch"):
        ami.heat_switch()


def test_rate_and_segment_in_another_form_than_the_manual_s_are_refused(ami):
    with pytest.raises(ReplyError, match=r"answered '0\.11, 0\.11, 0\.11'; required is rate and bound"):
        _ = ami.ramp_rate


# Lake Shore 372: our words as they are; no status register; the sample's readings lack the six digits of the manual


def six_digits(line: str, reply: str) -> str:
    if line.startswith("SRDG?") and reply == "100.0":
        return "+100.000E+00"
    return f"{int(reply):03d}" if line.startswith("RDGST?") else reply


def bridge_on(wired: Any, reading: Callable[[str, str], str]) -> ForeignLakeShore372:
    link = wired("lakeshore_model372", "GPIB::3::INSTR", "\r\n", reading=reading, instead={"*ESR?": "000"})
    return ForeignLakeShore372(link, control_input="1")


@pytest.fixture
def bridge(wired):
    return bridge_on(wired, six_digits)


def test_a_372_s_inputs_are_read_and_set(bridge):
    channel = bridge.bridge
    assert channel.setup == InputSetup(ExcitationMode.VOLTAGE, 2e-6, Autorange.OFF, 0.2, False, Unit.KELVIN)
    assert channel.settings == InputSettings(True, 100, 3, 0, Coefficient.NEGATIVE)
    for setup in (
        InputSetup(ExcitationMode.CURRENT, 3.16e-9, Autorange.ON, 20e3, True, Unit.OHM),
        InputSetup(ExcitationMode.VOLTAGE, 0.632, Autorange.OFF, 63.2e6, False, Unit.KELVIN),
    ):
        channel.setup = setup
        assert channel.setup == setup
    channel.settings = settings = InputSettings(False, 7, 5, 21, Coefficient.POSITIVE)
    assert channel.settings == settings
    assert bridge.channel(16).settings.enabled


def test_a_372_s_control_loop_is_read_and_set(bridge):
    controller = bridge.controller
    bridge.configure()
    controller.setpoint, controller.pid, controller.heater_range = 0.05, PID(2.5, 15, 0.5), 316e-6
    assert (controller.setpoint, controller.pid, controller.heater_range) == (0.05, PID(2.5, 15, 0.5), 316e-6)
    controller.output_mode = mode = OutputMode(ControlMode.CLOSED_LOOP, "1", False, False, True, 5)
    assert controller.output_mode == mode
    controller.heater_off()
    assert controller.heater_range == 0.0


def test_resistance_and_status_of_a_372_belong_together(bridge):
    assert bridge.bridge.reading == (100.0, 0)


def test_readings_of_a_372_in_another_form_than_the_manual_s_are_refused(wired):
    bare = bridge_on(wired, lambda line, reply: reply)
    for read in (lambda: bare.bridge.reading, lambda: bare.bridge.kelvin, lambda: bare.controller.temperature):
        with pytest.raises(ReplyError, match="required is"):
            read()


# GS200: the file spells OUTPUT in full and writes a colon before SOUR? where it asks; it has no error queue


def gs200_spelling(line: str) -> str:
    return {"SOUR:FUNC?": ":SOUR:FUNC?"}.get(line, line.replace("OUTP", "OUTPUT", 1))


def test_function_and_output_of_a_gs200_are_read_and_set(wired):
    link = wired("Yokogawa_GS200", "GPIB::1::INSTR", "\n", gs200_spelling, instead={"SYST:ERR?": '0,"No error"'})
    source = ForeignGS200(link)
    assert (source.function, source.output) == (Function.VOLTAGE, False)
    source.function = Function.CURRENT
    source.output = True
    assert (source.function, source.output) == (Function.CURRENT, True)
    with pytest.raises(CommandError, match="while the output is on"):
        source.function = Function.VOLTAGE
    with pytest.raises(ReplyError, match="answered 'ERROR'"):
        _ = source.level


# Mercury iPS: the file answers bare numbers, and a setting with an empty line

UNITS = {"FSET": "T", "FLD": "T", "RFST": "T/m", "ACTN": ""}


def mercury_reading(line: str, reply: str) -> str:
    """The reply with the question and the unit that the manual wants; only what the file really knows."""
    assert reply != "ERROR", line
    verb, _, noun = line.partition(":")
    if verb == "SET":
        assert reply == ""
        return f"STAT:SET:{noun}:VALID"
    return f"STAT:{noun}:{reply}{UNITS[noun.rpartition(':')[2]]}"


def mercury_on(wired: Any, reading: Callable[[str, str], str] = mercury_reading, group: str = "GRPZ") -> MercuryIPS:
    none = {"READ:SYS:ALRM": "STAT:SYS:ALRM:"}
    none[f"READ:DEV:{group}:PSU:SIG:SWHT"] = f"STAT:DEV:{group}:PSU:SIG:SWHT:N/A"
    link = wired(
        "MercuryiPS",
        "GPIB::1::INSTR",
        "\n",
        reading=lambda line, reply: reply if line == "*IDN?" else reading(line, reply),
        instead=none,
    )
    return ForeignMercury(link, group=group, word="PSU", field_limit=0.1)


@pytest.mark.parametrize("group", ["GRPX", "GRPY", "GRPZ"])
def test_target_rate_and_activity_of_a_mercury_ips_mean_the_same_to_it(wired, group):
    """Words and units of the file are the driver's; the repetition of the question is added by the wire."""
    magnet = mercury_on(wired, group=group)
    assert (magnet.field, magnet.target, magnet.ramp_rate, magnet.activity) == (0.0, 0.0, 0.0, Activity.HOLD)
    magnet.configure()
    magnet.ramp_rate, magnet.target = 1e-3, -0.05
    assert (magnet.ramp_rate, magnet.target) == (pytest.approx(1e-3), -0.05)
    magnet.ramp()
    assert (magnet.activity, magnet.state) == (Activity.TO_TARGET, RampState.RAMPING)
    magnet.pause()
    assert (magnet.activity, magnet.state) == (Activity.HOLD, RampState.AT_ZERO)  # a field that never moves
    magnet.zero()
    assert magnet.activity is Activity.TO_ZERO
    sent = magnet.adapter.connection.sent
    assert f"SET:DEV:{group}:PSU:SIG:RFST:0.06" in sent  # per minute
    assert magnet.doubts == 0


def test_a_mercury_ips_that_does_not_repeat_the_question_is_not_believed(wired):
    """The file as it is: a bare number could belong to any question, so the driver refuses every one of them."""
    magnet = mercury_on(wired, lambda line, reply: reply)
    for read in (lambda: magnet.supply_field, lambda: magnet.target, lambda: magnet.activity):
        with pytest.raises(ReplyError, match="required is 'STAT:DEV:GRPZ:PSU:"):
            read()
    with pytest.raises(LinkError, match=r"whether .* was carried out is not known"):
        magnet.write("SET:DEV:GRPZ:PSU:SIG:FSET:0.05")
