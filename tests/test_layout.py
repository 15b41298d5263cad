"""Rules of the house that no linter knows."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("analysis", "gui", "instruments", "procedures", "runfiles", "sim")
CLOCKS = {"instruments/clock.py", "sim/clock.py"}


def sources() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def test_only_the_two_clocks_know_the_time_of_the_world():
    pattern = re.compile(r"\b_?time\.(sleep|time|monotonic)\(|from time import")
    guilty = {str(p.relative_to(ROOT)) for p in sources() if pattern.search(p.read_text("utf-8"))}
    assert guilty <= CLOCKS


def test_every_folder_with_code_is_in_the_list_of_packages():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {"coldfinger." + ".".join(path.parent.relative_to(ROOT).parts) for path in sources()}
    folders = {"pyvisa_coldfinger" if f == "coldfinger.sim.pyvisa_coldfinger" else f for f in folders}
    assert listed == folders | {"coldfinger.docs"}  # pages, which the window shows on F1


def test_no_bare_name_of_a_room_is_imported():
    code = "import coldfinger.procedures.demo, sys; print([n for n in sys.argv[1:] if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *ROOMS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
