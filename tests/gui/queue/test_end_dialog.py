"""What shall happen after the last item: a field that a plan has asked for is kept, and warmth needs the heater."""

from coldfinger.gui.place import Place
from coldfinger.gui.queue.end_dialog import EndDialog, end_words
from coldfinger.procedures.engine.items import EndActions


def test_what_stands_in_a_plan_is_taken_over_as_it_is(qtbot, qapp, tmp_path):
    end = EndActions(heater_off=True, field=0.03)
    dialog = EndDialog(end, Place.of("sim", tmp_path))
    qtbot.addWidget(dialog)
    assert dialog.arguments == {"heater_off": True, "field": 0.03, "temperature": None}
    dialog.temperature.set_value(0.5)
    dialog.warm.setChecked(True)
    dialog.field.setChecked(False)
    assert dialog.arguments == {"heater_off": False, "field": None, "temperature": 0.5}


def test_the_end_is_said_in_words():
    assert end_words(EndActions(heater_off=True, field=0.03)) == "heater off, field to 300 Oe"
    assert end_words(EndActions(heater_off=False, field=0.0)) == "heater as it is, field to zero"
    assert end_words(EndActions(heater_off=False, temperature=4.0)) == "temperature to 4 K, field held"
