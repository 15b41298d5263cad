"""What may be asked of the engine, from any thread: every command returns at once."""

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from coldfinger.procedures.control import ABORTED
from coldfinger.procedures.engine.build import procedure_of
from coldfinger.procedures.engine.calendar import moment_of
from coldfinger.procedures.engine.core import (
    ABORT_PATIENCE,
    ABORTING,
    ENDED,
    HELD,
    IDLE,
    LONGEST_PAUSE,
    PAUSED,
    PAUSING,
    TO_BE_STARTED,
    Core,
)
from coldfinger.procedures.engine.face import Refused
from coldfinger.procedures.engine.items import (
    RUN,
    EndActions,
    FailurePolicy,
    Item,
)


class Verbs(Core):
    """Commands by name."""

    def command(self, name: str, /, *, who: str = "", **arguments: Any) -> Any:
        """Carry out a command from any thread; raises Refused, with one sentence, and changes nothing then."""
        verb = _VERBS.get(name)
        if verb is None:
            raise Refused(f"command {name!r} is unknown; allowed are {', '.join(_VERBS)}")
        if self._state == ENDED and name not in _AFTER_THE_END:
            raise Refused(f"command {name}: this queue has ended ({self._reason}); start another one")
        try:
            # An abort waits for nobody, whatever another thread is doing to the queue.
            with contextlib.nullcontext() if name in _AT_ONCE else self._lock:
                result = verb(self, **arguments)
        except Refused:
            raise
        except (TypeError, ValueError) as error:
            raise Refused(f"command {name}: {error}") from error
        self._changed.set()
        if name in _ONLY_LOOKS:
            return result
        self._write_if_possible("command", name=name, who=who, arguments=_written(arguments))
        if name in _CHANGES_QUEUE:
            self._write_if_possible("queue", items=[item.to_json() for item in self.queue.items])
            self._stale = True
        return result

    def _pause(self, seconds: float = LONGEST_PAUSE) -> None:
        if not self._running or self._control.thrown():
            raise Refused("nothing runs that could be paused; hold the queue by switching items off")
        self._control.pause(seconds)
        self._set_state(PAUSING, "the present row is finished first")

    def _resume(self) -> None:
        """Go on in place; a held queue goes on with its next item."""
        if self._abort_asked:
            raise Refused("the abort is not over yet: wait until the queue is held, then resume")
        if self._unwritten:
            self._write_again()
        self._control.resume()
        if self._to_be_started:
            self._settle(to_be_started=False)
        self._released = self._held
        self._held = False

    def _skip(self) -> None:
        if not self._running:
            raise Refused("nothing runs that could be skipped; switch off what is not to be measured")
        self._control.skip()

    def _abort(self) -> None:
        if self._state == ENDED:
            return  # it is safe already
        self._made_safe.clear()
        self._held = self._abort_asked = True
        self._control.abort()
        if self._emergency is not None:
            threading.Thread(target=self._own_path, name="abort", daemon=True).start()
        with self._lock:
            if self._abort_asked:  # else the running thread was quicker
                self._set_state(ABORTING, "the station goes to its safe state")

    def _own_path(self) -> None:
        """Make the station safe over other connections when the running thread does not."""
        if self._made_safe.wait(ABORT_PATIENCE) or self._emergency is None:
            return
        safe = tuple(self._emergency())
        self._tell("alarm", "abort", "the running thread did not answer; the station was made safe by another path")
        self._report_safe(safe)
        with self._lock:
            if self._abort_asked:
                self.care.busy()  # nothing is on: the dead-man need not end a thread that still waits for its reply
                self._set_state(HELD, f"{ABORTED}; the running thread still waits for an instrument")

    def _stop(self) -> None:
        """After the present row, end the night with its end actions left out."""
        self._ending = True
        self._control.stop()

    def _add(self, items: list[Mapping[str, Any]], before: str = "") -> list[str]:
        fresh = [Item.from_json(data) for data in items]
        for item in fresh:
            self._check(item)
        return self.queue.add(fresh, before)

    def _edit(self, id: str, changes: Mapping[str, Any]) -> None:
        before = self.queue[id]
        try:
            self._check(self.queue.edit(id, changes))
        except ValueError:
            self.queue.put(before)
            raise

    def _check(self, item: Item) -> None:
        moment_of(item.not_before, "not_before")
        moment_of(item.must_end_by, "must_end_by")
        if item.kind == RUN:
            procedure = procedure_of(item)
            procedure.use(self.station)
            procedure.check()

    def _set_policy(self, action: str, retries: int = 0) -> None:
        self._settle(on_failure=FailurePolicy(action, retries))

    def _set_end(self, must_end_by: str) -> None:
        self._settle(must_end_by=moment_of(must_end_by, "must_end_by"))

    def _set_end_actions(
        self, heater_off: bool = True, field: float | None = None, temperature: float | None = None
    ) -> None:
        """What happens after the last item; see EndActions."""
        if field is not None:
            self.station.limits.check_field(field, "end field")
        if temperature is not None:
            self.station.limits.check_temperature(temperature, "end temperature")
            if heater_off:
                raise Refused("end: a temperature at the end needs the heater; leave it on, or leave the temperature")
        self._settle(end=EndActions(bool(heater_off), field, temperature))

    def _hold_queue(self) -> None:
        """Keep the queue from going on by itself, so that it can be built in peace; "resume" lets it go."""
        if self._running:
            raise Refused("hold: a run is going on; pause it, or switch off what shall not follow")
        self._settle(to_be_started=True)
        self._held = True
        self._set_state(HELD, TO_BE_STARTED)

    def _acknowledge(self, event: int) -> None:
        self.news.acknowledge(event)

    def _read_panel(self, panel: str) -> None:
        self.panels.read(panel)

    def _traffic(self, panel: str) -> list[list[Any]]:
        return self.panels.traffic(panel)

    def _set_panel(self, panel: str, knob: str, text: str, by: str = "") -> None:
        """Set a property of an instrument; never under a run."""
        if self._state not in (IDLE, PAUSED, HELD):
            raise Refused(
                f"{panel} {knob} cannot be set while the engine is {self._state}; pause the run, or wait for its end"
            )
        self.panels.set(panel, knob, text, by)

    def _set_speed(self, rate: float) -> None:
        """How many seconds of a simulated station pass in a real one."""
        if not self.station.simulated:
            raise Refused("speed: this station is real, and time passes as it does")
        if not _SLOWEST <= rate <= _FASTEST:
            raise Refused(f"speed: {rate:g} is not possible; allowed are {_SLOWEST:g} to {_FASTEST:g}")
        self.station.clock.run_at(float(rate))  # type: ignore[attr-defined]  # a simulated one has it


