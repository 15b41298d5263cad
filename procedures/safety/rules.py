"""What an interlock looks for: its levels and times, those of the station file and those that are always on."""

import math
from dataclasses import dataclass
from pathlib import Path

from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.words.quantity import KINDS, duration_text, show

HOLD, SAFE, STOP, IGNORE = "hold", "safe", "stop queue", "ignore"
TOO_WARM = 1.2  # of the highest temperature
LOST_AFTER = 60.0  # s without any thermometer
INVALID_AFTER = 5.0  # s in which the controller says itself that its thermometer shows nothing
_PERIOD = 2.0  # s


@dataclass(frozen=True)
class Rule:
    """One condition; numbers in SI, times in s. See docs/station.md for the meaning of each key."""

    name: str
    signal: str = ""
    file: str = ""
    url: str = ""
    key: str = ""
    kind: str = "number"
    above: float | None = None
    below: float | None = None
    release: float | None = None
    states: tuple[str, ...] = ()
    wait: float = 0.0  # `for` of the station file
    settle: float = 30.0
    longest: float = math.inf
    age: float = math.inf
    every: float = _PERIOD
    action: str = HOLD
    unreadable: str = IGNORE
    sentence: str = ""  # in place of the usual one

    @property
    def source(self) -> str:
        """What it looks at."""
        return self.signal or self.file or self.url

    def bad(self, value: float | str, tripped: bool) -> bool:
        """Whether a value trips it, or keeps it from letting go."""
        if isinstance(value, str):
            return value in self.states
        if self.above is not None:
            return value > self._level(self.above, tripped)
        return self.below is not None and value < self._level(self.below, tripped)

    def _level(self, level: float, tripped: bool) -> float:
        return self.release if tripped and self.release is not None else level

    def says(self, value: float | str | None) -> str:
        """One sentence about a value that trips it; None: about nothing to read."""
        if value is None:
            return f"{self.name}: nothing could be read from {self.source} for {duration_text(self.age)}"
        if self.sentence:
            return f"{self.name}: {self.sentence}"
        if isinstance(value, str):
            return f"{self.name}: {self.source} is {value}"
        if self.kind == "flag":
            return f"{self.name}: the lock-in shows {self.source}"
        side, level = ("above", self.above) if self.above is not None else ("below", self.below)
        shown, limit = (self.shown(number) for number in (value, level))
        return f"{self.name}: {self.source} is {shown}, {side} {limit}"

    def shown(self, value: float | str | None) -> str:
        """A value for people."""
        if value is None or isinstance(value, str):
            return value or ""
        return show(value, self.kind) if self.kind in KINDS else f"{value:.6g}"


def built_in(file: StationFile) -> list[Rule]:
    """What is always on at a station."""
    limits = file.sections["limits"]
    highest: float = limits["highest_temperature"]
    rules = [
        Rule(
            "too warm",
            "T_mc",
            kind="temperature",
            above=TOO_WARM * highest,
            release=highest,
            action=STOP,
        ),
        Rule(
            "thermometer lost",
            "no thermometer",
            above=0.5,
            wait=LOST_AFTER,
            settle=0.0,
            action=STOP,
            sentence="neither the mixing chamber's nor the sample's thermometer can be read",
        ),
        Rule(
            "control thermometer",
            "control thermometer invalid",
            above=0.5,
            wait=INVALID_AFTER,
            settle=0.0,
            action=STOP,
            sentence="the controller says that the thermometer of its loop shows no temperature",
        ),
        Rule(
            "quench",
            "magnet state",
            states=("quench",),
            settle=0.0,
            action=STOP,
            sentence="the magnet has quenched; it is left alone, and only a person may clear the quench at its supply",
        ),
    ]
    if limits["dwell"] is not None:
        longest = duration_text(limits["dwell"])
        rules.append(
            Rule(
                "dwell",
                "excitation on",
                above=0.5,
                wait=limits["dwell"],
                settle=0.0,
                every=10.0,
                action=SAFE,
                sentence=f"the excitation has been on for {longest}, the limit of {file.source}",
            )
        )
    return rules


def rules_of(file: StationFile) -> list[Rule]:
    """The rules of the station file."""
    rules = []
    for table in file.interlocks:
        fields = {name: value for name, value in table.items() if name != "for"}
        if fields["file"]:
            fields["file"] = str(Path(file.source).parent / fields["file"])
        rules.append(Rule(**fields, wait=table["for"]))
    return rules
