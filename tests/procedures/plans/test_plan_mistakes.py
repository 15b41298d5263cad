"""One mistake each: a plan is refused with the line of the mistake and a sentence that names the fix."""

import re
import time
from datetime import UTC, datetime

import pytest

from coldfinger.procedures.plans.plan_file import PlanFileError, check_plan_text, read_plan

NOW = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)

PLAN = """\
schema = 1
name = "overnight"  # a comment
on_failure = "next"
must_end_by = "2026-11-23 08:30"

[defaults]
excitation = "gentle"
window = "4 s"

[[step]]
name = "first"
run = "TemperatureRamp"
field = "100 Oe"
start = "0.7 K"
stop = "50 mK"
points = 60
lag = 0.07

[[step]]
family = "RTFamily"
fields = "0:600:13 Oe"
only_if = "rho(base) > 50 kohm and believed > 0.9"

[[step]]
loop = { field = "0, 30, 100 Oe" }

  [[step.do]]
  run = "DifferentialResistance"
  largest = "200 nA"
  on_failure = "retry 2"

[[step]]
set = { field = "0 Oe", temperature = "50 mK" }
not_before = "22:00"

[[step]]
wait = "30 min"

[[step]]
until = "06:00"

[[step]]
checks = ["linearity", "heating"]

[[step]]
run = "ZeroField"
temperature = "50 mK"
apply = false
repeat = 2

[end]
heater = "off"
field = "zero"
"""

