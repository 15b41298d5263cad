"""What every transport procedure shares: the station, waits that can be stopped, rows, and the safe end.

A procedure is a pymeasure Procedure whose instruments come from a Station given to it. It is run by
`procedures.runner`, which patches `emit` and `should_stop` onto it as pymeasure's Worker does.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from coldfinger.instruments.errors import LinkError
from coldfinger.procedures.checks.verdict import Verdict
from coldfinger.procedures.current.excitation import MODES
from coldfinger.procedures.current.excite import ExcitationKeeper, Wish
from coldfinger.procedures.failures import NeedsPerson, ProcedureFailure
from coldfinger.procedures.laboratory.limits import LimitError
from coldfinger.procedures.planning import Plan, Whereabouts
from coldfinger.procedures.reach.reaching import ReachingProcedure
from coldfinger.procedures.rows.as_set import BRIDGE, LOCK_IN, SWITCHED_OFF, Change, Sent, changes
from coldfinger.procedures.rows.overload_watch import OVERLOAD, OverloadWatch
from coldfinger.procedures.rows.point import GRADIENT_OF, Point, evaluate, read_point
from coldfinger.procedures.rows.row import COLUMNS, row_of
from coldfinger.procedures.rows.sample_watch import Lost, SampleWatch
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import show
from coldfinger.runfiles.quality import Quality

_ATTEMPTS = 3
_NO_REMARK = Quality(0)
BRIDGE_SETTLING = 4.0  # s after a change of range
_MOST_ADAPTATIONS = 5
_MOST_RESTORED = 3  # times in one run that settings are given again
_AGAIN_WITHIN, _AGAIN_WINDOW = 0.02, 20.0  # relative, s: a temperature that is reached once more


@dataclass(frozen=True)
class _Attempt:
    """One reading of a row: its point, what to remark, whether it stands, and a film that is not connected."""

    point: Point | None
    remarks: Quality = _NO_REMARK
    stands: bool = False
    lost: Lost | None = None


class TransportProcedure(ReachingProcedure):
    """One film at one station. Subclasses add parameters, `check` and `take_data`."""

    DATA_COLUMNS = COLUMNS

    keeper: ExcitationKeeper
    gradient_of = GRADIENT_OF[0]
    """What the 10 % rule is relative to."""
    verdicts: tuple[Verdict, ...] = ()
    """What the belief tests of this run have found, in their order."""
    kept_rows = 0
    """How many of the rows given to `go_on_after` stand; what is measured now comes after them."""

    def use(self, station: Station) -> None:
        """Give the procedure its station; call before `check` and before it is run."""
        super().use(station)
        self._film, self._overloads = SampleWatch(), OverloadWatch()

    def go_on_after(self, rows: pd.DataFrame, station: Station) -> str:
        """Prepare to take only what `rows` of an interrupted run do not hold; one sentence of what will be done.

        "" where that cannot be: the run begins again. `kept_rows` tells how many of the rows stand. Nothing moves.
        """
        return ""

    def check(self) -> None:
        """Raise LimitError or QuantityError, with one sentence, for parameters that cannot be run."""
        raise NotImplementedError("a procedure says what it cannot do")

    def plan(self, since: Whereabouts | None = None) -> Plan:
        """What would happen and how long it would take, from the station's present state or another; nothing moves."""
        raise NotImplementedError("a procedure knows what it will do")

    def take_data(self) -> None:
        """Take the rows."""
        raise NotImplementedError("a procedure measures something")

    def startup(self) -> None:
        self.check()
        self.began = self.station.clock.time()

    def execute(self) -> None:
        self.take_data()

    def shutdown(self) -> None:
        """Nothing: the runner brings the station to its safe state, on every path."""

    # Rows

    def go_on(self) -> None:
        """Called after a pause for settling; what moves goes on from here."""

    def start_excitation(self) -> None:
        """Bring source and lock-in to work, at the excitation that suits the film."""
        self.keeper = ExcitationKeeper(self.station, self.wish(), self.pause_for, self._note)
        self.keeper.start()
        for _ in range(_MOST_ADAPTATIONS):
            if not self.keeper.prepare():
                return

    def _note(self, kind: str, text: str, data: dict[str, Any]) -> None:
        self.emit("mark", (kind, text, data))

    def wish(self) -> Wish:
        return Wish()

    def take_row(
        self,
        field: float,
        window: float,
        keep_pace: Callable[[], None],
        remarks: Quality = _NO_REMARK,
        extra: Callable[[Point], dict[str, float]] | None = None,
    ) -> Point:
        """Measure one point, write it as a row with the given remarks, and return it.

        Settings that are not what was sent are given again, or end the run; so does a film that is not connected.

        `extra` gives the columns that the procedure has beside COLUMNS.

        An overload, a new range of the bridge or a link in doubt throws the attempt away; it is taken again, at most
        three times in all.
        """
        remarks |= self._prepared()
        set_point = self.t_set
        for left in reversed(range(_ATTEMPTS)):
            self._settle_bridge()
            attempt = self._attempt(field, window, keep_pace, last=left == 0, watched=extra is None)
            remarks |= attempt.remarks
            if attempt.stands:
                break
        point = attempt.point
        assert point is not None  # the last attempt raises, or gives one
        self.keeper.saw(point.raw.x, point.raw.y, point.resistivity)
        if self.heater_changed:
            remarks |= Quality.HEATER_RANGE_CHANGED
            self.heater_changed = False
        row = self._row(point, field, set_point, self.held_row(point.flags | remarks))
        self.emit("results", row | extra(point) if extra else row)
        self.tell_of_overload(point)
        if attempt.lost is not None:
            self._tell_of(attempt.lost)
        return point

    def tell_of_overload(self, point: Point) -> None:
        """After a row: say that an overload begins, or is over."""
        if sentence := self._overloads.saw(bool(point.flags & Quality.OVERLOAD), self.keeper.sensitivity):
            self.emit("mark", (OVERLOAD, sentence))

    def _prepared(self) -> Quality:
        """Excitation and sensitivity that suit what was seen last; remarks for the row."""
        remarks = self.keeper.prepare()
        if remarks & Quality.EXCITATION_CHANGED:
            present = self.keeper.present
            seam = f"{show(present.current, 'current')} at {present.frequency:g} Hz, {present.time_constant:g} s"
            self.emit("mark", ("excitation", seam))
        self.go_on()
        return remarks

    def _attempt(
        self, field: float, window: float, keep_pace: Callable[[], None], *, last: bool, watched: bool
    ) -> _Attempt:
        """Read a point once, and say whether it stands; a lost film is only noticed where `watched`."""
        try:
            raw = read_point(self.station, self.keeper.present, window, partial(self._meanwhile, keep_pace))
            changed = self.changed(field)
        except LinkError as error:
            if last:
                raise
            self.emit("mark", ("retaken", str(error)))
            return _Attempt(None, Quality.RETAKEN)
        if changed:
            self.restore(changed)
            self.go_on()
            if last:
                raise ProcedureFailure(f"three times in a row something was changed meanwhile: {changed[0]}")
            return _Attempt(None, Quality.RETAKEN | Quality.SEAM)
        point = evaluate(raw, self.station, self.keeper.present, self.keeper.voltage, self.gradient_of)
        if self._bridge_moved():
            self.pause_for(BRIDGE_SETTLING)
            self.go_on()
            return _Attempt(point, Quality.NOT_SETTLED if last else _NO_REMARK)
        if point.flags & Quality.OVERLOAD and not last:
            self.keeper.widen()
            return _Attempt(point, Quality.SENSITIVITY_CHANGED)
        lost = self._lost(point, field) if watched else None
        if lost is None or not lost.ends:
            return _Attempt(point, stands=True, lost=lost)
        if last:
            return _Attempt(point, Quality.SIGNAL_LOST, stands=True, lost=lost)
        self.emit("mark", ("sample", f"{lost.sentence}; the row is taken again"))
        return _Attempt(point, Quality.RETAKEN)

    def _lost(self, point: Point, field: float) -> Lost | None:
        return self._film.look(point, field)

    def _tell_of(self, lost: Lost) -> None:
        if lost.ends:
            raise (NeedsPerson if lost.needs_person else ProcedureFailure)(lost.sentence)
        self._film.forget()
        self.emit("mark", ("sample", lost.sentence))

    def _meanwhile(self, keep_pace: Callable[[], None]) -> None:
        """Between two readings of a row."""
        keep_pace()
        self.look_at_magnet()

    def changed(self, field: float, *, quick: bool = False) -> list[Change]:
        """Settings that are not what was sent, at a set field (T); empty as a rule. Raises LinkError.

        What differs is read twice: a single odd answer shall not end a night.
        """
        sent = Sent(self.t_set, self._heater_range, field)
        self.station.clock.sleep(1e-3)  # who comes by in waits comes by before all these questions, too
        if not changes(self.station, self.keeper, sent, quick=quick):
            self._trusted_doubts = self.station.doubts
            return []
        self.station.confirm()
        return changes(self.station, self.keeper, sent)

    def restore(self, found: list[Change]) -> None:
        """Give an instrument that has lost everything its settings again; raises NeedsPerson where that is not it."""
        self.station.clock.sleep(1e-3)  # an interlock that has made the station safe has its say first
        says = "; ".join(str(change) for change in found)
        places = {change.where for change in found}
        self._restored += 1
        if self._restored > _MOST_RESTORED:
            given = f"settings were given again {_MOST_RESTORED} times already"
            raise NeedsPerson(f"{says}; {given}, look at the instrument")
        in_doubt = self.station.doubts != self._trusted_doubts
        for place in sorted(places):
            several = sum(change.where == place for change in found)
            if several < SWITCHED_OFF.get(place, math.inf) and not (in_doubt and place in SWITCHED_OFF):
                raise NeedsPerson(
                    f"{says}; somebody is at the instrument or another program uses it, so the run has ended; "
                    "its rows are kept, resume when the instrument is yours again"
                )
        if LOCK_IN in places:
            self.station.source.off()
        self.emit("alarm", ("settings lost", f"{says}; it was switched off and on, and gets its settings again"))
        if BRIDGE in places:
            self._restore_bridge()
        if LOCK_IN in places:
            self.keeper.restore()

    def _restore_bridge(self) -> None:
        """Thermometry and heater as they were, and the temperature once more."""
        temperature, station = self.t_set, self.station
        station.prepare_thermometry()
        self._heater_range = self._control_excitation = math.nan
        timeout = 900.0 + 8.0 * station.thermal_time(temperature)
        self.reach_temperature(temperature, _AGAIN_WITHIN, _AGAIN_WINDOW, timeout)

    _restored = 0

    def _settle_bridge(self) -> None:
        """Wait until the bridge has left its range alone for long enough: its readings are wrong before that."""
        for _ in range(_MOST_ADAPTATIONS):
            if not self._bridge_moved():
                return
            self.pause_for(BRIDGE_SETTLING)
            self.go_on()

    def _bridge_moved(self) -> bool:
        """Whether the bridge has another range than at the last look."""
        known, self._bridge_range = self._bridge_range, self.station.bridge.setup.range
        moved = known != self._bridge_range
        if moved and not math.isnan(known):
            self.emit("mark", ("bridge range", show(self._bridge_range, "resistance")))
        return moved

    _bridge_range = math.nan

    def _row(
        self,
        point: Point,
        field: float,
        set_point: float,
        flags: Quality,
        source: tuple[float, float] | None = None,
    ) -> dict[str, Any]:
        """The row of a point; `source` is current (A) and voltage (V) where they have been read already."""
        times = point.raw.time - self.began
        return row_of(point, self.station, self.keeper, times, field, set_point, self._heater_range, flags, source)


def check_mode(mode: str) -> None:
    """Raise LimitError for an unknown excitation mode."""
    if mode not in MODES:
        raise LimitError(f"excitation {mode!r} is not one of {', '.join(MODES)}")
