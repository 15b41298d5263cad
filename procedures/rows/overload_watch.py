"""Tells of an overloaded lock-in once when it begins and once when it is over, however many rows it lasts."""

from coldfinger.procedures.words.quantity import show

OVERLOAD = "overload"
"""Kind of the marks."""
BEGINS = (
    "the lock-in is overloaded at a full scale of {scale}. Its rows are kept and flagged, no fit uses them; "
    "temperature, field and excitation are as before. The full scale goes up as far as it can, and the run goes on. "
    "Look for pickup, a bad ground or a wrong lead at its input, or skip the run."
)
OVER = (
    "the overload of the lock-in is over: {rows} flagged and kept, temperature and field were not touched. The run has "
    "gone on by itself; measure that part again where it is needed."
)


class OverloadWatch:
    """Sees every row of a run."""

    def __init__(self) -> None:
        self._rows = 0

    def saw(self, overloaded: bool, full_scale: float) -> str:
        """What is to be said after a row at a full scale (V); "" for nothing."""
        if overloaded:
            self._rows += 1
            return BEGINS.format(scale=show(full_scale, "voltage")) if self._rows == 1 else ""
        rows, self._rows = self._rows, 0
        return OVER.format(rows="one row is" if rows == 1 else f"{rows} rows are") if rows else ""
