"""Tables of other people: a CSV file with named columns and units, and a few lines of metadata.

    # sample: film 3, as grown
    # squares: 1.5
    # uncertainty: 0.5 %
    T (mK),R (kohm),H (Oe)
    50,12.54,100

`sample` is always needed. `squares` (between the voltage taps) turns R into ρ and is needed where the table has no
column rho. `uncertainty` is the relative s.d. of ρ and needed where there is no column R_sd or rho_sd. Optional:
`field: 100 Oe` where there is no column H, `stage`, `station`, `source`. All is turned into K, ohm/square and Oe.
"""

import io
import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from coldfinger.analysis.dataset import BELIEVED, Table, field_of
from coldfinger.analysis.fits.fit_result import Array
from coldfinger.runfiles.quality import DISBELIEVED

OHM = {"ohm": 1.0, "Ω": 1.0, "Ohm": 1.0, "mohm": 1e-3, "kohm": 1e3, "kΩ": 1e3, "Mohm": 1e6, "MΩ": 1e6}
OHM |= {f"{unit}/{square}": factor for unit, factor in list(OHM.items()) for square in ("sq", "square", "□")}
KELVIN = {"K": 1.0, "mK": 1e-3, "uK": 1e-6, "µK": 1e-6}
OERSTED = {"Oe": 1.0, "kOe": 1e3, "G": 1.0, "T": 1e4, "mT": 10.0, "uT": 1e-2, "µT": 1e-2, "A/m": 4e-3 * math.pi}
AMPERE = {"A": 1.0, "mA": 1e-3, "uA": 1e-6, "µA": 1e-6, "nA": 1e-9, "pA": 1e-12}
UNITS: dict[str, tuple[str, Mapping[str, float]]] = {
    "T": ("T_sample (K)", KELVIN),
    "T_sd": ("T_sample_sd (K)", KELVIN),
    "R": ("R (ohm)", OHM),
    "R_sd": ("R_sd (ohm)", OHM),
    "rho": ("rho (ohm)", OHM),
    "rho_sd": ("rho_sd (ohm)", OHM),
    "H": ("H (Oe)", OERSTED),
    "I": ("I (A)", AMPERE),
    "f": ("f (Hz)", {"Hz": 1.0, "mHz": 1e-3, "kHz": 1e3}),
}
"""By column of the file: label of the table and what each unit is in that of the label."""
ALIASES = {"T_sample": "T", "T_sample_sd": "T_sd", "B": "H", "ρ": "rho", "ρ_sd": "rho_sd"}
_LABEL = re.compile(r"\s*(\S+)\s*[\(\[]\s*(\S+?)\s*[\)\]]\s*")
_METADATA = re.compile(r"#\s*([A-Za-z ]+?)\s*:\s*(.+?)\s*")
_NUMBER = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(\S*)\s*")
GAP_OE, GAP = 0.5, 0.005
"""Two fields further apart than this (Oe, or relative) belong to two curves."""
WIDEST = 4.0
"""Width of one field in gaps beyond which the field was swept."""


def read_foreign(path: Path) -> list[Table]:
    """One table a field, in K, ohm/square and Oe; raises ValueError, one sentence, for a file that cannot be used.

    The columns of the file are kept as they are beside the converted ones where their labels differ.
    """
    where = f"table {path}"
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{where}: it is not UTF-8 text; save it as CSV in UTF-8") from None
    metadata = _metadata(text)
    raw = _raw(text, where)
    frame = _converted(raw, metadata, where)
    return _by_field(frame, metadata, path, where)


def _metadata(text: str) -> dict[str, str]:
    found = (_METADATA.fullmatch(line) for line in text.splitlines() if line.startswith("#"))
    return {match[1].lower(): match[2] for match in found if match}


