"""An audit's report as one page: to read on any screen, to print, to hand on. No script, nothing fetched from anywhere.

The answer first; then what was found, what could not be checked here, what was checked, what it does not prove.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from safeconduct.cli.console import clean
from safeconduct.core.kernel.errors import Fault
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.record.finding import Finding
from safeconduct.verify.limits import ACCUSES_NOBODY, LIMITS
from safeconduct.verify.report import ALONE, NATURES, Report
from safeconduct.verify.rules import ALL

IS_A_REPORT = b'<meta name="generator" content="safeconduct audit">'
"""Stands in every page, and in no other file: what may be written over."""
_SHOWN = 5
"""Findings of one rule on the page; all of them are in the JSON document."""

_STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf6;--sunk:#f2f0e9;--ink:#1b1a18;--ink2:#48453f;--rule:#d3cfc4;
--accent:#5a2a70;--caution:#753a00;--stop:#8c1414}
@media (prefers-color-scheme:dark){:root{--paper:#171614;--sunk:#22201d;--ink:#f1eee6;--ink2:#c6c1b5;--rule:#3f3c36;
--accent:#dcb8ee;--caution:#ffbd73;--stop:#ffa79c}}
*,::before,::after{box-sizing:border-box}
html{font:112.5%/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;background:var(--paper);color:var(--ink);
font-variant-numeric:tabular-nums}
body{margin:0 auto;max-inline-size:46rem;padding:1.75rem 1rem 4.5rem;overflow-wrap:anywhere}
h1,h2{font-family:"Iowan Old Style",Charter,"Noto Serif",Georgia,serif;line-height:1.2;text-wrap:balance}
h1{font-size:clamp(1.8rem,1.3rem + 2.4vw,2.75rem);margin:.4rem 0 1rem}
h2{font-size:1.6875rem;margin:3rem 0 .75rem}
h3{font-size:1.25rem;line-height:1.3;margin:0}
p,ul,dl,table{margin:0 0 1rem}ul{padding-inline-start:1.2em}li+li{margin-block-start:.4rem}
.small,dt,th,caption{font-size:.8334rem;color:var(--ink2)}
code{font:.9em/1.4 ui-monospace,Consolas,monospace}time,.n{white-space:nowrap}
.tag{font-weight:600}.tag::before{content:"";display:inline-block;inline-size:.8em;block-size:.8em;
margin-inline-end:.4em;vertical-align:-.06em;background:currentColor;print-color-adjust:exact;
forced-color-adjust:none;border-radius:50%}
.warn{color:var(--caution)}.warn::before{border-radius:0;clip-path:polygon(50% 0,100% 100%,0 100%)}
.halt{color:var(--stop)}.halt::before{border-radius:0}
article{border-inline-start:.375rem solid var(--caution);padding-inline-start:1rem;margin:0 0 1.75rem;
break-inside:avoid}article.halt-edge{border-color:var(--stop)}article p{margin:.25rem 0}
dl.facts{display:grid;grid-template-columns:minmax(7rem,11rem) minmax(0,1fr);gap:.4rem 1rem}
dl.facts dt,dl.facts dd{margin:0;border-block-start:1px solid var(--rule);padding-block-start:.4rem}
table{border-collapse:collapse;inline-size:100%}caption{text-align:start;padding-block-end:.4rem}
th,td{text-align:start;vertical-align:baseline;padding-block:.4rem;padding-inline:0 1rem;
border-block-end:1px solid var(--rule)}
.r{text-align:end;padding-inline-end:0}
@media (max-width:30rem){dl.facts{grid-template-columns:minmax(0,1fr);gap:0 1rem}
dl.facts dd{border:0;padding:0 0 .4rem}}
@media print{:root{color-scheme:light;--paper:#fff;--sunk:#fff;--ink:#000;--ink2:#333;--rule:#999;--caution:#000;
--stop:#000}@page{margin:18mm}html{font-size:10.5pt}body{max-inline-size:none;padding:0}h2{margin-block-start:1.5rem}
h2,h3,caption{break-after:avoid}tr{break-inside:avoid}}
"""


