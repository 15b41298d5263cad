"""What the whole window must fulfil in every state: looks, and that all that is said of the night is the same.

Every check returns what is wrong, one sentence each; an empty list is a window in order.
"""

from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QRect
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QAbstractButton, QLabel, QLineEdit, QMainWindow, QToolButton, QWidget

from coldfinger.gui.look import theme
from coldfinger.gui.plots.plot import Plot
from tests.gui import looks
from tests.gui.stage import SMALL, Stage

READABLE, SEEN = 4.5, 3.0
INK = 40
"""Pixels of its colour that a curve has at least."""


def looks_right(window: QWidget) -> list[str]:
    """Glyphs, texts that fit, nothing on anything else; the docks' own buttons and the scrolled form aside."""
    names = ("qt_", "ScrollLeftButton", "ScrollRightButton")
    own = [child for child in window.findChildren(QWidget) if child.objectName().startswith(names)]
    for child in own:
        child.setProperty("floats", True)
    return looks.faults(window)


def fits_the_smallest_screen(stage: Stage) -> list[str]:
    size, least = stage.window.minimumSizeHint(), stage.window.minimumSize()
    wide, high = max(size.width(), least.width()), max(size.height(), least.height())
    fits = wide <= SMALL.width() and high <= SMALL.height()
    return [] if fits else [f"the window needs {wide} x {high} px"]


def form_is_seen(stage: Stage) -> list[str]:
    """To, Pacing, Rate, Points and Field without scrolling."""
    panel = stage.window.new_run
    port = panel.area.viewport()
    faults = []
    for key in ("start", "stop", "pacing", "rate", "points", "field"):
        where = looks.box(panel.form.editors[key], port)
        if not port.rect().contains(where):
            faults.append(f"field {key} is cut: {where} in {port.rect()}")
    return faults


def texts_contrast(window: QWidget) -> list[str]:
    """Labels and buttons: the ink that a text has against the commonest colour around it, both as drawn."""
    faults, whole = [], looks.pixels(window)
    for child in window.findChildren(QWidget):
        is_text = isinstance(child, QLabel | QAbstractButton | QLineEdit)
        text = child.text() if is_text else ""
        if not text.strip() or not child.isVisibleTo(window) or not child.isEnabled():
            continue
        box = looks.box(child, window).intersected(window.rect()).intersected(_shown_part(child, window))
        if box.width() < 6 or box.height() < 8:
            continue
        part = whole[box.top() : box.bottom() + 1, box.left() : box.right() + 1].reshape(-1, 3)
        colours, counts = np.unique(part, axis=0, return_counts=True)
        ground = _hex(colours[counts.argmax()])
        best = max(looks.contrast(ground, _hex(colour)) for colour in colours)
        if best < READABLE:
            faults.append(f"{text!r}: contrast {best:.1f}")
    return faults


def _shown_part(child: QWidget, window: QWidget) -> QRect:
    part, parent = window.rect(), child.parentWidget()
    while parent is not None and parent is not window:
        part = part.intersected(looks.box(parent, window))
        parent = parent.parentWidget()
    return part


def _hex(colour: object) -> str:
    red, green, blue = (int(value) for value in colour)  # type: ignore[attr-defined]
    return f"#{red:02X}{green:02X}{blue:02X}"


def banner_says_it(stage: Stage) -> list[str]:
    """The state's word stands in the banner, in the title and nowhere otherwise; the badge belongs to it."""
    window, view = stage.window, stage.window.banner.view
    word = view.state.value.word
    shown = [label.text() for label in window.banner.findChildren(QLabel) if label.isVisibleTo(window)]
    faults = [] if window.banner.isVisible() and word in " ".join(shown) else [f"the banner does not say {word}"]
    if word not in window.windowTitle():
        faults.append(f"the title {window.windowTitle()!r} does not say {word}")
    if stage.desk.latest["simulated"]:
        if not any("SIMULATED" in text for text in shown):
            faults.append("the banner has no badge SIMULATED")
        if "SIMULATED" not in window.windowTitle():
            faults.append("the title does not say SIMULATED")
    return faults


