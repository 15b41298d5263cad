"""Every command of a menu has a letter of its own, so that Alt and two letters reach it."""

from qtpy.QtWidgets import QAction, QMenu


def give_letters(menu: QMenu) -> None:
    """Mark a letter of every command that has none, or one that another has already; also in the menus within.

    A command without a Latin letter, such as that of a quantity, gets its number in the menu.
    """
    taken: set[str] = set()
    without: list[tuple[int, QAction]] = []
    for number, action in enumerate(menu.actions(), 1):
        inner = action.menu()
        if isinstance(inner, QMenu):
            give_letters(inner)
        letter = letter_of(action)
        if action.isSeparator():
            continue
        if letter.isascii() and letter and letter not in taken:
            taken.add(letter)
        else:
            without.append((number, action))
    for number, action in without:
        text, tab, keys = action.text().replace("&", "").partition("\t")
        free = (i for i, sign in enumerate(text) if sign.isascii() and sign.isalnum() and sign.lower() not in taken)
        place = next(free, None)
        if place is None:
            text, place = f"{number} {text}", 0
        taken.add(text[place].lower())
        action.setText(f"{text[:place]}&{text[place:]}{tab}{keys}")


def letter_of(action: QAction) -> str:
    """The marked letter of a command, in lower case; "" where it has none."""
    return action.text().partition("&")[2][:1].lower()
