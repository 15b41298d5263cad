"""What the Lake Shore 370 and 372 say alike: numbers, user curves, errors asked for in the same line.

A curve is kept under a number, and an input follows a number (one field of `INSET`): writing or forgetting a curve
never changes which curve an input follows. A curve is therefore best written under a number that no input follows, and
an input turned to it when it has been read back.
"""

import math
import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from coldfinger.instruments.driver import Linked, reply
from coldfinger.instruments.errors import CommandError, InstrumentError
from coldfinger.instruments.validators import as_number, member, record, strict_integer, strict_number

SIX = r"[+-](?=[\d.]{7}E)\d{1,5}\.\d{1,5}E[+-]\d{2}"
REAL = r"[+-]?\d+(?:\.\d*)?(?:E[+-]\d{2})?"
six_digits = reply(SIX, "six digits like +108.278E+00")
real = reply(REAL, "a number like +0050.00")
EVENT_ERRORS = {2: "query error", 4: "execution error (value out of range)", 5: "command not known"}
MOST_POINTS = 200
SAME_POINT = 1e-5  # relative: six digits of a point are kept
SAME_LIMIT = 1e-3  # K: the temperature limit of a curve is shown in millikelvin
_POINT = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"


class Coefficient(IntEnum):
    """Sign of the temperature coefficient, used when there is no curve."""

    NEGATIVE = 1
    POSITIVE = 2


class CurveFormat(IntEnum):
    """Unit of a curve's sensor axis: ohm, or the decimal logarithm of ohm; CUBIC, ohm with splines, is read only."""

    OHM = 3
    LOG_OHM = 4
    CUBIC = 7


class CurveHeader(NamedTuple):
    """What stands before the points of a curve."""

    name: str
    serial: str
    format: CurveFormat
    limit: float  # K
    coefficient: Coefficient


def half_decades(first: str, second: str, exponent: int, count: int) -> tuple[float, ...]:
    """A table that goes up by two steps a decade."""
    return tuple(float(f"{(first, second)[i % 2]}e{exponent + i // 2}") for i in range(count))


def ramp_rate(fastest: float) -> Callable[..., float]:
    """A validator for the rate of a set point (K/s): 0, or 0.001 to `fastest` in the instrument's K/min."""
    # The limits are exact in K/min: 0.001 / 60 K/s must pass.
    slow, fast = 0.001 / 60 * (1 - 1e-9), fastest / 60 * (1 + 1e-9)

    def check(rate: object, values: object = ()) -> float:
        if as_number("ramp rate", rate, f"0 and {slow:.5g} to {fast:.5g} K/s") == 0:
            return 0.0
        return strict_number("ramp rate", slow, fast, "K/s")(rate)

    return check


class ErrorsInLine(Linked):
    """A bridge that is silent about what it does not understand: `;*ESR?` goes along with each command, in the line."""

    FORGET: ClassVar[tuple[str, ...]] = ("*ESR?",)

    def _carry_out(self, command: str) -> list[str]:
        return self._events(f"{command};*ESR?")

    def refusals(self) -> list[str]:
        """What was refused since the last look, from `*ESR?`; asking clears it."""
        return self._events("*ESR?")

    def _events(self, question: str) -> list[str]:
        byte = reply(r"\d{1,3}", "a status byte like 000")
        bits: Any = self.values(question, preprocess_reply=byte, cast=int, retry=False)[0]
        return [meaning for bit, meaning in EVENT_ERRORS.items() if bits >> bit & 1]

    def clear(self) -> None:
        """Clear all status registers (`*CLS`)."""
        self.tell("*CLS")


