"""Will those whom [notify] names be told?"""

from coldfinger.procedures.laboratory.notify_table import is_wanted
from coldfinger.procedures.laboratory.station_file import StationFile
from coldfinger.procedures.notify.carriers import CarrierError
from coldfinger.procedures.notify.notifier import ways
from coldfinger.procedures.station_check.findings import Said, ok, warn


def messages_line(file: StationFile) -> Said | None:
    """Whether every address can be used; nothing is sent. None where nobody shall be told."""
    table = file.sections["notify"]
    if not is_wanted(table) or file.cassette:
        return None
    names, mistakes = [], []
    for make in ways(file):
        try:
            names.append(make().name)
        except CarrierError as error:
            mistakes.append(str(error))
    if mistakes:
        return warn("; ".join(dict.fromkeys(mistakes)), "see to that, or be there; a night goes on all the same")
    return ok(f"{', '.join(names)}, of {', '.join(table['on'])}; `coldfinger station notify` sends a test message")
