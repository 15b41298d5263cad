"""Qt without a screen, one resolution, one language and settings in a folder of their own, before Qt is imported."""

import os
import time

os.environ.setdefault("QT_API", "pyqt5")
os.environ.update(QT_QPA_PLATFORM="offscreen", QT_FONT_DPI="96", PYTEST_QT_API=os.environ["QT_API"], LC_ALL="C.UTF-8")

from collections.abc import Iterator

import pytest
from qtpy.QtCore import QLocale, QSettings
from qtpy.QtWidgets import QApplication

from coldfinger.gui.look import theme
from coldfinger.gui.look.tokens import Tokens


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a window remembers stays within the test."""
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    folder = tmp_path_factory.mktemp("settings")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    QLocale.setDefault(QLocale.c())


@pytest.fixture(params=["light", "dark"])
def tokens(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Tokens]:
    """Both themes, one after the other."""
    yield theme.apply(qapp, request.param)
    theme.apply(qapp, "light")


@pytest.fixture
def dressed(qapp: QApplication) -> QApplication:
    """The application in the light theme."""
    theme.apply(qapp, "light")
    return qapp


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This computer is in a zone that is an hour ahead of UTC."""
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
