"""What an SR830 can be set to: its tables, the set-up that it stores and restores, and how it writes numbers.

Source: SR830 manual, chapter 5; the forms of the numbers are those of real units.
"""

import math
from dataclasses import dataclass, field

SENSITIVITIES = tuple(float(f"{m}e{e}") for e in range(-9, 1) for m in (2, 5, 10))[:27]
"""Full scales (V) of SENS 0 to 26: 2 nV to 1 V."""
TIME_CONSTANTS = tuple(float(f"{m}e{e}") for e in range(-5, 5) for m in (1, 3))
"""Time constants (s) of OFLT 0 to 19: 10 us to 30 ks."""
HIGHEST_FREQUENCY = 102e3  # Hz

# Settings that are kept and answered, and change nothing in the simulated laboratory: highest value of each.
KEPT = {"RSLP": 2, "IGND": 1, "ILIN": 3, "RMOD": 2, "OVRM": 1, "KCLK": 1, "ALRM": 1, "LOCL": 2, "*PSC": 1}
KEPT |= {"SRAT": 14, "SEND": 1, "TSTR": 1}
KEPT_AT_FIRST = dict.fromkeys(KEPT, 0) | {"RMOD": 2, "SRAT": 4, "SEND": 1}  # low noise, 1 Hz, loop


def number(value: float) -> str:
    """A real number as the instrument writes it: six digits, three-digit exponent."""
    text = f"{value:.6g}"
    if text[-4:-2] in ("e-", "e+"):
        return f"{text[:-2]}0{text[-2:]}"
    return text


def rounded_frequency(frequency: float) -> float:
    """Five digits or 0.1 mHz, whichever is coarser."""
    return round(frequency, min(4, 4 - math.floor(math.log10(frequency))))


@dataclass(frozen=True)
class Setup:
    """What SSET stores and *RST restores; the defaults are those of *RST."""

    frequency: float = 1000.0  # Hz
    amplitude: float = 1.0  # V rms
    phase: float = 0.0  # degrees
    harmonic: int = 1
    internal: bool = True
    source: int = 0
    dc_coupled: bool = False
    sensitivity: int = 26
    time_constant: int = 8
    slope: int = 1
    sync: bool = False
    offsets: tuple[tuple[float, int], ...] = ((0.0, 0),) * 3  # (percent, expand) of X, Y, R
    displays: tuple[tuple[int, int], ...] = ((0, 0),) * 2  # (display, ratio) of CH1, CH2
    aux_outputs: tuple[float, ...] = (0.0,) * 4  # V
    kept: dict[str, int] = field(default_factory=lambda: dict(KEPT_AT_FIRST))
