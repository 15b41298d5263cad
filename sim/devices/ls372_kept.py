"""What the Lake Shore 372 keeps and answers, and nothing in the laboratory follows: alarms, relays, display, address.

Source: field order as the maker's own driver reads and writes it. That driver takes the values of an alarm as whole
numbers, so that one without a fraction is written without a point here; how a real unit pads them is not known to it.
"""

from typing import TYPE_CHECKING

from coldfinger.sim.devices.ls372_inputs import InputPanel
from coldfinger.sim.devices.ls372_words import channel
from coldfinger.sim.scpi import CommandTable, Optional, Panel, integer, real

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

RELAYS = (1, 2)
_SWITCH = integer(0, 1)
_VALUE = real(-1e9, 1e9)


def _alarm_input(text: str) -> str:
    """An input, or 0 for a relay that follows no alarm."""
    return channel(text) if text != "0" else "0"


class KeptPanel(InputPanel):
    """What the front panel knows of what nothing follows."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._alarms = dict.fromkeys(self._channels, (0, 0, 0.0, 0.0, 0.0, 0, 0, 0))
        self._relays = dict.fromkeys(RELAYS, (0, "0", 0))
        self._display = (0, 0, 0)
        self._address = 12

    def remember(self, before: Panel) -> None:
        """All of it, too."""
        super().remember(before)
        assert isinstance(before, KeptPanel)
        self._alarms, self._relays = before._alarms, before._relays
        self._display, self._address = before._display, before._address

    @commands.command("ALARM", takes=(channel, _SWITCH, integer(0, 4), _VALUE, _VALUE, _VALUE, *(_SWITCH,) * 3))
    def set_alarm(self, key: str, *values: float) -> None:
        """On, source, high, low, dead band, latched, and two switches that the maker's driver sends in one order and
        reads in the other (visible, audible): they come back as they were sent."""
        on, source, high, low, dead, latched, first, second = values
        switches = (int(latched), int(first), int(second))
        self._alarms[key] = (int(on), int(source), high, low, dead, *switches)

    @commands.command("ALARM?", takes=(channel,))
    def read_alarm(self, key: str) -> str:
        return ",".join(f"{value:g}" for value in self._alarms[key])

    @commands.command("RELAY", takes=(integer(*RELAYS), integer(0, 4), Optional(_alarm_input), Optional(integer(0, 2))))
    def set_relay(self, number: int, mode: int, key: str = "0", alarm: int = 0) -> None:
        """Mode (off, on, alarm, zone of the sample heater, zone of the warm-up heater), input and kind of an alarm."""
        self._relays[number] = (mode, key, alarm)

    @commands.command("RELAY?", takes=(integer(*RELAYS),))
    def read_relay(self, number: int) -> str:
        mode, key, alarm = self._relays[number]
        return f"{mode},{key},{alarm}"

    @commands.command("DISPLAY", takes=(integer(0, 2), integer(0, 2), integer(0, 3)))
    def set_display(self, mode: int, fields: int, loop: int) -> None:
        self._display = (mode, fields, loop)

    @commands.command("DISPLAY?")
    def read_display(self) -> str:
        mode, fields, loop = self._display
        return f"{mode},{fields},{loop}"

    @commands.command("IEEE", takes=(integer(0, 3), _SWITCH, integer(1, 30)))
    def set_address(self, terminator: int, end: int, address: int) -> None:
        """Terminator and end of a message are those of older units; the panel's own reply end stays."""
        self._address = address

    @commands.command("IEEE?")
    def read_address(self) -> str:
        return str(self._address)
