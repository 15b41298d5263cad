"""Numbers in, numbers out: laws, fits, networks and figures.

The names below are the script face; each is imported when it is first used, so that the laws alone load fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coldfinger.analysis.across.family_fit import fit_dataset, fit_run_family
    from coldfinger.analysis.fits.batch import fit_batch
    from coldfinger.analysis.reading import load

_HOMES = {
    "fit_batch": "fits.batch",
    "fit_dataset": "across.family_fit",
    "fit_run_family": "across.family_fit",
    "load": "reading",
}

__all__ = ["fit_batch", "fit_dataset", "fit_run_family", "load"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
