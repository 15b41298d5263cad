"""Loops and zigzags of a field sweep: what they mean, in a script and in a plan, and what is refused."""

import pytest

from coldfinger.procedures.field_sweep import FieldSweep
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.plans.plan_file import PlanFileError, check_plan, check_plan_text
from coldfinger.procedures.plans.plan_write import plan_text
from coldfinger.procedures.words.field_way import turning_points
from coldfinger.procedures.words.quantity import QuantityError

PLAN = 'schema = 1\n[[step]]\nrun = "R(H)"\ntemperature = "0.1 K"\npoints = "{}"\n'


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("0, 60, 60, -60 Oe", [0.0, 60.0, -60.0]),
        ("loop 100 Oe", [0.0, 100.0, -100.0, 100.0]),
        ("loop -10 mT", [0.0, -100.0, 100.0, -100.0]),
        ("zigzag -50, 50 Oe x 3", [-50.0, 50.0, -50.0, 50.0]),
        (" zigzag  20 Oe, 0 mT x1 ", [20.0, 0.0]),
    ],
)
def test_a_way_in_words_is_its_turning_points(text, fields):
    assert turning_points(text) == fields
    assert FieldSweep(points=text).turning_points() == fields


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loop 100", "turning points: loop: '100' has no unit"),
        ("loop", "turning points: loop: '' is not a field"),
        ("zigzag -50, 50 Oe", "'zigzag -50, 50 Oe' is not two different fields and 1 to 1000 ways between them"),
        ("zigzag 0, 1, 2 Oe x 4", "is not two different fields"),
        ("zigzag 20 Oe, 2 mT x 4", "is not two different fields"),
        ("zigzag 0, 10 Oe x 0", 'write for example "zigzag -50, 50 Oe x 4"'),
        ("zigzag 0, 10 Oe x 100000", "1 to 1000 ways"),
        ("zigzag 0, 10 s x 4", "zigzag: ' 10 s' has the wrong dimension"),
    ],
)
def test_a_way_that_cannot_be_gone_is_one_sentence(text, said):
    with pytest.raises(QuantityError) as refused:
        turning_points(text)
    assert said in str(refused.value)
    with pytest.raises(PlanFileError) as refused:
        check_plan_text(PLAN.format(text), "plan.toml")
    assert str(refused.value).startswith("plan.toml, line 5: points: ")


def test_a_loop_in_a_plan_is_kept_in_words_and_its_fields_are_held_against_the_limit(simulated):
    station = simulated()
    night = check_plan_text(PLAN.format("loop  100 Oe"), "plan.toml")
    assert night.items[0].parameters["points"] == "loop 100 Oe"
    assert 'points = "loop 100 Oe"' in plan_text(night, "new.toml")
    assert check_plan(night, station) == []
    beyond = check_plan_text(PLAN.format("loop 700 Oe"), "plan.toml")
    assert "700 Oe (0.07 T) is beyond the limit" in check_plan(beyond, station)[0]
    nowhere = FieldSweep(points="loop 0 Oe", temperature=0.1)
    nowhere.use(station)
    with pytest.raises(LimitError, match="two different fields"):
        nowhere.check()


def test_a_family_of_loops_is_demagnetised_from_its_peak():
    text = 'schema = 1\n[[step]]\nfamily = "R(H)"\ntemperatures = "0.1, 0.2 K"\npoints = "loop 80 Oe"\n'
    assert [item.parameters["demagnetise"] for item in check_plan_text(text, "plan.toml").items] == [80.0, 80.0]
