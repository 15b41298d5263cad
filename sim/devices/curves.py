"""Temperature curves as a resistance bridge keeps them: a header and at most 200 break points."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

LOGARITHMIC = 4  # format of points in log10 ohm; all others are in ohm, and the cubic one is taken as linear
MOST_POINTS = 200


@dataclass
class StoredCurve:
    """One user curve; points are (sensor units, K) by their number, as CRVPT writes them."""

    name: str = "User Curve"
    serial: str = ""
    format: int = LOGARITHMIC
    limit: float = 375.0  # K
    coefficient: int = 1  # 1 negative, 2 positive
    points: dict[int, tuple[float, float]] = field(default_factory=dict)

    def sorted_points(self) -> list[tuple[float, float]]:
        """Break points by sensor units; points of (0, 0) are unused."""
        return sorted(point for point in self.points.values() if point != (0.0, 0.0))

    def units(self, ohms: float) -> float:
        """Sensor units of a resistance (ohm)."""
        if self.format != LOGARITHMIC:
            return ohms
        return math.log10(ohms) if ohms > 0 else -math.inf

    def kelvin(self, ohms: float) -> float:
        """Temperature (K) between the points; zero outside them: the instrument does not extrapolate."""
        points, units = self.sorted_points(), self.units(ohms)
        if len(points) < 2 or not points[0][0] <= units <= points[-1][0]:
            return 0.0
        upper = min(bisect_right(points, (units, math.inf)), len(points) - 1)
        (x0, y0), (x1, y1) = points[upper - 1], points[upper]
        return y1 if x1 == x0 else y0 + (y1 - y0) * (units - x0) / (x1 - x0)

    def too_warm(self, ohms: float) -> bool:
        """Beyond the warm end of the points?"""
        points = self.sorted_points()
        if not points:
            return False
        warm = points[0] if points[0][1] > points[-1][1] else points[-1]
        return (self.units(ohms) < warm[0]) == (warm is points[0])

    def recompute_coefficient(self) -> None:
        """The instrument takes the sign from the first two points."""
        points = self.sorted_points()
        if len(points) >= 2:
            self.coefficient = 2 if points[1][1] > points[0][1] else 1
