"""What a check finds: one line an item, and what the lines are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from coldfinger.instruments.calibration import Calibration
from coldfinger.procedures.laboratory.limits import Limits
from coldfinger.procedures.laboratory.station_file import StationFile

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Finding:
    """One line: the item, "ok", "warn" or "fail", what was found and what it means, and what to do about it."""

    item: str
    outcome: str
    sentence: str
    advice: str = ""


class Said(NamedTuple):
    """A finding before its item is known."""

    outcome: str
    sentence: str
    advice: str = ""


@dataclass
class Visit:
    """A station that is looked at: `instruments` are the drivers, by name, of those that have proved who they are."""

    file: StationFile
    limits: Limits
    calibration: Calibration | None
    instruments: dict[str, Any] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)

    def table(self, name: str) -> Mapping[str, Any]:
        """A table of the station file."""
        return self.file.sections[name]

    def player(self, role: str) -> Any | None:
        """What fills a role, a driver or a part of one; None where nobody does, or it has not proved who it is."""
        instrument = self.instruments.get(self.table("roles")[role])
        return getattr(instrument, role, instrument) if role in ("controller", "bridge") else instrument


Look = Callable[[Visit, Any], Said | None]


@dataclass(frozen=True)
class Line:
    """One item of the check of what fills a role; `look` says None where the item has no meaning for a model."""

    item: str
    role: str
    look: Look


def ok(sentence: str) -> Said:
    """As it must be."""
    return Said(OK, sentence)


def warn(sentence: str, advice: str) -> Said:
    """It can be measured, and the numbers may be worse than they need to be."""
    return Said(WARN, sentence, advice)


def fail(sentence: str, advice: str) -> Said:
    """What is measured or moved now cannot be trusted."""
    return Said(FAIL, sentence, advice)


def panel_words(visit: Visit, role: str, setting: str) -> str:
    """The command that sets a property of what fills a role."""
    name = visit.table("roles")[role]
    part = f".{role}" if role in ("controller", "bridge") else ""
    return f'coldfinger panel {name}{part} "{setting}" --station {visit.file.source}'
