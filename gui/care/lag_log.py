"""Writes into the window's log where the window stood still, and how smoothly it went over a stretch of its life."""

import logging

from qtpy.QtCore import QElapsedTimer, QObject

from coldfinger.gui.care.lag import LagWatch, Stall

WINDOW_LOG = "window.log"
"""Name of the window's log in the state folder."""
log = logging.getLogger(__name__)


class LagLog(QObject):
    """Follows a watch; `note` closes a stretch and begins the next one."""

    def __init__(self, lag: LagWatch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lag, self._since = lag, QElapsedTimer()
        self._since.start()
        lag.stalled.connect(self._stalled)

    def note(self, stretch: str) -> None:
        """Write down what was measured during a stretch, such as "replay"; p99 and longest are of its last minute."""
        lag, seconds = self._lag, self._since.restart() / 1e3
        log.info(
            "lag, %s: p99 %.1f ms, longest %.1f ms, %d stalls in %.1f s",
            *(stretch, lag.percentile(99) * 1e3, lag.longest * 1e3, lag.stalls, seconds),
        )
        lag.reset()

    def _stalled(self, stall: Stall) -> None:
        milliseconds, work = stall.seconds * 1e3, stall.work * 1e3
        log.warning("stood still for %.0f ms with %.0f ms of work: %s", milliseconds, work, stall.line)
