"""Fig. S2: low-field magnetoresistance with its power law, and the spectrum of its fluctuations, film by film.

Left: ρ(H), the mean of the sweeps up with a band of one standard deviation, and dashed the power law. Right: the
reproducible part of the spectrum with its 95 % band, f_3dB of the lock-in, the white level and the peaks.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from coldfinger.analysis.fits.fit_result import Array
from coldfinger.analysis.fluctuations import Fluctuations, SweepSet, evaluate
from coldfinger.analysis.magnetoresistance import LEAST_GAIN
from coldfinger.analysis.paper import style
from coldfinger.analysis.paper.data import Film, PaperData
from coldfinger.analysis.paper.drawing import Drawing

STAGES = ("S0", "S1", "S2")
LEFT, PANEL, GAP, HEIGHT, BOTTOM, TOP = 0.62, 2.75, 0.75, 1.45, 0.4, 0.45  # inches


def fluctuations(data: PaperData) -> Drawing:
    """Fig. S2: a row for each film."""
    more = [film.name for film in data.films if film.magnetoresistance and film.name not in STAGES]
    names = [*STAGES, *more]
    step = HEIGHT + 0.34
    figure = style.new_figure(LEFT + 2 * PANEL + GAP + 0.45, BOTTOM + len(names) * step - 0.34 + TOP)
    numbers: dict[str, Any] = {}
    said: list[str] = []
    for i, name in enumerate(names):
        bottom = BOTTOM + (len(names) - 1 - i) * step
        left = style.box(figure, LEFT, bottom, PANEL, HEIGHT)
        right = style.box(figure, LEFT + PANEL + GAP, bottom, PANEL, HEIGHT)
        words = _row(left, right, data.film(name), name, numbers)
        if i + 1 < len(names):
            left.set_xlabel("")
            right.set_xlabel("")
        said += words
    style.head(figure, "low-field magnetoresistance and its fluctuations", data.simulated)
    return Drawing(figure, numbers, (*said, *data.left_out))


def _row(left: Axes, right: Axes, film: Film | None, name: str, numbers: dict[str, Any]) -> list[str]:
    if film is None or not film.magnetoresistance:
        what = f"no low-field sweeps of {name}: measure LowFieldMagnetoresistance with the sample {name}"
        style.say_missing(left, what)
        right.set_axis_off()
        return [what]
    measured = max(film.magnetoresistance, key=lambda m: len(m.sweeps))
    try:
        found = evaluate(measured)
    except ValueError as error:
        style.say_missing(left, f"{name}: {error}")
        right.set_axis_off()
        return [f"{name}: {error}"]
    numbers[name] = found.to_json() | {"T_K": measured.temperature, "sweeps": len(measured.sweeps)}
    _sweeps(left, measured, found, name)
    if found.spectrum is None:
        style.say_missing(right, f"{name}: {found.doubt}")
        return [f"{name}: {found.doubt}"]
    _spectrum(right, found, name)
    words = [f"{name}: |H| below {found.background.core:.3g} Oe is left out of fit and spectrum"]
    said = words if found.background.core else []
    doubts = [q.doubt for q in (found.exponent, found.rho_0, found.level) if q is not None and q.doubt]
    return [*said, *(f"{name}: {doubt}" for doubt in doubts)]


def mean_sweep(measured: SweepSet) -> tuple[Array, Array, Array]:
    """Field (Oe), mean ρ and its s.d. (ohm/square) of the sweeps up, or down where none goes up."""
    direction = max(sweep.direction for sweep in measured.sweeps)
    same = [sweep for sweep in measured.sweeps if sweep.direction == direction]
    field = same[0].field
    rho = np.mean([sweep.at(field) for sweep in same], axis=0)
    errors = [np.interp(field, sweep.field, sweep.sd) for sweep in same]
    return field, rho, np.sqrt(np.mean(np.square(errors), axis=0) / len(same))


def _sweeps(axes: Axes, measured: SweepSet, found: Fluctuations, name: str) -> None:
    field, rho, sd = mean_sweep(measured)
    known = np.isfinite(rho)
    field, rho, sd = field[known], rho[known] / 1e3, sd[known] / 1e3
    axes.plot(field, rho, color=style.BLUE, linewidth=0.6, gid=f"data:{name}")
    axes.fill_between(field, rho - sd, rho + sd, color=style.BLUE, alpha=0.3, linewidth=0, gid="bars")
    background = found.background
    direction = max(background.centres)
    law = background.at(field, direction) / 1e3
    law[np.abs(field - background.centres[direction]) < background.core] = np.nan
    axes.plot(field, law, linestyle=style.DASHES, color=style.INK, linewidth=0.9, gid=f"fit:{name}")
    style.dress(axes, "H (Oe)", "ρ (kΩ/□)")
    low, high = min(0.0, float(rho.min())) if rho.min() < 0.2 * rho.max() else float(rho.min()), float(rho.max())
    axes.set_ylim(low - 0.04 * (high - low), high + 0.2 * (high - low))
    axes.set_xlim(float(field[0]), float(field[-1]))
    axes.xaxis.set_major_locator(MaxNLocator(6, symmetric=True, prune="both"))
    temperature = f", {measured.temperature * 1e3:.3g} mK" if np.isfinite(measured.temperature) else ""
    p = found.exponent
    style.tag(axes, rf"{name}{temperature}:  $\rho_0+A|H|^p$,  p = {p.value:.3f} ± {p.sd:.3f}")


def _spectrum(axes: Axes, found: Fluctuations, name: str) -> None:
    spectrum = found.spectrum
    assert spectrum is not None
    inside = np.isfinite(spectrum.reproducible) & (spectrum.frequency > 0)
    f, S = spectrum.frequency[inside], spectrum.reproducible[inside]
    low, high = found.low95[inside], found.high95[inside]
    drawn = S > 0
    floor = 0.3 * float(np.min(S[drawn])) if drawn.any() else 1e-10
    style.dress(axes, "field frequency (1/Oe)", "spectral density (Oe)")
    axes.set_yscale("log", nonpositive="clip")
    axes.fill_between(f, np.maximum(low, floor), np.maximum(high, floor), color="0.85", linewidth=0, gid="bars")
    axes.plot(f, np.where(drawn, S, np.nan), ".-", color=style.BLUE, linewidth=0.6, markersize=2, gid=f"data:{name}")
    if not drawn.all():
        style.limits(axes, name, f[~drawn], high[~drawn], style.BLUE)
    highest = float(np.max(high)) if high.size else 1.0
    style.log_axis(axes.yaxis, floor, highest * (highest / floor) ** 0.35, style.powers)
    end = max(float(f[-1]), found.cutoff) * 1.04 if f.size else 1.0
    axes.set_xlim(0, end)
    believed = f[spectrum.believed[inside]]
    for edge, span in (
        (((0.0, float(believed[0])), "low"), ((float(believed[-1]), end), "high")) if believed.size else ()
    ):
        axes.axvspan(*edge, color="0.93", linewidth=0, zorder=0, gid=f"not believed:{span}")
    axes.axvline(found.cutoff, color=style.RED, linewidth=0.8, linestyle=style.DASHES, gid="f_3dB")
    taken: list[Any] = []
    top = axes.get_ylim()[1]
    place = (found.cutoff, top / (highest / floor) ** 0.12)
    style.free_label(axes, place, r"$f_{3dB}$" + f" = {found.cutoff:.3g}/Oe", style.RED, taken)
    if found.level is not None and found.level.value > 0:
        level = axes.axhline(found.level.value, color=style.INK, linewidth=0.7, linestyle=":")
        level.set_gid("white level")
        style.beside(axes, found.level.value, "white\nlevel", style.INK)
    for loop in found.loops:
        at, length = loop.frequency, loop.magnetic_length
        density = float(np.interp(at.value, f, S))
        words = f"{style.short(at.value, at.sd)}/Oe\n" + r"$\ell_B$" + f" = {style.short(length.value, length.sd)} µm"
        style.free_label(axes, (at.value, density), words, style.RED, taken)
    peaks = "no peak" if not found.loops else f"{len(found.loops)} peaks" if len(found.loops) > 1 else "1 peak"
    style.tag(axes, f"{name}: {peaks}; power gain above {LEAST_GAIN:g} only")
