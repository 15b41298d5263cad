"""The safe state, reached for each instrument by itself and by more than one path.

Theory of operation. Each instrument has a thread, a deadline and connections of its own, so that one that is silent or
hangs delays no other. What makes things safe is written first, in a line that needs no answer; only then the link is
made clean, the setting sent again as usual, and read back. A path that fails is left for the next one: the connection
that the program holds, if there is one, then new ones, which begin with a device clear where the bus has one. An item
counts as done only when the instrument said so itself; whoever calls learns of every item. All of it may be repeated:
nothing is toggled.

Excitation  off, and if the same instrument also has the bias, before it.
Bias        to zero in the station's own steps, then off. That takes a level to start from: a source that cannot be
            read is, at the very end, sent to zero and off at once, because a step is a lesser harm than a bias that
            stays on with nobody there.
Heater      range off.
Magnet      asked first. A quenched magnet gets no command at all. A magnet whose state cannot be read gets none
            either: it may have quenched, and a ramp that nobody stops ends by itself at a target within the station's
            limits. A persistent switch is never heated or cooled, and while it changes nothing is sent.

In jumping virtual time, where nothing can hang, the instruments take turns in one thread, so that a seed gives the
same story every time.
"""

import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyvisa

from coldfinger.instruments.clock import Clock, WallClock
from coldfinger.instruments.dc_bias import SeriesResistorBias
from coldfinger.instruments.errors import CommandError, InstrumentError, LinkError, MagnetError
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.laboratory.outputs import HEATER_OFF, SINES, Sine, bias_output, bias_resistance, quiet_bias
from coldfinger.procedures.laboratory.station_file import StationFile

ITEMS = ("excitation", "bias", "heater", "magnet")
DEADLINE = 4.0  # s for one instrument; each step of a bias on its way to zero begins it anew
PATIENCE = 0.6  # s for one reply
PAUSE = 0.2  # s between two tries
AT_REST = (RampState.HOLDING, RampState.PAUSED, RampState.AT_ZERO)
SWITCHING = (RampState.HEATING_SWITCH, RampState.COOLING_SWITCH)
_NO_FIELD = 1e-4  # T, what a coil without current may show

Opener = Callable[[str, float], Any]
"""Opens a new connection to the instrument of that name, reply timeout in s, and returns its driver."""


@dataclass(frozen=True)
class SafeReport:
    """What became of one item of the safe state; `done`: the instrument itself confirmed it."""

    item: str
    done: bool
    detail: str


@dataclass(frozen=True)
class _Act:
    """One item on one instrument: lines that go out first, what is done and checked, lines for the very end."""

    item: str
    carry_out: Callable[[Any, "_Rescue"], str]
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


def make_safe(
    file: StationFile,
    opener: Opener,
    clock: Clock,
    *,
    held: Mapping[str, Any] | None = None,
    deadline: float = DEADLINE,
    leave: Collection[str] = (),
) -> list[SafeReport]:
    """Bring the station of `file` to its safe state; one report for each item, in the order of `ITEMS`.

    `held` are drivers, by the name of the instrument, over connections that this program already has; they are the
    first path. Items named in `leave` stay as they are. Nothing is raised: what failed is in the reports.
    """
    rate = getattr(clock, "rate", 1.0)
    # A simulated station may live a thousand seconds in one of ours; threads and buses do not.
    watch = WallClock() if 1.0 < rate < math.inf else clock
    rescues = [
        _Rescue(name, acts, opener, watch, deadline, (held or {}).get(name))
        for name, acts in _acts_of(file, clock, leave).items()
    ]
    if math.isinf(rate):
        _take_turns(rescues, clock)
    else:
        _work_together(rescues, min(1.0, rate))
    reports = [report for rescue in rescues for report in rescue.reports()]
    return sorted(reports, key=lambda report: ITEMS.index(report.item))


def all_done(reports: Iterable[SafeReport]) -> bool:
    """Whether every item is confirmed."""
    return all(report.done for report in reports)


def _take_turns(rescues: Sequence["_Rescue"], clock: Clock) -> None:
    left = list(rescues)
    while left:
        left = [rescue for rescue in left if not rescue.attempt() and rescue.time_left() > 0]
        if left:
            clock.sleep(PAUSE)
    for rescue in rescues:
        rescue.give_up()


