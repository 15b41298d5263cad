"""The first event of a run: everything that must be known to understand its numbers years later."""

import functools
import os
import platform
import re
import socket
import uuid
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from coldfinger.instruments.clock import Clock
from coldfinger.runfiles.journal import SCHEMA, plain

_PACKAGES = ("coldfinger", "pymeasure", "pyvisa", "pyvisa-py", "numpy", "scipy", "pandas", "pint")
_OWN_KEYS = frozenset(
    {"seq", "event", "utc", "clock", "schema", "columns", "units", "clock_kind", "versions", "machine"}
)


def start_event(header: Mapping[str, Any], columns: tuple[str, ...], procedure: Any, clock: Clock) -> dict[str, Any]:
    """The start event in plain values; ValueError says what of the header or the procedure cannot be kept."""
    own = _OWN_KEYS | ({"procedure", "parameters"} if procedure is not None else set())
    if taken := sorted(own & set(header)):
        raise ValueError(f"run header: {', '.join(taken)} is filled in by the writer; leave it out")
    if not isinstance(header.get("simulated"), bool):
        raise ValueError(
            f"run header: simulated is {header.get('simulated')!r}; say True or False, so that simulated "
            "data can never be taken for real"
        )
    return {
        "schema": SCHEMA,
        "run_id": str(uuid.uuid4()),
        **_procedure_event(procedure, columns),
        **plain(header, "run header"),
        "columns": list(columns),
        "units": {column: unit[1] for column in columns if (unit := re.search(r"\s\((\S+)\)$", column))},
        "clock_kind": type(clock).__name__,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "machine": {"host": socket.gethostname(), "pid": os.getpid(), "system": platform.platform()},
    }


@functools.cache  # reading eight package descriptions takes as long as writing a thousand points
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _procedure_event(procedure: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    if procedure is None:
        return {"procedure": None, "parameters": {}}
    kind = type(procedure)
    if procedure.DATA_COLUMNS and tuple(procedure.DATA_COLUMNS) != columns:
        raise ValueError(f"{kind.__name__}: the columns of the run differ from its DATA_COLUMNS; use those")
    parameters = {}
    for name, parameter in procedure.parameter_objects().items():
        if not parameter.is_set():
            raise ValueError(f"{kind.__name__}: parameter {parameter.name!r} is not set; give it a value")
        parameters[name] = {
            "label": parameter.name,
            "value": plain(parameter.value, f"parameter {parameter.name!r}"),
            "unit": getattr(parameter, "units", None),
            "text": _parameter_text(parameter),
        }
    return {"procedure": f"{kind.__module__}.{kind.__qualname__}", "parameters": parameters}


def _parameter_text(parameter: Any) -> str:
    """The parameter as pymeasure writes it into a header, but floats with all digits (pymeasure: six)."""
    from pymeasure.experiment import FloatParameter

    if isinstance(parameter, FloatParameter):
        return f"{parameter.value!r} {parameter.units}" if parameter.units else repr(parameter.value)
    return str(parameter)
