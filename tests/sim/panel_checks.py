"""What the tests of the simulated front panels share: a laboratory without noise, and how it is asked."""

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.rack import sim_rack
from coldfinger.sim.sample import builtin_sample

SAMPLE = builtin_sample("S0", 0, fluctuations=False)
LOCKIN = "GPIB0::8::INSTR"


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


class LockinBench:
    """One lock-in in a rack of its own, with a clock that jumps; `signal` is what it is told first."""

    def __init__(self, model, signal, quiet=True, **parts):
        self.clock = SimClock()
        self.rack = sim_rack(laboratory(quiet, **parts), self.clock, {"lock-in": LOCKIN}, models={"lock-in": model})
        self.port = self.rack.connect(LOCKIN)
        self.panel = self.port.panel
        self.tell(signal)

    def tell(self, text):
        self.rack.exchange(self.port, text.encode(), end=True)

    def ask(self, text):
        self.tell(text)
        return self.port.take()

    def until(self, time):
        """Let time go on to `time` (s)."""
        self.clock.sleep(time - self.clock.time())
        self.rack.keep_up()


def both_at_the_end(make, waits, begin, glance, end):
    """Two noisy benches that are told the same; the first one is looked at after each of `waits` (s) as well."""
    chatty, silent = make(quiet=False), make(quiet=False)
    for bench, pauses in ((chatty, waits), (silent, [])):
        bench.tell(begin)
        for pause in pauses:
            bench.clock.sleep(pause)
            bench.ask(glance)
        bench.until(20.0)
        bench.tell(end)
    return chatty, silent
