"""Where the window stands: which station, which data folder, and the owner process that holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coldfinger.gui.early_owner import WHO, Found, find_or_start, owner_of
from coldfinger.procedures.laboratory.limits import Limits, limits_of
from coldfinger.procedures.laboratory.station_file import StationFile, read_station_file
from coldfinger.procedures.owner.client import Client
from coldfinger.procedures.owner.owner import OwnerSettings, start, stop
from coldfinger.procedures.owner.places import owner_folder


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
        return owner_of(self.folder)

    def find_or_start(self) -> Found:
        """Look for the owner and start one where there is none. Raises OwnerError, RunFileError."""
        return find_or_start(self._settings(False))

    def start_owner(self, resume: bool = False) -> int:
        """Start an owner process; its number. Raises OwnerError with one sentence."""
        return start(self._settings(resume))

    def stop_owner(self, safe: bool) -> None:
        """End the owner; with `safe` a running queue is aborted first. Raises Refused, OwnerSilent, OwnerError."""
        stop(self.folder, safe=safe, who=WHO)

    def _settings(self, resume: bool) -> OwnerSettings:
        return OwnerSettings.of(self.station, str(self.data), None, resume, self.simulator)
