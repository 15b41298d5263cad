"""Oxford Instruments Triton: the program on the refrigerator's own computer; role TemperatureController.

Words as in Oxford's Mercury instruments. The loop belongs to the channel that measures the mixing chamber, which the
program itself tells. Its heater range is a setting of the loop: off is a loop that does not control and a heater
without power. The heater is reported as power, so its resistance must be given. Rates are per minute on the wire.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from coldfinger.instruments.bound import Bound
from coldfinger.instruments.driver import View
from coldfinger.instruments.errors import CalibrationError, CommandError
from coldfinger.instruments.lakeshore import PID, Ramp
from coldfinger.instruments.oxford_words import NUMBER, Worded, plain
from coldfinger.instruments.roles import BridgeReading, BridgeStatus
from coldfinger.instruments.validators import one_of, record, strict_bool, strict_integer, strict_number

_KEPT = 1e-4  # relative, of a set point; and 1e-6 K, the last digit of what is sent
_NOTHING = "NOT_FOUND"

_checked_ramp = record(
    "ramp", Ramp, enabled=strict_bool("ramp enabled"), rate=strict_number("ramp rate", 0, 10 / 60 * (1 + 1e-9), "K/s")
)
_checked_pid = record(
    "pid",
    PID,
    proportional=strict_number("proportional", 0, 1000, ""),
    integral=strict_number("integral", 0, 1000, ""),
    derivative=strict_number("derivative", 0, 1000, ""),
)


class Thermometer(View):
    """One channel of the Triton; its readings are valid while the channel is measured.

    The program does not tell the power in the sensor, so this is no ThermometerBridge for a film.
    """

    def __init__(self, parent: "Triton", number: int) -> None:
        super().__init__(parent, strict_integer("channel", 1, 16)(number), f"channel {number}")

    def _noun(self, noun: str) -> str:
        return f"DEV:T{self.id}:TEMP:{noun}"

    @property
    def measured(self) -> bool:
        """Get whether the channel is measured (bool); otherwise it keeps its last reading."""
        return bool(self.parent.read_switch(self._noun("MEAS:ENAB")))

    @property
    def kelvin(self) -> float:
        """Measure the temperature (K); CalibrationError for 0 K, which means no reading."""
        question = self._noun("SIG:TEMP")
        kelvin = float(self.parent.read_quantity(question, "K"))
        if kelvin == 0:
            raise CalibrationError(
                f"{self.who}: {question!r} was answered 0 K, which means no valid reading; look at sensor and "
                "calibration at the refrigerator's computer"
            )
        return kelvin

    @property
    def reading(self) -> BridgeReading:
        """Measure the resistance (ohm), a `BridgeReading`; no resistance at all counts as RESISTANCE_UNDER."""
        ohm = float(self.parent.read_quantity(self._noun("SIG:RES"), "Ohm"))
        return BridgeReading(ohm, BridgeStatus(0) if ohm > 0 else BridgeStatus.RESISTANCE_UNDER)


class TritonController(View):
    """The control loop of the mixing chamber's channel; role TemperatureController."""

    HEATER_RANGES: tuple[float, ...] = (0.0, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 100e-3)
    SETTINGS: ClassVar[tuple[str, ...]] = ("setpoint", "ramp", "pid", "heater_range")
    heater_status = 0  # the program tells of no error of the heater

    def __init__(self, parent: "Triton", resistance: float) -> None:
        super().__init__(parent, 0, "controller")
        self._resistance = resistance

    @property
    def temperature(self) -> float:
        """Measure the temperature (K) of the mixing chamber; CalibrationError for 0 K, which means no reading."""
        return self._thermometer().kelvin

    @property
    def status(self) -> BridgeStatus:
        """Get why the reading is not valid, a `BridgeStatus`; CommandError when the channel is not measured."""
        thermometer = self._thermometer()
        if not thermometer.measured:
            raise CommandError(
                f"{self.who}: channel T{thermometer.id} is not measured and keeps its last reading; switch it on at "
                "the refrigerator's computer"
            )
        return thermometer.reading.status

    def _thermometer(self) -> Thermometer:
        return Thermometer(self.parent, self.parent.mixing_chamber())

    @property
    def setpoint(self) -> float:
        """Control the set point (K), strictly 0 to 40; while a ramp runs, its end.

        Where the station has a limit, ValueError beyond it, and CommandError when another set point reads back.
        """
        return self._read("TSET", "K")

    @setpoint.setter
    def setpoint(self, value: float) -> None:
        kelvin = strict_number("setpoint", 0, 40, "K")(value)
        limit = self.parent._setpoint_limit
        if limit is not None:
            limit.check(f"{self.who}: setpoint", kelvin, "K")
        with self.parent.lock:
            self._set("TSET", plain(kelvin, 6))
            kept = self.setpoint
            if abs(kept - kelvin) > _KEPT * kelvin + 1e-6:
                raise CommandError(
                    f"{self.who}: a set point of {kelvin:.7g} K was sent, but it reads back as {kept:.7g} K"
                )

    @property
    def ramp(self) -> Ramp:
        """Control the set point ramp, a `Ramp`; rate strictly 0 to 1/6 K/s (10 K/min)."""
        enabled = self._switch("RAMP:ENAB")
        return Ramp(enabled, self._read("RAMP:RATE", "K/min") / 60)

    @ramp.setter
    def ramp(self, value: Ramp) -> None:
        ramp = _checked_ramp(value)
        with self.parent.lock:
            self._set("RAMP:RATE", plain(60 * ramp.rate, 6))
            self._set("RAMP:ENAB", "ON" if ramp.enabled else "OFF")

    @property
    def pid(self) -> PID:
        """Control the loop parameters, a `PID` as the program counts them, each strictly 0 to 1000."""
        return PID(*(float(self._words(letter, NUMBER, "a number like 10.5")) for letter in "PID"))

    @pid.setter
    def pid(self, value: PID) -> None:
        checked = _checked_pid(value)
        with self.parent.lock:
            for letter, parameter in zip("PID", checked, strict=True):
                self._set(letter, plain(parameter, 6))

    @property
    def heater_range(self) -> float:
        """Control the full-scale heater current (A), strictly one of `HEATER_RANGES`; 0 is off.

        A range other than 0 closes the loop. Where the station has a limit, ValueError beyond it, and CommandError
        when another range reads back. A heater with power but without loop is not off.
        """
        with self.parent.lock:
            heated = self._switch("MODE") or self._power() > 0
            return self._full_scale() if heated else 0.0

    @heater_range.setter
    def heater_range(self, value: float) -> None:
        amperes = one_of("heater_range", self.HEATER_RANGES, "A")(value)
        limit = self.parent._heater_limit
        if limit is not None:
            limit.check(f"{self.who}: heater_range", amperes, "A")
        if amperes == 0:
            self.heater_off()
            return
        with self.parent.lock:
            self._set("RANGE", plain(1e3 * amperes, 3))
            if (kept := self._full_scale()) != amperes:
                raise CommandError(
                    f"{self.who}: a heater range of {amperes:g} A was sent, but it reads back as {kept:g} A"
                )
            self._set("MODE", "ON")

    @property
    def heater_output(self) -> float:
        """Measure the heater current (percent of the range), from its power and the resistance that was given."""
        with self.parent.lock:
            amperes = math.sqrt(max(self._power(), 0.0) / self._resistance)
            return 100 * amperes / self._full_scale()

    def heater_off(self) -> None:
        """Loop off, then the power of its heater to zero."""
        with self.parent.lock:
            self._set("MODE", "OFF")
            self.parent.set_words(f"DEV:{self._heater()}:HTR:SIG:POWR", "0")

    def _full_scale(self) -> float:
        amperes = self._read("RANGE", "A")
        return one_of(f"{self.who}: heater range", self.HEATER_RANGES[1:], "A")(amperes)

    def _heater(self) -> str:
        return self._words("HTR", r"H\d+", "a heater like H1")

    def _power(self) -> float:
        return float(self.parent.read_quantity(f"DEV:{self._heater()}:HTR:SIG:POWR", "W"))

    def _noun(self, noun: str) -> str:
        return f"DEV:T{self.parent.mixing_chamber()}:TEMP:LOOP:{noun}"

    def _read(self, noun: str, unit: str) -> float:
        with self._explained():
            return float(self.parent.read_quantity(self._noun(noun), unit))

    def _switch(self, noun: str) -> bool:
        with self._explained():
            return bool(self.parent.read_switch(self._noun(noun)))

    def _words(self, noun: str, pattern: str, form: str) -> str:
        with self._explained():
            return str(self.parent.read_words(self._noun(noun), pattern, form))

    def _set(self, noun: str, value: str) -> None:
        with self._explained():
            self.parent.set_words(self._noun(noun), value)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except CommandError as trouble:
            if _NOTHING not in str(trouble):
                raise
            raise CommandError(
                f"{self.who}: channel T{self.parent.mixing_chamber()} measures the mixing chamber, but has no control "
                "loop; give it one at the refrigerator's computer"
            ) from trouble


