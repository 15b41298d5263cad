"""Help (F1): the pages of the handbook, opened where the keyboard is, with links between them and a search."""

import re
from pathlib import Path
from typing import Any

from qtpy.QtCore import QByteArray, Qt, QUrl, Signal
from qtpy.QtGui import QImage, QKeySequence, QTextBlock, QTextCharFormat, QTextCursor, QTextFormat
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QShortcut,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from coldfinger.gui.look import theme

HELP = "help"
"""Property of a widget: "page" or "page#anchor", without the ending of the file."""
_MARGIN = 12  # px beside a picture
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCED = int(QTextFormat.Property.BlockCodeFence)
_FENCE = re.compile(r"\s*(```|~~~)")
_INLINE = re.compile(r"`([^`]*)`|\[([^\]]*)\]\([^)]*\)|[*_]{1,2}(\S.*?\S|\S)[*_]{1,2}")


def help_of(widget: QWidget | None, otherwise: str = "gui") -> str:
    """The page that a widget, or the nearest of those that it lies in, names."""
    while widget is not None:
        named = widget.property(HELP)
        if named:
            return str(named)
        widget = widget.parentWidget()
    return otherwise


def anchor_of(heading: str) -> str:
    """The anchor of a heading: "### The `queue`, again" is "the-queue-again"."""
    plain = re.sub(r"[^\w\- ]", "", shown_text(heading).casefold())
    return re.sub(r"\s+", "-", plain.strip())


def shown_text(line: str) -> str:
    """A line of Markdown as it is read: without marks of code, links and emphasis."""
    return _INLINE.sub(lambda match: next(group for group in match.groups() if group is not None), line)


def headings(text: str) -> list[str]:
    """All headings of a page, as they are read, in their order; what looks like one within code is none."""
    found, fenced = [], False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (match := _HEADING.fullmatch(line)):
            found.append(shown_text(match[2]))
    return found


def title_of(text: str, otherwise: str) -> str:
    """The first heading of a page."""
    return next(iter(headings(text)), otherwise)


class _Page(QTextBrowser):
    """A page whose pictures are no broader than it is."""

    def loadResource(self, kind: int, name: QUrl) -> Any:
        found = super().loadResource(kind, name)
        image = QImage()
        port = self.viewport()
        if port is None or not isinstance(found, QByteArray) or not image.loadFromData(found):
            return found
        room = port.width() - 2 * _MARGIN
        return image.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation) if image.width() > room else image


