"""How long anything has to wait for the window, against its budgets; the whole window with its owner, no screen.

python -m benchmarks.window_load                  every scenario, some three minutes
python -m benchmarks.window_load live queue       only these
python -m benchmarks.window_load live --seconds 600
"""

import argparse
import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.open_window import Lags, OpenWindow, guilty, opened, own, percentile
from coldfinger.analysis.laws import failed_insulator
from coldfinger.procedures.data.rows import RowForm
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.engine.items import Item
from coldfinger.runfiles.journal import JOURNAL_NAME, encode, line_of

COLUMNS = (
    "time (s)", "T_mc (K)", "T_sample (K)", "T_sample_sd (K)", "H_set (Oe)", "H (Oe)", "I (A)",
    "rho (ohm)", "rho_sd (ohm)", "phase (deg)", "heater (percent)", "flags",
)  # fmt: skip
RAMP = "coldfinger.procedures.temperature_ramp.TemperatureRamp"
LIVE, FAMILY, FIT, MAP = range(4)
CURVES, POINTS, NEW = 12, 100_000, 100
RUNS, LONG = 200, 1_000_000
ITEMS, SPEED = 200, 1000
SHOWN = 4
"""Stalls of a scenario that are printed with their lines."""


@dataclasses.dataclass(frozen=True)
class Budget:
    """Lag of 99 % of the stamps and of any stamp (s)."""

    p99: float
    stall: float


