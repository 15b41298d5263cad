"""run.csv: stock pymeasure and plain pandas open it, and it can be made again from the journal."""

import importlib
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymeasure.experiment import (
    BooleanParameter,
    FloatParameter,
    IntegerParameter,
    ListParameter,
    Parameter,
    Procedure,
    Results,
    VectorParameter,
)

from coldfinger.procedures.data.twin import PAGE, placed, rebuild_csv
from coldfinger.procedures.data.writer import RunWriter
from coldfinger.procedures.words.parameters import QuantityParameter
from coldfinger.runfiles.disk import RunFileError
from coldfinger.runfiles.reader import read_run

COLUMNS = ["Time (s)", "T (K)", "R (ohm)"]
AWKWARD = 1.23456789012345678
ULP = 4.5e-16  # pandas before 3 reads decimal text to two units in the last place


class FilmRamp(Procedure):  # type: ignore[misc]
    start = QuantityParameter("Start temperature", units="K", default=0.7)
    resistor = QuantityParameter("Series resistor", units="ohm", default=1e9 + 0.125)
    ratio = QuantityParameter("Ratio", default=1 / 3)
    plain_float = FloatParameter("Plain", units="V", default=AWKWARD)
    repeats = IntegerParameter("Repeats", default=3)
    settled = BooleanParameter("Settled", default=True)
    pacing = ListParameter("Pacing", choices=["rate", "log"], default="log")
    fields = VectorParameter("Fields", length=2, units="Oe", default=[0.1, 1 / 3])
    sample = Parameter("Sample name", default="film 7")
    DATA_COLUMNS = COLUMNS


def rows(count: int = 4) -> list[dict[str, float]]:
    return [dict(zip(COLUMNS, (n * 0.1, AWKWARD / (n + 1), 1e3 + n), strict=True)) for n in range(count)]


def exact(table: Path) -> list[dict[str, float]]:
    """The rows as Python itself reads their text."""
    lines = [line.split(",") for line in table.read_text().splitlines() if not line.startswith("#")]
    return [dict(zip(lines[0], map(float, line), strict=True)) for line in lines[1:]]


def write(folder: Path, **kwargs: Any) -> Path:
    arguments = {"header": {"simulated": True}, "columns": COLUMNS, "sync": False, **kwargs}
    with RunWriter(folder, **arguments) as writer:
        for values in rows():
            writer.point(values)
            writer.mark("note", "between two rows")
        writer.end("done")
    return writer.folder


def parameters(**values: Any) -> Procedure:
    procedure = FilmRamp()
    procedure.set_parameters(values)
    return procedure


def test_the_file_looks_like_pymeasure_s_own(tmp_path: Path) -> None:
    text = (write(tmp_path / "run", procedure=FilmRamp()) / "run.csv").read_text()
    assert text.startswith(f"#Procedure: <{FilmRamp.__module__}.FilmRamp>\n#Parameters:\n")
    assert "#\tStart temperature: 0.7 K\n" in text
    assert "#\tPlain: 1.2345678901234567 V\n" in text
    assert text.endswith("\n0.30000000000000004,0.3086419725308642,1003.0\n")
    stock = Results(FilmRamp(), str(tmp_path / "stock.csv"))
    theirs = (tmp_path / "stock.csv").read_text().splitlines()
    ours = text.splitlines()
    assert [line.partition(": ")[0] for line in ours[: len(theirs)]] == [line.partition(": ")[0] for line in theirs]
    assert stock.labels() == ours[len(theirs) - 1] + "\n"


def test_stock_pymeasure_loads_class_parameters_and_rows(tmp_path: Path) -> None:
    given = {
        "start": 0.1 + 0.2,
        "fields": [AWKWARD, -1e-300],
        "sample": "ladder #2",
        "settled": False,
        "repeats": 7,
    }
    folder = write(tmp_path / "run", procedure=parameters(**given))
    results = Results.load(str(folder / "run.csv"))
    assert type(results.procedure) is FilmRamp
    assert results.procedure.parameter_values() == FilmRamp().parameter_values() | given
    assert list(results.data.columns) == COLUMNS
    truth = [list(values.values()) for values in rows()]
    np.testing.assert_allclose(results.data.to_numpy(), truth, rtol=ULP)
    assert read_run(folder).parameters == results.procedure.parameter_values()
    assert read_run(folder).parameter_units["start"] == "K"
    assert read_run(folder).header["procedure"].endswith(".FilmRamp")


