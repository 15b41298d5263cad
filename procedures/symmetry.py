"""Pairs of +H and -H: symmetrised and antisymmetrised columns, derived after the measurement."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SYMMETRIC, ANTISYMMETRIC = "symmetric", "antisymmetric"


def symmetrised(
    frame: pd.DataFrame, column: str = "rho (ohm)", field: str = "H_lag_corrected (Oe)", offset: float = 0.0
) -> pd.DataFrame:
    """The frame with the columns "rho symmetric (ohm)" and "rho antisymmetric (ohm)", nan without a partner.

    The partner of a row at H is the same sweep's opposite, read at -H by straight lines: with a column "direction",
    the rows of the other direction (hysteresis of film and magnet is reversed with the field), the rows of the same
    one where there is no other; without it, all rows. `offset` (Oe) is the reading of `field` at true zero.
    Raises KeyError for a column that is not there.
    """
    h = frame[field].to_numpy(dtype=float) - offset
    values = frame[column].to_numpy(dtype=float)
    direction = frame["direction"].to_numpy(dtype=float) if "direction" in frame else np.ones(len(frame))
    partner = np.full(len(frame), np.nan)
    for way in np.unique(direction):
        opposite = direction == -way if np.any(direction == -way) else direction == way
        rows = direction == way
        partner[rows] = _at(-h[rows], h[opposite], values[opposite])
    name, _, unit = column.partition(" (")
    result = frame.copy()
    tail = f" ({unit}" if unit else ""
    result[f"{name} {SYMMETRIC}{tail}"] = 0.5 * (values + partner)
    result[f"{name} {ANTISYMMETRIC}{tail}"] = 0.5 * (values - partner)
    return result


def _at(wanted: NDArray[np.float64], h: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(h) & np.isfinite(values)
    if not known.any():
        return np.full(wanted.shape, np.nan)
    distinct, index = np.unique(h[known], return_inverse=True)
    mean = np.bincount(index, weights=values[known]) / np.bincount(index)
    return np.asarray(np.interp(wanted, distinct, mean, left=np.nan, right=np.nan))