def _raw(text: str, where: str) -> pd.DataFrame:
    body = "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if not body:
        raise ValueError(
            f"{where}: it is empty; a line of column names such as T (K),R (ohm),H (Oe) and rows are needed"
        )
    try:
        raw = pd.read_csv(io.StringIO(body), skipinitialspace=True, index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        raise ValueError(
            f"{where}: it is no table of commas ({' '.join(str(error).split())}); save it as CSV"
        ) from None
    if raw.empty:
        raise ValueError(f"{where}: it has column names and no row; export it again")
    return raw


def _converted(raw: pd.DataFrame, metadata: Mapping[str, str], where: str) -> pd.DataFrame:
    frame = raw.copy()
    for label in raw:
        match = _LABEL.fullmatch(str(label))
        name = ALIASES.get(match[1], match[1]) if match else ""
        if match is None or name not in UNITS:
            continue
        target, units = UNITS[name]
        if match[2] not in units:
            raise ValueError(f"{where}: column {label!r} has the unit {match[2]}; allowed are {', '.join(units)}")
        numbers = pd.to_numeric(raw[label], errors="coerce")
        broken = int((numbers.isna() & raw[label].notna()).sum())
        if broken:
            raise ValueError(
                f"{where}: column {label!r} has {broken} entries that are no numbers; correct or delete them"
            )
        frame[target] = numbers * units[match[2]]
    if "T_sample (K)" not in frame or not {"R (ohm)", "rho (ohm)"} & set(frame):
        columns = ", ".join(str(label) for label in raw)
        raise ValueError(
            f"{where}: its columns are {columns[:120]}; a temperature such as T (mK) and R (ohm) or rho (ohm), "
            "each with its unit, are needed"
        )
    _complete(frame, metadata, where)
    return frame


def _complete(frame: pd.DataFrame, metadata: Mapping[str, str], where: str) -> None:
    """Add ρ, the uncertainties and the field, from the metadata where the table has none."""
    if not metadata.get("sample"):
        raise ValueError(f"{where}: it does not say of which film it is; add a first line such as # sample: film 3")
    if "rho (ohm)" not in frame:
        squares = _metadata_number(metadata, "squares", {"": 1.0, "squares": 1.0}, where, "1.5")
        frame["rho (ohm)"] = frame["R (ohm)"] / squares
        if "R_sd (ohm)" in frame:
            frame["rho_sd (ohm)"] = frame["R_sd (ohm)"] / squares
    if "rho_sd (ohm)" not in frame:
        relative = _metadata_number(metadata, "uncertainty", {"%": 0.01, "": 1.0}, where, "0.5 %")
        frame["rho_sd (ohm)"] = relative * frame["rho (ohm)"].abs()
    if "T_sample_sd (K)" not in frame:
        frame["T_sample_sd (K)"] = 0.0
    if "H (Oe)" not in frame:
        frame["H (Oe)"] = _metadata_number(metadata, "field", OERSTED, where, "100 Oe", zero=True)


def _metadata_number(
    metadata: Mapping[str, str], key: str, units: Mapping[str, float], where: str, example: str, zero: bool = False
) -> float:
    match = _NUMBER.fullmatch(metadata.get(key, ""))
    if match is None or match[2] not in units:
        said = f"says {key}: {metadata[key]}" if key in metadata else f"does not say its {key}"
        raise ValueError(f"{where}: it {said}; add a line such as # {key}: {example}")
    value = float(match[1]) * units[match[2]]
    if not math.isfinite(value) or (value <= 0 and not zero):
        raise ValueError(f"{where}: {key} is {match[1]}; it must be above zero, such as # {key}: {example}")
    return value


def _by_field(frame: pd.DataFrame, metadata: Mapping[str, str], path: Path, where: str) -> list[Table]:
    believed = _believed(frame)
    if not believed.any():
        raise ValueError(f"{where}: no row has a temperature above zero, a resistance and an uncertainty; check it")
    frame[BELIEVED] = believed
    fields = frame["H (Oe)"].to_numpy(dtype=float)
    tables = []
    for low, high in _clusters(fields[np.isfinite(fields)]):
        if high - low > WIDEST * max(GAP_OE, GAP * max(abs(low), abs(high))):
            raise ValueError(
                f"{where}: its field moves from {low:g} to {high:g} Oe without a gap; only ρ(T) at fixed fields is read"
            )
        part = frame[(fields >= low) & (fields <= high)].reset_index(drop=True)
        part.attrs["units"] = {label: _unit(str(label)) for label in part}
        field = field_of(part)
        tables.append(
            Table(
                name=f"{path.stem} {field:g} Oe",
                paths=(path,),
                procedure="",
                sample=metadata["sample"],
                stage=metadata.get("stage", ""),
                station=metadata.get("station", ""),
                simulated=False,
                outcome="done",
                frame=part,
                field=field,
                squares=float(metadata["squares"].split()[0]) if "R (ohm)" in frame and "squares" in metadata else 1.0,
                remarks=(f"table of other people: {metadata.get('source', path.name)}",),
            )
        )
    return tables


def _believed(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    T, rho, sd = (frame[label].to_numpy(dtype=float) for label in ("T_sample (K)", "rho (ohm)", "rho_sd (ohm)"))
    sd_T, H = frame["T_sample_sd (K)"].to_numpy(dtype=float), frame["H (Oe)"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        good = np.isfinite(T + rho + sd + sd_T + H) & (T > 0) & (sd > 0) & (sd_T >= 0)
    if "flags" in frame:
        flags = pd.to_numeric(frame["flags"], errors="coerce").fillna(0).to_numpy().astype(np.int64)
        good &= (flags & int(DISBELIEVED)) == 0
    return np.asarray(good)


def _clusters(fields: Array) -> list[tuple[float, float]]:
    """First and last of the fields that belong together, in rising order."""
    values = np.unique(fields)
    apart = np.diff(values) > np.maximum(GAP_OE, GAP * np.abs(values[1:]))
    first = np.concatenate(([0], np.flatnonzero(apart) + 1))
    last = np.concatenate((np.flatnonzero(apart), [len(values) - 1]))
    return [(float(values[i]), float(values[j])) for i, j in zip(first, last, strict=True)]


def _unit(label: str) -> str:
    match = _LABEL.fullmatch(label)
    return match[2] if match else ""
