"""Front panel of the Oxford Instruments MercuryiPS magnet power supply.

Source: MercuryiPS manual (UMC0071), command reference. The axis group GRPZ drives the laboratory's coil; GRPX and
GRPY are there because programs ask for all three, with nothing behind their outputs.
Simulated: fields, currents, set points and rates (per minute), the four activities, the switch's heater with its
interlock and its delays (SWONT, SWOFT in ms): while they last the output waits, and a ramp that has been asked for
begins when they are over. PFLD and PCUR are what was written down when the heater went off. At its end a ramp becomes
HOLD by itself. With firmware 2.6 (`MercurySPSU`) the groups are called SPSU instead of PSU.
Not simulated: limits of rate and voltage, boards (PSU.M1), sensors' settings, the legacy language, users and locks.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coldfinger.sim.devices.oxford_supply import (
    CURRENT_LIMIT,
    HEATER_CURRENT,
    VOLTAGE_LIMIT,
    Activity,
    NoCoil,
    OxfordSupply,
)
from coldfinger.sim.devices.oxford_words import (
    DENIED,
    INVALID,
    NOT_AVAILABLE,
    VALID,
    WordPanel,
    fixed,
    number,
    switch,
)
from coldfinger.sim.scpi import CommandTable

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

SERIAL = "164150107"
FIELD_DECIMALS = 5  # of T and T/m; replies seen have 4 or 5
CURRENT_DECIMALS = 4  # of A, A/m, V and K
RATIO_UNIT = "A/T"  # of ATOB; some drivers take the reply for a bare number
PREFIX_BELOW = 0.0  # a value under it gets the prefix m; the manual allows prefixes, replies seen are without
WHEN_REFUSED = DENIED  # verdict on an activity or a heater that the interlock forbids; believed, not seen
QUENCH_ALARM = "Magnet quench"  # text of the alarm; believed, not seen
TEMPERATURES = {"MB1.T1": 4.2, "DB8.T1": 45.0, "DB7.T1": 3.9}  # K: magnet and the two stages; assumed defaults
_PER_MINUTE = 60.0


def quantity(value: float, unit: str, decimals: int = CURRENT_DECIMALS) -> str:
    """A value with its unit."""
    if 0.0 < abs(value) < PREFIX_BELOW:
        return f"{fixed(1e3 * value, decimals)}m{unit}"
    return fixed(value, decimals) + unit


def activity(text: str) -> Activity | None:
    """HOLD, RTOS, RTOZ or CLMP; None for anything else."""
    return next((known for known in Activity if known.value == text), None)


class MercuryIPS(WordPanel):
    """MercuryiPS on its socket; clamped when switched on."""

    commands = CommandTable()
    reply_end = b"\n"
    firmware = "2.5.07.000"
    identity = f"IDN:OXFORD INSTRUMENTS:MERCURY IPS:{SERIAL}:{firmware}"
    supply_word = "PSU"

    def __init__(self, cryostat: "Cryostat") -> None:
        groups = ("GRPX", "GRPY", "GRPZ")
        super().__init__(dict.fromkeys(groups, self.supply_word) | dict.fromkeys(TEMPERATURES, "TEMP"))
        model = cryostat.magnet.model
        self.supplies = {name: OxfordSupply(cryostat, NoCoil(model), automatic=True) for name in groups[:2]}
        self.supplies["GRPZ"] = OxfordSupply(cryostat, cryostat.magnet, automatic=True)

    def table_word(self, kind: str) -> str:
        return "PSU" if kind == self.supply_word else kind

    def lose_settings(self) -> None:
        for supply in self.supplies.values():
            supply.run_down()

    def act(self) -> None:
        """The switch is warm or cold: a ramp that waits for it begins."""
        for supply in self.supplies.values():
            supply.give_orders()
        self._look_ahead()

    def _look_ahead(self) -> None:
        times = [supply.ready for supply in self.supplies.values() if supply.waiting()]
        self.due = min(times, default=float("inf"))

    # Readings

    def amperes(self, name: str, which: str) -> float:
        """A current (A) or its rate (A/min) by the word for it."""
        supply = self.supplies[name]
        values: dict[str, Callable[[], float]] = {
            "CURR": supply.current,
            "CSET": lambda: supply.set_point,
            "PCUR": supply.persistent_current,
            "RCUR": lambda: supply.velocity() * _PER_MINUTE,
            "RCST": lambda: supply.rate * _PER_MINUTE,
        }
        return values[which]()

    def tesla(self, name: str, amperes: float) -> float:
        """The field (T) of a current (A), as programmed."""
        return amperes / self.supplies[name].amperes_per_tesla

    def read_activity(self, name: str) -> str:
        return self.supplies[name].activity.value

    def read_heater(self, name: str) -> str:
        supply = self.supplies[name]
        if not supply.has_switch:
            return NOT_AVAILABLE
        return "ON" if supply.heater_on else "OFF"

    def read_alarms(self, _: str) -> str:
        """Device, tab, text, semicolon for each; nothing when all is well."""
        return "".join(f"{name}\t{QUENCH_ALARM};" for name, supply in self.supplies.items() if supply.quenched)

    def read_catalogue(self, _: str) -> str:
        return ":".join(f"DEV:{name}:{kind}" for name, kind in self.devices.items())

    # Settings

    def begin(self, name: str, wanted: Activity) -> str:
        done = self.supplies[name].begin(wanted)
        self._look_ahead()
        return VALID if done else WHEN_REFUSED

    def set_field(self, name: str, tesla: float) -> str:
        return self.set_current(name, tesla * self.supplies[name].amperes_per_tesla)

    def set_current(self, name: str, amperes: float) -> str:
        return VALID if self.supplies[name].set_current(amperes) else INVALID

    def set_field_rate(self, name: str, tesla_per_minute: float) -> str:
        return self.set_current_rate(name, tesla_per_minute * self.supplies[name].amperes_per_tesla)

    def set_current_rate(self, name: str, amperes_per_minute: float) -> str:
        return VALID if self.supplies[name].set_rate(amperes_per_minute / _PER_MINUTE) else INVALID

    def set_ratio(self, name: str, amperes_per_tesla: float) -> str:
        if not 1e-3 <= amperes_per_tesla <= 1e6:
            return INVALID
        self.supplies[name].amperes_per_tesla = amperes_per_tesla
        return VALID

    def heat(self, name: str, on: bool, forced: bool = False) -> str:
        if not self.supplies[name].has_switch:
            return NOT_AVAILABLE
        done = self.supplies[name].heat(on, forced)
        self._look_ahead()
        return VALID if done else WHEN_REFUSED

    def force_heater(self, name: str, on: bool) -> str:
        return self.heat(name, on, forced=True)

    def set_delay(self, name: str, milliseconds: float, which: str) -> str:
        if not 0.0 <= milliseconds <= 3.6e6:
            return INVALID
        setattr(self.supplies[name], which, 1e-3 * milliseconds)
        return VALID


class MercurySPSU(MercuryIPS):
    """MercuryiPS with firmware 2.6 or later."""

    firmware = "2.6.04.000"
    identity = f"IDN:OXFORD INSTRUMENTS:MERCURY IPS:{SERIAL}:{firmware}"
    supply_word = "SPSU"


def _current(which: str, unit: str, setting: Any = None) -> None:
    def read(panel: MercuryIPS, name: str) -> str:
        return quantity(panel.amperes(name, which), unit)

    MercuryIPS.entry(f"DEV:PSU:SIG:{which}", read, setting)


def _field(which: str, current: str, unit: str, setting: Any = None) -> None:
    def read(panel: MercuryIPS, name: str) -> str:
        return quantity(panel.tesla(name, panel.amperes(name, current)), unit, FIELD_DECIMALS)

    MercuryIPS.entry(f"DEV:PSU:SIG:{which}", read, setting)


def _delay(which: str, attribute: str) -> None:
    def read(panel: MercuryIPS, name: str) -> str:
        return fixed(1e3 * getattr(panel.supplies[name], attribute), 0)

    def write(panel: MercuryIPS, name: str, milliseconds: float) -> str:
        return panel.set_delay(name, milliseconds, attribute)

    MercuryIPS.entry(f"DEV:PSU:{which}", read, write)


_current("CURR", "A")
_current("PCUR", "A")
_current("RCUR", "A/m")
_current("CSET", "A", MercuryIPS.set_current)
_current("RCST", "A/m", MercuryIPS.set_current_rate)
_field("FLD", "CURR", "T")
_field("PFLD", "PCUR", "T")
_field("RFLD", "RCUR", "T/m")
_field("FSET", "CSET", "T", MercuryIPS.set_field)
_field("RFST", "RCST", "T/m", MercuryIPS.set_field_rate)
_delay("SWONT", "heating")
_delay("SWOFT", "cooling")
MercuryIPS.entry("DEV:PSU:SIG:VOLT", lambda panel, name: quantity(panel.supplies[name].voltage(), "V"))
MercuryIPS.entry("DEV:PSU:SIG:SWHT", MercuryIPS.read_heater, MercuryIPS.heat, switch)
MercuryIPS.entry("DEV:PSU:SIG:SWHN", MercuryIPS.read_heater, MercuryIPS.force_heater, switch)
MercuryIPS.entry("DEV:PSU:ACTN", MercuryIPS.read_activity, MercuryIPS.begin, activity)
MercuryIPS.entry(
    "DEV:PSU:ATOB",
    lambda panel, name: quantity(panel.supplies[name].amperes_per_tesla, RATIO_UNIT),
    MercuryIPS.set_ratio,
    number,
)
MercuryIPS.entry("DEV:PSU:CLIM", lambda panel, name: quantity(CURRENT_LIMIT, "A"))
MercuryIPS.entry("DEV:PSU:VLIM", lambda panel, name: quantity(VOLTAGE_LIMIT, "V"))
MercuryIPS.entry("DEV:PSU:IND", lambda panel, name: quantity(panel.supplies[name].inductance, "H"))
MercuryIPS.entry("DEV:PSU:SHTC", lambda panel, name: fixed(HEATER_CURRENT, CURRENT_DECIMALS))
MercuryIPS.entry("DEV:PSU:SWPR", lambda panel, name: "ON" if panel.supplies[name].has_switch else "OFF")
MercuryIPS.entry("DEV:TEMP:SIG:TEMP", lambda panel, name: quantity(TEMPERATURES[name], "K"))
MercuryIPS.entry("SYS:CAT", MercuryIPS.read_catalogue)
MercuryIPS.entry("SYS:ALRM", MercuryIPS.read_alarms)
MercuryIPS.entry("SYS:MAN:SERL", lambda panel, _: SERIAL)
MercuryIPS.entry("SYS:MAN:FVER", lambda panel, _: panel.firmware)
MercuryIPS.entry("SYS:MAN:HVER", lambda panel, _: "B3")
