"""The report as one HTML page that needs nothing else: pictures inside, no script, every text escaped."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from coldfinger.analysis.across.family_fit import FamilyFit
from coldfinger.procedures.report.assumed import assumptions, settings_lines
from coldfinger.procedures.report.content import POOR, Report
from coldfinger.procedures.report.figures import ReportFigure, svg
from coldfinger.procedures.report.tables import (
    CLAIMS,
    NONE,
    TextTable,
    across_table,
    checks_table,
    fits_table,
    flags_table,
    laws_table,
    remarks_of,
    runs_table,
    stations_table,
    systematics_table,
    versions_table,
)
from coldfinger.procedures.summary.summary_html import STYLE

_STYLE = (
    STYLE
    + """
body { max-width: 76rem }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem } h2 { border-top: 2px solid var(--line); padding-top: 1rem }
td { white-space: nowrap } td.text { white-space: normal; min-width: 12rem }
td.number, td.claim { font-variant-numeric: tabular-nums }
.wide { overflow-x: auto } nav a { color: inherit; margin-right: .9rem }
figure { margin: 1rem 0; break-inside: avoid } figcaption { color: var(--soft); font-size: .9rem }
figure img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); border-radius: 4px }
details { margin: .3rem 0 } summary { cursor: pointer }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .3rem 0 }
dt { color: var(--soft) } dd { margin: 0 }
@media (prefers-color-scheme: dark) { figure img.drawn { filter: invert(.91) hue-rotate(180deg) } }
@media print { table { font-size: 9px } td { white-space: normal } .wide { overflow: visible }
  figure img.drawn { filter: none } nav { display: none } }
