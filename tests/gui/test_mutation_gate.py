"""Faults that are planted on purpose: for each of them a check of the window must go red, or this test does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from qtpy.QtWidgets import QWidget

from coldfinger.gui import window
from coldfinger.gui.look import theme
from coldfinger.gui.look.tokens import LIGHT, State
from coldfinger.gui.overview import strip_state
from coldfinger.gui.plots.plot import Plot
from coldfinger.gui.plots.series import Quantity
from tests.gui import looks
from tests.gui.stage import SMALL, Stage, remove, say, window_at
from tests.gui.window_checks import CHECKS

Plant = Callable[[Stage, pytest.MonkeyPatch], Callable[[], Any]]
"""Plants a fault; what it gives back takes it out again, after the patches were taken back."""


def white_on_white(stage, patch):
    patch.setitem(theme.THEMES, "light", replace(LIGHT, text=LIGHT.window))
    stage.dress("light")
    return lambda: stage.dress("light")


def pale_hint(stage, _):
    stage.window.new_run.takes.setStyleSheet("color: #B0B6BE;")
    return lambda: stage.window.new_run.takes.setStyleSheet("")


def hidden_banner(stage, _):
    stage.window.banner.hide()
    return stage.window.banner.show


def cut_label(stage, _):
    button = stage.window.new_run.queue_button
    button.setFixedWidth(30)

    def undo() -> None:
        button.setMinimumWidth(0)
        button.setMaximumWidth(16777215)

    return undo


def unknown_glyph(stage, _):
    button = stage.window.new_run.queue_button
    button.setText("\u23f8")
    return lambda: button.setText("Queue +")


def covered_widget(stage, _):
    panel = stage.window.new_run
    kept = panel.queue_button.geometry()
    panel.queue_button.setGeometry(panel.start_button.geometry())
    return lambda: panel.queue_button.setGeometry(kept)


def frozen_plot(stage, patch):
    patch.setattr(Plot, "set_series", lambda *_: None)
    return stage.window.plots.live.restyle


def invisible_curve(stage, _):
    curves = stage.window.plots.live.plot.curves
    items = [item for key in curves for item in curves[key].items]
    shown = [item.isVisible() for item in items]
    for item in items:
        item.setVisible(False)
    return lambda: [item.setVisible(was) for item, was in zip(items, shown, strict=True)]


def wrong_unit(stage, _):
    axis = stage.window.plots.live.plot.axes["bottom"]
    axis.show_quantity(Quantity("T", "Oe"))
    return lambda: axis.show_quantity(Quantity("T", "K"))


def colliding_labels(stage, patch):
    axis = stage.window.plots.live.plot.axes["bottom"]
    values = [0.1 + 0.005 * i for i in range(120)]
    patch.setattr(axis, "tickValues", lambda *_: [(0.005, values)])
    patch.setattr(axis, "tickStrings", lambda shown, *_: [f"{value:.3f}" for value in shown])
    return axis.update


def no_badge_in_the_banner(stage, patch):
    told = window.banner_of
    patch.setattr(window, "banner_of", lambda *given, **more: replace(told(*given, **more), badge=""))
    stage.show()
    return stage.show


def another_state(stage, patch):
    told = window.banner_of
    patch.setattr(window, "banner_of", lambda *given, **more: replace(told(*given, **more), state=State.PAUSED))
    stage.show()
    return stage.show


def covered_badge(stage, _):
    badge = stage.window.banner.badge
    cover = QWidget(badge)
    cover.setAutoFillBackground(True)
    cover.resize(badge.size())
    cover.show()
    return lambda: remove(cover)


def pale_badge(stage, _):
    badge = stage.window.banner.badge
    badge.setStyleSheet(badge.styleSheet().replace(LIGHT.lost.ink, "#D8C8F0"))
    return lambda: stage.window.banner.show_view(stage.window.banner.view)


def wrong_unit_in_the_strip(stage, patch):
    told = strip_state._text
    patch.setattr(strip_state, "_text", lambda value, kind, digits=4: told(value, kind, digits).replace("Oe", "T"))
    stage.show()
    return stage.show


def no_badge_in_the_plot(stage, _):
    plot = stage.window.plots.live.plot
    plot.set_badge("")
    return lambda: plot.set_badge("SIMULATED")


def another_title(stage, _):
    kept = stage.window.windowTitle()
    stage.window.setWindowTitle("SIMULATED · IDLE · sim – coldfinger")
    return lambda: stage.window.setWindowTitle(kept)


def another_icon(stage, _):
    banner = stage.window.banner
    theme.depict(banner.icon, "pause", LIGHT.ok.ink, banner.icon.pixmap().width())
    return lambda: banner.show_view(banner.view)


def another_tone(stage, _):
    banner = stage.window.banner
    for part in (banner, banner.tile):
        part.setStyleSheet(part.styleSheet().replace(LIGHT.ok.fill, LIGHT.bad.fill))
    return lambda: banner.show_view(banner.view)


def disabled_without_a_reason(stage, _):
    button = stage.window.queue.go_on
    kept = button.toolTip()
    button.setToolTip("")
    return lambda: button.setToolTip(kept)


def cramped_form(stage, _):
    area = stage.window.new_run.area
    kept = area.minimumHeight()
    area.setFixedHeight(60)

    def undo() -> None:
        area.setMaximumHeight(16777215)
        area.setMinimumHeight(kept)

    return undo


def too_wide(stage, _):
    stage.window.plots.setMinimumWidth(900)
    return lambda: stage.window.plots.setMinimumWidth(0)


FAULTS: dict[str, tuple[Plant, str]] = {
    "white on white": (white_on_white, "contrast"),
    "a pale hint": (pale_hint, "contrast"),
    "a hidden banner": (hidden_banner, "banner"),
    "a cut label": (cut_label, "looks"),
    "a character without a glyph": (unknown_glyph, "looks"),
    "a button on another": (covered_widget, "looks"),
    "a frozen plot": (frozen_plot, "live"),
    "a curve that is not drawn": (invisible_curve, "plots"),
    "a wrong unit": (wrong_unit, "axes"),
    "a wrong unit in the strip": (wrong_unit_in_the_strip, "readings"),
    "a state that is not the engine's": (another_state, "state"),
    "a covered badge": (covered_badge, "simulated"),
    "a pale badge": (pale_badge, "simulated"),
    "labels of an axis on each other": (colliding_labels, "axes"),
    "no badge in banner and title": (no_badge_in_the_banner, "banner"),
    "no badge in the plot": (no_badge_in_the_plot, "plots"),
    "another word in the title": (another_title, "banner"),
    "another state's icon": (another_icon, "icon"),
    "another state's colour": (another_tone, "icon"),
    "a disabled button without a reason": (disabled_without_a_reason, "disabled"),
    "a form that must be scrolled": (cramped_form, "form"),
    "a window that is too wide": (too_wide, "size"),
}
"""What is planted, and the check that must see it."""


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    with window_at(qapp, tmp_path_factory.mktemp("gate") / "data") as stage:
        stage.resize(SMALL)
        say(stage)
        yield stage


def test_the_window_without_a_fault_passes_every_check(stage):
    faults = {name: check(stage) for name, check in CHECKS.items()}
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_seen(stage, name):
    plant, check = FAULTS[name]
    with pytest.MonkeyPatch.context() as patch:
        undo = plant(stage, patch)
        looks.settle(stage.app)
        found = CHECKS[check](stage)
    undo()
    stage.settle()
    assert found, f"nobody has seen {name}"
    assert CHECKS[check](stage) == [], "the fault is out again"
