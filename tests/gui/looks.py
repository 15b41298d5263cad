"""What can be seen of a widget: glyphs that exist, texts that fit, boxes apart, ink of the right colour, contrast.

Every check returns what is wrong, one sentence each; an empty list is a widget in order.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QFontMetrics, QImage, QRawFont
from qtpy.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QTabBar, QToolButton, QWidget
from skimage.color import deltaE_ciede2000, rgb2lab

Array = NDArray[np.float64]

# Machado, Oliveira and Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def rgb(colour: str) -> Array:
    """Red, green and blue (0 to 1) of "#RRGGBB"."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def _linear(values: Array) -> Array:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _gamma(values: Array) -> Array:
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * np.maximum(values, 0) ** (1 / 2.4) - 0.055)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours as WCAG 2.1 defines it, 1 to 21."""
    light = sorted(float(_linear(rgb(colour)) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def separation(one: str, other: str, deficiency: str = "normal") -> float:
    """How far two colours seem apart (CIEDE2000) to somebody with a colour deficiency."""
    seen = [_gamma(np.clip(DEFICIENCIES[deficiency] @ _linear(rgb(colour)), 0, 1)) for colour in (one, other)]
    return float(deltaE_ciede2000(rgb2lab(seen[0]), rgb2lab(seen[1])))


def least_separation(colours: Iterable[str], deficiency: str) -> float:
    """The smallest separation within a set of colours."""
    all_of_them = list(colours)
    return min(separation(a, b, deficiency) for i, a in enumerate(all_of_them) for b in all_of_them[:i])


def pixels(widget: QWidget) -> NDArray[np.uint8]:
    """What the widget draws now: rows, columns, red green blue."""
    return of_image(widget.grab().toImage())


def of_image(picture: QImage) -> NDArray[np.uint8]:
    """Rows, columns, red green blue of a picture."""
    image = picture.convertToFormat(QImage.Format.Format_RGB888)
    bits = image.constBits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    lines = np.frombuffer(bits.asstring(), dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def ink(widget: QWidget, colour: str, within: float = 24) -> int:
    """Number of pixels that are of `colour`, each channel within `within` of 255."""
    difference = np.abs(pixels(widget).astype(int) - np.round(rgb(colour) * 255).astype(int))
    return int((difference.max(axis=2) <= within).sum())


def settle(app: QApplication) -> None:
    """Let layouts and paints that are due happen."""
    for _ in range(3):
        app.processEvents()


def shoot(widget: QWidget, path: Path) -> Path:
    """Write a picture of the widget."""
    assert widget.grab().save(str(path))
    return path


def _visible(widget: QWidget) -> Iterator[QWidget]:
    yield from (child for child in [widget, *widget.findChildren(QWidget)] if child.isVisibleTo(widget.window()))


def _text_of(widget: QWidget) -> str:
    if isinstance(widget, QLabel):
        return widget.text() if widget.buddy() is None else widget.text().replace("&", "")
    if isinstance(widget, QToolButton) and widget.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
        return ""
    if isinstance(widget, QAbstractButton):
        return widget.text().replace("&", "")
    return widget.text() if isinstance(widget, QLineEdit) else ""


def missing_glyphs(widget: QWidget) -> list[str]:
    """Characters of visible texts that the font in use does not have."""
    faults = []
    for child in _visible(widget):
        raw = QRawFont.fromFont(child.font())
        lacking = {char for char in _text_of(child) if not char.isspace() and not raw.supportsCharacter(ord(char))}
        faults += [f"{_name(child)}: no glyph for {char!r}" for char in sorted(lacking)]
    return faults


def clipped(widget: QWidget) -> list[str]:
    """Texts that need more room than they have."""
    faults = []
    for child in _visible(widget):
        text, metrics = _text_of(child), QFontMetrics(child.font())
        if not text or (isinstance(child, QLabel) and child.wordWrap()):
            continue
        need = max(metrics.horizontalAdvance(line) for line in text.split("\n"))
        if isinstance(child, QLineEdit):
            need += 8
        if need > child.contentsRect().width() or metrics.size(0, text).height() > child.height() + 1:
            faults.append(f"{_name(child)}: {text!r} needs {need} px and has {child.contentsRect().width()}")
    return faults


def overlapping(widget: QWidget) -> list[str]:
    """Visible siblings that lie on each other."""
    faults = []
    for parent in _visible(widget):
        if isinstance(parent, QTabBar):
            continue  # its two arrows share one line of pixels in every style
        children = [
            child
            for child in parent.children()
            if isinstance(child, QWidget) and child.isVisibleTo(widget.window()) and not child.isWindow()
        ]
        for i, one in enumerate(children):
            for other in children[:i]:
                if not _free(one) and not _free(other) and one.geometry().intersects(other.geometry()):
                    faults.append(f"{_name(one)} lies on {_name(other)}")
    return faults


def _free(widget: QWidget) -> bool:
    """Whether the widget is meant to lie above others."""
    return widget.property("floats") is True or not widget.geometry().isValid()


def box(widget: QWidget, ancestor: QWidget) -> QRect:
    """Where a widget is within an ancestor."""
    return QRect(widget.mapTo(ancestor, QPoint(0, 0)), widget.size())


def faults(widget: QWidget) -> list[str]:
    """All checks that need no expectation."""
    return missing_glyphs(widget) + clipped(widget) + overlapping(widget)


def _name(widget: QWidget) -> str:
    return widget.objectName() or widget.accessibleName() or f"{type(widget).__name__} {_text_of(widget)!r}"
