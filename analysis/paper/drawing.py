"""A drawn figure with the numbers in it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from coldfinger.analysis.figures import DPI

SUFFIXES = (".pdf", ".svg", ".png")


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, its numbers (plain, for JSON) and what a reader must know beside it."""

    figure: Figure
    numbers: dict[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    """One sentence each: missing runs, doubts, what was left out."""

    def save(self, path: Path | str) -> None:
        """Write the figure; the suffix names the format, .pdf and .svg are vector.

        Raises ValueError for another suffix and for a place that cannot be written to.
        """
        path = Path(path)
        check_path(path)
        try:
            self.figure.savefig(path, dpi=DPI)
        except OSError as error:
            raise ValueError(f"figure {path}: it cannot be written: {error.strerror}; choose another place") from None


def check_path(path: Path) -> None:
    """Raises ValueError for a name that does not end with .pdf, .svg or .png, or a folder that does not exist."""
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"figure {path}: the name must end with one of {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise ValueError(f"figure {path}: there is no folder {path.parent}; make it or choose another")
