"""What banner and strip say of an engine's snapshot."""

import json

import pytest

from coldfinger.gui.look.tokens import State
from coldfinger.gui.overview.strip_state import Age, Strip
from coldfinger.gui.overview.view_state import ABORT, PAUSE, RESUME, SKIP, banner_of
from coldfinger.procedures.engine.items import RUN, Item, Night
from coldfinger.procedures.engine.wiring import engine_for
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.runfiles.quality import Quality
from tests.gui.snapshots import LOCKS, SAFE, snapshot

UNSAFE = [*SAFE[:2], {"item": "heater", "done": False, "detail": "no answer"}]
TRIPPED = {"interlocks": [{**LOCKS[0], "state": "tripped", "text": "T_mc 300 mK is above 200 mK"}]}
SETTLING = {"interlocks": [{**LOCKS[0], "state": "settling"}]}
HELD = "set points are held, the excitation is on"


@pytest.mark.parametrize(
    ("picture", "state", "live", "detail"),
    [
        (snapshot("idle", "the queue is empty"), State.IDLE, "", "the queue is empty"),
        (snapshot("survey", "looking at the instruments"), State.WAITING, "", "looking at the instruments"),
        (snapshot("running"), State.RUNNING, "pause skip", "62 % · 125 rows"),
        (snapshot("waiting"), State.WAITING, "pause skip", ""),
        (snapshot("waiting", "dV/dI begins at 22:00"), State.WAITING, "pause skip", "dV/dI begins at 22:00"),
        (snapshot("pausing", "the present row is"), State.PAUSING, "resume skip", "the present row is"),
        (snapshot("paused", HELD), State.PAUSED, "resume skip", HELD),
        (snapshot("aborting", "the station goes"), State.ABORTING, "", "the station goes"),
        (snapshot("held", "aborted", safe=SAFE), State.HELD, "", "queue held, 2 left: aborted"),
        (snapshot("ending", "bringing the station"), State.WAITING, "", "bringing the station"),
        (snapshot("ended", "done", safe=SAFE), State.SAFE, "", "done"),
        (snapshot("ended", "done", safe=UNSAFE), State.FAULT, "", "heater is NOT safe: no answer"),
        (snapshot("idle", "the queue is empty", safe=UNSAFE), State.FAULT, "", "heater is NOT safe: no answer"),
        (snapshot("running", care=TRIPPED), State.FAULT, "pause skip", "T_mc 300 mK is above 200 mK"),
        (snapshot("running", care=SETTLING), State.FAULT, "pause skip", "too warm"),
        (snapshot("paused", HELD, replay={}), State.PAUSED, "resume", HELD),
    ],
)
def test_every_state_of_the_engine_has_its_banner_and_its_verbs(picture, state, live, detail):
    view = banner_of(picture)
    assert (view.state, view.detail) == (state, detail)
    assert {verb for verb in (PAUSE, RESUME, SKIP) if verb not in view.why_not} == set(live.split())
    assert all(reason for reason in view.why_not.values())
    assert ABORT not in view.why_not


def test_a_silent_engine_is_a_lost_link_and_only_abort_stays():
    for picture, silent in ((None, 0.0), (snapshot(), 31.0)):
        view = banner_of(picture, silent)
        assert view.state is State.LINK_LOST
        assert set(view.why_not) == {PAUSE, RESUME, SKIP}
    assert banner_of(snapshot(), 31.0).detail == "no answer for 31 s; what is shown is that old"
    assert banner_of(snapshot(), 29.0).state is State.RUNNING
    assert banner_of(snapshot(simulated=True), 31.0).badge == "SIMULATED"


@pytest.mark.usefixtures("elsewhere")
def test_place_end_and_badge_are_said():
    view = banner_of(snapshot(simulated=True))
    assert view.place == "2/3  R(T) at 600 Oe"
    assert view.progress == 62.4
    assert view.ends == "Queue ends\nMon 07:42 ± 40 min\nin 10 h 49 min"
    assert view.badge == "SIMULATED"
    assert banner_of(snapshot(), replay=True).badge == "REPLAY"
    assert view.words == "SIMULATED · RUNNING · 2/3  R(T) at 600 Oe · 62 % · 125 rows"
    soon = {"utc": "2026-11-22T19:57:42+00:00", "sd_seconds": 40.0, "items": {}}
    assert banner_of(snapshot(ends=soon)).ends == "Queue ends\nSun 20:57 ± 40 s\nin 5 min"
    for ended in (snapshot("held"), snapshot("ended"), snapshot(ends={"utc": "", "sd_seconds": 0, "items": {}})):
        assert banner_of(ended).ends == ""


