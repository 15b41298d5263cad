"""Temperature curves of the Lake Shore 372: user curves 21 to 59, up and down, and which input follows which."""

from coldfinger.sim.devices.curves import LOGARITHMIC, MOST_POINTS, StoredCurve
from coldfinger.sim.devices.ls372_inputs import InputPanel
from coldfinger.sim.devices.ls372_words import channel, title
from coldfinger.sim.scpi import CommandTable, Fault, Refused, integer, real


class CurvePanel(InputPanel):
    """What the front panel knows of curves."""

    commands = CommandTable()

    def _curve_of(self, number: int) -> StoredCurve:
        return self._curves.setdefault(number, StoredCurve())

    def _curve_changed(self, number: int) -> None:
        for key, sensor in self._inputs.items():
            if self._channels[key].curve == number:
                self._connect(key, number, sensor)

    @commands.command("INCRV", takes=(channel, integer(0, 59)))
    def set_curve(self, key: str, number: int) -> None:
        self._use_curve(key, number)

    @commands.command("INCRV?", takes=(channel,))
    def read_curve(self, key: str) -> str:
        return f"{self._channels[key].curve:02d}"

    @commands.command(
        "CRVHDR",
        takes=(integer(21, 59), title(15), title(10), integer(3, 7), real(0.0, 1e4), integer(1, 2)),
    )
    def set_curve_header(self, number: int, name: str, serial: str, kind: int, limit: float, coefficient: int) -> None:
        if kind not in (3, 4, 7):
            raise Refused(Fault.OUT_OF_RANGE)
        curve = self._curve_of(number)
        curve.name, curve.serial, curve.format, curve.limit = name, serial, kind, limit
        curve.coefficient = coefficient
        curve.recompute_coefficient()

    @commands.command("CRVHDR?", takes=(integer(1, 59),))
    def read_curve_header(self, number: int) -> str:
        curve = self._curves.get(number, StoredCurve(format=LOGARITHMIC))
        return f"{curve.name:<15},{curve.serial:<10},{curve.format},{curve.limit:+.3f},{curve.coefficient}"

    @commands.command("CRVPT", takes=(integer(21, 59), integer(1, MOST_POINTS), real(-1e9, 1e9), real(0.0, 1e4)))
    def set_curve_point(self, number: int, index: int, units: float, kelvin: float) -> None:
        curve = self._curve_of(number)
        curve.points[index] = (float(f"{units:.6g}"), float(f"{kelvin:.6g}"))
        curve.recompute_coefficient()
        self._curve_changed(number)

    @commands.command("CRVPT?", takes=(integer(1, 59), integer(1, MOST_POINTS)))
    def read_curve_point(self, number: int, index: int) -> str:
        curve = self._curves.get(number)
        units, kelvin = curve.points.get(index, (0.0, 0.0)) if curve is not None else (0.0, 0.0)
        return f"{units:.6g},{kelvin:.6g}"

    @commands.command("CRVDEL", takes=(integer(21, 59),))
    def delete_curve(self, number: int) -> None:
        self._curves.pop(number, None)
        self._curve_changed(number)
