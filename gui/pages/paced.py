"""Something that is done now, or as soon as it was done long enough ago; of several wishes the last one counts."""

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer


class Paced:
    """Carries out `act`, which says whether there was anything to do, once in `period` ms at most."""

    def __init__(self, act: Callable[[], bool], period: int, parent: QObject) -> None:
        self._act = act
        self._wanted = False
        self._timer = QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.setInterval(period)
        self._timer.timeout.connect(self._due)

    def soon(self) -> None:
        """It is wanted."""
        self._wanted = True
        if not self._timer.isActive():
            self._due()

    def _due(self) -> None:
        if self._wanted and self._act():
            self._wanted = False
            self._timer.start()
