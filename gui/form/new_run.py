"""A new run: choose its type, fill in the fields, see how long it takes and when it ends, start it or queue it.

"From" is where the refrigerator stands now unless something else is typed. The estimate comes from the simulated twin
of the station, off the window's thread; it is asked again whenever a value or the refrigerator has changed.
"""

import itertools
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QIcon, QKeySequence
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.estimate import estimate_text, place_after, place_of, span_text
from coldfinger.gui.form.estimating import Estimating, plain_sentence
from coldfinger.gui.form.form_fields import Form
from coldfinger.gui.form.form_pages import FormPages
from coldfinger.gui.form.form_to_plan import night_of
from coldfinger.gui.form.own_families import families_in, with_own_families
from coldfinger.gui.form.run_again import Again
from coldfinger.gui.form.run_form import RunForm
from coldfinger.gui.form.run_forms import FORMS, NOW
from coldfinger.gui.look import theme
from coldfinger.gui.look.wrapped import WrappedLabel
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.gui.remembered import recall, remember
from coldfinger.procedures.engine.items import Night
from coldfinger.procedures.planning import Whereabouts
from coldfinger.procedures.words.quantity import show

_SEEN = 2.5  # heights of a line of the form that are never given away: its first row
_NARROW = 11  # letters that are seen of the type at least
_CHANGEABLE = ("waiting", "partial", "disabled")
NO_READING = "No temperature has been read yet: write where the ramp begins, or wait a moment."


