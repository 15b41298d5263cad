"""The way of a field sweep as text: a list of fields, a hysteresis loop, or some ways to and fro."""

import re

from coldfinger.procedures.reach.setpoints import hysteresis_loop, listed, zigzag
from coldfinger.procedures.words.quantity import OERSTED, QuantityError, parse, parse_list

MOST_WAYS = 1000
_LOOP, _ZIGZAG = "loop", "zigzag"
_WAYS = re.compile(r"(.*\S)\s+x\s*(\d{1,6})")


def is_way(text: str) -> bool:
    """Whether the text is a loop or a zigzag, and no plain list."""
    return text.split(maxsplit=1)[:1] in ([_LOOP], [_ZIGZAG])


def turning_points(text: str, what: str = "turning points") -> list[float]:
    """Fields (Oe), first to last, between which the field is swept. Raises QuantityError.

    "0, 60, -60 Oe"         as they stand
    "loop 100 Oe"           0, 100, -100, 100 Oe: the virgin way and a full loop; with -100 Oe down first
    "zigzag -50, 50 Oe x 4" four ways between the two, the first from -50 to 50 Oe
    """
    word, _, rest = text.strip().partition(" ")
    if word == _LOOP:
        fields = hysteresis_loop(parse(rest, "field", f"{what}: loop"))
    elif word == _ZIGZAG:
        fields = _to_and_fro(rest, what)
    else:
        fields = listed(parse_list(text, "field", what))
    return [round(field / OERSTED, 9) + 0.0 for field in fields]


def _to_and_fro(text: str, what: str) -> list[float]:
    match = _WAYS.fullmatch(text.strip())
    ends = parse_list(match[1], "field", f"{what}: zigzag") if match else []
    if match is None or len(ends) != 2 or ends[0] == ends[1] or not 0 < int(match[2]) <= MOST_WAYS:
        raise QuantityError(
            f"{what}: 'zigzag {text.strip():.60}' is not two different fields and 1 to {MOST_WAYS} ways between them; "
            'write for example "zigzag -50, 50 Oe x 4"'
        )
    return zigzag(ends[0], ends[1], int(match[2]))
