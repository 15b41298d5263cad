"""The bar of time: how fast a simulated refrigerator lives, and the way through a recorded night.

A replay takes the engine's place behind the window's desk, so that hardware is out of reach while it is on. The bar
tells the window when (`replaying`, `left`) and never touches the real engine.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from coldfinger.gui.background import Background
from coldfinger.gui.desk import Desk
from coldfinger.gui.look import theme
from coldfinger.gui.look.steady import SteadyLabel
from coldfinger.gui.overview.event_line import Message
from coldfinger.gui.place import Place
from coldfinger.gui.playback.recorded import ReplayError
from coldfinger.gui.playback.replay import LOCKED, SPEEDS, ReplayFace, open_replay
from coldfinger.procedures.laboratory.station_file import CASSETTE

PERIOD_MS = 100
_STEPS = 1000  # of the slider
_LEFT = "The replay was left: the window shows the engine again. Nothing was sent and nothing was changed."
ABORTED = "The replay was ended by the abort, which has gone to the engine: the window shows the engine again."


class ReplayBar(QFrame):
    """Speed of a simulated station; with a replay its transport, too.

    replaying  (ReplayFace) a recording was opened: the window puts it behind its desk, and calls `set_desk`
    left       the replay is over: the window goes back to the engine, and calls `set_desk`
    """

    said = Signal(object)
    replaying = Signal(object)
    left = Signal()

    def __init__(self, place: Place, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("help", "simulator")
        self.setAccessibleName("Time and replay")
        self._place, self._background = place, background
        self._desk: Desk | None = None
        self._snapshot: Mapping[str, Any] | None = None
        self._opening = ""
        self.face: ReplayFace | None = None
        self.title = QLabel(self)
        self.back = self._button("One row back", "Stand still at the row before (replay).")
        self.play = self._button("Play", "Play or stand still (replay).")
        self.forward = self._button("One row on", "Stand still at the next row (replay).")
        self.fridge, self.wall = SteadyLabel(self), SteadyLabel(self)
        self.speeds = {speed: QPushButton(f"×{speed}", self) for speed in SPEEDS}
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.open = QPushButton("Re&play…", self)
        self.leave = QPushButton("Leave replay", self)
        self._lay_out()
        self._connect()
        self.set_desk(desk)
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self._follow)
        self.restyle()

    @property
    def is_replay(self) -> bool:
        """Whether what the window shows is a recording; for the banner's badge."""
        return self.face is not None

    def _button(self, name: str, tip: str) -> QPushButton:
        button = QPushButton(self)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        return button

    def _lay_out(self) -> None:
        self.title.setProperty("role", "strong")
        self.fridge.setAccessibleName("Time of the refrigerator")
        self.fridge.setToolTip("Time of the station's clock (hours:minutes:seconds); in a replay since its beginning.")
        self.wall.setAccessibleName("Time of this computer")
        self.wall.setToolTip("Time of this computer; in a replay the time at which it was recorded.")
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(_STEPS // 20)
        self.slider.setAccessibleName("Position in the recording")
        self.slider.setToolTip("Position in the recording; arrows, Page up and Page down move it.")
        self.open.setToolTip("Play a finished run or a recorded night; nothing is sent to instruments meanwhile.")
        self.leave.setToolTip("Back to the engine, also in the menu View. It asks nothing and changes nothing.")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 1, 6, 1)
        row.setSpacing(6)
        for widget in (self.title, self.back, self.play, self.forward, self.fridge, self.wall):
            row.addWidget(widget)
        for speed, button in self.speeds.items():
            button.setCheckable(True)
            button.setAccessibleName(f"Speed {speed}")
            row.addWidget(button)
        row.addWidget(self.slider, 1)
        row.addStretch(0)
        row.addWidget(self.open)
        row.addWidget(self.leave)

    def _connect(self) -> None:
        self.back.clicked.connect(lambda *_: self._act(lambda face: face.step(-1)))
        self.forward.clicked.connect(lambda *_: self._act(lambda face: face.step(1)))
        self.play.clicked.connect(lambda *_: self._act(lambda face: face.pause() if face.playing else face.play()))
        self.slider.valueChanged.connect(self._slid)
        self.open.clicked.connect(lambda *_: self.ask())
        self.leave.clicked.connect(lambda *_: self.stop())
        for speed, button in self.speeds.items():
            button.clicked.connect(lambda *_, speed=speed: self.set_speed(speed))

    def set_desk(self, desk: Desk) -> None:
        """Follow another desk: the engine's, or that of the replay."""
        if self._desk is not None:
            self._desk.changed.disconnect(self.see)
            self._desk.refused.disconnect(self._refused)
        self._desk = desk
        desk.changed.connect(self.see)
        desk.refused.connect(self._refused)

    def restyle(self) -> None:
        """Take colours and font of the theme in use."""
        tokens = theme.current()
        for button in self.speeds.values():
            button.setStyleSheet(
                f"QPushButton {{ padding: 2px 6px; }} QPushButton:checked {{ background: {tokens.accent};"
                f" color: {tokens.on_accent}; font-weight: bold; }}"
            )
        self.slider.setStyleSheet(
            f"QSlider::groove:horizontal {{ height: 4px; background: {tokens.edge}; border-radius: 2px; }}"
            f"QSlider::handle:horizontal {{ width: 12px; margin: -6px 0; background: {tokens.accent};"
            f" border: 1px solid {tokens.edge}; border-radius: 3px; }}"
            f"QSlider::handle:horizontal:focus {{ border: 2px solid {tokens.text}; }}"
        )
        self._show()

    # Replay

    def ask(self) -> None:
        """Ask which run or night shall be played."""
        path = QFileDialog.getExistingDirectory(self, "Replay a run or a night", str(self._place.data))
        if path:
            self.start(Path(path))

    def ask_cassette(self) -> None:
        """Ask for a cassette; the runs beside it are played."""
        path, _ = QFileDialog.getOpenFileName(
            self, "Replay the runs of a cassette", str(self._place.data), f"Cassettes (*{CASSETTE})"
        )
        if path:
            self.start(Path(path))

    def start(self, path: Path) -> None:
        """Play a run, a night or the runs beside a cassette; it is read off the window's thread."""
        self._opening = str(path)
        self._show()
        self._background.do("replay", lambda: open_replay(path), self._begin, self._not_begun)

    def _begin(self, face: ReplayFace) -> None:
        self._opening = ""
        self.face = face
        self._timer.start()
        self.replaying.emit(face)
        face.play()
        self.said.emit(
            Message("info", f"Replay of {face.name}. Nothing is sent to instruments until it is left.", kind="replay")
        )
        self._show()

    def _not_begun(self, error: BaseException) -> None:
        self._opening = ""
        self._show()
        if not isinstance(error, ReplayError):
            raise error
        self.said.emit(Message("warning", f"{error}. Nothing is played.", kind="replay"))

    def stop(self, sentence: str = _LEFT) -> None:
        """Leave the replay; asks nothing and changes nothing. `sentence` says why it is over."""
        if self.face is None:
            return
        self._timer.stop()
        self.face.pause()
        self.face = None
        self._snapshot = None
        self.left.emit()
        self.said.emit(Message("info", sentence, kind="replay"))
        self._show()

    def _act(self, act: Any) -> None:
        if self.face is not None:
            act(self.face)
            self._follow()

    def _slid(self, value: int) -> None:
        if self.face is not None:
            self.face.seek(self.face.length * value / _STEPS)
            self._follow()

    def set_speed(self, speed: float) -> None:
        """Of the replay while there is one, else of the simulated station."""
        if self.face is not None:
            self.face.set_speed(speed)
        elif self._desk is not None and not self.why_not_speed():
            self._desk.command("speed", rate=float(speed))
        self._show()

    def ask_speed(self, speed: float) -> None:
        """As `set_speed`, from a menu: says so where it cannot be."""
        if reason := self.why_not_speed():
            self.said.emit(Message("info", f"{reason}. The speed is as it was; a replay has one.", kind="speed"))
        else:
            self.set_speed(speed)

    def why_not_speed(self) -> str:
        """Why the speed cannot be changed, "" where it can."""
        if self.face is not None:
            return ""
        if not self._snapshot:
            return "The engine does not answer"
        return "" if self._snapshot["simulated"] else "This station is real, and time passes as it does"

    def _refused(self, name: str, sentence: str) -> None:
        if name == "speed":
            self.said.emit(Message("warning", f"{sentence}. The speed is as it was.", kind="speed"))
        elif sentence == LOCKED:
            self.said.emit(Message("info", f"{name} was not carried out. {LOCKED.capitalize()}.", kind="replay"))

    # What is shown

    def see(self, snapshot: Mapping[str, Any]) -> None:
        """Show a snapshot of the engine; a replay is followed by itself."""
        if self.face is None and "replay" not in snapshot:
            self._snapshot = snapshot
            self._show()

    def _follow(self) -> None:
        if self.face is not None:
            self._show()

    def _show(self) -> None:
        face, snapshot = self.face, self._snapshot
        for widget in (self.back, self.play, self.forward, self.slider, self.leave):
            widget.setVisible(face is not None)
        self.open.setVisible(face is None)
        self.open.setEnabled(not self._opening)
        speed: float
        if face is not None:
            position = face.position
            self.title.setText("REPLAY")
            recorded = face.begun.timestamp() + position
            self.fridge.setText(f"fridge {clock_text(position)} of {clock_text(face.length)}")
            self.wall.setText(f"recorded {datetime.fromtimestamp(recorded).astimezone():%m-%d %H:%M}")
            if not self.slider.isSliderDown():
                self.slider.blockSignals(True)
                self.slider.setValue(round(_STEPS * position / face.length) if face.length else 0)
                self.slider.blockSignals(False)
            speed = face.speed
        else:
            simulated = bool(snapshot and snapshot["simulated"])
            self.title.setText("Reading…" if self._opening else "SIMULATED" if simulated else "Time")
            self.fridge.setText(f"fridge {clock_text(snapshot['clock'])}" if snapshot else "fridge –")
            self.wall.setText(f"wall {datetime.now().astimezone():%H:%M:%S}")
            speed = float(snapshot.get("speed", 1.0)) if snapshot else 1.0
        self._show_speeds(speed)
        self._show_icons()

    def _show_speeds(self, present: float) -> None:
        reason = self.why_not_speed()
        for speed, button in self.speeds.items():
            chosen = speed == present
            button.setEnabled(not reason)
            if button.isChecked() != chosen:
                button.setChecked(chosen)
            tip = f"{speed} {'second' if speed == 1 else 'seconds'} of the refrigerator pass in a real one."
            button.setToolTip(f"{reason}.\n{tip}" if reason else tip)

    def _show_icons(self) -> None:
        playing = self.face is not None and self.face.playing
        colour = theme.current().text
        for button, name in ((self.back, "skip-previous"), (self.forward, "skip-next")):
            _give_icon(button, name, colour)
        _give_icon(self.play, "pause" if playing else "play", colour)
        self.play.setAccessibleName("Stand still" if playing else "Play")


def _give_icon(button: QPushButton, name: str, colour: str) -> None:
    if button.property("shown icon") != f"{name} {colour}":
        button.setProperty("shown icon", f"{name} {colour}")
        button.setIcon(theme.icon(name, colour))


def clock_text(seconds: float) -> str:
    """ "02:14:07"; days are counted as hours."""
    whole = max(int(seconds), 0)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
