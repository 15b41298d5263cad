"""Reading thermometer curves from files: `.340` and its kin, `.tbl`, `.cof`, `.dat`, `.csv`.

Formats: Lake Shore Model 8000 calibration data on disk, FILE DESCRIPTION. What cannot be read raises
ValueError with one sentence that names file and line.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[np.float64]
SAMPLES_PER_DECADE = 200  # of resistance, for a fit


class Curve(NamedTuple):
    """What a file says: name and serial number of the sensor, points of temperature (K), resistance (ohm)."""

    name: str
    serial: str
    points: list[tuple[float, float]]


class _Line(NamedTuple):
    number: int
    text: str


class _Fit(NamedTuple):
    """One range of a Chebyshev fit of T over Z = log10 R or R: limits of Z, limits of R (ohm),
    coefficients."""

    logarithmic: bool
    z: tuple[float, float]
    ohm: tuple[float, float]
    coefficients: tuple[float, ...]

    def temperature(self, resistance: Array) -> Array:
        """T (K) = sum C_i cos(i arccos k), k = ((Z - ZL) - (ZU - Z)) / (ZU - ZL)."""
        z = np.log10(resistance) if self.logarithmic else resistance
        low, high = self.z
        return np.asarray(chebyshev.chebval(((z - low) - (high - z)) / (high - low), self.coefficients))


def read_curve(path: Path) -> Curve:
    """The points in a file, in its order. Raises ValueError, or OSError if it cannot be opened."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: is not a curve file, which ends in one of {', '.join(sorted(_READERS))}")
    try:
        lines = [_Line(i, text.strip()) for i, text in enumerate(path.read_text("utf-8-sig").splitlines(), 1)]
    except UnicodeDecodeError as trouble:
        raise ValueError(f"{path}: is not a text file ({trouble})") from trouble
    curve = reader(path, lines)
    if not curve.points:
        raise ValueError(f"{path}: holds no points")
    return curve


def _wrong(path: Path, line: _Line, required: str) -> ValueError:
    return ValueError(f"{path}, line {line.number}: {line.text!r} is not {required}")


def _numbers(path: Path, line: _Line, count: int, required: str, comma: bool = False) -> list[float]:
    fields = line.text.split(",") if comma else line.text.split()
    try:
        numbers = [float(field) for field in fields]
    except ValueError:
        raise _wrong(path, line, required) from None
    if len(numbers) != count or not np.all(np.isfinite(numbers)):
        raise _wrong(path, line, required)
    return numbers


def _read_breakpoints(path: Path, lines: list[_Line]) -> Curve:
    """`.340`: a header of `Key: value`, then rows of number, sensor units, temperature (K)."""
    header = {}
    rows = []
    for line in lines:
        key, colon, value = line.text.partition(":")
        if colon:
            header[key.strip().lower()] = _Line(line.number, value.strip())
        elif line.text[:1].isdigit():
            rows.append(_numbers(path, line, 3, "a row of number, sensor units and temperature"))
        elif line.text and not line.text.lower().startswith("no."):
            raise _wrong(path, line, "a header line 'Key: value' or a row of three numbers")
    ohms = _unit(path, header)
    count = header.get("number of breakpoints")
    if count is not None and count.text != str(len(rows)):
        raise _wrong(path, count, f"the number of rows that follow, which is {len(rows)}")
    missing = _Line(0, "")
    name = header.get("sensor model", missing).text or path.stem
    serial = header.get("serial number", missing).text or path.stem
    return Curve(name, serial, [(kelvin, ohms(units)) for _, units, kelvin in rows])


def _unit(path: Path, header: dict[str, _Line]) -> Callable[[float], float]:
    line = header.get("data format")
    if line is None:
        raise ValueError(f"{path}: has no line 'Data Format: 4 (Log Ohms/Kelvin)' or '3 (Ohms/Kelvin)'")
    code = line.text[:1]
    if code == "4":
        return lambda units: float(10.0**units)
    if code == "3":
        return float
    raise _wrong(path, line, "a resistance curve; allowed are 3 (Ohms/Kelvin) and 4 (Log Ohms/Kelvin)")


def _read_table(path: Path, lines: list[_Line]) -> Curve:
    """`.tbl`: rows of T (K), R (ohm), dR/dT, (T/R) dR/dT under an optional heading."""
    rows = [_numbers(path, line, 4, "a row of T, R, dR/dT, dlnR/dlnT") for line in _body(lines)]
    return Curve(path.stem, path.stem, [(row[0], row[1]) for row in rows])


