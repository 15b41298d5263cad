"""What the tests of Oxford's instruments share."""

from coldfinger.instruments.ips120 import IPS120
from coldfinger.instruments.mercury_ips import MercuryIPS
from coldfinger.instruments.triton import Triton

KINDS = (MercuryIPS, IPS120, Triton)


class StoppedClock:
    """Time that nobody lets pass but the test."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def answered(command: str) -> str:
    """What an instrument with words says to a command that it takes."""
    return f"STAT:{command}:VALID"
