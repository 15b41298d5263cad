"""A micrograph as grey values with the size of a pixel, from PNG and TIFF files.

The scale is given by the user or read where a microscope writes it in words: FEI / Thermo Fisher, Zeiss, ImageJ and
OME tags in TIFF, the text file beside the picture of Hitachi and JEOL. The dots per inch of a file are those of a
printer and are never taken for a scale.
"""

import re
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

Array = NDArray[np.float64]

SMALLEST = 32
"""Pixels on a side below which there are no statistics."""
SUFFIXES = (".png", ".tif", ".tiff")
_DESCRIPTION, _ZEISS, _FEI = 270, 34118, (34680, 34682)  # TIFF tags: text, and the two makers' own
_X_RESOLUTION = 282
_METRES = {"m": 1.0, "mm": 1e-3, "micron": 1e-6, "microns": 1e-6, "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "nm": 1e-9}
_METRES |= {"pm": 1e-12, "å": 1e-10, "cm": 1e-2, "\\u00b5m": 1e-6}
_NUMBER = r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)"
_PLAUSIBLE = (1e-12, 1e-4)  # m, an electron or a light microscope


@dataclass(frozen=True, eq=False)
class Micrograph:
    """Grey values, shape (rows, columns), any unit; `pixel` is the side of a pixel (m), `scale` where it is from."""

    grey: Array
    pixel: float
    scale: str = "given"
    name: str = "micrograph"

    def __post_init__(self) -> None:
        grey = np.asarray(self.grey, dtype=float)
        if grey.ndim != 2 or min(grey.shape) < SMALLEST:
            size = " x ".join(str(n) for n in grey.shape)
            raise ValueError(
                f"{self.name}: {size} values are no grey picture of at least {SMALLEST} x {SMALLEST} pixels"
            )
        if not np.all(np.isfinite(grey)):
            raise ValueError(f"{self.name}: some grey values are not finite; mend or crop the picture")
        if not _PLAUSIBLE[0] <= self.pixel <= _PLAUSIBLE[1]:
            raise ValueError(f"{self.name}: a pixel of {self.pixel:g} m is outside 1e-12 to 1e-4 m; give it in metres")
        object.__setattr__(self, "grey", grey)

    @property
    def size(self) -> tuple[float, float]:
        """Height and width (m)."""
        return self.grey.shape[0] * self.pixel, self.grey.shape[1] * self.pixel


def read_micrograph(
    path: Path | str,
    pixel: float | None = None,
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
) -> Micrograph:
    """The picture in a PNG or TIFF file; `pixel` (m) goes before what the file says.

    `rows` and `columns` (first, one past the last; pixels) leave out a bar with text or a scale drawn into the picture.
    Without `rows` an FEI bar below the scanned lines is cut off by the file's own count of lines. The first page of
    several is read. Raises ValueError, in one sentence, for other files, for colours and without a scale.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path.name}: micrographs are read from {', '.join(SUFFIXES)}; save the picture as one of them"
        )
    grey, tags = _pixels(path)
    scale, lines = "given", None
    if pixel is None:
        pixel, scale = _scale(path, tags)
    if rows is None:
        lines = _scanned_lines(tags)
    height, width = grey.shape
    top, bottom = rows or (0, min(lines or height, height))
    left, right = columns or (0, width)
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        asked = f"rows {top} to {bottom}, columns {left} to {right}"
        raise ValueError(f"{path.name}: {asked} do not lie in the picture of {height} rows and {width} columns")
    return Micrograph(grey[top:bottom, left:right], pixel, scale, path.name)


_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, struct.error)
"""What Pillow has been seen to raise over a damaged file, a wrong tag in its directory included."""


def _pixels(path: Path) -> tuple[Array, dict[int, str]]:
    """Grey values and the file's texts by TIFF tag."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of a truncated tag and then reads what is there
            with Image.open(path) as image:
                image.load()
                tags = {int(tag): _text(value) for tag, value in dict(getattr(image, "tag_v2", {})).items()}
                if image.mode == "P":
                    image = image.convert("RGB")  # type: ignore[assignment]
                values = np.asarray(image, dtype=float)
    except FileNotFoundError:
        raise ValueError(f"{path.name}: there is no such file") from None
    except UnidentifiedImageError:
        raise ValueError(f"{path.name}: this is not a PNG or TIFF picture, or it is empty") from None
    except (*_DAMAGED, Image.DecompressionBombError) as error:
        raise ValueError(f"{path.name}: the picture cannot be read to its end ({error}); export it again") from None
    if values.ndim == 3:
        values = _one_channel(values, path.name)
    return values, tags