def _work_together(rescues: Sequence["_Rescue"], pace: float) -> None:
    """Each in a thread of its own; a clock that runs at `pace` stretches the deadline."""
    started = []
    for rescue in rescues:
        thread = threading.Thread(target=rescue.run, name=f"safe state of {rescue.name}", daemon=True)
        thread.start()
        started.append((rescue, thread))
    for rescue, thread in started:
        while thread.is_alive() and (left := rescue.time_left() / pace + 3 * PATIENCE) > 0:
            thread.join(left)
        if thread.is_alive():
            rescue.hangs()


class _Rescue:
    """One instrument on its way to the safe state."""

    def __init__(
        self, name: str, acts: Sequence[_Act], opener: Opener, clock: Clock, deadline: float, held: Any | None
    ) -> None:
        self.name = name
        self._opener, self._clock, self._held, self._deadline = opener, clock, held, deadline
        self.progress()
        self._pending = list(acts)
        self._reports = {act.item: SafeReport(act.item, False, "not reached in time") for act in acts}

    def reports(self) -> list[SafeReport]:
        """What is known now."""
        return list(self._reports.values())

    def progress(self) -> None:
        """The deadline counts from now."""
        self._end = self._clock.time() + self._deadline

    def time_left(self) -> float:
        """Clock time (s) to the deadline."""
        return self._end - self._clock.time()

    def hangs(self) -> None:
        """Note that what is pending did not even fail."""
        for act in tuple(self._pending):
            self._note(act, False, f"{self.name}: hangs; nothing came back in {self._deadline:g} s, go and look at it")

    def run(self) -> None:
        """Try until all is done or the time is over."""
        while not self.attempt() and self.time_left() > 0:
            self._clock.sleep(PAUSE)
        self.give_up()

    def attempt(self) -> bool:
        """Try once, on the next path; True when nothing is left to try."""
        held, self._held = self._held, None
        try:
            if held is not None:
                self._use(held, loud=not held.clean)
            else:
                self._with_own_connection(partial(self._use, loud=True))
        except Exception as error:  # noqa: BLE001  whatever it was, the next path and the last resort must be tried
            self._note_all(error)
        return not self._pending

    def give_up(self) -> None:
        """The last resort for what could not be done properly."""
        lines = [line for act in self._pending for line in act.last]
        if not lines:
            return

        def shout(driver: Any) -> None:
            for line in lines:
                driver.shout(line)
            driver.adapter.flush_read_buffer()  # a socket that is closed with unread replies may take the lines with it

        try:
            self._with_own_connection(shout)
        except (InstrumentError, OSError, pyvisa.errors.Error):
            return
        for act in self._pending:
            if act.last:
                detail = f"{self._reports[act.item].detail}; zero and off were sent in one step, without an answer"
                self._note(act, False, detail)

    def _with_own_connection(self, use: Callable[[Any], object]) -> None:
        driver = self._opener(self.name, PATIENCE)
        try:
            use(driver)
        finally:
            driver.adapter.close()

    def _use(self, driver: Any, *, loud: bool) -> None:
        if loud:
            for act in self._pending:
                for line in act.first:
                    driver.shout(line)
        with driver.hurried(PATIENCE):
            for act in tuple(self._pending):
                self._carry_out(act, driver)

    def _carry_out(self, act: _Act, driver: Any) -> None:
        try:
            self._note(act, True, act.carry_out(driver, self))
            self._pending.remove(act)
        except LinkError:
            raise
        except MagnetError as error:
            self._note(act, False, str(error))
            self._pending.remove(act)  # the supply answered and will not: asking again changes nothing
        except (InstrumentError, ValueError) as error:
            self._note(act, False, str(error))

    def _note_all(self, error: Exception) -> None:
        text = str(error) if isinstance(error, InstrumentError | OSError) else f"{type(error).__name__}: {error}"
        for act in self._pending:
            self._note(act, False, text)

    def _note(self, act: _Act, done: bool, detail: str) -> None:
        self._reports[act.item] = SafeReport(act.item, done, detail)


# What is done to whom


