"""`coldfinger recalibrate`: a run with another thermometer curve, as a new run."""

from pathlib import Path

import click

from coldfinger.procedures.commands.diff import run_folder
from coldfinger.procedures.commands.status import bad_input, json_text


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--curve", required=True, help="Thermometer curve: .340, .tbl, .cof, .dat or .csv.")
@click.option(
    "--sd", type=click.FloatRange(0.0), default=0.0, help="Relative uncertainty of its temperatures; 0.01 is 1 %."
)
@click.option("--out", default=None, help="Folder for the new run; default: where the old one is.")
@click.option("--data", default="data", show_default=True, help="Folder with the runs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def recalibrate(run: str, curve: str, sd: float, out: str | None, data: str, as_json: bool) -> None:
    """Make temperatures and their flags anew from the ohms of a run; the old run is not touched.

    A RUN is its number, the name of its folder, or a path. Outside the curve there is no temperature.
    """
    import numpy as np

    from coldfinger.instruments.calibration import read_calibration
    from coldfinger.procedures.recalibrate import recalibrate as derive
    from coldfinger.runfiles.disk import RunFileError
    from coldfinger.runfiles.reader import read_run

    with bad_input(RunFileError, ValueError, OSError):
        calibration = read_calibration(curve, relative_sd=sd)
        folder = derive(run_folder(run, data), calibration, None if out is None else Path(out))
    kelvin = read_run(folder).frame["T_sample (K)"].to_numpy()
    outside = int(np.isnan(kelvin).sum())
    if as_json:
        said = {"folder": str(folder), "curve": calibration.name, "hash": calibration.hash}
        click.echo(json_text({**said, "rows": len(kelvin), "outside_calibration": outside}))
        return
    click.echo(f"{folder}: {len(kelvin)} rows by curve {calibration.name} ({calibration.hash[:12]})")
    if outside:
        click.echo(f"{outside} of them are outside the curve, have no temperature and are flagged")
