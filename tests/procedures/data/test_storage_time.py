"""What a row on disk costs the thread that measures, in a stream that is synced meanwhile."""

from pathlib import Path
from time import perf_counter

import numpy as np

from coldfinger.procedures.data.writer import RunWriter

LIMIT = 100e-6  # s
COLUMNS = [f"c{number} (V)" for number in range(28)]  # as many as a ramp has
ROWS, LEAST, MOST = 500, 0.8, 6.0  # rows a round; s: several syncs fall into the shortest time


def test_with_syncing_on_99_rows_in_100_take_the_measuring_thread_less_than_100_microseconds(tmp_path: Path) -> None:
    """The best round counts: what other programs take from this one is not a cost of the row."""
    row, rounds, durable = dict.fromkeys(COLUMNS, 1.2345678901234e-7), [], set()
    with RunWriter(tmp_path / "run", header={"simulated": True}, columns=COLUMNS) as writer:
        began = perf_counter()
        while (past := perf_counter() - began) < LEAST or (past < MOST and best(rounds) >= LIMIT):
            rounds.append([seconds_of_a_row(writer, row) for _ in range(ROWS)])
            durable.add(writer.durable)
        writer.end("done")
    assert len(durable) > 1
    assert best(rounds) < LIMIT
    assert np.median(rounds) < LIMIT


def best(rounds: list[list[float]]) -> float:
    """The 99th percentile of the best round."""
    return min((float(np.quantile(times, 0.99)) for times in rounds), default=np.inf)


def seconds_of_a_row(writer: RunWriter, row: dict[str, float]) -> float:
    began = perf_counter()
    writer.point(row)
    return perf_counter() - began
