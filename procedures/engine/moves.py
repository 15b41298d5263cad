"""Set points between runs: the field, then the temperature, reached and held; no rows."""

from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.engine.items import Item
from coldfinger.procedures.failures import ProcedureFailure
from coldfinger.procedures.planning import Plan, Stage, Whereabouts, field_stage, first_approach_stage
from coldfinger.procedures.words.quantity import show

_TOLERANCE, _WINDOW = 0.02, 20.0  # relative, s
_SETTLE_TIMES, _SETTLE_EXTRA = 12.0, 900.0  # time-out in thermal time constants, and s for the refrigerator


class Move(TransportProcedure):
    """Goes to a field (T) and a temperature (K), either of which may be None: left alone."""

    DATA_COLUMNS: list[str] = []  # noqa: RUF012  as pymeasure has it

    def __init__(self, field: float | None = None, temperature: float | None = None) -> None:
        super().__init__()
        self.to_field, self.to_temperature = field, temperature

    def check(self) -> None:
        if self.to_field is not None:
            self.station.limits.check_field(self.to_field)
        if self.to_temperature is not None:
            self.station.limits.check_temperature(self.to_temperature)

    def plan(self, since: Whereabouts | None = None) -> Plan:
        since = since or self.whereabouts()
        stages: list[Stage] = []
        if self.to_field is not None:
            stages.append(field_stage(self.station, since.field, self.to_field))
        if self.to_temperature is not None:
            stages.append(
                first_approach_stage(self.station, since.temperature, self.to_temperature, _TOLERANCE, _WINDOW)
            )
        return Plan("set points", tuple(stages))

    def take_data(self) -> None:
        if self.to_field is not None:
            self.reach_field(self.to_field)
        if self.to_temperature is not None:
            timeout = _SETTLE_EXTRA + _SETTLE_TIMES * self.station.thermal_time(self.to_temperature)
            if not self.reach_temperature(self.to_temperature, _TOLERANCE, _WINDOW, timeout):
                raise ProcedureFailure(
                    f"{show(self.to_temperature, 'temperature')} was not reached within {timeout:.0f} s; "
                    "the queue goes on as its failure policy says"
                )


def move_of(item: Item) -> Move:
    """The move of an item of the kind "set"."""
    return Move(item.settings.get("field"), item.settings.get("temperature"))