class NewRunPanel(QWidget):
    """The form, its estimate, "Start now" and "Queue +"; `head`, its first row, may stand in the title of a dock.

    `said` sends messages; `added` the ids and the items that were queued, in the engine's words.
    """

    said = Signal(object)
    added = Signal(object, object)

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place, self._desk = place, desk
        self._estimating = Estimating(place, desk, background, self._wish, self.night, self)
        self._refusal = ""
        self._sent = False
        self._invited = False
        self._sign = ""
        self._mistakes: list[str] = []
        self._lay_out()
        self._estimating.changed.connect(self._show_estimate)
        self.pages.changed.connect(self._later)
        self.pages.left.connect(self._tell_left)
        self.setAccessibleName("New run")
        last = recall("forms/type")
        self.choose(last if last in [form.key for form in FORMS] else FORMS[0].key)
        desk.changed.connect(self._see)
        desk.refused.connect(self._hear_refusal)

    def _lay_out(self) -> None:
        self.chooser = QComboBox(self)
        self.chooser.addItems([form.title for form in FORMS])
        self.chooser.setAccessibleName("Type of run")
        self.chooser.setToolTip("What is measured (Alt+Y). Arrow keys, or the first letter, choose another type.")
        self.chooser.currentIndexChanged.connect(self._chosen)
        self.chooser.setMinimumContentsLength(_NARROW)
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.head = QWidget(self)
        self.title = QLabel("New run", self.head)
        self.title.setProperty("role", "strong")
        self.everything = QCheckBox("A&ll", self)
        self.everything.setAccessibleName("All fields")
        self.everything.setToolTip("Show the fields that are rarely needed, too: excitation, averaging, tests.")
        self.pages = FormPages(self._place.limits, self)
        self.everything.toggled.connect(self.pages.show_all)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.takes = WrappedLabel("", self)
        self.takes.setWordWrap(True)
        self.takes.setProperty("role", "strong")
        self.takes.setAccessibleName("Estimate")
        self.takes.setToolTip(
            "From the planners of the procedures on the simulated twin of this station,\n"
            "and from what earlier nights here have really taken."
        )
        self.problems = WrappedLabel("", self)
        self.problems.setWordWrap(True)
        self.problems.setAccessibleName("What speaks against it")
        page = QWidget(self.area)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.pages)
        column.addStretch(1)
        column.addWidget(self.problems)
        self.area.setWidget(page)
        self.start_button = QPushButton("Start now", self)
        self.queue_button = QPushButton("Queue +", self)
        self.start_button.clicked.connect(self.start)
        self.queue_button.clicked.connect(self.queue)
        top, buttons, whole = QHBoxLayout(self.head), QHBoxLayout(), QVBoxLayout(self)
        top.setContentsMargins(0, 0, 0, 0)
        for widget in (self.title, self.chooser, self.everything):
            top.addWidget(widget, 1 if widget is self.chooser else 0)
        buttons.addWidget(self.start_button, 1)
        buttons.addWidget(self.queue_button, 1)
        whole.setContentsMargins(6, 4, 6, 4)
        whole.setSpacing(4)
        whole.addWidget(self.head)
        whole.addWidget(self.area, 1)
        whole.addWidget(self.takes)
        whole.addLayout(buttons)
        for keys, act in (
            (("Ctrl+Return", "Ctrl+Enter"), self.start),
            (("Ctrl+Shift+Return", "Ctrl+Shift+Enter"), self.queue),
        ):
            for key in keys:
                QShortcut(QKeySequence(key), self).activated.connect(act)
        QShortcut(QKeySequence("Alt+Y"), self).activated.connect(
            lambda: self.chooser.setFocus(Qt.FocusReason.ShortcutFocusReason)
        )

    # -- the form

    @property
    def form(self) -> RunForm:
        """The fields of the chosen type."""
        return self.pages.form(FORMS[self.chooser.currentIndex()].key)

    def choose(self, key: str) -> None:
        """Show the fields of a type."""
        index = [form.key for form in FORMS].index(key)
        if self.chooser.currentIndex() != index:
            self.chooser.setCurrentIndex(index)
        else:
            self._chosen(index)

    def focus_first(self) -> None:
        """Put the keyboard where a person begins to type."""
        line = getattr(self.form.first, "line", None)
        (line or self.form.first).setFocus(Qt.FocusReason.ShortcutFocusReason)
        if line is not None:
            line.selectAll()

    def _chosen(self, index: int) -> None:
        of = FORMS[index]
        self.pages.show_form(of)
        self._chain()
        self._keep_a_row()
        self.everything.setVisible(any(entry.more for entry in of.entries))
        self.start_button.setText("Wait now" if of.key == "wait" else "Start now")
        self.setProperty("help", of.help)
        self._refusal = ""
        self._show_now()
        self._later()

    def _tell_left(self, title: str, left: list[str]) -> None:
        text = f"{title}: {', '.join(left)} could not be taken over from last time and is as usual."
        self.said.emit(Message("info", text))

    def _keep_a_row(self) -> None:
        least = round(_SEEN * self.fontMetrics().height())
        self.area.setMinimumHeight(min(self.form.sizeHint().height() + 4, least))

    def _chain(self) -> None:
        """Tab goes from the type through the fields to the buttons; the fields are made later than those."""
        fields = [getattr(editor, "line", editor) for editor in self.form.editors.values()]
        chain: list[Any] = [self.chooser, self.everything, *fields, self.start_button, self.queue_button]
        for one, next_one in itertools.pairwise(chain):
            QWidget.setTabOrder(one, next_one)

    def _show_now(self) -> None:
        place = place_of(self._desk.latest)
        text = NOW if place is None else f"now {show(float(f'{place.temperature:.3g}'), 'temperature')}"
        self.pages.show_now(text)

    def use(self, run: Again) -> None:
        """Fill the form with what a measured run had; what could not be taken over is said. Nothing is started."""
        self.choose(run.form)
        self.form.set_values(self.form.form.defaults(self._place.limits))
        outside = self.form.set_values(dict(run.values))
        of, values = self.form.form, self.form.values()
        if any(entry.more and values[entry.key] != entry.default for entry in of.shown(values)):
            self.everything.setChecked(True)  # nothing unusual is measured that is not seen
        left = [f"{name} (not possible at this station)" for name in outside] + list(run.left)
        text = f"The form has the parameters of {run.name}; nothing was started."
        text += f" Not taken over, and as usual: {', '.join(left)}." if left else ""
        self.said.emit(Message("warning" if left else "info", text))
        self.focus_first()

    # -- what it would take

    def night(self, place: Whereabouts | None) -> Night:
        """What the applied values mean for a refrigerator that stands at `place`.

        Raises PlanFileError, ValueError where "now" is not known.
        """
        values = self.form.values()
        if "start" in values and values["start"] is None:
            if place is None:
                raise ValueError(NO_READING)
            values["start"] = self._begins(place)
        return night_of(self.form.form, values)

    def _begins(self, place: Whereabouts) -> float:
        """Where a ramp "from now" begins: within what the station allows (K)."""
        limits = self._place.limits
        return float(f"{min(max(place.temperature, limits.lowest_temperature), limits.highest_temperature):.4g}")

    def _begins_elsewhere(self) -> list[str]:
        """A sentence where "now" is outside of what the station allows."""
        place = place_of(self._desk.latest)
        if place is None or math.isclose(begins := self._begins(place), place.temperature, rel_tol=1e-3):
            return []
        if self.form.values().get("start", begins) is not None:
            return []
        here, there = show(float(f"{place.temperature:.3g}"), "temperature"), show(begins, "temperature")
        return [f"The refrigerator is at {here}, which this station does not allow: the ramp begins at {there}."]

    def _wish(self) -> tuple[str, str]:
        """Type and applied values."""
        return self.form.form.key, repr(self.form.values())

    def _later(self) -> None:
        self._refusal = ""
        self._estimating.ask_later()
        self._show_estimate()

    def _see(self, snapshot: dict[str, Any]) -> None:
        """Ask again when the refrigerator has moved; count the end from the present time."""
        self._show_now()
        place = place_of(snapshot)
        if place is not None and self._refusal == NO_READING:
            self._refusal = ""
        if self.isVisible():
            self._estimating.follow(place)
        self._show_estimate()
        if not self._invited:
            self._invited = True
            if self._place.simulated and recall("forms/type") is None:
                stop = show(self.form.values().get("stop") or 0.0, "temperature")
                self.said.emit(Message("info", f"Press Ctrl+Enter to ramp the simulated refrigerator to {stop}."))

    def _show_estimate(self) -> None:
        estimate, tokens = self._estimating.estimate, theme.current()
        stale = not self.form.ready or self._estimating.behind
        mistakes = [self._refusal] if self._refusal else []
        if estimate is None:
            text = "Working out how long it takes…"
        elif not estimate.count:
            text, mistakes = "", mistakes or list(estimate.mistakes)
        else:
            now = self._estimating.now()
            text = estimate_text(estimate, now, now)
            queued, sd = self._queue_ends()
            if queued is not None:
                ends = estimate_text(estimate, queued, now).rpartition("ends ")[2]
                sd = math.hypot(sd, estimate.sd)
                text += f"; queued: {ends}" + (f" ± {span_text(sd)}" if sd >= 1 else "")
            mistakes = mistakes or list(estimate.mistakes)
        _set_text(self.takes, text)
        theme.restyle(self.takes, "role", "faint" if stale else "strong")
        warnings = self._begins_elsewhere() + (list(estimate.warnings) if estimate is not None else [])
        _set_text(self.problems, "\n".join([*mistakes, *warnings]))
        self.problems.setVisible(bool(mistakes or warnings))
        if mistakes and mistakes != self._mistakes:
            self.area.ensureWidgetVisible(self.problems)
        self._mistakes = mistakes
        ink = (tokens.bad if mistakes else tokens.warn).ink
        theme.wear(self.problems, f"color: {ink};")
        self._show_buttons(mistakes)

    def _show_buttons(self, mistakes: Sequence[str]) -> None:
        why = mistakes[0] if mistakes and not self._refusal else ""
        state = self._desk.latest.get("state", "")
        if not self._desk.latest:
            why = "The engine has not answered yet."
        elif "replay" in self._desk.latest:
            why = "The window shows a replay: leave it to start or queue a run."
        elif state in ("ended", "ending", "aborting"):
            why = f"The engine is {state}: nothing can be added now."
        now = {"idle": "Starts at once.", "held": "Starts at once; the held queue goes on after it."}
        against = self.problems.text()
        start = why or f"{now.get(state, 'Runs next, as soon as the present run is over.')} (Ctrl+Enter)"
        later = why or "Added to the end of the queue; an idle queue then waits until you start it. (Ctrl+Shift+Enter)"
        for button, tip in ((self.start_button, start), (self.queue_button, later)):
            button.setEnabled(not why)
            tip = tip if why or not against else f"{tip}\n{against}"
            if button.toolTip() != tip:
                button.setToolTip(tip)
        self._warn("" if why or not against else theme.current().warn.ink)

    def _warn(self, ink: str) -> None:
        """A sign on the button that starts: what speaks against it may have been scrolled away."""
        if self._sign != ink:
            self._sign = ink
            self.start_button.setIcon(theme.icon("alert-outline", ink) if ink else QIcon())

    def _queue_ends(self) -> tuple[datetime | None, float]:
        """When what stands in the queue will be over, and the s.d. of that (s); None for an empty one."""
        ends = self._desk.latest.get("ends", {})
        return (datetime.fromisoformat(ends["utc"]), ends["sd_seconds"]) if ends.get("utc") else (None, 0.0)

    # -- the two buttons

    def start(self) -> None:
        """Have it measured next; a held queue goes on with it."""
        items = self._desk.latest.get("items", [])
        first = next((item["id"] for item in items if item["state"] in _CHANGEABLE), "")
        fresh = self._items(place_of(self._desk.latest))
        if fresh is None:
            return
        held = self._desk.latest.get("state") == "held"
        self._sent = True
        self._desk.command("add", lambda ids: self._was_added(ids, fresh, "starts"), items=fresh, before=first)
        if held:
            self._desk.command("resume")

    def queue(self) -> None:
        """Add it to the end of the queue; an idle engine is held first, so that it does not begin by itself."""
        latest = self._desk.latest
        place = place_after(latest.get("items", []), place_of(latest))
        fresh = self._items(place)
        if fresh is None:
            return
        self._sent = True
        if latest.get("state") == "idle":
            self._desk.command("hold")
        self._desk.command("add", lambda ids: self._was_added(ids, fresh, "waits in the queue"), items=fresh)

    def _items(self, place: Whereabouts | None) -> list[dict[str, Any]] | None:
        """The items in the engine's words; None, with the reason below the form, where there is a mistake."""
        if not self.form.apply():
            return None
        told = self._estimating.mistakes
        if told and not (place is not None and told[0] == NO_READING):
            self._refuse(told[0])
            return None
        try:
            night = self.night(place)
        except ValueError as error:
            self._refuse(plain_sentence(error))
            return None
        blocked = "replay" in self._desk.latest
        if blocked or self._desk.latest.get("state", "") in ("", "ended", "ending", "aborting"):
            self._refuse(self.start_button.toolTip())
            return None
        return [item.to_json() for item in with_own_families(night.items, families_in(self._desk.latest))]

    def _refuse(self, sentence: str) -> None:
        self._refusal = sentence
        self._show_estimate()
        self.said.emit(Message("warning", f"{sentence} Nothing was started or queued."))

    def _was_added(self, ids: list[str], items: list[dict[str, Any]], what: str) -> None:
        self._sent = False
        of: Form = self.form.form
        remember(f"forms/{of.key}", self.form.values())
        remember("forms/type", of.key)
        name = items[0]["name"] if len(items) == 1 else f"{len(items)} runs ({items[0]['name']} … {items[-1]['name']})"
        what = what if len(items) == 1 else what.replace("starts", "start").replace("waits", "wait")
        self.said.emit(Message("info", f"{name} {what}."))
        self.added.emit(ids, items)

    def _hear_refusal(self, command: str, sentence: str) -> None:
        if self._sent and command == "add":
            self._sent = False
            self._refusal = sentence
            self._show_estimate()

    # -- the window

    def restyle(self) -> None:
        """Show it in the present theme and font."""
        self.pages.restyle()
        self._keep_a_row()
        self._show_estimate()

    def end(self) -> None:
        """Close the twin; after the background work has ended."""
        self._estimating.end()


def _set_text(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
