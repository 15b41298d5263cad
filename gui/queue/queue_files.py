"""The queue as a plan file: opened whole or not at all, saved, kept by itself, validated, copied as Python.

Files are read and written beside the window's thread; what comes of it is said in a message.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.form.estimate import Twin
from coldfinger.gui.form.own_families import families_in, with_own_families
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.gui.queue.queue_edits import QueueEdits
from coldfinger.gui.queue.queue_state import CHANGEABLE, night_of_queue, python_text
from coldfinger.gui.remembered import settings
from coldfinger.procedures.engine.items import Night
from coldfinger.procedures.laboratory.station_file import StationFileError
from coldfinger.procedures.plans.plan_file import PlanFileError, read_plan
from coldfinger.procedures.plans.plan_write import means_the_same, plan_text, write_plan

FILES = "Plan files (*.toml);;All files (*)"


class QueueFiles(QObject):
    """What can be done with the queue of `desk` and files; `file` is the one that it was opened from or saved in.

    `said` sends messages, `titled` the name to show, with a star where the queue is not as it is in the file, and what
    to say of it.
    """

    said = Signal(object)
    titled = Signal(str, str)

    def __init__(self, place: Place, desk: Desk, background: Background, edits: QueueEdits, parent: QWidget) -> None:
        super().__init__(parent)
        self._place, self._desk, self._background, self._edits = place, desk, background, edits
        self._window = parent
        self._twin = Twin(place.file, place.data)
        self.file: Path | None = None
        self._over = ""  # the text of the file, whose comments are kept
        self._saved: Night | None = None

    def night(self) -> Night:
        """The plan that the queue is now."""
        return night_of_queue(self._desk.latest, self.file.stem if self.file is not None else "")

    def end(self) -> None:
        """Close the twin, after the background work has ended."""
        self._twin.close()

    # -- open

    def open(self, path: str | Path) -> None:
        """Add a plan file to the queue, with its policy, deadline and end; whole or not at all."""
        now = self._now()
        self._background.do(
            "open a queue",
            lambda: read_plan(path, now),
            lambda night: self._opened(Path(path), night),
            self._not_opened,
        )

    def open_kept(self) -> None:
        """Add the queue that was kept by itself."""
        if not self.kept_file.exists():
            self._say("info", "No queue was kept yet: one is, as soon as the queue holds an item.")
            return
        self.open(self.kept_file)

    def ask_open(self) -> None:
        """Ask for a file and open it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a plan file", self._folder(), FILES)
        if path:
            self.open(path)

    @property
    def kept_file(self) -> Path:
        """Where the queue is kept by itself, beside the window's settings."""
        return Path(settings().fileName()).parent / f"queue-{Path(self._place.station).stem}.toml"

    def _opened(self, path: Path, night: Night) -> None:
        latest = self._desk.latest
        if not latest:
            self._say("warning", "The engine does not answer. Nothing was loaded.")
            return
        waiting = sum(item["state"] in CHANGEABLE for item in latest["items"])
        items = [item.to_json() for item in with_own_families(night.items, families_in(latest))]
        if latest["state"] == "idle":
            self._desk.command("hold")
        end = night.end
        self._desk.command("policy", action=night.on_failure.action, retries=night.on_failure.retries)
        self._desk.command("must_end_by", must_end_by=night.must_end_by)
        self._desk.command("end", heater_off=end.heater_off, field=end.field, temperature=end.temperature)
        self._edits.add(items)
        if path != self.kept_file:
            alone = not waiting
            self.file, self._over = path, night.text if alone else ""
            self._saved = night if alone else None
            self._show_title(changed=not alone)
        behind = f" behind {waiting} that wait" if waiting else ""
        self._say("info", f"{path.name}: {len(items)} items added to the queue{behind}. Ctrl+Z takes them out.")

    def _not_opened(self, error: BaseException) -> None:
        if not isinstance(error, PlanFileError):
            raise error
        kept = (
            "Nothing was loaded, the queue and the refrigerator are as they were. Correct the file and open it again."
        )
        self._say("warning", f"{error}. {kept}")

    # -- save

    def save(self, path: str | Path | None = None) -> None:
        """Write the queue as a plan file; without a path where it was before, or asked for."""
        target = Path(path) if path is not None else self.file
        if target is None:
            self.ask_save()
            return
        night, over = night_of_queue(self._desk.latest, target.stem), self._over
        self._background.do(
            "save the queue",
            lambda: write_plan(night, target, over),
            lambda text: self._was_saved(target, text, night),
            lambda error: self._not_saved(target, error),
        )

    def ask_save(self) -> None:
        """Ask for a file and write the queue there."""
        suggestion = str(Path(self._folder()) / f"{self._desk.latest.get('night') or 'queue'}.toml")
        path, _ = QFileDialog.getSaveFileName(self._window, "Save the queue", suggestion, FILES)
        if path:
            self.save(path if Path(path).suffix else f"{path}.toml")

    def _was_saved(self, path: Path, text: str, night: Night) -> None:
        self.file, self._over, self._saved = path, text, night
        self._show_title(changed=False)
        self._say("info", f"{len(night.items)} items are saved in {path}.")

    def _not_saved(self, path: Path, error: BaseException) -> None:
        if isinstance(error, OSError):
            self._say("warning", f"{path} cannot be written ({error.strerror}). What was there is as it was.")
        elif isinstance(error, PlanFileError):
            self._say("warning", f"{error}. What was there is as it was.")
        else:
            raise error

    def keep(self, snapshot: dict[str, Any]) -> None:
        """The queue has changed: keep a copy of it, and mark the file as changed."""
        if self.file is not None:
            present = night_of_queue(snapshot, self.file.stem)
            self._show_title(changed=self._saved is None or not _same(present, self._saved))
        if snapshot["items"]:
            night, target = night_of_queue(snapshot), self.kept_file
            self._background.do("keep the queue", lambda: _kept(night, target), lambda _: None, self._not_kept)

    def _not_kept(self, error: BaseException) -> None:
        if not isinstance(error, (PlanFileError, OSError)):
            raise error
        self._say("info", f"The queue could not be kept by itself: {error}")

    def _show_title(self, changed: bool) -> None:
        if self.file is not None:
            what = f"{self.file}" + (", changed since it was saved" if changed else "")
            self.titled.emit(f"{self.file.name} *" if changed else self.file.name, what)

    # -- what it means

    def validate(self) -> None:
        """Hold every item against the limits of the station."""
        night, now = self.night(), self._now()
        self._background.do(
            "validate the queue",
            lambda: self._twin.mistakes(night, plan_text(night, night.name), now),
            lambda mistakes: self._validated(mistakes, len(night.items)),
            self._not_valid,
        )

    def _validated(self, mistakes: list[str], count: int) -> None:
        if not mistakes:
            self._say("info", f"All {count} items are within the limits of {self._place.file.source}.")
            return
        more = f" (and {len(mistakes) - 1} more, see the details)" if len(mistakes) > 1 else ""
        self.said.emit(
            Message("warning", f"The station would refuse: {mistakes[0]}{more}", details="\n".join(mistakes))
        )

    def _not_valid(self, error: BaseException) -> None:
        if not isinstance(error, (PlanFileError, StationFileError)):
            raise error
        self._say("warning", f"The queue is no plan as it stands: {error}")

    def copy_python(self) -> None:
        """Copy the queue as a Python script."""
        night, station = self.night(), self._place.station
        self._background.do(
            "copy the queue", lambda: python_text(plan_text(night, night.name), station), self._copied, self._not_valid
        )

    def _copied(self, text: str) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(text)
        self._say("info", "The queue is copied as a Python script.")

    def _folder(self) -> str:
        return str(self.file.parent if self.file is not None else Path.cwd())

    def _now(self) -> datetime:
        utc = self._desk.latest.get("utc")
        return datetime.fromisoformat(utc) if utc else datetime.now(UTC)

    def _say(self, level: str, text: str) -> None:
        self.said.emit(Message(level, text))


def _kept(night: Night, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_plan(night, target)


def _same(one: Night, other: Night) -> bool:
    """Whether two nights are written the same way, whatever their names and families are called."""
    return means_the_same(replace(one, name=""), replace(other, name=""))
