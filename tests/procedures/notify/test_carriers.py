"""How messages go out: through the real apprise to a server on this computer, and through a command."""

import sys

import pytest
from click.testing import CliRunner

from coldfinger.procedures.commands.station import station
from coldfinger.procedures.engine.items import WAIT, Item, Night
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.notify import carriers
from coldfinger.procedures.notify.carriers import (
    MISSING,
    CarrierError,
    CommandCarrier,
    address_carrier,
    command_carrier,
)
from coldfinger.procedures.notify.letter import Letter
from coldfinger.procedures.station_check.messages import messages_line
from tests.procedures.notify.home import BUILT_IN, post_office, telling

# Apprise 2.2 imports a module that Python 3.13 has no more, where there is one.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

LETTER = Letter("fault", "bench: fault", "The fuse is gone.\n\nStation bench.")
PASSWORD, TOKEN = "hunter22secret", "T0k3n-of-mine"


@pytest.fixture(scope="module")
def office():
    with post_office() as post:
        yield post


@pytest.fixture
def post(office):
    office.got.clear()
    office.paths.clear()
    office.status = 200
    return office


def url(post, path=TOKEN):
    return f"json://bob:{PASSWORD}@127.0.0.1:{post.port}/{path}"


def test_a_message_reaches_a_server(post):
    carrier = address_carrier(url(post), 1)
    assert carrier.deliver(LETTER) == ""
    (got,) = post.got
    assert (got["title"], got["message"], got["type"]) == (LETTER.title, LETTER.body, "failure")
    assert post.paths == [f"/{TOKEN}"]
    assert carrier.name == f"notify.to, address 1 (json://bob:****@127.0.0.1:{post.port})"


def test_a_refusal_is_a_few_words_without_the_password(post, caplog):
    post.status = 500
    reason = address_carrier(url(post), 1).deliver(LETTER)
    assert "500" in reason
    assert PASSWORD not in reason + caplog.text
    assert TOKEN not in reason + caplog.text


def test_a_server_that_is_not_there_is_a_reason_too():
    with post_office() as gone:
        pass
    reason = address_carrier(f"json://bob:{PASSWORD}@127.0.0.1:{gone.port}/{TOKEN}?cto=1&rto=1", 1).deliver(LETTER)
    assert "onnection" in reason
    assert PASSWORD not in reason


def test_an_address_can_come_from_the_environment(post, monkeypatch):
    monkeypatch.setenv("HOME_URL", url(post))
    carrier = address_carrier("env:HOME_URL", 1)
    assert carrier.deliver(LETTER) == ""
    assert carrier.name == f"env:HOME_URL (json://bob:****@127.0.0.1:{post.port})"
    monkeypatch.delenv("HOME_URL")
    with pytest.raises(CarrierError, match=r"^env:HOME_URL: there is no such environment variable here, so nobody is"):
        address_carrier("env:HOME_URL", 1)


@pytest.mark.parametrize("wrong", [f"nonsense://{PASSWORD}@host", "json://", f"slack://{PASSWORD}"])
def test_what_apprise_does_not_understand_is_one_sentence_without_the_password(wrong):
    with pytest.raises(
        CarrierError, match=r"^notify.to, address 2 is not an address that apprise understands"
    ) as error:
        address_carrier(wrong, 2)
    assert PASSWORD not in str(error.value)


def test_the_copy_of_a_station_file_tells_nobody():
    with pytest.raises(CarrierError, match="address 1 was left out of this copy of a station file"):
        address_carrier("mailto://hidden", 1)


def test_without_apprise_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(carriers, "apprise_is_there", lambda: False)
    with pytest.raises(CarrierError, match=r"pip install coldfinger\[notify\]"):
        address_carrier("json://host", 1)
    said = messages_line(telling('to = ["json://a", "json://b"]'))
    assert said is not None
    assert (said.outcome, said.sentence) == ("warn", MISSING)


