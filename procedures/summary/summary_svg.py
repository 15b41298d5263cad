"""ρ(T) of a night's curves as a small drawing in a page: logarithmic axes, one colour a field, a name at each end."""

import math
from collections.abc import Sequence
from html import escape

from coldfinger.procedures.summary.summary_report import CurveReport

_WIDTH, _HEIGHT = 760.0, 400.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 110.0, 12.0, 44.0
_LINE = 13.0  # least distance of two names
_COLOURS = ("#3b528b", "#21918c", "#3fa34d", "#9a8a12", "#d17a22", "#c2456a", "#8e4ec6")
_DASHES = ("", "6 3", "2 3")  # beside the colour, for those who do not see it


def family_svg(curves: Sequence[CurveReport]) -> str:
    """The drawing, or "" when there is no curve."""
    if not curves:
        return ""
    ordered = sorted(curves, key=lambda curve: (curve.field_Oe is None, curve.field_Oe or 0.0))
    x = _Axis([value for curve in ordered for value in curve.temperature_K], _LEFT, _WIDTH - _RIGHT)
    y = _Axis([value for curve in ordered for value in curve.rho_ohm], _HEIGHT - _BOTTOM, _TOP)
    parts = [*_grid(x, y), *(_curve(curve, number, x, y) for number, curve in enumerate(ordered)), *_names(ordered, y)]
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" role="img" '
        f'aria-label="Sheet resistance against temperature, {len(curves)} curves">{"".join(parts)}</svg>'
    )


class _Axis:
    """A logarithmic axis from `start` to `stop` on the paper."""

    def __init__(self, values: Sequence[float], start: float, stop: float) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        room = max(0.04 * (high - low), 0.02)
        self.low, self.high = low - room, high + room
        self._start, self._scale = start, (stop - start) / (self.high - self.low)

    def __call__(self, value: float) -> float:
        return self._start + (math.log10(value) - self.low) * self._scale

    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 between them where there are few."""
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        for digits in ((1,), (1, 2, 5), (1, 2, 3, 4, 5, 6, 7, 8, 9)):
            found = [digit * 10.0**power for power in decades for digit in digits]
            inside = [value for value in found if self.low <= math.log10(value) <= self.high]
            if len(inside) >= 3:
                return inside
        return [10**self.low, 10**self.high]


def _grid(x: _Axis, y: _Axis) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    line = '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="currentColor" stroke-opacity="0.15"/>'
    text = '<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'
    parts = [
        f'<rect x="{_LEFT:g}" y="{_TOP:g}" width="{right - _LEFT:g}" height="{bottom - _TOP:g}" fill="none" '
        'stroke="currentColor" stroke-opacity="0.5"/>'
    ]
    for value in x.ticks():
        parts += [
            line.format(x(value), bottom, x(value), _TOP),
            text.format(x(value), bottom + 16, "middle", f"{value:.3g}"),
        ]
    for value in y.ticks():
        parts += [
            line.format(_LEFT, y(value), right, y(value)),
            text.format(_LEFT - 6, y(value) + 4, "end", _ohms(value)),
        ]
    middle = 0.5 * (_TOP + bottom)
    parts.append(text.format(0.5 * (_LEFT + right), _HEIGHT - 8, "middle", "T (K)"))
    parts.append(
        f'<text x="14" y="{middle:g}" text-anchor="middle" transform="rotate(-90 14 {middle:g})">'
        "ρ (Ω per square)</text>"
    )
    return parts


def _ohms(value: float) -> str:
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= 0.999 * size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _curve(curve: CurveReport, number: int, x: _Axis, y: _Axis) -> str:
    colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
    points = " ".join(f"{x(t):.1f},{y(rho):.1f}" for t, rho in zip(curve.temperature_K, curve.rho_ohm, strict=True))
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    title = f"<title>{escape(curve.run)}</title>"
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"{dashed}>{title}</polyline>'


def _names(curves: Sequence[CurveReport], y: _Axis) -> list[str]:
    """The field of each curve at the right, in the order of the curves' cold ends; none of them covers another."""
    order = sorted(range(len(curves)), key=lambda i: y(curves[i].rho_ohm[0]))
    place, parts = _TOP, []
    for count, number in enumerate(order):
        room = _HEIGHT - _BOTTOM - (len(order) - count - 1) * _LINE
        place = max(place + (_LINE if count else 4.0), min(y(curves[number].rho_ohm[0]) + 4, room))
        curve, colour = curves[number], _COLOURS[number % len(_COLOURS)]
        name = f"{curve.field_Oe:g} Oe" if curve.field_Oe is not None else curve.run[:14]
        left = _WIDTH - _RIGHT
        parts.append(
            f'<line x1="{left + 6:g}" y1="{place - 4:.1f}" x2="{left + 22:g}" y2="{place - 4:.1f}" stroke="{colour}" '
            f'stroke-width="2.5"/><text x="{left + 27:g}" y="{place:.1f}">{escape(name)}</text>'
        )
    return parts
