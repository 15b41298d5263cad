"""Trouble on demand: faults on the wire and in the laboratory, at a time, after a message, or at a seeded rate.

    troubles = faults.arm(rack, [Fault("silence", on="lock-in", after=10, for_=5.0)], seed=1)

Here is what a person writes, in Python or in a scenario file, and how it is checked; `troubles` is what happens then.
While nothing is armed the rack does not know that this module exists.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pyvisa import rname

from coldfinger.sim.fault_kinds import CRYOSTAT, FOR_EVER, HEATER_PLACES, KINDS, Kind
from coldfinger.sim.troubles import Troubles

if TYPE_CHECKING:
    from coldfinger.sim.rack import Rack

_TRIGGERS = ("at", "after", "per_message", "per_second")
UNTIL_CLEARED = "until cleared"


class FaultError(ValueError):
    """A fault that cannot be; one sentence with what was given, what is allowed, what to do."""


@dataclass(frozen=True)
class Fault:
    """One fault: what, where, when, for how long, how much.

    `on`: lock-in, bridge, magnet, bias, controller, a VISA address, or cryostat; may be left out where a kind has one
    place. A fault of the heater or its sensor is the bridge's where it is left out, and must name the controller where
    the rack has one.
    At most one trigger: `at` (s of the laboratory's time), `after` (messages that the instrument still gets
    undisturbed, counted from the arming), `per_message` (probability), `per_second` (1/s); none: at once. `for_` (s,
    math.inf until cleared); None: what the kind does by itself. `value`: see `fault_kinds.KINDS`.
    """

    kind: str
    on: str = ""
    at: float | None = None
    after: int | None = None
    per_message: float | None = None
    per_second: float | None = None
    for_: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise FaultError(f"fault kind {self.kind!r} is unknown; {_did_you_mean(self.kind, KINDS)}")
        self._check_place(kind)
        given = [name for name in _TRIGGERS if getattr(self, name) is not None]
        if len(given) > 1:
            raise FaultError(
                f"fault {self.kind!r}: {' and '.join(given)} are given; a fault has one trigger, leave out the rest"
            )
        self._check_numbers(kind)

    def _check_place(self, kind: Kind) -> None:
        if not self.on and (len(kind.places) == 1 or kind.places == HEATER_PLACES):
            object.__setattr__(self, "on", kind.places[0])
        if self.on not in kind.places and "::" not in self.on:
            given = f"on = {self.on!r} is not possible" if self.on else "on is missing"
            raise FaultError(f"fault {self.kind!r}: {given}; allowed are {', '.join(kind.places)}")

    def _check_numbers(self, kind: Kind) -> None:
        for name, low, high, unit in (
            ("at", 0.0, math.inf, "s"),
            ("after", 0, math.inf, "messages"),
            ("per_message", 0.0, 1.0, ""),
            ("per_second", 1e-12, 1e6, "1/s"),
            ("for_", 0.0, math.inf, "s"),
        ):
            number = getattr(self, name)
            if number is None:
                continue
            good = type(number) in (int, float) and low <= number <= high and (name == "for_" or math.isfinite(number))
            if not good or (name == "after" and type(number) is not int):
                what = "a whole number from 0 up" if name == "after" else f"a number from {low:g} to {high:g} {unit}"
                label = name.rstrip("_")
                raise FaultError(f"fault {self.kind!r}: {label} = {number!r} must be {what}".rstrip())
        if self.value is None:
            return
        if not kind.number:
            raise FaultError(f"fault {self.kind!r}: value = {self.value!r} has no meaning for this kind; leave it out")
        if type(self.value) not in (int, float) or not math.isfinite(self.value):
            raise FaultError(f"fault {self.kind!r}: value = {self.value!r} must be a number ({kind.number})")
        if self.value < 0 and self.kind != "drifting base":
            raise FaultError(f"fault {self.kind!r}: value = {self.value!r} must not be negative ({kind.number})")


class Scenario(NamedTuple):
    """Faults and the seed of everything random in them."""

    faults: tuple[Fault, ...]
    seed: int = 0


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file (TOML: schema, seed, [[fault]] tables); whole, or FaultError with one sentence."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FaultError(f"scenario {path}: cannot be read ({error}); give a TOML file") from error
    return scenario_from(text, f"scenario {path}")


def scenario_from(text: str, source: str = "scenario") -> Scenario:
    """The same from the text of a file; `source` names it in errors."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"{source}: not TOML: {error}; correct that line") from error
    for name in data:
        if name not in ("schema", "seed", "fault"):
            raise FaultError(f"{source}: unknown key {name!r}; {_did_you_mean(name, ('schema', 'seed', 'fault'))}")
    if data.get("schema") != 1:
        raise FaultError(f"{source}: schema = {data.get('schema')!r} is not known; write schema = 1")
    seed = data.get("seed", 0)
    if type(seed) is not int or seed < 0:
        raise FaultError(f"{source}: seed = {seed!r} must be a whole number from 0 up")
    tables = data.get("fault")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise FaultError(f"{source}: no faults; write at least one [[fault]] table")
    return Scenario(tuple(_fault(table, f"{source}: fault {n}") for n, table in enumerate(tables, 1)), seed)


