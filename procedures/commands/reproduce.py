"""`coldfinger reproduce`: the paper from the simulated refrigerator, claim by claim."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coldfinger.procedures.commands.status import INCOMPLETE, STOPPED, BadInput, bad_input

if TYPE_CHECKING:
    from coldfinger.procedures.reproduce.work import Answer


@click.command()
@click.option("--out", default="coldfinger-reproduce", show_default=True, help="New folder for runs, figures, numbers.")
@click.option("--json", "json_file", default=None, help="Write the numbers to this JSON file, too.")
@click.option("--quick", is_flag=True, help="Fewer fields and rows; some claims are then left unmeasured.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all noise.")
def reproduce(out: str, json_file: str | None, quick: bool, seed: int) -> None:
    """Measure S0, S1 and S2 on the simulated refrigerator, draw the paper's figures and check its 31 claims.

    Every core measures one film at a time. Exit status 0: every claim that was measured and is for software holds.
    """
    from coldfinger.procedures.control import RunControl
    from coldfinger.procedures.laboratory.limits import LimitError
    from coldfinger.procedures.reproduce.processes import CampaignError
    from coldfinger.procedures.reproduce.reproduce import Reproduction, check_reproduction
    from coldfinger.procedures.reproduce.reproduce import reproduce as carry_out
    from coldfinger.procedures.runner import stop_on_signals
    from coldfinger.runfiles.disk import RunFileError

    plan = Reproduction(Path(out), seed, quick, None if json_file is None else Path(json_file))
    control = RunControl()
    with bad_input(LimitError, RunFileError, CampaignError), stop_on_signals(control):
        check_reproduction(plan)
        try:
            result = carry_out(plan, control, finished=_ended, say=click.echo)
        except OSError as error:
            raise BadInput(f"output folder {out}: {error.strerror} ({error.filename}); choose another") from None
    if result is None:
        click.echo(f"stopped; the runs made so far are in {plan.folder / 'runs'}")
        raise SystemExit(STOPPED)
    _print(result, plan.folder)
    if result["unfinished"] or any(claim["status"] == "fails" for claim in result["claims"]):
        raise SystemExit(INCOMPLETE)


def _ended(answer: "Answer") -> None:
    hours = answer.virtual_seconds / 3600
    click.echo(f"{answer.film} {answer.kind}: {answer.runs} runs, {hours:.1f} h of refrigerator time")
    for sentence in answer.unfinished:
        click.echo(f"  {sentence}")


def _print(result: dict[str, Any], folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from coldfinger.procedures.reproduce.reproduce import table

    page = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for name in ("", "claim", "expected", "got", ""):
        page.add_column(name)
    for row in table(result):
        page.add_row(*(Text(cell) for cell in row))
    Console(width=160).print(page)
    held = [claim["status"] for claim in result["claims"]].count("holds")
    seconds, processor = result["wall_seconds"], result["processor_seconds"]
    click.echo(
        f"{held} of {len(result['claims'])} claims hold; {result['virtual_hours']:.0f} h of refrigerator time in "
        f"{seconds:.0f} s ({processor:.0f} s of processor). Figures, runs and reproduce.json: {folder}"
    )
