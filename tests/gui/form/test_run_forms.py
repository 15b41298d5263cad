"""The tables of fields: every form makes a plan, within the limits, and a waiting item comes back into its form."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coldfinger.gui.fields.list_text import ListField, list_tooltip, preview, read_list
from coldfinger.gui.fields.quantity_text import Field
from coldfinger.gui.form.estimate import Twin, clock_text, estimate_text, place_after, place_of, short_span, span_text
from coldfinger.gui.form.form_fields import CHOICE, FLAG
from coldfinger.gui.form.form_to_plan import items_of, night_of, plan_text_of
from coldfinger.gui.form.item_form import changes_of, form_of, values_of
from coldfinger.gui.form.own_families import families_in, with_own_families
from coldfinger.gui.form.run_forms import BY_FIELD, BY_T, FORMS, form
from coldfinger.gui.place import Place
from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.engine.build import procedure_class
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.engine.queue_journal import QueueJournal, new_night
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.plans.plan_file import check_plan_text
from coldfinger.procedures.plans.plan_lines import PlanFileError
from coldfinger.procedures.words.quantity import QuantityError

NOW = datetime(2026, 11, 22, 19, 24, tzinfo=UTC)
COLD = Whereabouts(0.0, 0.012)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place.of("sim", tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def twin(place):
    twin = Twin(place.file, place.data)
    yield twin
    twin.close()


def filled(key, limits, **changes):
    values = form(key).defaults(limits)
    if "start" in values and values["start"] is None:
        values["start"] = 0.05
    return values | changes


@pytest.mark.parametrize("of", FORMS, ids=[one.key for one in FORMS])
def test_every_form_as_it_is_first_seen_is_a_plan_that_the_station_allows(of, place, twin):
    values = filled(of.key, place.limits)
    night = night_of(of, values)
    assert night.items
    assert twin.mistakes(night, plan_text_of(of, values), NOW) == []


@pytest.mark.parametrize("of", FORMS, ids=[one.key for one in FORMS])
def test_every_field_says_its_meaning_and_has_a_value_within_its_limits(of, place):
    for entry in of.entries:
        assert entry.meaning
        assert entry.label.count("&") <= 1
        if entry.kind not in (CHOICE, FLAG):
            field = entry.field(place.limits) if entry.kind in ("quantity", "count") else None
            assert field is None or field.default is None or field.minimum <= field.default <= field.maximum
        if entry.kind == CHOICE:
            assert entry.default in entry.choices
    shown = [e.label for e in of.shown(filled(of.key, place.limits)) if not e.more]
    keys = [label[label.index("&") + 1].lower() for label in shown if "&" in label]
    assert len(set(keys)) == len(keys), f"two fields of {of.title} have the same key: {keys}"


def test_a_field_ends_where_the_station_does_on_both_sides_in_its_own_unit(place):
    limits = place.limits
    for key, entry, low, high in (
        ("ramp", "field", -1e4 * limits.field, 1e4 * limits.field),
        ("ramp", "stop", limits.lowest_temperature, limits.highest_temperature),
        ("sweep", "rate", 0.0, 60e4 * limits.field_rate),
        ("bias", "largest", 0.001, 1e9 * limits.bias),
    ):
        field = form(key).entry(entry).field(limits)
        assert (field.minimum, field.maximum) == pytest.approx((low, high)), entry


def test_twelve_fields_are_expanded_in_less_than_a_tenth_of_a_second(place):
    values = filled("family", place.limits, fields="0:600:12")
    items_of(form("family"), values)
    began = time.thread_time()
    items = items_of(form("family"), values)
    assert time.thread_time() - began < 0.1
    assert len(items) == 12
    assert [item["parameters"]["field"] for item in items][-1] == 600.0


def test_items_of_the_form_are_the_items_of_the_plan_with_its_text(place):
    for of in FORMS:
        values = filled(of.key, place.limits)
        read = check_plan_text(plan_text_of(of, values), "text", NOW)
        assert items_of(of, values) == [item.to_json() for item in read.items]


def test_up_and_down_turns_every_other_ramp_round(place):
    ramps = night_of(form("family"), filled("family", place.limits, alternate=True)).items
    ways = [(item.parameters["start"], item.parameters["stop"]) for item in ramps]
    assert ways == [(0.7, 0.05), (0.05, 0.7), (0.7, 0.05), (0.05, 0.7)]


def test_by_temperature_every_field_and_no_other_is_measured_at_each_of_them(place, twin):
    values = filled("family", place.limits, order=BY_T, fields="100, -30, 0", temperatures="0.1, 0.7", alternate=True)
    night = night_of(form("family"), values)
    assert [item.name for item in night.items] == ["R(H) at 700 mK", "R(H) at 100 mK"]
    for item in night.items:
        sweep = procedure_class(item.procedure)(**item.parameters)
        assert [(field, sweep.mode) for _, field, _ in sweep.steps()] == [(f, "stepped") for f in (0.0, -30.0, 100.0)]
    estimate = twin.estimate(night, COLD, NOW)
    assert estimate.possible
    assert estimate_text(estimate, NOW, NOW).startswith("2 runs · ")


def test_the_fields_of_a_family_follow_its_order(place):
    of = form("family")
    for order, there, gone in ((BY_FIELD, "rate", "temperatures"), (BY_T, "temperatures", "rate")):
        keys = {entry.key for entry in of.shown(filled("family", place.limits, order=order))}
        assert there in keys
        assert gone not in keys
    with pytest.raises(ValueError, match='two fields at least are needed, "30" is one'):
        night_of(of, filled("family", place.limits, order=BY_T, fields="30"))


def test_one_temperature_is_a_sweep_and_several_are_a_family(place):
    one = night_of(form("sweep"), filled("sweep", place.limits)).items
    several = night_of(form("sweep"), filled("sweep", place.limits, temperatures="0.05, 0.2")).items
    spaced = night_of(form("sweep"), filled("sweep", place.limits, temperatures="0.05:0.2:2")).items
    assert [item.family for item in one] == [None]
    assert [item.family.key for item in several] == ["temperature_K"] * 2
    assert [item.parameters for item in spaced] == [item.parameters for item in several]


def test_a_loop_of_fields_takes_the_place_of_from_and_to(place):
    (item,) = night_of(form("sweep"), filled("sweep", place.limits, points="loop 100 Oe")).items
    assert item.parameters["points"] == "loop 100 Oe"


@pytest.mark.parametrize("key", ["ramp", "sweep", "bias", "adaptive", "checks", "set", "wait"])
def test_a_waiting_item_comes_back_into_its_form_and_changes_nothing_by_itself(key, place):
    (item, *_) = night_of(form(key), filled(key, place.limits)).items
    of = form_of(item)
    changes = changes_of(of, values_of(of, item), item)
    assert changes.get("name", item.name) == item.name
    changed = {**item.parameters, **changes.get("parameters", {})}
    assert {name: changed[name] for name in item.parameters} == dict(item.parameters)
    assert changes.get("settings", item.settings) == item.settings


def test_another_field_gives_the_run_another_name_but_never_its_own(place):
    (item,) = night_of(form("ramp"), filled("ramp", place.limits)).items
    of = form_of(item)
    assert changes_of(of, values_of(of, item) | {"field": 30.0}, item)["name"] == "R(T) at 30 Oe"
    named = item.but(name="the last one")
    assert "name" not in changes_of(of, values_of(of, named) | {"field": 30.0}, named)


def test_an_item_that_only_a_plan_can_say_has_no_form():
    assert form_of(Item("run", "1", "x", "ZeroField")) is None
    assert form_of(Item("run", "1", "x", "TemperatureRamp", {"pacing": "listed points"})) is None


def test_no_tests_chosen_is_refused_in_the_words_of_the_plan(place):
    values = {key: False if key.startswith("test_") else value for key, value in filled("checks", place.limits).items()}
    with pytest.raises(PlanFileError, match="checks is not a list of tests"):
        night_of(form("checks"), values)


def test_zero_field_is_asked_for_and_an_empty_field_is_not(place):
    (item,) = night_of(form("set"), {"to_field": 0.0, "to_temperature": None}).items
    assert item.settings == {"field": 0.0}


def test_two_families_of_a_queue_never_share_a_manifest(place):
    items = night_of(form("family"), filled("family", place.limits)).items
    renamed = with_own_families(items, {"family-1"})
    assert {item.family.id for item in renamed} == {"family-2"}
    assert with_own_families(items, set()) == items
    assert families_in({"items": [items[0].to_json(), {"family": None}]}) == {"family-1"}


# Lists

OE = ListField(Field("Fields", "Oe", -600.0, 600.0, "at this station", "What they are"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0, 1, 2.5", [0.0, 1.0, 2.5]),
        ("0:9:4", [0.0, 3.0, 6.0, 9.0]),
        ("0:1/0.5", [0.0, 0.5, 1.0]),
        ("log 1:100:3", [1.0, 10.0, 100.0]),
        ("6 mT", [60.0]),
        ("−30", [-30.0]),
        ("1, 6.", [1.0, 6.0]),
    ],
)
def test_a_list_means_the_unit_of_its_field(text, values):
    assert read_list(text, OE) == values


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("0, 700", "max 600 Oe at this station"), ("", "is not a list"), ("0:9", "is not a list"), ("5 K", "dimension")],
)
def test_a_wrong_list_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(QuantityError, match=sentence):
        read_list(text, OE)


def test_a_list_is_echoed_short():
    assert preview(read_list("0:600:12", OE), OE) == "12 values: 0, 54.55, 109.1, … 600 Oe"
    assert preview([5.0], OE) == "1 value: 5 Oe"
    way = ListField(Field("Way", "Oe", -600.0, 600.0, empty="from, to once"), way=True)
    assert preview(read_list("loop 100", way), way) == "4 values: 0, 100, -100, 100 Oe"
    assert read_list("zigzag -50, 50 Oe x 2", way)[:3] == [-50.0, 50.0, -50.0]
    assert preview(read_list("", way), way) == ""
    assert "loop 100 Oe" in list_tooltip(way)
    assert "Empty: from, to once" in list_tooltip(way)


# The estimate


def test_an_estimate_is_longer_for_a_slower_ramp_and_says_what_is_refused(twin, place):
    quick = twin.estimate(night_of(form("ramp"), filled("ramp", place.limits, rate=0.02)), COLD, NOW)
    slow = twin.estimate(night_of(form("ramp"), filled("ramp", place.limits)), COLD, NOW)
    assert slow.seconds > 2 * quick.seconds > 0
    assert slow.sd > 0
    assert slow.possible
    hot = twin.estimate(night_of(form("ramp"), filled("ramp", place.limits, stop=9.0)), COLD, NOW)
    assert not hot.possible
    assert "9 K" in hot.mistakes[0]
    good, bad = (night_of(form("ramp"), filled("ramp", place.limits, stop=stop)) for stop in (0.7, 9.0))
    assert twin.estimate(replace(good, items=(*good.items, *bad.items)), COLD, NOW).mistakes == hot.mistakes


def test_an_estimate_is_longer_where_earlier_nights_took_longer_than_planned(twin, place, tmp_path):
    done = [Item("run", str(n), "a", "TemperatureRamp", state="done", predicted_seconds=100.0, seconds=200.0)
            for n in range(20)]  # fmt: skip
    journal = QueueJournal(new_night(tmp_path, "before"), WallClock())
    station = {"name": place.file.top["name"]}
    journal.write("start", schema=1, night={}, station=station, simulated=True, resumes=False)
    journal.write("queue", items=[item.to_json() for item in done])
    journal.close()
    night, experienced = night_of(form("ramp"), filled("ramp", place.limits)), Twin(place.file, tmp_path)
    try:
        longer = experienced.estimate(night, COLD, NOW).seconds
    finally:
        experienced.close()
    assert 1.5 < longer / twin.estimate(night, COLD, NOW).seconds < 2.0


def test_preflight_says_far_fields_and_large_currents_and_nothing_else(twin, place):
    far = twin.estimate(night_of(form("ramp"), filled("ramp", place.limits)), Whereabouts(0.06, 0.05), NOW)
    assert len(far.warnings) == 1
    assert "600 Oe now" in far.warnings[0]
    there = night_of(form("ramp"), filled("ramp", place.limits, field=600.0))
    assert twin.estimate(there, Whereabouts(0.06, 0.05), NOW).warnings == ()
    strong = filled("ramp", place.limits, excitation="fixed", current=5.0)
    (warning,) = twin.estimate(night_of(form("ramp"), strong), COLD, NOW).warnings
    assert "5 nA is more than the policy ever takes, 1 nA" in warning
    assert twin.estimate(night_of(form("ramp"), filled("ramp", place.limits)), COLD, NOW).warnings == ()


def test_a_disk_that_is_almost_full_is_said(twin, place, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 0.3e9}))
    (warning,) = twin.estimate(night_of(form("wait"), filled("wait", place.limits)), COLD, NOW).warnings
    assert "0.3 GB" in warning


def test_spans_and_times_of_day_are_short():
    assert [span_text(s) for s in (41.0, 2040.0, 3599.0, 37440.0)] == ["41 s", "34 min", "1 h 0 min", "10 h 24 min"]
    assert [short_span(s) for s in (41.0, 3120.0, 11400.0)] == ["41 s", "52 m", "3h10"]
    local = NOW.astimezone()
    assert clock_text(NOW, NOW) == f"{local:%H:%M}"
    assert len(clock_text(NOW.replace(day=24), NOW).split()) == 2
    assert clock_text(NOW.replace(day=29), NOW).startswith("29 Nov ")  # not the day of today's name


def test_the_sentence_of_an_estimate_counts_runs(twin, place):
    one = twin.estimate(night_of(form("wait"), filled("wait", place.limits)), COLD, NOW)
    assert estimate_text(one, NOW, NOW).startswith("Takes 30 min, ends ")
    many = twin.estimate(night_of(form("family"), filled("family", place.limits)), COLD, NOW)
    assert estimate_text(many, NOW, NOW).startswith("4 runs · ")


def test_where_the_refrigerator_is_comes_from_the_newest_readings():
    assert place_of({}) is None
    assert place_of({"latest": {"T_mc (K)": [0.012, 1.0]}}) == COLD
    both = {"latest": {"T_mc (K)": [0.3, 1.0], "T_sample (K)": [0.31, 1.0], "H (Oe)": [100.0, 1.0]}}
    assert place_of(both) == Whereabouts(0.01, 0.31)
    assert place_of(both | {"silent": {"bridge": "no answer"}}) == Whereabouts(0.01, 0.3)  # its last reading is old
    silent = both | {"silent": {"bridge": "no answer", "controller": "no answer"}}
    assert place_of(silent | {"survey": {"readings": {"T_mc_K": 0.05}}}) is None
    none = both["latest"] | {"T_sample (K)": [float("nan"), 1.0]}  # out of its calibration
    assert place_of({"latest": none}) == Whereabouts(0.01, 0.3)
    assert place_of({"survey": {"readings": {"T_mc_K": 0.05, "field_T": 0.06}}}) == Whereabouts(0.06, 0.05)
    ramp = {"state": "waiting", "procedure": "TemperatureRamp", "parameters": {"stop": 0.7, "field": 30.0}}
    assert place_after([ramp], COLD) == Whereabouts(0.003, 0.7)
    assert place_after([ramp | {"state": "done"}], COLD) == COLD
    steps = [{"state": "waiting", "settings": {"field": 0.02}}, {"state": "waiting", "settings": {"temperature": 0.3}}]
    assert place_after(steps, COLD) == Whereabouts(0.02, 0.3)
