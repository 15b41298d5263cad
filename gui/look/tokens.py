"""Colours of the window, and the look of every state: icon, word and colour, never colour alone.

Text on its fill has a contrast of 4.5:1 at least, graphics 3:1. Curves have the colours of Okabe and Ito, which people
with any colour deficiency tell apart; ordered families those of viridis, cut where it would vanish in the background.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Tone:
    """Ink and fill of a tile that says how something is."""

    ink: str
    fill: str


@dataclass(frozen=True)
class Tokens:
    """All colours of one theme; `series` in the order in which curves take them."""

    name: str
    window: str
    panel: str
    base: str
    text: str
    faint: str
    disabled: str
    edge: str
    accent: str
    on_accent: str
    grid: str
    ok: Tone
    warn: Tone
    bad: Tone
    busy: Tone
    idle: Tone
    lost: Tone
    series: tuple[str, ...]
    ordered: tuple[float, float]


BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)

LIGHT = Tokens(
    name="light",
    window="#F3F5F8",
    panel="#FFFFFF",
    base="#FFFFFF",
    text="#1B2430",
    faint="#5B6470",
    disabled="#7A838F",
    edge="#848D99",
    accent="#0B63B5",
    on_accent="#FFFFFF",
    grid="#D5DAE1",
    ok=Tone("#0A6B42", "#E3F4EA"),
    warn=Tone("#9A5200", "#FFF0D6"),
    bad=Tone("#B3261E", "#FBE4E2"),
    busy=Tone("#0B63B5", "#E4F0FB"),
    idle=Tone("#5B6470", "#E6EAF0"),
    lost=Tone("#6A3FA0", "#F0E8FA"),
    series=(BLUE, RED, GREEN, PINK, BLACK, ORANGE, SKY),
    ordered=(0.0, 0.8),
)

DARK = Tokens(
    name="dark",
    window="#171B21",
    panel="#1F252D",
    base="#12161B",
    text="#E6EAF0",
    faint="#9AA4B2",
    disabled="#7C8694",
    edge="#6B7684",
    accent="#5AB0FF",
    on_accent="#0B1622",
    grid="#343C47",
    ok=Tone("#5AD19A", "#123626"),
    warn=Tone("#FFB84D", "#3D2C0C"),
    bad=Tone("#FF7A70", "#431A18"),
    busy=Tone("#5AB0FF", "#14283D"),
    idle=Tone("#9AA4B2", "#2A3038"),
    lost=Tone("#C3A2F2", "#2E2142"),
    series=(SKY, ORANGE, GREEN, PINK, YELLOW, RED, BLUE),
    ordered=(0.25, 1.0),
)

THEMES = {"light": LIGHT, "dark": DARK}


@dataclass(frozen=True)
class Look:
    """Icon (a name of the Material Design set), word and tone; `tone` is the name of a field of Tokens."""

    icon: str
    word: str
    tone: str

    def in_theme(self, tokens: Tokens) -> Tone:
        tone: Tone = getattr(tokens, self.tone)
        return tone


class State(Enum):
    """What the banner says."""

    IDLE = Look("circle-outline", "IDLE", "idle")
    RUNNING = Look("play", "RUNNING", "ok")
    WAITING = Look("timer-sand", "WAITING", "busy")
    PAUSING = Look("pause-octagon-outline", "PAUSING", "warn")
    PAUSED = Look("pause", "PAUSED", "warn")
    ABORTING = Look("stop", "ABORTING", "bad")
    SAFE = Look("shield-check", "SAFE", "idle")
    HELD = Look("hand-back-right", "HELD", "warn")
    FAULT = Look("alert", "FAULT", "bad")
    LINK_LOST = Look("link-off", "LINK LOST", "lost")


ITEM_LOOKS = {
    "waiting": Look("circle-outline", "waiting", "idle"),
    "next": Look("circle-double", "next", "idle"),
    "running": Look("play", "running", "ok"),
    "done": Look("check", "done", "ok"),
    "partial": Look("circle-half-full", "partial", "warn"),
    "failed": Look("close", "failed", "bad"),
    "skipped": Look("chevron-double-right", "skipped", "idle"),
    "disabled": Look("minus", "disabled", "idle"),
}
"""Looks of the items of a queue."""
