"""The commands of an SR860's capture buffer (`sr860_capture`).

A signal at the trigger input is not simulated: *TRG is the trigger.
"""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from coldfinger.sim.devices.sr860_capture import LARGEST_READING, CaptureBuffer, Samples
from coldfinger.sim.devices.sr860_outputs import OutputPanel
from coldfinger.sim.devices.sr860_setup import SCALES, TIME_CONSTANTS
from coldfinger.sim.devices.sr860_words import choice, number
from coldfinger.sim.scpi import CommandTable, Fault, Port, Refused, Step, integer

if TYPE_CHECKING:
    from coldfinger.sim.cryostat import Cryostat

FASTEST_CAPTURE = 1.25e6  # Hz, at 1 us; assumed to halve with each doubling of the time constant
CAPTURED = ((0,), (0, 1), (2, 3), (0, 1, 2, 3))  # of X, Y, R, theta, for each CAPTURECFG


class CapturePanel(OutputPanel):
    """What the front panel knows of its capture buffer."""

    commands = CommandTable()

    def __init__(self, cryostat: "Cryostat") -> None:
        super().__init__(cryostat)
        self._capture = CaptureBuffer()
        self._clear_capture()

    def run(self, steps: tuple[Step, ...], port: Port) -> None:
        self._store()
        super().run(steps, port)

    def act(self) -> None:
        self._store()
        self._set_due()

    def _store(self) -> None:
        """Keep the samples that were due, as the settings are that they fall under."""
        if self._capture.due <= self._cryostat.now:
            self._capture.store(self._cryostat.now, self._samples)

    def _set_due(self) -> None:
        """Samples are kept once a tick."""
        due, tick = self._capture.due, self._cryostat.tick
        self.due = max(due, math.ceil(due / tick - 1e-9) * tick) if math.isfinite(due) else due

    def _samples(self, times: Samples) -> Samples:
        """What is captured at times within the last tick, a row for each."""
        setup = self._setup
        signal = self._lockin.course(times) + complex(*self._lockin.output_offset)
        if setup.current:
            signal = 0.0 * signal
        values = [signal.real, signal.imag, np.abs(signal), np.degrees(np.angle(signal))]
        for place, percent in enumerate(setup.percents):
            if setup.offsets_on[place]:
                values[place] = values[place] - 0.01 * percent * SCALES[setup.scale]
        return np.stack([values[which] for which in CAPTURED[setup.capture_config]], axis=1)

    # Settings

    def _fastest_capture(self) -> float:
        halvings = round(math.log2(TIME_CONSTANTS[self._setup.time_constant] / TIME_CONSTANTS[0]))
        return FASTEST_CAPTURE / 2.0 ** min(halvings, 20)

    @commands.command("CAPTURELEN", takes=(integer(1, 4096),))
    def set_capture_length(self, kilobytes: int) -> None:
        """An odd number becomes the next even one; what was captured is lost (assumed), as with CAPTURECFG."""
        self._obey(replace(self._setup, capture=(kilobytes + kilobytes % 2, self._setup.capture[1])))
        self._clear_capture()

    @commands.command("CAPTURELEN?")
    def read_capture_length(self) -> str:
        return str(self._setup.capture[0])

    @commands.command("CAPTURERATE", takes=(integer(0, 20),))
    def set_capture_rate(self, halvings: int) -> None:
        self._obey(replace(self._setup, capture=(self._setup.capture[0], halvings)))

    @commands.command("CAPTURERATE?")
    def read_capture_rate(self) -> str:
        return number(self._fastest_capture() / 2.0 ** self._setup.capture[1])

    @commands.command("CAPTURERATEMAX?")
    def read_fastest_capture(self) -> str:
        return number(self._fastest_capture())

    @commands.command("CAPTURECFG", takes=(choice("X", "XY", "RT", "XYRT"),))
    def set_capture_config(self, config: int) -> None:
        self._obey(replace(self._setup, capture_config=config))
        self._clear_capture()

    def _clear_capture(self) -> None:
        self._capture.clear(self._setup.capture[0], len(CAPTURED[self._setup.capture_config]))
        self._set_due()

    # A capture and its data

    @commands.command("CAPTURESTART", takes=(choice("ONEshot", "CONTinuous"), choice("IMM", "TRIG", "SAMP")))
    def start_capture(self, continuous: int, mode: int) -> None:
        """A capture that runs begins anew; its rate is that of the filter as it is now (assumed)."""
        period = 2.0 ** self._setup.capture[1] / self._fastest_capture()
        self._capture.start(self._cryostat.now, period, bool(continuous), mode)
        self._store()
        self._set_due()

    @commands.command("CAPTURESTOP")
    def stop_capture(self) -> None:
        self._capture.stop()
        self._set_due()

    @commands.command("*TRG")
    def trigger(self) -> None:
        self._capture.trigger(self._cryostat.now, self._samples)
        self._store()
        self._set_due()

    @commands.command("CAPTURESTAT?")
    def read_capture_state(self) -> str:
        return str(self._capture.status)

    @commands.command("CAPTUREBYTES?")
    def read_captured_bytes(self) -> str:
        return str(self._capture.size)

    @commands.command("CAPTUREPROG?")
    def read_captured_kilobytes(self) -> str:
        self._require_end_of_capture()
        return str(self._capture.progress)

    @commands.command("CAPTUREVAL?", takes=(integer(0, 1 << 20),))
    def read_sample(self, number_of_sample: int) -> str:
        try:
            return ",".join(number(float(value)) for value in self._capture.sample(number_of_sample))
        except IndexError:
            raise Refused(Fault.OUT_OF_RANGE) from None

    @commands.command("CAPTUREGET?", takes=(integer(0, 4095), integer(1, LARGEST_READING)))
    def read_capture(self, offset: int, kilobytes: int) -> bytes:
        self._require_end_of_capture()
        try:
            return self._capture.block(offset, kilobytes)
        except IndexError:
            raise Refused(Fault.OUT_OF_RANGE) from None

    def _require_end_of_capture(self) -> None:
        if self._capture.running:
            raise Refused(Fault.OUT_OF_RANGE)


CapturePanel.commands.add("CAPTURECFG?", CapturePanel._read, preset=("capture_config",))
