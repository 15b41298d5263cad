"""The five belief tests as they are measured, alone or one after the other in the middle of a run."""

import math
from collections.abc import Callable, Sequence

from coldfinger.instruments.lakeshore import CURRENT_EXCITATIONS, VOLTAGE_EXCITATIONS, ExcitationMode
from coldfinger.instruments.srs import InputConfiguration
from coldfinger.procedures.base import TransportProcedure
from coldfinger.procedures.checks.bench import SERIES, SMALLER, Bench, Terms, look_seconds, noise_of
from coldfinger.procedures.checks.judge import (
    judge_frequency,
    judge_heating,
    judge_leads,
    judge_linearity,
    judge_thermometer,
)
from coldfinger.procedures.checks.verdict import CANNOT_SAY, Look, Verdict
from coldfinger.procedures.current.excitation import POLICY
from coldfinger.procedures.rows.point import Raw
from coldfinger.procedures.station import Station
from coldfinger.runfiles.quality import Quality

_LOWEST_FREQUENCY = POLICY[-1][2]  # Hz, where heating is looked for when the phase at the run's own is too large
_CONTACT = 1e3  # ohm, acceptable resistance of the grounded contact
_CONTACT_SHARE = 0.02  # of the film: how well the geometry is known
_BRIDGE_SETTLING = 40.0  # s for the bridge's ranges and transients after a change of its excitation
_MESSAGES = 1.5  # s
_HALF = 0.5
_RESOLUTION = 32768.0  # steps of the lock-in's full scale


def check_linearity(bench: Bench) -> Verdict:
    """I, I/3, I, and the whole series when it is wanted; as slowly as rho can be known."""
    if few := _too_small(bench, bench.current / SMALLER):
        return Verdict("linearity", CANNOT_SAY, few)
    before, third, after = bench.currents or _three_currents(bench)
    series = [bench.look(current, before.frequency) for current in SERIES] if bench.terms.series else []
    return judge_linearity(before, third, after, bench.terms.tolerance, series)


def _three_currents(bench: Bench) -> tuple[Look, Look, Look]:
    before, frequency = _first_look(bench)
    return before, bench.look(bench.current / SMALLER, frequency), bench.look(frequency=frequency)


def check_heating(bench: Bench) -> Verdict:
    """I, I/2, I/3, I/2, I."""
    if few := _too_small(bench, bench.current / SMALLER):
        return Verdict("heating", CANNOT_SAY, few)
    before, frequency = _first_look(bench)
    half = bench.look(bench.current * _HALF, frequency)
    third = bench.look(bench.current / SMALLER, frequency)
    again = bench.look(bench.current * _HALF, frequency)
    after = bench.look(frequency=frequency)
    bench.currents = (before, third, after)
    terms = bench.terms
    return judge_heating((before, after), (half, again), third, terms.tolerance, terms.slope)


def _first_look(bench: Bench) -> tuple[Look, float]:
    """A look at the run's own excitation and its frequency (Hz): 0.7 Hz if the lines turn the phase too far there."""
    look = bench.look()
    if look.invertible or bench.frequency <= _LOWEST_FREQUENCY:
        return look, bench.frequency
    return bench.look(frequency=_LOWEST_FREQUENCY), _LOWEST_FREQUENCY


def check_frequency(bench: Bench) -> Verdict:
    """f, f/2, f."""
    before, half, after = bench.look(), bench.look(frequency=_HALF * bench.frequency), bench.look()
    return judge_frequency(before, half, after, bench.terms.tolerance, bench.station.network.line_capacitance)


def check_leads(bench: Bench) -> Verdict:
    """As usual, with the reference turned by 180 degrees, and V+ alone against ground."""
    normal = bench.look()
    lockin, voltage = bench.station.lockin, bench.keeper.voltage
    usual = lockin.sensitivity
    try:
        lockin.phase = 180.0
        bench.settle()
        turned = bench.raw()
        lockin.phase = 0.0
        lockin.input_configuration = InputConfiguration.A
        alone, scale = _single_ended(bench, usual)
    finally:
        lockin.phase = 0.0
        lockin.input_configuration = InputConfiguration.A_MINUS_B
        lockin.sensitivity = usual
    bench.settle()
    network = bench.station.network
    single = None if alone.lockin_status else complex(alone.x, alone.y) / voltage
    expected = 0j
    if normal.invertible:
        expected = network.single_ended(normal.resistivity, normal.frequency, normal.capacitance)
    ohms = network.series_resistance + network.source_resistance
    sd = math.hypot(noise_of(bench, alone), scale / _RESOLUTION) / voltage
    return judge_leads(
        normal,
        complex(turned.x, turned.y) / voltage,
        single,
        expected,
        sd * ohms,
        ohms,
        _CONTACT + _CONTACT_SHARE * abs(normal.resistivity),
        bench.terms.tolerance,
    )


