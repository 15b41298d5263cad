"""Texts of a field for several quantities: `0, 1, 2.5`, `0:9:12`, `0:9/0.5`, `log 0.05:10:120`, echoed as values."""

from dataclasses import dataclass

from coldfinger.gui.fields.quantity_text import Field, check, number_text
from coldfinger.procedures.plans.plan_values import ValueMistake, numbers
from coldfinger.procedures.words.field_way import is_way, turning_points
from coldfinger.procedures.words.quantity import QuantityError

_SHOWN = 4  # values in a preview


@dataclass(frozen=True)
class ListField:
    """What a list takes: `field` for each of its values; `way`: loops and zigzags, too."""

    field: Field
    way: bool = False


def with_unit(text: str, unit: str) -> str:
    """A list with its unit: a text that ends in a digit means the field's unit."""
    plain = text.strip()
    counted = " x" in plain.replace("x", " x")
    return f"{plain} {unit}" if plain and (plain[-1].isdigit() or plain[-1] == ".") and not counted else plain


def read_list(text: str, of: ListField) -> list[float]:
    """The values in the field's unit; none for an empty text where that is allowed. Raises QuantityError."""
    field = of.field
    if not text.strip() and field.empty:
        return []
    written = with_unit(text.replace("−", "-"), field.unit)
    try:
        way = of.way and is_way(written)
        values = turning_points(written, field.name) if way else numbers(written, field.unit, field.name)
    except ValueMistake as error:
        raise QuantityError(str(error)) from None
    if not values:
        raise QuantityError(f'{field.name}: no value; write for example "0, 1, 2.5" or "0:9:12"')
    for value in values:
        check(value, field)
    return values


def preview(values: list[float], of: ListField) -> str:
    """ "12 values: 0, 54.5, 109, … 600 Oe"; "" for none."""
    field = of.field
    if not values:
        return ""
    short = [f"{value:.4g}" for value in values]
    if len(short) > _SHOWN + 1:
        short = [*short[: _SHOWN - 1], "… " + short[-1]]
    count = "1 value" if len(values) == 1 else f"{len(values)} values"
    return f"{count}: {', '.join(short)} {field.unit}"


def list_tooltip(of: ListField) -> str:
    """Meaning, forms, range, unit."""
    field = of.field
    forms = "Write 0, 1, 2.5 or 0:9:12 (12 values) or 0:9/0.5 (steps) or log 0.05:10:120"
    lines = [field.meaning, forms]
    if of.way:
        lines.append(f"or loop 100 {field.unit} or zigzag -50, 50 {field.unit} x 4")
    low, high = number_text(field.minimum), number_text(field.maximum)
    lines += [f"Range: {low} to {high} {field.unit} {field.of}".rstrip(), f"Unit: {field.unit}"]
    return "\n".join([*lines, f"Empty: {field.empty}"] if field.empty else lines)
