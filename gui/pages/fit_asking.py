"""When a fit is asked for: twice a second at most, beside the window; of several wishes only the latest counts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, Signal

from coldfinger.analysis.fits.fit_result import Law
from coldfinger.gui.background import Background
from coldfinger.gui.pages.fit_age import Asked, FitAge
from coldfinger.gui.pages.live_fit import FitAnswer, Weights, fit_run
from coldfinger.gui.pages.paced import Paced
from coldfinger.gui.pages.run_feed import RunRows

PERIOD = 500
"""Milliseconds between two fits."""


@dataclass(frozen=True, eq=False)
class Question:
    """What is to be fitted, and how; temperatures of the window in K."""

    rows: RunRows
    window: tuple[float, float]
    law: Law | None
    weights: Weights


class FitAsking(QObject):
    """Has fits made of what `question` says at the time; `answered` brings them, `failed` what went wrong."""

    answered = Signal(object, object)
    """FitAnswer, and the Asked of its rows."""
    failed = Signal(object)

    def __init__(
        self, background: Background, age: FitAge, question: Callable[[], Question | None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._background, self._age, self._question = background, age, question
        self._wish = 0
        """Number of the newest state of run, window and law; answers to older ones are dropped."""
        self._fitted: tuple[Any, ...] = ()
        self._pace = Paced(self._ask, PERIOD, self)

    def drop_older(self) -> None:
        """Run, window or law are others from now on: answers that are under way are not wanted any more."""
        self._wish += 1

    def says_another(self, rows: RunRows) -> bool:
        """Whether a fit of these rows might say something else than the last one that was asked for."""
        return self._fitted != self._stamp(rows)

    def ask_soon(self) -> None:
        """Ask now, or as soon as the last fit is long enough ago."""
        self._pace.soon()

    def _ask(self) -> bool:
        question = self._question()
        if question is None:
            return False
        wish, asked = self._wish, self._age.ask()
        self._fitted = self._stamp(question.rows)
        self._background.do(
            "fit",
            lambda: fit_run(question.rows, question.window, question.law, question.weights),
            lambda answer: self._take(wish, asked, answer),
            lambda error: self._fail(wish, error),
        )
        return True

    def _stamp(self, rows: RunRows) -> tuple[Any, ...]:
        """Changes where another fit would say something else."""
        return self._wish, len(rows), len(rows.marks), rows.outcome

    def _take(self, wish: int, asked: Asked, answer: FitAnswer) -> None:
        if wish == self._wish:
            self.answered.emit(answer, asked)

    def _fail(self, wish: int, error: BaseException) -> None:
        if wish == self._wish:
            self.failed.emit(error)