class HelpViewer(QDialog):
    """One page at a time, out of a folder of Markdown files."""

    shown = Signal(str)

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.resize(760, 560)
        self.folder = folder
        self.place = ""
        self._past: list[str] = []
        self._headings: list[str] = []
        self.pages = QComboBox(self)
        self.pages.setAccessibleName("Page")
        self.pages.setToolTip("All pages of the handbook.")
        for path in sorted(folder.glob("*.md")) if folder.is_dir() else ():
            self.pages.addItem(title_of(path.read_text("utf-8", "replace"), path.stem), path.stem)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("find on this page")
        self.search.setAccessibleName("Find on this page")
        self.search.setToolTip("Enter goes to the next place that has this text (Ctrl+F comes here).")
        self.back = QPushButton("&Back", self)
        self.back.setToolTip("The place before (Alt+Left).")
        self.close_button = QPushButton("&Close", self)
        self.close_button.setToolTip("Close the help (Esc).")
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setProperty("role", "message")
        self.message.hide()
        self.text = _Page(self)
        self.text.setOpenLinks(False)
        self.text.setAccessibleName("Text of the page")
        for button in (self.back, self.close_button):
            button.setAutoDefault(False)
        self._lay_out()
        self.pages.activated.connect(self._chosen)
        self.back.clicked.connect(lambda *_: self.go_back())
        self.close_button.clicked.connect(lambda *_: self.accept())
        self.text.anchorClicked.connect(self._follow)
        self.search.returnPressed.connect(self.find_next)
        for keys, act in (("Alt+Left", self.go_back), ("Ctrl+F", self._to_search)):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        self.back.setEnabled(False)

    def _lay_out(self) -> None:
        top, whole = QHBoxLayout(), QVBoxLayout(self)
        for widget, stretch in ((self.back, 0), (self.pages, 1), (self.search, 1), (self.close_button, 0)):
            top.addWidget(widget, stretch)
        whole.addLayout(top)
        whole.addWidget(self.message)
        whole.addWidget(self.text, 1)

    def show_page(self, place: str, *, remember: bool = True) -> bool:
        """Show "page" or "page#anchor"; False, with a sentence and the page as it was, where there is none."""
        name, _, anchor = place.partition("#")
        name = name.removesuffix(".md") or self.place.partition("#")[0]
        path = self.folder / f"{name}.md"
        try:
            if not path.resolve().is_relative_to(self.folder.resolve()):
                raise FileNotFoundError
            text = path.read_text("utf-8", "replace")
        except OSError:
            self._say(f"There is no page {name!r} in the handbook; choose another one above.")
            return False
        if remember and self.place and self.place != place:
            self._past.append(self.place)
        self.place = f"{name}#{anchor}" if anchor else name
        document = self.text.document()
        if document is not None:
            document.setBaseUrl(QUrl.fromLocalFile(f"{self.folder.resolve()}/"))
        self.text.setSearchPaths([str(self.folder)])
        self.text.setMarkdown(text)
        self._align_code()
        self._headings = headings(text)
        self.setWindowTitle(f"Help: {title_of(text, name)}")
        self.pages.setCurrentIndex(self.pages.findData(name))
        self.back.setEnabled(bool(self._past))
        self._say("")
        if anchor and not self._go_to(anchor):
            self._say(f"This page has no part {anchor!r}; it is shown from its beginning.")
        self.shown.emit(self.place)
        return True

    def _align_code(self) -> None:
        """Have code in a font whose columns stand below one another: Qt only asks for one, by no name."""
        document, asked = self.text.document(), QTextCharFormat()
        block, cursor = document.begin() if document is not None else QTextBlock(), QTextCursor(document)
        asked.setFontFamily(theme.fixed_font(self.font().pointSize()).family())
        code: list[tuple[int, int]] = []
        while block.isValid():
            pieces, fenced = block.begin(), block.blockFormat().hasProperty(_FENCED)
            while not pieces.atEnd():
                piece = pieces.fragment()
                if fenced or piece.charFormat().fontFixedPitch():
                    code.append((piece.position(), piece.position() + piece.length()))
                pieces += 1
            block = block.next()
        for begin, end in code:
            cursor.setPosition(begin)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(asked)

    def show_for(self, widget: QWidget | None) -> None:
        """Open the page that a widget, or the nearest of those that it lies in, names."""
        self.show_page(help_of(widget))
        self.show()
        self.raise_()
        self.activateWindow()

    def _go_to(self, anchor: str) -> bool:
        """Put the heading with that anchor at the top."""
        document = self.text.document()
        if document is None or anchor not in map(anchor_of, self._headings):
            return False
        block = document.begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and anchor_of(block.text()) == anchor:
                end, cursor = QTextCursor(document), QTextCursor(block)
                end.movePosition(QTextCursor.MoveOperation.End)
                self.text.setTextCursor(end)  # from below, so that the heading comes to the top
                self.text.setTextCursor(cursor)
                bar = self.text.verticalScrollBar()
                if bar is not None:
                    bar.setValue(bar.value() + self.text.cursorRect().top())
                return True
            block = block.next()
        return False

    def _chosen(self, index: int) -> None:
        self.show_page(str(self.pages.itemData(index)))

    def go_back(self) -> None:
        """The place before this one."""
        if self._past:
            self.show_page(self._past.pop(), remember=False)
            self.back.setEnabled(bool(self._past))

    def _to_search(self) -> None:
        self.search.setFocus()

    def find_next(self) -> None:
        """The next place that has the text of the search field, from the top again after the last."""
        wanted = self.search.text()
        if not wanted:
            return
        if not self.text.find(wanted):
            self.text.moveCursor(QTextCursor.MoveOperation.Start)
            if not self.text.find(wanted):
                self._say(f"This page does not have {wanted!r}.")
                return
        self._say("")

    def _follow(self, url: QUrl) -> None:
        """A link: to a page of the handbook, or a place on this one; others are only named."""
        if url.scheme() not in ("", "file"):
            clipboard = QApplication.clipboard()
            if clipboard is not None:
                clipboard.setText(url.toString())
            self._say(f"{url.toString()} lies outside the handbook; its address was copied.")
            return
        name = Path(url.path()).name
        if name and not name.endswith(".md"):
            self._say(f"{name} is no page of the handbook; it lies in {self.folder}.")
            return
        self.show_page(f"{name.removesuffix('.md')}#{url.fragment()}" if url.fragment() else name.removesuffix(".md"))

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
