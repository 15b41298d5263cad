"""An owner process with the real engine on the simulated station, in virtual time: what its clients can do to it."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.engine.queue_journal import nights, read_queue
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.owner import OwnerSettings, start

RAMP = {"field": 10.0, "start": 0.6, "stop": 0.5, "points": 2, "pacing": "log points", "excitation": "fixed"}


def run(name, **parameters):
    return Item("run", "", name, "TemperatureRamp", {**RAMP, **parameters}).to_json()


def wait(name, seconds):
    return Item("wait", "", name, settings={"seconds": seconds}).to_json()


def field(name, tesla):
    return Item("set", "", name, settings={"field": tesla}).to_json()


FOREVER = 1e9  # s of virtual time, which passes at several thousand seconds in a second


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("COLDFINGER_STATE", str(tmp_path / "state"))


@pytest.fixture
def owner(tmp_path, state):
    """Starts owners: owner(resume=True) -> a client in control of it."""
    pids, clients = [], []

    def begin(plan=None, resume=False):
        settings = OwnerSettings.of("sim", str(tmp_path / "data"), plan, resume)
        pids.append(start(settings))
        clients.append(Client(settings.folder, who="tester"))
        return clients[-1]

    yield begin
    for client in clients:
        client.close()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def one_owner(tmp_path_factory):
    """One owner for all tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLDFINGER_STATE", str(folder / "state"))
        settings = OwnerSettings.of("sim", str(folder / "data"))
        pid = start(settings)
        with Client(settings.folder, who="tester") as client:
            yield client
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def client(one_owner):
    """A client of an owner with nothing to do."""
    rest(one_owner, "idle")
    yield one_owner
    one_owner.command("abort")
    snapshot = rest(one_owner, "held")
    one_owner.command(
        "remove", ids=[item["id"] for item in snapshot["items"] if item["state"] in ("waiting", "partial")]
    )
    one_owner.command("resume")
    rest(one_owner, "idle")


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)
    return found


def rest(client, *states):
    """The snapshot when the engine has come to one of these states."""

    def there():
        snapshot = client.snapshot()
        return snapshot if snapshot["state"] in states else None

    return until(there)


def item_states(snapshot, ids=None):
    return [item["state"] for item in snapshot["items"] if ids is None or item["id"] in ids]


def ended(client, folder: Path):
    """The record of the only night after the owner was asked to end."""
    client.stop()
    (night,) = nights(folder)
    return until(lambda: (record := read_queue(night)).ended and record)


def test_an_owner_without_a_plan_takes_items_runs_them_and_comes_to_rest(owner, tmp_path):
    client = owner()
    assert rest(client, "idle")["items"] == []
    assert client.command("add", items=[run("first"), wait("a while", 60.0)]) == ["1", "2"]
    snapshot = until(
        lambda: (now := client.snapshot())["state"] == "idle" and now["items"][-1]["state"] == "done" and now
    )
    assert item_states(snapshot) == ["done", "done"]
    assert snapshot["items"][0]["rows"] == 2
    assert all(item["done"] for item in snapshot["safe"])
    assert client.command("add", items=[field("zero", 0.0)]) == ["3"]
    until(lambda: client.snapshot()["items"][2]["state"] == "done")
    record = ended(client, tmp_path / "data")
    assert record.ended["outcome"] == "done"
    assert [(event["name"], event["who"]) for event in record.events if event["event"] == "command"] == [
        ("add", "tester"),
        ("add", "tester"),
        ("stop", "tester"),
    ]


def test_items_that_cannot_be_are_refused_and_change_nothing(client):
    before = client.snapshot()["items"]
    with pytest.raises(Refused, match="field"):
        client.command("add", items=[run("too far", field=900.0)])
    with pytest.raises(Refused, match="procedure 'Warp' is unknown"):
        client.command("add", items=[{**run("x"), "procedure": "Warp"}])
    with pytest.raises(Refused, match="item , x: Invalid choice for parameter"):
        client.command("add", items=[run("x", pacing="leisurely")])
    with pytest.raises(Refused, match="nothing runs that could be paused"):
        client.command("pause")
    with pytest.raises(Refused, match="nothing runs that could be skipped"):
        client.command("skip")
    assert client.snapshot()["items"] == before
    assert client.snapshot()["on_failure"] == {"action": "retry", "retries": 1}


def test_everything_can_be_changed_by_a_client_while_the_queue_runs(client):
    items = [wait("long", FOREVER), run("second"), wait("third", 5.0), wait("fourth", 5.0)]
    first, second, third, fourth = client.command("add", items=items)
    rest(client, "waiting", "running")
    client.command("pause")
    assert item_states(rest(client, "paused"), [first]) == ["running"]
    client.command("move", ids=[fourth], before=second)
    client.command("edit", id=third, changes={"name": "edited", "settings": {"seconds": 7.0}})
    client.command("remove", ids=[second])
    with pytest.raises(Refused, match=f"item {first} is running and cannot be removed"):
        client.command("remove", ids=[first])
    names = [(item["id"], item["name"]) for item in client.snapshot()["items"]]
    assert names[-3:] == [(first, "long"), (fourth, "fourth"), (third, "edited")]
    client.command("resume")
    rest(client, "running", "waiting")
    client.command("skip")
    ended = rest(client, "idle")["items"][-3:]
    assert [item["state"] for item in ended] == ["skipped", "done", "done"]
    assert ended[0]["reason"] == "skipped by the user; 0 rows are kept"
    assert ended[2]["seconds"] == pytest.approx(7.0, abs=0.5)


