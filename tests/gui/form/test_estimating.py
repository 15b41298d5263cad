"""When the twin is asked again, and that its answer never forbids another wish than that which it was asked about."""

import pytest
from qtpy.QtCore import QObject

from coldfinger.gui.background import Background
from coldfinger.gui.form import estimating
from coldfinger.gui.form.estimate import Estimate, place_of
from coldfinger.gui.place import Place
from coldfinger.procedures.engine.items import Night
from coldfinger.procedures.planning import Whereabouts
from tests.gui.stage import PretendedDesk


def test_another_wish_is_not_forbidden_by_the_old_answer_and_another_field_is_asked_about(
    qtbot, qapp, tmp_path, monkeypatch
):
    asked = []

    class Twin:
        def __init__(self, *_):
            pass

        def estimate(self, night, place, now):
            asked.append(place)
            return Estimate(1, 60.0, 1.0, ("too warm for this station",))

        def close(self):
            pass

    monkeypatch.setattr(estimating, "Twin", Twin)
    desk, background, around, wish = PretendedDesk(), Background(), QObject(), ["hot"]
    desk.latest = {"latest": {"T_mc (K)": [0.1, 0.0], "H (Oe)": [0.0, 0.0]}}
    place = Place.of("sim", tmp_path)
    one = estimating.Estimating(place, desk, background, lambda: (wish[0], ""), lambda _: Night("night", ()), around)
    try:
        one.ask_later()
        qtbot.waitUntil(lambda: not one.behind, timeout=15_000)
        assert one.mistakes == ("too warm for this station",)
        wish[0] = "cold"
        assert one.mistakes == ()
        one.follow(place_of(desk.latest))
        assert not one._timer.isActive()  # it has not moved
        desk.latest = {"latest": {"T_mc (K)": [0.1, 1.0], "H (Oe)": [600.0, 1.0]}}
        one.follow(place_of(desk.latest))
        qtbot.waitUntil(lambda: len(asked) == 2, timeout=15_000)
        assert asked[0] == Whereabouts(0.0, 0.1)
        assert asked[1].field == pytest.approx(0.06)
    finally:
        background.close()
        one.end()
