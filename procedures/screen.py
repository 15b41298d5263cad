"""What a family run shows in a terminal: one bar a field with virtual and real time, then a table."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from coldfinger.analysis.fit import Estimate, Fit
from coldfinger.procedures.demo import DemoPlan, DemoResult
from coldfinger.procedures.family import FamilyMember, digits
from coldfinger.procedures.quantity import OERSTED
from coldfinger.procedures.runner import Progress as ProgressFunction
from coldfinger.procedures.station import duration_text

_REDRAW = 0.1  # s


class FamilyScreen:
    """Bars while it runs, on standard error; `show` prints the result on standard output."""

    def __init__(self, fields: Sequence[float]) -> None:
        self._fields = sorted(fields, key=lambda field: (abs(field), field))
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            refresh_per_second=10,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def progress(self, number: int) -> ProgressFunction:
        """The progress function of run `number`."""
        name = f"{self._fields[number] / OERSTED:g} Oe"
        task = self._bars.add_task(f"R(T) at {name:>8}", total=100.0, left="on the way to the start")
        return _Ticker(self._bars, task)

    def finished(self, member: FamilyMember) -> None:
        task = self._bars.tasks[-1].id
        believed = member.run.rows - member.run.disbelieved
        text = f"{member.run.outcome}, {believed} of {member.run.rows} rows believed"
        self._bars.update(task, completed=100.0 if member.run.outcome == "done" else None, left=text)

    def show(self, result: DemoResult, plan: DemoPlan) -> None:
        """Print the table of fits and where everything is."""
        console = Console()
        console.print(fit_table(result.members, f"{Path(plan.sample).stem}, simulated, seed {plan.seed}"))
        for member in result.members:
            if member.run.outcome != "done":
                console.print(f"{member.field_oersted:g} Oe: {member.run.outcome}: {member.run.reason}", style="red")
        console.print(
            f"{duration_text(result.virtual_seconds)} of refrigerator time in {result.wall_seconds:.1f} s. "
            f"Runs: {plan.folder}" + (f", figure: {result.figure}" if result.figure else ""),
            soft_wrap=True,
        )


class _Ticker:
    """Updates one bar, at most ten times a second."""

    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task
        self._began: tuple[float, float] | None = None
        self._last = 0.0

    def __call__(self, percent: float, clock: float) -> None:
        now = time.perf_counter()
        if self._began is None:
            self._began = (now, clock)
        if now - self._last < _REDRAW:
            return
        self._last = now
        left = (100.0 - percent) / percent if percent > 1.0 else 0.0
        real, virtual = (now - self._began[0]) * left, (clock - self._began[1]) * left
        text = f"{duration_text(virtual)} to go, {duration_text(real)} here" if left else ""
        self._bars.update(self._task, completed=percent, left=text)


def fit_table(members: Sequence[FamilyMember], title: str) -> Table:
    """Field, law, saturation, activation energy, status, quality of every curve."""
    table = Table(title=title)
    for name, side in [
        ("H (Oe)", "right"),
        ("law", "left"),
        ("saturation", "right"),
        ("E_a (K)", "right"),
        ("status", "left"),
        ("chi²/ν", "right"),
        ("T (K)", "left"),
        ("rows", "right"),
    ]:
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    for member in members:
        table.add_row(f"{member.field_oersted:g}", *_fit_cells(member.fit, member.no_fit), _rows(member))
    return table


def _rows(member: FamilyMember) -> str:
    run = member.run
    return f"{run.rows - run.disbelieved}/{run.rows}"


def _fit_cells(fit: Fit | None, no_fit: str) -> tuple[Any, ...]:
    if fit is None:
        return "-", no_fit, "-", "no fit", "-", "-"
    base, energy = ("sigma_QF", "E_aI") if fit.law == "eq1" else ("rho_QF", "E_aS")
    return (
        "Eq. 1" if fit.law == "eq1" else "Eq. 2",
        _base(fit, fit.parameters[base]),
        digits(fit.parameters[energy].value, fit.parameters[energy].sd),
        {"value": "value", "weak": "weak", "limit": "upper limit"}[fit.status],
        f"{fit.chi2_nu:.2f}",
        f"{fit.T_min:.3f}-{fit.T_max:.3f}",
    )


def _base(fit: Fit, base: Estimate) -> str:
    scale, unit, name = (1e6, "uS", "σ_QF") if fit.law == "eq1" else (1e-3, "kΩ", "ρ_QF")
    if fit.status == "limit" or base.upper95 is not None and not base.value > 0:
        limit = base.upper95 if base.upper95 is not None else float("nan")
        return f"{name} < {limit * scale:.3g} {unit}"
    return f"{name} = {digits(base.value * scale, base.sd * scale)} {unit}"
