"""The morning summary as one HTML page that needs nothing else: no script, no picture file, every text escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from coldfinger.procedures.summary.summary_report import NightReport, Summary
from coldfinger.procedures.summary.summary_svg import family_svg
from coldfinger.procedures.summary.summary_text import (
    RIGHT,
    check_lines,
    field_text,
    fit_line,
    flag_lines,
    head_lines,
    item_cells,
    message_line,
    messages,
    not_run_lines,
    safe_lines,
    when,
)

STYLE = """
:root { color-scheme: light dark; --ink: #1c2128; --paper: #fff; --line: #d0d7de; --soft: #59636e; --bad: #b42318;
  --warn: #8a5a00; --good: #1a7f37 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #15191e; --line: #3a424b; --soft: #9da7b3;
  --bad: #ff8579; --warn: #e3b341; --good: #56d364 } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.45rem; margin: 0 0 .2rem } h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem }
section.night { border-top: 2px solid var(--line); padding-top: 1.2rem; margin-top: 2rem }
section.night:first-of-type { border: 0; margin-top: 0; padding-top: 0 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem }
td, th { padding: .2rem .7rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.number, th.number { text-align: right }
ul { margin: .2rem 0; padding-left: 1.2rem } p { margin: .2rem 0 }
.bad { color: var(--bad); font-weight: 600 } .warn { color: var(--warn) } .good { color: var(--good) }
.soft, footer { color: var(--soft) } footer { margin: 2.5rem 0 1rem; font-size: .85rem }
.badge { border: 1px dashed var(--warn); color: var(--warn); border-radius: 4px; padding: 0 .4rem; font-size: .85rem }
svg { max-width: 100%; height: auto } svg text { fill: var(--ink); font: 12px system-ui, sans-serif }
@media print { body { margin: 0; max-width: none; font-size: 12px } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LOOKS = {"done": "good", "running": "", "waiting": "soft", "disabled": "soft", "skipped": "warn", "partial": "warn"}
_NUMBERS = tuple(i for i, number in enumerate(RIGHT) if number)


def as_html(summary: Summary) -> str:
    """The whole page."""
    title = f"Summary of {summary.data}"
    nights = "\n".join(_night(night) for night in summary.nights)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{nights}\n"
        f"<footer>coldfinger summary of {escape(summary.data)}, written {escape(when(summary.written))}</footer>\n"
        "</body></html>\n"
    )


def _night(night: NightReport) -> str:
    title, *lines = head_lines(night)
    badge = ' <span class="badge">simulated</span>' if night.simulated else ""
    parts = [f"<h1>{escape(title.replace(' (simulated)', ''))}{badge}</h1>"]
    if lines:
        parts.append(f'<p class="{_outcome_look(night.state)}">{escape(lines[0])}</p>')
        parts += [f"<p>{escape(line)}</p>" for line in lines[1:]]
    figure = family_svg(night.curves)
    parts += [
        _section("What ran", _items(night)),
        _section("Not carried out", _list((text, "warn") for text in not_run_lines(night))),
        _section("Alarms, warnings, orders", _messages(night)),
        _section("Odd", _list((text, "warn") for text in night.odd)),
        _section("Belief tests", _list((text, "bad" if ": fail: " in text else "") for text in check_lines(night))),
        _section("Fits", _fits(night)),
        _section("R(T)", figure),
        _section("Flags", _list((text, "warn" if text.startswith("not") else "") for text in flag_lines(night))),
        _section("Seams", _list((text, "") for text in night.seams)),
        _section("End state", _list((text, "" if text.startswith("safe: ") else "bad") for text in safe_lines(night))),
    ]
    return f'<section class="night">{"".join(parts)}</section>'


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}\n" if content else ""


def _list(lines: Iterable[tuple[str, str]]) -> str:
    """A list of (text, look)."""
    items = "".join(f"<li{_class(look)}>{escape(text)}</li>" for text, look in lines)
    return f"<ul>{items}</ul>" if items else ""


def _class(look: str) -> str:
    return f' class="{look}"' if look else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[tuple[str, str]]]) -> str:
    """Rows of (text, look); no row, no table."""
    body = "".join(
        "<tr>" + "".join(f"<td{_class(look)}>{escape(text)}</td>" for text, look in row) + "</tr>" for row in rows
    )
    titles = "".join(
        f"<th{_class('number' if i in _NUMBERS else '')}>{escape(name)}</th>" for i, name in enumerate(head)
    )
    return f"<table><tr>{titles}</tr>{body}</table>" if body else ""


def _items(night: NightReport) -> str:
    rows = []
    for item in night.items:
        if item.begun:
            looks = ["", "", "", _look(item.state), *["number"] * len(_NUMBERS)]
            rows.append(list(zip(item_cells(item), looks, strict=True)))
    return _table(("from", "to", "item", "state", "rows", "took", "predicted"), rows)


def _fits(night: NightReport) -> str:
    return _list(
        (f"{field_text(fit)}: {fit_line(fit)}".lstrip(": "), "warn" if fit.no_fit else "") for fit in night.fits
    )


def _messages(night: NightReport) -> str:
    looks = {"alarm": "bad", "warning": "warn"}
    return _list((message_line(message), looks.get(message.level, "")) for message in messages(night))


def _look(state: str) -> str:
    return _LOOKS.get(state, "bad")


def _outcome_look(state: str) -> str:
    return {"done": "good", "running": "", "partly": "warn"}.get(state, "bad")