def page(reports: Sequence[Report], *, by: str) -> str:
    """The page about a log and those before it, newest first; `by`: which version of the program made it."""
    title = reports[0].title or "Audit of an archive"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en" dir="ltr"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        IS_A_REPORT.decode(),
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{_text(_answer(reports[0]))} {_text(title)}</title><style>{_STYLE}</style></head><body><main>",
    ]
    for place, report in enumerate(reports):
        if place:
            parts.append(f"<h2>Before it: the log that it goes on for ({place})</h2>")
        parts += _about(report, first=not place)
    parts += _limits(by)
    return "\n".join([*parts, "</main></body></html>", ""])


def _about(report: Report, *, first: bool) -> Iterator[str]:
    level = "h1" if first else "h3"
    yield f'<p class="small"><bdi>{_text(report.title or "Audit of an archive")}</bdi></p>'
    yield f"<{level}>{_text(_answer(report))}</{level}>"
    yield f'<p><span class="tag {_mark(report)}">{_text(_meaning(report))}</span></p>'
    if report.nature in NATURES:
        yield f'<p><span class="tag warn">{_text(NATURES[report.nature])}.</span></p>'
    yield from _facts(_identity(report))
    if report.faults:
        yield "<h2>What failed</h2>"
        yield from map(_fault, report.faults)
        return
    yield f"<h2>What was found</h2><p>{_text(ACCUSES_NOBODY)}</p>"
    for rule, found in groupby(report.findings, key=lambda finding: finding.rule):
        yield from _rule(rule, list(found))
    if not report.findings:
        yield "<p>No rule was found broken.</p>"
    yield from _open(report)
    yield "<h2>What could not be checked here</h2>"
    yield from _list(
        [*report.not_checkable, *_not_judged(report)], "Everything that an archive can show was checked."
    )
    yield "<h2>What was checked</h2>"
    yield from _facts(_checked(report))
    yield from _list(report.consents, "Nobody is asked to consent.")


def _answer(report: Report) -> str:
    if report.faults:
        return "Not sound."
    if report.succession is not None and not report.succession.followed:
        return "Sound in itself."
    count = len(report.findings)
    return "Sound." if not count else f"Sound, with {count} {'finding' if count == 1 else 'findings'}."


def _meaning(report: Report) -> str:
    if report.failed == 2:
        return "A file is not what the format says: ask for a new copy, and keep this one"
    if report.failed:
        return "A proof of the log fails: trust none of it, keep it, tell the other signatories"
    if report.findings:
        return "Every proof of the log holds; records contradict each other or the agreement"
    return "Every proof of the log holds, and no rule was found broken"


def _mark(report: Report) -> str:
    return "halt" if report.faults else "warn" if report.findings else "ok"


def _identity(report: Report) -> Iterator[tuple[str, str]]:
    if report.corridor is not None:
        named = "as was asked for" if report.named else "compare it with the signed paper"
        yield "Corridor", f"<code>{_text(report.corridor)}</code> ({named})"
    head = report.head
    if head is not None:
        yield "Head", f'<span class="n">{head.size:,} entries</span>, root <code>{_text(head.root)}</code>'
        yield "Log", f"<code>{_text(head.origin)}</code>"
        if head.time is None:
            yield "As of", "dated by nobody: no quorum of witnesses stands behind it"
        else:
            yield "As of", f"<time>{_text(print_instant(head.time))}</time>"
            yield "Cosigned by", _text(", ".join(head.cosigned))
    if report.succession is not None:
        yield "Successor", "<br>".join(_text(line.strip()) for line in report.succession.lines())
    for closing in report.closings:
        yield "End", "<br>".join(_text(line.strip()) for line in closing.lines())