class Triton(Worded):
    """Control program of a Triton; `controller` is its role.

    `heater_resistance` (ohm) of the mixing chamber's heater; `setpoint_limit` (K) and `heater_limit` (A, full scale of
    the range) are what the station allows.
    """

    IDENTITY: ClassVar[str] = r"IDN:OXFORD INSTRUMENTS:TRITON[^:]*(?::[^:]*)*"

    def __init__(
        self,
        adapter: Any,
        name: str = "Triton",
        *,
        heater_resistance: float = 120.0,
        setpoint_limit: Bound | None = None,
        heater_limit: Bound | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        self._setpoint_limit, self._heater_limit = setpoint_limit, heater_limit
        self._mixing_chamber: int | None = None
        resistance = strict_number("heater_resistance", 1, 10000, "ohm")(heater_resistance)
        self.controller = TritonController(self, resistance)

    def channel(self, number: int) -> Thermometer:
        """The thermometer of that number, 1 to 16."""
        return Thermometer(self, number)

    def mixing_chamber(self) -> int:
        """Number of the channel that measures the mixing chamber, as the program told when it was first asked."""
        if self._mixing_chamber is None:
            self._mixing_chamber = self._find_mixing_chamber()
        return self._mixing_chamber

    def configure(self) -> None:
        """Find the mixing chamber's channel anew, and prove that it has a control loop. Raises CommandError."""
        with self.lock:
            self._mixing_chamber = self._find_mixing_chamber()
            _ = self.controller.setpoint

    def snapshot(self) -> dict[str, object]:
        """Every setting by name, those of the control loop under `controller`."""
        return super().snapshot() | {"controller": self.controller.snapshot()}

    def _find_mixing_chamber(self) -> int:
        text = self.read_words("SYS:DR:CHAN:MC", r"T\d{1,2}|NONE", "a channel like T5")
        if text == "NONE":
            raise CommandError(
                f"{self.who}: no channel measures the mixing chamber; assign one at the refrigerator's computer"
            )
        return int(text[1:])
