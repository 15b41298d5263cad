"""`coldfinger grains`: from a micrograph to the sizes of its grains."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coldfinger.procedures.commands.figure import length
from coldfinger.procedures.commands.status import BadInput, bad_input, json_text

if TYPE_CHECKING:
    from coldfinger.analysis.micrographs.grain_neighbours import Neighbours
    from coldfinger.analysis.micrographs.grain_statistics import SizeDistribution
    from coldfinger.analysis.micrographs.grains import Grains
    from coldfinger.analysis.micrographs.micrograph import Micrograph


@click.command()
@click.argument("picture")
@click.option("--scale", default=None, help='Side of a pixel: "6 nm".')
@click.option("--read-scale", is_flag=True, help="Take the side of a pixel from the file (usual without --scale).")
@click.option("--rows", default=None, help="First and last row of pixels used, such as 0..700: leaves out a bar.")
@click.option("--columns", default=None, help="The same for columns.")
@click.option("--dark", is_flag=True, help="Grains are darker than what is between them.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--out", default=None, help="Draw the labelled grains and their sizes: .png, .pdf or .svg.")
def grains(
    picture: str,
    scale: str | None,
    read_scale: bool,
    rows: str | None,
    columns: str | None,
    dark: bool,
    as_json: bool,
    out: str | None,
) -> None:
    """Find the grains of a micrograph (PNG, TIFF) and tell their sizes, gaps and neighbours.

    Nothing below the stated cut-off is counted or fitted. Look at the drawing before you believe a number.
    """
    from coldfinger.analysis.micrographs.grain_neighbours import neighbours
    from coldfinger.analysis.micrographs.grain_picture import grain_figure
    from coldfinger.analysis.micrographs.grain_statistics import size_distribution
    from coldfinger.analysis.micrographs.grains import find_grains
    from coldfinger.analysis.micrographs.micrograph import read_micrograph
    from coldfinger.analysis.paper.drawing import check_path

    if scale is not None and read_scale:
        raise click.UsageError("--scale and --read-scale exclude each other; give one of them")
    path = Path(out) if out is not None else None
    with bad_input(ValueError, OSError):
        if path is not None:
            check_path(path)
        pixel = length(scale, "--scale")
        micrograph = read_micrograph(Path(picture), pixel, _range(rows, "--rows"), _range(columns, "--columns"))
        found = find_grains(micrograph, bright=not dark)
        sizes, no_sizes = None, ""
        try:
            sizes = size_distribution(found)
        except ValueError as error:
            no_sizes = str(error)
        beside = neighbours(found)
        if path is not None:
            grain_figure(micrograph, found, sizes, path)
    told = _told(micrograph, found, sizes, no_sizes, beside)
    if as_json:
        click.echo(json_text(told, indent=2))
        return
    for line in _lines(told):
        click.echo(line)
    if path is not None:
        click.echo(f"labelled grains drawn to {path}")


def _range(text: str | None, option: str) -> tuple[int, int] | None:
    """First pixel and one past the last."""
    if text is None:
        return None
    first, _, last = text.partition("..")
    if not (first.strip().isdigit() and last.strip().isdigit() and int(first) < int(last)):
        raise BadInput(f"{option} {text!r}: write the first and the last pixel, such as 0..700")
    return int(first), int(last) + 1


def _told(
    micrograph: "Micrograph", grains: "Grains", sizes: "SizeDistribution | None", no_sizes: str, beside: "Neighbours"
) -> dict[str, Any]:
    """Lengths in metres."""
    mean, sd = beside.mean_coordination()
    median, low, high = beside.median_gap()
    peaks = [
        {
            "diameter": peak.diameter,
            "sd": peak.sd,
            "systematic": peak.systematic,
            "spread_of_ln_d": peak.spread,
            "share_of_grains": peak.share,
            "area_weighted_diameter": peak.area_diameter,
            "area_weighted_sd": peak.sd_area_diameter,
            "share_of_area": peak.area_share,
        }
        for peak in (sizes.peaks if sizes else ())
    ]
    return {
        "picture": micrograph.name,
        "pixel": micrograph.pixel,
        "scale": micrograph.scale,
        "rows": int(micrograph.grey.shape[0]),
        "columns": int(micrograph.grey.shape[1]),
        "grains": int(grains.counted.sum()),
        "grains_below_cutoff": int((~grains.counted).sum()),
        "cutoff": grains.cutoff,
        "cutoff_reason": grains.cutoff_reason,
        "grains_per_m2": grains.density,
        "cover": grains.cover,
        "blur": grains.blur,
        "blur_measured": bool(grains.blur_measured),
        "peaks": peaks,
        "no_peaks": no_sizes,
        "bic_second_peak": sizes.bic_one - sizes.bic_two if sizes else math.nan,
        "gap_median": median,
        "gap_quartiles": [low, high],
        "gap_resolution": beside.resolution,
        "coordination": {"value": mean, "sd": sd},
        "warnings": list(sizes.warnings) if sizes else [],
    }


def _lines(told: dict[str, Any]) -> list[str]:
    nm = 1e9
    side = f"pixel {told['pixel'] * nm:.4g} nm ({told['scale']})"
    lines = [
        f"{told['picture']}: {told['rows']} x {told['columns']} pixels, {side}",
        f"{told['grains']} grains at or above the cut-off of {told['cutoff'] * nm:.3g} nm ({told['cutoff_reason']}); "
        f"{told['grains_below_cutoff']} smaller ones are not counted",
        f"{told['grains_per_m2'] * 1e-12:.4g} grains per µm², {told['cover']:.1%} of the picture is grain",
    ]
    for peak in told["peaks"]:
        lines.append(
            f"peak at {peak['diameter'] * nm:.4g} ± {peak['sd'] * nm:.2g} nm "
            f"(systematic {peak['systematic'] * nm:.2g} nm), {peak['share_of_grains']:.0%} of grains; "
            f"by area {peak['area_weighted_diameter'] * nm:.4g} ± {peak['area_weighted_sd'] * nm:.2g} nm, "
            f"{peak['share_of_area']:.0%} of it"
        )
    lines += [f"no sizes: {told['no_peaks']}"] if told["no_peaks"] else []
    if math.isfinite(told["gap_median"]):
        low, high = told["gap_quartiles"]
        lines.append(
            f"gaps: median {told['gap_median'] * nm:.3g} nm, quartiles {low * nm:.3g} and {high * nm:.3g} nm; below "
            f"{told['gap_resolution'] * nm:.3g} nm they are contact"
        )
        lines.append(f"neighbours: {told['coordination']['value']:.2f} ± {told['coordination']['sd']:.2f}")
    return lines + [f"doubt: {warning}" for warning in told["warnings"]]