def _read_raw(path: Path, lines: list[_Line]) -> Curve:
    """`.dat`: rows of T (K), R (ohm) under an optional heading."""
    rows = [_numbers(path, line, 2, "a row of temperature and resistance") for line in _body(lines)]
    return Curve(path.stem, path.stem, [(kelvin, ohm) for kelvin, ohm in rows])


def _body(lines: list[_Line]) -> Iterator[_Line]:
    """Lines after the heading, which ends with the first line that begins like a number."""
    begun = False
    for line in lines:
        begun = begun or line.text[:1].isdigit() or line.text[:1] in ("+", "-", ".")
        if begun and line.text:
            yield line


def _read_columns(path: Path, lines: list[_Line]) -> Curve:
    """`.csv`: a heading with T_K and R_ohm, rows of numbers, comments after #."""
    rows = [line for line in lines if line.text and not line.text.startswith("#")]
    if not rows:
        return Curve(path.stem, path.stem, [])
    names = [name.strip() for name in rows[0].text.split(",")]
    if not {"T_K", "R_ohm"} <= set(names):
        raise _wrong(path, rows[0], "a heading with the columns T_K and R_ohm")
    kelvin, ohm = names.index("T_K"), names.index("R_ohm")
    required = f"a row of {len(names)} numbers with commas between them"
    numbers = [_numbers(path, line, len(names), required, comma=True) for line in rows[1:]]
    return Curve(path.stem, path.stem, [(row[kelvin], row[ohm]) for row in numbers])


def _read_chebyshev(path: Path, lines: list[_Line]) -> Curve:
    """`.cof`: Chebyshev fits, each sampled over its limits of resistance; of two at a limit the first
    counts."""
    points: dict[float, float] = {}
    for fit in _fits(path, lines):
        decades = np.log10(fit.ohm[1] / fit.ohm[0])
        ohm = np.geomspace(*fit.ohm, max(8, int(SAMPLES_PER_DECADE * decades)))
        for r, kelvin in zip(ohm, fit.temperature(ohm), strict=True):
            points.setdefault(float(r), float(kelvin))
    by_resistance = sorted(points.items())
    steps = np.diff([kelvin for _, kelvin in by_resistance])
    turned = np.flatnonzero(steps * steps[len(steps) // 2] <= 0)
    if turned.size:
        ohm_turned, kelvin_turned = by_resistance[int(turned[0])]
        raise ValueError(
            f"{path}: the fit is not monotone near {ohm_turned:g} ohm ({kelvin_turned:g} K); narrow its "
            "resistance limits"
        )
    return Curve(path.stem, path.stem, [(kelvin, r) for r, kelvin in by_resistance])


def _fits(path: Path, lines: list[_Line]) -> Iterator[_Fit]:
    entries = iter([line for line in lines if line.text])

    def entry(key: str) -> _Line:
        line = next(entries, None)
        if line is None:
            raise ValueError(f"{path}: ends where {key!r} is required")
        label, colon, value = line.text.partition(":")
        if not colon or not label.lower().startswith(key.lower()):
            raise _wrong(path, line, f"a line {key!r} with a colon and a value")
        return _Line(line.number, value.strip())

    def number(key: str) -> float:
        line = entry(key)
        return _numbers(path, line, 1, f"a number for {key!r}")[0]

    def count(key: str) -> int:
        line = entry(key)
        if not line.text.isdecimal():
            raise _wrong(path, line, f"a whole number for {key!r}")
        return int(line.text)

    for _ in range(count("Number of fit ranges")):
        entry("Fit range")
        kind = entry("Fit type")
        if kind.text.upper() not in ("LOG", "LIN"):
            raise _wrong(path, kind, "a fit type; allowed are LOG and LIN")
        order = count("Order of fit")
        z = number("Zlower"), number("Zupper")
        ohm = number("Lower"), number("Upper")
        if not (z[0] < z[1] and 0 < ohm[0] < ohm[1]):
            raise ValueError(f"{path}: limits of a fit range must rise, got Z {z} and resistance {ohm}")
        coefficients = tuple(number(f"C({i})") for i in range(order + 1))
        yield _Fit(kind.text.upper() == "LOG", z, ohm, coefficients)


_READERS: dict[str, Callable[[Path, list[_Line]], Curve]] = {
    ".340": _read_breakpoints,
    ".330": _read_breakpoints,
    ".370": _read_breakpoints,
    ".372": _read_breakpoints,
    ".tbl": _read_table,
    ".cof": _read_chebyshev,
    ".dat": _read_raw,
    ".csv": _read_columns,
}
