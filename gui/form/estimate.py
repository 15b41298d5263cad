"""How long a wish would take and what speaks against it, asked of the station's simulated twin.

The twin is opened at the first question and kept; all questions come from one thread, that of the background work. The
seconds are those of the procedures' own planners, corrected by what this station's earlier nights have taught, as the
engine's forecast is.
"""

import math
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from coldfinger.procedures.current.excitation import POLICY
from coldfinger.procedures.engine.forecast import Doubt, expect
from coldfinger.procedures.engine.history import History, past_nights
from coldfinger.procedures.engine.items import RUN, Night
from coldfinger.procedures.engine.rehearsing import simulated_twin
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.planning import Whereabouts, field_stage
from coldfinger.procedures.plans.outlook import outlook
from coldfinger.procedures.plans.plan_file import check_plan
from coldfinger.procedures.station import Station, open_station
from coldfinger.procedures.words.quantity import OERSTED, duration_text, show

FAR = 300.0
"""Seconds of field ramp before a run from which on a person is told."""
FULL = 1e9
"""Bytes of room on the disk below which a person is told."""
_OPEN = ("waiting", "running", "partial")


@dataclass(frozen=True)
class Estimate:
    """Of one wish: how many items, seconds with their s.d., what forbids it and what a person should know."""

    count: int
    seconds: float
    sd: float
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        return not self.mistakes


class Twin:
    """The simulated twin of a station; to be used from one thread at a time."""

    def __init__(self, file: StationFile, data: Path) -> None:
        self._file, self._data = file, data
        self._station: Station | None = None
        self._history = History()

    def estimate(self, night: Night, place: Whereabouts | None, now: datetime) -> Estimate:
        """What the items of a night would take from a place. Raises StationFileError where there can be no twin."""
        station = self._open()
        prospects = outlook(night, station, now, place)
        expected = [expect(p.item, p.seconds, self._history) for p in prospects]
        doubt = Doubt()
        return Estimate(
            len(prospects),
            sum(one.seconds for one in expected),
            max((doubt.add(one) for one in expected), default=0.0),
            tuple(dict.fromkeys(p.trouble for p in prospects if p.trouble)),
            tuple(self._warnings(night, station, place)),
        )

    def mistakes(self, night: Night, text: str, now: datetime) -> list[str]:
        """What the station would refuse of a night with that text, a sentence each. Raises StationFileError."""
        return check_plan(replace(night, text=text, source=night.name), self._open(), now)

    def close(self) -> None:
        """Close the twin; another question opens it again."""
        if self._station is not None:
            self._station.close()
            self._station = None

    def _open(self) -> Station:
        if self._station is None:
            self._station = open_station(simulated_twin(self._file))
            self._station.connect()
            if self._data.is_dir():
                self._history = past_nights(self._data, self._station.name)
        return self._station

    def _warnings(self, night: Night, station: Station, place: Whereabouts | None) -> list[str]:
        first = next((item for item in night.items if item.kind == RUN), None)
        said = []
        if first is not None and place is not None:
            field = first.parameters.get("field")
            way = 0.0 if field is None else field_stage(station, place.field, field * OERSTED).seconds
            if way > FAR:
                here = show(place.field, "field")
                said.append(f"The field is far away: {here} now, {duration_text(way)} to go to {field:g} Oe first.")
        if first is not None and first.parameters.get("excitation") == "fixed":
            current = first.parameters.get("current", 1.0) * 1e-9
            largest = max(band[1] for band in POLICY)
            if current > largest * (1 + 1e-9):
                said.append(
                    f"{show(current, 'current')} is more than the policy ever takes, {show(largest, 'current')}, and "
                    "may heat the electrons; let a heating test follow."
                )
        with suppress(OSError):
            free = shutil.disk_usage(next(p for p in (self._data, *self._data.parents) if p.exists())).free
            if free < FULL:
                said.append(f"The disk is almost full: {free / 1e9:.1f} GB of room; the queue will hold when it ends.")
        return said


def place_of(snapshot: Mapping[str, Any]) -> Whereabouts | None:
    """Where field and temperature are by the engine's newest readings; None before the first of a thermometer that
    answers: the last reading of a silent one is not where the refrigerator is now."""
    latest = snapshot.get("latest", {})
    survey = (snapshot.get("survey") or {}).get("readings", {})
    silent = snapshot.get("silent") or {}
    sample = None if "bridge" in silent else _value(latest, "T_sample (K)")
    chamber = None if "controller" in silent else _value(latest, "T_mc (K)") or survey.get("T_mc_K")
    temperature = sample or chamber
    if temperature is None:
        return None
    field = _value(latest, "H (Oe)")
    return Whereabouts(survey.get("field_T", 0.0) if field is None else field * OERSTED, float(temperature))


def place_after(items: Sequence[Mapping[str, Any]], place: Whereabouts | None) -> Whereabouts | None:
    """Where the open items of a queue will leave field and temperature."""
    for item in items:
        if item["state"] in _OPEN and place is not None:
            values, settings = item.get("parameters") or {}, item.get("settings") or {}
            temperature = values.get("stop") if item.get("procedure") in _RAMPS else values.get("temperature")
            temperature = temperature or settings.get("temperature")
            field = settings.get("field", place.field)
            if "field" in values:
                field = values["field"] * OERSTED
            place = Whereabouts(field, temperature or place.temperature)
    return place


_RAMPS = ("TemperatureRamp", "AdaptiveRamp")


def _value(latest: Mapping[str, Any], name: str) -> float | None:
    pair = latest.get(name)
    return None if pair is None or pair[0] is None or not math.isfinite(pair[0]) else float(pair[0])


def span_text(seconds: float) -> str:
    """ "40 s", "34 min", "10 h 24 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def short_span(seconds: float) -> str:
    """ "40 s", "52 m", "3h10", for a narrow column."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} m" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}"


def clock_text(moment: datetime, now: datetime) -> str:
    """ "19:58", and "Fri 06:05" on another day; both in the computer's own zone."""
    there, here = moment.astimezone(), now.astimezone()
    day = "" if there.date() == here.date() else f"{there:%a} "
    if abs(there - here) > timedelta(days=6):
        day = f"{there:%d %b} "
    return f"{day}{there:%H:%M}"


def estimate_text(estimate: Estimate, begins: datetime, now: datetime) -> str:
    """ "Takes 34 min, ends 19:58", "12 runs · 10 h 24 min · ends Fri 06:05"."""
    ends = clock_text(begins + timedelta(seconds=estimate.seconds), now)
    spread = f" ± {span_text(estimate.sd)}" if estimate.sd >= 1 else ""
    if estimate.count == 1:
        return f"Takes {span_text(estimate.seconds)}{spread}, ends {ends}"
    return f"{estimate.count} runs · {span_text(estimate.seconds)}{spread} · ends {ends}"
