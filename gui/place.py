"""Where the window stands: which station, which data folder, and the owner process that holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coldfinger.procedures.engine.face import OwnerSilent
from coldfinger.procedures.engine.resume import unfinished
from coldfinger.procedures.limits import Limits, limits_of
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.owner import OwnerSettings, start, stop
from coldfinger.procedures.owner.places import owner_folder
from coldfinger.procedures.station_file import StationFile, read_station_file

_GREETING = 1.0  # s for an owner that is there
WHO = "window"


@dataclass(frozen=True)
class Place:
    """A station and a data folder; `simulator` replaces keys of a simulated station ("speed", "sample", "seed")."""

    station: str
    data: Path
    file: StationFile
    limits: Limits
    simulator: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, station: str, data: str | Path, simulator: Mapping[str, str] | None = None) -> "Place":
        """Read the station file. Raises StationFileError."""
        file = read_station_file(station)
        return cls(station, Path(data).resolve(), file, limits_of(file.sections, file.source), dict(simulator or {}))

    @property
    def simulated(self) -> bool:
        return self.file.simulated

    @property
    def folder(self) -> Path:
        """Where the owner of this station is found."""
        return owner_folder(self.station)

    def connect(self) -> Client:
        """A connection to the owner."""
        return Client(self.folder, who=WHO)

    def owner(self) -> dict[str, object] | None:
        """Who owns the station: name, pid, started; None when nobody does."""
        try:
            with Client(self.folder, who=WHO, deadline=_GREETING) as client:
                return client.owner()
        except OwnerSilent:
            return None

    def start_owner(self, resume: bool = False) -> int:
        """Start an owner process; its number. Raises OwnerError with one sentence."""
        return start(OwnerSettings.of(self.station, str(self.data), None, resume, self.simulator))

    def stop_owner(self, safe: bool) -> None:
        """End the owner; with `safe` a running queue is aborted first. Raises Refused, OwnerSilent, OwnerError."""
        stop(self.folder, safe=safe, who=WHO)

    def left_over(self) -> tuple[int, int] | None:
        """How many of how many items a night that was cut off has left; None when there is no such night."""
        record = unfinished(self.data) if self.data.is_dir() else None
        if record is None:
            return None
        open_ones = sum(item.state in ("waiting", "partial", "running") for item in record.items)
        return open_ones, len(record.items)
