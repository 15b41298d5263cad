"""Work that the window must not wait for: reading files, fitting, maps; of each kind only the newest wish counts.

One thread at a time works beside the window: two busy ones would make it stutter.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal

Then = Callable[[Any], None]
Failed = Callable[[BaseException], None]


class Background(QObject):
    """Carries out what it is given in a thread of its own; answers arrive in the window's thread."""

    _done = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: OrderedDict[str, tuple[Callable[[], Any], Then, Failed | None]] = OrderedDict()
        self._news = threading.Condition()
        self._over = False
        self._doing = ""
        self._done.connect(self._pass_on)
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)
        self._thread.start()

    def do(self, kind: str, work: Callable[[], Any], then: Then, failed: Failed | None = None) -> None:
        """Have `work` done; `then` gets its answer, `failed` what it raised; without it that is raised here.

        A wish of the same `kind` that has not begun yet is replaced.
        """
        with self._news:
            self._waiting.pop(kind, None)
            self._waiting[kind] = (work, then, failed)
            self._news.notify()

    @property
    def busy(self) -> bool:
        """Whether anything is being done or waits."""
        return bool(self._doing or self._waiting)

    def close(self, deadline: float = 5.0) -> None:
        """Drop what waits and end the thread."""
        with self._news:
            self._over = True
            self._waiting.clear()
            self._news.notify()
        self._thread.join(deadline)

    def _work(self) -> None:
        while True:
            with self._news:
                self._doing = ""
                while not self._waiting and not self._over:
                    self._news.wait()
                if self._over:
                    return
                self._doing, (work, then, failed) = self._waiting.popitem(last=False)
            try:
                answer = work()
            except Exception as error:  # noqa: BLE001 - handed on to the window, which shows it
                self._say(_raiser(error) if failed is None else failed, error)
            else:
                self._say(then, answer)

    def _say(self, then: Then, answer: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the window is gone
            self._done.emit(then, answer)

    def _pass_on(self, then: Then, answer: Any) -> None:
        if not self._over:
            then(answer)


def _raiser(error: Exception) -> Then:
    def again(_: Any) -> None:
        raise error

    return again
