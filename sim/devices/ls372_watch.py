"""What the Lake Shore 372 watches by itself: alarms of its inputs, what its relays do then, extremes of readings.

Source: the maker's own driver for the commands and their replies; the rules of dead band, latch and relays as the
manuals of the maker's temperature monitors and of the Model 370 have them. It looks at its readings once a second, and
only while an alarm is on or after MNMXRST or MNMX: extremes are followed from then on (a real unit has them since it
was switched on). A reading whose status is not zero counts for nothing.
"""

import math
from typing import TYPE_CHECKING

from coldfinger.sim.devices.ls372_kept import RELAYS, KeptPanel
from coldfinger.sim.devices.ls372_outputs import OutputPanel
from coldfinger.sim.devices.ls372_words import channel, engineering
from coldfinger.sim.scpi import CommandTable, Panel, integer

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

LOOK = 1.0  # s between two looks
KELVIN, OHM = 1, 2  # sources of extremes; an alarm watches kelvin with any other one: the maker's driver sends 0
LOW, HIGH, BOTH = range(3)  # kinds of alarm that a relay follows
_OFF, _ON, _ALARM, _SAMPLE_HEATER_ZONE = range(4)  # modes of a relay; that of the warm-up heater's zones stays open
_ZONES = 3  # mode of the control loop


class WatchPanel(OutputPanel, KeptPanel):
    """What the front panel finds out about its own readings."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._sounding = dict.fromkeys(self._channels, (False, False))  # high, low
        self._extremes: dict[str, tuple[float, float]] = {}
        self._extreme_sources = dict.fromkeys(self._channels, KELVIN)
        self._follows_extremes = False

    def remember(self, before: Panel) -> None:
        """Alarms go on as they were set; what they said is lost."""
        super().remember(before)
        self._watch()

    def _watch(self) -> None:
        """Look again at the next full second, if there is something to look after."""
        wanted = self._follows_extremes or any(alarm[0] for alarm in self._alarms.values())
        self.due = (math.floor(self._cryostat.now / LOOK) + 1.0) * LOOK if wanted else math.inf

    def act(self) -> None:
        for key in self._inputs:
            self._look_at_alarm(key)
            value = self._value(key, self._extreme_sources[key]) if self._follows_extremes else None
            if value is not None:
                lowest, highest = self._extremes.get(key, (value, value))
                self._extremes[key] = (min(lowest, value), max(highest, value))
        self._watch()

    def _value(self, key: str, source: int) -> float | None:
        """The reading of an input now, None where there is none."""
        sensor, now = self._inputs[key], self._cryostat.now
        if source not in (KELVIN, OHM) or sensor.status(now):
            return None
        if source == OHM:
            return sensor.resistance(now)
        return sensor.kelvin(now) if sensor.curve is not None else None

    def _look_at_alarm(self, key: str) -> None:
        on, source, high, low, dead, latched, *_ = self._alarms[key]
        value = self._value(key, OHM if source == OHM else KELVIN) if on else None
        if value is None:
            return
        was_high, was_low = self._sounding[key]
        still_high = was_high and (bool(latched) or value >= high - dead)
        still_low = was_low and (bool(latched) or value <= low + dead)
        self._sounding[key] = (value > high or still_high, value < low or still_low)

    # Alarms

    def set_alarm(self, key: str, *values: float) -> None:
        """As kept; what an alarm has said before is forgotten."""
        super().set_alarm(key, *values)
        self._sounding[key] = (False, False)
        self._watch()

    @commands.command("ALARMST?", takes=(channel,))
    def read_alarm_status(self, key: str) -> str:
        high, low = self._sounding[key]
        return f"{high:d},{low:d}"

    @commands.command("ALMRST")
    def reset_alarms(self) -> None:
        """Also those that are latched; what is still too high or too low sounds again at the next look."""
        self._sounding = dict.fromkeys(self._channels, (False, False))

    @commands.command("RELAYST?", takes=(integer(*RELAYS),))
    def read_relay_status(self, number: int) -> str:
        mode, key, kind = self._relays[number]
        closed = mode == _ON
        if mode == _ALARM and key != "0":
            high, low = self._sounding[key]
            closed = (high and kind in (HIGH, BOTH)) or (low and kind in (LOW, BOTH))
        elif mode == _SAMPLE_HEATER_ZONE:
            closed = self._closed_by_zone(number)
        return str(int(closed))

    def _closed_by_zone(self, number: int) -> bool:
        """Whether the zone of the set point that is followed now closes a relay."""
        if self._loop.mode != _ZONES:
            return False
        following = self._loop.moving_setpoint(self._cryostat.now)
        zones = sorted(zone for zone in self._outputs[0].zones if zone[0] > 0.0)
        return next((bool(zone[6 + number]) for zone in zones if following <= zone[0]), False)

    # Extremes

    @commands.command("MNMX", takes=(channel, integer(KELVIN, OHM + 1)))
    def set_extremes(self, key: str, source: int) -> None:
        """Of which quantity; those of another one are forgotten."""
        self._extreme_sources[key] = source
        self._extremes.pop(key, None)
        self._follow_extremes()

    @commands.command("MNMX?", takes=(channel,))
    def read_extremes_setting(self, key: str) -> str:
        return str(self._extreme_sources[key])

    @commands.command("MNMXRST")
    def reset_extremes(self) -> None:
        self._extremes.clear()
        self._follow_extremes()

    @commands.command("MDAT?", takes=(channel,))
    def read_extremes(self, key: str) -> str:
        """Lowest and highest reading; before the first look that is the reading of now."""
        if key not in self._inputs:
            return f"{engineering(0.0)},{engineering(0.0)}"
        value = self._value(key, self._extreme_sources[key]) or 0.0
        return ",".join(engineering(extreme) for extreme in self._extremes.get(key, (value, value)))

    def _follow_extremes(self) -> None:
        self._follows_extremes = True
        self._watch()


WatchPanel.commands.add("ALARM", WatchPanel.set_alarm, *KeptPanel.commands.entries["ALARM"][1])
