"""Run folders as the engine leaves them, made without any engine: ramps, sweeps of the field, dV/dI."""

from pathlib import Path
from typing import Any

import numpy as np

from coldfinger.analysis.laws import failed_insulator
from coldfinger.procedures.data.writer import RunWriter

COLUMNS = (
    "time (s)", "T_mc (K)", "T_sample (K)", "T_sample_sd (K)", "H_set (Oe)", "H (Oe)", "I (A)",
    "rho (ohm)", "rho_sd (ohm)", "phase (deg)", "heater (percent)", "flags",
)  # fmt: skip
BIAS = (*COLUMNS, "bias (A)", "dV/dI (ohm)", "direction")
RAMP = "coldfinger.procedures.temperature_ramp.TemperatureRamp"
SWEEP = "coldfinger.procedures.field_sweep.FieldSweep"
SLOPES = "coldfinger.procedures.didv.DifferentialResistance"


def writer_of(
    folder: Path, procedure: str = RAMP, columns: tuple[str, ...] = COLUMNS, clock: Any = None, **header: Any
) -> RunWriter:
    """A run that is just beginning."""
    kept = {"simulated": True, "procedure": procedure, "sample": {"name": "film 3", "stage": "S0", "squares": 2.0}}
    return RunWriter(folder, header=kept | header, columns=columns, clock=clock, sync=False)


def row_at(number: int, T: float, field: float, rho: float, sd: float, flags: int = 0) -> dict[str, float]:
    values = (10.0 * number, T, T, 1e-3 * T, field, field, 1e-9, rho, sd, -0.5 + 1e-3 * field, 10.0, flags)
    return dict(zip(COLUMNS, (float(value) for value in values), strict=True))


def ramp(
    folder: Path,
    field: float = 100.0,
    rows: int = 60,
    *,
    base: float = 3e-5,
    noise: float = 3e-3,
    flags: dict[int, int] | None = None,
    checks: tuple[tuple[str, str], ...] = (("heating", "pass"),),
    end: str = "done",
    **header: Any,
) -> Path:
    """ρ(T) on Eq. 1 from 0.7 to 0.05 K; `flags` by number of the row, `checks` (name, outcome)."""
    draw = np.random.default_rng(int(field) + rows)
    with writer_of(folder, **header) as writer:
        for i, T in enumerate(np.geomspace(0.7, 0.05, rows)):
            true = float(failed_insulator(T, base, 1.6e-4, 0.59))
            value = true * (1 + noise * draw.normal())
            writer.point(row_at(i, float(T), field, value, noise * true, (flags or {}).get(i, 0)))
        for name, outcome in checks:
            sentence = f"at a third of the current ρ is {'another' if outcome == 'fail' else 'the same'}"
            writer.mark(
                "check", "said", name=name, outcome=outcome, sentence=sentence, numbers={}, at={"temperature": 0.1}
            )
        if end:
            writer.end(end)
    return folder


def scattered(folder: Path, field: float = 100.0, rows: int = 40) -> Path:
    """A ramp whose rows scatter three times as much as their own s.d. says."""
    draw = np.random.default_rng(rows)
    with writer_of(folder) as writer:
        for i, T in enumerate(np.geomspace(0.7, 0.05, rows)):
            true = float(failed_insulator(T, 3e-5, 1.6e-4, 0.59))
            writer.point(row_at(i, float(T), field, true * (1 + 0.012 * draw.normal()), 0.003 * true))
        writer.end("done")
    return folder


def family(folder: Path, fields: tuple[float, ...] = (60.0, 100.0, 200.0, 300.0, 450.0, 600.0)) -> list[Path]:
    """Ramps whose σ_QF falls with field as a power law."""
    return [ramp(folder / f"rt_{field:g}", field, base=3e-5 * (field / 100) ** -0.8) for field in fields]


def slopes(folder: Path, field: float = 100.0, flags: int = 0) -> Path:
    """dV/dI with a peak at zero bias."""
    with writer_of(folder, SLOPES, BIAS) as writer:
        for i, bias in enumerate(np.linspace(-1e-7, 1e-7, 61)):
            rho = 5000 + field * 20 / (1 + (bias / 2e-8) ** 2)
            row = row_at(i, 0.05, field, rho, 20.0, flags if abs(bias) > 8e-8 else 0)
            writer.point(row | {"bias (A)": float(bias), "dV/dI (ohm)": rho, "direction": 1.0})
        writer.end("done")
    return folder


def sweep(folder: Path, T: float) -> Path:
    """ρ(H) at one temperature."""
    with writer_of(folder, SWEEP) as writer:
        for i, field in enumerate(np.linspace(0, 600, 61)):
            writer.point(row_at(i, T, float(field), 5000 + 10 * field * T, 5.0))
        writer.end("done")
    return folder