def simulated_is_read(stage: Stage) -> list[str]:
    """The badge in the banner: whole, not covered, in its ink on its fill."""
    window, badge, tone = stage.window, stage.window.banner.badge, theme.current().lost
    where = looks.box(badge, window)
    if badge.text() != "SIMULATED" or not badge.isVisibleTo(window) or not window.rect().contains(where):
        return ["SIMULATED cannot be read: the badge is not there"]
    shown = looks.pixels(window)[where.top() : where.bottom() + 1, where.left() : where.right() + 1]
    written = _count(shown[6:-6, 6:-6], tone.ink)
    enough = written >= INK and _count(shown, tone.fill, within=3) >= shown[..., 0].size // 2
    return (
        [] if enough and looks.contrast(tone.ink, tone.fill) >= READABLE else ["SIMULATED cannot be read in the badge"]
    )


WORDS = {
    "idle": "IDLE", "survey": "WAITING", "running": "RUNNING", "waiting": "WAITING", "pausing": "PAUSING",
    "paused": "PAUSED", "aborting": "ABORTING", "held": "HELD", "ending": "WAITING", "ended": "SAFE",
}  # fmt: skip
"""What the banner has to say of every state of the engine, while all is safe and no interlock has tripped."""


def state_is_the_engines(stage: Stage) -> list[str]:
    """Banner and title say the state that the engine's snapshot has."""
    latest, window = stage.desk.latest, stage.window
    word = WORDS[latest["state"]]
    faults = (
        [] if window.banner.word.text() == word else [f"{latest['state']}: the banner says {window.banner.word.text()}"]
    )
    return faults if word in window.windowTitle() else [*faults, f"{latest['state']}: title {window.windowTitle()!r}"]


def readings_are_the_engines(stage: Stage) -> list[str]:
    """The strip shows the engine's numbers in units of their kind."""
    latest, tiles = stage.desk.latest["latest"], stage.window.strip.tiles
    faults = []
    for key, column, unit, per in (
        ("T_mc", "T_mc (K)", "mK", 1e3),
        ("H", "H (Oe)", "Oe", 1),
        ("I", "I (A)", "nA", 1e9),
    ):
        shown = tiles[key].value.text()
        number, _, of = shown.partition(" ")
        if of != unit or abs(float(number) - latest[column][0] * per) > 1e-3 * abs(latest[column][0] * per):
            faults.append(f"{key} is {latest[column][0]:g}, the strip says {shown}")
    return faults


def icon_is_of_the_state(stage: Stage) -> list[str]:
    """The banner is filled with the state's own colours and draws its icon in its ink."""
    banner = stage.window.banner
    tone = banner.view.state.value.in_theme(theme.current())
    faults = []
    for what, colour, least in (("fill", tone.fill, 2000), ("ink", tone.ink, 100)):
        if looks.ink(banner, colour, within=3) < least:
            faults.append(f"the banner has no {what} {colour} of {banner.view.state.value.word}")
    wanted = theme.picture(banner.view.state.value.icon, tone.ink, banner.icon.pixmap().width(), banner).toImage()
    if not np.array_equal(looks.of_image(wanted), looks.of_image(banner.icon.pixmap().toImage())):
        faults.append(f"the icon is not that of {banner.view.state.value.word}")
    return faults


def plots_say_it(stage: Stage) -> list[str]:
    """The plot in front has its curves' ink, the badge of simulated runs, and its axes' units; so has its picture."""
    window = stage.window
    faults: list[str] = []
    for plot in window.plots.tabs.currentWidget().findChildren(Plot):
        if not plot.isVisible():
            continue
        if plot.series and plot.badge_text != "SIMULATED":
            faults.append("a plot of simulated runs has no badge")
        picture = looks.of_image(plot.copies.image())
        lost = theme.current().lost.ink
        if plot.series and _count(picture, lost) < INK:
            faults.append("the picture that is copied has no badge")
        for key, series in plot.series.items():
            if len(series.x) and _count(looks.pixels(plot), plot.colour(key)) < INK:
                faults.append(f"curve {series.name} is not drawn")
    return faults


