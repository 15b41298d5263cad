"""The front panel of every driver, from its own description, held against a simulated station."""

import json

import pytest

from coldfinger.instruments.errors import LinkError
from coldfinger.procedures.laboratory.front_panel import (
    KnobError,
    knobs_of,
    panel_named,
    panel_state,
    panels_of,
    set_knob,
)
from coldfinger.procedures.station import connect_station


@pytest.fixture(scope="module")
def station():
    station = connect_station()
    yield station
    station.close()


def entry(instrument, name):
    return next(entry for entry in panel_state(instrument) if entry["name"] == name)


def test_parts_of_an_instrument_have_panels_of_their_own(station):
    assert {"lockin", "fridge", "fridge.controller", "fridge.bridge", "magnet", "bias"} <= set(
        panels_of(station.instruments)
    )


def test_every_setting_of_every_driver_is_on_its_panel_with_its_meaning(station):
    for panel in panels_of(station.instruments).values():
        knobs = {knob.name: knob for knob in knobs_of(panel)}
        assert set(panel.SETTINGS) <= set(knobs), panel.name
        assert all(knob.meaning for knob in knobs.values())


def test_unit_range_and_choices_come_from_the_driver(station):
    frequency = entry(station.instruments["lockin"], "frequency")
    assert (frequency["unit"], frequency["allowed"], frequency["settable"]) == ("Hz", "0.001 to 102000", True)
    assert entry(station.instruments["lockin"], "time_constant")["choices"][:3] == ["1e-05", "3e-05", "0.0001"]
    assert entry(station.instruments["lockin"], "input_coupling")["choices"] == ["AC", "DC"]
    assert entry(station.instruments["magnet"], "field")["settable"] is False


def test_a_panel_is_plain_json(station):
    for panel in panels_of(station.instruments).values():
        assert json.loads(json.dumps(panel_state(panel), allow_nan=False))


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("time_constant", "300 ms", 0.3),
        ("time_constant", "1", 1.0),
        ("input_coupling", "ac", "AC"),
        ("input_configuration", "a minus b", "A_MINUS_B"),
        ("sync_filter", "on", True),
        ("harmonic", "3", 3),
        ("frequency", "17 mHz", 0.017),
        ("offset_x", "10, 10", {"percent": 10.0, "expand": 10}),
    ],
)
def test_what_is_typed_is_set_and_read_back(station, name, text, kept):
    lockin = station.instruments["lockin"]
    before = entry(lockin, name)["value"]
    assert set_knob(lockin, name, text) == (before, kept)
    assert entry(lockin, name)["value"] == kept
    set_knob(lockin, name, ", ".join(map(str, before.values())) if isinstance(before, dict) else str(before))
    assert entry(lockin, name)["value"] == before


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("frequency", "7 kOe", "frequency: '7 kOe' has the wrong dimension"),
        ("frequency", "0", "allowed are 0.001 to 102000 Hz"),
        ("sensitivity", "3 V", "sensitivity of 3 V is not a setting"),
        ("sync_filter", "maybe", "'maybe' is neither on nor off"),
        ("input_coupling", "blue", "'blue' is not a setting; allowed are AC, DC"),
        ("harmonic", "two", "'two' is not a number"),
        ("harmonic", "1.5", "harmonic must be a whole number"),
        ("offset_x", "10", "'10' has 1 parts; wanted are percent, expand"),
        ("x", "1", "'x' can only be read; settable are frequency"),
        ("nonsense", "1", "'nonsense' is not there; settable are frequency"),
    ],
)
def test_what_does_not_fit_changes_nothing_and_says_why(station, name, text, sentence):
    lockin = station.instruments["lockin"]
    before = panel_state(lockin)
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        set_knob(lockin, name, text)
    settings = [e for e in before if e["settable"]]
    assert [e for e in panel_state(lockin) if e["settable"]] == settings


def test_the_limits_of_the_station_hold_on_the_panel(station):
    with pytest.raises(ValueError, match=r"0\.06"):
        set_knob(station.instruments["magnet"], "target", "1 T")


def test_an_unknown_panel_names_those_that_are_there(station):
    with pytest.raises(KnobError, match=r"panel 'nix': there is no such instrument; this station has lockin, fridge"):
        panel_named(station.instruments, "nix")


def test_a_silent_instrument_costs_one_time_out_and_says_so(monkeypatch):
    with connect_station() as station:
        lockin = station.instruments["lockin"]
        asked = []

        def silent(question, *rest, **more):
            asked.append(question)
            lockin._link._clean = False
            raise LinkError("lockin at GPIB0::8::INSTR: no answer")

        monkeypatch.setattr(type(lockin), "clean", property(lambda self: not asked))
        monkeypatch.setattr(lockin, "question", silent)
        state = panel_state(lockin)
    assert len(asked) == 1
    assert state[0]["trouble"].endswith("no answer")
    assert all(entry["trouble"].startswith("not asked") for entry in state[1:])
