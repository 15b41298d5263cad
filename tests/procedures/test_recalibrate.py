"""A run with another curve: the old one stays, the new one has what the curve says and nothing else."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from coldfinger.instruments.calibration import read_calibration
from coldfinger.procedures.commands.recalibrate import recalibrate as command
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.recalibrate import recalibrate
from coldfinger.procedures.runner import run_procedure
from coldfinger.procedures.station import connect_station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.quality import Quality
from coldfinger.runfiles.reader import read_run

CHANGED = ["T_sample (K)", "T_sample_sd (K)", "flags"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One short run and the curve that it was measured with."""
    folder = tmp_path_factory.mktemp("data")
    with connect_station(seed=4) as station:
        ramp = TemperatureRamp(start=0.3, end=0.25, points=6)
        result = run_procedure(ramp, station, folder, sync=False)
        assert result.outcome == "done", result.reason
        return result.folder, station.calibration


def curve_file(path, calibration, factor=1.0, low=0.0):
    rows = zip(calibration.temperatures, calibration.resistances, strict=True)
    lines = [f"{kelvin * factor!r},{ohm!r}" for kelvin, ohm in rows if kelvin >= low]
    path.write_text("\n".join(["T_K,R_ohm", *lines]))
    return path


def test_the_same_curve_gives_the_same_rows(measured, tmp_path):
    folder, calibration = measured
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    old, new = read_run(folder), read_run(recalibrate(folder, calibration, tmp_path))
    assert len(old.frame) >= 5
    np.testing.assert_array_equal(new.frame.drop(columns=CHANGED), old.frame.drop(columns=CHANGED))
    np.testing.assert_array_equal(new.frame["flags"], old.frame["flags"])
    # The mean of readings is the same number; its s.d. comes from a power that the bridge tells with six digits.
    np.testing.assert_allclose(new.frame["T_sample (K)"], old.frame["T_sample (K)"], rtol=1e-12)
    np.testing.assert_allclose(new.frame["T_sample_sd (K)"], old.frame["T_sample_sd (K)"], rtol=1e-6)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert (new.outcome, len(new.marks), len(new.snapshots)) == (old.outcome, len(old.marks), len(old.snapshots))
    assert [mark.points for mark in new.marks] == [mark.points for mark in old.marks]


def test_another_curve_gives_its_temperatures_and_says_which_and_from_where(measured, tmp_path):
    folder, calibration = measured
    other = read_calibration(curve_file(tmp_path / "new.csv", calibration, 1.2))
    old, new = read_run(folder), read_run(recalibrate(folder, other, tmp_path))
    np.testing.assert_allclose(new.frame["T_sample (K)"], 1.2 * old.frame["T_sample (K)"], rtol=1e-6)
    np.testing.assert_allclose(new.frame["T_sample_sd (K)"], 1.2 * old.frame["T_sample_sd (K)"], rtol=1e-4)
    np.testing.assert_array_equal(new.frame["rho (ohm)"], old.frame["rho (ohm)"])
    assert all(int(flags) & Quality.GRADIENT for flags in new.frame["flags"])  # 20 % above the mixing chamber
    derived = new.header["derived"]
    assert (derived["from"], derived["run_id"]) == (folder.name, old.header["run_id"])
    assert derived["curve"]["hash"] == other.hash == new.header["calibration"]["hash"]
    assert derived["curve_before"]["hash"] == calibration.hash
    assert new.header["run_id"] != old.header["run_id"]


def test_outside_the_curve_there_is_no_number_but_a_flag(measured, tmp_path):
    folder, calibration = measured
    other = read_calibration(curve_file(tmp_path / "short.csv", calibration, low=0.5))
    new = read_run(recalibrate(folder, other, tmp_path)).frame
    assert new["T_sample (K)"].isna().all()
    assert new["T_sample_sd (K)"].isna().all()
    assert all(int(flags) & Quality.OUTSIDE_CALIBRATION for flags in new["flags"])
    assert np.isfinite(new["R_sensor (ohm)"]).all()


def test_a_run_without_a_sensor_is_refused(tmp_path, measured):
    with RunWriter(tmp_path / "a", header={"simulated": True}, columns=("time (s)",), sync=False) as writer:
        writer.end("done")
    with pytest.raises(RunFileError, match="it has no column 'T_sample"):
        recalibrate(writer.folder, measured[1])


def test_the_command_writes_beside_the_old_run_and_refuses_in_one_sentence(measured, tmp_path):
    folder, calibration = measured
    curve = curve_file(tmp_path / "new.csv", calibration, 1.01)
    done = CliRunner().invoke(command, [str(folder), "--curve", str(curve), "--out", str(tmp_path), "--json"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["outside_calibration"]) == (0, 0)
    assert len(read_run(tmp_path / said["folder"]).frame) == said["rows"]
    for words in ([str(folder), "--curve", str(tmp_path / "none.csv")], [str(tmp_path), "--curve", str(curve)]):
        refused = CliRunner().invoke(command, words)
        assert (refused.exit_code, len(refused.stderr.strip().splitlines())) == (2, 1)