MISTAKES = [
    # TOML itself
    ('field = "100 Oe"', "field = 100 Oe", 'put text and quantities in quotes: field = "100 Oe"'),
    ('start = "0.7 K"', "start = 0.7 K", 'put text and quantities in quotes: start = "0.7 K"'),
    ('run = "ZeroField"', "run = ZeroField", 'put text and quantities in quotes: run = "ZeroField"'),
    ('stop = "50 mK"\npoints', 'stop = "50 mK\npoints', "close the quotes at the end of the text"),
    ('stop = "50 mK"\npoints', "stop = '50 mK\npoints", "close the quotes at the end of the text"),
    ('stop = "50 mK"\npoints', 'stop = 50 mK"\npoints', "close the quotes"),
    ('checks = ["linearity", "heating"]', 'checks = ["linearity", "heating"', "close the bracket with ]"),
    ('loop = { field = "0, 30, 100 Oe" }', 'loop = { field = "0, 30, 100 Oe"', "close the bracket with }"),
    ("points = 60", "points 60", "write an equals sign: points = 60"),
    ("points = 60", "points: 60", "write an equals sign: points = 60"),
    ("points = 60", "points =", "give a value after the equals sign, or leave the key out"),
    ("points = 60", "points = 60\npoints = 80", "this key stands twice in its table; keep one of them", 1),
    ("[end]", "[end]\nstay = true\n[end]", "this section stands twice; put all its keys under one heading", 2),
    ("[end]", "[end", "a heading is [[step]], [[step.do]], [defaults] or [end], alone on its line"),
    ("[[step]]\nname", "[[step]\nname", "a heading is [[step]], [[step.do]], [defaults] or [end]"),
    ("[[step]]\nname", "[step]\nname", "write [[step]] with double brackets, once for every step"),
    ("apply = false", "apply = False", 'put text and quantities in quotes: apply = "False"'),
    ("points = 60", "points = " + "6" * 5000, "write fewer digits"),
    ("points = 60", "x = " + "[" * 200 + "]" * 200, "nested"),
    # The top
    ("schema = 1", "", "schema is missing; write schema = 1 as the first line"),
    ("schema = 1", "schema = 2", "schema = 2 is not known here; write schema = 1"),
    ("schema = 1", 'schema = "1"', "schema = 1 is not known here; write schema = 1"),
    ('name = "overnight"', 'nam = "overnight"', "unknown key 'nam'; did you mean \"name\"?"),
    ('name = "overnight"', "name = 7", 'name = 7 is not a short text; write name = "..." on one line'),
    ('name = "overnight"', 'name = "film/7"', "cannot name a folder; leave out slashes, colons and dots in front"),
    ('name = "overnight"', 'name = "../up"', "cannot name a folder"),
    ('on_failure = "next"', 'on_failure = "nxt"', 'did you mean "next"?'),
    ('on_failure = "next"', 'on_failure = "explode"', 'allowed are "next", "retry 2" (times), "hold" and "safe"'),
    ('on_failure = "next"', 'on_failure = "retry"', 'does not say how often, 1 to 100; write "retry 2"'),
    ('on_failure = "next"', 'on_failure = "retry 1000"', 'write "retry 2"'),
    ('on_failure = "next"', "on_failure = 3", "on_failure = 3 is not text; allowed are"),
    ("2026-11-23 08:30", "23.11.2026 08:30", 'is not a time; write "2026-11-23 08:30"'),
    ("2026-11-23 08:30", "2026-02-30 08:30", "is not a time; write"),
    ("2026-11-23 08:30", "25:30", "is not a time; write"),
    ("2026-11-23 08:30", "half past eight", "is not a time; write"),
    ('"2026-11-23 08:30"', "2026-11-23", "is not a time; write"),
    ('"2026-11-23 08:30"', "8.5", "is not a time; write"),
    ("[defaults]", "[default]", "unknown key 'default'; did you mean \"defaults\"?"),
    ("[[step]]\nname", "[[steps]]\nname", "unknown key 'steps'; did you mean \"step\"?"),
    ("schema = 1", 'schema = 1\nfield = "3 Oe"', "what a run needs stands below [[step]] or [defaults]", 1),
    # Defaults
    (
        'excitation = "gentle"',
        'excitatin = "gentle"',
        "no procedure has the parameter 'excitatin'; did you mean \"excitation\"?",
    ),
    ('excitation = "gentle"', 'excitation = "gentel"', 'is not one of the choices; did you mean "gentle"?'),
    ('window = "4 s"', "window = 4", 'window: 4 has no unit; write for example "4 s"'),
    ('window = "4 s"', 'window = "4 K"', 'has the wrong dimension; write for example "4 s"'),
    (
        "[defaults]",
        "defaults = 1",
        "defaults is not a table; write [defaults] in single brackets",
        0,
        '[defaults]\nexcitation = "gentle"\nwindow = "4 s"\n',
    ),
    # What a step is
    ('run = "TemperatureRamp"', 'run = "TemperaturRamp"', 'is unknown; did you mean "TemperatureRamp"?'),
    ('run = "TemperatureRamp"', 'run = "XYZ"', "is unknown; allowed are AdaptiveRamp"),
    ('run = "TemperatureRamp"', 'run = "RTFamily"', "run = 'RTFamily' is unknown"),
    ('run = "TemperatureRamp"', "run = 1", 'is not a name in quotes; write run = "AdaptiveRamp"'),
    ('run = "TemperatureRamp"', 'rum = "TemperatureRamp"', "unknown key 'rum'; did you mean \"run\"?"),
    ('wait = "30 min"', "", "this step does nothing; give it one of run, family, loop, set, wait, until or checks", -1),
    ('wait = "30 min"', 'wait = "30 min"\nuntil = "06:00"', "a step is one thing, but wait and until stand in one", 1),
    ('wait = "30 min"', 'wait = "30 min"\nrun = "ZeroField"', "a step is one thing, but run and wait stand in one"),
    ('wait = "30 min"', 'wait = "30 min"\nfield = "1 Oe"', "'field' does not belong to a step with wait", 1),
    ('wait = "30 min"', 'wait = "30 min"\nonly_iff = "rows > 1"', 'did you mean "only_if"?', 1),
    # Parameters
    ('field = "100 Oe"\n', 'feild = "100 Oe"\n', "TemperatureRamp has no parameter 'feild'; did you mean \"field\"?"),
    (
        'field = "100 Oe"\n',
        'temperature = "1 K"\n',
        "TemperatureRamp has no parameter 'temperature'; did you mean \"temperatures\"?",
    ),
    ('field = "100 Oe"\n', "field = 100\n", 'field: 100 has no unit; write for example "0 Oe"'),
    ('field = "100 Oe"\n', 'field = "100"\n', "field: '100' has no unit; write for example \"0 Oe\""),
    ('field = "100 Oe"\n', 'field = "100 mK"\n', "has the wrong dimension; write for example"),
    ('field = "100 Oe"\n', 'field = "100 oe"\n', "has the unknown unit 'oe'; did you mean Oe?"),
    ('field = "100 Oe"\n', 'field = "hundred Oe"\n', "is not a number with a unit such as Oe; write for example"),
    ('field = "100 Oe"\n', "field = true\n", "is not a number with a unit such as Oe"),
    ('field = "100 Oe"\n', 'field = "1e999 Oe"\n', "is not a finite number"),
    ('field = "100 Oe"\n', 'field = ["1 Oe"]\n', "is not a number with a unit such as Oe"),
    ("points = 60", 'points = "60"', "points = '60' is not a whole number from 2 to 100000; write points = 2"),
    ("points = 60", "points = 60.5", "is not a whole number from 2 to 100000"),
    ("points = 60", "points = 1", "points = 1 is not a whole number from 2 to 100000"),
    ("points = 60", "points = true", "points = true is not a whole number"),
    ("points = 60", 'pacing = "lag limited"', "pacing = 'lag limited' is unknown; did you mean \"lag-limited\"?"),
    ("points = 60", 'pacing = "5 mT/min"', "pacing: '5 mT/min' is not understood"),
    ("points = 60", 'pacing = "log 25"\npoints = 60', "says points already; leave points out"),
    ("points = 60", 'temperatures = "0.7, 0.4"', "has no unit; write for example"),
    ("points = 60", 'parameters = { feild = "1 Oe" }', 'did you mean "field"?'),
    ("points = 60", 'parameters = { stop = "0.1 K" }', "stop stands twice in this step; keep one of them"),
    ("points = 60", "parameters = 3", "parameters is not a table; write parameters = {"),
    ("points = 60", 'on_failure = "adapt"', 'parameters = { on_failure = "adapt" }'),
    ("lag = 0.07", 'lag = "0.07 K"', "is not a plain number; write for example lag = 0.07"),
    ("lag = 0.07", "lag = inf", "is not a finite number; write an ordinary number"),
    ("lag = 0.07", "lag = nan", "is not a finite number"),
    ("apply = false", 'apply = "no"', "is neither true nor false; write apply = true, without quotes"),
    # Families
    ('family = "RTFamily"', 'family = "RTFamly"', 'is unknown; did you mean "RTFamily"?'),
    (
        'family = "RTFamily"',
        'family = "RTFamily"\nrun = "FieldSweep"',
        "FieldSweep makes no R(T) family; allowed are TemperatureRamp",
        1,
    ),
    ('fields = "0:600:13 Oe"\n', "", 'has no list of values; write one, such as fields = "0, 30, 100 Oe"', -1),
    (
        'fields = "0:600:13 Oe"',
        'fields = "0:600:13 Oe"\nfield = "3 Oe"',
        "the family sets field itself; leave it out",
        1,
    ),
    ('fields = "0:600:13 Oe"', 'fields = "0:600:13"', 'has no unit; write for example "0, 1, 2.5 Oe"'),
    ('fields = "0:600:13 Oe"', 'fields = "0:600:1 Oe"', "asks for 1 values, allowed is 2 to 10000"),
    ('fields = "0:600:13 Oe"', 'fields = "0:600/70 Oe"', 'or write the number of values: "0:600:10"'),
    ('fields = "0:600:13 Oe"', 'fields = "0:600/0.001 Oe"', "has more than 10000 steps; take larger steps"),
    ('fields = "0:600:13 Oe"', 'fields = "0:600:20000 Oe"', "allowed is 2 to 10000"),
    ('fields = "0:600:13 Oe"', 'fields = "log 0:600:13 Oe"', "has a logarithm that passes zero; begin above zero"),
    ('fields = "0:600:13 Oe"', 'fields = "log 1:600/7 Oe"', 'write "log start:stop:count unit"'),
    ('fields = "0:600:13 Oe"', 'fields = "0-600 Oe"', 'is not a list; write "0, 1, 2.5 Oe"'),
    ('fields = "0:600:13 Oe"', "fields = 30", "is not a list in quotes; write"),
    ('fields = "0:600:13 Oe"', "fields = [0, 30]", "is not a list in quotes; write"),
    ('fields = "0:600:13 Oe"', "fields = []", "fields = [] has no values; give at least one"),
    ('fields = "0:600:13 Oe"', 'fields = "0, 1 K"', "has the wrong dimension"),
    # Conditions
    ("rho(base) > 50 kohm and", "rho(bas) > 50 kohm and", 'is no result of a run; did you mean "rho(base)"?'),
    ("rho(base) > 50 kohm and", "rho(base) > 50 and", 'has no unit; write for example "50 kohm"'),
    ("rho(base) > 50 kohm and", "rho(base) > 50 nA and", "has the wrong dimension"),
    ("rho(base) > 50 kohm and", "rho(base) = 50 kohm and", "compares with =; allowed are <, >, <= and >="),
    ("rho(base) > 50 kohm and", "rho(base) and", "is not a comparison; write for example: rho(base) > 50 kohm"),
    ("rho(base) > 50 kohm and", "rho(T=5 Oe) > 50 kohm and", "rho(T=...): '5 Oe' has the wrong dimension"),
    ("rho(base) > 50 kohm and", "sigma_QF > 1 kohm and", "is not in S, mS, uS"),
    ("rho(base) > 50 kohm and", "E_a > 1 and", "E_a: '1' has no unit"),
    ("believed > 0.9", "believed > 90", "is not a fraction from 0 to 1; write for example believed > 0.9"),
    ("believed > 0.9", "believed > __import__('os')", "is not a plain number; write for example believed > 0.9"),
    ("believed > 0.9", "E_a of 'frist' > 1 K", "no run before it is called 'frist'; did you mean \"first\"?"),
    ('name = "first"', 'name = "first"\nonly_if = "rows > 3"', "no run stands before it; move it down", 1),
    # Loops
    ('loop = { field = "0, 30, 100 Oe" }', "loop = 3", 'loop is not a table; write loop = { field = "0, 30, 100 Oe" }'),
    ("loop = { field", "loop = { feild", "no run in this loop has the parameter 'feild'; did you mean \"field\"?"),
    ('"0, 30, 100 Oe"', '"0, 30, 100"', "has no unit; write for example"),
    ('largest = "200 nA"', 'field = "3 Oe"', "field is set by the loop at line 25, too; leave one of them out"),
    (
        '  [[step.do]]\n  run = "DifferentialResistance"\n  largest = "200 nA"\n  on_failure = "retry 2"\n',
        "",
        "this loop has nothing to do; write [[step.do]]",
        -2,
    ),
    ("  [[step.do]]\n", "  [step.do]\n", "do is not a list of steps; write [[step.do]] above each step"),
    ('largest = "200 nA"', 'largest = "200 nT"', 'has the wrong dimension; write for example "1000 nA"'),
    # Set points, waits, tests, the end
    ('set = { field = "0 Oe"', 'set = { feild = "0 Oe"', "'feild' cannot be set; did you mean \"field\"?"),
    ('set = { field = "0 Oe"', "set = { field = 0", 'field: 0 has no unit; write for example "600 Oe"'),
    ('temperature = "50 mK" }', 'temperature = "0 K" }', "temperature must be above zero; write for example"),
    ('set = { field = "0 Oe", temperature = "50 mK" }', 'set = "0 Oe"', "set is not a table; write set = {"),
    ('not_before = "22:00"', 'not_before = "22.00"', "not_before: '22.00' is not a time; write"),
    ('not_before = "22:00"', 'not_before = "22:00"\nmust_end_by = "21:00"', "is not after not_before", 1),
    ('wait = "30 min"', "wait = 30", 'wait: 30 has no unit; write for example "2 h"'),
    ('wait = "30 min"', 'wait = "-30 min"', "is not above zero and up to 30 days; write for example"),
    ('wait = "30 min"', 'wait = "30 mK"', "has the wrong dimension"),
    ('until = "06:00"', 'until = "6 o\'clock"', 'until: "6 o\'clock" is not a time; write'),
    (
        'until = "06:00"',
        'until = "06:00"\nnot_before = "05:00"',
        "until says already when it goes on; leave not_before out",
        1,
    ),
    ('"heating"]', '"heeting"]', "unknown test 'heeting'; did you mean \"heating\"?"),
    ('"heating"]', '"heating"]\nfield = "3 Oe"', "temperature is missing; give both, or neither", 1),
    (
        'checks = ["linearity", "heating"]',
        'checks = "linearity"',
        'checks is not a list of tests; write checks = ["linearity"',
    ),
    ("repeat = 2", "repeat = 0", "repeat = 0 is not a whole number from 1 to 10000"),
    ("repeat = 2", "repeat = 9990", "the plan has more than 10000 items; take fewer values or repetitions", -4),
    ("repeat = 2", "disabled = 1", "disabled = 1 is neither true nor false; write disabled = true"),
    ("repeat = 2", "member_of = 1", "member_of is not a table of id, kind and key"),
    ('heater = "off"', 'heater = "of"', 'is neither "off" nor "stay"; write heater = "off"'),
    ('heater = "off"', 'heater = "off"\ntemperature = "4 K"', 'needs the heater; leave heater = "off" out'),
    ('field = "zero"', 'field = "zeroo"', 'or field = "zero", or "hold"'),
    ('field = "zero"', 'temprature = "4 K"', "unknown key 'temprature' in [end]; did you mean \"temperature\"?"),
    ('field = "zero"', "stay = true", "heater contradicts stay = true, which changes nothing; keep one of them", -1),
    ('field = "zero"', "stay = 1", "stay = 1 is neither true nor false"),
]


