"""From the start of the process to the first readings in the strip, and where the time goes.

python -m benchmarks.window_start        five starts; medians
python -m benchmarks.window_start 1      one
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.open_window import SETTINGS

BUDGET = 3.0  # s
STEPS = ("command", "imports", "widgets", "shown", "readings")
MEANINGS = {
    "command": "Python, the command line, the owner begun in a thread",
    "imports": "Qt, plots, fits",
    "widgets": "the window made",
    "shown": "the window on the screen",
    "readings": "the owner answers, the strip shows the first temperature",
}


def start(folder: Path, begun: float) -> dict[str, dict[str, float]]:
    """Open the window as `coldfinger gui` does; seconds since `begun` and processor time after each step."""
    from importlib import import_module

    marks: dict[str, dict[str, float]] = {}

    def mark(step: str) -> None:
        marks[step] = {"wall": time.time() - begun, "work": time.process_time()}

    import_module("coldfinger.procedures.commands.gui")
    window = import_module("coldfinger.gui.start")
    simulator = {"speed": "10"}
    early = window.EarlyOwner("sim", folder / "data", simulator)
    mark("command")
    import_module("coldfinger.gui.app")
    mark("imports")
    made = window.made(window.Opening("sim", folder / "data", simulator, kept=False), False, early)
    mark("widgets")
    made.begin()
    made.qt.processEvents()
    mark("shown")
    while "T_sample (K)" not in made.desk.latest.get("latest", {}):
        made.qt.processEvents()
        time.sleep(0.005)
    made.qt.processEvents()
    mark("readings")
    made.window.leave_safely()
    made.close()
    return marks


def one() -> dict[str, dict[str, float]]:
    """A start in a process and a folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "runtime").mkdir(mode=0o700)
        environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
            **{key: os.environ.get(key, value) for key, value in SETTINGS.items()},
            "COLDFINGER_STATE": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_RUNTIME_DIR": str(folder / "runtime"),
        }
        command = [sys.executable, "-m", "benchmarks.window_start", "--one", str(folder), repr(time.time())]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        told: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
        return told


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    one()  # fills the caches of the disk
    starts = [one() for _ in range(count)]
    print(f"{'s since the process began; median of ' + str(count):<62}{'at':>7}{'took':>7}{'its work':>10}")
    before = {"wall": 0.0, "work": 0.0}
    for step in STEPS:
        now = {kind: statistics.median(told[step][kind] for told in starts) for kind in before}
        took, work = (now[kind] - before[kind] for kind in before)
        print(f"  {step:<9} {MEANINGS[step]:<50}{now['wall']:7.2f}{took:7.2f}{work:10.2f}")
        before = now
    print(f"budget {BUDGET:g} s: {'kept' if before['wall'] <= BUDGET else 'MISSED'}; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(start(Path(sys.argv[2]), float(sys.argv[3]))))
    else:
        main()
