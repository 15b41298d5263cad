"""What the tests of the simulated front panels share: a laboratory without noise, and how it is asked."""

from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S0", 0, fluctuations=False)


def laboratory(quiet=True, sample=SAMPLE, **parts):
    """A laboratory whose lock-in hears no noise where it is quiet."""
    return Cryostat(sample, Laboratory(**({"input_noise": None} if quiet else {}), **parts))


def ask(panel, text):
    """What a panel answers, without the end of its last line, which is that of all its lines."""
    reply = panel.receive(text.encode("latin-1") + panel.reply_end)
    assert reply.endswith(panel.reply_end)
    assert not set(b"\r\n") & set(reply.replace(panel.reply_end, b""))
    return reply.removesuffix(panel.reply_end).decode("latin-1")


def tell(panel, text):
    """The oldest error after a command that is not answered, of a panel with a queue of them."""
    assert panel.receive(text.encode() + panel.reply_end) == b""
    return ask(panel, "SYST:ERR?")


def event(panel):
    """The event register as a number; asking clears it."""
    return int(ask(panel, "*ESR?"))