def _written(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, (bool, int, float, str, list, dict)) else str(value)
        for name, value in arguments.items()
    }


_VERBS: dict[str, Callable[..., Any]] = {
    "pause": Verbs._pause,
    "resume": Verbs._resume,
    "skip": Verbs._skip,
    "abort": Verbs._abort,
    "stop": Verbs._stop,
    "add": Verbs._add,
    "remove": lambda engine, ids: engine.queue.remove(ids),
    "move": lambda engine, ids, before="": engine.queue.move(ids, before),
    "edit": Verbs._edit,
    "disable": lambda engine, ids, disabled=True: engine.queue.disable(ids, disabled),
    "copy": lambda engine, ids, before="": engine.queue.copy(ids, before),
    "again": lambda engine, ids: engine.queue.again(ids),
    "policy": Verbs._set_policy,
    "must_end_by": Verbs._set_end,
    "end": Verbs._set_end_actions,
    "hold": Verbs._hold_queue,
    "acknowledge": Verbs._acknowledge,
    "panel": Verbs._read_panel,
    "traffic": Verbs._traffic,
    "set_panel": Verbs._set_panel,
    "speed": Verbs._set_speed,
}
COMMANDS = tuple(_VERBS)
_AT_ONCE = ("abort", "stop", "skip", "pause", "resume")
_AFTER_THE_END = ("abort", "stop", "acknowledge")
_ONLY_LOOKS = ("panel", "traffic")
_SLOWEST, _FASTEST = 0.1, 1000.0  # virtual seconds per real second
_CHANGES_QUEUE = ("add", "remove", "move", "edit", "disable", "copy", "again")
