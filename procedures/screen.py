"""What a family run shows in a terminal or notebook: a bar a curve, and the table of fits as they come in."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, JustifyMethod
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from coldfinger.analysis.fits.fit import Estimate, Fit
from coldfinger.procedures.checks.schedule import summary
from coldfinger.procedures.family import FamilyMember, digits
from coldfinger.procedures.runner import Progress as ProgressFunction
from coldfinger.procedures.words.quantity import OERSTED, duration_text
from coldfinger.runfiles.quality import disbelief

_REDRAW = 0.1  # s
_BOTH_SIGNS = (
    "fields of both signs: flux trapped in the magnet shifts every field after a change of sign by up to some Oe; "
    "the column H does not know it"
)


class FamilyScreen:
    """Bars and a live table on standard error; leaves only the bars behind."""

    def __init__(self, fields: Sequence[float]) -> None:
        self._fields = sorted(fields, key=lambda field: (abs(field), field))
        self._members: list[FamilyMember] = []
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[left]}"),
        )
        self._running = False
        self._live = Live(get_renderable=self._render, console=Console(stderr=True), refresh_per_second=10)

    def __enter__(self) -> Self:
        self._running = True
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._live.stop()

    def _render(self) -> Group:
        if self._running and self._members:
            return Group(self._bars, fit_table(self._members, "so far"))
        return Group(self._bars)

    def progress(self, number: int) -> ProgressFunction:
        """The progress function of run `number`."""
        name = f"{self._fields[number] / OERSTED:g} Oe"
        task = self._bars.add_task(f"R(T) at {name:>8}", total=100.0, left="on the way to the start")
        return _Ticker(self._bars, task)

    def finished(self, member: FamilyMember) -> None:
        """Close the bar of a run and add its fit to the table."""
        task = self._bars.tasks[len(self._members)].id
        believed = member.run.rows - member.run.disbelieved
        text = f"{member.run.outcome}, {believed} of {member.run.rows} rows believed"
        self._bars.update(task, completed=100.0 if member.run.outcome == "done" else None, left=text)
        self._members.append(member)


def print_family(members: Sequence[FamilyMember], title: str) -> None:
    """The table of fits on standard output, and below it what the table does not say."""
    console = Console(width=max(80, Console().width))
    console.print(fit_table(members, title))
    fields = [member.field_oersted for member in members]
    if fields and min(fields) < 0 < max(fields):
        console.print(_BOTH_SIGNS, style="red", soft_wrap=True)
    for member in members:
        for remark in _remarks(member):
            console.print(f"{member.field_oersted:g} Oe: {remark}", style="red", soft_wrap=True)


def _remarks(member: FamilyMember) -> list[str]:
    """What the table does not say: why a run is not done, why rows are not believed, why there is no fit."""
    run = member.run
    remarks = [f"{run.outcome}: {run.reason}"] if run.outcome != "done" else []
    if member.fit is None:
        remarks.append(f"no fit: {member.no_fit}")
    elif member.label in ("superconductor", "log insulator"):
        remarks.append(f"the curve is that of a {member.label}: neither law describes it")
    elif member.fit.sd_scaled:
        remarks.append("χ²/ν is above 1.5: the errors were widened, or the law does not hold")
    if run.disbelieved:
        reasons = disbelief(member.frame["flags"].astype(int))
        remarks.append(f"{run.disbelieved} of {run.rows} rows not believed: {reasons}")
    return remarks + summary(run.verdicts)


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
        text = f"{duration_text(virtual)} to go, {duration_text(real)} here" if left else "under way"
        self._bars.update(self._task, completed=percent, left=text)


def fit_table(members: Sequence[FamilyMember], title: str) -> Table:
    """Field, law, saturation, activation energy, status, quality of every curve; fits 80 columns."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for name in ("H (Oe)", "law", "saturation", "E_a (mK)", "status", "χ²/ν", "rows"):
        side: JustifyMethod = "left" if name in ("law", "status") else "right"
        table.add_column(name, justify=side, no_wrap=True)
    for member in members:
        table.add_row(f"{member.field_oersted:g}", *_fit_cells(member), _rows(member))
    return table


def _rows(member: FamilyMember) -> str:
    run = member.run
    return f"{run.rows - run.disbelieved}/{run.rows}"


def _fit_cells(member: FamilyMember) -> tuple[str, ...]:
    fit = member.fit
    if fit is None:
        return "-", "-", "-", "no fit", "-"
    insulator = fit.law == "eq1"
    energy = fit.parameters["E_aI" if insulator else "E_aS"]
    return (
        "Eq. 1" if insulator else "Eq. 2",
        _saturation(fit, fit.parameters["sigma_QF"], 1e6, "µS")
        if insulator
        else _saturation(fit, fit.parameters["rho_QF"], 1e-3, "kΩ"),
        digits(energy.value * 1e3, energy.sd * 1e3),
        fit.status,
        f"{fit.chi2_nu:.2f}",
    )


def _saturation(fit: Fit, base: Estimate, scale: float, unit: str) -> str:
    symbol = "σ_QF" if fit.law == "eq1" else "ρ_QF"
    limit = "" if base.upper95 is None else f"< {base.upper95 * scale:.2g} {unit}"
    if fit.status == "limit":
        return f"{symbol} {limit}"
    value = f"{symbol} {digits(base.value * scale, base.sd * scale)} {unit}"
    return f"{value} ({limit})" if limit else value