def _acts_of(file: StationFile, clock: Clock, leave: Collection[str] = ()) -> dict[str, list[_Act]]:
    """By instrument, in the order in which they are carried out."""
    roles = file.sections["roles"]
    sine = SINES[file.instruments[roles["source"]]["driver"]]
    heater = HEATER_OFF[file.instruments[roles["controller"]]["driver"]]
    acts = [
        (roles["source"], _Act("excitation", partial(_excitation_off, sine=sine), first=(sine.quiet,))),
        (roles["bias"], _bias_act(file, clock)),
        (roles["controller"], _Act("heater", _heater_off, first=heater)),
        (roles["magnet"], _Act("magnet", partial(_magnet_at_rest, to_zero=file.sections["safe"]["magnet"] == "zero"))),
    ]
    by_name: dict[str, list[_Act]] = {}
    for name, act in acts:
        if name and act.item not in leave:
            by_name.setdefault(name, []).append(act)
    return by_name


def _excitation_off(source: Any, rescue: _Rescue, sine: Sine) -> str:
    source.sine_voltage = sine.least
    volts = float(source.sine_voltage)
    if volts > sine.least * 1.001:
        raise CommandError(f"{source.who}: sent to {sine.least:g} V, but it reads back {volts:g} V")
    return f"source at {volts:g} V"


def _heater_off(bridge: Any, rescue: _Rescue) -> str:
    bridge.controller.heater_off()
    amperes = float(bridge.controller.heater_range)
    if amperes != 0.0:
        raise CommandError(f"{bridge.who}: the heater was switched off, but its range reads back {amperes:g} A")
    return f"range {amperes:g} A"


def _bias_act(file: StationFile, clock: Clock) -> _Act:
    return _Act("bias", partial(_bias_off, file=file, clock=clock), last=quiet_bias(file))


def _bias_off(instrument: Any, rescue: _Rescue, file: StationFile, clock: Clock) -> str:
    table, limits = file.sections["bias"], file.sections["limits"]
    source = bias_output(file, instrument)
    if source.output and source.level != 0.0:
        bias = SeriesResistorBias(
            source, bias_resistance(file), largest=limits["bias"], largest_step=limits["bias_step"]
        )
        for current in bias.way_to(0.0):
            source.level = current * bias.series_resistance
            rescue.progress()
            clock.sleep(table["step_time"])
    source.off()
    level, on = float(source.level), bool(source.output)
    if level != 0.0 or (on and source.switches):
        raise CommandError(f"{instrument.who}: sent to zero and off, but it reads back {level:g} V")
    return f"bias at {level:g} V, output {'on' if on else 'off'}"


def _magnet_at_rest(supply: Any, rescue: _Rescue, to_zero: bool) -> str:
    state = supply.state
    if state is RampState.QUENCH or supply.quenched:
        return "quenched: left alone"
    if state in SWITCHING:
        return f"{_words(state)}: left alone"
    if to_zero and state is RampState.AT_ZERO and (kept := _kept(supply)):
        raise MagnetError(
            f"{supply.who}: the supply is at zero, but the coil keeps {kept}, which only a person may heat; leave "
            "persistent mode by hand"
        )
    wanted = (RampState.ZEROING, RampState.AT_ZERO) if to_zero else AT_REST
    if state not in wanted:
        _stop_or_zero(supply, state, to_zero)
        state = supply.state
        if state not in (*wanted, RampState.QUENCH):
            wish = "go to zero" if to_zero else "hold"
            raise CommandError(f"{supply.who}: told to {wish}, but its state is {_words(state)}")
    kept = _kept(supply)
    return f"{_words(state)}; the coil keeps {kept}" if kept else _words(state)


def _kept(supply: Any) -> str:
    """What the coil keeps whatever the supply does; empty where there is nothing, or no cold switch before it."""
    if not supply.switch_installed or supply.switch_heated or abs(supply.field) <= _NO_FIELD:
        return ""
    return f"{supply.field:g} T behind its cold persistent switch"


def _stop_or_zero(supply: Any, state: RampState, to_zero: bool) -> None:
    if not to_zero:
        supply.pause()
        return
    try:
        supply.zero()
    except MagnetError:
        if state not in AT_REST:
            supply.pause()  # a cold switch forbids the way to zero, not the stop
        raise


def _words(state: RampState) -> str:
    return state.name.lower().replace("_", " ")
