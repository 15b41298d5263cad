"""Makes the pictures of the window: `python -m tests.gui.pictures FOLDER`, with --docs those of the handbook.

Every tab and every dialog in both themes and two sizes, the main window also with small and large fonts, and what it
shows seldom: every state of the banner, old readings, damaged runs, fits that fail, questions, the first time.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_API", "pyqt5")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_FONT_DPI", "96")

from PIL import Image
from qtpy.QtCore import QLocale, QSettings
from qtpy.QtWidgets import QApplication, QWidget

from tests.gui import looks
from tests.gui.scenes import SCENES, at
from tests.gui.stage import DIALOGS, LARGE, SMALL, TABS, Stage, say, window_at

THEMES = ("light", "dark")
SHOWN = {"gui-window": ("light", "live"), "gui-fit": ("light", "fits against H"), "gui-night": ("dark", "family")}
"""Pictures of the handbook: theme and tab."""


def scenes(stage: Stage) -> Iterator[tuple[str, QWidget]]:
    """Every picture, by its name: what is to be grabbed when it is yielded."""
    for theme in THEMES:
        stage.dress(theme)
        stage.live_through()
        for size, word in ((SMALL, "1280"), (LARGE, "1920")):
            stage.resize(size)
            for tab in TABS:
                stage.tab(tab)
                yield f"{theme}-{word}-{tab.replace(' ', '-')}", stage.window
        for points, size, word in ((9, SMALL, "1280"), (14, SMALL, "1280"), (14, LARGE, "1920"), (18, LARGE, "1920")):
            stage.dress(theme, points)
            stage.resize(size)
            for tab in ("fit", "live"):
                stage.tab(tab)
                yield f"{theme}-{word}-{points}pt-{tab}", stage.window
        stage.dress(theme)
        stage.resize(SMALL)
        for name in SCENES:
            with at(stage, name) as widget:
                yield f"{theme}-{name}", widget
        for name in DIALOGS:
            dialog = stage.dialog(name)
            yield f"{theme}-{name}", dialog
            dialog.hide()


def for_handbook(stage: Stage, folder: Path) -> None:
    """The pictures of the handbook."""
    stage.resize(SMALL)
    for name, (theme, tab) in SHOWN.items():
        stage.dress(theme)
        stage.tab(tab)
        path = looks.shoot(stage.window, folder / f"{name}.png")
        with Image.open(path) as picture:
            picture.convert("RGB").save(path, optimize=True)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    words.add_argument("--docs", action="store_true", help="only the pictures of the handbook")
    given = words.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QLocale.setDefault(QLocale.c())
    with tempfile.TemporaryDirectory() as scratch:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, scratch)
        app = QApplication(["pictures"])
        with window_at(app, Path(scratch) / "data") as stage:
            stage.tick()
            say(stage)
            if given.docs:
                for_handbook(stage, given.folder)
                return
            for name, widget in scenes(stage):
                looks.shoot(widget, given.folder / f"{name}.png")
        with window_at(app, Path(scratch) / "fresh", first=True) as stage:
            stage.window.welcome()
            for theme in THEMES:
                stage.dress(theme)
                looks.shoot(stage.window, given.folder / f"{theme}-first-start.png")


if __name__ == "__main__":
    main()