class StoredCurves(ErrorsInLine):
    """A bridge that keeps user curves `CURVES` (first and last number) for its inputs `CURVE_INPUTS`."""

    CURVES: ClassVar[tuple[int, int]]
    CURVE_INPUTS: ClassVar[tuple[str, ...]]

    def curve_header(self, number: int) -> CurveHeader:
        """The header of a user curve."""
        number = self._curve_number(number)
        form = reply(rf"[^,]*,[^,]*,[347],{_POINT},[12]", "five fields like name,serial,4,+375.000,1")
        name, serial, kind, limit, sign = self.values(f"CRVHDR? {number}", cast=str, preprocess_reply=form)
        return CurveHeader(name, serial, CurveFormat(int(kind)), float(limit), Coefficient(int(sign)))

    def curve_points(self, number: int) -> list[tuple[float, float]]:
        """The points of a user curve, (sensor unit of its format, K) in their order, up to the first unused one."""
        number = self._curve_number(number)
        points: list[tuple[float, float]] = []
        for place in range(1, MOST_POINTS + 1):
            point = self._point(number, place)
            if point == (0.0, 0.0):
                break
            points.append(point)
        return points

    def _point(self, number: int, place: int) -> tuple[float, float]:
        form = reply(rf"{_POINT},{_POINT}(?:,{_POINT})?", "two numbers like 3.69897,0.05")  # a spline's has a third
        units, kelvin, *_ = self.values(f"CRVPT? {number},{place}", preprocess_reply=form)
        return units, kelvin

    def store_curve(self, number: int, header: CurveHeader, points: Sequence[tuple[float, float]]) -> None:
        """Replace a user curve by (sensor unit, K) points, 2 to 200 with ascending units, and read all back.

        Six digits are kept. The coefficient is what the instrument makes of the points. Which curve an input follows
        stays as it was, also when this is interrupted. Raises ValueError for what does not fit before anything is sent,
        and CommandError when something else reads back.
        """
        number = self._curve_number(number)
        header = _checked_header(header)
        checked = _checked_points(points, header)
        sent = 0
        with self.lock:
            try:
                self.write(f"CRVDEL {number}")
                self.write(
                    f'CRVHDR {number},"{header.name}","{header.serial}",{header.format:d},{header.limit:.6g},'
                    f"{header.coefficient:d}"
                )
                for place, (units, kelvin) in enumerate(checked, 1):
                    self.write(f"CRVPT {number},{place},{units:.6g},{kelvin:.6g}")
                    sent = place
                kept = self.curve_points(number)
                if len(kept) != len(checked) or not all(map(_same_point, kept, checked)):
                    raise CommandError(
                        f"{self.who}: {len(checked)} points were sent to curve {number}, but others read back"
                    )
                self._compare_header(number, header)
            except InstrumentError as trouble:
                raise type(trouble)(
                    f"{trouble}; curve {number} is not to be believed ({sent} of {len(checked)} points were taken) and "
                    "must be stored again; which curve each input follows has not been changed"
                ) from trouble

    def _compare_header(self, number: int, sent: CurveHeader) -> None:
        kept = self.curve_header(number)
        same = (kept.name, kept.serial, kept.format) == (sent.name.strip(), sent.serial.strip(), sent.format)
        if not same or not math.isclose(kept.limit, sent.limit, rel_tol=SAME_POINT, abs_tol=SAME_LIMIT):
            raise CommandError(f"{self.who}: {sent} was sent to curve {number}, but {kept} reads back")

    def delete_curve(self, number: int) -> None:
        """Forget a user curve."""
        self.write(f"CRVDEL {self._curve_number(number)}")

    def followed_curve(self, input: str) -> int:
        """The number of the curve that an input follows; 0 for none."""
        return int(self._input_settings(self._curve_input(input))[3])

    def followers(self, number: int) -> tuple[str, ...]:
        """The inputs that follow a user curve."""
        number = self._curve_number(number)
        return tuple(name for name in self.CURVE_INPUTS if self.followed_curve(name) == number)

    def follow_curve(self, input: str, number: int) -> None:
        """Let an input follow a user curve from now on. Raises CommandError when another one reads back."""
        name, number = self._curve_input(input), self._curve_number(number)
        with self.lock:
            fields = self._input_settings(name)
            fields[3] = number
            self.write(f"INSET {name}," + ",".join(str(field) for field in fields))
            if (kept := self.followed_curve(name)) != number:
                raise CommandError(
                    f"{self.who}: input {name} was told to follow curve {number}, but reads back curve {kept}"
                )

    def _input_settings(self, name: str) -> list[int]:
        form = reply(r"[01],\d{1,3},\d{1,3},\d{1,2},[12]", "five fields like 1,007,003,21,1")
        return self.values(f"INSET? {name}", preprocess_reply=form, cast=int)

    def _curve_number(self, number: object) -> int:
        return int(strict_integer("curve", *self.CURVES)(number))

    def _curve_input(self, name: object) -> str:
        if isinstance(name, str) and name in self.CURVE_INPUTS:
            return name
        raise ValueError(f"input of {name!r} is not an input; allowed are {', '.join(self.CURVE_INPUTS)}")


def _same_point(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(math.isclose(a, b, rel_tol=SAME_POINT) for a, b in zip(one, other, strict=True))


def _text(name: str, longest: int) -> Any:
    def check(value: object, values: object = ()) -> str:
        if isinstance(value, str) and re.fullmatch(rf'[^",;\x00-\x1f\x7f-\uffff]{{0,{longest}}}', value):
            return value
        raise ValueError(f'{name} of {value!r} cannot be kept; allowed are {longest} ASCII characters but not ",;')

    return check


_header = record(
    "header",
    CurveHeader,
    name=_text("name", 15),
    serial=_text("serial", 10),
    format=member("format", CurveFormat),
    limit=strict_number("limit", 0, 1e4, "K"),
    coefficient=member("coefficient", Coefficient),
)


def _checked_header(header: CurveHeader) -> CurveHeader:
    checked: CurveHeader = _header(header)
    if checked.format is CurveFormat.CUBIC:
        raise ValueError("format CUBIC cannot be stored from here; allowed are OHM and LOG_OHM")
    return checked


def _checked_points(points: Sequence[tuple[float, float]], header: CurveHeader) -> list[tuple[float, float]]:
    if not 2 <= len(points) <= MOST_POINTS:
        raise ValueError(f"points: {len(points)} are no curve; allowed are 2 to {MOST_POINTS}")
    most = 1e9 if header.format is CurveFormat.OHM else 9.0
    checked = [
        (
            as_number("sensor unit", units, f"-9 to {most:g}"),
            strict_number("temperature", 1e-4, header.limit, "K")(kelvin),
        )
        for units, kelvin in points
    ]
    if not all(-9.0 <= a <= most for a, _ in checked):
        raise ValueError(f"points: a sensor unit is out of range; allowed are -9 to {most:g}")
    if any(float(f"{a:.6g}") >= float(f"{b:.6g}") for (a, _), (b, _) in pairwise(checked)):
        raise ValueError("points: sensor units must ascend in their first six digits; allowed are sorted points")
    return checked
