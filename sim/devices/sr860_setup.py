"""What an SR860 can be set to: its tables, all its settings, and those that it only keeps.

Source: SR860 manual, chapter 4; tables as the maker's own Python driver has them.
"""

from dataclasses import dataclass, field

from coldfinger.sim.devices.sr860_words import ANGLES, AXIS, HERTZ, OFF_ON, TRACE, VOLTS, choice, quantity
from coldfinger.sim.scpi import Parameter, integer

SCALES = tuple(float(f"{m}e{e}") for e in range(0, -10, -1) for m in (5, 2, 1))[2:]
"""Full scales (V) of SCAL 0 to 27: 1 V down to 1 nV."""
RANGES = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Input ranges (V peak) of IRNG 0 to 4."""
TIME_CONSTANTS = tuple(float(f"{m}e{e}") for e in range(-6, 5) for m in (1, 3))
"""Time constants (s) of OFLT 0 to 21: 1 us to 30 ks."""
LOWEST_AMPLITUDE = 1e-9  # V rms; less is taken as this, an assumed default: stock drivers allow 0
_PRESET = integer(0, 3)

# Settings that are kept and answered, and change nothing in the simulated laboratory.
KEPT: dict[str, tuple[Parameter, float]] = {
    "TBMODE": (choice("AUTO", "INternal"), 0),
    "HARMDUAL": (integer(1, 99), 1),
    "BLADESLOTS": (choice("SLT6", "SLT30"), 0),
    "BLADEPHASE": (quantity(-360.0, 360.0, ANGLES), 0.0),
    "REFM": (choice("COMmon", "DIFference"), 0),
    "RTRG": (choice("SIN", "POSttl", "NEGttl"), 0),
    "REFZ": (choice("50ohms", "1Meg"), 1),
    "IGND": (choice("FLOat", "GROund"), 0),
    "ICUR": (choice("1MEG", "100MEG"), 0),
    "ADVFILT": (OFF_ON, 1),
    "DBLK": (OFF_ON, 0),
    "DLAY": (integer(0, 5), 0),
    "GSPD": (integer(0, 16), 0),
    "OVRM": (OFF_ON, 1),
    "LOCL": (integer(0, 2), 0),
    "KEYC": (OFF_ON, 0),
    "*PSC": (OFF_ON, 1),
}
# The same with a number in front: which one, what it takes, and what all of them are.
KEPT_EACH: dict[str, tuple[Parameter, int, Parameter, float]] = {
    "PSTF": (_PRESET, 4, quantity(1e-3, 4e6, HERTZ), 1000.0),
    "PSTA": (_PRESET, 4, quantity(0.0, 2.0, VOLTS), 0.1),
    "PSTL": (_PRESET, 4, quantity(-5.0, 5.0, VOLTS), 0.0),
    "COUT": (choice("OCH1", "OCH2"), 2, choice("XY", "RTHeta"), 0),
    "CRAT": (AXIS, 3, OFF_ON, 0),
    "CEXP": (AXIS, 3, choice("OFF", "X10", "X100"), 0),
    "CGRF": (TRACE, 4, OFF_ON, 0),
}


@dataclass(frozen=True)
class Setup:
    """What *RST restores; assumed defaults."""

    frequency: float = 1e5  # Hz
    amplitude: float = LOWEST_AMPLITUDE  # V rms
    offset: float = 0.0  # V dc of the sine output
    phase: float = 0.0  # degrees
    harmonic: int = 1
    reference: int = 0
    current: int = 0
    difference: int = 0
    dc_coupled: int = 0
    range: int = 0
    scale: int = 0
    time_constant: int = 10
    slope: int = 0
    sync: int = 0
    percents: tuple[float, ...] = (0.0,) * 3  # offsets of X, Y, R
    offsets_on: tuple[int, ...] = (0,) * 3
    traces: tuple[int, ...] = (0, 1, 2, 3)  # what the four data channels show
    aux_outputs: tuple[float, ...] = (0.0,) * 4  # V
    capture: tuple[int, int] = (256, 0)  # kB, halvings of the fastest rate
    capture_config: int = 0  # of `sr860_capture_commands.CAPTURED`
    kept: dict[str, float] = field(default_factory=lambda: {name: value for name, (_, value) in KEPT.items()})
    kept_each: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {name: (value,) * count for name, (_, count, _, value) in KEPT_EACH.items()}
    )
