"""What goes wrong with an instrument, one class for each way to react to it.

Every message is one sentence: who, what was asked, what came back, what is allowed, what to do.
"""


class InstrumentError(Exception):
    """An instrument did not do what it was asked; the sentence says which, what and what to do."""

    stops_queue = False
    """Whether what follows in a queue would meet the same, and a person is needed first."""


class LinkError(InstrumentError):
    """No answer that can be believed came over the wire: silence, a lost connection, a wrong identity."""


class ReplyError(LinkError):
    """A reply came that does not have the form which this question must have."""


class CommandError(InstrumentError):
    """The instrument itself reported that it refused a command or a value."""


class MagnetError(InstrumentError):
    """The magnet supply is in a state in which it must not be ramped, or has quenched."""


class MagnetAlarm(MagnetError):
    """The magnet has quenched, or its supply has lost what it was told: a person must look at it."""

    stops_queue = True


class CalibrationError(InstrumentError):
    """A sensor value lies outside the calibrated range; no temperature is made up for it."""
