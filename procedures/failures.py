"""Why a run cannot go on."""


class ProcedureFailure(Exception):
    """The run cannot go on; the sentence says why and what became of it."""

    stops_queue = False
    """Whether what follows in a queue must not be begun either."""


class NeedsPerson(ProcedureFailure):
    """What ended the run would end the next one, too, or make it worse: somebody must look first."""

    stops_queue = True


class Interlocked(ProcedureFailure):
    """An interlock ended the run."""

    stops_queue = True