def mutated(old: str, new: str, drop: str = "") -> tuple[str, int]:
    """The plan with one mistake, and the line at which it begins."""
    plan = PLAN
    if drop:
        plan = plan.replace(drop, "", 1)
        plan = plan.replace("schema = 1\n", f"schema = 1\n{new}\n", 1)
        return plan, 2
    assert old in plan, old
    at = plan.index(old)
    return plan[:at] + new + plan[at + len(old) :], plan[:at].count("\n") + 1


def test_the_plan_without_a_mistake_is_taken():
    assert len(check_plan_text(PLAN, "plan.toml", NOW).items) == 1 + 13 + 3 + 1 + 1 + 1 + 2 + 2


def test_there_are_more_than_a_hundred_mistakes():
    assert len({entry[:2] for entry in MISTAKES}) > 100


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{i}: {entry[1][:40]!r}" for i, entry in enumerate(MISTAKES)])
def test_each_mistake_is_refused_with_its_line_and_its_fix(mistake):
    old, new, words, *rest = mistake
    text, line = mutated(old, new, *rest[1:])
    with pytest.raises(PlanFileError) as refused:
        check_plan_text(text, "plan.toml", NOW, UTC)
    sentence = str(refused.value)
    assert words in sentence
    assert sentence.startswith("plan.toml, line ")
    assert "\n" not in sentence
    assert len(sentence) < 400
    assert refused.value.line == line + (rest[0] if rest else 0), sentence


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(PlanFileError, match=r"cannot be read \(No such file or directory\); give the name of a plan"):
        read_plan(tmp_path / "none.toml")
    with pytest.raises(PlanFileError, match="Is a directory"):
        read_plan(tmp_path)