def columns_of(number: int, field: float) -> dict[str, np.ndarray]:
    """A ramp as it is measured, in memory."""
    T = np.geomspace(0.05, 0.7, number)
    true = failed_insulator(T, 3e-5 * (100 / field), 1.6e-4, 0.59)
    rho = true * (1 + 0.01 * np.random.default_rng(int(field)).normal(size=number))
    values = (
        np.arange(number, dtype=float), T, T, 1e-3 * T, np.full(number, field), np.full(number, field),
        np.full(number, 1e-9), rho, 0.01 * true, np.full(number, -0.5), np.full(number, 10.0), np.zeros(number),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


class Growing:
    """In the place of the reader of files: runs in memory that have got `NEW` rows at each look."""

    def __init__(self, folder: Path, runs: int, points: int, begin: int, step: int = NEW) -> None:
        from coldfinger.gui.pages.run_feed import RunRows

        self.refused: set[Path] = set()
        self.count, self.points, self.step = begin, points, step
        self.whole = {}
        for i in range(runs):
            columns = columns_of(points, 60.0 * (1 + i))
            path = folder / f"live_{60 * (1 + i)}"
            self.whole[path] = RunRows(
                path, path.name, "TemperatureRamp", True, 60.0 * (1 + i), columns,
                np.zeros(points, dtype=np.int64), (), "", 0, table=lambda: None,
            )  # fmt: skip

    def look(self, folders: Any, follow: Any) -> tuple[dict[Path, Any], list[str]]:
        self.count = self.count + self.step if self.count + self.step <= self.points else self.points // 2
        return {folder: self._first(self.whole[folder]) for folder in folders if folder in self.whole}, []

    def _first(self, rows: Any) -> Any:
        columns = {label: column[: self.count] for label, column in rows.columns.items()}
        now = dataclasses.replace(rows, columns=columns, flags=rows.flags[: self.count])
        return dataclasses.replace(now, table=lambda: _table(now))


def _table(rows: Any) -> Any:
    """What a fit takes, copied anew each time as the reader of files does."""
    import pandas as pd

    from coldfinger.analysis.dataset import BELIEVED, Table

    frame = pd.DataFrame({label: column.copy() for label, column in rows.columns.items()})
    frame[BELIEVED] = True
    return Table(rows.name, (rows.folder,), "TemperatureRamp", "film", "S0", "sim", True, "running", frame, rows.field)


@contextmanager
def growing(window: OpenWindow, runs: int, points: int, begin: int, step: int = NEW) -> Iterator[Growing]:
    """Runs that grow ten times a second, all ticked; the reader of files comes back in the end."""
    plots = window.window.plots
    reading = plots.reading
    window.until(lambda: not reading.busy, "the reader at rest")
    kept, reading.feeds = reading.feeds, Growing(window.data, runs, points, begin, step)
    module = import_module("coldfinger.gui.pages.run_reading")
    pace, module.SLOW = module.SLOW, 1  # all of them at each look
    try:
        plots.show_runs(list(reading.feeds.whole))
        window.until(lambda: len(reading.rows) == runs, "the runs in the plots")
        yield reading.feeds
    finally:
        module.SLOW = pace
        window.until(lambda: not reading.busy, "the reader at rest")
        reading.feeds, reading.rows = kept, {}
        plots.show_runs([])


def live(window: OpenWindow, seconds: float) -> None:
    """12 curves of 1e5 points, 100 new ones each ten times a second, on logarithmic axes."""
    plots = window.window.plots
    plots.show_tab(FAMILY)
    plots.family.plot.set_log(True, True)
    with growing(window, CURVES, POINTS, POINTS // 2):
        window.wait(1.0)
        with window.measuring(f"{CURVES} curves x {POINTS:.0e} points live, log-log"):
            window.wait(seconds)


def idle(window: OpenWindow, seconds: float) -> None:
    """The window and nothing to do."""
    with window.measuring("nothing happens"):
        window.wait(min(seconds, 10.0))


def runs(window: OpenWindow, seconds: float) -> None:
    """Runs begin, end, are skipped and are aborted, through the form and the banner."""
    desk, panel, banner = window.desk, window.window.new_run, window.window.banner
    window.window.plots.show_tab(LIVE)

    def state() -> str:
        return str(desk.latest.get("state"))

    def busy() -> bool:
        return bool(desk.latest.get("running", {}).get("folder"))

    with window.measuring("runs begin, end, are skipped, fail, are aborted"):
        for act in ("end", "skip", "fail", "abort") * 2:
            if act == "end" or act == "fail":
                before = len(desk.latest.get("items", []))
                item = _short(act == "fail")
                desk.command("add", items=[item.to_json()])
                window.until(lambda n=before: len(desk.latest["items"]) > n, "the item in the queue")
                window.until(lambda: state() in ("idle", "held"), "the end of a run")
            else:
                panel.start()
                window.until(busy, "a run")
                window.wait(1.0)
                banner.asked.emit(act)
                window.until(lambda: not busy() and state() in ("idle", "held", "safe"), f"the end after {act}")
            if state() != "idle":
                desk.command("resume")
                window.until(lambda: state() == "idle", "an idle engine")
            window.wait(0.3)


def _short(fails: bool) -> Item:
    parameters = {"start": 0.050, "stop": 0.055, "points": 5, "field": 0.0} | ({"rate": 1e9} if fails else {})
    return Item("run", "", "R(T) of five points", "TemperatureRamp", parameters)


def fit(window: OpenWindow, seconds: float) -> None:
    """A live fit of a run of 1e4 points."""
    plots = window.window.plots
    plots.show_tab(FIT)
    with growing(window, 1, 10_000, 9_000, 10):
        window.until(lambda: plots.fit.answer is not None, "a fit")
        with window.measuring("fit of 1e4 points live"):
            window.wait(min(seconds, 15.0))


def map_(window: OpenWindow, seconds: float) -> None:
    """A map of 201 x 120 cells from twelve runs that grow."""
    plots = window.window.plots
    plots.show_tab(MAP)
    with growing(window, CURVES, 4_000, 3_000, 5):
        window.until(lambda: plots.map.map is not None, "a map")
        with window.measuring("map of 201 x 120 made anew twice a second"):
            window.wait(min(seconds, 15.0))


def many(window: OpenWindow, seconds: float) -> None:
    """200 runs appear in the folder, are ticked, shown over one another; then one of a million rows is opened."""
    panel, plots = window.window.runs, window.window.plots
    plots.show_tab(FAMILY)
    there = len(panel.model.entries)
    for i in range(RUNS):
        _written(window.data / f"rt_{i:03d}", 5.0 * i)
    window.wait(0.2)  # what was written here, in the window's own thread, is not its fault
    with window.measuring(f"{RUNS} runs found and listed"):
        window.until(lambda: len(panel.model.entries) >= RUNS + there, "the runs in the list")
        window.wait(2.0)
    names = [row for row, entry in enumerate(panel.model.entries) if entry.folder.startswith("rt_")]
    with window.measuring(f"{RUNS} runs ticked and shown"):
        panel.model.tick(names)
        window.until(lambda: len(plots.reading.rows) >= RUNS, "the runs in the plots")
        window.wait(2.0)
    with window.measuring(f"{RUNS} runs unticked"):
        panel.model.untick_all()
        window.wait(2.0)
    long = _long(window.data / "long", LONG)
    window.wait(0.2)
    with window.measuring(f"a run of {LONG:.0e} rows opened"):
        window.until(lambda: any(entry.folder == "long" for entry in panel.model.entries), "the long run", 300.0)
        plots.open_run(long)
        window.until(lambda: long in plots.reading.rows, "its rows", 300.0)
        window.wait(2.0)


def _written(folder: Path, field: float, rows: int = 60) -> None:
    values = columns_of(rows, field or 1.0)
    header = {"simulated": True, "procedure": RAMP, "sample": {"name": "film 3", "stage": "S0", "squares": 2.0}}
    with RunWriter(folder, header=header, columns=COLUMNS, sync=False) as writer:
        for i in range(rows):
            writer.point({label: float(column[i]) for label, column in values.items()})
        writer.end("done")


def _long(folder: Path, rows: int) -> Path:
    """A run of so many rows, written without the writer, which would take minutes."""
    _written(folder, 100.0, 1)
    path = folder / JOURNAL_NAME
    head = path.read_bytes().split(b"\n")[0] + b"\n"
    values, form = columns_of(rows, 100.0), RowForm(COLUMNS)
    stamp = encode({"utc": "2026-11-22T19:00:00.000+00:00", "clock": 0.0})[1:-1]
    table = np.column_stack(list(values.values())).tolist()
    with open(path, "wb") as file:
        file.write(head)
        for i, row in enumerate(table):
            file.write(line_of(f'{{"seq":{i + 1},"event":"point",{stamp},{form.json(i, [repr(v) for v in row])}}}'))
        end = {"outcome": "done", "reason": "", "points": rows, "marks": 0, "alarms": 0, "data": {}}
        file.write(line_of(encode({"seq": rows + 1, "event": "end", "utc": "", "clock": 0.0} | end)))
    return folder


def switches(window: OpenWindow, seconds: float) -> None:
    """Tab, theme, normalisation, font, with twelve curves of 1e4 points."""
    main, plots = window.window, window.window.plots
    plots.show_tab(FAMILY)
    with growing(window, CURVES, 10_000, 9_000, 0):
        for name, acts in {
            "another tab": [lambda n=n: plots.show_tab(n) for n in (*range(6), FAMILY) * 2],
            "another theme": [main.menus.dark.trigger] * 6,
            "another normalisation": [plots.family.plot.next_normalisation] * 6,
            "another size of the font": [lambda s=s: main.change_font(s) for s in (1, -1, 1, -1)],
        }.items():
            with window.measuring(name):
                for act in acts:
                    _later(act)
                    window.wait(0.7)


def _later(act: Callable[[], Any]) -> None:
    from qtpy.QtCore import QTimer

    QTimer.singleShot(0, act)


def queue(window: OpenWindow, seconds: float) -> None:
    """200 items wait and are carried out a thousand times faster than they would be."""
    desk, plots = window.desk, window.window.plots
    plots.show_tab(LIVE)
    parameters = {"start": 0.05, "stop": 0.08, "points": 40}
    items = [
        Item("run", "", f"R(T) at {2.5 * i:g} Oe", "TemperatureRamp", parameters | {"field": 2.5 * i}).to_json()
        for i in range(ITEMS)
    ]
    with window.measuring(f"{ITEMS} items are queued"):
        desk.command("add", items=items)
        window.until(lambda: len(desk.latest.get("items", [])) >= ITEMS, "the items in the queue")
        window.wait(2.0)
    clock, begun = desk.latest["clock"], time.perf_counter()
    with window.measuring(f"{ITEMS} items in the queue, x {SPEED}") as lags:
        window.wait(min(seconds, 45.0))
    reached = (desk.latest["clock"] - clock) / (time.perf_counter() - begun)
    lags.name += f" (reached x {reached:.0f})"
    desk.command("abort")
    window.until(lambda: desk.latest.get("state") == "held", "a held queue")


SCENARIOS: dict[str, tuple[Callable[[OpenWindow, float], None], Budget]] = {
    "idle": (idle, Budget(0.030, 0.050)),
    "live": (live, Budget(0.030, 0.050)),
    "runs": (runs, Budget(0.030, 0.050)),
    "fit": (fit, Budget(0.030, 0.050)),
    "map": (map_, Budget(0.030, 0.050)),
    "switches": (switches, Budget(0.150, 0.150)),
    "many": (many, Budget(0.100, 0.100)),
    "queue": (queue, Budget(0.030, 0.100)),
}


def table(measured: list[tuple[Lags, Budget]]) -> Iterator[str]:
    """One line for each scenario, and the lines of the code in which the window stood still."""
    yield "ms; stalls beyond the budget, those in which the window itself was at work in brackets; work: processor time"
    yield "of the window's thread between two stamps; idle: a program that does nothing, at the same time"
    head = f"{'':<50}{'p50':>6}{'p99':>7}{'worst':>7}{'stalls':>9}{'work p99':>10}{'worst':>7}"
    yield f"{head}{'idle p99':>10}{'worst':>7}   budget p99/stall"
    for one, budget in measured:
        lost = one.worse_than(budget.stall)
        mine = [stall for stall in lost if own(stall, budget.stall)]
        numbers = [1e3 * value for values in (one.lags, one.work, one.idle) for value in _summary(values)]
        if percentile(one.lags, 99) <= budget.p99 and not lost:
            said = "kept"
        elif percentile(one.work, 99) > budget.p99 or mine:
            said = "MISSED"
        else:
            said = "crowded: kept by its own work"
        yield (
            f"{one.name:<50}{numbers[0]:6.1f}{numbers[1]:7.1f}{numbers[2]:7.1f}{len(lost):5d} ({len(mine)})"
            f"{numbers[4]:10.1f}{numbers[5]:7.1f}{numbers[7]:10.1f}{numbers[8]:7.1f}"
            f"   {1e3 * budget.p99:.0f}/{1e3 * budget.stall:.0f} {said}"
        )
        for stall in sorted(mine or lost, key=lambda stall: -stall.work)[:SHOWN]:
            yield f"    {1e3 * stall.seconds:6.0f} ms ({1e3 * stall.work:.0f} ms at work) in {guilty(stall)}"


def _summary(values: list[float]) -> tuple[float, float, float]:
    """Half, 99 % and all of them are below."""
    return percentile(values, 50), percentile(values, 99), max(values, default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", choices=[*SCENARIOS, []], help="all of them if none is named")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the longest scenario; 60")
    wanted = parser.parse_args()
    budgets: list[Budget] = []
    with opened(SPEED) as window:
        window.wait(2.0)
        for name in wanted.scenario or SCENARIOS:
            scenario, budget = SCENARIOS[name]
            try:
                scenario(window, wanted.seconds)
            except TimeoutError as error:
                print(f"{name}: {error}; engine {window.desk.latest.get('state')}, refused: {window.refused}")
            budgets += [budget] * (len(window.measured) - len(budgets))
    # only now: the idle loop tells what it had to wait when the window is closed
    print("\n".join(table(list(zip(window.measured, budgets, strict=True)))))


if __name__ == "__main__":
    main()
