"""What a 33511B says about itself: the queue of 20 errors, the status bytes, what every SCPI instrument answers.

Texts of errors behind the standard ones are those of the family's older members.
"""

from collections import deque

from coldfinger.sim.devices.k33511b_words import forms
from coldfinger.sim.scpi import CommandTable, Fault, Panel, real

IDENTITY = "Agilent Technologies,33511B,MY52302222,3.03-1.19-2.00-52-00"  # newer ones: Keysight Technologies
ERRORS_KEPT = 20
COMMAND, EXECUTION, DEVICE, POWER_ON = 32, 16, 8, 128  # *ESR bits
ERRORS = {
    Fault.UNKNOWN_COMMAND: (-113, "Undefined header"),
    Fault.UNKNOWN_QUERY: (-113, "Undefined header"),
    Fault.MISSING_PARAMETER: (-109, "Missing parameter"),
    Fault.INVALID_PARAMETER: (-121, "Invalid character in number"),
    Fault.NOT_BOOLEAN: (-224, "Illegal parameter value"),
    Fault.OUT_OF_RANGE: (-222, "Data out of range"),
    Fault.NO_SWITCH: (-221, "Settings conflict"),
    Fault.LINE_TOO_LONG: (-363, "Input buffer overrun"),
}
OVERFLOW = (-350, "Queue overflow")
TOO_HIGH = (-222, "Data out of range; value clipped to upper limit")
TOO_LOW = (-222, "Data out of range; value clipped to lower limit")


class StatusPanel(Panel):
    """What the front panel knows of its errors."""

    commands = CommandTable(forms)

    def __init__(self) -> None:
        super().__init__()
        self._errors: deque[tuple[int, str]] = deque()
        self._event = POWER_ON
        self._event_enable = self._request_enable = 0

    def refuse(self, fault: Fault) -> None:
        self._complain(*ERRORS[fault])

    def _complain(self, code: int, text: str) -> None:
        self._event |= DEVICE if code <= -300 or code > 0 else EXECUTION if code <= -200 else COMMAND
        if len(self._errors) >= ERRORS_KEPT:
            self._errors[-1] = OVERFLOW
        else:
            self._errors.append((code, text))

    def _clipped(self, value: float, lowest: float, highest: float) -> float:
        if value > highest * (1 + 1e-12):
            self._complain(*TOO_HIGH)
        elif value < lowest - 1e-12 * abs(lowest):
            self._complain(*TOO_LOW)
        return min(max(value, lowest), highest)

    def serial_poll(self, waiting: bool) -> int:
        status = (4 if self._errors else 0) | (16 if waiting else 0)
        status |= 32 if self._event & self._event_enable else 0
        return status | (64 if status & self._request_enable else 0)

    # Errors and events

    @commands.command("*CLS")
    def clear_status(self) -> None:
        self._errors.clear()
        self._event = 0

    @commands.command("SYSTem:ERRor?", "SYSTem:ERRor:NEXT?")
    def read_error(self) -> str:
        code, text = self._errors.popleft() if self._errors else (0, "No error")
        return f'{code:+d},"{text}"'

    @commands.command("*ESR?")
    def read_event(self) -> str:
        value, self._event = self._event, 0
        return f"{value:+d}"

    @commands.command("*STB?")
    def read_status(self) -> str:
        return f"{self.serial_poll(False):+d}"

    @commands.command("*ESE", takes=(real(0, 255),))
    def enable_events(self, value: float) -> None:
        self._event_enable = int(value)

    @commands.command("*ESE?")
    def read_enabled_events(self) -> str:
        return f"{self._event_enable:+d}"

    @commands.command("*SRE", takes=(real(0, 255),))
    def enable_requests(self, value: float) -> None:
        self._request_enable = int(value)

    @commands.command("*SRE?")
    def read_enabled_requests(self) -> str:
        return f"{self._request_enable:+d}"

    @commands.command("*OPC")
    def note_completion(self) -> None:
        self._event |= 1

    @commands.command("*OPC?")
    def confirm_completion(self) -> str:
        return "1"

    # What every instrument answers

    @commands.command("*IDN?")
    def identify(self) -> str:
        return IDENTITY

    @commands.command("*TST?")
    def test(self) -> str:
        return "+0"

    @commands.command("*TRG", "*WAI", "SYSTem:BEEPer", "SYSTem:BEEPer:IMMediate", "TRIGger1", "ABORt")
    def do_nothing(self) -> None:
        """There is no burst to trigger and nothing to wait for."""

    @commands.command("SYSTem:VERSion?")
    def read_version(self) -> str:
        return "1999.0"
