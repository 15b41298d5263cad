"""How well a few typed letters fit a name: all must occur in order, best at the beginnings of words and in a row."""

from collections.abc import Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")
_START, _ROW, _PLAIN = 8.0, 8.0, 1.0
_GAP = 0.05  # a letter that is passed over
_FAR = -1e9


def score(wanted: str, name: str) -> float | None:
    """The better the larger; None where the letters do not occur in order. Case and blanks do not count."""
    letters = [letter for letter in wanted.casefold() if not letter.isspace()]
    text = name.casefold()
    if not letters:
        return 0.0
    best = [_FAR] * len(text)  # of the letters so far, the last of them at this place
    for number, letter in enumerate(letters):
        fresh = [_FAR] * len(text)
        before = 0.0 if number == 0 else _FAR  # the best of all places that lie further left
        for place, char in enumerate(text):
            if char == letter:
                starts = place == 0 or not text[place - 1].isalnum()
                worth = _START if starts else _PLAIN
                reached = before + worth
                if number and place and best[place - 1] > _FAR / 2:
                    reached = max(reached, best[place - 1] + worth + _ROW)
                fresh[place] = reached - _GAP * (place if number == 0 else 0)
            if number:
                before = max(before, best[place])
        best = fresh
    found = max(best, default=_FAR)
    return found - _GAP * len(text) / 10 if found > _FAR / 2 else None


def ranked(wanted: str, things: Iterable[_T], name: Callable[[_T], str]) -> list[_T]:
    """The things whose names fit, the best first; equal ones in their order."""
    scored = [(score(wanted, name(thing)), thing) for thing in things]
    fitting = [(value, thing) for value, thing in scored if value is not None]
    return [thing for _, thing in sorted(fitting, key=lambda pair: -pair[0])]
