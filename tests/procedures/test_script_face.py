"""The names that a script imports from the procedures are all there, and a queue may name only what can be run."""

import coldfinger.procedures as face
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.engine.build import RUNNABLE, procedure_class


def test_every_name_of_the_script_face_can_be_imported():
    assert {"lag_of_pair", "symmetrised", "evaluate_magnetoresistance", "read_run"} <= set(face.__all__)
    for name in face.__all__:
        assert callable(getattr(face, name)), name


def test_a_queue_can_name_procedures_and_nothing_else_of_the_script_face():
    assert all(issubclass(procedure_class(name), TransportProcedure) for name in RUNNABLE)
