"""What is drawn of a fit: the rows of the run, the curve through them, pinned curves, the window, and the residuals."""

from collections.abc import Mapping

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSplitter, QVBoxLayout, QWidget

from coldfinger.analysis.fits.fit_result import Array
from coldfinger.gui.look import theme
from coldfinger.gui.pages.live_fit import FitAnswer
from coldfinger.gui.pages.run_curves import X_AXES, Y_AXES, axis, curve_of
from coldfinger.gui.pages.run_feed import RunRows
from coldfinger.gui.plots.curve import Style
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.plot_controls import PlotControls
from coldfinger.gui.plots.series import Quantity, Series

HOTTEST = 400.0
"""K, above which no window reaches."""


class FitPlots(QSplitter):
    """ρ over 1/T with the window of the fit, and the residuals below; `dragged` (lowest, highest T in K)."""

    dragged = Signal(float, float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._rows: RunRows | None = None
        self.plot = Plot(Quantity("1/T", "1/K"), Y_AXES[0].quantity, twin=Quantity("T", "K"), parent=self)
        self.plot.set_log(False, True)
        self.residuals = Plot(Quantity("1/T", "1/K"), Quantity("Δ", "σ"), parent=self)
        self.residuals.setAccessibleName("Residuals in standard deviations over 1/T")
        self.residuals.follow_x(self.plot)
        self.plot.axes["left"].align(self.residuals.axes["left"])
        self.plot.windowMoving.connect(self._drag)
        self.plot.windowChanged.connect(self._drag)
        self.controls = PlotControls(self.plot, self, normalise=False)
        above = QWidget(self)
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.controls)
        column.addWidget(self.plot, 1)
        self.addWidget(above)
        self.addWidget(self.residuals)
        self.setStretchFactor(0, 4)
        self.setStretchFactor(1, 1)
        self.setSizes([300, 90])
        self.residuals.setMinimumHeight(80)
        self.residuals.axes["bottom"].setStyle(showValues=False)
        self.residuals.axes["bottom"].showLabel(False)
        self.residuals.axes["bottom"].setHeight(8)

    def show_run(self, rows: RunRows | None, mark: tuple[str, str]) -> None:
        """Draw these rows with their colour and symbol, or none."""
        self._rows = rows
        if rows is None:
            if "run" in self.plot.series:
                self.plot.remove("run")
            return
        series = curve_of(rows, axis(X_AXES, "1/T"), axis(Y_AXES, "ρ"), "")
        if series is not None:
            self.plot.set_series("run", Series(series.name, series.x, series.y, series.sd, series.flags))
            self.plot.set_style("run", Style(*mark, line="none"))

    def show_window(self, low: float, high: float) -> None:
        """Place the window of the fit, in K; one that begins at 0 takes in all that is colder."""
        region = (1 / high, 1 / low if low > 0 else max(self._coldest_end(), 1.02 / high))
        now = self.plot.window_range
        if now is None or not np.allclose(now, region, rtol=1e-6):
            self.plot.set_window(*region)

    def show_fit(self, answer: FitAnswer, *, believed: bool) -> None:
        """Draw the curve, dashed where some of its numbers must not be used, and the residuals."""
        T, rho = answer.line
        self.plot.set_series("fit", Series.of("", 1 / T, rho))
        self.plot.set_style("fit", Style(theme.current().text, line="solid" if believed else "dash", symbols=False))
        T, residual = answer.residuals
        order = np.argsort(T)
        self.residuals.set_series("residual", Series.of("", 1 / T[order], residual[order], np.ones(len(T))))
        style = self.plot.curves["run"].style if "run" in self.plot.series else Style()
        self.residuals.set_style("residual", Style(style.colour, style.symbol, line="none"))

    def clear_fit(self) -> None:
        """Take curve and residuals away."""
        if "fit" in self.plot.series:
            self.plot.remove("fit")
        if "residual" in self.residuals.series:
            self.residuals.remove("residual")

    def show_pinned(self, lines: Mapping[str, tuple[Array, Array, str]]) -> None:
        """Draw these pinned curves and no others: T (K), ρ (ohm/square) and label of each, by a name of its own."""
        for key in [key for key in self.plot.series if key.startswith("pinned")]:
            if key.removeprefix("pinned ") not in lines:
                self.plot.remove(key)
        for name, (T, rho, label) in lines.items():
            key = f"pinned {name}"
            self.plot.set_series(key, Series.of(label, 1 / T, rho))
            self.plot.set_style(key, Style("", "", line="dash", symbols=False))

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        for plot in (self.plot, self.residuals):
            plot.dress()

    def _drag(self, low: float, high: float) -> None:
        """The region was moved: 1/T from `low` to `high`."""
        hottest = 1 / low if low > 0 else HOTTEST
        all_cold = high >= self._coldest_end() * (1 - 1e-9)
        coldest = 0.0 if all_cold or high <= 0 else 1 / high
        if coldest < hottest:
            self.dragged.emit(coldest, min(hottest, HOTTEST))

    def _coldest_end(self) -> float:
        """Where the region ends for a window without a lower end (1/K)."""
        T = self._rows.columns.get("T_sample (K)", np.empty(0)) if self._rows else np.empty(0)
        T = T[np.isfinite(T) & (T > 0)]
        return 1.02 / float(T.min()) if len(T) else 10.0