def test_a_held_queue_is_continued_by_its_own_button_and_the_banner_says_which():
    assert "Continue queue" in banner_of(snapshot("held", safe=SAFE)).why_not[RESUME]


def test_a_safe_state_is_ticked_item_by_item():
    assert banner_of(snapshot("held", safe=UNSAFE)).checks == (
        ("excitation off", True), ("bias off", True), ("heater off", False),
    )  # fmt: skip
    assert banner_of(snapshot("running", safe=SAFE)).checks == ()


def tiles(strip: Strip, *pictures, silent: float = 0.0):
    for picture in pictures:
        shown, _ = strip.see(picture, silent)
    return {tile.key: tile for tile in shown}


def later(seconds: float, flags: int = 0, **values: float):
    """The standard snapshot with a new row `seconds` later."""
    picture = snapshot(clock=316.0 + seconds)
    names = {"T_mc": "T_mc (K)", "H": "H (Oe)"}
    for column in picture["latest"]:
        if not column.startswith("set"):
            picture["latest"][column] = [picture["latest"][column][0], 310.0 + seconds]
    for name, value in values.items():
        picture["latest"][names[name]] = [value, 310.0 + seconds]
    picture["latest"]["flags"] = [flags, 310.0 + seconds]
    return picture


def test_readings_have_value_uncertainty_and_set_point():
    shown = tiles(Strip(), snapshot())
    assert (shown["T_sample"].value, shown["T_sample"].below) == ("299.7 mK", "± 300 µK  → 300 mK")
    assert (shown["H"].value, shown["H"].below) == ("600 Oe", "→ 600 Oe")
    assert (shown["R"].value, shown["R"].below) == ("6.359 kΩ", "± 8.2 Ω")
    assert shown["phase"].value == "−0.82°"
    assert (shown["heater"].value, shown["heater"].age) == ("–", Age.NONE)
    assert {tile.value for tile in tiles(Strip(), None).values()} == {"–"}


def test_readings_say_how_much_of_the_stations_limit_they_use():
    limits = Limits(field=0.12, field_rate=1e-4, lowest_temperature=0.02, highest_temperature=300.0, current=4e-8)
    strip = Strip(limits)
    picture = later(0)
    picture["latest"] |= {"I (A)": [1e-8, 310.0], "heater (percent)": [20.0, 310.0], "heater_range (A)": [0.01, 310.0]}
    shown = tiles(strip, picture)
    assert shown["H"].below == "→ 600 Oe  50 % of limit"
    assert shown["H"].notes == ("Limit of the station: 1200 Oe either way",)
    assert (shown["I"].below, shown["heater"].below) == ("25 % of limit", "2 % of limit")
    assert not any(tile.beyond for tile in shown.values())
    assert shown["T_mc"].below == ""
    picture["latest"]["heater_range (A)"] = [0.01, 300.0]  # of an older row: another range may be in use by now
    assert tiles(strip, picture)["heater"].below == ""
    sweep = later(10, H=650.0)
    assert tiles(strip, sweep)["H"].notes[1] == "Sweeps with 300 Oe/min, 500 % of the fastest that is allowed"
    over = tiles(strip, later(20, H=-1300.0))["H"]
    assert ("108 % of limit" in over.below, over.beyond) == (True, True)
    assert tiles(Strip(), later(0))["H"].below == "→ 600 Oe"


def test_a_reading_greys_after_three_of_its_own_periods_and_is_lost_with_the_link():
    strip = Strip()
    regular = [later(10.0 * n) for n in range(5)]
    assert tiles(strip, *regular)["T_mc"].age is Age.FRESH
    old = later(40.0) | {"clock": 316.0 + 40 + 25.5}
    assert (tiles(strip, old)["T_mc"].age, tiles(strip, old)["T_mc"].age_text) == (Age.STALE, "31 s old")
    assert tiles(strip, later(40.0), silent=31.0)["T_mc"].age is Age.LOST


def test_the_readings_of_a_ramp_that_slows_down_are_not_old():
    strip, times = Strip(), [10.0 * n for n in range(40)]
    while times[-1] - times[-2] < 90.0:
        times.append(times[-1] + 1.1 * (times[-1] - times[-2]))
    tiles(strip, *(later(time) for time in times))
    shortly = later(times[-1]) | {"clock": 316.0 + times[-1] + 95.0}
    assert tiles(strip, shortly)["T_mc"].age is Age.FRESH
    long_after = later(times[-1]) | {"clock": 316.0 + times[-1] + 300.0}
    assert tiles(strip, long_after)["T_mc"].age is Age.STALE


