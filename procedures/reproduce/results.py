"""From the runs of the campaign to fits, figures, claims and one file of numbers."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from coldfinger.analysis.across.family_fit import FitSettings, fit_dataset
from coldfinger.analysis.claims.evidence import gather, method_numbers, network_numbers, rises
from coldfinger.analysis.claims.paper import check_claims
from coldfinger.analysis.laws import R_Q_PAIR
from coldfinger.analysis.micrographs.micrograph import read_micrograph
from coldfinger.analysis.micrographs.synthetic_micrograph import Population, draw_micrograph
from coldfinger.analysis.paper.data import T_MAX, PaperData
from coldfinger.analysis.paper.registry import draw_figure
from coldfinger.analysis.paper.runs import from_dataset
from coldfinger.analysis.reading import load
from coldfinger.procedures.demo import write_json
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.reproduce.campaign import Job
from coldfinger.procedures.reproduce.work import SUPPLY_STEP, Answer

FIGURES = ("1", "2", "3", "4", "S1", "S2", "S3")
FORMATS = (".pdf", ".png")
PIXEL = 6e-9
"""m, of the micrograph."""
GRAINS = (Population(0.5e-6, 0.25, 0.35), Population(0.03e-6, 0.35, 0.04))
"""The drawn film: the paper's two sizes."""
TRUTH: Mapping[str, tuple[float, float]] = {
    "exponent_rho_QF": (-0.45, 0.01),
    "exponent_sigma_QF": (-4.7, 0.01),
    "H_star_Oe": (300.0, 0.01),
    "R_star_ohm": (R_Q_PAIR * 2 ** (-1 / 32), 0.02),
    "E_a_drop": (1.275 / 0.32, 0.05),
}
"""Of the simulated S1 (docs/samples.md): the number put in, and the relative s.d. it is to be found with."""


def draw_film(path: Path, size: int, seed: int) -> None:
    """Write a micrograph of known grains, `size` pixels on a side, 8 bits."""
    grey = draw_micrograph(GRAINS, shape=(size, size), pixel=PIXEL, seed=seed).micrograph.grey
    scaled = np.round(255 * (grey - grey.min()) / max(float(np.ptp(grey)), 1e-12))
    Image.fromarray(scaled.astype(np.uint8)).save(path)


def analyse(folder: Path, job: Job, answers: Sequence[Answer], name: str) -> dict[str, Any]:
    """Fit, draw and judge what is under folder/runs; writes folder/figures and returns the numbers.

    `job` gives effort and seed. What could not be read is in `left_out`.
    """
    micrograph = folder / "micrograph.png"
    draw_film(micrograph, job.effort.micrograph, job.seed)
    sd_field = max((answer.sd_field for answer in answers if answer.sd_field > 0), default=SUPPLY_STEP)
    dataset = load(folder / "runs")
    # One fit of each curve serves figures and claims: other windows are a matter of `coldfinger fit`.
    fitted = fit_dataset(dataset, FitSettings(T_max=T_MAX, sd_field=sd_field, scan=False))
    plain = from_dataset(dataset, sd_field)
    data = PaperData(plain.films, read_micrograph(micrograph, PIXEL), plain.simulated, plain.left_out, sd_field)
    numbers, drawn = draw_all(folder / "figures", data)
    chip_time = float(read_station_file().sections["cooling"]["chip_time_at_100mK"])
    methods = method_numbers(dataset, data, chip_time)
    networks = network_numbers(job.effort.lattice, job.seed)
    evidence = gather(fitted, numbers, methods, networks, rises(data)) | {"quick": job.quick}
    return {
        "program": name,
        "seed": job.seed,
        "quick": job.quick,
        "claims": check_claims(evidence),
        "samples": evidence["samples"],
        "truth": against_truth(evidence["samples"].get("S1", {})),
        "figures": drawn,
        "evidence": {key: evidence[key] for key in ("figures", "methods", "networks")},
        "sd_field_Oe": sd_field,
        "left_out": [*(refusal.sentence for refusal in dataset.refused), *plain.left_out],
        "unfinished": [sentence for answer in answers for sentence in answer.unfinished],
        "virtual_hours": sum(answer.virtual_seconds for answer in answers) / 3600,
    }


def draw_all(folder: Path, data: PaperData) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Every figure as PDF and PNG; their numbers by name, and an entry for each: name, files, what was said."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers: dict[str, Any] = {}
    drawn = []
    for name in FIGURES:
        drawing = draw_figure(name, data)
        for suffix in FORMATS:
            drawing.save(folder / f"figure-{name}{suffix}")
        numbers[name] = drawing.numbers
        files = [f"{folder.name}/figure-{name}{suffix}" for suffix in FORMATS]
        drawn.append({"name": name, "files": files, "said": list(dict.fromkeys(drawing.said))})
    return numbers, drawn


def against_truth(film: Mapping[str, Any]) -> dict[str, Any]:
    """The five numbers of S1 against what the simulator was made with: distance in s.d., relative s.d., both kept?"""
    compared: dict[str, Any] = {}
    for name, (truth, wanted) in TRUTH.items():
        found = film.get(name) or {}
        value, sd = found.get("value"), found.get("sd")
        if value is None or not sd:
            compared[name] = {"truth": truth, "value": None, "met": False}
            continue
        apart, relative = (value - truth) / sd, sd / abs(value)
        compared[name] = {
            "truth": truth,
            "value": value,
            "sd": sd,
            "standard_deviations_apart": apart,
            "relative_sd": relative,
            "wanted_relative_sd": wanted,
            "met": bool(abs(apart) <= 2 and relative < wanted),
        }
    return compared


def write_results(folder: Path, result: Mapping[str, Any], json_file: Path | None) -> None:
    """folder/reproduce.json and folder/claims.json, and the whole once more where it was asked for."""
    whole = plain_numbers(result)
    write_json(folder / "reproduce.json", whole)
    write_json(folder / "claims.json", {"claims": whole["claims"]})
    if json_file is not None:
        write_json(json_file, whole)


def plain_numbers(value: Any) -> Any:
    """What JSON can hold: Python's own numbers, None for nan and the infinities."""
    if isinstance(value, Mapping):
        return {str(key): plain_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_numbers(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return plain_numbers(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_results(folder: Path) -> dict[str, Any]:
    """folder/reproduce.json as written."""
    read: dict[str, Any] = json.loads((folder / "reproduce.json").read_text("utf-8"))
    return read
