"""Persistent mode of a station with one of Oxford's supplies: the procedures' own way, word by word the same."""

from collections.abc import Callable

import pytest

from coldfinger.instruments.errors import MagnetError
from coldfinger.instruments.ips120 import IPS120
from coldfinger.instruments.mercury_ips import MercuryIPS
from coldfinger.procedures.laboratory.station_file import read_station_file
from coldfinger.procedures.reach.persistent import PersistentMode
from coldfinger.procedures.station import Station

AMI = 'driver = "AMI430"\naddress = "TCPIP0::127.0.0.1::7180::SOCKET"'
SUPPLIES = {
    MercuryIPS: 'driver = "MercuryIPS"\naddress = "TCPIP0::127.0.0.1::7020::SOCKET"',
    IPS120: 'driver = "IPS120"\naddress = "GPIB0::25::INSTR"\ncoil_constant = "20 Oe/A"',
}
SWITCHED = read_station_file().text.replace("persistent_switch = false", "persistent_switch = true")


@pytest.mark.parametrize("kind", SUPPLIES)
@pytest.mark.parametrize("leads_to_zero", [True, False])
def test_a_field_is_left_in_the_coil_and_fetched_again(
    simulated: Callable[..., Station], kind: type, leads_to_zero: bool
) -> None:
    assert AMI in SWITCHED
    station = simulated(text=SWITCHED.replace(AMI, SUPPLIES[kind]), sample="S0")
    truth, mode = station.cryostat.magnet, PersistentMode(station)
    assert isinstance(station.magnet, kind)
    mode.leave()
    station.go_to_field(0.01)
    while not station.magnet_holding():
        station.clock.sleep(1.0)
    mode.enter(leads_to_zero)
    assert mode.holds(0.01)
    assert truth.coil == pytest.approx(99.5, abs=0.02)  # 100 Oe with the offset of 0.5 Oe; one step of the supply
    assert (truth.after == 0.0) is leads_to_zero
    with pytest.raises(MagnetError, match="behind a cold persistent switch"):
        station.go_to_field(0.0)
    mode.leave()
    station.go_to_field(0.0)
    while not station.magnet_holding():
        station.clock.sleep(1.0)
    assert truth.coil == pytest.approx(-0.5, abs=0.02)
    assert (truth.quenched, truth.released) == (False, 0.0)
