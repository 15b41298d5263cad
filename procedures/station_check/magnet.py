"""Does the magnet supply count as the program does, and can the coil be where the station wants to go?"""

from typing import Any

from coldfinger.instruments.ami import AMI430, FieldUnit, RateUnit
from coldfinger.instruments.roles import RampState
from coldfinger.procedures.station_check.findings import FAIL, Line, Said, Visit, fail, ok, warn
from coldfinger.procedures.words.quantity import show

_SAME_COIL = 0.01  # relative, between the coil constants of supply and station file
_SAME_TIME = 1.0  # s
_AT_REST = (RampState.HOLDING, RampState.PAUSED, RampState.AT_ZERO)


def _tesla(magnet: Any) -> float:
    """What a field of the supply has to be multiplied with; 0.1 while it counts in kilogauss."""
    return 0.1 if isinstance(magnet, AMI430) and magnet.units is FieldUnit.KILOGAUSS else 1.0


def _per_second(magnet: Any) -> float:
    return 1 / 60 if isinstance(magnet, AMI430) and magnet.rate_units is RateUnit.PER_MINUTE else 1.0


def _units(visit: Visit, magnet: Any) -> Said | None:
    if not isinstance(magnet, AMI430):
        return None
    if magnet.units is FieldUnit.TESLA:
        return ok("the supply counts in tesla")
    return Said(
        FAIL,
        "the supply counts in kilogauss: 0.06 sent as tesla would be 60 Oe instead of 600 Oe, and a person at its "
        "front panel reads ten times the field",
        "choose tesla at the supply's front panel; a run chooses it when it begins",
    )


def _rate_units(visit: Visit, magnet: Any) -> Said | None:
    if not isinstance(magnet, AMI430):
        return None
    if magnet.rate_units is RateUnit.PER_SECOND:
        return ok("the supply counts its rates per second")
    return fail(
        "the supply counts its rates per minute: a ramp would be 60 times too slow",
        "choose seconds at the supply's front panel; a run chooses them when it begins",
    )


def _coil(visit: Visit, magnet: Any) -> Said | None:
    if not hasattr(magnet, "coil_constant"):
        return None
    believed, said = float(magnet.coil_constant) * _tesla(magnet), visit.table("magnet")["coil_constant"]
    if said is None:
        return ok(
            f"the supply believes in {believed:.6g} T/A; write [magnet] coil_constant from the certificate of the "
            "magnet, and it is compared"
        )
    if abs(believed / said - 1.0) <= _SAME_COIL:
        return ok(f"{believed:.6g} T/A, as magnet.coil_constant says")
    return fail(
        f"the supply believes in {believed:.6g} T/A, but magnet.coil_constant is {said:.6g} T/A: every field is wrong "
        f"by {100 * (believed / said - 1.0):+.3g} %",
        "look into the certificate of the magnet and correct the one that is wrong",
    )


def _reach(visit: Visit, magnet: Any) -> Said | None:
    if not hasattr(magnet, "current_limit") or not hasattr(magnet, "coil_constant"):
        return None
    offset = abs(visit.table("magnet")["offset"])
    highest = float(magnet.current_limit) * float(magnet.coil_constant) * _tesla(magnet)
    if highest >= visit.limits.field + offset:
        return ok(
            f"the supply allows {show(highest, 'field')}, the station wants {show(visit.limits.field, 'field')} at most"
        )
    return fail(
        f"the supply's own limit is {show(highest, 'field')}, below limits.field, {show(visit.limits.field, 'field')}",
        "write a smaller limits.field, or raise the current limit at the supply if the magnet bears it",
    )


def _field(visit: Visit, magnet: Any) -> Said:
    field = float(magnet.field) * _tesla(magnet)
    if abs(field) <= visit.limits.field + abs(visit.table("magnet")["offset"]) + 1e-6:
        return ok(f"{show(field, 'field')} in the coil")
    return fail(
        f"{show(field, 'field')} in the coil, beyond the limit of {show(visit.limits.field, 'field')}",
        "bring the magnet back at its front panel, and ask who has moved it",
    )


def _rate(visit: Visit, magnet: Any) -> Said:
    rate = float(magnet.ramp_rate) * _tesla(magnet) * _per_second(magnet)
    if rate <= visit.limits.field_rate * (1 + 1e-6):
        return ok(f"it is set to {show(rate, 'field rate')}")
    wanted = visit.table("magnet")["ramp_rate"]
    return warn(
        f"it is set to {show(rate, 'field rate')}, beyond the limit of {show(visit.limits.field_rate, 'field rate')}",
        f"nothing to do if nobody ramps by hand: a run sets {show(wanted, 'field rate')} when it begins",
    )


def _state(visit: Visit, magnet: Any) -> Said:
    state = magnet.state
    if state is RampState.QUENCH or magnet.quenched:
        return fail(
            "the magnet has quenched: the supply ramps no more, and nobody should ask it to",
            "look at the magnet and its helium; then clear the quench at the front panel",
        )
    words = state.name.lower().replace("_", " ")
    if state in _AT_REST:
        return ok(f"the supply is {words}")
    return warn(f"the supply is {words} although no run is on", "wait, or ask who is moving it")


def _switch(visit: Visit, magnet: Any) -> Said:
    table, installed = visit.table("magnet"), bool(magnet.switch_installed)
    if installed != table["persistent_switch"]:
        here, there = ("a", "none") if installed else ("no", "one")
        return fail(
            f"the supply knows of {here} persistent switch, the station file of {there}: a ramp would move the leads "
            "instead of the coil, or wait for a switch that is not there",
            f"write magnet.persistent_switch = {'true' if installed else 'false'}, or correct it at the front panel",
        )
    if not installed:
        return ok("there is none, as the station file says")
    for key in ("switch_heat_time", "switch_cool_time"):
        if abs((time := float(getattr(magnet, key))) - table[key]) > _SAME_TIME:
            return fail(
                f"magnet.{key} is {table[key]:g} s, but the supply takes {time:g} s: one of them would act on a switch "
                "that is half warm",
                "make them equal, here or at the supply's front panel",
            )
    heated = "heated" if magnet.switch_heated else "not heated"
    return ok(f"there is one, {heated}, and both agree on its times")


LINES = (
    Line("magnet units", "magnet", _units),
    Line("magnet rate units", "magnet", _rate_units),
    Line("magnet coil constant", "magnet", _coil),
    Line("magnet limit", "magnet", _reach),
    Line("magnet field", "magnet", _field),
    Line("magnet ramp rate", "magnet", _rate),
    Line("magnet state", "magnet", _state),
    Line("persistent switch", "magnet", _switch),
)
