"""What this station must never be asked for. Checked before a run starts and again at every command."""

from dataclasses import dataclass

from coldfinger.procedures.quantity import OERSTED, show


class LimitError(ValueError):
    """A wish beyond a limit of the station; nothing was started. One sentence with value, limit, what to do."""


@dataclass(frozen=True)
class Limits:
    """Station limits in SI units."""

    field: float  # T
    field_rate: float  # T/s
    lowest_temperature: float  # K
    highest_temperature: float  # K
    current: float  # A rms
    where: str = "the station"
    bias: float = 0.0  # A dc
    bias_step: float = 10e-9  # A
    fastest: float = 60.0  # s in which the station can come to harm if nobody acts

    def check_field(self, field: float, what: str = "field") -> None:
        """Raise LimitError for a field (T) beyond the limit."""
        if not abs(field) <= self.field * (1 + 1e-9):
            raise LimitError(
                f"{what}: {field / OERSTED:.6g} Oe ({field:g} T) is beyond the limit of {self.where}, "
                f"{show(self.field, 'field')} ({self.field:g} T); 1 T is 10000 Oe"
            )

    def check_field_rate(self, rate: float, what: str = "field rate") -> None:
        """Raise LimitError for a field rate (T/s) that is not positive or too fast."""
        if not 0 < rate <= self.field_rate * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(rate, 'field rate')} is not above zero and up to the limit of {self.where}, "
                f"{show(self.field_rate, 'field rate')}"
            )

    def check_temperature(self, temperature: float, what: str = "temperature") -> None:
        """Raise LimitError for a temperature (K) outside the limits."""
        low, high = self.lowest_temperature, self.highest_temperature
        if not low * (1 - 1e-9) <= temperature <= high * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(temperature, 'temperature')} is outside the limits of {self.where}, "
                f"{show(low, 'temperature')} to {show(high, 'temperature')}"
            )

    def check_current(self, current: float, what: str = "current") -> None:
        """Raise LimitError for a current (A rms) that is not positive or beyond the limit."""
        if not 0 < current <= self.current * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(current, 'current')} is not above zero and up to the limit of {self.where}, "
                f"{show(self.current, 'current')}"
            )

    def check_bias(self, bias: float, what: str = "bias") -> None:
        """Raise LimitError for a dc current (A) through the film beyond the limit."""
        if not abs(bias) <= self.bias * (1 + 1e-9):
            raise LimitError(
                f"{what}: {show(bias, 'current')} is beyond the limit of {self.where}, {show(self.bias, 'current')}; "
                "choose less, or raise limits.bias in the station file"
            )
