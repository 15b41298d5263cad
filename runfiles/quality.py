"""Why a row should not be believed, or what happened beside it: one bit each, stored as an integer in every row.

`DISBELIEVED` is the set of bits whose rows no fit uses. The others are seams and remarks: the row was taken
after everything had settled again and stays in the fit.
"""

from collections import Counter
from collections.abc import Iterable
from enum import IntFlag


class Quality(IntFlag):
    """Flags of one row; zero is a row without remarks."""

    OVERLOAD = 1 << 0
    """The lock-in reported an overload (input, filter or output) while the row was taken."""
    UNLOCKED = 1 << 1
    """The lock-in lost its reference."""
    SENSITIVITY_CHANGED = 1 << 2
    """Remark: the sensitivity was changed just before this row; the filter has settled since."""
    EXCITATION_CHANGED = 1 << 3
    """Remark: current, frequency or time constant were changed just before this row (a seam)."""
    THERMOMETER_INVALID = 1 << 4
    """The bridge reported an invalid reading (overload, range over or under)."""
    STALE_THERMOMETER = 1 << 5
    """The thermometer reading did not change over the whole row: the bridge is not measuring this sensor."""
    OUTSIDE_CALIBRATION = 1 << 6
    """The sensor resistance lies outside the calibrated range; no temperature is given."""
    GRADIENT = 1 << 7
    """Sample and mixing chamber differ by more than 10 % of the mixing-chamber temperature."""
    PHASE = 1 << 8
    """Lines and film turn the phase by more than 45 degrees: the network has no unique solution."""
    NOT_SETTLED = 1 << 9
    """Temperature, field or filter had not settled when a settled row was asked for."""
    FIELD_OFF_TARGET = 1 << 10
    """The magnet was not holding at its target."""
    SCATTER = 1 << 11
    """The readings of the row scatter far more than the noise model allows."""
    RETAKEN = 1 << 12
    """Remark: the link was in doubt, the first attempt was thrown away and the row was taken again."""
    HEATER_RANGE_CHANGED = 1 << 13
    """Remark: the heater range was changed just before this row."""
    FIXED_CAPACITANCE = 1 << 14
    """Remark: the signal is too small to find the line capacitance from it; the station's value was used."""
    BIAS_HEATING = 1 << 15
    """Remark: the dc bias is expected to warm the electrons, or seen to warm the chip, beyond the share allowed."""
    BELIEF_TEST_FAILED = 1 << 16
    """Remark: a belief test failed at this excitation and nothing was changed; the run says which, and by how much."""

    SEAM = 1 << 17
    """Remark: the run was paused, or interrupted and continued, just before this row."""
    SIGNAL_LOST = 1 << 18
    """The film is open or shorted: the signal changed in a way that neither temperature nor field explain."""


DISBELIEVED = (
    Quality.OVERLOAD
    | Quality.UNLOCKED
    | Quality.THERMOMETER_INVALID
    | Quality.STALE_THERMOMETER
    | Quality.OUTSIDE_CALIBRATION
    | Quality.GRADIENT
    | Quality.PHASE
    | Quality.NOT_SETTLED
    | Quality.FIELD_OFF_TARGET
    | Quality.SCATTER
    | Quality.SIGNAL_LOST
)
"""Rows with any of these bits are kept in the file and left out of every fit."""


def names(flags: int) -> list[str]:
    """Readable names of the bits that are set."""
    return [bit.name.lower().replace("_", " ") for bit in Quality if flags & bit and bit.name]


def disbelief(flags: Iterable[int]) -> str:
    """Why rows are not believed, most frequent reason first: "phase (10), gradient (2)"."""
    counts = Counter(name for value in flags for name in names(value & int(DISBELIEVED)))
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common())
