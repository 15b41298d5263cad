"""What pymeasure's own protocol tests say of SR830, SR860 and Agilent 33500 holds for these drivers, too.

Source of the exchanges: pymeasure, tests/instruments/srs/test_sr830.py, test_sr860.py and
tests/instruments/agilent/test_agilent33500.py, as far as an attribute means the same. Blanks, a last semicolon and the
digits of a number are not part of the meaning. Left out: what these drivers refuse or do not have (a second channel,
high and low level, duty cycles, 120 MHz), amplitudes in whatever unit is set, and voltages below the millivolt in which
both lock-ins set their auxiliary outputs.
"""

import re

import pytest
from pymeasure.adapters import Adapter

from coldfinger.instruments.keysight import AmplitudeUnit, Keysight33511B, Shape
from coldfinger.instruments.sr860 import SR860
from coldfinger.instruments.srs import SR830, Offset
from tests.instruments import contracts, contracts_keysight


class Heard(Adapter):
    """Keeps what is said, answers what it was given, and knows no errors."""

    def __init__(self, answers):
        super().__init__()
        self.answers = {meaning(question): reply for question, reply in answers.items()}
        self.heard = []

    def _write(self, command, **kwargs):
        self.heard.append(meaning(command))

    def _read(self, **kwargs):
        return self.answers[self.heard[-1]]


def meaning(line):
    """Header, whether it asks, and parameters; numbers as numbers."""
    header, asks, rest = re.fullmatch(r"(\*?[A-Z:]+)(\??)\s*(.*?);?", line).groups()
    return header, asks, tuple(number(field) for field in rest.split(",")) if rest else ()


def number(field):
    try:
        return float(field)
    except ValueError:
        return field.strip()


ERRORS = {"*ESR?": "0", "SYST:ERR?": '+0,"No error"'}
READ = [
    (SR830, "SENS?", "0", "sensitivity", 2e-9),
    (SR830, "SENS?", "14", "sensitivity", 100e-6),
    (SR830, "SENS?", "25", "sensitivity", 0.5),
    (SR830, "SENS?", "19", "sensitivity", 5e-3),
    (SR830, "FREQ?", "121.98", "frequency", 121.98),
    (SR830, "SNAP? 1,2", "-4.17234e-007,-5.9605e-007", "xy", (-4.17234e-7, -5.9605e-7)),
    (SR830, "OEXP? 1", "9.7,1", "offset_x", Offset(9.7, 10)),
    (SR830, "OEXP? 1", "10,1", "offset_x", Offset(10.0, 10)),
    (SR830, "OUTP?1", "-0.000500266", "x", -0.000500266),
    *((Keysight33511B, "FUNC?", shape.value, "shape", shape) for shape in Shape),
    *((Keysight33511B, "VOLT:UNIT?", unit.value, "unit", unit) for unit in AmplitudeUnit),
    *((Keysight33511B, "OUTP?", str(int(on)), "output", on) for on in (False, True)),
    *((Keysight33511B, "PHAS?", str(phase), "phase", phase) for phase in (-360, 360)),
    (Keysight33511B, "FREQ?", "1e-06", "frequency", 1e-6),
]
SET = [
    *(
        (kind, f"AUXV{first + i},{volts:g};", f"aux_output_{i + 1}", volts)
        for kind, first in ((SR830, 1), (SR860, 0))
        for i in range(4)
        for volts in (0.5, 1.5, -10.5, 10.5)
    ),
    *((Keysight33511B, f"FUNC {shape.value}", "shape", shape) for shape in Shape),
    *((Keysight33511B, f"VOLT:UNIT {unit.value}", "unit", unit) for unit in AmplitudeUnit),
    *((Keysight33511B, f"OUTP {on:d}", "output", on) for on in (False, True)),
    *((Keysight33511B, f"PHAS {phase:.6f}", "phase", phase) for phase in (-360, 360)),
    (Keysight33511B, "FREQ 0.000001", "frequency", 1e-6),
]


@pytest.mark.parametrize(("kind", "question", "reply", "name", "value"), READ)
def test_a_published_question_is_ours_and_its_reply_reads_the_same(kind, question, reply, name, value):
    adapter = Heard({question: reply})
    assert getattr(kind(adapter), name) == value
    assert adapter.heard == [meaning(question)]


@pytest.mark.parametrize(("kind", "command", "name", "value"), SET)
def test_a_published_command_is_ours(kind, command, name, value):
    adapter = Heard(ERRORS)
    setattr(kind(adapter), name, value)
    assert adapter.heard[0] == meaning(command)
    assert len(adapter.heard) == 2  # the other one asks for errors, which pymeasure's drivers do not


@pytest.mark.parametrize("volts", [-4.995, 4.995])
def test_a_published_offset_is_ours_between_two_looks_at_the_output(volts):
    before, after = (contracts_keysight.state(offset=f"{value:+.6E}") for value in (0.0, volts))
    adapter = Heard(ERRORS)
    adapter._read = lambda **kwargs: (
        (after if len(adapter.heard) > 2 else before)
        if adapter.heard[-1] == (contracts_keysight.STATE, "", ())
        else ERRORS["SYST:ERR?"]
    )
    adapter._write = lambda command, **kwargs: adapter.heard.append(
        (command, "", ()) if command == contracts_keysight.STATE else meaning(command)
    )
    Keysight33511B(adapter).offset = volts
    assert adapter.heard[1] == meaning(f"VOLT:OFFS {volts:.6f}")


def test_the_published_identity_is_that_of_an_sr830():
    adapter = Heard({"*IDN?": contracts.SR830_IDENTITY})
    assert SR830(adapter).identify() == "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
