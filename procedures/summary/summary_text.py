"""The morning summary as one page of text, and the words that text and HTML have in common."""

import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime

from coldfinger.procedures.checks.verdict import CANNOT_SAY, FAIL, PASS
from coldfinger.procedures.summary.summary_report import FitReport, ItemReport, Message, NightReport, Summary, not_run
from coldfinger.procedures.words.quantity import duration_text

WIDTH = 110
_INDENT = "  "
RIGHT = (False, False, False, False, True, True, True)  # columns of the items that hold numbers
_MOST = 12  # lines of one section in the text; the rest is counted


def as_text(summary: Summary) -> str:
    """One page: nights one after the other, sections without content left out."""
    return "\n\n".join(_night(night) for night in summary.nights) + "\n"


def _night(night: NightReport) -> str:
    sections = [
        ("", head_lines(night)[1:]),
        ("What ran", _item_lines(night.items)),
        ("Not carried out", not_run_lines(night)),
        ("Alarms, warnings, orders", [message_line(message) for message in messages(night)]),
        ("Odd", list(night.odd)),
        ("Belief tests", check_lines(night)),
        ("Fits", [f"{field_text(fit):>9}  {fit_line(fit)}" for fit in night.fits]),
        ("Flags", flag_lines(night)),
        ("Seams", list(night.seams)),
        ("End state", safe_lines(night)),
    ]  # fmt: skip
    lines = [head_lines(night)[0], "=" * min(WIDTH, len(head_lines(night)[0]))]
    for title, content in sections:
        if not content:
            continue
        lines += ["", title] if title else []
        lines += _wrapped(content if title in ("", "What ran", "Fits", "Not carried out") else _shortened(content))
    return "\n".join(lines)