"""
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_LOOKS = {"disbelieved": "bad", "no fit": "bad", "weak": "warn", "limit": "warn", "other law": "warn", "seen": "good"}
_LONG = 30  # signs from which a cell may break into lines


def as_page(report: Report, figures: Sequence[ReportFigure]) -> str:
    """The whole page."""
    films = ", ".join(family.family.name for family in report.families) or f"{len(report.runs)} runs"
    title = f"Report: {films}"
    badge = ' <span class="badge">simulated</span>' if report.simulated and not report.mixed else ""
    badge = ' <span class="badge">simulated and measured</span>' if report.mixed else badge
    parts = [
        f"<h1>{escape(title)}{badge}</h1>",
        f'<p class="soft">{escape(_counts(report))}</p>',
        bullets((text, "warn") for text in report.warnings),
        _contents(report),
        *(_family(family, number) for number, family in enumerate(report.families)),
        _section("figures", "Figures", "".join(_figure(figure) for figure in figures)),
        _section("runs", "Runs", table(runs_table(report))),
        _section("flags", "Flags", table(flags_table(report)) or "<p>No row carries a flag.</p>"),
        _section("left-out", "Left out", _left_out(report)),
        _section("assumed", "What is assumed", bullets((line, "") for line in assumptions(report.settings))),
        _section("made", "Settings and versions", _made(report)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{''.join(parts)}\n"
        f"<footer>coldfinger {escape(report.versions.get('coldfinger', ''))} report. Numbers after ± are standard "
        "deviations; limits and intervals hold with 95 %.</footer>\n</body></html>\n"
    )


def table(content: TextTable) -> str:
    """A table that scrolls by itself where it is too wide; no row, no table."""
    if not content.rows:
        return ""
    titles = "".join(
        f"<th{_class('number' if i in content.numbers else '')}>{escape(name)}</th>"
        for i, name in enumerate(content.head)
    )
    rows = "".join(f"<tr>{''.join(_cell(content, row, i) for i in range(len(row)))}</tr>" for row in content.rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>'


def bullets(lines: Iterable[tuple[str, str]]) -> str:
    """A list of (text, look); empty for no line."""
    items = "".join(f"<li{_class(look)}>{escape(text)}</li>" for text, look in lines)
    return f"<ul>{items}</ul>" if items else ""


def _cell(content: TextTable, row: Sequence[str], i: int) -> str:
    looks = ["number"] if i in content.numbers else []
    if content.head[i] == "claim":
        looks.append(_LOOKS.get(row[i], ""))
    if content.head[i] == "outcome":
        looks.append({"fail": "bad", "failed": "bad", "done": "", "pass": "good", "": ""}.get(row[i], "warn"))
    if content.head[i] == "χ²/ν" and row[i] != NONE and float(row[i]) > POOR:
        looks.append("bad")
    if content.head[i] == "is" and row[i] == "simulated":
        looks.append("warn")
    if i not in content.numbers and len(row[i]) > _LONG:
        looks.append("text")
    look = " ".join(filter(None, looks))
    return f"<td{_class(look)}>{escape(row[i])}</td>"


def _class(look: str) -> str:
    return f' class="{look}"' if look else ""


def _section(anchor: str, title: str, content: str) -> str:
    return f'<h2 id="{anchor}">{escape(title)}</h2>{content}\n' if content else ""


def _contents(report: Report) -> str:
    names = [(f"family-{i}", family.family.name) for i, family in enumerate(report.families)]
    names += [("figures", "Figures"), ("runs", "Runs"), ("flags", "Flags"), ("left-out", "Left out")]
    names += [("assumed", "What is assumed"), ("made", "Settings and versions")]
    links = "".join(f'<a href="#{anchor}">{escape(name)}</a>' for anchor, name in names)
    return f"<nav>{links}</nav>"


def _counts(report: Report) -> str:
    rows, believed = sum(run.rows for run in report.runs), sum(run.believed for run in report.runs)
    curves = sum(len(family.fields) for family in report.families)
    begun = sorted(run.begun[:10] for run in report.runs if run.begun)
    days = f"; runs begun {begun[0]}" + (f" to {begun[-1]}" if begun[-1] != begun[0] else "") if begun else ""
    return (
        f"{_many(len(report.runs), 'run')}, {believed} of {rows} rows believed; {_many(curves, 'curve')} of R(T) in "
        f"{_many(len(report.families), 'family', 'families')}{days}"
    )


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def _family(family: FamilyFit, number: int) -> str:
    badge = ' <span class="badge">simulated</span>' if family.family.simulated else ""
    used = dict.fromkeys(member.saturation for member in family.fields)
    claims = "".join(f"<dt>{escape(word)}</dt><dd>{escape(CLAIMS[word])}</dd>" for word in used)
    across = [f"{b.name} between {b.H_low:g} and {b.H_high:g} Oe" for b in family.across.boundaries]
    if (falls := family.across.falls) is not None:
        verdict = "falls with field" if falls.holds else "does not only fall with field"
        across.append(f"σ_QF {verdict} (probability {falls.probability:.2g})")
    absent = [f"no {name.replace('_', ' ')}: {why}" for name, why in family.across.absent.items()]
    checks = table(checks_table(family)) or '<p class="warn">No belief test was made for any of these curves.</p>'
    parts = (
        ("Fits", f"{table(fits_table(family))}<dl>{claims}</dl>"),
        (
            "Across fields",
            table(across_table(family)) + bullets([(a, "") for a in across] + [(a, "soft") for a in absent]),
        ),
        ("Remarks", bullets((line, "") for line in remarks_of(family))),
        ("Belief tests", checks),
        ("Systematic errors (not in the ± above: no averaging makes them smaller)", table(systematics_table(family))),
        ("Competing laws: BIC less that of the best", table(laws_table(family))),
    )
    content = "".join(f"<h3>{escape(title)}</h3>{text}" for title, text in parts if text)
    return f'<h2 id="family-{number}">{escape(family.family.name)}{badge}</h2>{content}\n'


def _figure(figure: ReportFigure) -> str:
    source = f"data:image/svg+xml;base64,{b64encode(svg(figure.drawing)).decode('ascii')}"
    width = round(96 * float(figure.drawing.figure.get_size_inches()[0]) * 1.25)
    said = bullets((text, "soft") for text in figure.drawing.said)
    more = f"<details><summary>{_many(len(figure.drawing.said), 'remark')}</summary>{said}</details>" if said else ""
    again = f" Again: <code>{escape(figure.command)}</code>" if figure.command else ""
    look = "" if figure.picture else ' class="drawn"'
    return (
        f'<figure><img{look} src="{source}" alt="{escape(figure.shows)}" width="{width}">'
        f"<figcaption>{escape(figure.name)}: {escape(figure.shows)}.{again}{more}</figcaption></figure>"
    )


def _left_out(report: Report) -> str:
    lines = [(text, "warn") for text in report.left_out]
    for run in report.runs:
        if run.believed < run.rows:
            lines.append((f"{run.name}: {run.rows - run.believed} of {run.rows} rows are not believed", ""))
    return bullets(lines) or "<p>Nothing: every file was read and every row is believed.</p>"


def _made(report: Report) -> str:
    chosen = "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in settings_lines(report.settings))
    return f"<dl>{chosen}</dl>{table(stations_table(report))}{table(versions_table(report))}"
