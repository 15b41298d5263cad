"""Writing a run: no acknowledged row is lost, whatever call fails and whenever the process is killed."""

import errno
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.data.folder import new_run_folder, run_name
from coldfinger.procedures.data.sync import Syncer
from coldfinger.procedures.data.twin import rebuild_csv
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.runfiles.disk import Disk, RunFileError, is_held
from coldfinger.runfiles.reader import Run, read_run

COLUMNS = ("Time (s)", "T (K)", "R (ohm)")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither SIGKILL nor fork")


def row(number: int) -> dict[str, float]:
    return {"Time (s)": number * 0.1, "T (K)": 4.9e-6 * (number + 1), "R (ohm)": 1e3 / (number + 3)}


def open_run(folder: Path, **kwargs: Any) -> RunWriter:
    return RunWriter(folder, **{"header": {"simulated": True}, "columns": COLUMNS, **kwargs})


def wait_for(condition: Callable[[], bool], timeout: float = 60.0) -> bool:
    clock = WallClock()
    end = clock.time() + timeout
    while not condition() and clock.time() < end:
        clock.sleep(0.002)
    return condition()


def refusal(call: Callable[[], Any]) -> RunFileError | None:
    try:
        call()
    except RunFileError as error:
        return error
    return None


class FaultyDisk(Disk):
    """Counts its calls; the `nth` call of `name` does what `fault` says."""

    def __init__(self, name: str = "", nth: int = 0, fault: Callable[..., Any] | None = None) -> None:
        self.calls: Counter[str] = Counter()
        self._name, self._nth, self._fault = name, nth, fault
        self.fired = False

    def _call(self, name: str, *arguments: Any) -> Any:
        self.calls[name] += 1
        real = getattr(Disk, name)
        if self._fault is not None and name == self._name and self.calls[name] == self._nth:
            self.fired = True
            return self._fault(lambda *given: real(self, *(given or arguments)), *arguments)
        return real(self, *arguments)

    def mkdir(self, path: Path) -> None:
        self._call("mkdir", path)

    def open(self, path: Path) -> int:
        return int(self._call("open", path))

    def lock(self, handle: int) -> None:
        self._call("lock", handle)

    def write(self, handle: int, data: bytes) -> int:
        return int(self._call("write", handle, data))

    def truncate(self, handle: int, size: int) -> None:
        self._call("truncate", handle, size)

    def fsync(self, handle: int) -> None:
        self._call("fsync", handle)

    def fsync_folder(self, path: Path) -> None:
        self._call("fsync_folder", path)

    def close(self, handle: int) -> None:
        self._call("close", handle)