def test_a_file_that_is_not_text_is_one_sentence(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"schema = 1\n\xff\xfe")
    with pytest.raises(PlanFileError, match=r"is not UTF-8 text .*; save it as UTF-8"):
        read_plan(path)


def test_a_file_much_too_large_is_not_even_read(tmp_path):
    path = tmp_path / "plan.toml"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(PlanFileError, match="much too large for a plan"):
        read_plan(path)


HEAD = 'schema = 1\n[[step]]\nrun = "ZeroField"\n'
HOSTILE = {
    "a million brackets": "x = " + "[" * 1_000_000,
    "brackets over many lines": "x = " + "[\n" * 90_000,
    "tables in tables": "x = " + "{a=" * 3000,
    "a long dotted key": ".".join("a" * 4000) + " = 1",
    "quoted dotted keys": ".".join(['"a"'] * 2000) + " = 1",
    "many dotted keys": "\n".join(".".join("abcdefghijklmnopqrst") + f"{i}=1" for i in range(6000)),
    "a giant number": "schema = " + "9" * 9000,
    "a very long text": f'schema = 1\n[[step]]\nrun = "{"a" * 9000}"',
    "a text of many lines": 'schema = 1\n[[step]]\nrun = """' + "a\n" * 140_000 + '"""',
    "spaces in a list": HEAD + 'step = "' + "1 " * 2400 + '"',
    "a wait of spaces": 'schema = 1\n[[step]]\nwait = "1' + " " * 4900 + 'x"',
    "a list of spaces": 'schema = 1\n[[step]]\nfamily = "R(T)"\nfields = "1' + " " * 4900 + '0"',
    "a product of loops": 'schema = 1\n[[step]]\nloop = { field = "0:1:10000 Oe", start = "1:2:10000 K", stop = '
    '"1:2:10000 K" }\n[[step.do]]\nrun = "TemperatureRamp"\n',
    "loops in loops": "schema = 1\n"
    + "".join(f'[[step{".do" * i}]]\nrepeat = 10000\nloop = {{ field = "0:1:100 Oe" }}\n' for i in range(7))
    + f'[[step{".do" * 7}]]\nrun = "TemperatureRamp"\n',
    "loops too deep": "schema = 1\n"
    + "".join(f'[[step{".do" * i}]]\nloop = {{ field = "0 Oe" }}\n' for i in range(12))
    + f'[[step{".do" * 12}]]\nrun = "TemperatureRamp"\n',
    "repetitions": HEAD + "repeat = 10000\n" + '[[step]]\nrun = "ZeroField"\n',
    "many families": "schema = 1\n" + '[[step]]\nfamily = "R(T)"\nfields = "0:1:5000 Oe"\n' * 3,
    "twenty thousand steps": "schema = 1\n" + "[[step]]\n" * 20_000,
    "a key of ten thousand letters": "a" * 9_990 + " = 1",
    "a condition without end": HEAD + '[[step]]\nrun = "ZeroField"\nonly_if = "' + "rows > 1 and " * 38 + '"',
    "nothing": "",
    "only zeros": "\0" * 1000,
    "half a surrogate": "name = '\ud800'",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_quickly(text):
    began = time.process_time()
    with pytest.raises(PlanFileError) as refused:
        check_plan_text(text, "plan.toml", NOW)
    assert time.process_time() - began < 2.0
    assert len(str(refused.value)) < 500
    assert re.match(r"plan\.toml, line \d+: ", str(refused.value))
