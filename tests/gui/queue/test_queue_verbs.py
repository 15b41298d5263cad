"""What can be done with a selection of the queue, and why not."""

from coldfinger.gui.queue.queue_verbs import GONE, why_not

FREE = ("Move up", "Move down", "Remove", "Off / on")


def reasons(*chosen, **latest):
    items = [{"id": "1", "state": "running"}, {"id": "2", "state": "waiting"}, {"id": "3", "state": "disabled"}]
    return why_not({"items": items} | latest, chosen, can_undo=True, can_redo=False)


def test_what_has_begun_is_locked_and_can_only_be_copied():
    for chosen in (("1",), ("1", "2")):
        found = reasons(*chosen)
        assert all("locked" in found[verb] for verb in (*FREE, "Change"))
        assert found["Copy"] == ""
    found = reasons("2", "3")
    assert all(found[verb] == "" for verb in (*FREE, "Copy"))
    assert found["Change"] == "Select one item only."
    assert reasons("3")["Change"] == ""


def test_without_a_selection_an_item_or_an_engine_every_verb_says_why():
    assert {reasons()[verb] for verb in (*FREE, "Copy", "Change")} == {"Select an item first."}
    assert reasons(items=[])["Save…"] == "The queue is empty."
    assert (reasons()["Undo"], bool(reasons()["Redo"])) == ("", True)
    assert why_not({}, (), can_undo=False, can_redo=False)["Remove"] == GONE