def _one_channel(values: Array, name: str) -> Array:
    """The grey values of equal channels; transparency is left out."""
    colours = values[..., : 3 if values.shape[2] >= 3 else 1]
    if np.ptp(colours, axis=2).max() > 0:
        raise ValueError(f"{name}: the picture is in colour; save it in grey, without drawn labels")
    return np.asarray(colours[..., 0])


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(float(value)) if hasattr(value, "numerator") else str(value)  # type: ignore[arg-type]


def _scale(path: Path, tags: dict[int, str]) -> tuple[float, str]:
    """Side of a pixel (m) and who wrote it."""
    readers: tuple[tuple[str, Callable[[], float | None]], ...] = (
        ("FEI tag", lambda: _fei(tags)),
        ("Zeiss tag", lambda: _zeiss(tags.get(_ZEISS, ""))),
        ("OME description", lambda: _ome(tags.get(_DESCRIPTION, ""))),
        ("ImageJ description", lambda: _imagej(tags)),
        ("text file beside it", lambda: _beside(path)),
    )
    for name, reader in readers:
        pixel = reader()
        if pixel is not None and _PLAUSIBLE[0] <= pixel <= _PLAUSIBLE[1]:
            return pixel, name
    known = "FEI, Zeiss, OME and ImageJ tags and the text files of Hitachi and JEOL"
    raise ValueError(
        f"{path.name}: the file says no scale ({known} are understood); give the side of a pixel in metres"
    )


def _fei(tags: dict[int, str]) -> float | None:
    """[Scan] PixelWidth, in metres."""
    for tag in _FEI:
        found = re.search(rf"^PixelWidth={_NUMBER}", tags.get(tag, ""), re.MULTILINE)
        if found:
            return float(found[1])
    return None


def _scanned_lines(tags: dict[int, str]) -> int | None:
    """[Image] ResolutionY of an FEI file: lines of the scan, without the bar below."""
    for tag in _FEI:
        found = re.search(r"^ResolutionY=([0-9]+)", tags.get(tag, ""), re.MULTILINE)
        if found and int(found[1]) >= SMALLEST:
            return int(found[1])
    return None


def _zeiss(text: str) -> float | None:
    """ "Image Pixel Size = 6.000 nm", or "Pixel Size"."""
    found = re.search(rf"(?:Image )?Pixel Size = {_NUMBER} *([^\s]+)", text)
    return _metres(found[1], found[2]) if found else None


def _ome(text: str) -> float | None:
    """PhysicalSizeX, micrometres unless PhysicalSizeXUnit says otherwise."""
    found = re.search(rf'PhysicalSizeX="{_NUMBER}"', text)
    unit = re.search(r'PhysicalSizeXUnit="([^"]+)"', text)
    return _metres(found[1], unit[1] if unit else "um") if found else None


def _imagej(tags: dict[int, str]) -> float | None:
    """ImageJ writes unit=micron in the description and pixels per unit as the resolution."""
    text = tags.get(_DESCRIPTION, "")
    unit = re.search(r"^unit=(\S+)", text, re.MULTILINE)
    per_unit = re.match(_NUMBER, tags.get(_X_RESOLUTION, ""))
    if not text.startswith("ImageJ=") or unit is None or per_unit is None or float(per_unit[1]) <= 0:
        return None
    one = _metres("1", unit[1])
    return None if one is None else one / float(per_unit[1])


def _beside(path: Path) -> float | None:
    """Hitachi: PixelSize=6.0 (nm). JEOL: $$SM_MICRON_BAR (pixels) and $$SM_MICRON_MARKER (such as 1um)."""
    beside = path.with_suffix(".txt")
    if not beside.is_file():
        return None
    text = beside.read_bytes()[:100_000].decode("latin-1").replace("\x00", "")
    hitachi = re.search(rf"^PixelSize={_NUMBER}", text, re.MULTILINE)
    if hitachi and "[SemImageFile]" in text:
        return _metres(hitachi[1], "nm")
    bar = re.search(rf"^\$\$SM_MICRON_BAR {_NUMBER}", text, re.MULTILINE)
    marker = re.search(rf"^\$\$SM_MICRON_MARKER {_NUMBER} *([a-zµ]+)", text, re.MULTILINE)
    length = _metres(marker[1], marker[2]) if marker else None
    return None if length is None or bar is None or float(bar[1]) <= 0 else length / float(bar[1])


def _metres(number: str, unit: str) -> float | None:
    factor = _METRES.get(unit.strip().lower())
    return None if factor is None else float(number) * factor
