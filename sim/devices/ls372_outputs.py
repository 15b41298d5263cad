"""The outputs of the Lake Shore 372: sample heater with its loop, warm-up heater, still and analog output.

Output 0 is the sample heater: off, open loop, closed loop and zones on input A. Output 1 is the warm-up heater, which
heats the mixing chamber in the modes open loop and warm-up, with its current in percent of the full scale. Output 2
drives the still, or is a monitor of an input; nothing warms by it.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coldfinger.sim.devices.ls372_curves import CurvePanel
from coldfinger.sim.devices.ls372_words import (
    HEATER_RANGES,
    WARMUP_CURRENTS,
    WARMUP_RESISTANCES,
    channel_or_all,
    engineering,
)
from coldfinger.sim.scpi import CommandTable, Fault, Refused, integer, real
from coldfinger.sim.thermal import Zone

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

OFF, MONITOR, OPEN_LOOP, ZONE, STILL, CLOSED_LOOP, WARM_UP = range(7)
ZONES = 10


@dataclass
class Output:
    """One heater output; the sample heater's numbers live in the control loop."""

    mode: int = 0
    input: str = "1"
    power_up: int = 0
    polarity: int = 0
    filter: int = 0
    delay: int = 1
    setpoint: float = 0.0
    ramp: tuple[int, float] = (0, 0.0)
    pid: tuple[float, float, float] = (10.0, 20.0, 0.0)
    range: int = 0
    manual: float = 0.0  # %
    heater: tuple[float, int, float, int] = (120.0, 8, 0.0, 1)
    analog: list[float] = field(default_factory=lambda: [0, 0, 1, 1, 0.0, 0.0, 0.0])
    zones: list[tuple[float, ...]] = field(default_factory=lambda: [(0.0, 50.0, 20.0, 0.0, 0.0, 0, 0.1, 0, 0)] * ZONES)


_OUTPUT = integer(0, 2)
_PID = (real(0.0, 1000.0), real(0.0, 10000.0), real(0.0, 2500.0))
_SWITCH = integer(0, 1)


