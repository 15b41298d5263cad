"""The window on a screen of twice the pixels, in a process with QT_SCALE_FACTOR=2: `python -m tests.gui.twice`.

Says whether everything is in order with the smallest and the largest font of the handbook.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_API", "pyqt5")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_FONT_DPI", "96")

from qtpy.QtCore import QLocale, QSettings
from qtpy.QtWidgets import QApplication

from tests.gui import window_checks
from tests.gui.stage import LARGE, SMALL, window_at


def main() -> None:
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QLocale.setDefault(QLocale.c())
    faults = []
    with tempfile.TemporaryDirectory() as scratch:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, scratch)
        with window_at(QApplication(["twice"]), Path(scratch) / "data") as stage:
            for points, size in ((9, LARGE), (14, SMALL)):
                stage.dress("dark", points)
                stage.resize(size)
                faults += window_checks.looks_right(stage.window)
                faults += [] if stage.window.size() == size else [f"{points} pt needs {stage.window.size()}"]
            ratio = stage.window.devicePixelRatioF()
    sys.stdout.write(f"{ratio}: {'; '.join(faults) or 'in order'}\n")


if __name__ == "__main__":
    main()