def _wrapped(lines: Iterable[str]) -> list[str]:
    wrapped = []
    for line in lines:
        wrapped += textwrap.wrap(
            line,
            WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT * 3,
            drop_whitespace=True,
            replace_whitespace=True,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return wrapped


def _shortened(lines: Sequence[str]) -> list[str]:
    if len(lines) <= _MOST:
        return list(lines)
    return [*lines[:_MOST], f"and {len(lines) - _MOST} more, see the HTML page or --json"]


# Words


def head_lines(night: NightReport) -> list[str]:
    """Title, outcome, and how long it took against what was predicted."""
    where = f"{night.station}{' (simulated)' if night.simulated else ''}"
    title = f"{night.name} at {where}: {when(night.begun)} to {clock_time(night.ended)}"
    if not night.state:
        return [title]
    rows, believed = sum(item.rows for item in night.items), sum(item.believed for item in night.items)
    # "partly" only repeats what stands under "Not carried out"
    reason = "" if night.state == "partly" else night.reason
    lines = [title, f"{night.state}: {reason}" if reason else night.state]
    lines.append(
        f"{counts_text(night.items)}; {believed} of {rows} rows believed; {duration_text(night.seconds)} in all"
    )
    if night.predicted_seconds and night.taken_seconds is not None:
        percent = round(100.0 * (night.taken_seconds / night.predicted_seconds - 1.0))
        lines.append(
            f"items that are done took {duration_text(night.taken_seconds)}, "
            f"{duration_text(night.predicted_seconds)} were predicted ({percent or 0:+d} %)"
        )
    return lines


def counts_text(items: Sequence[ItemReport]) -> str:
    """ "10 of 12 items done, 1 failed, 1 skipped"."""
    states = [item.state for item in items]
    done = states.count("done")
    others = [f"{states.count(state)} {state}" for state in dict.fromkeys(states) if state != "done"]
    return ", ".join([f"{done} of {len(items)} items done", *others])


def when(utc: str) -> str:
    """A time on this computer's clock, with its day."""
    return datetime.fromisoformat(utc).astimezone().strftime("%a %d %b %H:%M") if utc else "(no time)"


def clock_time(utc: str) -> str:
    """The same without the day; "" for none."""
    return datetime.fromisoformat(utc).astimezone().strftime("%H:%M") if utc else ""


def item_cells(item: ItemReport) -> list[str]:
    """Begin, end, name, state, rows, time taken, time predicted."""
    rows = "" if not item.rows else str(item.rows) if item.believed == item.rows else f"{item.believed} of {item.rows}"
    return [
        clock_time(item.begun),
        clock_time(item.ended),
        item.name,
        item.state,
        rows,
        duration_text(item.seconds) if item.seconds is not None else "",
        duration_text(item.predicted_seconds) if item.predicted_seconds is not None and item.begun else "",
    ]


def not_run_lines(night: NightReport) -> list[str]:
    """What was not carried out, or not to its end, and why, in the words that were written then."""
    return [f"{item.name}: {item.state}: {item.reason or 'no reason was written'}" for item in not_run(night)]


def _item_lines(items: Sequence[ItemReport]) -> list[str]:
    """A table of what was begun."""
    head = ["from", "to", "item", "", "rows", "took", "predicted"]
    cells = [head, *(item_cells(item) for item in items if item.begun)]
    if len(cells) == 1:
        return []
    widths = [min(44, max(len(row[i]) for row in cells)) for i in range(len(head))]
    return ["\u00a0\u00a0".join(map(_cell, row, widths, RIGHT)).rstrip("\u00a0") for row in cells]


def _cell(text: str, width: int, right: bool) -> str:
    text = text if len(text) <= width else text[: width - 1] + "…"
    padded = text.rjust(width) if right else text.ljust(width)
    return padded.replace(" ", "\u00a0")  # so that wrapping leaves the columns alone


def check_lines(night: NightReport) -> list[str]:
    """Failed tests first, then those that could not say; passed ones are counted."""
    lines = [
        f"{check.run}: {check.name}: {check.outcome}: {check.sentence}"
        for wanted in (FAIL, CANNOT_SAY)
        for check in night.checks
        if check.outcome == wanted
    ]
    passed = [check for check in night.checks if check.outcome == PASS]
    if passed:
        lines.append(f"{len(passed)} passed: {', '.join(dict.fromkeys(check.name for check in passed))}")
    return lines


def field_text(fit: FitReport) -> str:
    """The field of a curve."""
    return "" if fit.field_Oe is None else f"{fit.field_Oe:g} Oe"


def fit_line(fit: FitReport) -> str:
    """Label, law and parameters, or why there is none."""
    if fit.no_fit:
        return f"{fit.run}: no fit: {fit.no_fit}"
    law = "Eq. 1" if fit.law == "eq1" else "Eq. 2"
    doubt = "" if fit.label not in ("superconductor", "log insulator") else "; neither law describes such a curve"
    return f"{fit.label}: {law}, {fit.text}, n = {fit.points}{doubt}"


def flag_lines(night: NightReport) -> list[str]:
    """Rows by flag: those that no fit uses, and remarks."""
    serious = night.not_believed
    remarks = [f"{name} {count}" for name, count in night.flags if name not in serious]
    lines = ["not believed: " + ", ".join(f"{name} {count}" for name, count in serious.items())] if serious else []
    return lines + (["remarks: " + ", ".join(remarks)] if remarks else [])


def messages(night: NightReport) -> list[Message]:
    """Alarms, warnings and orders in this order, without those that only repeat why an item was not carried out."""
    urgency = {"alarm": 0, "warning": 1}
    told = {f"{item.name}: {item.reason}" for item in not_run(night)}
    return sorted((m for m in night.messages if m.text not in told), key=lambda message: urgency.get(message.level, 2))


def message_line(message: Message) -> str:
    """Time, level and sentence."""
    return f"{clock_time(message.utc)} {message.level.upper()}: {message.text}".strip()


def safe_lines(night: NightReport) -> list[str]:
    """The safe state, item by item; what was not made safe first."""
    if not night.state:
        return []
    if not night.safe:
        return ["nothing was written about the safe state: look at the instruments"] if night.state != "running" else []
    bad = [f"{item['item']} is NOT safe: {item['detail']}" for item in night.safe if not item["done"]]
    good = [f"{item['item']}: {item['detail']}" for item in night.safe if item["done"]]
    return bad + (["safe: " + "; ".join(good)] if good else [])
