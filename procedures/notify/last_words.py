"""What the dead-man tells when the program that measured has died, after it has made the station safe."""

from collections.abc import Callable

from coldfinger.instruments.clock import Clock, WaitTimeout, wait_until
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.notify.notifier import Notifier
from coldfinger.runfiles.journal import utc_now

LONGEST = 1800.0  # s for which it is tried; nothing waits for it


def tell_of_the_death(
    file: StationFile, verdict: str, safe: bool, clock: Clock, log: Callable[[str], None], longest: float = LONGEST
) -> None:
    """Tell those of [notify] that the owner is "dead" or was "hung", and whether the station is safe."""
    notifier = Notifier(file, clock)
    if not notifier.begin(log):
        return
    notifier.hear({"level": "alarm", "kind": "dead-man", "text": death_text(verdict, safe), "utc": utc_now()})
    try:
        wait_until(notifier.all_told, clock, poll=0.1, timeout=longest, what="the last message")
    except WaitTimeout as error:
        log(str(error))
    notifier.close()


def death_text(verdict: str, safe: bool) -> str:
    """What happened, what it means, what was done, what can be done."""
    what = "showed no sign of life and was ended" if verdict == "hung" else "has died"
    done = "the dead-man has made the station safe" if safe else "the dead-man could not: THE STATION IS NOT SAFE"
    go = "Look" if safe else "Go there and switch off by hand: bias, excitation, heater. Look"
    return (
        f"the program that measured {what}. The rows that it wrote are kept, and nothing is measured any more; {done}. "
        f"{go} into the dead-man's log, then go on with the night by --resume."
    )
