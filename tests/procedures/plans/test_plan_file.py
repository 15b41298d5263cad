"""What a plan means: steps, loops, families, times, end actions, limits of a station; and that any text is handled."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coldfinger.procedures.engine.build import RUNNABLE, procedure_of
from coldfinger.procedures.engine.items import (
    DISABLED,
    EndActions,
    FailurePolicy,
    Item,
    Night,
)
from coldfinger.procedures.field_family import FieldFamily
from coldfinger.procedures.plans.outlook import outlook
from coldfinger.procedures.plans.plan_file import PlanFileError, check_plan, check_plan_text, item_lines, read_plan
from coldfinger.procedures.plans.plan_lines import line_numbers
from coldfinger.procedures.plans.plan_names import parameters_of
from coldfinger.procedures.plans.plan_template import starting_plan
from coldfinger.procedures.rt_family import RTFamily

NOW = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[3] / "examples" / "overnight.toml"


def plan(body: str, head: str = "", now: datetime = NOW, zone: object = UTC) -> Night:
    return check_plan_text(f"schema = 1\n{head}\n{body}", "plan.toml", now, zone)


def only(body: str, **options: object) -> Item:
    (item,) = plan(body, **options).items
    return item


def test_a_plan_that_says_nothing_of_failures_tries_once_more_and_goes_on():
    assert plan('[[step]]\nwait = "1 s"').on_failure == FailurePolicy("retry", 1)
    assert plan('[[step]]\nwait = "1 s"', 'on_failure = "next"').on_failure == FailurePolicy("next")


# Runs


def test_quantities_become_the_procedures_own_units():
    item = only(
        '[[step]]\nrun = "TemperatureRamp"\nfield = "60 mT"\nstart = "700 mK"\nrate = "1 mK/min"\nwindow = "0.1 min"\n'
        'current = "1e-10 A"\nlog_rate = "3 /h"\nlag = "5 %"\npoints = 7\nexcitation = "fixed"\n'
    )
    assert item.parameters == {
        "field": 600.0,
        "start": 0.7,
        "rate": 0.001,
        "window": 6.0,
        "current": 0.1,
        "log_rate": 3.0,
        "lag": 0.05,
        "points": 7,
        "excitation": "fixed",
    }
    assert (item.id, item.name, item.kind) == ("1", "R(T) at 600 Oe", "run")
    json.dumps(item.to_json())


@pytest.mark.parametrize("name", ["TemperatureRamp", "temperature ramp", "temperature_ramp", "R(T)", "r(t)"])
def test_a_procedure_goes_by_any_of_its_names(name):
    assert only(f'[[step]]\nrun = "{name}"').procedure == "TemperatureRamp"


@pytest.mark.parametrize("name", RUNNABLE)
def test_every_procedure_can_stand_in_a_plan_with_all_its_parameters(name):
    lines = []
    for key, parameter in parameters_of(name).items():
        value, units = parameter.default, getattr(parameter, "units", None)
        shown = json.dumps(f"{value} {units}" if units and isinstance(value, float) else value)
        lines.append(f"{key} = {shown}")
    item = only(f'[[step]]\nrun = "{name}"\nparameters = {{ {", ".join(lines)} }}')
    assert item.parameters == {key: parameter.default for key, parameter in parameters_of(name).items()}
    assert type(procedure_of(item)).__name__ == name


def test_defaults_go_to_every_run_that_has_them():
    night = plan(
        '[[step]]\nrun = "R(T)"\n[[step]]\nrun = "FieldSweep"\nwindow = "9 s"\n[[step]]\nrun = "ZeroField"',
        '[defaults]\nwindow = "5 s"\npoints = 60',
    )
    assert [dict(item.parameters) for item in night.items] == [{"window": 5.0, "points": 60}, {"window": 9.0}, {}]


def test_a_pacing_can_be_written_as_on_the_command_line():
    assert only('[[step]]\nrun = "R(T)"\npacing = "5 mK/min"').parameters == {"pacing": "rate", "rate": 0.005}
    listed = only('[[step]]\nrun = "R(T)"\npacing = "0.7, 0.1 K"').parameters
    assert (listed["pacing"], listed["temperatures"]) == ("listed points", "0.7, 0.1 K")


def test_lists_of_temperatures_and_turning_points_may_be_ranges():
    assert only('[[step]]\nrun = "R(T)"\ntemperatures = "700, 400:100/100 mK"').parameters == {
        "temperatures": "0.7, 0.4, 0.3, 0.2, 0.1 K"
    }
    assert only('[[step]]\nrun = "R(H)"\npoints = "0, 10, -10 mT, 0 Oe"').parameters == {
        "points": "0.0, 100.0, -100.0, 0.0 Oe"
    }


def test_what_clashes_with_a_key_of_the_step_goes_into_parameters():
    item = only('[[step]]\nrun = "R(T)"\non_failure = "hold"\nparameters = { on_failure = "adapt", checks = "base" }')
    assert item.on_failure == FailurePolicy("hold")
    assert item.parameters == {"on_failure": "adapt", "checks": "base"}


# Families, loops, repetitions


def test_a_family_of_fields_is_in_the_order_of_its_class(simulated):
    fields = "300, -30, 30, 0 Oe"
    night = plan(f'[[step]]\nfamily = "R(T) family"\nfields = "{fields}"')
    family = RTFamily(simulated(), fields)
    assert [item.parameters["field"] for item in night.items] == [family.value(i) for i in range(4)]
    assert [item.family.value for item in night.items] == [0.0, -30.0, 30.0, 300.0]
    assert {(item.family.id, item.family.kind, item.family.key) for item in night.items} == {
        ("family-1", RTFamily.kind, RTFamily.key)
    }


def test_a_family_of_temperatures_demagnetises_as_its_class_does(simulated):
    night = plan('[[step]]\nfamily = "FieldFamily"\ntemperatures = "50, 400, 100 mK"\nstart = "-50 Oe"\nstop = "80 Oe"')
    family = FieldFamily(simulated(), "50, 400, 100 mK", start=-50.0, stop=80.0)
    assert [item.parameters["temperature"] for item in night.items] == list(family.temperatures)
    assert {item.parameters["demagnetise"] for item in night.items} == {family.procedures[0].demagnetise} == {80.0}
    assert night.items[0].family.key == "temperature_K"


def test_a_family_of_bias_curves_goes_by_field_or_by_temperature():
    for lists, key in (('fields = "30, 0 Oe"', "field_Oe"), ('temperatures = "0.1 K, 50 mK"', "temperature_K")):
        night = plan(f'[[step]]\nfamily = "dV/dI"\n{lists}')
        assert [item.family.key for item in night.items] == [key, key]
        assert {item.procedure for item in night.items} == {"DifferentialResistance"}


def test_a_family_can_be_made_of_adaptive_ramps():
    night = plan('[[step]]\nfamily = "R(T)"\nrun = "AdaptiveRamp"\nfields = "0:100:3 Oe"')
    assert [item.name for item in night.items] == [f"adaptive R(T) at {field} Oe" for field in (0, 50, 100)]


def test_the_first_of_a_nested_loop_varies_slowest():
    night = plan(
        '[[step]]\nloop = { temperature = "0.1 K, 50 mK", field = "0:20/10 Oe" }\n'
        '[[step.do]]\nrun = "dV/dI"\n[[step.do]]\nrun = "R(H)"\n'
    )
    seen = [(i.procedure[0], i.parameters["temperature"], i.parameters.get("field")) for i in night.items]
    assert seen[:4] == [("D", 0.1, 0.0), ("F", 0.1, None), ("D", 0.1, 10.0), ("F", 0.1, None)]
    assert [s[2] for s in seen if s[0] == "D"] == [0.0, 10.0, 20.0] * 2
    assert [s[1] for s in seen] == [0.1] * 6 + [0.05] * 6
    assert [item.id for item in night.items] == [str(n) for n in range(1, 13)]


def test_loops_may_run_over_choices_and_lie_in_one_another():
    night = plan(
        '[[step]]\nloop = { excitation = ["gentle", "policy"] }\n[[step.do]]\nloop = { field = "0, 10 Oe" }\n'
        '[[step.do.do]]\nrun = "R(T)"\nname = "cooling"\nrepeat = 2\n'
    )
    assert len(night.items) == 8
    assert night.items[0].name == "cooling, gentle, 0 Oe (1 of 2)"
    assert night.items[7].parameters == {"excitation": "policy", "field": 10.0}


def test_what_is_said_of_a_loop_holds_inside():
    night = plan(
        '[[step]]\nrun = "R(T)"\n[[step]]\nloop = { field = "0, 10 Oe" }\nonly_if = "rows > 3"\non_failure = "hold"\n'
        'disabled = true\n[[step.do]]\nrun = "R(T)"\nonly_if = "believed > 0.5"\non_failure = "safe"\n'
    )
    item = night.items[2]
    assert item.only_if == "rows > 3 and believed > 0.5"
    assert item.on_failure == FailurePolicy("safe")
    assert item.state == DISABLED


def test_families_of_a_repeated_step_are_different_families():
    night = plan('[[step]]\nfamily = "R(T)"\nfields = "0, 10 Oe"\nrepeat = 2')
    assert [item.family.id for item in night.items] == ["family-1", "family-1", "family-2", "family-2"]


# Waits, set points, tests, the end


def test_set_points_and_waits_carry_si_values():
    night = plan(
        '[[step]]\nset = { field = "100 Oe", temperature = "50 mK" }\n[[step]]\nwait = "1.5 h"\n'
        '[[step]]\nuntil = "06:00"'
    )
    assert [dict(item.settings) for item in night.items] == [
        {"field": 0.01, "temperature": 0.05},
        {"seconds": 5400.0},
        {"seconds": 0.0},
    ]
    assert night.items[2].not_before == "2026-11-23T06:00:00+00:00"
    assert [item.name for item in night.items] == [
        "field 100 Oe and temperature 50 mK",
        "wait 1.5 h",
        "wait until 06:00",
    ]


def test_belief_tests_stay_where_they_are_unless_told_otherwise():
    here = plan('[[step]]\nchecks = "all"', '[defaults]\nfield = "3 Oe"\nprecision = 0.01').items
    assert [item.procedure for item in here] == [
        "LinearityCheck",
        "FrequencyCheck",
        "HeatingCheck",
        "LeadCheck",
        "ThermometerCheck",
    ]
    assert {tuple(item.parameters.items()) for item in here} == {(("precision", 0.01), ("where", "here"))}
    there = only('[[step]]\nchecks = ["lead"]\nfield = "3 Oe"\ntemperature = "1 K"')
    assert there.parameters == {"field": 3.0, "temperature": 1.0, "where": "given"}


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", EndActions(heater_off=True)),
        ("[end]\nstay = true", EndActions(heater_off=False)),
        ('[end]\nheater = "off"\nfield = "zero"', EndActions(True, 0.0)),
        ('[end]\nfield = "hold"\ntemperature = "4 K"', EndActions(False, None, 4.0)),
        ('[end]\nfield = "30 Oe"\nheater = "stay"', EndActions(False, 0.003)),
    ],
)
def test_the_end_is_what_it_says(text, end):
    assert plan(f'[[step]]\nwait = "1 s"\n{text}').end == end


# Times


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"2026-11-23 08:30"', "2026-11-23T07:30:00+00:00"),
        ('"2026-11-23T08:30:15"', "2026-11-23T07:30:15+00:00"),
        ('"2026-11-23 08:30 +05:00"', "2026-11-23T03:30:00+00:00"),
        ('"2026-11-23 08:30Z"', "2026-11-23T08:30:00+00:00"),
        ('"08:30"', "2026-11-23T07:30:00+00:00"),
        ('"8:30"', "2026-11-23T07:30:00+00:00"),
        ('"21:00"', "2026-11-22T20:00:00+00:00"),
        ('"20:00"', "2026-11-23T19:00:00+00:00"),  # it is 20:00 now: the next such time
        ("2026-11-23 08:30:00", "2026-11-23T07:30:00+00:00"),
        ("2026-11-23T08:30:00Z", "2026-11-23T08:30:00+00:00"),
        ("08:30:00", "2026-11-23T07:30:00+00:00"),
    ],
)
def test_times_are_local_or_carry_their_offset(written, meant):
    night = plan('[[step]]\nwait = "1 s"', f"must_end_by = {written}", zone=ZoneInfo("Europe/Berlin"))
    assert night.must_end_by == meant


def test_the_next_such_time_is_right_in_the_night_of_the_clock_change():
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # summer time ends in this night
    night = plan('[[step]]\nwait = "1 s"', 'must_end_by = "08:30"', now=evening, zone=ZoneInfo("Europe/Berlin"))
    assert night.must_end_by == "2026-10-25T07:30:00+00:00"


# Against a station


def test_limits_of_the_station_are_named_with_their_lines(simulated):
    night = plan(
        '[[step]]\nfamily = "R(T)"\nfields = "100, 6000 Oe"\n[[step]]\nset = { temperature = "500 K" }\n'
        '[[step]]\nrun = "R(T)"\nstart = "1 K"\nstop = "1 K"\n[[step]]\nrun = "R(T)"\nfield = "9 T"\ndisabled = true\n'
        '[end]\nfield = "9 T"'
    )
    sentences = check_plan(night, simulated())
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "plan.toml, line 3 (R(T) at 6000 Oe)",
        "plan.toml, line 6 (temperature 500000 mK)",
        "plan.toml, line 8 (R(T) at 0 Oe)",
        "plan.toml, [end]",
    ]
    assert "6000 Oe (0.6 T) is beyond the limit" in sentences[0]


def test_a_deadline_that_has_passed_is_named(simulated):
    night = plan('[[step]]\nwait = "1 s"\nmust_end_by = "20:00"', 'must_end_by = "21:00"')
    later = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert check_plan(night, simulated(), NOW) == []
    assert [sentence.split(",")[-1] for sentence in check_plan(night, simulated(), later)] == [
        " has passed; give a later time"
    ] * 2


def test_the_example_is_right_and_fits_into_a_night(simulated):
    night, station = read_plan(EXAMPLE, NOW), simulated()
    assert check_plan(night, station) == []
    prospects = outlook(night, station, NOW)
    assert 10 * 3600 < sum(prospect.seconds for prospect in prospects) < 15 * 3600
    assert sum(item.procedure == "TemperatureRamp" for item in night.items) == 13


def test_an_outlook_waits_for_the_time_and_says_what_is_late(simulated):
    night = plan(
        '[[step]]\nwait = "1 h"\n[[step]]\nwait = "30 min"\nnot_before = "22:00"\n[[step]]\nrun = "R(T)"\n'
        'must_end_by = "22:40"\n[[step]]\nrun = "R(T)"\nfield = "9 T"\n[[step]]\nwait = "1 h"\ndisabled = true'
    )
    prospects = outlook(night, simulated(), NOW)
    assert [f"{p.ends:%H:%M}" for p in prospects[:2]] == ["20:00", "22:30"]
    assert prospects[2].trouble.startswith("late: must end by")
    assert "beyond the limit" in prospects[3].trouble
    assert (prospects[4].seconds, prospects[4].trouble) == (0.0, "disabled")


# Any text


def test_every_line_number_is_the_line_of_its_key():
    text = (
        '# comment [x]\na = \'x # no comment\' # one\n"q.r" = [1, # two\n  """a\nb]""",\n  {c = \'}\', d = [2]}]\n'
        '[t.u]\nx.y = 2026-11-22 08:00:00\n[[s]]\n[[s]]\nk = ""\n[[s.d]]\n[s.d.e]\nv=1\n'
    )
    lines = line_numbers(text)
    expected = {
        ("a",): 2,
        ("q.r",): 3,
        ("q.r", 1): 4,
        ("q.r", 2, "d", 0): 6,
        ("t", "u"): 7,
        ("t", "u", "x", "y"): 8,
        ("s", 0): 9,
        ("s", 1, "k"): 11,
        ("s", 1, "d", 0): 12,
        ("s", 1, "d", 0, "e", "v"): 14,
    }
    assert {path: lines.get(path) for path in expected} == expected


def test_items_know_their_lines():
    night = plan('[[step]]\nfamily = "R(T)"\nfields = "0, 1 Oe"\n\n[[step]]\nwait = "1 s"')
    assert item_lines(night) == {"1": 3, "2": 3, "3": 7}


HEADINGS = ["[[step]]\n", "[[step.do]]\n", "[end]\n", "[defaults]\n", "schema = 1\n"]
LINES = [
    'run = "R(T)"',
    'family = "R(T)"',
    'fields = "0:9:3 Oe"',
    'loop = { field = "0, 3 Oe" }',
    "repeat = 2",
    'only_if = "rows > 1"',
    'until = "08:30"',
    'wait = "1 s"',
    "points = 9",
    'name = "x"',
    'checks = "all"',
    "member_of = {}",
    "do = [[]]",
    "step = [{}]",
    "stay = true",
    "a.b = 1",
    "parameters = 1",
    "= 1979-05-27T07:32:00Z",
]
PIECES = st.sampled_from([*HEADINGS, *(f"{line}\n" for line in LINES), "]", "{", '"', "\\", "'''"])


def taken_or_refused(text: str) -> None:
    """Any exception but a PlanFileError fails the test."""
    night = refusal = None
    try:
        night = check_plan_text(text, "plan.toml", NOW)
    except PlanFileError as error:
        refusal = error
    if refusal is not None:
        assert "\n" not in str(refusal)
        assert 0 < refusal.line <= text.count("\n") + 1
    else:
        assert night.items


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
@example("schema = 1\nstep = 3")
@example("schema = 1\nstep = []")
@example("schema = 1\nstep = [3]")
@example('schema = 1\nstep = [{run = "R(T)"}]')
@example("a = 0001-01-01T00:00:00+23:59")
@example('schema = 1\nmust_end_by = "0001-01-01 00:00+23:59"\n[[step]]\nwait = "1 s"')
@example('schema = 1\nmust_end_by = "9999-12-31 23:59"\n[[step]]\nwait = "1 s"')
def test_any_text_is_taken_or_refused(text):
    taken_or_refused(text)


@given(st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=25).map("".join))
@settings(max_examples=400, deadline=None)
def test_any_heap_of_pieces_of_plans_is_taken_or_refused(text):
    taken_or_refused(text)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_plan_with_a_piece_replaced_is_taken_or_refused(data):
    text = starting_plan(end="08:30") if data.draw(st.booleans()) else EXAMPLE.read_text("utf-8")
    at = data.draw(st.integers(0, len(text)))
    width = data.draw(st.integers(0, 30))
    taken_or_refused(text[:at] + data.draw(st.one_of(st.text(max_size=8), PIECES)) + text[at + width :])


VALUES = st.recursive(
    st.one_of(
        st.none().map(lambda _: True),
        st.integers(),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(["0 Oe", "1 K", "0:9:12 T", "log 1:2:3 K", "08:30", "R(T)", "gentle", "retry 2", "rows > 1"]),
        st.datetimes(),
        st.times(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=4,
)
KEYS = st.sampled_from(
    [
        *("run", "family", "fields", "temperatures", "loop", "do", "set", "wait", "until", "checks", "parameters"),
        *("name", "only_if", "not_before", "must_end_by", "on_failure", "disabled", "repeat", "member_of", "field"),
        *("points", "pacing", "excitation", "lag", "apply", "temperature"),
    ]
)


@given(
    st.dictionaries(KEYS, VALUES, max_size=3), st.sampled_from(['run = "R(T)"', 'family = "R(T)"\nfields = "1 Oe"', ""])
)
@settings(max_examples=300, deadline=None)
def test_any_value_of_any_key_is_taken_or_refused(values, kind):
    import tomlkit

    present = {line.split(" ")[0] for line in kind.split("\n")}
    lines = [f"{key} = {tomlkit.item(value).as_string()}" for key, value in values.items() if key not in present]
    single = [line for line in lines if "\n" not in line]
    taken_or_refused("\n".join(["schema = 1", '[[step]]\nrun = "R(T)"', "[[step]]", kind, *single]))
