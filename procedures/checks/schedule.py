"""Belief tests in the middle of a ramp: when they are due, and what becomes of the excitation when one fails."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.checks.bench import SMALLER, Terms
from coldfinger.procedures.checks.scheme import CHECKS, checks_seconds, run_checks
from coldfinger.procedures.checks.verdict import FAIL, PASS, Verdict
from coldfinger.procedures.current.excitation import POLICY
from coldfinger.procedures.rows.point import Point
from coldfinger.procedures.station import Station
from coldfinger.procedures.words.quantity import show
from coldfinger.runfiles.quality import DISBELIEVED, Quality

WHEN = ("none", "base", "base and peak")
ON_FAILURE = ("flag", "adapt")
AT_BASE = tuple(CHECKS)
AT_PEAK = tuple(name for name in CHECKS if name != "thermometer")  # the sensor is least to be believed at the base
_ELECTRICAL = ("linearity", "frequency", "heating")  # those that a smaller current or frequency can mend
_ROUNDS = 6
_ADAPTATIONS = 5
_PAST = 0.98  # of the highest resistivity: below this the peak lies behind
_NEARBY = 1.3  # factor in T over which the slope is taken
_ENOUGH, _WIDE = 3, 1e-3  # rows, and sum of squares of ln T, for a slope


class CheckSchedule:
    """Watches the rows of a ramp; `test` makes all tests, adapts or flags."""

    def __init__(self, procedure: TransportProcedure, when: str, on_failure: str, tolerance: float) -> None:
        self.procedure, self.when, self.adapts = procedure, when, on_failure == "adapt"
        self.tolerance = tolerance
        self.remark = Quality(0)
        """What rows carry from now on."""
        self._seen: list[tuple[float, float]] = []
        self._highest = 0.0
        self._tested_at = 0.0  # highest resistivity at which tests were made

    def saw(self, point: Point) -> bool:
        """Remember a row; True when the highest resistance has just been passed and was not tested."""
        return self._noted(point.temperature, point.resistivity, point.flags)

    def _noted(self, T: float, rho: float, flags: Quality) -> bool:
        if not (math.isfinite(rho) and math.isfinite(T)) or flags & DISBELIEVED:
            return False
        self._seen.append((T, rho))
        self._highest = max(self._highest, rho)
        passed = rho < _PAST * self._highest and self._tested_at < _PAST * self._highest
        return passed and self.when == "base and peak"

    def remember(self, rows: pd.DataFrame) -> None:
        """Take in the rows of an earlier part of the same run; what was due then was made then."""
        for temperature, rho, flags in zip(rows["T_sample (K)"], rows["rho (ohm)"], rows["flags"], strict=True):
            if self._noted(temperature, rho, Quality(int(flags))):
                self._tested_at = self._highest
        if len(rows) and int(rows["flags"].iloc[-1]) & Quality.BELIEF_TEST_FAILED:
            self.remark = Quality.BELIEF_TEST_FAILED

    def test(self, field: float, arrived: bool = True, names: Sequence[str] = AT_BASE) -> None:
        """Tests at the present temperature and `field` (T), again with less current or frequency if need be."""
        self._tested_at = max(self._tested_at, self._highest)
        verdicts: dict[str, Verdict] = {}
        for turn in range(_ROUNDS):
            made = run_checks(self.procedure, names, self._terms(), field=field, arrived=arrived)
            verdicts |= {verdict.name: verdict for verdict in made}
            failures = {name for name, verdict in verdicts.items() if verdict.outcome == FAIL}
            if not self.adapts or not failures & set(_ELECTRICAL) or turn == _ROUNDS - 1:
                break
            if not self._be_gentler(failures):
                break
            names = [name for name in verdicts if name in _ELECTRICAL or verdicts[name].outcome != PASS]
        self.remark = Quality.BELIEF_TEST_FAILED if failures else Quality(0)

    def slope(self) -> float:
        """d ln rho/d ln T at the present set point from the rows near it; 0 where there are too few."""
        here = self.procedure.t_set
        near = [(math.log(T), math.log(rho)) for T, rho in self._seen if rho > 0 and 1 / _NEARBY < T / here < _NEARBY]
        if len(near) < _ENOUGH:
            return 0.0
        x, y = (sum(column) / len(near) for column in zip(*near, strict=True))
        width = sum((a - x) ** 2 for a, _ in near)
        return sum((a - x) * (b - y) for a, b in near) / width if width > _WIDE else 0.0

    def seconds(self, station: Station, frequency: float | None) -> float:
        """Expected seconds of all tests of a ramp; `frequency` (Hz) where it is fixed, else the policy's first.

        Nobody knows beforehand whether the highest resistance lies at the base: half a set is counted for it.
        """
        terms, frequency = Terms(tolerance=self.tolerance), frequency or POLICY[0][2]
        base, peak = (checks_seconds(station, names, terms, frequency) for names in (AT_BASE, AT_PEAK))
        return {"none": 0.0, "base": base, "base and peak": base + 0.5 * peak}[self.when]

    def _terms(self) -> Terms:
        return Terms(tolerance=self.tolerance, slope=self.slope())

    def _be_gentler(self, failures: set[str]) -> bool:
        """A third of the current, half of the frequency, as the tests ask; False where the source cannot."""
        keeper, station = self.procedure.keeper, self.procedure.station
        wish = keeper.wish
        if failures & {"linearity", "heating"}:
            current = keeper.present.current / SMALLER
            # The next tests need a third of it once more.
            least, _ = getattr(station.source, "voltage_range", (0.0, math.inf))
            if current / SMALLER < least / station.network.series_resistance:
                return False
            wish = replace(wish, current_share=wish.current_share / SMALLER)
        if "frequency" in failures:
            wish = replace(wish, frequency_share=0.5 * wish.frequency_share)
        keeper.wish = wish
        for _ in range(_ADAPTATIONS):
            self.procedure.stop_if_asked()
            if not keeper.prepare():
                break
        present = keeper.present
        text = (
            f"{show(present.current, 'current')} at {present.frequency:g} Hz after {', '.join(sorted(failures))} failed"
        )
        self.procedure.emit("mark", ("excitation", text))
        return True


def latest(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The last verdict of each test."""
    return list({verdict.name: verdict for verdict in verdicts}.values())


def summary(verdicts: Sequence[Verdict]) -> list[str]:
    """Lines for a report: the outcomes, the sentences of tests that did not pass, and what the current has done."""
    last = latest(verdicts)
    if not last:
        return []
    outcomes = ", ".join(f"{verdict.name} {verdict.outcome}" for verdict in last)
    lines = [f"belief tests: {outcomes}", *(str(verdict) for verdict in last if verdict.outcome != PASS)]
    for verdict in last:
        if "systematic_conductance" in verdict.numbers:
            shift, sd = verdict.numbers["systematic_conductance"], verdict.numbers["systematic_conductance_sd"]
            lines.append(f"systematic: the current moved 1/rho by {shift:.2g} S (s.d. {sd:.1g} S) at the last test")
    return lines