class OutputPanel(CurvePanel):
    """What the front panel knows of its outputs."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._loop = cryostat.loop
        self._still = 0.0  # %
        self._warmup = (0, 0.0)  # switches itself off (0) or not (1), %
        warmup = Output(heater=(2, 1, 0.0, 1))
        self._outputs = [Output(mode=self._loop.mode, input="A"), warmup, Output(mode=STILL)]

    @commands.command(
        "OUTMODE",
        takes=(
            _OUTPUT,
            integer(0, 6),
            channel_or_all,
            *(_SWITCH,) * 3,
            integer(1, 255),
        ),
    )
    def set_output_mode(
        self, output: int, mode: int, source: str, power_up: int, polarity: int, smooth: int, delay: int
    ) -> None:
        controls = mode in (ZONE, CLOSED_LOOP)
        if output == 0 and (mode not in (OFF, OPEN_LOOP, ZONE, CLOSED_LOOP) or (controls and source != "A")):
            raise Refused(Fault.OUT_OF_RANGE)
        state = self._outputs[output]
        state.mode, state.input, state.power_up = mode, source, power_up
        state.polarity, state.filter, state.delay = polarity, smooth, delay
        if output == 0:
            self._loop.mode = mode
        self._warm_up()

    @commands.command("OUTMODE?", takes=(_OUTPUT,))
    def read_output_mode(self, output: int) -> str:
        o = self._outputs[output]
        return f"{o.mode},{o.input},{o.power_up},{o.polarity},{o.filter},{o.delay:03d}"

    @commands.command("SETP", takes=(_OUTPUT, real(0.0, 1e9)))
    def set_setpoint(self, output: int, value: float) -> None:
        if output == 0:
            self._loop.setpoint = self._kelvin_of(value)
        self._outputs[output].setpoint = value
        self._warm_up()

    def _kelvin_of(self, setpoint: float) -> float:
        """A set point in ohms goes through the curve of the control input."""
        if self._channels["A"].unit == 1:
            return setpoint
        curve = self._inputs["A"].curve
        kelvin = curve(setpoint) if curve is not None and setpoint > 0 else 0.0
        if not kelvin > 0:
            raise Refused(Fault.OUT_OF_RANGE)
        return kelvin

    @commands.command("SETP?", takes=(_OUTPUT,))
    def read_setpoint(self, output: int) -> str:
        if output == 0 and self._channels["A"].unit == 1:
            return engineering(self._loop.moving_setpoint(self._cryostat.now))
        return engineering(self._outputs[output].setpoint)

    @commands.command("RAMP", takes=(_OUTPUT, integer(0, 1), real(0.0, 100.0)))
    def set_ramp(self, output: int, on: int, rate: float) -> None:
        if 0.0 < rate < 0.001:
            raise Refused(Fault.OUT_OF_RANGE)
        rate = round(rate, 3)
        self._outputs[output].ramp = (on, rate)
        if output == 0:
            self._loop.ramp_on, self._loop.ramp_rate = bool(on), rate

    @commands.command("RAMP?", takes=(_OUTPUT,))
    def read_ramp(self, output: int) -> str:
        on, rate = (self._loop.ramp_on, self._loop.ramp_rate) if output == 0 else self._outputs[output].ramp
        return f"{int(on)},{rate:+08.3f}"

    @commands.command("RAMPST?", takes=(_OUTPUT,))
    def read_ramp_status(self, output: int) -> str:
        return str(int(output == 0 and self._loop.ramping(self._cryostat.now)))

    @commands.command("PID", takes=(_OUTPUT, *_PID))
    def set_pid(self, output: int, p: float, i: float, d: float) -> None:
        self._outputs[output].pid = (p, i, d) = (round(p, 3), round(i, 3), round(d, 3))
        if output == 0:
            self._loop.p, self._loop.i, self._loop.d = p, i, d

    @commands.command("PID?", takes=(_OUTPUT,))
    def read_pid(self, output: int) -> str:
        p, i, d = (self._loop.p, self._loop.i, self._loop.d) if output == 0 else self._outputs[output].pid
        return f"{p:+09.3f},{i:+010.3f},{d:+09.3f}"

    @commands.command("RANGE", takes=(_OUTPUT, integer(0, 8)))
    def set_range(self, output: int, index: int) -> None:
        if output > 0 and index > 1:
            raise Refused(Fault.OUT_OF_RANGE)
        self._outputs[output].range = index
        if output == 0:
            self._loop.range_current = HEATER_RANGES[index]
        self._warm_up()

    @commands.command("RANGE?", takes=(_OUTPUT,))
    def read_range(self, output: int) -> str:
        """As it is now: a limit, a zone or the end of a warm-up may have changed it."""
        state = self._outputs[output]
        if output == 0:
            current = self._loop.range_current
            state.range = min(range(len(HEATER_RANGES)), key=lambda i: abs(HEATER_RANGES[i] - current))
        elif output == 1 and state.range and self._warm_current() and not self._cryostat.warmup.current:
            state.range = 0
        return str(state.range)

    # Warm-up heater

    def _warm_current(self) -> float:
        """What the warm-up heater is told to give (A)."""
        state = self._outputs[1]
        _, full, own, _ = state.heater
        percent = {OPEN_LOOP: state.manual, WARM_UP: self._warmup[1]}.get(state.mode, 0.0)
        return 0.01 * max(percent, 0.0) * (WARMUP_CURRENTS[full] or own) * state.range

    def _warm_up(self) -> None:
        state, heater = self._outputs[1], self._cryostat.warmup
        off_by_itself = state.mode == WARM_UP and self._warmup[0] == 0
        heater.resistance = WARMUP_RESISTANCES[int(state.heater[0]) - 1]
        heater.until = state.setpoint if off_by_itself else 0.0
        heater.current = self._warm_current()

    @commands.command("WARMUP", takes=(integer(0, 1), real(0.0, 100.0)))
    def set_warmup(self, on: int, percent: float) -> None:
        """Percent of the full current; 0: until the set point of output 1, 1: for ever."""
        self._warmup = (on, percent)
        self._warm_up()

    @commands.command("WARMUP?")
    def read_warmup(self) -> str:
        return f"{self._warmup[0]},{self._warmup[1]:+07.2f}"

    # Zones

    @commands.command(
        "ZONE",
        takes=(
            integer(0, 1),
            integer(1, ZONES),
            real(0.0, 1e3),
            *_PID,
            real(0.0, 100.0),
            integer(0, 8),
            real(0.0, 100.0),
            _SWITCH,
            _SWITCH,
        ),
    )
    def set_zone(self, output: int, number: int, *values: float) -> None:
        """Upper set point (K), P, I, D, manual output (%), heater range, ramp rate (K/min), two relays."""
        if output == 1 and values[5] > 1:
            raise Refused(Fault.OUT_OF_RANGE)
        self._outputs[output].zones[number - 1] = values
        if output == 0:
            known = sorted(zone for zone in self._outputs[0].zones if zone[0] > 0.0)
            self._loop.zones = tuple(
                Zone(upper, p, i, d, manual, HEATER_RANGES[int(span)], rate)
                for upper, p, i, d, manual, span, rate, _, __ in known
            )

    @commands.command("ZONE?", takes=(integer(0, 1), integer(1, ZONES)))
    def read_zone(self, output: int, number: int) -> str:
        upper, p, i, d, manual, span, rate, *relays = self._outputs[output].zones[number - 1]
        gains = f"{p:+09.3f},{i:+010.3f},{d:+09.3f},{manual:+07.2f},{span:.0f},{rate:+08.3f}"
        return f"{engineering(upper)},{gains},{relays[0]:.0f},{relays[1]:.0f}"

    # Heaters and analog outputs

    @commands.command("HTR?")
    def read_heater(self) -> str:
        percent = self._loop.output(self._cryostat.now)
        return "+100.000E+00" if percent >= 99.99995 else f"{percent:+08.4f}E+00"

    @commands.command("HTRSET", takes=(_OUTPUT, real(0.0, 2000.0), integer(0, 8), real(0.0, 1000.0), integer(1, 2)))
    def set_heater(self, output: int, resistance: float, highest: int, user: float, display: int) -> None:
        """Resistance in ohm, of the warm-up heater 1 for 25 ohm and 2 for 50 ohm; full scale of that by number or A."""
        if resistance < 1.0 or (output == 1 and (resistance not in (1.0, 2.0) or highest >= len(WARMUP_CURRENTS))):
            raise Refused(Fault.OUT_OF_RANGE)
        self._outputs[output].heater = (round(resistance, 3), highest, user, display)
        if output == 0:
            self._loop.heater_resistance = round(resistance, 3)
        self._warm_up()

    @commands.command("HTRSET?", takes=(_OUTPUT,))
    def read_heater_setting(self, output: int) -> str:
        resistance, highest, user, display = self._outputs[output].heater
        if output == 1:
            return f"{resistance:.0f},{highest},{user:+08.4f},{display}"
        if output == 0:
            resistance = self._loop.heater_resistance
        return f"{resistance:+08.3f},{highest},{user:+08.2f},{display}"

    @commands.command("HTRST?", takes=(_OUTPUT,))
    def read_heater_status(self, output: int) -> str:
        """0 no error, 1 heater open; it shows only while the range is on."""
        return str(int(output == 0 and self._loop.heater_open and self._loop.range_current > 0.0))

    @commands.command("MOUT", takes=(_OUTPUT, real(-100.0, 100.0)))
    def set_manual_output(self, output: int, percent: float) -> None:
        if output == 0:
            if percent < 0:
                raise Refused(Fault.OUT_OF_RANGE)
            self._loop.manual_output = percent
        self._outputs[output].manual = percent
        self._warm_up()

    @commands.command("MOUT?", takes=(_OUTPUT,))
    def read_manual_output(self, output: int) -> str:
        return engineering(self._loop.manual_output if output == 0 else self._outputs[output].manual)

    @commands.command("AOUT?", takes=(integer(1, 2),))
    def read_analog_output(self, output: int) -> str:
        return f"{self._analog_percent(output):+07.2f}"

    def _analog_percent(self, output: int) -> float:
        state = self._outputs[output]
        if self.read_range(output) == "0":
            return 0.0
        if output == 1:
            return {OPEN_LOOP: state.manual, WARM_UP: self._warmup[1]}.get(state.mode, 0.0)
        if state.mode == MONITOR:
            return self._monitor(state)
        return self._still if state.mode == STILL else state.manual

    def _monitor(self, state: Output) -> float:
        """Percent of the monitor output: an input's reading between the low and the high value of ANALOG."""
        bipolar, source, high, low = state.analog[0], state.analog[3], state.analog[4], state.analog[5]
        sensor = self._inputs.get(state.input)
        if sensor is None or high == low:
            return 0.0
        now = self._cryostat.now
        value = sensor.kelvin(now) if source == 1 else sensor.resistance(now)
        share = (value - low) / (high - low)
        percent, least = (200.0 * share - 100.0, -100.0) if bipolar else (100.0 * share, 0.0)
        return min(max(percent, least), 100.0)

    @commands.command("STILL", takes=(real(0.0, 100.0),))
    def set_still(self, percent: float) -> None:
        self._still = percent

    @commands.command("STILL?")
    def read_still(self) -> str:
        return f"{self._still:+06.2f}"

    @commands.command(
        "ANALOG",
        takes=(
            integer(1, 2),
            integer(0, 1),
            integer(0, 6),
            lambda text: 0 if text.upper() == "A" else integer(0, 16)(text),
            integer(0, 4),
            *(real(-1e9, 1e9),) * 2,
            real(-100.0, 100.0),
        ),
    )
    def set_analog(self, output: int, *values: float) -> None:
        self._outputs[output].analog = list(values)
        """Polarity, mode, input, source (1 K, otherwise ohm), high, low, manual output (%)."""
        self._outputs[output].manual = values[-1]
        self._warm_up()

    @commands.command("ANALOG?", takes=(integer(1, 2),))
    def read_analog(self, output: int) -> str:
        *switches, high, low, manual = self._outputs[output].analog
        return ",".join([f"{int(value)}" for value in switches] + [f"{high:+.3f},{low:+.3f},{manual:+07.2f}"])