def _count(picture: object, colour: str, within: int = 24) -> int:
    difference = np.abs(np.asarray(picture).astype(int) - np.round(looks.rgb(colour) * 255).astype(int))
    return int((difference.max(axis=2) <= within).sum())


def axes_are_right(stage: Stage) -> list[str]:
    """The axes name what the run file's columns are, and no two of their numbers lie on each other."""
    faults: list[str] = []
    plot = stage.window.plots.live.plot
    for name, unit in (("bottom", "K"), ("left", "Ω/□")):
        axis = plot.axes[name]
        if f"({unit})" not in axis.label.toPlainText().replace("k" + unit, unit):
            faults.append(f"axis {name} says {axis.label.toPlainText()!r}, not {unit}")
    boxes = label_boxes(plot)
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            if one.adjusted(1, 1, -1, -1).intersects(other.adjusted(1, 1, -1, -1)):
                faults.append(f"labels of an axis lie on each other at {one.center()}")
    return faults


def captions_are_free(stage: Stage) -> list[str]:
    """What an axis is called does not stand on its numbers."""
    faults: list[str] = []
    for plot in stage.window.findChildren(Plot):
        for name, axis in plot.axes.items():
            if plot.isVisible() and axis.label.isVisible():
                text = axis.label.boundingRect().adjusted(4, 8, -4, -8)  # Qt's margin, and room above the letters
                box = axis.mapRectToScene(axis.label.mapRectToParent(text)).toRect()
                if any(box.intersects(number) for number in label_boxes(plot, name)):
                    faults.append(f"{axis.label.toPlainText()!r} stands on the numbers of its axis")
    return faults


def label_boxes(plot: Plot, *names: str) -> list[QRect]:
    """Where the numbers of these axes stand; of both if none is named."""
    from qtpy.QtGui import QImage, QPainter

    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    boxes: list[QRect] = []
    for name in names or ("bottom", "left"):
        axis = plot.axes[name]
        specs = axis.generateDrawSpecs(painter)
        for rect, _, text in specs[2] if specs is not None else ():
            if text:
                boxes.append(axis.mapRectToScene(rect).toRect())
    painter.end()
    return boxes


def live_follows(stage: Stage) -> list[str]:
    """A row that comes is drawn."""
    plot = stage.window.plots.live.plot
    before = looks.pixels(plot)
    stage.add_row()
    return [] if (looks.pixels(plot) != before).any() else ["a new row changes nothing in the live plot"]


def disabled_say_why(window: QMainWindow) -> list[str]:
    """Every button that cannot be pressed has a tooltip of more than its own name."""
    faults = []
    for button in window.findChildren(QAbstractButton):
        if button.isVisibleTo(window) and not button.isEnabled() and not isinstance(button, QToolButton):
            reason = button.toolTip()
            if len(reason) < 15 or reason == button.text():
                faults.append(f"{button.text()!r} does not say why it is disabled")
    return faults


def palette_contrasts() -> list[str]:
    """The text of every kind of page against the page."""
    from qtpy.QtWidgets import QApplication

    palette, Role = QApplication.palette(), QPalette.ColorRole
    pairs = ((Role.Text, Role.Base), (Role.WindowText, Role.Window), (Role.ButtonText, Role.Button))
    return [
        f"{ink.name if hasattr(ink, 'name') else ink}: contrast {ratio:.1f}"
        for ink, ground in pairs
        if (ratio := looks.contrast(palette.color(ink).name(), palette.color(ground).name())) < READABLE
    ]


CHECKS: dict[str, Callable[[Stage], list[str]]] = {
    "looks": lambda stage: looks_right(stage.window),
    "contrast": lambda stage: texts_contrast(stage.window) + palette_contrasts(),
    "banner": banner_says_it,
    "icon": icon_is_of_the_state,
    "state": state_is_the_engines,
    "simulated": simulated_is_read,
    "readings": readings_are_the_engines,
    "plots": plots_say_it,
    "axes": axes_are_right,
    "live": live_follows,
    "disabled": lambda stage: disabled_say_why(stage.window),
    "form": form_is_seen,
    "size": fits_the_smallest_screen,
}
