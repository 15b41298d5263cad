"""The look of the whole window: Fusion, a palette from the tokens, some twenty lines of style sheet, font and icons."""

from qtawesome import icon as glyph
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QIcon, QPalette, QPixmap
from qtpy.QtWidgets import QApplication, QLabel, QToolTip, QWidget

from coldfinger.gui.look.tokens import LIGHT, THEMES, Tokens

FAMILIES = ("Segoe UI", "SF Pro Text", "Noto Sans", "DejaVu Sans")
FIXED = ("DejaVu Sans Mono", "Consolas", "Menlo")
SMALLEST, LARGEST, USUAL = 8, 18, 10
"""Sizes of the font (pt)."""

_THEME = "theme"  # property of the application
_SHEET = """
QToolTip {{ color: {text}; background: {panel}; border: 1px solid {edge}; padding: 3px; }}
QLabel[role="faint"] {{ color: {faint}; }}
QLabel[role="message"] {{ color: {bad_ink}; }}
QLabel[role="strong"] {{ font-weight: bold; }}
QLineEdit {{ border: 1px solid {edge}; border-radius: 3px; padding: 2px 4px; background: {base}; }}
QLineEdit:focus {{ border: 2px solid {accent}; padding: 1px 3px; }}
QLineEdit:disabled {{ color: {disabled}; background: {window}; }}
QLineEdit[mark="changed"] {{ border: 2px dashed {warn_ink}; padding: 1px 3px; background: {warn_fill}; }}
QLineEdit[mark="wrong"] {{ border: 2px solid {bad_ink}; padding: 1px 3px; background: {bad_fill}; }}
QPushButton {{ border: 1px solid {edge}; border-radius: 4px; padding: 4px 10px; background: {panel}; }}
QPushButton:hover {{ background: {busy_fill}; }}
QPushButton:pressed {{ background: {grid}; }}
QPushButton:focus {{ border: 2px solid {accent}; padding: 3px 9px; }}
QPushButton:disabled {{ color: {disabled}; border-color: {grid}; background: {window}; }}
QPushButton[role="abort"] {{ color: {abort_text}; background: {bad_ink}; border-color: {bad_ink}; font-weight: bold; }}
QPushButton[role="abort"]:hover, QPushButton[role="abort"]:focus {{ border: 2px solid {text}; padding: 3px 9px; }}
QCheckBox::indicator:unchecked, QAbstractItemView::indicator:unchecked {{
    width: 12px; height: 12px; border: 1px solid {faint}; border-radius: 2px; background: {base}; }}
QCheckBox::indicator:unchecked:focus, QCheckBox::indicator:unchecked:hover {{ border: 1px solid {accent}; }}
QFrame[role="tile"] {{ border: 1px solid {grid}; border-radius: 4px; background: {panel}; }}
QFrame[role="tile"]:focus {{ border: 2px solid {accent}; }}
"""


class NoFont(RuntimeError):
    """The system has no font, so every text of the window would be blank; the sentence says what to install."""


def current() -> Tokens:
    """The theme in use."""
    app = QApplication.instance()
    return THEMES[(app.property(_THEME) if app is not None else None) or LIGHT.name]


def apply(app: QApplication, theme: str = "light", size: int = USUAL) -> Tokens:
    """Dress the application: "light" or "dark", a font of `size` pt (8 to 18).

    Raises ValueError for another theme or size, NoFont where Qt finds no font at all.
    """
    if theme not in THEMES:
        raise ValueError(f"theme {theme!r} is not known; allowed are {' and '.join(THEMES)}")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"font size {size} pt is not allowed; choose {SMALLEST} to {LARGEST} pt")
    tokens = THEMES[theme]
    if app.property(_THEME) is None:  # once: a new style polishes every widget there is
        app.setStyle("Fusion")
    _undress(app)
    app.setFont(font(size))
    colours = _palette(tokens)
    app.setPalette(colours)
    QToolTip.setPalette(colours)
    app.setStyleSheet(_sheet(tokens))
    app.setProperty(_THEME, theme)
    return tokens