def test_an_abort_ends_in_held_and_safe_whatever_ran_and_the_queue_can_be_gone_on_with(client):
    client.command("abort")  # while nothing runs
    snapshot = rest(client, "held")
    assert snapshot["reason"] == "aborted"
    assert all(item["done"] for item in snapshot["safe"])
    client.command("abort")  # while it is held
    assert rest(client, "held")["reason"] == "aborted"
    client.command("resume")
    rest(client, "idle")
    ids = client.command("add", items=[wait("long", FOREVER), wait("next", 5.0)])
    rest(client, "waiting")
    client.command("abort")  # in a wait
    snapshot = rest(client, "held")
    assert item_states(snapshot, ids) == ["partial", "waiting"]
    assert all(item["done"] for item in snapshot["safe"])
    client.command("resume")
    rest(client, "waiting", "running")
    client.command("skip")
    assert item_states(rest(client, "idle"), ids) == ["skipped", "done"]
    ids = client.command("add", items=[run("many rows", points=3000)])
    until(lambda: client.snapshot()["running"].get("rows", 0) > 3)
    client.command("abort")  # in a run
    assert item_states(rest(client, "held"), ids) == ["partial"]
    client.command("edit", id=ids[0], changes={"name": "still many rows"})


def test_an_item_that_waits_for_its_time_goes_on_waiting_after_an_abort(client):
    ids = client.command("add", items=[{**wait("late", 1.0), "not_before": "2099-01-01T00:00:00+00:00"}])
    rest(client, "waiting")
    client.command("abort")
    assert item_states(rest(client, "held"), ids) == ["waiting"]


def test_a_snapshot_of_sixty_items_does_not_keep_anybody_waiting(client):
    client.command("add", items=[wait("long", FOREVER), *[run(f"R(T) {n}", field=float(n)) for n in range(59)]])
    rest(client, "waiting")
    client.command("pause")
    rest(client, "paused")
    # What others take from the computer shows in a greeting, too, which costs next to nothing; and not in every lot.
    assert any(
        snapshots[25] < 0.02 * max(1.0, greetings[25] / 1e-3) and snapshots[48] < 0.2 * max(1.0, greetings[48] / 1e-2)
        for snapshots, greetings in (sorted_times(client) for _ in range(4))
    )


def sorted_times(client, count=50):
    """Seconds that snapshots take, each of them new, and those that greetings take."""
    snapshots, greetings = [], []
    for _ in range(count):
        time.sleep(0.06)  # an answer is handed out again for 50 ms
        began = time.perf_counter()
        assert len(client.snapshot()["items"]) >= 60
        between = time.perf_counter()
        client.owner()
        snapshots.append(between - began)
        greetings.append(time.perf_counter() - between)
    return sorted(snapshots), sorted(greetings)


def test_a_night_whose_owner_was_killed_goes_on_with_the_next_one(owner, tmp_path):
    client = owner()
    client.command("add", items=[wait("done", 1.0), run("cut off", points=3000), wait("last", 1.0)])
    until(lambda: client.snapshot()["running"].get("rows", 0) > 3)
    policy = {"action": "retry", "retries": 3}
    end = {"heater_off": True, "field": 2e-3, "temperature": None}
    client.command("policy", **policy)
    client.command("must_end_by", must_end_by="2099-01-01T00:00:00+00:00")
    client.command("end", **end)
    os.kill(client.owner()["pid"], signal.SIGKILL)
    client = owner(resume=True)
    until(lambda: client.snapshot()["running"].get("rows", 0) > 0)
    snapshot = client.snapshot()
    assert item_states(snapshot) == ["done", "running", "waiting"]
    assert snapshot["items"][1]["rows"] > 3
    assert (snapshot["on_failure"], snapshot["end"]) == (policy, end)
    assert snapshot["must_end_by"] == "2099-01-01T00:00:00+00:00"
    client.command("skip")
    assert item_states(rest(client, "idle")) == ["done", "skipped", "done"]
    record = ended(client, tmp_path / "data")
    assert [event["resumes"] for event in record.events if event["event"] == "start"] == [False, True]
    assert len(record.items[1].folders) == 2


def test_sigterm_ends_a_running_queue_safely_and_it_can_be_resumed(owner, tmp_path):
    client = owner()
    client.command("add", items=[wait("long", FOREVER), wait("last", 1.0)])
    rest(client, "waiting")
    os.kill(client.owner()["pid"], signal.SIGTERM)
    (night,) = nights(tmp_path / "data")
    record = until(lambda: (read := read_queue(night)).ended and not read.held and read)
    assert record.ended["outcome"] == "stopped"
    assert all(item["done"] for item in record.ended["safe"])
    assert [item.state for item in record.items] == ["partial", "waiting"]
