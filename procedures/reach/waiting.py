"""Waits of a procedure: they can be paused, stopped and aborted, and see a quench."""

import math

from pymeasure.experiment import Procedure

from coldfinger.instruments.roles import RampState
from coldfinger.procedures.control import SLICE, RunControl, Stopped
from coldfinger.procedures.failures import NeedsPerson
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import duration_text
from coldfinger.runfiles.quality import Quality

_NO_REMARK = Quality(0)
_MAGNET_PERIOD = 2.0  # s between two looks at the magnet in waits
QUENCHED = "the magnet has quenched; the run is over and the magnet is left alone"


class WaitingProcedure(Procedure):  # type: ignore[misc]
    """A procedure at one station that lets time pass."""

    station: Station
    seam = _NO_REMARK
    """Remark of the next row."""
    stood_still = 0.0  # s

    def use(self, station: Station) -> None:
        """Give the procedure its station; call before `check` and before it is run."""
        self.station = station
        self.control = RunControl()
        self.stood_still, self.seam = 0.0, _NO_REMARK

    def active_time(self) -> float:
        """The station's clock (s) without the time that the run was paused: for pace, time-outs and budgets."""
        return self.station.clock.time() - self.stood_still

    def pause_for(self, seconds: float) -> bool:
        """Let time pass; raises Stopped when the user wants to stop. True when the run was paused meanwhile."""
        paused = False
        if seconds > SLICE:
            end = self.active_time() + seconds
            while (left := end - self.active_time()) > SLICE:
                self.station.clock.sleep(SLICE)
                paused |= self.stop_if_asked()
                self.look_at_magnet()
            seconds = left
        self.station.clock.sleep(seconds)
        self.look_at_magnet()
        return self.stop_if_asked() or paused

    def look_at_magnet(self) -> None:
        """End the run after a quench; asks the supply at most every two seconds. For waits and readings."""
        now = self.station.clock.time()
        if 0 <= now - self._magnet_looked < _MAGNET_PERIOD:
            return
        self._magnet_looked = now
        if self.station.magnet.state is RampState.QUENCH:
            raise NeedsPerson(QUENCHED)

    _magnet_looked = -math.inf

    def stop_if_asked(self) -> bool:
        """Between two rows, or in a wait: end the run or stand still as asked; True after a pause."""
        self.end_if_asked()
        if self.control.order is None:
            return False
        self._stand_still()
        return True

    def end_if_asked(self) -> None:
        """Raise Stopped when the run was asked to end; where a row is being read and no pause may come."""
        if self.should_stop():
            raise Stopped(self.control.reason)

    def _stand_still(self) -> None:
        """Hold every set point where it is until the run is resumed, or the pause's own time is up."""
        station, control = self.station, self.control
        began = station.clock.time()
        moved = station.magnet.state is RampState.RAMPING
        if moved:
            station.magnet.pause()
        self.emit("mark", ("paused", "set points are held where they are, excitation and bias stay as they are"))
        control.paused = True
        try:
            self._wait_for_release()
        finally:
            control.paused = False
        if moved and station.magnet.state is RampState.PAUSED:
            station.go_on()
        passed = station.clock.time() - began
        self.stood_still += passed
        self.seam |= Quality.SEAM
        self.emit("mark", ("resumed", f"after {duration_text(passed)}", {"seconds": passed}))

    def _wait_for_release(self) -> None:
        clock, control = self.station.clock, self.control
        order, since = control.order, clock.time()
        while (present := control.order) is not None:
            if present is not order:
                order, since = present, clock.time()
            left = since + present.seconds - clock.time()
            if left <= 0:
                raise Stopped(
                    f"the pause lasted longer than {duration_text(present.seconds)}, as long as it was given; "
                    "the run can be continued"
                )
            clock.sleep(min(left, SLICE))
            self.end_if_asked()
            self.look_at_magnet()

    def held_row(self, remarks: Quality) -> Quality:
        """Remarks of the row that is written now, with the seam before it."""
        remarks, self.seam = remarks | self.seam, _NO_REMARK
        return remarks
