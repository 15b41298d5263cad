"""The page `docs/analysis.md` runs as it stands, block after block, in an empty folder."""

import contextlib
import io
import json
import re
from pathlib import Path

from coldfinger.sim.table_sample import load_table_sample

PAGE = Path(__file__).parents[2] / "docs" / "analysis.md"


def test_the_blocks_of_the_page_run_and_leave_what_they_promise(tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 7
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102
    assert "35 of 35 rows believed" in said.getvalue()
    assert len(json.loads(Path("fits.json").read_text())["fields"]) == 5
    assert Path("family.pdf").stat().st_size > 5000
    assert load_table_sample("film.toml").name == "my film"


def test_the_example_of_a_foreign_table_can_be_loaded(tmp_path):
    from coldfinger.analysis import load

    (example,) = re.findall(r"```\n(# sample.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "film.csv"
    path.write_text(example)
    data = load(path)
    assert data.refused == ()
    assert data.tables[0].squares == 1.5
