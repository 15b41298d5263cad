"""One screen for all journeys, one fresh window for each."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.desktop import MANAGER, Gui, screen

NEEDED = ("Xvfb", "xdotool", MANAGER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a virtual screen there is nothing to drive; CI installs one."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    for item in items:
        if missing and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"{' and '.join(missing)} must be installed to drive a window"))


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture
def window(tmp_path: Path, display: str) -> Iterator[Callable[..., Gui]]:
    """Opens windows: window("--speed", "1000") -> a Gui that is ready for keys."""
    opened: list[Gui] = []

    def begin(*words: str) -> Gui:
        gui = Gui(tmp_path, display, *words)
        opened.append(gui)
        gui.start()
        return gui

    yield begin
    for gui in opened:
        gui.end()
