"""What a Model 430 knows of its coil and of units: the coil constant, limits, and numbers as they are on the wire.

The supply drives a current; a field is that current times the programmed coil constant, whatever the coil really is.
"""

from typing import TYPE_CHECKING

from coldfinger.sim.scpi import CommandTable, Fault, Panel, Refused, boolean, real, spellings

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

CURRENT_RATING = 60.0  # A, of the supply; assumed default
CURRENT_LIMIT = 50.0  # A, of the coil; assumed default
TESLA_DECIMALS = 7  # of a field in tesla; one less in kilogauss
CURRENT_DECIMALS = 6
KILOGAUSS_PER_TESLA = 10.0
OERSTED_PER_TESLA = 1e4


def fixed(value: float, decimals: int) -> str:
    """Decimal notation without a negative zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


class CoilPanel(Panel):
    """What the front panel knows of its coil."""

    commands = CommandTable(spellings)

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__()
        self._cryostat = cryostat
        self._magnet = cryostat.magnet
        self._true_constant = self._magnet.model.oersted_per_ampere
        self._constant = self._true_constant / OERSTED_PER_TESLA  # T/A, as programmed
        self._limit = CURRENT_LIMIT
        self._tesla = False
        self._per_minute = False
        self._volt_limit = 5.0

    # Numbers of the wire and of the coil

    def _current(self) -> float:
        return self._magnet.supply_field(self._cryostat.now) / self._true_constant

    def _field_per_ampere(self) -> float:
        """In the field unit of the wire."""
        return self._constant if self._tesla else self._constant * KILOGAUSS_PER_TESLA

    def _shown_field(self, amperes: float) -> str:
        decimals = TESLA_DECIMALS if self._tesla else TESLA_DECIMALS - 1
        return fixed(amperes * self._field_per_ampere(), decimals)

    def _shown_current(self, amperes: float) -> str:
        return fixed(amperes, CURRENT_DECIMALS)

    @property
    def _rate_unit(self) -> float:
        """Seconds in the time unit of the wire."""
        return 60.0 if self._per_minute else 1.0

    # Units

    @commands.command("CONFigure:FIELD:UNITS", takes=(boolean,))
    def set_field_unit(self, tesla: bool) -> None:
        self._tesla = tesla

    @commands.command("FIELD:UNITS?")
    def read_field_unit(self) -> str:
        return str(int(self._tesla))

    @commands.command("CONFigure:RAMP:RATE:UNITS", takes=(boolean,))
    def set_rate_unit(self, per_minute: bool) -> None:
        self._per_minute = per_minute

    @commands.command("RAMP:RATE:UNITS?")
    def read_rate_unit(self) -> str:
        return str(int(self._per_minute))

    # Coil and limits

    @commands.command("CONFigure:COIL", takes=(real(),))
    def set_coil_constant(self, constant: float) -> None:
        tesla_per_ampere = constant if self._tesla else constant / KILOGAUSS_PER_TESLA
        if not 1e-6 <= tesla_per_ampere <= 1e3:
            raise Refused(Fault.OUT_OF_RANGE)
        self._constant = tesla_per_ampere

    @commands.command("COIL?")
    def read_coil_constant(self) -> str:
        return fixed(self._field_per_ampere(), TESLA_DECIMALS)

    @commands.command("CONFigure:CURRent:LIMit", takes=(real(0.0, CURRENT_RATING),))
    def set_current_limit(self, amperes: float) -> None:
        self._limit = amperes

    @commands.command("CURRent:LIMit?")
    def read_current_limit(self) -> str:
        return self._shown_current(self._limit)

    @commands.command("CURRent:RATING?")
    def read_current_rating(self) -> str:
        return self._shown_current(CURRENT_RATING)

    @commands.command("CONFigure:VOLTage:LIMit", takes=(real(0.001, 20.0),))
    def set_voltage_limit(self, volts: float) -> None:
        self._volt_limit = volts

    @commands.command("VOLTage:LIMit?")
    def read_voltage_limit(self) -> str:
        return fixed(self._volt_limit, 4)
