"""Benches for other people's drivers: the same racks over TCP and behind `@coldfinger`, a hundred times too fast."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from coldfinger.sim import visa
from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat, Laboratory
from coldfinger.sim.magnet import MagnetModel
from coldfinger.sim.rack import Rack, sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.server import serve

SPEED = 100.0  # s of the laboratory in a second: ramps and settling take tenths of a second
SAMPLE = builtin_sample("S0", 0, fluctuations=False)
GPIB_OR_NETWORK = {
    "lock-in": "GPIB0::8::INSTR",
    "generator": "USB0::0x0957::0x2607::MY52302222::0::INSTR",
    "controller": "TCPIP0::127.0.0.1::33576::SOCKET",
    "bridge": "GPIB0::12::INSTR",
    "magnet": "TCPIP0::127.0.0.1::7180::SOCKET",
    "bias": "GPIB0::7::INSTR",
}


class Seat(NamedTuple):
    """Where one instrument is reached."""

    rack: Rack
    resource: str
    library: str  # for PyVISA
    host: str = ""
    port: int = 0

    @property
    def over_tcp(self) -> bool:
        return bool(self.port)


def bench(models: Mapping[str, str], magnet: MagnetModel | None = None) -> Rack:
    """A rack with those models in their places, its clock running, its lock-in without noise."""
    laboratory = Laboratory(input_noise=None, magnet=magnet or MagnetModel())
    addresses = {place: GPIB_OR_NETWORK[place] for place in models}
    return sim_rack(Cryostat(SAMPLE, laboratory), SimClock(SPEED), addresses, models=models)


@contextlib.contextmanager
def seats(way: str, *racks: Rack) -> Iterator[dict[str, Seat]]:
    """Every instrument of the racks by its model, over TCP ("served") or in process."""
    found: dict[str, Seat] = {}
    with contextlib.ExitStack() as stack:
        for number, rack in enumerate(racks):
            if way == "served":
                for place in stack.enter_context(serve(rack)).places.values():
                    found[place.model] = Seat(rack, place.resource, "@py", place.host, place.port)
            else:
                name = f"bench {number}"
                visa.register(name, rack)
                stack.callback(visa.unregister, name)
                for place, model in rack.models.items():
                    found[model] = Seat(rack, rack.names[place], f"{name}@coldfinger")
        yield found
