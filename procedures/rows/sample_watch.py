"""Is the film still connected? Judged from row to row, where neither temperature nor field explain a change.

Four wires cannot tell a short between the voltage taps from a superconductor. Only where nothing has moved since the
last believed row is a signal that has gone a lost contact; elsewhere it is said, and the run goes on.
"""

import math
from typing import NamedTuple

from coldfinger.procedures.rows.point import Point
from coldfinger.procedures.words.quantity import OERSTED, show
from coldfinger.runfiles.quality import DISBELIEVED, Quality

_SMALL_PHASE = 2.0  # degrees: lines that turned the phase by less need 30 times the resistance for 45
_NEAR_T, _NEAR_H = 0.3, 1.0  # relative, Oe: no insulator changes 30 times within that from such a phase
_SAME_T, _SAME_H = 0.005, 0.05  # relative, Oe: within that the film has not been moved
_GONE = 1e-2  # of the resistivity before
_NOISE = 5.0  # s.d.
_SIGNAL = 100.0  # s.d. of the row before, at least


class Lost(NamedTuple):
    """What happened; `ends` the run, `needs_person` before anything else is measured."""

    sentence: str
    ends: bool
    needs_person: bool


class SampleWatch:
    """Remembers the last believed row of a run."""

    def __init__(self) -> None:
        self._last: tuple[float, float, float, float, float] | None = None  # rho, its s.d., phase, T, H

    def look(self, point: Point, field: float) -> Lost | None:
        """Judge a point at a set field (T)."""
        temperature = point.temperature if math.isfinite(point.temperature) else point.raw.mixing_chamber
        rho, sd, oersted = point.resistivity, point.resistivity_sd, field / OERSTED
        lost = self._judge(point, temperature, oersted)
        if lost is None and not point.flags & DISBELIEVED and math.isfinite(rho):
            self._last = (rho, sd, abs(point.inversion.phase_degrees), temperature, oersted)
        return lost

    def _judge(self, point: Point, temperature: float, field: float) -> Lost | None:
        if self._last is None or point.flags & (Quality.OVERLOAD | Quality.UNLOCKED):
            return None
        rho, sd, phase, before, field_before = self._last
        way, turn = abs(math.log(temperature / before)), abs(field - field_before)
        was = show(float(f"{rho:.3g}"), "resistance")
        if point.flags & Quality.PHASE:
            if phase > _SMALL_PHASE or way > _NEAR_T or turn > _NEAR_H:
                return None
            return Lost(
                f"the film is open: {was} per square in the row before, and now the lines turn the phase by more than "
                "45 degrees, without a change of temperature or field that explains it; check its contacts",
                True,
                False,
            )
        now, noise = point.resistivity, point.resistivity_sd
        gone = rho > _SIGNAL * sd and abs(now) < _GONE * rho and abs(now) < _NOISE * noise + 1e-3 * rho
        if not gone:
            return None
        text = f"the signal is gone: {was} per square in the row before, and now {now:.3g} +- {noise:.2g} ohm"
        if way <= _SAME_T and turn <= _SAME_H:
            return Lost(
                f"{text} at the same temperature and field; a short or a lost contact, check them before anything "
                "else is measured",
                True,
                True,
            )
        return Lost(
            f"{text}; a film that has become superconducting, or a short or a lost contact: four wires cannot tell",
            False,
            False,
        )

    def forget(self) -> None:
        """The present state of the film is the one to compare with."""
        self._last = None
