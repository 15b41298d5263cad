"""The laboratory of a front panel's test, where the test has none of its own."""

import pytest

from coldfinger.sim.cryostat import Cryostat
from tests.sim.panel_checks import SAMPLE


@pytest.fixture
def cryostat():
    return Cryostat(SAMPLE)
