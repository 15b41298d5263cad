"""Does the source send what it shows, no more than the film may have, and can it send what is wanted?"""

import math
from typing import Any

from coldfinger.instruments.keysight import AmplitudeUnit, Keysight33511B
from coldfinger.instruments.yokogawa import Function
from coldfinger.procedures.current.excitation import POLICY
from coldfinger.procedures.laboratory.outputs import SINES, bias_resistance, by_offset
from coldfinger.procedures.station_check.findings import FAIL, Line, Said, Visit, fail, ok, panel_words, warn
from coldfinger.procedures.words.quantity import show

_NOISE = 5e-3  # V, of a level that is meant to be zero


def _ohms(visit: Visit) -> float:
    wiring = visit.table("wiring")
    return float(wiring["series_resistance"] + wiring["source_resistance"])


def _load(visit: Visit, source: Any) -> Said | None:
    if not isinstance(source, Keysight33511B):
        return None
    load = float(source.load)
    if math.isinf(load):
        return ok("it expects an infinite load: the voltage shown is the one at the resistor")
    real = (load + 50.0) / load
    return Said(
        FAIL,
        f"it is set for a load of {load:g} ohm, but the series resistor is none: the film would get {real:.3g} times "
        "the current that is shown",
        f"set the output load to high Z: {panel_words(visit, 'source', 'load=inf')}",
    )


def _unit(visit: Visit, source: Any) -> Said | None:
    if not isinstance(source, Keysight33511B):
        return None
    unit = source.unit
    if unit is AmplitudeUnit.V_RMS:
        return ok("amplitudes are in V rms")
    return fail(
        f"it shows amplitudes in {unit.value}, not in V rms: a person at its front panel reads another current",
        panel_words(visit, "source", "unit=V_RMS"),
    )


def _excitation(visit: Visit, source: Any) -> Said:
    limit = visit.limits.current
    least = SINES[visit.file.instruments[visit.table("roles")["source"]]["driver"]].least
    if isinstance(source, Keysight33511B) and not math.isinf(source.load):
        return warn("not judged, because the load is wrong", "see source load")
    volts = float(source.sine_voltage)
    current = volts / _ohms(visit)
    text = f"{volts:.4g} V rms, {show(current, 'current')} through the film"
    if current > limit * (1 + 1e-6):
        return fail(
            f"{text}, beyond the limit of {visit.limits.whose('current')}, {show(limit, 'current')}: it flows now",
            f"coldfinger safe --station {visit.file.source}",
        )
    if volts > 1.5 * least:
        return warn(f"{text} although nothing is measured", f"coldfinger safe --station {visit.file.source}")
    return ok(f"{text}, the least that it can send")


def _range(visit: Visit, source: Any) -> Said:
    sine = SINES[visit.file.instruments[visit.table("roles")["source"]]["driver"]]
    least, most = sine.least / _ohms(visit), sine.most / _ohms(visit)
    wanted = min(current for _, current, _ in POLICY)
    largest = min(visit.limits.current, max(current for _, current, _ in POLICY))
    if most < largest * (1 - 1e-6):
        return warn(
            f"it sends at most {show(most, 'current')}, but procedures ask for up to {show(largest, 'current')}",
            "take a smaller series resistor, or write a smaller limits.current",
        )
    if least > 0.35 * wanted:
        return warn(
            f"its smallest current is {show(least, 'current')}; belief tests need a third of {show(wanted, 'current')}",
            "take a larger series resistor, or a divider and its ratio in wiring.series_resistance",
        )
    return ok(f"{show(least, 'current')} to {show(most, 'current')} behind {show(_ohms(visit), 'resistance')}")


def _bias(visit: Visit, bias: Any) -> Said:
    limit, ohms = visit.limits.bias, bias_resistance(visit.file)
    if hasattr(bias, "function") and bias.function is not Function.VOLTAGE:
        return fail(
            "it is a source of current, and would drive it through any film",
            panel_words(visit, "bias", "function=VOLTAGE"),
        )
    volts = _bias_volts(visit, bias)
    text = f"{volts:.4g} V, {show(volts / ohms, 'current')} through the film"
    if abs(volts) / ohms > limit * (1 + 1e-6) and abs(volts) > _NOISE:
        return fail(
            f"{text}, above limits.bias, {show(limit, 'current')}", f"coldfinger safe --station {visit.file.source}"
        )
    if abs(volts) > _NOISE:
        return warn(f"{text} although nothing is measured", f"coldfinger safe --station {visit.file.source}")
    return ok("no bias flows")


def _bias_volts(visit: Visit, bias: Any) -> float:
    """What the dc source puts on its resistor now (V)."""
    if hasattr(bias, "level"):
        return float(bias.level) if bias.output else 0.0
    if by_offset(visit.file):
        if isinstance(bias, Keysight33511B):
            return float(bias.offset) if bias.output and math.isinf(bias.load) else 0.0
        return float(bias.sine_offset)
    return float(getattr(bias, f"aux_output_{visit.table('bias')['auxiliary_output']}"))


LINES = (
    Line("source load", "source", _load),
    Line("source unit", "source", _unit),
    Line("excitation now", "source", _excitation),
    Line("source range", "source", _range),
    Line("bias now", "bias", _bias),
)
