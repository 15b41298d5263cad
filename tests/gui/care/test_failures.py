"""Errors of the window are shown and written down, and the window goes on."""

import faulthandler
import logging
import sys
import threading

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QPushButton

from coldfinger.gui.care import failures
from coldfinger.gui.care.failures import Failure, Failures


@pytest.fixture
def caught(qapp):
    """What the window was told; the hooks are given back at the end."""
    hooks = sys.excepthook, threading.excepthook
    watcher = Failures()
    told: list[Failure] = []
    watcher.happened.connect(told.append)
    watcher.install()
    yield told
    watcher.remove()
    assert (sys.excepthook, threading.excepthook) == hooks


def broken() -> None:
    raise ValueError("no such curve\nsecond line")


def test_an_error_in_a_slot_is_told_and_logged_and_the_window_goes_on(caught, qtbot, caplog):
    button = QPushButton()
    qtbot.addWidget(button)
    pressed: list[bool] = []
    button.clicked.connect(broken)
    button.clicked.connect(lambda: pressed.append(True))
    with caplog.at_level(logging.ERROR):
        button.click()
        button.click()
    assert pressed == [True, True]
    assert [failure.count for failure in caught] == [1, 2]
    assert caught[0].sentence.startswith("The window made an error at test_failures.py:")
    assert "no such curve. The measurement goes on; see Details" in caught[0].sentence
    assert "second line" not in caught[0].sentence
    assert caught[1].sentence.endswith("(2 times).")
    assert "Traceback" in caught[0].details
    assert "no such curve" in caplog.records[0].getMessage()
    assert "Traceback" in caplog.records[0].getMessage()
    assert "time 2" in caplog.records[1].getMessage()


def test_an_error_in_a_timer_and_in_a_thread_is_told_too(caught, qtbot):
    QTimer.singleShot(0, broken)
    qtbot.waitUntil(lambda: len(caught) == 1, timeout=30000)
    thread = threading.Thread(target=broken)
    thread.start()
    thread.join(5)
    qtbot.waitUntil(lambda: len(caught) == 2, timeout=30000)
    assert caught[1].count == 2


def test_an_error_without_words_says_its_kind(caught, qtbot):
    QTimer.singleShot(0, lambda: {}["x"] if False else (_ for _ in ()).throw(KeyError()))
    qtbot.waitUntil(lambda: len(caught) == 1, timeout=30000)
    assert ": KeyError." in caught[0].sentence


def test_control_c_goes_its_usual_way(qapp, monkeypatch):
    passed: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: passed.append(kind))
    watcher = Failures()
    watcher.install()
    told: list[Failure] = []
    watcher.happened.connect(told.append)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    watcher.remove()
    assert (passed, told) == ([KeyboardInterrupt], [])


def test_a_crash_leaves_its_stacks_in_a_file(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(faulthandler, "enable", lambda file, all_threads: given.append((file, all_threads)))
    failures.record_crashes(tmp_path / "log" / "crash.txt")
    file, all_threads = given[0]
    file.close()
    assert all_threads
    assert (tmp_path / "log" / "crash.txt").exists()