def _single_ended(bench: Bench, usual: float) -> tuple[Raw, float]:
    """Reading of V+ alone and the full scale (V) it took.

    The far end of the film and its contact come on top of what is usual; a bad contact is not known beforehand.
    """
    lockin = bench.station.lockin
    wider = [scale for scale in lockin.SENSITIVITIES if scale >= 9.9 * usual][::3] or [lockin.SENSITIVITIES[-1]]
    for scale in wider:
        lockin.sensitivity = scale
        bench.settle()
        raw = bench.raw()
        if not raw.lockin_status or scale == wider[-1]:
            break
    return raw, scale


def check_thermometer(bench: Bench) -> Verdict:
    """The bridge's excitation, the next step below it, and the excitation again."""
    bridge = bench.station.bridge
    usual = bridge.setup
    steps = [step for step in _steps(bench.station) if step < 0.99 * usual.excitation]
    if not steps:
        return Verdict("thermometer", CANNOT_SAY, "the bridge has no smaller excitation than the one in use")
    before = bench.look()
    try:
        bridge.setup = usual._replace(excitation=steps[-1])
        bench.station.bridge_excitation = steps[-1]
        bench.procedure.pause_for(_BRIDGE_SETTLING)
        lower = bench.look()
    finally:
        bridge.setup = usual
        bench.station.bridge_excitation = usual.excitation
    bench.procedure.pause_for(_BRIDGE_SETTLING)
    after = bench.look()
    text = f"with {steps[-1] / usual.excitation:.2g} of the bridge's excitation ({usual.excitation:.3g})"
    return judge_thermometer(_kelvin(before), _kelvin(lower), _kelvin(after), bench.terms.temperature_tolerance, text)


CHECKS: dict[str, Callable[[Bench], Verdict]] = {
    "heating": check_heating,
    "linearity": check_linearity,
    "frequency": check_frequency,
    "leads": check_leads,
    "thermometer": check_thermometer,
}
"""Belief tests by name, in the order in which they are made."""


def run_checks(
    procedure: TransportProcedure,
    names: Sequence[str] = tuple(CHECKS),
    terms: Terms | None = None,
    *,
    field: float = 0.0,
    write_rows: bool = False,
    arrived: bool = True,
) -> list[Verdict]:
    """Make belief tests at the procedure's present temperature, field (T) and excitation.

    The procedure's `start_excitation` must have been called. Every verdict becomes a mark of kind "check" in the
    run. A temperature that has not arrived is no obstacle: every test looks for a drift itself. Afterwards the
    procedure's own excitation is wanted again; its next row carries the seam.
    """
    bench = Bench(procedure, terms or Terms(), field, write_rows, Quality(0) if arrived else Quality.NOT_SETTLED)
    verdicts = []
    try:
        for name in names:
            first = len(bench.looks)
            verdict = CHECKS[name](bench)
            verdicts.append(verdict)
            procedure.verdicts = (*procedure.verdicts, verdict)
            place = {"temperature": procedure.t_set, "field": field, "arrived": arrived}
            data = {**verdict.to_json(), "at": place, "looks": [vars(look) for look in bench.looks[first:]]}
            procedure.emit("mark", ("check", str(verdict), data))
    finally:
        bench.restore()
    return verdicts


def checks_seconds(station: Station, names: Sequence[str], terms: Terms, frequency: float) -> float:
    """Expected seconds of the tests at a frequency (Hz)."""
    look = look_seconds(station, terms, frequency)
    series = len(SERIES) * look if terms.series else 0.0
    seconds = {
        "heating": 5.0 * look,
        "linearity": (0.0 if "heating" in names else 3.0 * look) + series,
        "frequency": 2.0 * look + look_seconds(station, terms, _HALF * frequency),
        "leads": 3.0 * look,
        "thermometer": 3.0 * look + 2.0 * _BRIDGE_SETTLING + _MESSAGES,
    }
    return math.fsum(seconds[name] for name in names)


def _too_small(bench: Bench, current: float) -> str:
    least = bench.smallest_current()
    if current >= least:
        return ""
    return f"a third of {bench.current * 1e9:.3g} nA is below the source's smallest, {least * 1e12:.3g} pA"


def _steps(station: Station) -> tuple[float, ...]:
    return VOLTAGE_EXCITATIONS if station.bridge.setup.mode is ExcitationMode.VOLTAGE else CURRENT_EXCITATIONS


def _kelvin(look: Look) -> tuple[float, float]:
    return look.temperature, look.temperature_sd
