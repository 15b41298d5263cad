"""Every line that goes over the wires, in rotating files, for whoever looks for trouble; off unless it is asked for.

The environment variable COLDFINGER_TRAFFIC names a folder. Each process writes a file of its own there, with up to five
older ones of 10 MB behind it, so that a log that was forgotten never fills the disk.
"""

import logging
import os
from functools import cache
from logging.handlers import RotatingFileHandler
from pathlib import Path

VARIABLE = "COLDFINGER_TRAFFIC"
LONGEST, KEPT = 10_000_000, 5  # bytes of a file, and how many older ones stay

log = logging.getLogger(__name__)


def traffic_log() -> logging.Logger | None:
    """Where lines are to be logged, or None when nobody has asked; a folder that cannot be written is a warning."""
    folder = os.environ.get(VARIABLE, "")
    return _opened(folder, os.getpid()) if folder else None


@cache
def _opened(folder: str, pid: int) -> logging.Logger | None:
    path = Path(folder) / f"traffic-{pid}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LONGEST, backupCount=KEPT, encoding="utf-8")
    except OSError as error:
        log.warning("%s = %s: no traffic is logged (%s); give a folder that can be written", VARIABLE, folder, error)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.Logger("coldfinger.traffic")  # of its own: it reaches no other handler
    logger.addHandler(handler)
    return logger
