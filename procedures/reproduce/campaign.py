"""What is measured to see the paper again: films, fields, sweeps, biases, and how finely.

Each job is one cool-down of one film, measured by a process of its own. The whole campaign keeps the paper's fields;
the quick one has fewer fields and rows and R(T) only, so that its numbers are less sharp and the claims about
magnetoresistance and dV/dI are left unmeasured.
"""

from dataclasses import asdict, dataclass
from typing import Any

FILMS = ("S0", "S1", "S2")
RT, SWEEPS, SLOPES = KINDS = ("RT", "MR", "dVdI")
"""R(T) family, low-field magnetoresistance, differential resistance."""


@dataclass(frozen=True)
class Effort:
    """How much is measured; fields in Oe."""

    rt_fields: dict[str, tuple[float, ...]]
    points: int
    """Rows of a ramp."""
    checks: str
    """Belief tests of each ramp, as of TemperatureRamp."""
    warm_sweep: bool
    """Whether S0 is swept at 1.1 K, above its family, as in Fig. 3."""
    zero_field: dict[str, float]
    """Parameters of ZeroField (Oe)."""
    fine_zero: dict[str, dict[str, float]]
    """Of a second, narrower search, by film: only for S0, whose ρ_QF goes with the root of the field near zero.

    Within the window without resistance of S1 and S2 a narrow search sees no centre.
    """
    sweeps: dict[str, dict[str, float]]
    """Parameters of LowFieldMagnetoresistance, by film."""
    slope_fields: dict[str, tuple[float, ...]]
    slope_points: int
    micrograph: int
    """Pixels on a side; a pixel has 6 nm."""
    lattice: int
    """Rows and columns of the random networks."""


FULL = Effort(
    rt_fields={
        "S0": (0, 30, 60, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600),
        "S1": (0, 10, 30, 60, 100, 150, 200, 250, 275, 300, 350, 375, 400, 450, 500, 550, 600),
        "S2": (0, 10, 30, 60, 100, 200, 300, 350, 450, 500, 550, 600),
    },
    points=60,
    checks="base",
    warm_sweep=True,
    zero_field={"span": 30.0, "step": 0.2},
    fine_zero={"S0": {"amplitude": 30.0, "span": 6.0, "step": 0.05}},
    sweeps={
        "S0": {"span": 100.0, "pairs": 2, "step": 0.1},
        "S1": {"span": 100.0, "pairs": 3, "step": 0.1},
        "S2": {"span": 100.0, "pairs": 3, "step": 0.1},
    },
    slope_fields={
        "S0": (0, 30, 100, 300, 500),
        "S1": (0, 30, 100, 200, 300, 400, 500, 600),
        "S2": (0, 30, 100, 300, 500, 600),
    },
    slope_points=20,
    micrograph=1000,
    lattice=200,
)
QUICK = Effort(
    rt_fields={
        "S0": (0, 30, 300, 400, 500, 550, 600),
        "S1": (0, 10, 100, 200, 300, 350, 400, 500, 600),
        "S2": (0, 100, 600),
    },
    points=28,  # as many as tell T_c of S1 to 5 %
    checks="none",
    warm_sweep=False,
    zero_field={"span": 15.0, "step": 0.5},
    fine_zero={},
    sweeps={},
    slope_fields={},
    slope_points=0,
    micrograph=500,
    lattice=60,
)


@dataclass(frozen=True)
class Job:
    """One cool-down of one film; plain values, so that it can be told to another process."""

    film: str
    kind: str
    seed: int
    quick: bool
    folder: str
    """Folder for its runs."""

    @property
    def name(self) -> str:
        """Of its folder and of its line on the screen."""
        return f"{self.film}-{self.kind}"

    @property
    def effort(self) -> Effort:
        """How much is measured."""
        return QUICK if self.quick else FULL

    def to_json(self) -> dict[str, Any]:
        """What `Job(**...)` takes."""
        return asdict(self)


def jobs(folder: str, seed: int, quick: bool) -> list[Job]:
    """All jobs, the longest first, so that the last one to end is a short one."""
    effort = QUICK if quick else FULL
    wanted = [(film, RT) for film in FILMS] + [(film, SWEEPS) for film in effort.sweeps]
    wanted += [(film, SLOPES) for film in effort.slope_fields]
    made = [Job(film, kind, seed, quick, f"{folder}/{film}-{kind}") for film, kind in wanted]
    return sorted(made, key=_length, reverse=True)


def _length(job: Job) -> float:
    """Rows, each weighed by what it costs the computer."""
    effort = job.effort
    if job.kind == RT:
        return len(effort.rt_fields[job.film]) * effort.points * 10.0
    if job.kind == SWEEPS:
        sweep = effort.sweeps[job.film]
        return 4 * sweep["span"] * sweep["pairs"] / sweep["step"] * 2.0
    return len(effort.slope_fields[job.film]) * (4 * effort.slope_points + 1) * 25.0
