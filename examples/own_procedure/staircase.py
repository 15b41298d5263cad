"""A procedure of one's own: the magnet climbs a staircase, and every step is written down when it has been reached."""

from pymeasure.experiment import FloatParameter, IntegerParameter, Procedure

from coldfinger.instruments.clock import wait_until


class Staircase(Procedure):
    """Go up in equal steps of the field; `station` is given to it before it is run."""

    top = FloatParameter("Highest field", units="Oe", default=100.0)
    steps = IntegerParameter("Steps", default=5)

    DATA_COLUMNS = ["time (s)", "field (Oe)"]  # noqa: RUF012 - as pymeasure wants it

    def execute(self):
        station = self.station
        for step in range(1, self.steps + 1):
            station.go_to_field(1e-4 * self.top * step / self.steps)
            wait_until(station.magnet_holding, station.clock, poll=1.0, timeout=600.0, what=f"step {step}")
            field = 1e4 * station.sample_field(station.magnet.field)
            self.emit("results", {"time (s)": station.clock.time(), "field (Oe)": field})
