"""The persistent switch of a Model 430, and with it what is in the coil and what in the supply.

The supply believes what it is told about the switch (CONF:PS) and counts its own times (states 9 and 10); what the
switch really does is the coil's business. With a cold switch ramp commands move the supply alone; CURR:MAG? and
FIELD:MAG? then say what was there when the heater went off.
"""

from typing import TYPE_CHECKING

from coldfinger.sim.devices.ami430_coil import fixed
from coldfinger.sim.devices.ami430_ramp import RampPanel
from coldfinger.sim.scpi import CommandTable, Fault, Refused, boolean, integer, real, spellings

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat


class SwitchPanel(RampPanel):
    """What the front panel knows of its switch."""

    commands = CommandTable(spellings)

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._kept: float | None = None  # A, in the coil when the heater went off
        if (switch := self._magnet.model.switch) is not None:
            self._switch |= {"installed": 1, "heating": switch.heating, "cooling": switch.cooling}
            self._kept = 0.0

    # In the coil and in the supply

    def _coil_current(self) -> float:
        """In the coil (A), as far as the supply knows: its own, or what it was when the heater went off."""
        if self._kept is not None and self._magnet.quenched:
            self._kept = 0.0
        if self._heater_on and self._cryostat.now >= self._switch_ready:
            self._kept = None
        return self._current() if self._kept is None else self._kept

    @commands.command("FIELD:MAGnet?")
    def read_field(self) -> str:
        return self._shown_field(self._coil_current())

    @commands.command("FIELD:SUPPly?")
    def read_supply_field(self) -> str:
        return self._shown_field(self._current())

    @commands.command("CURRent:MAGnet?")
    def read_current(self) -> str:
        return self._shown_current(self._coil_current())

    @commands.command("CURRent:SUPPly?")
    def read_supply_current(self) -> str:
        return self._shown_current(self._current())

    @commands.command("VOLTage:MAGnet?", "VOLTage:SUPPly?")
    def read_voltage(self) -> str:
        return fixed(self._magnet.voltage(self._cryostat.now), 4)

    # Switch

    @commands.command("CONFigure:PSwitch", "CONFigure:PS", takes=(boolean,))
    def install_switch(self, installed: bool) -> None:
        self._switch["installed"] = int(installed)
        self._kept = self._current() if installed else None
        self._turn_heater(False)
        self._switch_ready = -1.0
        if installed and not self._magnet.quenched:
            self._stop()

    def _turn_heater(self, on: bool) -> None:
        self._heater_on = on
        self._magnet.heat_switch(on, self._cryostat.now)

    @commands.command("PSwitch:INSTalled?", "PS:INST?")
    def read_installed(self) -> str:
        return str(int(self._switch["installed"]))

    @commands.command("PSwitch", "PS", takes=(boolean,))
    def heat_switch(self, on: bool) -> None:
        if not self._switch["installed"]:
            raise Refused(Fault.NO_SWITCH)
        if on != self._heater_on:
            self._kept = self._coil_current()
            self._stop()
            self._turn_heater(on)
            self._switch_ready = self._cryostat.now + self._switch["heating" if on else "cooling"]

    @commands.command("PSwitch?", "PS?")
    def read_switch(self) -> str:
        return str(int(self._heater_on))

    @commands.command("PERSistent?", "PERS?")
    def read_persistent(self) -> str:
        cold = not self._heater_on and self._cryostat.now >= self._switch_ready
        return str(int(bool(self._switch["installed"]) and cold))

    def _set_switch(self, name: str, value: float) -> None:
        self._switch[name] = value

    def _read_switch_number(self, name: str) -> str:
        return fixed(self._switch[name], 1) if name in ("current", "rate") else str(int(self._switch[name]))


for _word, _name, _range in (
    ("CURRent", "current", real(0.0, 125.0)),
    ("HTIME", "heating", integer(5, 120)),
    ("CTIME", "cooling", integer(5, 3600)),
    ("PSRR", "rate", real(0.1, 10.0)),
):
    for _switch in ("PSwitch", "PS"):
        SwitchPanel.commands.add(f"CONFigure:{_switch}:{_word}", SwitchPanel._set_switch, _range, preset=(_name,))
        SwitchPanel.commands.add(f"{_switch}:{_word}?", SwitchPanel._read_switch_number, preset=(_name,))
