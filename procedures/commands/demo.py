"""`coldfinger demo`: a family on the simulated refrigerator, from nothing to a figure."""

from pathlib import Path
from typing import Any

import click

from coldfinger.procedures.commands.status import INCOMPLETE, STOPPED, bad_input


@click.command()
@click.option("--sample", default="S0", show_default=True, help="S0, S1, S2 or a table-sample TOML file.")
@click.option(
    "--fields",
    default="0, 30, 100, 300, 500, 600 Oe",
    show_default=True,
    help="Magnetic fields; measured in rising order of |H|.",
)
@click.option("--from", "start", default="0.7 K", show_default=True, help="First temperature.")
@click.option("--to", "stop", default="50 mK", show_default=True, help="Last temperature.")
@click.option(
    "--pacing",
    default="lag-limited",
    show_default=True,
    help='"lag-limited", "5 mK/min", "log-rate 2/h", "linear 25", "log 25" or "0.7, 0.4, 0.1 K".',
)
@click.option(
    "--points",
    default=100,
    show_default=True,
    type=click.IntRange(2, 10000),
    help="Rows of a continuous ramp.",
)
@click.option(
    "--excitation",
    default="gentle",
    show_default=True,
    help='"gentle", "policy", or a current with its frequency: "1 nA at 7 Hz".',
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all noise.")
@click.option("--out", default="coldfinger-demo", show_default=True, help="Folder for run files and figure.")
@click.option("--json", "json_file", default=None, help="Write the numbers to this JSON file.")
def demo(**options: Any) -> None:
    """Cool a simulated film, ramp its temperature at several fields, fit and draw the family."""
    from coldfinger.procedures import demo as demonstration
    from coldfinger.procedures.runner import StopSwitch, stop_on_signals
    from coldfinger.procedures.screen import FamilyScreen, print_family
    from coldfinger.runfiles.disk import RunFileError

    plan = _demo_plan(**options)
    switch = StopSwitch()
    with stop_on_signals(switch), FamilyScreen(plan.fields) as screen, bad_input(RunFileError):
        result = demonstration.run_demo(plan, switch=switch, progress=screen.progress, finished=screen.finished)
    print_family(result.members, f"{Path(plan.sample).stem}, simulated, seed {plan.seed}")
    click.echo(demonstration.closing_line(result, plan))
    outcomes = {member.run.outcome for member in result.members}
    if "stopped" in outcomes:
        raise SystemExit(STOPPED)
    if outcomes != {"done"}:
        raise SystemExit(INCOMPLETE)


def _demo_plan(
    sample: str,
    fields: str,
    start: str,
    stop: str,
    pacing: str,
    points: int,
    excitation: str,
    seed: int,
    out: str,
    json_file: str | None,
) -> Any:
    from coldfinger.procedures.demo import DemoPlan, check_demo
    from coldfinger.procedures.words.pacing_text import pacing_parameters
    from coldfinger.procedures.words.quantity import parse, parse_list

    with bad_input(ValueError):
        ramp = {
            "start": parse(start, "temperature", "--from"),
            "stop": parse(stop, "temperature", "--to"),
            "points": points,
            **pacing_parameters(pacing),
            **_excitation(excitation),
        }
        plan = DemoPlan(
            sample,
            seed,
            tuple(parse_list(fields, "field", "--fields")),
            ramp,
            Path(out),
            None if json_file is None else Path(json_file),
        )
        check_demo(plan)
    return plan


def _excitation(text: str) -> dict[str, Any]:
    from coldfinger.procedures.words.quantity import QuantityError, parse

    if text in ("gentle", "policy"):
        return {"excitation": text}
    current, at, frequency = text.partition(" at ")
    if not at:
        raise QuantityError(f'--excitation: {text!r} is not "gentle", "policy" or like "1 nA at 7 Hz"')
    return {
        "excitation": "fixed",
        "current": float(f"{parse(current, 'current', '--excitation') * 1e9:.12g}"),
        "frequency": parse(frequency, "frequency", "--excitation"),
    }