def _checked(report: Report) -> Iterator[tuple[str, str]]:
    checked = report.checked
    for name in ("entries", "keys", "heads", "passages"):
        yield name.capitalize(), f"{getattr(checked, name):,}"
    disclosed = "there are none in this archive"
    if checked.disclosures is not None:
        disclosed = f"{checked.disclosures:,}, each of the value that its entry committed to"
    yield "Disclosures", disclosed
    yield "Kept outside", _text(f"it agrees with {', '.join(checked.kept)}" if checked.kept else ALONE)
    if checked.offers:
        yield "Offers", _text(f"looked for in {', '.join(checked.offers)}")


def _rule(rule: str, found: list[Finding]) -> Iterator[str]:
    """What breaks one rule: of many the first few, so that the page stays one that is read."""
    times = "" if len(found) == 1 else f' <span class="n">({len(found):,} times)</span>'
    yield f'<article><h3 class="tag warn">{_text(rule)}{times}</h3><p>{_text(ALL[rule].sentence)}</p>'
    yield from map(_finding, found[:_SHOWN])
    if len(found) > _SHOWN:
        yield f'<p class="small">And {len(found) - _SHOWN:,} more: all are in the JSON document.</p>'
    yield "</article>"


def _finding(finding: Finding) -> str:
    entries = ", ".join(map(str, finding.entries)) or "none"
    may_end = " It may still be ended by what comes in." if finding.provisional else ""
    touches = f"touches <bdi>{_text(finding.touches)}</bdi>; " if finding.touches else ""
    evidence = ", ".join(f"<code>{_text(leaf[:16])}</code>" for leaf in finding.evidence)
    return (
        f"<p>Expected <bdi>{_text(finding.expected)}</bdi>; found <bdi>{_text(finding.found)}</bdi>.{may_end}</p>"
        f'<p class="small">Entries {entries}; {touches}assumption: {_text(finding.assumption)}; evidence {evidence}</p>'
    )


def _fault(fault: Fault) -> str:
    sentence = f"<p>{_text(ALL[fault.rule].sentence)}</p>" if fault.rule in ALL else ""
    return (
        f'<article class="halt-edge"><h3 class="tag halt">{_text(fault.rule)}</h3>{sentence}'
        f"<p><bdi>{_text(str(fault))}</bdi></p></article>"
    )


def _open(report: Report) -> Iterator[str]:
    counts = Counter((state.why.value, state.rule) for state in report.open_states)
    if counts:
        yield "<h2>What is still open</h2><table><caption>Neither a finding nor its absence, at this head</caption>"
        yield '<thead><tr><th scope="col">Why</th><th scope="col">Rule</th><th scope="col" class="r">How often</th>'
        yield "</tr></thead><tbody>"
        for (why, rule), count in sorted(counts.items()):
            yield f'<tr><td>{_text(why)}</td><td><code>{_text(rule)}</code></td><td class="r">{count:,}</td></tr>'
        yield "</tbody></table>"


def _not_judged(report: Report) -> Iterator[str]:
    for rule, count in sorted(report.not_judged.items()):
        yield f"not judged: {rule} ({count})"


def _limits(by: str) -> Iterator[str]:
    yield "<h2>What no audit proves</h2>"
    yield from _list(LIMITS, "")
    yield (
        f'<p class="small">Made by safeconduct {_text(by)} from the archive alone. Anybody who holds the archive can '
        "make it again; this page by itself proves nothing.</p>"
    )


def _facts(facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield '<dl class="facts">'
    yield from (f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    yield "</dl>"


def _list(items: Sequence[str], nothing: str) -> Iterator[str]:
    if not items:
        yield f"<p>{nothing}</p>"
        return
    yield "<ul>"
    yield from (f"<li><bdi>{_text(item)}</bdi></li>" for item in items)
    yield "</ul>"


def _text(value: str) -> str:
    """Others wrote what records and archives hold: no markup, no control character of theirs reaches the page."""
    return escape(clean(value))
