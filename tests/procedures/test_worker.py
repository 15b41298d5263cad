"""pymeasure's own parts on our run files: what a window of pymeasure's hears, in which order, and what it can open."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymeasure.experiment import Procedure, Results, Worker

from coldfinger.procedures.station import Station
from coldfinger.procedures.temperature_ramp import TemperatureRamp
from coldfinger.procedures.worker import RunResults, RunWorker
from coldfinger.runfiles.reader import read_run

QUICK = {"points": 3, "start": 0.7, "stop": 0.5, "pacing": "log points", "excitation": "gentle", "field": 1.23456789}


def heard(worker: RunWorker) -> list[tuple[str, Any]]:
    worker.start()
    messages = []
    while (message := worker.monitor_queue.get(timeout=30)) is not None:
        messages.append(message)
    super(Worker, worker).join(10)
    return messages


def worker_of(station: Station, folder: Path, **parameters: Any) -> RunWorker:
    return RunWorker(RunResults(TemperatureRamp(**{**QUICK, **parameters}), station, folder))


def test_the_outcome_is_told_after_the_safe_state(simulated: Callable[..., Station], tmp_path: Path) -> None:
    station = simulated(sample="S0")
    made_safe: list[int] = []
    to_safe = station.to_safe

    def noted(leave: tuple[str, ...] = ()) -> Any:
        made_safe.append(worker.procedure.status)
        return to_safe(leave)

    station.to_safe = noted  # type: ignore[method-assign]
    worker = worker_of(station, tmp_path)
    messages = heard(worker)
    assert made_safe == [Procedure.RUNNING]
    assert messages[-1] == ("status", Procedure.FINISHED)
    assert ("progress", 100.0) in messages
    assert worker.result is not None
    assert worker.result.rows == 3


def test_stock_pymeasure_opens_the_table_with_every_digit(simulated: Callable[..., Station], tmp_path: Path) -> None:
    worker = worker_of(simulated(sample="S0"), tmp_path)
    heard(worker)
    stock = Results.load(worker.results.data_filename)
    assert stock.procedure.field == 1.23456789
    assert len(stock.data) == 3
    assert np.array_equal(
        stock.data["rho (ohm)"], read_run(Path(worker.results.data_filename).parent).frame["rho (ohm)"]
    )
    assert np.array_equal(worker.results.data["rho (ohm)"], stock.data["rho (ohm)"])


def test_nothing_is_made_before_the_run_begins(simulated: Callable[..., Station], tmp_path: Path) -> None:
    results = RunResults(TemperatureRamp(**QUICK), simulated(sample="S0"), tmp_path / "data")
    assert not (tmp_path / "data").exists()
    assert results.data.empty


def test_a_run_that_cannot_begin_fails_with_its_sentence_and_ends_the_thread(
    simulated: Callable[..., Station], tmp_path: Path
) -> None:
    messages = heard(worker_of(simulated(sample="S0"), tmp_path, field=1e6))
    assert messages[-1] == ("status", Procedure.FAILED)
    assert any(topic == "error" and "beyond the limit" in record for topic, record in messages)


def test_a_safe_state_that_breaks_still_ends_the_thread_and_says_failed(
    simulated: Callable[..., Station], tmp_path: Path
) -> None:
    station = simulated(sample="S0")

    def broken(leave: tuple[str, ...] = ()) -> Any:
        raise OSError("the bus is gone")

    station.to_safe = broken  # type: ignore[method-assign]
    messages = heard(worker_of(station, tmp_path))
    assert messages[-1] == ("status", Procedure.FAILED)
    assert ("error", "the bus is gone") in messages


def test_stop_ends_the_run_after_its_row(simulated: Callable[..., Station], tmp_path: Path) -> None:
    worker = worker_of(simulated(sample="S0"), tmp_path)
    watch = worker._watch

    def stopping(topic: str, record: Any) -> None:
        watch(topic, record)
        if topic == "results":
            worker.stop()

    worker._watch = stopping  # type: ignore[method-assign]
    assert heard(worker)[-1] == ("status", Procedure.ABORTED)
    assert worker.result is not None
    assert worker.result.rows == 1


def test_nothing_is_published(simulated: Callable[..., Station], tmp_path: Path) -> None:
    worker = worker_of(simulated(sample="S0"), tmp_path)
    assert (worker.port, worker.publisher, worker.context) == (None, None, None)
    with pytest.raises(TypeError):
        RunWorker(worker.results, port=5888)  # type: ignore[call-arg]
