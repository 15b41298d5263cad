"""What the queue panel shows of a snapshot: rows, wall-clock ends, the deadline, and the plan that the queue is."""

from datetime import datetime

from coldfinger.gui.queue.queue_state import night_of_queue, python_text, queue_view
from coldfinger.procedures.engine.items import EndActions, FailurePolicy, Item
from coldfinger.procedures.plans.plan_file import check_plan_text
from coldfinger.procedures.plans.plan_write import means_the_same, plan_text

NOW = "2026-11-22T19:00:00+00:00"


def snapshot(*states, **more):
    """A queue of ramps with these states, an hour each."""
    items, ends = [], {}
    for number, state in enumerate(states, 1):
        parameters = {"start": 0.5, "stop": 0.1, "field": 10.0 * number}
        item = Item("run", str(number), f"R(T) at {10 * number} Oe", "TemperatureRamp", parameters, state=state)
        items.append(item.to_json())
        if state in ("waiting", "running", "partial"):
            hour = 19 + number
            ends[str(number)] = {"utc": f"2026-11-22T{hour}:00:00+00:00", "sd_seconds": 300.0, "seconds": 3600.0}
    last = list(ends.values())[-1]["utc"] if ends else ""
    whole = {"utc": last, "sd_seconds": 300.0, "items": ends}
    return {"state": "held", "utc": NOW, "items": items, "ends": whole, "must_end_by": "", "night": "overnight",
            "on_failure": {"action": "retry", "retries": 1}, "end": {"heater_off": True, "field": 0.0,
            "temperature": None}} | more  # fmt: skip


def local(hour):
    return f"{datetime.fromisoformat(f'2026-11-22T{hour}:00:00+00:00').astimezone():%H:%M}"


def test_every_row_says_its_place_length_end_and_spread():
    view = queue_view(snapshot("done", "running", "waiting"))
    assert view.rows[1].cells == ("2", "R(T) at 20 Oe", "1h00", local(21), "5 m")
    assert view.rows[0].cells[3] == "done"
    assert [row.look.word for row in view.rows] == ["done", "running", "next"]
    assert [row.locked for row in view.rows] == [True, True, False]
    assert view.summary.startswith("2 left · 3 h 0 min · ends ")


def test_what_is_expected_after_the_deadline_is_late_and_the_line_stands_above_it():
    view = queue_view(snapshot("waiting", "waiting", "waiting", must_end_by="2026-11-22T21:30:00+00:00"))
    assert [row.late for row in view.rows] == [False, False, True]
    assert view.first_late == 2
    assert "Late" in view.rows[2].tip
    assert view.summary.endswith("LATE")
    assert queue_view(snapshot("waiting")).first_late is None


def test_an_item_with_a_deadline_of_its_own_is_late_after_that():
    picture = snapshot("waiting", "waiting", must_end_by="2026-11-23T08:30:00+00:00")
    picture["items"][0]["must_end_by"] = "2026-11-22T19:30:00+00:00"
    assert [row.late for row in queue_view(picture).rows] == [True, False]


def test_a_run_that_was_cut_off_is_still_to_be_done_and_the_next_one_is_said_once():
    view = queue_view(snapshot("partial", "waiting", "waiting"))
    assert view.summary.startswith("3 left")
    assert view.rows[0].cells[3] == local(20)
    assert view.rows[0].look.word != "next"
    assert [row.look.word for row in queue_view(snapshot("waiting", "waiting")).rows] == ["next", "waiting"]


def test_the_tip_of_an_item_says_how_many_of_its_rows_are_flagged():
    picture = snapshot("done")
    picture["items"][0] |= {"rows": 60, "disbelieved": 7}
    assert "60 rows, 7 of them flagged" in queue_view(picture).rows[0].tip


def test_only_a_held_queue_with_something_left_can_be_continued():
    assert queue_view(snapshot("waiting")).can_continue == ""
    assert queue_view(snapshot("partial")).can_continue == ""
    assert "Nothing is left" in queue_view(snapshot("done", "disabled")).can_continue
    assert "not held" in queue_view(snapshot("running", state="running")).can_continue


def test_the_plan_of_a_queue_is_what_is_left_of_it_or_all_of_it():
    night = night_of_queue(snapshot("done", "running", "disabled", "waiting"))
    assert [(item.name, item.state) for item in night.items] == [
        ("R(T) at 20 Oe", "waiting"),
        ("R(T) at 30 Oe", "disabled"),
        ("R(T) at 40 Oe", "waiting"),
    ]
    assert night.on_failure == FailurePolicy("retry", 1)
    assert night.end == EndActions(True, 0.0)
    assert len(night_of_queue(snapshot("done", "failed")).items) == 2


def test_a_saved_queue_reads_back_as_the_same_night():
    night = night_of_queue(snapshot("waiting", "disabled", "waiting", must_end_by="2026-11-23T08:30:00+00:00"))
    read = check_plan_text(plan_text(night, "queue"), "queue", datetime.fromisoformat(NOW))
    assert means_the_same(read, night)
    assert night.must_end_by == "2026-11-23T08:30:00+00:00"
    assert not means_the_same(read, night_of_queue(snapshot("waiting", "waiting", "waiting")))


def test_the_python_script_of_a_queue_holds_the_same_plan():
    quoted = Item("run", "1", 'the "last" one', "ZeroField").to_json()
    text = plan_text(night_of_queue(snapshot() | {"items": [quoted]}), "queue")
    script = python_text(text, "sim")
    namespace = {}
    exec(compile(script.partition("now = ")[0], "script", "exec"), namespace)  # noqa: S102 - what people will run
    assert namespace["PLAN"] == text
