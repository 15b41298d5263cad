"""From loaded tables to the data of the figures: nothing is lost, what cannot be used is said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coldfinger.analysis.dataset import Dataset, RunFamily, Table
from coldfinger.analysis.micrographs.synthetic_micrograph import Population, draw_micrograph
from coldfinger.analysis.paper.runs import from_dataset, read_paper_data
from coldfinger.analysis.reading import believed_rows
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality
from coldfinger.sim.sample import builtin_sample

FILM = builtin_sample("S1", fluctuations=False)


def table(procedure, frame, field=np.nan, outcome="done"):
    frame = frame.assign(flags=frame.get("flags", 0), part=1)
    frame["believed"] = believed_rows(frame)
    name = f"{procedure}-{field:g}"
    return Table(name, (Path(name),), procedure, "S1", "S1", "sim", True, outcome, frame, field)


def ramp(field, bad=0):
    T = np.geomspace(0.05, 0.7, 20)
    rho = np.asarray(FILM.resistivity(T, field))
    flags = np.where(np.arange(20) < bad, int(Quality.GRADIENT), 0)
    columns = {"T_sample (K)": T, "T_sample_sd (K)": 1e-5, "rho (ohm)": rho, "rho_sd (ohm)": 0.003 * rho}
    return table("TemperatureRamp", pd.DataFrame(columns | {"flags": flags}), field)


def low_field(pairs=2):
    legs = []
    for leg in range(2 * pairs):
        H = np.arange(-100.0, 100.1, 0.5) * (1 if leg % 2 == 0 else -1)
        rho = np.array([float(FILM.resistivity(0.05, h)) for h in H])
        columns = {"T_sample (K)": 0.05, "H (Oe)": H, "H_lag_corrected (Oe)": H - 0.07, "rho (ohm)": rho}
        time = np.arange(H.size) * 3.0 + 1e4 * leg
        more = {"rho_sd (ohm)": 2.0, "direction": 1.0 - 2 * (leg % 2), "leg": leg, "time (s)": time}
        legs.append(pd.DataFrame(columns | more | {"time_constant (s)": 0.1}))
    return table("LowFieldMagnetoresistance", pd.concat(legs, ignore_index=True))


def slope_run(outcome="done"):
    bias = np.array([0, 0, 1, 2, 1, 0, -1, -2, -1, 0, 0]) * 1e-8
    way = np.sign(np.diff(bias, prepend=0.0))
    flags = np.where(np.abs(bias) > 1.5e-8, int(Quality.BIAS_HEATING), 0)
    columns = {"T_sample (K)": 0.05, "bias (A)": bias, "rho (ohm)": 3000 + 1e10 * np.abs(bias), "rho_sd (ohm)": 2.0}
    return table("DifferentialResistance", pd.DataFrame(columns | {"direction": way, "flags": flags}), 100.0, outcome)


def dataset(*tables):
    ramps = tuple(t for t in tables if t.procedure == "TemperatureRamp")
    family = (RunFamily("S1", "S1", "S1", "sim", True, ramps),) if ramps else ()
    return Dataset(tables, family, ())


def test_every_run_comes_to_its_film_with_what_it_measured():
    data = from_dataset(dataset(ramp(100.0), ramp(400.0), low_field(), slope_run()))
    (film,) = data.films
    assert (film.name, data.simulated) == ("S1", True)
    assert [curve.field for curve in film.curves] == [100.0, 400.0]
    assert [fit.law for _, fit in film.fits] == ["eq2", "eq1"]
    (swept,) = film.magnetoresistance
    assert [sweep.direction for sweep in swept.sweeps] == [1.0, -1.0, 1.0, -1.0]
    assert swept.rate == pytest.approx(0.5 / 3.0)
    assert swept.sweeps[0].field[0] == pytest.approx(-100.07)  # lag corrected
    assert data.left_out == ()


def test_rows_with_the_bias_path_open_stand_apart():
    whole = from_dataset(dataset(slope_run())).films[0].slopes[0]
    assert (whole.bias.size, whole.ordinary.size) == (9, 2)
    assert whole.heated.tolist() == [False, False, True, False, False, False, True, False, False]
    stopped = from_dataset(dataset(slope_run("stopped"))).films[0].slopes[0]
    assert (stopped.bias.size, stopped.ordinary.size) == (10, 1)


def test_disbelieved_rows_are_drawn_hollow_and_named_with_their_reason():
    data = from_dataset(dataset(ramp(100.0, bad=3)))
    assert data.left_out == ("TemperatureRamp-100: 3 of 20 rows are not believed: gradient (3)",)
    assert int(data.films[0].curves[0].flagged.sum()) == 3
    assert data.films[0].curves[0].curve.temperature.size == 17


def test_a_run_that_lacks_a_column_is_said_and_the_rest_goes_on():
    broken = low_field()
    broken = table(broken.procedure, broken.frame.drop(columns=["leg", "believed", "part", "flags"]))
    data = from_dataset(dataset(broken, ramp(100.0)))
    assert len(data.films[0].curves) == 1
    assert data.left_out == ("LowFieldMagnetoresistance-nan: column 'leg' is missing",)


def test_a_field_that_went_through_tesla_is_round_again():
    data = from_dataset(dataset(ramp(449.99999999999994)))
    assert data.films[0].curves[0].field == 450.0


def test_a_place_without_runs_is_one_sentence(tmp_path):
    with pytest.raises(RunFileError, match=r"figures: there is nothing to draw: folder .* there is no run"):
        read_paper_data([tmp_path])


def test_a_micrograph_is_read_beside_the_runs(tmp_path):
    from PIL import Image

    picture = draw_micrograph([Population(0.4e-6, 0.25, 0.3)], shape=(64, 64)).micrograph
    grey = np.clip(255 * picture.grey / picture.grey.max(), 0, 255).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "film.png")
    data = read_paper_data([tmp_path / "film.png"], pixel=6e-9)
    assert data.micrograph is not None
    assert data.micrograph.pixel == 6e-9
    with pytest.raises(RunFileError, match="nothing to draw"):
        read_paper_data([tmp_path / "film.png"])
