"""Yokogawa GS200 dc voltage and current source, which calls itself GS210 or GS211.

Commands: GS200 user's manual, chapter on communication commands. The instrument has an error queue and never answers a
command. A level belongs to a function and a range: the driver asks for both before it sends one, so that what does not
fit is refused with a sentence and not by the instrument. The function is changed with the output off only.
"""

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

from pymeasure.instruments import Instrument

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import Linked, index_reply, reply
from coldfinger.instruments.errors import CommandError
from coldfinger.instruments.validators import as_number, member, one_of, strict_bool, strict_number

_REAL = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
real = reply(_REAL, "a number like +1.00000E+00")
ERRORS = 20  # length of the instrument's error queue


class Function(Enum):
    """What the source holds constant."""

    VOLTAGE = "VOLT"
    CURRENT = "CURR"


RANGES: dict[Function, tuple[float, ...]] = {
    Function.VOLTAGE: (10e-3, 100e-3, 1.0, 10.0, 30.0),
    Function.CURRENT: (1e-3, 10e-3, 100e-3, 200e-3),
}
"""Full scales (V and A); a level reaches 120 % of them, 32 V in the largest and 200 mA in the largest."""
UNITS = {Function.VOLTAGE: "V", Function.CURRENT: "A"}
_HIGHEST = {30.0: 32.0, 200e-3: 200e-3}
_OVER_RANGE = 1.2
_KEPT = 1e-4  # of the range, how far a level may read back from what was sent; assumed default


def highest_level(full_scale: float) -> float:
    """Largest level (V or A) that a range can give."""
    return _HIGHEST.get(full_scale, _OVER_RANGE * full_scale)


def _flag(name: str, question: str, docs: str) -> Any:
    return Instrument.control(
        question,
        question.removesuffix("?") + " %d",
        docs,
        validator=strict_bool(name),
        preprocess_reply=index_reply(2),
        cast=int,
        get_process=bool,
    )


def _protection(question: str, quantity: str, low: float, high: float, unit: str) -> Any:
    return Instrument.control(
        question,
        question.removesuffix("?") + " %.9g",
        f"""Control the {quantity} ({unit}) beyond which the output limits, strictly {low:g} to {high:g}.""",
        validator=strict_number(quantity, low, high, unit),
        preprocess_reply=real,
    )


class GS200(Linked):
    """GS200 dc source; role DCBias.

    `limits` are what the station allows, by function (V and A): then a level moves in steps while the output is on,
    and is read back.
    """

    IDENTITY: ClassVar[str] = r"YOKOGAWA,GS21[01],\w+,[\w.]+"
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "function",
        "range",
        "level",
        "output",
        "voltage_protection",
        "current_protection",
        "remote_sense",
        "guard",
    )

    def __init__(
        self,
        adapter: Any,
        name: str = "GS200 dc source",
        *,
        limits: Mapping[Function, Bound] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._limits = dict(limits or {})

    remote_sense = _flag("remote_sense", "SENS:REM?", """Control four-wire sensing (bool).""")
    guard = _flag("guard", "SENS:GUAR?", """Control the guard (bool).""")
    voltage_protection = _protection("SOUR:PROT:VOLT?", "voltage_protection", 1, 30, "V")
    current_protection = _protection("SOUR:PROT:CURR?", "current_protection", 1e-3, 200e-3, "A")

    @property
    def output(self) -> bool:
        """Control whether the output is on (bool); where the station has a limit, within one step of zero only."""
        return bool(self.values("OUTP?", preprocess_reply=index_reply(2), cast=int)[0])

    @output.setter
    def output(self, value: bool) -> None:
        on = strict_bool("output")(value)
        with self.lock:
            if self._limits and on != self.output:
                function, level = self.function, self.level
                self._limits[function].check_step(
                    f"{self.who}: output", 0.0 if on else level, level if on else 0.0, UNITS[function]
                )
            self.write(f"OUTP {on:d}")

    @property
    def function(self) -> Function:
        """Control whether the source gives a voltage or a current, a `Function`.

        Raises CommandError while the output is on.
        """
        text = self.values("SOUR:FUNC?", preprocess_reply=reply("VOLT|CURR", "VOLT or CURR"), cast=str)[0]
        return Function(text)

    @function.setter
    def function(self, value: Function) -> None:
        function = member("function", Function)(value)
        with self.lock:
            if self.output:
                raise CommandError(
                    f"{self.who}: will not change to {function.name} while the output is on; switch it off first"
                )
            self.write(f"SOUR:FUNC {function.value}")

    @property
    def range(self) -> float:
        """Control the full scale (V or A), strictly one of `RANGES` of the function; it must hold the present level."""
        return float(self.values("SOUR:RANG?", preprocess_reply=real)[0])

    @range.setter
    def range(self, value: float) -> None:
        full_scale = one_of("range", sum(RANGES.values(), ()), "V or A")(value)
        with self.lock:
            function = self.function
            full_scale = one_of("range", RANGES[function], UNITS[function])(full_scale)
            _fits("range", self.level, full_scale, UNITS[function])
            self.write(f"SOUR:RANG {full_scale:.9g}")

    @property
    def level(self) -> float:
        """Control the level (V or A), within plus and minus 120 % of the range; at most 32 V or 200 mA."""
        return float(self.values("SOUR:LEV?", preprocess_reply=real)[0])

    @level.setter
    def level(self, value: float) -> None:
        level = strict_number("level", -32, 32, "V or A")(value)
        with self.lock:
            function = self.function
            unit = UNITS[function]
            _fits("level", level, self.range, unit)
            if self._limits:
                self._check_move(self._limits[function], level, unit)
            self.write(f"SOUR:LEV {level:.9g}")
            if self._limits and abs((kept := self.level) - level) > _KEPT * max(self.range, abs(level)):
                raise CommandError(
                    f"{self.who}: a level of {level:.9g} {unit} was sent, but reads back as {kept:.9g} {unit}"
                )

    def _check_move(self, limit: Bound, level: float, unit: str) -> None:
        present = self.level
        limit.check_way(f"{self.who}: level", present, level, unit)
        if limit.too_far(present, level) and self.output:
            limit.check_step(f"{self.who}: level", present, level, unit)

    def off(self) -> None:
        """Level to zero at once, then the output off; who must not make such a step goes to zero slowly before.

        Where the station has a limit, the way to zero has its steps, one after the other.
        """
        with self.lock:
            present = self.level if self._limits else math.nan
            if self._limits and present and self.output:
                step = self._limits[self.function].step
                for left in range(math.ceil(abs(present) / step) - 1, 0, -1):
                    self.level = math.copysign(left * step, present)
            if present:
                self.level = 0.0
            self.write("OUTP 0")

    def clear(self) -> None:
        """Forget the errors in the queue (`*CLS`)."""
        self.tell("*CLS")

    def refusals(self) -> list[str]:
        """What was refused since the last look: the error queue, emptied."""
        return self._emptied_queue(ERRORS)


def _fits(what: str, level: float, full_scale: float, unit: str) -> None:
    most = highest_level(full_scale)
    number = as_number(what, level, f"-{most:g} to {most:g} {unit}")
    if abs(number) > most * (1 + 1e-9):
        raise ValueError(
            f"{what}: a level of {number:.9g} {unit} does not fit the range of {full_scale:g} {unit}; "
            f"allowed are {-most:g} to {most:g} {unit}, change the range first"
        )