def full(real: Callable[..., Any], *_: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def broken(real: Callable[..., Any], *_: Any) -> Any:
    raise OSError(errno.EIO, "Input/output error")


def broken_afterwards(real: Callable[..., Any], *_: Any) -> Any:
    real()
    raise OSError(errno.EIO, "Input/output error")


def full_half_way(real: Callable[..., Any], handle: int, data: bytes) -> Any:
    real(handle, data[: len(data) // 2])
    raise OSError(errno.ENOSPC, "No space left on device")


def full_before_the_newline(real: Callable[..., Any], handle: int, data: bytes) -> Any:
    real(handle, data[:-1])
    raise OSError(errno.ENOSPC, "No space left on device")


def short(real: Callable[..., Any], handle: int, data: bytes) -> Any:
    return real(handle, data[: len(data) // 2])


def nothing(real: Callable[..., Any], handle: int, data: bytes) -> int:
    return 0


FAULTS = [
    *(("write", fault) for fault in (full, broken, broken_afterwards, full_half_way)),
    *(("write", fault) for fault in (full_before_the_newline, nothing)),
    *(("fsync", fault) for fault in (full, broken)),
    *((call, broken) for call in ("mkdir", "open", "lock", "fsync_folder")),
    ("close", broken_afterwards),
]


def night(parent: Path, disk: Disk) -> tuple[dict[int, int], list[RunFileError]]:
    """Five points, each tried again when refused, and a mark: what was recorded, and what was raised."""
    recorded: dict[int, int] = {}
    errors: list[RunFileError] = []
    try:
        with open_run(parent / "run", disk=disk) as writer:
            for number in range(5):
                for _ in range(2):
                    index = writer.recorded
                    try:
                        recorded[writer.point(row(number))] = number
                        break
                    except RunFileError as error:
                        errors.append(error)
                        if error.recorded:
                            recorded[index] = number
                            break
            writer.mark("note", "half time", field=0.01)
            writer.end("done")
    except RunFileError as error:
        errors.append(error)
    return recorded, errors


def assert_holds(run: Run, recorded: dict[int, int]) -> None:
    """Every acknowledged row is there under its number, and no row is there that was never measured."""
    for index, number in recorded.items():
        assert run.frame.loc[index].to_dict() == row(number)
    genuine = [row(number) for number in range(5)]
    assert all(values.to_dict() in genuine for _, values in run.frame.iterrows())


def test_a_quiet_night_ends_done_with_every_row(tmp_path: Path) -> None:
    disk = FaultyDisk()
    recorded, errors = night(tmp_path, disk)
    run = read_run(tmp_path / "run")
    assert not errors
    assert recorded == {number: number for number in range(5)}
    assert (run.outcome, run.skipped_lines, run.gaps, len(run.frame)) == ("done", (), (), 5)
    assert disk.calls["write"] == 2 + 2 * 5 + 1 + 1  # start and table head, points in both files, mark, end
    assert_holds(run, recorded)


@pytest.mark.parametrize(("call", "fault"), FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_each_call_that_fails_is_heard_of_and_costs_no_acknowledged_row(
    tmp_path: Path, call: str, fault: Callable[..., Any]
) -> None:
    fired = 0
    for nth in range(1, 20):
        parent = tmp_path / str(nth)
        parent.mkdir()
        disk = FaultyDisk(call, nth, fault)
        recorded, errors = night(parent, disk)
        if not disk.fired:
            break
        fired += 1
        assert errors, f"{call} number {nth} failed silently"
        assert str(parent) in str(errors[0])
        if not (parent / "run" / "run.jsonl").exists():
            assert not recorded
            continue
        run = read_run(parent / "run")
        assert_holds(run, recorded)
        assert not run.gaps
        if run.outcome == "done":
            assert list(recorded.values()) == list(range(5)) == list(run.frame.index)
            live = (parent / "run" / "run.csv").read_bytes()
            assert rebuild_csv(parent / "run").read_bytes() == live
    assert fired >= (14 if call == "write" else 1)


@pytest.mark.parametrize("nth", range(1, 15))
def test_a_short_write_is_completed(tmp_path: Path, nth: int) -> None:
    disk = FaultyDisk("write", nth, short)
    recorded, errors = night(tmp_path, disk)
    run = read_run(tmp_path / "run")
    assert disk.fired
    assert not errors
    assert (run.outcome, run.skipped_lines, len(recorded)) == ("done", (), 5)
    assert_holds(run, recorded)


def test_a_full_disk_is_named_and_after_freeing_space_there_is_no_hole(tmp_path: Path) -> None:
    class FillingDisk(Disk):
        space = 10**9

        def write(self, handle: int, data: bytes) -> int:
            if self.space == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken = super().write(handle, data[: self.space])
            self.space -= taken
            return taken

    disk = FillingDisk()
    refused: Counter[bool] = Counter()
    with open_run(tmp_path / "run", disk=disk) as writer:
        writer.point(row(0))
        for space in range(0, 400, 13):  # the disk fills at every place of both rows
            disk.space = space
            before = writer.recorded
            error = refusal(lambda: writer.point(row(writer.recorded)))
            if error is not None:
                refused[error.recorded] += 1
                assert re.match(r"run (file|table) .*: the disk is full; free space", str(error))
                assert error.recorded == (writer.recorded > before)
            disk.space = 10**9
        writer.point(row(writer.recorded))
        writer.end("done")
    assert refused[False] > 10
    assert refused[True] > 2
    run = read_run(writer.folder)
    assert run.gaps == ()
    assert list(run.frame.index) == list(range(writer.recorded))
    assert all(values.to_dict() == row(number) for number, values in enumerate(run.frame.iloc))
    live = (writer.folder / "run.csv").read_bytes()
    assert rebuild_csv(writer.folder).read_bytes() == live


def test_a_failed_sync_is_raised_at_the_next_point_and_the_run_is_never_done(tmp_path: Path) -> None:
    disk = FaultyDisk("fsync", 2, broken)
    with pytest.raises(RunFileError) as caught, open_run(tmp_path / "run", disk=disk) as writer:  # noqa: PT012
        writer.point(row(0))
        assert wait_for(lambda: disk.fired)
        assert wait_for(lambda: writer._syncer is not None and writer._syncer.failure is not None)
        writer.point(row(1))
    assert "the disk could not be synced, points 0 and later may be lost in a power cut" in str(caught.value)
    assert "the disk reports an input/output error; use another disk and begin a new run" in str(caught.value)
    run = read_run(writer.folder)
    assert run.outcome == "failed"
    assert "could not be synced" in run.reason
    assert len(run.frame) == 2


def test_a_run_whose_last_sync_fails_is_not_done(tmp_path: Path) -> None:
    disk = FaultyDisk("fsync", 2, broken)
    writer = open_run(tmp_path / "run", disk=disk)
    with pytest.raises(RunFileError, match="could not be synced"):  # noqa: PT012
        writer.mark("note", "not yet synced")
        writer.end("done")
    with pytest.raises(RunFileError, match="could not be synced"):
        writer.close()
    assert read_run(writer.folder).outcome == "interrupted"


def test_recorded_becomes_durable_and_the_lag_goes_back_to_nothing(tmp_path: Path) -> None:
    gate = threading.Event()

    class SlowDisk(Disk):
        syncs = 0

        def fsync(self, handle: int) -> None:
            self.syncs += 1
            if self.syncs > 1:
                gate.wait(60)
            super().fsync(handle)

    with open_run(tmp_path / "run", disk=SlowDisk()) as writer:
        for number in range(3):
            writer.point(row(number))
        WallClock().sleep(0.02)
        assert (writer.recorded, writer.durable) == (3, 0)
        assert 0.02 <= writer.lag < 30
        gate.set()
        assert wait_for(lambda: writer.durable == 3)
        assert writer.lag == 0.0
        writer.end("done")


def test_a_stream_shares_its_syncs(tmp_path: Path) -> None:
    disk = FaultyDisk()
    with open_run(tmp_path / "run", disk=disk) as writer:
        clock = WallClock()
        began = clock.time()
        while clock.time() < began + 0.4 or writer.recorded <= 100:
            writer.point(row(writer.recorded))
        assert writer.recorded > 100
        assert disk.calls["fsync"] <= 2 + (clock.time() - began) / 0.5
        writer.end("done")


def test_an_alarm_is_synced_at_once_and_a_point_within_the_group_time() -> None:
    syncs = Counter[str]()
    syncer = Syncer(lambda: syncs.update(["sync"]), group=1e4)
    syncer.recorded(1)
    assert wait_for(lambda: syncer.durable == 1)  # the first sync has nothing to wait for
    syncer.recorded(2)
    WallClock().sleep(0.05)
    assert (syncer.durable, syncs["sync"]) == (1, 1)
    syncer.recorded(2, urgent=True)
    assert wait_for(lambda: syncer.durable == 2)
    assert (syncs["sync"], syncer.lag) == (2, 0.0)
    syncer.recorded(3)
    syncer.close(5.0)
    assert (syncer.durable, syncs["sync"]) == (3, 3)


def test_without_syncing_nothing_is_called_durable_and_no_thread_is_made(tmp_path: Path) -> None:
    threads, disk = threading.active_count(), FaultyDisk()
    with open_run(tmp_path / "run", disk=disk, sync=False) as writer:
        writer.point(row(0))
        assert (writer.recorded, writer.durable, writer.lag) == (1, 0, 0.0)
        assert threading.active_count() == threads
        writer.end("done")
    assert disk.calls["fsync"] == 0
    assert read_run(writer.folder).outcome == "done"


NURSERY = f"""
import os, random, signal, sys
from pathlib import Path
from coldfinger.instruments.clock import WallClock
from coldfinger.procedures.data.writer import RunWriter

def write_for_ever(folder, said):
    writer = RunWriter(folder, header={{"simulated": True}}, columns={COLUMNS!r})
    number = 0
    while True:
        values = (number * 0.1, 4.9e-6 * (number + 1), 1e3 / (number + 3))
        index = writer.point(dict(zip(writer.columns, values)))
        os.write(said, b"%d\\n" % index)
        number += 1

chance = random.Random(9)
for number in range(100):
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        write_for_ever(Path(sys.argv[1]) / str(number), said)
    os.close(said)
    text = os.read(heard, 100)
    WallClock().sleep(chance.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    while more := os.read(heard, 65536):
        text += more
    os.close(heard)
    print(text.count(b"\\n"), flush=True)
"""


@POSIX
def test_100_kill_9_at_any_moment_lose_no_acknowledged_row(tmp_path: Path) -> None:
    nursery = start_python(NURSERY, tmp_path)
    said, _ = nursery.communicate()
    assert nursery.returncode == 0
    acknowledged = [int(line) for line in said.split()]
    assert len(acknowledged) == 100
    assert sum(acknowledged) > 1000
    for number, count in enumerate(acknowledged):
        assert_interrupted(tmp_path / str(number), count)


def start_python(code: str, *arguments: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE)


def assert_interrupted(folder: Path, acknowledged: int) -> None:
    run = read_run(folder)
    number = np.arange(len(run.frame))
    assert (run.outcome, run.gaps) == ("interrupted", ())
    assert acknowledged <= len(run.frame) <= acknowledged + 1
    assert list(run.frame.index) == list(number)
    truth = np.column_stack((number * 0.1, 4.9e-6 * (number + 1), 1e3 / (number + 3)))
    assert np.array_equal(run.frame.to_numpy(), truth)
    live = (folder / "run.csv").read_bytes()
    assert live.count(b"\n") >= acknowledged + 4  # four lines stand above the rows
    assert rebuild_csv(folder).read_bytes().startswith(live)


FORKED = """
import os, signal, sys
from pathlib import Path
from coldfinger.runfiles.disk import RunFileError
from coldfinger.procedures.data.writer import RunWriter
with RunWriter(Path(sys.argv[1]), header={"simulated": True}, columns=["T (K)"]) as writer:
    writer.point({"T (K)": 1.0})
    child = os.fork()
    if child == 0:
        try:
            writer.point({"T (K)": 2.0})
        except RunFileError as error:
            os.write(1, (str(error) + "\\n").encode())
        signal.pause()
    os.write(1, b"%d\\n" % child)
    signal.pause()
"""


@POSIX
def test_a_forked_child_neither_writes_into_the_run_nor_keeps_it_running(tmp_path: Path) -> None:
    parent = start_python(FORKED, tmp_path / "run")
    assert parent.stdout is not None
    lines = {parent.stdout.readline().decode().strip() for _ in range(2)}
    child = int(next(line for line in lines if line.isdigit()))
    try:
        assert any("point 1 comes from a forked process, but the run belongs to" in line for line in lines)
        assert read_run(tmp_path / "run").outcome == "running"
        parent.kill()
        parent.wait()
        run = read_run(tmp_path / "run")
        assert (run.outcome, len(run.frame), run.skipped_lines) == ("interrupted", 1, ())
    finally:
        parent.kill()
        os.kill(child, signal.SIGKILL)
        parent.communicate()


def test_two_starts_in_the_same_moment_make_two_runs(tmp_path: Path) -> None:
    count = 8
    barrier, writers = threading.Barrier(count), list[RunWriter]()

    def start(number: int) -> None:
        barrier.wait()
        writer = open_run(tmp_path / "run", header={"simulated": True, "seed": number})
        writer.point(row(number))
        writer.end("done")
        writers.append(writer)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {writer.folder.name for writer in writers} == {"run", *(f"run-{n}" for n in range(2, count + 1))}
    runs = [read_run(writer.folder) for writer in writers]
    assert sorted(run.header["seed"] for run in runs) == list(range(count))
    assert len({run.header["run_id"] for run in runs}) == count
    assert all(run.frame.loc[0].to_dict() == row(run.header["seed"]) for run in runs)


def test_threads_may_raise_alarms_while_points_are_written(tmp_path: Path) -> None:
    with open_run(tmp_path / "run") as writer:
        guard = threading.Thread(target=lambda: [writer.alarm("test", str(n)) for n in range(200)])
        guard.start()
        for number in range(500):
            assert writer.point(row(number)) == number
        guard.join()
        writer.end("done")
    run = read_run(writer.folder)
    assert (len(run.frame), len(run.alarms), run.skipped_lines) == (500, 200, ())


def test_leaving_without_an_outcome_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_run(tmp_path / "one") as writer:
        writer.point({"Time (s)": 1 / 0})
    assert read_run(writer.folder).outcome == "failed"
    assert read_run(writer.folder).reason == "ZeroDivisionError: division by zero"
    with open_run(tmp_path / "two") as writer:
        writer.point(row(0))
    assert read_run(writer.folder).outcome == "failed"
    assert read_run(writer.folder).reason == "the program left the run without naming an outcome"


def test_closing_without_an_end_reads_as_interrupted_and_nothing_comes_after(tmp_path: Path) -> None:
    writer = open_run(tmp_path / "run")
    assert is_held(writer.folder / "run.jsonl")
    writer.close()
    writer.close()
    assert not is_held(writer.folder / "run.jsonl")
    assert read_run(writer.folder).outcome == "interrupted"
    with pytest.raises(RunFileError, match="point 0 comes after the files were closed; begin a new run"):
        writer.point(row(0))


def test_an_error_while_failing_is_told_beside_the_first_one(tmp_path: Path) -> None:
    disk = FaultyDisk("write", 3, broken)
    with pytest.raises(KeyError) as caught, open_run(tmp_path / "run", disk=disk):
        raise KeyError("lost")
    assert any("the outcome could not be written" in note for note in caught.value.__notes__)
    assert read_run(tmp_path / "run").outcome == "interrupted"


def test_ctrl_c_in_the_middle_of_a_write_never_gives_a_number_twice(tmp_path: Path) -> None:
    def interrupted(real: Callable[..., Any], *_: Any) -> Any:
        real()
        raise KeyboardInterrupt

    disk = FaultyDisk("write", 3, interrupted)  # the first point's line in run.jsonl
    with open_run(tmp_path / "run", disk=disk) as writer:
        with pytest.raises(KeyboardInterrupt):
            writer.point(row(0))
        assert writer.point(row(1)) == 1
        writer.end("stopped", "Ctrl-C")
    run = read_run(writer.folder)
    assert list(run.frame.index) == [0, 1]
    assert [run.frame.loc[number].to_dict() for number in (0, 1)] == [row(0), row(1)]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"Time (s)": 0.0, "T (K)": 1.0}, "'R (ohm)' is missing"),
        (
            {"Time (s)": 0.0, "T (K)": 1.0, "R (Ohm)": 1.0},
            "'R (Ohm)' is not a column (did you mean 'R (ohm)'?), 'R (ohm)' is missing",
        ),
        ({**row(0), "T2 (K)": 1.0}, "'T2 (K)' is not a column;"),
        ({**row(0), "T (K)": "1.5"}, "column 'T (K)': '1.5' is a str, and only numbers can be recorded"),
        ({**row(0), "T (K)": None}, "column 'T (K)': None is a NoneType"),
        ({**row(0), "T (K)": 1j}, "column 'T (K)': 1j is a complex"),
        ({**row(0), "T (K)": np.array([1.0])}, "column 'T (K)': array([1.]) is a ndarray"),
        ({**row(0), "T (K)": np.datetime64("2026-01-01", "ns")}, "is a datetime64"),
        ({**row(0), "T (K)": 2**53 + 1}, "column 'T (K)': 9007199254740993 is too large to be kept exactly"),
    ],
)
def test_a_row_that_is_not_numbers_for_every_column_is_refused(
    tmp_path: Path, values: dict[str, Any], sentence: str
) -> None:
    with open_run(tmp_path / "run", sync=False) as writer:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            writer.point(values)
        assert sentence in str(caught.value)
        assert writer.recorded == 0
        writer.end("stopped")
    assert read_run(writer.folder).frame.empty


def test_numpy_numbers_flags_and_missing_values_are_taken(tmp_path: Path) -> None:
    given = [
        np.float64(0.1),
        np.float32(0.1),
        np.int16(-3),
        np.array(2.5),
        True,
        np.bool_(False),
        7,
        float("nan"),
    ]
    columns = [f"c{number}" for number in range(len(given))]
    with open_run(tmp_path / "run", columns=columns, sync=False) as writer:
        writer.point(dict(zip(columns, given, strict=True)))
        writer.end("done")
    kept = read_run(writer.folder).frame.loc[0].to_list()
    assert kept[:-1] == [0.1, float(np.float32(0.1)), -3.0, 2.5, 1.0, 0.0, 7.0]
    assert np.isnan(kept[-1])
    assert (writer.folder / "run.csv").read_text().endswith("\n0.1,0.10000000149011612,-3,2.5,1,0,7,nan\n")


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        ({"header": {}}, "run header: simulated is None; say True or False"),
        ({"header": {"simulated": "no"}}, "run header: simulated is 'no'; say True or False"),
        (
            {"header": {"simulated": True, "utc": "x"}},
            "run header: utc is filled in by the writer; leave it out",
        ),
        ({"header": {"simulated": True, "x": [1j]}}, "run header.x[0]: a complex (1j) cannot be kept"),
        ({"columns": []}, "there must be at least one, and each only once"),
        ({"columns": ["a", "a"]}, "there must be at least one, and each only once"),
        ({"columns": ["a,b"]}, "column 'a,b': a label may not be empty"),
        ({"columns": ["#a"]}, "column '#a': a label may not be empty"),
        ({"columns": ["a "]}, "column 'a ': a label may not be empty"),
        ({"columns": "T (K)"}, "columns 'T (K)': a single text was given"),
    ],
)
def test_a_run_that_could_not_be_understood_later_is_refused_before_anything_is_made(
    tmp_path: Path, kwargs: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        open_run(tmp_path / "run", **kwargs)
    assert sentence in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_an_outcome_is_one_of_three_words(tmp_path: Path) -> None:
    with open_run(tmp_path / "run") as writer:
        with pytest.raises(ValueError, match=r"outcome 'ok' is unknown; allowed are done, stopped, failed"):
            writer.end("ok")
        writer.end("done")


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFileError, match=r"run folder run cannot be made in .*file"):
        open_run(tmp_path / "file" / "run")
    with pytest.raises(RunFileError, match=r"cannot be made in .*: the disk is full; free space"):
        open_run(tmp_path / "run", disk=FaultyDisk("mkdir", 1, full))
    with pytest.raises(RunFileError, match="a name may not be empty nor hold any of"):
        new_run_folder(tmp_path, "../elsewhere")


def test_a_disk_without_locks_is_refused(tmp_path: Path) -> None:
    def no_locks(real: Callable[..., Any], handle: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with pytest.raises(RunFileError, match="could not be locked: this disk cannot hold locks; use a folder on a"):
        open_run(tmp_path / "run", disk=FaultyDisk("lock", 1, no_locks))


def test_a_run_name_is_the_local_time_and_what_is_measured() -> None:
    name = run_name("temperature ramp", "100 Oe", "µ/bridge", "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d{6}_temperature-ramp_100-Oe_bridge", name)
