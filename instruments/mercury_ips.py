"""Oxford Instruments Mercury iPS magnet supply; role PersistentMagnet.

Words: MercuryiPS manual (UMC0071), command reference. From firmware 2.6 on a group is an SPSU instead of a PSU; the
identity tells. Rates are per minute on the wire, delays of the switch in ms. The supply waits for its switch by itself
and holds when a ramp has ended. A quench is known from the list of alarms.
"""

import re
from typing import Any, ClassVar

from coldfinger.instruments.errors import LinkError
from coldfinger.instruments.oxford_magnet import Activity, OxfordMagnet, Seen
from coldfinger.instruments.oxford_words import NUMBER, Worded, measured, plain, quantity

GROUPS = ("GRPX", "GRPY", "GRPZ")
NEW_WORD = (2, 6)  # firmware from which a group is an SPSU
_MOVING = (Activity.TO_TARGET, Activity.TO_ZERO)


class MercuryIPS(Worded, OxfordMagnet):
    """Mercury iPS, one group of it: `group` is one of `GROUPS`.

    `word` is PSU or SPSU, for a supply whose identity does not tell; None asks the identity.
    """

    IDENTITY: ClassVar[str] = r"IDN:OXFORD INSTRUMENTS:MERCURY IPS:[^:]+:\d+\.\d+[^:]*"
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "coil_constant",
        "current_limit",
        "target",
        "ramp_rate",
        "activity",
        "state",
        "switch_installed",
        "switch_heated",
        "switch_heat_time",
        "switch_cool_time",
        "persistent",
        "quenched",
    )

    def __init__(
        self,
        adapter: Any,
        name: str = "Mercury iPS magnet supply",
        *,
        group: str = "GRPZ",
        word: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, **kwargs)
        if group not in GROUPS:
            raise ValueError(f"group of {group!r} is not a group of the supply; allowed are {', '.join(GROUPS)}")
        if word not in (None, "PSU", "SPSU"):
            raise ValueError(f"word of {word!r} is not what a group is called; allowed are PSU and SPSU")
        self._group, self._word = group, word

    current = measured("SIG:PCUR", "A", """Measure the current (A) that the supply wrote down for a cold switch.""")
    supply_current = measured("SIG:CURR", "A", """Measure the current of the supply (A).""")
    supply_voltage = measured("SIG:VOLT", "V", """Measure the voltage of the supply (V).""")
    current_limit = measured("CLIM", "A", """Get the largest current that the supply allows (A).""")
    leads_rate = measured("SIG:RCST", "A/m", """Get the rate (A/s) of the supply alone, behind a cold switch.""", 60)

    @property
    def coil_constant(self) -> float:
        """Get the coil constant (T/A), from the amperes per tesla that the supply is programmed with."""
        text = self.read_words(self._noun("ATOB"), rf"{NUMBER}(?:A/T)?", "a number like 8.5000A/T")
        return 1.0 / quantity(text, "A/T") if quantity(text, "A/T") else 0.0

    @property
    def activity(self) -> Activity:
        """Get what the output has been told to do, an `Activity`; a ramp that has ended is a HOLD."""
        words = "|".join(known.value for known in Activity)
        return Activity(self.read_words(self._noun("ACTN"), words, "HOLD, RTOS, RTOZ or CLMP"))

    @property
    def switch_heat_time(self) -> float:
        """Get the time in which the supply has the switch warm (s)."""
        return self._delay("SWONT")

    @property
    def switch_cool_time(self) -> float:
        """Get the time in which the supply has the switch cold (s)."""
        return self._delay("SWOFT")

    def alarms(self) -> str:
        """The alarms as the supply lists them; empty when all is well."""
        return self.read_words("SYS:ALRM", ".*", "the list of alarms")

    def configure(self) -> None:
        """Let a clamped output hold. Raises MagnetError after a quench."""
        with self.lock:
            self._unclamp(self._not_quenched("configure the supply"))

    def read_quantity(self, noun: str, unit: str) -> float:
        """A value of this group with its unit."""
        return super().read_quantity(self._noun(noun), unit)

    def _noun(self, noun: str) -> str:
        return f"DEV:{self._group}:{self._group_word()}:{noun}"

    def _group_word(self) -> str:
        if self._word is None:
            firmware = re.search(r":(\d+)\.(\d+)[^:]*$", self._known_identity())
            if firmware is None:
                raise LinkError(f"{self.who}: the identity tells no firmware like 2.5.07; give `word`, PSU or SPSU")
            self._word = "SPSU" if (int(firmware[1]), int(firmware[2])) >= NEW_WORD else "PSU"
        return self._word

    def _known_identity(self) -> str:
        known = self._link.identity if self._link else self._identity
        return known or self.identify()

    def _delay(self, noun: str) -> float:
        text = self.read_words(self._noun(noun), rf"{NUMBER}(?:ms)?", "milliseconds like 20000")
        return 1e-3 * float(text.removesuffix("ms"))

    def _look(self) -> Seen:
        with self.lock:
            quenched = "quench" in self.alarms().lower()
            activity = self.activity
            return Seen(activity, activity in _MOVING, quenched, self._look_at_heater())

    def _look_at_heater(self) -> bool | None:
        text = self.read_words(self._noun("SIG:SWHT"), "ON|OFF|N/A", "ON, OFF or N/A")
        return None if text == "N/A" else text == "ON"

    def _read_target(self) -> float:
        return self.read_quantity("SIG:FSET", "T")

    def _read_rate(self) -> float:
        return self.read_quantity("SIG:RFST", "T/m") / 60

    def _read_supply(self) -> float:
        return self.read_quantity("SIG:FLD", "T")

    def _read_coil(self) -> float:
        return self.read_quantity("SIG:PFLD", "T")

    def _read_currents(self) -> tuple[float, float]:
        return self.supply_current, self.current

    def _send_target(self, tesla: float) -> None:
        self.set_words(self._noun("SIG:FSET"), plain(tesla))

    def _send_current(self, amperes: float) -> None:
        self.set_words(self._noun("SIG:CSET"), plain(amperes))

    def _send_rate(self, tesla_per_second: float) -> None:
        self.set_words(self._noun("SIG:RFST"), plain(60 * tesla_per_second))

    def _begin(self, activity: Activity) -> None:
        self.set_words(self._noun("ACTN"), activity.value)

    def _heat(self, on: bool) -> None:
        self.set_words(self._noun("SIG:SWHT"), "ON" if on else "OFF")

    def _switch_time(self, heating: bool) -> float:
        return self.switch_heat_time if heating else self.switch_cool_time

    def _require_ours(self) -> None:
        """The supply takes commands from everybody; there is nothing to prove."""
