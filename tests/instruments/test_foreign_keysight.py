"""The 33511B driver on a simulated generator that nobody here wrote: the pyvisa-sim file that QCoDeS brings along.

The file knows the wave form and the sync output, in the long spelling only, and nothing of amplitude, offset, load,
output and errors. `Wire` says what is translated and what is answered in the file's place.
"""

import pytest

from coldfinger.instruments.errors import LinkError, ReplyError
from coldfinger.instruments.keysight import Keysight33511B, Shape
from tests.instruments.test_foreign_simulators import wired  # noqa: F401  a fixture

LONG = {"FUNC": "SOURce1:FUNCtion", "OUTP:SYNC": "OUTPut:SYNC", "VOLT": "SOURce1:VOLTage", "OUTP": "OUTPut"}


class ForeignKeysight(Keysight33511B):
    """The driver, for the name that the file gives itself."""

    IDENTITY = "QCoDeS, 33522B, .*"


def spelled_out(line):
    header, mark, rest = line.partition("?") if "?" in line else line.partition(" ")
    return LONG.get(header.removeprefix(":"), header) + mark + rest


def on_file(connect, driver=ForeignKeysight):
    instead = {"SYST:ERR?": '+0,"No error"', "*CLS": None}
    return driver(connect("Keysight_33xxx", "GPIB::1::INSTR", "\n", spelled_out, instead=instead))


def test_it_is_not_taken_for_a_generator_that_carries_the_real_name(wired):  # noqa: F811
    with pytest.raises(LinkError, match=r"answered 'QCoDeS, 33522B, 1, 0\.1', but .* right address"):
        on_file(wired, Keysight33511B).identify()


def test_wave_form_and_sync_output_are_read_set_and_read_back(wired):  # noqa: F811
    generator = on_file(wired)
    assert generator.identify() == "QCoDeS, 33522B, 1, 0.1"
    assert (generator.shape, generator.sync_output) == (Shape.SINE, False)
    for shape in (Shape.SQUARE, Shape.DC, Shape.SINE):
        generator.shape = shape
        assert generator.shape is shape
    generator.sync_output = True
    assert generator.sync_output is True
    generator.confirm()
    assert generator.doubts == 0


@pytest.mark.parametrize("name", ["sine_voltage", "offset", "load", "output", "frequency"])
def test_what_the_file_does_not_know_is_an_error_and_no_number(wired, name):  # noqa: F811
    with pytest.raises(ReplyError, match="required is"):
        getattr(on_file(wired), name)


def test_it_is_not_configured_while_its_output_cannot_be_read(wired):  # noqa: F811
    with pytest.raises(LinkError):
        on_file(wired).configure()
