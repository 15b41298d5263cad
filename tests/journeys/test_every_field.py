"""Every field of every form of a new run: what stands in it is what is applied, or it is marked and nothing is done."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from coldfinger.gui.form.form_fields import CHOICE, LIST, WAY, Entry, Form
from coldfinger.gui.form.run_forms import BY_T, FORMS, form
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.laboratory.limits import limits_of
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.plans.plan_names import with_defaults
from tests.journeys.desktop import Gui, until

Open = Callable[..., Gui]

TEXTS = {
    "5": (5.0, ""), "5 mK": (0.005, "K"), "5 K/min": (5.0, "K/min"), "9 T": (9e4, "Oe"), "0.4 nonsense": (0.4, "?"),
    "1e12": (1e12, ""),
}  # fmt: skip
"""What a person may type: number and unit that it means, "" for the field's own."""
PASSES: tuple[tuple[str, dict[str, str]], ...] = (
    *((key, {"pacing": pacing, "excitation": "fixed"}) for key in ("ramp", "family")
      for pacing in ("rate", "lag-limited", "log-rate", "linear points")),
    ("family", {"order": BY_T, "fields": "0, 5"}),
    ("sweep", {"mode": "continuous", "excitation": "fixed"}), ("sweep", {"mode": "stepped"}),
    ("bias", {"excitation": "fixed"}), ("adaptive", {"excitation": "fixed"}),
    ("checks", {"where": "given", "excitation": "fixed"}), ("set", {}), ("wait", {}),
)  # fmt: skip
"""Forms and what is chosen or needed in them, so that every field is shown once."""
OTHERS = {
    ("sweep", "stop"): ("-7", -7.0), ("bias", "current"): ("500 pA", 0.5), ("adaptive", "stop"): ("0,05 K", 0.05),
}  # fmt: skip
"""Fields in which 5 would be understood, but makes no sense beside the other fields."""
WAY_TEXT = "0, 5"
TESTS = 2
"""Belief tests that are ticked by themselves."""
KEYS = {" ": "space", ".": "period", ",": "comma", "/": "slash", "-": "minus"}


@dataclass
class Typist:
    """Fills forms with wrong texts first, and notes which field must mean what in the end."""

    gui: Gui
    tested: set[tuple[str, str]] = field(default_factory=set)
    wanted: dict[str, float] = field(default_factory=dict)
    _millikelvin: Iterator[int] = field(default_factory=lambda: itertools.count(300, 10))
    _everything: bool = False

    def fill(self, of: Form, choices: dict[str, str]) -> None:
        """Choose a form, walk through its fields by Tab, and type into each that was not tried yet."""
        hands, values, self.wanted = self.gui.hands, dict[str, Any](), {}
        hands.play("alt+y", "Home", *["Down"] * FORMS.index(of), "Tab")
        if any(entry.more for entry in of.entries):  # the box for all fields
            hands.play(*([] if self._everything else ["space"]), "Tab")
            self._everything = True
        for entry in of.entries:
            values[entry.key] = choices.get(entry.key, entry.default)
            if entry.key not in {shown.key for shown in of.shown(values)}:
                continue
            if entry.kind == CHOICE and entry.key in choices:
                hands.play("Home", *["Down"] * entry.choices.index(choices[entry.key]))
            if is_typed(entry) and (of.key, entry.key) not in self.tested:
                self._try(of, entry)
                self.tested.add((of.key, entry.key))
            elif is_typed(entry) and entry.key in choices:
                hands.play("ctrl+a", *keys_of(choices[entry.key]))
            hands.play("Tab")

    def _try(self, of: Form, entry: Entry) -> None:
        """Texts that must be refused, with the keys that would queue the run and leave the field; then a good one."""
        meant = {text: means(text, entry) for text in TEXTS}
        for text in (text for text, value in meant.items() if value is None):
            self.gui.hands.play("ctrl+a", *keys_of(text), "ctrl+shift+Return", "Tab")
        taken = next(((text, value) for text, value in meant.items() if value is not None), None)
        text, value = OTHERS.get((of.key, entry.key)) or taken or self._spare(entry)
        self.wanted[entry.key.removesuffix("s") if entry.kind == LIST else entry.key] = value
        if entry.kind == WAY:
            text = WAY_TEXT
            del self.wanted[entry.key]
        self.gui.hands.play("ctrl+a", *keys_of(text))

    def _spare(self, entry: Entry) -> tuple[str, float]:
        """A text within the limits of a field in which none of the usual ones is."""
        if entry.unit == "K":
            number = next(self._millikelvin)
            return f"{number} mK", number / 1000.0
        return "0.25", 0.25


def is_typed(entry: Entry) -> bool:
    return entry.kind not in (CHOICE, "flag")


def means(text: str, entry: Entry) -> float | None:
    """What a text means in a field, in the field's unit; None where it must be refused."""
    number, unit = TEXTS[text]
    station = read_station_file("sim")
    allowed = entry.field(limits_of(station.sections, station.source)) if entry.kind not in (LIST, WAY) else None
    if unit not in ("", entry.unit):
        return None
    low, high = (
        (allowed.minimum, allowed.maximum)
        if allowed is not None
        else {"K": (0.01, 1.3)}.get(entry.unit, (-600.0, 600.0))
    )
    return number if low <= number <= high else None


def keys_of(text: str) -> list[str]:
    return [KEYS.get(letter, letter if not letter.isupper() else f"shift+{letter.lower()}") for letter in text]


def applied(item: Item) -> dict[str, Any]:
    """What an item was given, by the keys of its form."""
    if item.kind == "wait":
        return {"minutes": item.settings["seconds"] / 60.0}
    if item.kind == "set":
        return {"to_field": item.settings["field"] * 1e4, "to_temperature": item.settings["temperature"]}
    return with_defaults(item.procedure, dict(item.parameters))


def test_every_field_of_every_form_means_what_it_shows_or_queues_nothing(window: Open):
    gui = window("--speed", "1000")
    typist, count = Typist(gui), 0
    for key, choices in PASSES:
        typist.fill(form(key), choices)
        count += TESTS if key == "checks" else 1
        gui.hands.play("ctrl+shift+Return")
        until(lambda count=count: len(gui.items()) >= count, what=f"{key} {choices}: an item")
        assert len(gui.items()) == count, f"{key} {choices}: a text was taken that means nothing there"
        item = gui.items()[-1]
        got = {name: applied(item)[name] for name in typist.wanted}
        assert got == pytest.approx(typist.wanted), key
    assert typist.tested == {(of.key, entry.key) for of in FORMS for entry in of.entries if is_typed(entry)}
