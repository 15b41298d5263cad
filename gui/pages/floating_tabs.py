"""Tabs of which each can float in a window of its own; the tab stays where it is, and says so."""

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QMenu, QShortcut, QTabWidget, QWidget

from coldfinger.gui.pages.floating import KEY, Away, FloatingPage, geometry_of
from coldfinger.gui.pages.page import Page


class FloatingTabs(QTabWidget):
    """Pages, one in front; Ctrl+Shift+F, or the menu of a tab, gives one a window of its own and takes it back.

    `sightChanged` is sent when another page is in front, or in a window of its own.
    """

    sightChanged = Signal()

    def __init__(self, pages: Sequence[Page], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pages = tuple(pages)
        self.floating: dict[int, FloatingPage] = {}
        """Windows of pages, by the number of their tabs."""
        self._away: dict[int, Away] = {}
        self._to_float: dict[int, str] = {}
        self.setDocumentMode(True)
        self.setAccessibleName("Plots")
        for number, page in enumerate(self.pages):
            self.addTab(page, _title(page))
            self.setTabToolTip(number, f"{page.tip}\n{KEY} gives it a window of its own, and takes it back.")
        self._floats = QShortcut(QKeySequence(KEY), self)
        self._floats.activated.connect(self.float_front)
        bar = self.tabBar()
        if bar is not None:
            bar.setDrawBase(False)  # a white line in the dark theme
            bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            bar.customContextMenuRequested.connect(self._menu)
        self.currentChanged.connect(lambda _: self.sightChanged.emit())

    # -- what is in front

    @property
    def in_sight(self) -> list[Page]:
        """The page in front and those that float."""
        return [self.pages[number] for number in sorted({self.currentIndex(), *self.floating})]

    def show_tab(self, number: int) -> None:
        """Bring a tab to the front, counted from 0, and give its plot the keyboard."""
        self.to_front(self.pages[number])
        if number in self.floating:
            self.floating[number].activateWindow()
        self.pages[number].front().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def to_front(self, page: Page) -> None:
        """A page that is wanted, without the keyboard."""
        number = self.pages.index(page)
        if number in self.floating:
            self.floating[number].raise_()
        else:
            self.setCurrentIndex(number)

    # -- windows of their own

    def float_tab(self, number: int, geometry: str = "", *, quietly: bool = False) -> None:
        """Give a tab a window of its own, or bring it back where it has one; `quietly` without the keyboard."""
        if number in self.floating:
            self.floating[number].close()
            return
        page = self.pages[number]
        away = self._away[number] = Away(_title(page), self)
        away.back.connect(lambda: self.float_tab(number))
        self._swap(number, away)
        window = self.floating[number] = FloatingPage(page, _title(page), self, geometry)
        window.closing.connect(lambda: self._bring_back(number))
        window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, quietly)
        window.show()
        self.sightChanged.emit()
        if not quietly:
            page.front().setFocus(Qt.FocusReason.OtherFocusReason)

    def float_front(self) -> None:
        """The same with the tab in front."""
        self.float_tab(self.currentIndex())

    def bring_all_back(self) -> None:
        """Close every window of a tab."""
        for window in list(self.floating.values()):
            window.close()

    def _bring_back(self, number: int) -> None:
        window = self.floating.pop(number)
        away = self._away.pop(number)
        self._swap(number, self.pages[number])
        for gone in (window, away):
            gone.deleteLater()
        self.sightChanged.emit()

    def _swap(self, number: int, widget: QWidget) -> None:
        """Another widget in a tab, which keeps its place, its name, and whether it is in front."""
        front, title, tip = self.currentIndex(), self.tabText(number), self.tabToolTip(number)
        self.blockSignals(True)
        self.removeTab(number)
        self.insertTab(number, widget, title)
        self.setTabToolTip(number, tip)
        self.setCurrentIndex(front)
        self.blockSignals(False)

    def _menu(self, place: QPoint) -> None:
        bar = self.tabBar()
        number = bar.tabAt(place) if bar is not None else -1
        if bar is not None and number >= 0:
            self.tab_menu(number).popup(bar.mapToGlobal(place))

    def tab_menu(self, number: int) -> QMenu:
        """What can be done with a tab."""
        menu = QMenu(self)
        text = "&Bring it back" if number in self.floating else "&Window of its own"
        action = menu.addAction(f"{text}\t{KEY}")
        if action is not None:
            action.triggered.connect(lambda *_: self.float_tab(number))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    # -- what is remembered

    def places(self) -> dict[str, str]:
        """Where the windows stand, by the numbers of their tabs."""
        return {str(number): window.place() for number, window in self.floating.items()}

    def float_when_shown(self, places: Mapping[Any, Any]) -> None:
        """Float these tabs as soon as there is a window to float from; what `places` cannot have given is left out."""
        for key, kept in places.items():
            if key in map(str, range(len(self.pages))) and int(key) not in self.floating:
                self._to_float[int(key)] = geometry_of(kept)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        wanted, self._to_float = self._to_float, {}
        for number, geometry in wanted.items():
            self.float_tab(number, geometry, quietly=True)


def _title(page: Page) -> str:
    """Its Alt key would shut the menus; Alt+1 … is there."""
    return page.title.replace("&", "")
