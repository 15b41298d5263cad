"""A measured run as what stands in the form of a new one, and in words what a form cannot take of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldfinger.gui.fields.quantity_text import number_text
from coldfinger.gui.form.form_fields import Entry, Form
from coldfinger.gui.form.run_forms import FORMS, form
from coldfinger.procedures.plans.plan_names import CHECKS, parameters_of
from coldfinger.runfiles.reader import Run, read_run


class AgainError(ValueError):
    """Why a run cannot stand in any form, in one sentence."""


@dataclass(frozen=True)
class Again:
    """`values` for the form with the key `form`; `left`: parameters that it has no field for, with their values."""

    name: str
    form: str
    values: Mapping[str, Any]
    left: tuple[str, ...] = ()


def again(folder: Path) -> Again:
    """What would measure this run once more. Raises RunFileError, AgainError."""
    return again_of(read_run(folder), folder.name)


def again_of(run: Run, folder: str) -> Again:
    """The same of a run that has been read. Raises AgainError."""
    name = str(run.header.get("item_name") or folder)
    procedure = str(run.header.get("procedure") or "").rpartition(".")[2]
    check = next((key for key, kind in CHECKS.items() if kind == procedure), "")
    of = form("checks") if check else next((one for one in FORMS if one.procedure == procedure), None)
    if of is None or not run.parameters:
        what = f"{procedure} has no form here" if run.parameters else "it does not say how it was measured"
        raise AgainError(f"{name}: {what}, so its parameters cannot be used; write a plan file instead")
    taken = {entry.key: value for entry in of.entries for value in _value(entry, run)}
    if check:
        taken |= {entry.key: entry.key == f"test_{check}" for entry in of.entries if entry.key.startswith("test_")}
    return Again(name, of.key, taken, tuple(_left(run, of, procedure)))


def _value(entry: Entry, run: Run) -> Iterator[Any]:
    """What the run has for a field, if it has it."""
    key = entry.single or entry.key
    unit = run.parameter_units.get(key)
    if key not in run.parameters or (unit is not None and entry.unit and unit != entry.unit):
        return
    value = run.parameters[key]
    if entry.choices and value not in entry.choices:
        return
    yield number_text(float(value)) if entry.single else value


def _left(run: Run, of: Form, procedure: str) -> Iterator[str]:
    """Parameters that were not as usual, and that the form has no field for, or no such choice."""
    taken = {entry.single or entry.key for entry in of.entries for _ in _value(entry, run)}
    usual = parameters_of(procedure)
    for key, kept in run.header["parameters"].items():
        if key not in taken and (key not in usual or kept["value"] != usual[key].default):
            yield f"{kept['label']} ({kept['text']})"