@pytest.mark.parametrize(
    ("values", "trend"), [((1, 1.1), "up"), ((1, 0.9), "down"), ((1, 1.001), "steady"), ((1,), "")]
)
def test_a_trend_needs_two_readings_and_a_change(values, trend):
    strip = Strip()
    shown = tiles(strip, *(later(10.0 * n, T_mc=value) for n, value in enumerate(values)))
    assert shown["T_mc"].trend == trend


def test_a_trend_is_that_of_the_last_minute_whatever_the_sign_of_the_reading():
    strip = Strip()
    fields = (0.0, -500.0, -600.0, -500.0)
    up = tiles(strip, *(later(50.0 * n, H=field) for n, field in enumerate(fields)))
    assert up["H"].trend == "up"  # towards zero, though it was there two minutes ago
    still = tiles(strip, later(200.0, H=-500.5))
    assert still["H"].trend == "steady"


def test_an_engine_whose_clock_begins_anew_has_a_trend_of_its_own():
    strip = Strip()
    tiles(strip, later(500.0, T_mc=9.0), later(510.0, T_mc=9.0))
    assert tiles(strip, later(0.0, T_mc=1.0))["T_mc"].trend == ""
    assert tiles(strip, later(10.0, T_mc=1.1))["T_mc"].trend == "up"


def lamps(strip: Strip, picture, silent: float = 0.0):
    return {lamp.key: lamp for lamp in strip.see(picture, silent)[1]}


def test_an_overload_stays_lit_until_somebody_has_seen_it():
    strip = Strip()
    assert lamps(strip, later(0))["overload"].state == "ok"
    lamps(strip, later(1, flags=int(Quality.OVERLOAD)))
    lit = lamps(strip, later(2, flags=int(Quality.OVERLOAD | Quality.SEAM)))["overload"]
    assert (lit.state, lit.text[:6], lit.text[-17:]) == ("lit", "since ", ", 2 points flagged"[1:])
    strip.acknowledge("overload")
    assert lamps(strip, later(2, flags=int(Quality.OVERLOAD)))["overload"].state == "lit"  # its cause is still there
    assert lamps(strip, later(3))["overload"].state == "latched"
    assert lamps(strip, later(4))["overload"].state == "latched"
    strip.acknowledge("overload")
    assert lamps(strip, later(5))["overload"].state == "ok"


def test_a_lock_in_without_reference_has_its_own_lamp_and_a_row_that_is_looked_at_twice_counts_once():
    strip, row = Strip(), later(1, flags=int(Quality.UNLOCKED))
    lamps(strip, row)
    lit = lamps(strip, row)
    assert (lit["unlocked"].state, lit["overload"].state) == ("lit", "ok")
    assert lit["unlocked"].text.endswith(", 1 point flagged")


def test_interlocks_have_lamps_with_their_reason_and_latch_too():
    strip = Strip()
    lit = lamps(strip, snapshot(care=TRIPPED))["interlock too warm"]
    assert lit.state == "lit"
    assert lit.text.startswith("T_mc 300 mK is above 200 mK; since")
    assert lamps(strip, snapshot())["interlock too warm"].state == "latched"
    blind = {"interlocks": [{**LOCKS[0], "unreadable": True}]}
    unread = lamps(Strip(), snapshot(care=blind))["interlock too warm"]
    assert unread.state == "lit"
    assert "cannot be read" in unread.text
    assert lamps(Strip(), snapshot(care=SETTLING))["interlock too warm"].state == "lit"


def test_no_lamp_says_that_all_is_well_while_the_link_is_lost():
    assert {lamp.state for lamp in lamps(Strip(), snapshot(), 31.0).values()} == {"unknown"}


def test_the_snapshots_of_a_real_night_can_be_shown_from_beginning_to_end(tmp_path):
    ramp = {"start": 0.3, "stop": 0.25, "points": 3, "excitation": "gentle", "final_points": 0, "pacing": "log points"}
    strip, states, values = Strip(), set(), set()
    with engine_for(
        Night("n", (Item(RUN, "1", "ramp", "TemperatureRamp", ramp),)), read_station_file("sim"), tmp_path
    ) as engine:
        attend = engine._attend

        def look() -> None:
            attend()
            picture = json.loads(json.dumps(engine.snapshot()))
            states.add(banner_of(picture).state)
            values.add(tiles(strip, picture)["T_sample"].value)

        engine._attend = look
        assert engine.run().outcome == "done"
        end = banner_of(engine.snapshot())
    assert State.RUNNING in states
    assert len(values) >= 3
    assert (end.state, end.badge) == (State.SAFE, "SIMULATED")
    assert all(done for _, done in end.checks)