def python(code, *arguments):
    return (sys.executable, "-I", "-S", "-c", code, *arguments)


def test_a_command_gets_title_and_text(tmp_path):
    got = tmp_path / "got"
    command = python("import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())", str(got))
    assert command_carrier(command).deliver(LETTER) == ""
    assert got.read_text("utf-8") == "bench: fault\n\nThe fuse is gone.\n\nStation bench.\n"


def test_a_command_that_fails_or_lasts_or_is_not_there_is_a_reason():
    failing = python("import sys; sys.exit(f'no modem for {sys.argv[1]}')", PASSWORD)
    assert CommandCarrier(failing).deliver(LETTER) == "it ended with 1: no modem for"
    hanging = CommandCarrier(python("import sys; sys.stdin.read(); import time; time.sleep(60)"), longest=0.3)
    assert hanging.deliver(LETTER) == "it did not end within 0.3 s, and was ended"
    assert "could not be started" in CommandCarrier(("/nowhere/at-all",)).deliver(LETTER)
    with pytest.raises(CarrierError, match="there is no program /nowhere/at-all; give its full path"):
        command_carrier(("/nowhere/at-all",))


def written(tmp_path, table):
    path = tmp_path / "lab.toml"
    path.write_text(f"{BUILT_IN}\n[notify]\n{table}\n", "utf-8")
    return str(path)


def test_the_command_line_sends_a_test_message_and_says_where_it_went(post, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME_URL", url(post, "second"))
    done = CliRunner().invoke(station, ["notify", written(tmp_path, f'to = ["{url(post)}", "env:HOME_URL"]')])
    assert done.exit_code == 0, done.output
    assert [line.rpartition(": ")[2] for line in done.output.splitlines()] == ["sent", "sent"]
    assert PASSWORD not in done.output
    assert post.got[0]["title"] == "SIMULATED sim: test message"
    assert "nothing has happened" in post.got[0]["message"]
    assert len(post.got) == 2


def test_the_command_line_says_what_did_not_go(post, tmp_path):
    post.status = 403
    table = f'to = ["{url(post)}", "env:NOT_SET_HERE"]\ncommand = ["/nowhere/at-all"]'
    done = CliRunner().invoke(station, ["notify", written(tmp_path, table)])
    assert done.exit_code == 1
    first, second, third = done.output.splitlines()
    assert ": not sent: " in first
    assert "403" in first
    assert "there is no such environment variable" in second
    assert "there is no program" in third
    assert PASSWORD not in done.output


def test_a_station_that_tells_nobody_has_nothing_to_test():
    done = CliRunner().invoke(station, ["notify", "sim"])
    assert done.exit_code == 2
    assert "nobody is told by this station; write [notify] with to" in done.output


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_shown_station_file_holds_no_password(post, tmp_path, form):
    done = CliRunner().invoke(station, ["show", written(tmp_path, f'to = ["{url(post)}"]'), *form])
    assert "json://hidden" in done.output
    assert PASSWORD not in done.output
    assert TOKEN not in done.output


def test_the_check_says_who_is_told_and_sends_nothing(post):
    said = messages_line(telling(f'to = ["{url(post)}"]\ncommand = ["{sys.executable}"]'))
    assert said is not None
    assert said.outcome == "ok"
    assert "address 1 (json://bob:****@127.0.0.1:" in said.sentence
    assert "of fault, held, end; " in said.sentence
    assert post.got == []
    assert messages_line(telling('command = ["/nowhere/at-all"]')).outcome == "warn"


def test_a_whole_night_tells_its_end_and_keeps_the_address_to_itself(post, tmp_path):
    file = telling(f'to = ["{url(post)}"]')
    night = Night("short", (Item(WAIT, "1", "rest", settings={"seconds": 1.0}),))
    with engine_for(night, file, tmp_path, sync=False) as engine:
        engine.run()
    assert [got["title"] for got in post.got] == ["SIMULATED sim: the queue has ended"]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes()
