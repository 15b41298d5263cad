"""A fitted family as a table sample: the film of a night, for the simulated refrigerator of the next.

The file has the fitted law of each field with all its digits (`docs/samples.md`). Where the base is only a limit its
best value is written, zero if that lies lowest; a field of which nothing is believed is left out, with a comment.
"""

import json
import math

from coldfinger.analysis.across.family_fit import FamilyFit, FieldFit
from coldfinger.analysis.fits.fit_result import PARAMETER_NAMES

WARM = 1.2
"""K, where the fitted law is taken for the normal resistance (as in the paper's films, assumed)."""


def sample_text(fitted: FamilyFit, name: str = "") -> str:
    """TOML text of the family (Oe, ohm/square, S, K); raises ValueError where no field has a usable fit."""
    entries: dict[float, FieldFit] = {}
    left_out = []
    for member in fitted.fields:
        reason = _why_not(member)
        if not reason and abs(member.field) in entries:
            reason = "the other run at this field is used"
        if reason:
            left_out.append(f"# {member.field:g} Oe is left out: {reason}")
        else:
            entries[abs(member.field)] = member
    if not entries:
        raise ValueError(
            f"sample file: no field of {fitted.family.name} has a fit that may be believed; nothing to save"
        )
    normal = max(_normal(member) for member in entries.values())
    first = next(iter(entries.values())).table
    lines = [
        f"# fitted to {len(entries)} fields of {json.dumps(fitted.family.name, ensure_ascii=False)[1:-1]}",
        f"name = {json.dumps(name or fitted.family.name, ensure_ascii=False)}",
        f"normal_resistance = {normal!r}  # ohm/square, the fitted laws at {WARM:g} K; no measurement",
        f"squares = {first.squares!r}",
        f"end_squares = {first.end_squares!r}",
        *left_out,
    ]
    for field in sorted(entries):
        lines += ["", "[[field]]", *_entry(field, entries[field])]
    return "\n".join(lines) + "\n"


def _why_not(member: FieldFit) -> str:
    if member.fit is None:
        return "there is no fit"
    if member.saturation == "disbelieved":
        return "a belief test failed"
    if not (member.fit.best[1] > 0 and math.isfinite(member.fit.best[2])):
        return "the law has no activated part"
    return ""


def _entry(field: float, member: FieldFit) -> list[str]:
    fit = member.fit
    assert fit is not None
    limit = " # only an upper limit is known" if fit.status == "limit" else ""
    comments = (limit, "", "")
    values = zip(PARAMETER_NAMES[fit.law], fit.best, comments, strict=True)
    return [
        f"oersted = {field!r}",
        f'law = "{fit.law}"',
        *(f"{name} = {float(value)!r}{comment}" for name, value, comment in values),
        f"normal_resistance = {_normal(member)!r}",
    ]


def _normal(member: FieldFit) -> float:
    assert member.fit is not None
    return float(f"{float(member.fit.predict(WARM)):.6g}")
