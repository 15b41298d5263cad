"""What a row of a run may hold: every column, nothing else, and numbers only."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coldfinger.runfiles.journal import encode


class RowForm:
    """The columns of a run; the JSON of a point comes from a template, in a third of an encoder's time."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = checked_columns(columns)
        self._names = set(self.columns)
        labels = ",".join(encode({column: 0})[1:-2].replace("%", "%%") + "%s" for column in self.columns)
        self._template = '"index":%d,"values":{' + labels + "}"

    def texts(self, values: Mapping[str, float]) -> list[str]:
        """The numbers as text in the order of the columns; ValueError names the column that is wrong."""
        if set(values) != self._names:
            raise ValueError(_key_sentence(self.columns, values))
        return [
            repr(value) if type(value := values[column]) is float else repr(number(column, value))
            for column in self.columns
        ]

    def json(self, index: int, texts: Sequence[str]) -> str:
        """The content of a point event, without braces."""
        if "n" in "".join(texts):  # nan and the infinities, which JSON lacks
            texts = [f'"{text}"' if "n" in text else text for text in texts]
        return self._template % (index, *texts)


def number(column: str, value: Any) -> float:
    """`value` as float or int (bool as 0 or 1); ValueError names the column if it is not a number."""
    if getattr(value, "ndim", None) == 0 and getattr(getattr(value, "dtype", None), "kind", "") in "biuf":
        value = value.item()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        if abs(value) > 2**53:
            raise ValueError(f"column {column!r}: {value} is too large to be kept exactly; the limit is 2**53")
        return int(value)
    raise ValueError(
        f"column {column!r}: {value!r:.80} is a {type(value).__name__}, and only numbers can be recorded; "
        "convert it to a float in the column's unit, or give nan"
    )


def _key_sentence(columns: Sequence[str], values: Iterable[str]) -> str:
    given = list(values)
    missing = [column for column in columns if column not in given]
    parts = []
    for name in given:
        if name not in columns:
            near = difflib.get_close_matches(str(name), missing, 1)
            parts.append(f"{name!r} is not a column" + (f" (did you mean {near[0]!r}?)" if near else ""))
    parts += [f"{name!r} is missing" for name in missing]
    return f"row refused: {', '.join(parts)}; give every column, with nan where nothing was measured"


_LABEL = re.compile(r'(?! )[^#,"\x00-\x1f\x7f\x85\u2028\u2029]+(?<! )')


def checked_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The labels as a tuple; ValueError for one that the table of a run could not hold."""
    if isinstance(columns, str):
        raise ValueError(f"columns {columns!r}: a single text was given; give a list of labels")
    for column in columns:
        if not isinstance(column, str) or not _LABEL.fullmatch(column):
            raise ValueError(
                f"column {column!r}: a label may not be empty, begin or end with a space, nor hold any of "
                '# , " or a line break; rename it'
            )
    if not columns or len(set(columns)) < len(columns):
        raise ValueError(f"columns {list(columns)!r}: there must be at least one, and each only once; rename them")
    return tuple(columns)
