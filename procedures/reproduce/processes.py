"""Jobs shared among processes: each takes the next one when it has answered the last.

With one process the jobs are carried out here. Otherwise every worker is a program of its own
(`procedures.reproduce.work`) at the ends of two pipes; a stop is handed on to it as SIGINT, and whatever ends this
program ends the workers with it.
"""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import IO, Any

from coldfinger.procedures.control import RunControl
from coldfinger.procedures.reproduce.campaign import Job
from coldfinger.procedures.reproduce.work import Answer, carry_out

_COMMAND = (sys.executable, "-m", "coldfinger.procedures.reproduce.work")
_PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
_LOOK = 0.2  # s between two looks whether a stop is wanted


class CampaignError(RuntimeError):
    """A process of the campaign broke; one sentence."""


def measure_all(
    jobs: Sequence[Job], processes: int, control: RunControl, finished: Callable[[Answer], None] = lambda answer: None
) -> list[Answer]:
    """Answers in the order in which they came; `finished` gets each of them, in the calling thread.

    A stop through `control` leaves out the jobs that are not begun. Raises CampaignError.
    """
    count = min(processes, len(jobs))
    if count > 1:
        return _apart(jobs, count, control, finished)
    answers = []
    for job in jobs:
        if control.thrown():
            break
        answers.append(carry_out(job, control))
        finished(answers[-1])
    return answers


def _apart(jobs: Sequence[Job], count: int, control: RunControl, finished: Callable[[Answer], None]) -> list[Answer]:
    waiting: SimpleQueue[Job] = SimpleQueue()
    for job in jobs:
        waiting.put(job)
    answers: list[Answer] = []
    came: SimpleQueue[Answer] = SimpleQueue()
    broken = threading.Event()
    with contextlib.ExitStack() as stack:
        complaints = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(count)]
        # A session of its own: Ctrl-C at the terminal reaches a worker once, through this program.
        workers = [
            stack.enter_context(subprocess.Popen(_COMMAND, start_new_session=True, stderr=complaint, **_PIPES))
            for complaint in complaints
        ]
        threads = stack.enter_context(ThreadPoolExecutor(count))
        for worker in workers:
            stack.callback(worker.kill)  # before the threads are waited for; harmless after a good end
        tasks = [
            threads.submit(_serve, worker, complaint, waiting, came, control, broken)
            for worker, complaint in zip(workers, complaints, strict=True)
        ]
        told = False
        while True:
            ended = all(task.done() for task in tasks)
            with contextlib.suppress(Empty):
                answers.append(came.get(timeout=0.001 if ended else _LOOK))
                finished(answers[-1])
                continue
            if ended:
                break
            if (control.thrown() or broken.is_set()) and not told:
                told = True
                for worker in workers:
                    worker.send_signal(signal.SIGINT)
        for task in tasks:
            task.result()
    return answers


def _serve(
    worker: "subprocess.Popen[str]",
    complaint: IO[str],
    waiting: "SimpleQueue[Job]",
    came: "SimpleQueue[Answer]",
    control: RunControl,
    broken: threading.Event,
) -> None:
    """Hand jobs to one worker until there are none, a stop is wanted, or something breaks; then let it end."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    while not (control.thrown() or broken.is_set()):
        try:
            job = waiting.get_nowait()
        except Empty:
            break
        with contextlib.suppress(BrokenPipeError):
            worker.stdin.write(json.dumps(job.to_json()) + "\n")
            worker.stdin.flush()
        line = worker.stdout.readline()
        if not line and control.thrown():
            break  # stopped before it could hear of its job
        if not line:
            broken.set()
            worker.wait()
            complaint.seek(0)
            said = complaint.read().strip().splitlines() or ["no message"]
            raise CampaignError(f"the measurement of {job.name} broke: {said[-1]}")
        came.put(Answer.from_json(json.loads(line)))
    worker.stdin.close()
    worker.wait()