def _fault(table: Mapping[str, Any], where: str) -> Fault:
    names = {"kind", "on", *_TRIGGERS, "for", "value"}
    for name in table:
        if name not in names:
            raise FaultError(f"{where}: unknown key {name!r}; {_did_you_mean(name, sorted(names))}")
    if not isinstance(table.get("kind"), str) or not isinstance(table.get("on", ""), str):
        raise FaultError(f'{where}: kind and on must be texts; write kind = "silence" and on = "lock-in"')
    arguments = dict(table)
    lasting = arguments.pop("for", None)
    if isinstance(lasting, str):
        if lasting != UNTIL_CLEARED:
            raise FaultError(f'{where}: for = {lasting!r} must be a number of seconds or "{UNTIL_CLEARED}"')
        lasting = FOR_EVER
    try:
        return Fault(**arguments, for_=lasting)
    except FaultError as error:
        raise FaultError(f"{where}: {error}") from None


def _did_you_mean(name: str, allowed: Iterable[str]) -> str:
    close = get_close_matches(name, list(allowed), 1)
    return f"did you mean {close[0]!r}?" if close else f"allowed are {', '.join(allowed)}"


def arm(rack: "Rack", faults: Iterable[Fault] | Scenario, seed: int | None = None) -> Troubles:
    """Arm faults in a rack, beside those that are armed already; `seed` replaces that of a scenario.

    Raises FaultError for a place that the rack has not; nothing is armed then.
    """
    scenario = faults if isinstance(faults, Scenario) else Scenario(tuple(faults))
    with rack.lock:
        rack.advance()
        placed = [(fault, _address(rack, fault)) for fault in scenario.faults]
        troubles = rack.troubles or Troubles(rack)
        troubles.add(placed, scenario.seed if seed is None else seed)
        rack.set_troubles(troubles)
        rack.advance()
    return troubles


def _address(rack: "Rack", fault: Fault) -> str | None:
    """Address of what a fault acts on, None for the cryostat. Raises FaultError for an instrument that is not there."""
    if fault.on == CRYOSTAT:
        return None
    address = rack.names.get(fault.on, fault.on)
    if "::" in address:
        try:
            address = rname.to_canonical_name(address)
        except rname.InvalidResourceName:
            address = fault.on
    name = next((name for name, known in rack.names.items() if known == address), None)
    possible = KINDS[fault.kind].places
    if possible == HEATER_PLACES and "controller" in rack.names:
        possible = ("controller",)  # the bridge beside it has neither the heater nor its thermometer
    if address not in rack.devices or (name is not None and name not in possible):
        places = [n for n in possible if n in rack.names] or list(rack.devices)
        allowed = ", ".join(places)
        trouble = "has no heater" if name in HEATER_PLACES and possible == ("controller",) else "is not"
        raise FaultError(f"fault {fault.kind!r}: on = {fault.on!r} {trouble} in this rack; allowed are {allowed}")
    return address
