"""Parameters of the runs of a plan, in their own units: its defaults, those of the loops, those of the step itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coldfinger.procedures.engine.build import RUNNABLE
from coldfinger.procedures.plans.plan_lines import Path, PlanText, did_you_mean
from coldfinger.procedures.plans.plan_names import parameters_of
from coldfinger.procedures.plans.plan_values import ValueMistake, parameter_value, parameter_values, read_value
from coldfinger.procedures.plans.step_keys import COMMON, LoopPlace
from coldfinger.procedures.words.pacing_text import pacing_parameters
from coldfinger.procedures.words.quantity import QuantityError

PLACE = ("field", "temperature")
"""Parameters that say where the refrigerator stands."""


@dataclass
class RunParameters:
    """Reads the parameters of one plan; every method raises PlanFileError for what cannot be used."""

    plan: PlanText
    defaults: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By procedure and parameter, as [defaults] gives them."""
    _loops: dict[tuple[Path, str], list[Any]] = field(default_factory=dict)

    def read_defaults(self, table: Mapping[str, Any]) -> None:
        """Read [defaults] for every procedure that has the parameter; call before the others."""
        every = {name: parameters_of(name) for name in RUNNABLE}
        for name, raw in table.items():
            path: Path = ("defaults", name)
            having = [procedure for procedure, known in every.items() if name in known]
            if not having:
                known = sorted({parameter for parameters in every.values() for parameter in parameters})
                self.plan.refuse(path, f"no procedure has the parameter {name[:60]!r}; {did_you_mean(name, known)}")
            mistakes: list[tuple[type, ValueMistake]] = []
            taken: set[type] = set()
            for procedure in having:
                parameter = every[procedure][name]
                try:
                    self.defaults[procedure, name] = parameter_value(procedure, name, parameter, raw)
                    taken.add(type(parameter))
                except ValueMistake as error:
                    mistakes.append((type(parameter), error))
            # `points` is a number of rows for one procedure and a list of fields for another: one of them is meant.
            for kind, mistake in mistakes:
                if kind in taken or not taken:
                    self.plan.refuse(path, str(mistake))

    def read(
        self,
        procedure: str,
        step: Mapping[str, Any],
        where: Path,
        keys: Sequence[str],
        loops: Sequence[LoopPlace],
        leave_out: bool = False,
    ) -> dict[str, Any]:
        """What a run is given by a step, whose `keys` are no parameters.

        With `leave_out` the defaults of field and temperature do not count.
        """
        known = parameters_of(procedure)
        given = self._written(procedure, step, where, keys)
        values = {
            name: self.defaults[procedure, name]
            for name in known
            if (procedure, name) in self.defaults and not (leave_out and name in PLACE)
        }
        for loop in loops:
            if loop.parameter in known:
                if loop.parameter in given:
                    line = self.plan.line(loop.path)
                    self.plan.refuse(
                        given[loop.parameter][0],
                        f"{loop.parameter} is set by the loop at line {line}, too; leave one of them out",
                    )
                listed = self.loop_values(procedure, loop.parameter, loop.raw, loop.path)
                values[loop.parameter] = listed[loop.index]
        for name, (path, raw) in given.items():
            values |= self._value(procedure, name, raw, path, given)
        return values

    def _written(
        self, procedure: str, step: Mapping[str, Any], where: Path, keys: Sequence[str]
    ) -> dict[str, tuple[Path, object]]:
        """Parameters that stand in a step or in its table `parameters`: where, and what stands there."""
        given = {name: ((*where, name), raw) for name, raw in step.items() if name not in keys}
        table = step.get("parameters", {})
        if not isinstance(table, dict):
            self.plan.refuse(
                (*where, "parameters"), 'parameters is not a table; write parameters = { on_failure = "adapt" }'
            )
        for name, raw in table.items():
            if name in given:
                self.plan.refuse(
                    (*where, "parameters", name), f"{name[:60]} stands twice in this step; keep one of them"
                )
            given[name] = ((*where, "parameters", name), raw)
        known = parameters_of(procedure)
        for name, (path, _) in given.items():
            if name not in known:
                self.plan.refuse(
                    path, f"{procedure} has no parameter {name[:60]!r}; {did_you_mean(name, (*known, *COMMON))}"
                )
        return given

    def _value(self, procedure: str, name: str, raw: object, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        """One parameter of a step; a pacing may be written as on the command line ("5 mK/min", "log 25")."""
        parameter = parameters_of(procedure)[name]
        if (
            name == "pacing"
            and procedure == "TemperatureRamp"
            and isinstance(raw, str)
            and raw not in parameter.choices
        ):
            try:
                meant = pacing_parameters(raw)
            except QuantityError as error:
                near = did_you_mean(raw, parameter.choices)
                self.plan.refuse(
                    path, str(error) if near.startswith("allowed") else f"pacing = {raw!r} is unknown; {near}"
                )
            for other in meant:
                if other != "pacing" and other in given:
                    self.plan.refuse(path, f"pacing = {raw!r} says {other} already; leave {other} out")
            return {key: float(f"{v:.12g}") if isinstance(v, float) else v for key, v in meant.items()}
        return {name: read_value(self.plan, path, lambda v: parameter_value(procedure, name, parameter, v), raw)}

    def loop_values(self, procedure: str, name: str, raw: object, path: Path) -> list[Any]:
        """What a loop gives to a parameter, one after the other."""
        key = (path, procedure)
        if key not in self._loops:
            parameter = parameters_of(procedure)[name]
            values = read_value(self.plan, path, lambda v: parameter_values(procedure, name, parameter, v), raw)
            if not values:
                self.plan.refuse(path, f"{name} = [] has no values; give at least one")
            self._loops[key] = values
        return self._loops[key]

    def shown(self, loop: LoopPlace) -> str:
        """The present value of a loop, for a name."""
        for (place, procedure), values in self._loops.items():
            if place == loop.path:
                value, unit = values[loop.index], getattr(parameters_of(procedure)[loop.parameter], "units", None)
                return f"{value:g} {unit}" if isinstance(value, float) and unit else str(value)
        return loop.parameter
