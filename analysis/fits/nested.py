"""Does a number move when the range of the data is cut? The test for estimates that share their points."""

import math


def nested_shift(part: float, part_sd: float, whole: float, whole_sd: float) -> float:
    """(part − whole)/√(part_sd² − whole_sd²): the shift in s.d., standard normal if the law holds everywhere.

    `whole` uses all points with full weight and `part` some of them, so that cov(part, whole) = whole_sd²
    (J. A. Hausman, Econometrica 46, 1251 (1978)). nan where the part has no larger s.d. than the whole.
    """
    variance = part_sd**2 - whole_sd**2
    # Below this the difference of two variances is rounding and the same points are meant.
    if not variance > 1e-6 * whole_sd**2:
        return math.nan
    return (part - whole) / math.sqrt(variance)