def test_a_class_that_only_the_header_names_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "film_procedure.py").write_text(
        "from pymeasure.experiment import Procedure\n"
        "from coldfinger.procedures.words.parameters import QuantityParameter\n"
        "class Sweep(Procedure):\n"
        "    field = QuantityParameter('Field', units='Oe', default=600.0)\n"
        f"    DATA_COLUMNS = {COLUMNS!r}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    sweep = importlib.import_module("film_procedure").Sweep(field=AWKWARD)
    folder = write(tmp_path / "run", procedure=sweep)
    monkeypatch.delitem(sys.modules, "film_procedure")
    loaded = Results.load(str(folder / "run.csv")).procedure
    assert type(loaded).__module__ == "film_procedure"
    assert loaded.field == AWKWARD


def test_plain_pandas_reads_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", procedure=FilmRamp())
    frame = pd.read_csv(folder / "run.csv", comment="#")
    assert list(frame.columns) == COLUMNS
    pd.testing.assert_frame_equal(frame, read_run(folder).frame, rtol=ULP, atol=0, check_index_type=False)
    assert exact(folder / "run.csv") == rows()


def test_it_is_complete_while_the_run_goes_on(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run", header={"simulated": True}, columns=COLUMNS) as writer:
        for number, values in enumerate(rows()):
            writer.point(values)
            assert exact(writer.folder / "run.csv") == rows()[: number + 1]
            assert len(pd.read_csv(writer.folder / "run.csv", comment="#")) == number + 1
        writer.end("done")


FOR_EVER = f"""
import sys
from pathlib import Path
from coldfinger.procedures.data.writer import RunWriter
writer = RunWriter(Path(sys.argv[1]), header={{"simulated": True}}, columns={COLUMNS!r})
print("ready", flush=True)
number = 0
while True:
    writer.point(dict(zip(writer.columns, (float(number), number * 4.9e-6, number * 1.1e-7))))
    number += 1
"""


def test_another_process_that_reads_a_running_run_with_plain_pandas_never_sees_a_wrong_value(
    tmp_path: Path,
) -> None:
    writer = subprocess.Popen([sys.executable, "-c", FOR_EVER, tmp_path / "run"], stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        lengths = []
        for _ in range(15):
            frame = pd.read_csv(tmp_path / "run" / "run.csv", comment="#")
            number = np.arange(len(frame))
            truth = np.column_stack((number, number * 4.9e-6, number * 1.1e-7))
            np.testing.assert_allclose(frame.to_numpy(dtype=float), truth, rtol=ULP)
            lengths.append(len(frame))
        assert lengths[-1] > lengths[0]
    finally:
        writer.kill()
        writer.communicate()


def test_no_row_crosses_a_page_and_blanks_before_it_disturb_nobody(tmp_path: Path) -> None:
    with RunWriter(
        tmp_path / "run", header={"simulated": True}, columns=COLUMNS, procedure=FilmRamp(), sync=False
    ) as writer:
        for values in rows(500):
            writer.point(values)
        writer.end("done")
    table = (writer.folder / "run.csv").read_bytes()
    assert len(table) > 4 * PAGE
    for edge in range(PAGE, len(table), PAGE):
        assert table[:edge].rstrip(b" ").endswith(b"\n")
    assert exact(writer.folder / "run.csv") == rows(500)
    results = Results.load(str(writer.folder / "run.csv"))
    assert len(results.data) == len(pd.read_csv(writer.folder / "run.csv", comment="#")) == 500
    assert rebuild_csv(writer.folder).read_bytes() == table


@given(st.integers(0, 3 * PAGE), st.integers(1, 2 * PAGE))
def test_a_row_is_moved_only_if_that_keeps_it_in_one_page(offset: int, length: int) -> None:
    row = b"1" * length
    put = placed(row, offset)
    first, last = offset + len(put) - length, offset + len(put) - 1
    assert put.lstrip(b" ") == row
    if length <= PAGE:
        assert first // PAGE == last // PAGE
    else:
        assert put == row


def test_a_run_without_a_procedure_loads_as_the_base_class(tmp_path: Path) -> None:
    results = Results.load(str(write(tmp_path / "run") / "run.csv"))
    assert type(results.procedure) is Procedure
    assert len(results.data) == 4


def test_text_in_any_script_survives_and_line_breaks_cannot_break_the_header(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", procedure=parameters(sample="µ-bridge Ω"))
    assert Results.load(str(folder / "run.csv")).procedure.sample == "µ-bridge Ω"
    folder = write(tmp_path / "run", procedure=parameters(sample="a\nTime (s),x\r\n0,1"))
    assert Results.load(str(folder / "run.csv")).procedure.sample == r"a\nTime (s),x\r\n0,1"
    assert read_run(folder).parameters["sample"] == "a\nTime (s),x\r\n0,1"


def test_it_is_rebuilt_byte_for_byte(tmp_path: Path) -> None:
    with RunWriter(
        tmp_path / "run",
        header={"simulated": True},
        columns=COLUMNS,
        procedure=parameters(sample="µ\n\ud800"),
    ) as writer:
        for value in (0.1, -0.0, 1e-300, 5e-324, math.nan, math.inf, -math.inf, 3, True, np.float32(0.1)):
            writer.point({"Time (s)": value, "T (K)": 1e22, "R (ohm)": -1})
        writer.end("done")
    table = writer.folder / "run.csv"
    live = table.read_bytes()
    table.write_bytes(b"spoiled by a spreadsheet")
    assert rebuild_csv(writer.folder) == table
    assert table.read_bytes() == live
    table.unlink()
    assert rebuild_csv(writer.folder).read_bytes() == live
    assert sorted(path.name for path in writer.folder.iterdir()) == ["run.csv", "run.jsonl"]


def test_a_table_is_not_rebuilt_under_a_running_writer_nor_without_a_start(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run", header={"simulated": True}, columns=COLUMNS) as writer:
        with pytest.raises(RunFileError, match=r"run\.csv: its run is still being written; wait for its end"):
            rebuild_csv(writer.folder)
        writer.end("done")
    journal = writer.folder / "run.jsonl"
    journal.write_bytes(b"x" + journal.read_bytes())
    with pytest.raises(RunFileError, match="its start line is missing or damaged, so no table can be made of it"):
        rebuild_csv(writer.folder)
    with pytest.raises(RunFileError, match="it could not be rebuilt: it does not exist; check the path"):
        rebuild_csv(tmp_path / "nowhere")


def test_a_procedure_that_could_not_be_loaded_again_is_refused(tmp_path: Path) -> None:
    class Unset(Procedure):  # type: ignore[misc]
        field = QuantityParameter("Field", units="Oe")
        DATA_COLUMNS = COLUMNS

    with pytest.raises(ValueError, match="Unset: parameter 'Field' is not set; give it a value"):
        write(tmp_path / "run", procedure=Unset())
    with pytest.raises(ValueError, match="FilmRamp: the columns of the run differ from its DATA_COLUMNS; use those"):
        write(tmp_path / "run", procedure=FilmRamp(), columns=["Time (s)"])
    assert not list(tmp_path.iterdir())


def test_the_journal_alone_is_a_one_liner_for_pandas(tmp_path: Path) -> None:
    folder = write(tmp_path / "run")
    events = [json.loads(line[9:]) for line in (folder / "run.jsonl").read_text().splitlines()]
    frame = pd.DataFrame([event["values"] for event in events if event["event"] == "point"])
    assert frame.to_dict("records") == rows()


@given(st.floats(allow_nan=False))
def test_a_quantity_keeps_every_digit_through_its_text(value: float) -> None:
    parameter = QuantityParameter("Start", units="K", default=value)
    assert repr(parameter.convert(str(parameter))) == repr(value)


@pytest.mark.parametrize("given", [2, np.float64(2.0), np.float32(2.0), np.int64(2), "2 K", " 2.0  K "])
def test_a_quantity_takes_numbers_and_text_with_its_unit(given: Any) -> None:
    parameter = QuantityParameter("Start", units="K", default=given)
    assert type(parameter.value) is float
    assert parameter.value == 2.0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (math.nan, 'parameter Start: got nan, allowed is a number in K, or text such as "1.5 K"'),
        ("nan K", "parameter Start: got 'nan K'"),
        (
            "2",
            "parameter Start: got '2', allowed is a number in K, or text such as \"1.5 K\"; give it in that",
        ),
        ("2 mK", "parameter Start: got '2 mK'"),
        (True, "parameter Start: got True"),
        ([2.0], "parameter Start: got [2.0]"),
        (41.0, "parameter Start: got 41.0, allowed is 0.005 to 40.0 K"),
    ],
)
def test_a_quantity_refuses_what_is_not_a_number_in_its_unit(given: Any, sentence: str) -> None:
    parameter = QuantityParameter("Start", units="K", minimum=0.005, maximum=40.0)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parameter.value = given


def test_a_quantity_has_no_limits_unless_given_and_an_ascii_unit() -> None:
    assert QuantityParameter("Resistor", units="ohm", default=1.5e9).value == 1.5e9
    assert str(QuantityParameter("Ratio", default="0.1")) == "0.1"
    assert str(QuantityParameter("Ratio")) == ""
    with pytest.raises(ValueError, match="parameter R: unit 'Ω' must be plain ASCII text, such as ohm, uV or K/min"):
        QuantityParameter("R", units="Ω")