def _undress(app: QApplication) -> None:
    """Take the style sheet away: from none to the new one is a quarter of the way from the old one to the new one.

    Qt would leave the mark of a style sheet on some widgets, at random, and these would keep the colours of before.
    """
    if app.styleSheet():
        app.setStyleSheet("")
        for widget in app.allWidgets():
            widget.setAttribute(Qt.WidgetAttribute.WA_StyleSheet, False)


def font(size: int = USUAL) -> QFont:
    """The application's font; raises NoFont where there is none."""
    named = (QFont(family, size) for family in FAMILIES)
    chosen = next((one for one in named if QFontInfo(one).family() == one.family()), QFont())
    chosen.setPointSize(size)
    if not QFontInfo(chosen).family():
        raise NoFont("no font was found, every text would be blank; install one, for example fonts-dejavu-core")
    return chosen


def fixed_font(size: int) -> QFont:
    """A font in which columns stand below one another, where there is one: not every system names it."""
    usual = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    for one in (usual, *map(QFont, FIXED)):
        one.setPointSize(size)
        if QFontInfo(one).fixedPitch():
            return one
    return usual


def icon(name: str, colour: str) -> QIcon:
    """An icon of the Material Design set, such as "play"."""
    made: QIcon = glyph(f"mdi6.{name}", color=colour)
    return made


def picture(name: str, colour: str, size: int, widget: QWidget) -> QPixmap:
    """The icon as a square picture of `size` pixels of layout, sharp on the screen of `widget`."""
    ratio = widget.devicePixelRatioF()
    pixels = icon(name, colour).pixmap(QSize(round(size * ratio), round(size * ratio)))
    pixels.setDevicePixelRatio(ratio)
    return pixels


def depict(label: QLabel, name: str, colour: str, size: int) -> None:
    """Show the icon as a picture on a label that shows another one: Qt lays the window out for the same, too."""
    shown = f"{name} {colour} {size} {label.devicePixelRatioF()}"
    if label.property("picture") != shown:
        label.setProperty("picture", shown)
        label.setPixmap(picture(name, colour, size, label))


def wear(widget: QWidget, sheet: str) -> None:
    """Give a widget a style sheet of its own, where it has another one: Qt takes two milliseconds for the same, too."""
    if widget.styleSheet() != sheet:
        widget.setStyleSheet(sheet)


def restyle(widget: QWidget, name: str, value: str) -> None:
    """Set a property that the style sheet knows, and show it."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        style = widget.style()
        if style is not None:
            style.unpolish(widget)
            style.polish(widget)


def _sheet(tokens: Tokens) -> str:
    plain = {name: value for name, value in vars(tokens).items() if isinstance(value, str)}
    return _SHEET.format(
        **plain,
        bad_ink=tokens.bad.ink,
        bad_fill=tokens.bad.fill,
        warn_ink=tokens.warn.ink,
        warn_fill=tokens.warn.fill,
        busy_fill=tokens.busy.fill,
        abort_text=tokens.base,
    )


def _palette(tokens: Tokens) -> QPalette:
    Role, Group = QPalette.ColorRole, QPalette.ColorGroup
    palette = QPalette()
    for role, colour in {
        Role.Window: tokens.window,
        Role.WindowText: tokens.text,
        Role.Base: tokens.base,
        Role.AlternateBase: tokens.window,
        Role.ToolTipBase: tokens.panel,
        Role.ToolTipText: tokens.text,
        Role.Text: tokens.text,
        Role.PlaceholderText: tokens.faint,
        Role.Button: tokens.panel,
        Role.ButtonText: tokens.text,
        Role.BrightText: tokens.bad.ink,
        Role.Link: tokens.accent,
        Role.Highlight: tokens.accent,
        Role.HighlightedText: tokens.on_accent,
        Role.Mid: tokens.edge,
    }.items():
        palette.setColor(role, QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        palette.setColor(Group.Disabled, role, QColor(tokens.disabled))
    # Fusion engraves disabled commands of menus: the text again, a pixel lower; in the ground's colour it is gone.
    palette.setColor(Group.Disabled, Role.Light, QColor(tokens.base))
    return palette
