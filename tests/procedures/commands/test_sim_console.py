"""`coldfinger sim console` from a pipe: lines in, replies with their terminators out."""

from click.testing import CliRunner

from coldfinger.procedures.commands.sim import sim
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.server import Server


def console(*arguments, typed=""):
    result = CliRunner().invoke(sim, ["console", *arguments], input=typed)
    return result.exit_code, result.output.splitlines()


def test_a_question_is_answered_with_its_terminator_and_a_command_is_silent():
    status, lines = console("bridge", typed="*IDN?\nSETP 0,0.3\nSETP? 0\n:quit\nnever sent?\n")
    assert status == 0
    assert lines[0] == "LSCI,MODEL372,LSA23JD,1.3\\r\\n"
    assert float(lines[1].removesuffix("\\r\\n")) == 0.3
    assert len(lines) == 2


def test_the_magnet_greets_and_its_field_moves_while_the_console_waits():
    typed = "CONF:FIELD:UNITS 1\nCONF:FIELD:TARG 0.01\nRAMP\n:wait 1 min\nFIELD:MAG?\n:time\n"
    status, lines = console("magnet", typed=typed)
    assert status == 0
    assert lines[:2] == ["American Magnetics Model 430 IP Interface\\r\\n", "Hello.\\r\\n"]
    assert float(lines[2].removesuffix("\\r\\n")) > 0
    assert 60.0 < float(lines[3].removesuffix(" s")) < 61.0


def test_an_address_is_as_good_as_a_name_and_the_status_byte_is_shown():
    status, lines = console("GPIB0::8::INSTR", typed="OUTX 1\nNONSENSE\n:status\n:names\n")
    assert status == 0
    assert lines[0].startswith("status byte ")
    assert "magnet  TCPIP0::127.0.0.1::7180::SOCKET" in lines


def test_help_silence_and_mistakes_end_nothing():
    status, lines = console(typed="help\n:hop\n:wait long\nNOSUCH?\nSENS?\n")
    assert status == 0
    assert ":quit        end (so does the end of the input)" in lines
    assert ":hop is not known here; help says what is" in lines
    assert any(line.startswith(":wait") and "long" in line for line in lines)
    assert lines[-2:] == ["(silence)", "26\\n"]


def test_what_is_not_there_is_refused_in_one_sentence(tmp_path):
    status, lines = console("toaster")
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith(
        "coldfinger: sim console: no instrument 'toaster'; allowed are lock-in, bridge, magnet, "
    )
    assert lines[0].endswith(", or HOST:PORT of a server")
    status, lines = console("127.0.0.1:1")
    assert status == 2
    assert "nobody answers at 127.0.0.1:1" in lines[0]


def test_a_scenario_of_faults_is_met_by_hand(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text('schema = 1\n[[fault]]\nkind = "wrong terminator"\non = "lock-in"\nafter = 1\n', "utf-8")
    status, lines = console("--scenario", str(path), typed="SENS?\nSENS?\n")
    assert status == 0
    assert lines == ["26\\n", "26\\r"]


def test_a_served_instrument_is_talked_to_over_its_port():
    rack = sim_rack(Cryostat(builtin_sample("S0")), SimClock(100.0))
    with Server(rack) as server:
        place = server.places["bias"]
        status, lines = console(f"{place.host}:{place.port}", typed="*IDN?\nOUTP?\n:wait 1 s\n:time\n")
    assert status == 0
    assert lines == [
        "YOKOGAWA,GS210,91T926445,2.02\\n",
        "0\\n",
        ":wait is for a laboratory in this process; a served one runs by itself",
        ":time is known in the process of the laboratory only",
    ]
