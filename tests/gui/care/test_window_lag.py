"""A stall of the window is measured and its line named; long plots do not make one."""

import numpy as np
import pytest
from qtpy.QtCore import QElapsedTimer, QTimer
from qtpy.QtWidgets import QApplication

from coldfinger.gui.care.lag import LagWatch, Stall
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Quantity, Series

POINTS, CURVES = 100_000, 12


@pytest.fixture
def watch(qapp: QApplication):
    watch = LagWatch()
    yield watch
    watch.stop()


def guilty(seconds: float) -> None:
    clock = QElapsedTimer()
    clock.start()
    while clock.elapsed() < seconds * 1000:
        sum(range(1000))


def test_a_stall_is_measured_and_its_line_named(watch: LagWatch, qtbot):
    watch.start()
    with qtbot.waitSignal(watch.stalled, timeout=5000, check_params_cb=lambda stall: stall.seconds > 0.15) as seen:
        QTimer.singleShot(50, lambda: guilty(0.2))
    stall = seen.args[0]
    assert 0.19 < stall.seconds < 2.0
    assert "guilty" in stall.line
    assert "test_window_lag.py" in stall.line
    assert watch.stalls >= 1
    assert watch.longest >= 0.18
    watch.reset()
    assert (watch.stalls, watch.longest, watch.lag) == (0, 0.0, 0.0)


def test_a_window_that_works_has_little_lag(watch: LagWatch, qtbot):
    watch.start()
    watch.start()
    qtbot.wait(300)
    assert watch.percentile(50) < 0.03
    assert watch.percentile(99) <= watch.longest
    watch.stop()
    assert watch._thread is None


def test_a_stall_that_nobody_could_look_at_has_an_unknown_line():
    assert Stall(0.1, "").line == "unknown"


def test_twelve_live_curves_of_a_hundred_thousand_points_do_not_stall_the_window(dressed, watch: LagWatch, qtbot):
    """Against an idle window in the same run, best of three, because other programs use this computer, too."""
    plot = Plot(Quantity("T", "K"), Quantity("ρ", "Ω/□"))
    qtbot.addWidget(plot)
    plot.resize(900, 600)
    plot.set_log(True, True)
    plot.show()
    rng = np.random.default_rng(1)
    x = np.geomspace(0.05, 10, POINTS)
    ys = [1000.0 * (n + 1) / np.sqrt(x) * (1 + 0.02 * rng.normal(size=POINTS)) for n in range(CURVES)]
    watch.start()

    def measured(refresh: bool) -> tuple[float, int]:
        count = [POINTS - 100]

        def more() -> None:
            count[0] += 5
            for n, y in enumerate(ys):
                plot.set_series(str(n), Series(str(n), x[: count[0]], y[: count[0]]))

        timer = QTimer()
        timer.setInterval(100)
        timer.timeout.connect(more)
        more()
        qtbot.wait(300)  # the first drawing of all is not a live one
        watch.reset()
        if refresh:
            timer.start()
        qtbot.wait(800)
        timer.stop()
        return watch.percentile(99), watch.stalls

    best = (1.0, 99)
    for _ in range(3):
        idle, _ = measured(refresh=False)
        busy, stalls = measured(refresh=True)
        best = min(best, (busy - idle, stalls))
        if best[0] < 0.030 and best[1] == 0:
            break
    assert best[0] < 0.060, f"p99 {best[0] * 1e3:.0f} ms above an idle window, {best[1]} stalls"
    assert len(plot.curves["0"].line.getData()[0]) <= 2 * plot.view.width() + 1
