"""Read `agreement.toml`: TOML 1.0, strict, all faults at once (docs/spec/agreement.md).

Rules of what stands together; those of the whole text are in `document.py`, those of single values in
`form.py`:
 agreement.duplicate     no identifier twice; seats and posts share one space of names, `log` is taken
 agreement.reference     whatever is named exists: seats, posts, roles
 agreement.guarantor     exactly one signatory is the guarantor
 agreement.source        a rule from the text names its article
 agreement.consent       the consent rule can be met, and no observer decides
 agreement.kind          powers and countersigning are for kinds that exist and are not fixed by the format
 agreement.field         tiers are for private fields that exist
 agreement.deadline      a deadline has exactly one end
 agreement.period        what starts does not end before
 agreement.fold          the look-alike table maps one letter to one Latin letter or digit, in one step
 goods.code              chapters and headings exist in the Harmonized System
 goods.twice             a code has one rule, beside those for single items
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from safeconduct.core.agreement.agreement import (
    LIMITS,
    ROLES,
    Agreement,
    ConsentRule,
    Deadline,
    Direction,
    Ground,
    InspectionRule,
    Limits,
    Post,
    SeatRole,
    Signatory,
    Silence,
    Text,
    Tier,
    TrafficClass,
    Undertaking,
    VehicleIdentifier,
)
from safeconduct.core.agreement.document import read_document
from safeconduct.core.agreement.form import Form, foreign_letter
from safeconduct.core.agreement.goods import GoodsRule, GoodsRules, Outcome
from safeconduct.core.agreement.hs import CHAPTERS, HEADINGS
from safeconduct.core.agreement.kinds import FIXED_KINDS, KIND_NAMES, PRIVATE_FIELDS
from safeconduct.core.agreement.source import Origin, Source
from safeconduct.core.kernel.letters import capitals
from safeconduct.core.kernel.nearest import did_you_mean

SERVICE_ORGANISATION = "log"
"""The organisation in the log service's `iss`; no seat and no post may bear it."""

_LOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}", re.ASCII)
_ZONE = re.compile(r"[+-](?:0[0-9]|1[0-4]):[0-5][0-9]", re.ASCII)
_HOURS = re.compile(r"always|(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-4]):[0-5][0-9]", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NOWHERE = Source("proposed")


def parse_agreement(text: str, *, where: str = "agreement.toml") -> Agreement:
    """The agreement that this text spells; `Malformed` names every fault with its line."""
    top, sheet = read_document(text, where)
    agreement = _agreement(Form(sheet, (), top))
    sheet.settle()
    return agreement


def _agreement(top: Form) -> Agreement:
    sources: dict[str, Source] = {}
    title, version = top.text("title"), top.integer("version", least=1, most=9_999)
    starts, ends = top.day("starts"), top.day("ends")
    if starts is not None and ends is not None and ends < starts:
        top.fault(
            "agreement.period", "ends", "this is before the start", "Give the last day on which it holds"
        )
    identifier = top.choice("vehicle_identifier", ("plate", "imo"))
    signatories = _signatories(top)
    seats = {one.seat: one for one in signatories}
    posts = _posts(top, seats)
    people = {**ROLES, **seats, **posts}
    agreement = Agreement(
        title=title or "",
        version=version or 1,
        text=_text(top),
        starts_day=starts,
        ends_day=ends,
        ground=_ground(top, seats),
        vehicle_identifier=cast(VehicleIdentifier, identifier),
        signatories=signatories,
        consent=_consent(top, seats),
        powers=_powers(top, {*seats, *posts}, sources),
        posts=posts,
        directions=_directions(top, posts),
        classes=_classes(top),
        goods=_goods(top),
        limits=_limits(top, sources),
        deadlines=_deadlines(top, people),
        countersign=_countersign(top, seats, sources),
        tiers=_tiers(top, sources),
        look_alikes=_look_alikes(top, sources),
        undertakings=_undertakings(top, seats),
        sources=sources,
    )
    top.close()
    return agreement


def _source(form: Form) -> Source:
    """`source = { from = "text", article = "6", note = "…" }`: asked for last, so it closes the rule too."""
    table = form.table("source")
    source = _NOWHERE if table is None else _read_source(table)
    form.close()
    return source


def _read_source(table: Form) -> Source:
    origin = table.choice("from", ("text", "practice", "proposed"))
    article, note = table.text("article", required=False), table.text("note", required=False)
    if origin == "text" and article is None:
        table.fault(
            "agreement.source", "from", "no article is named", 'Add article = "6", or whatever it is called'
        )
    table.close()
    return Source(cast(Origin, origin), article, note)


def _text(top: Form) -> Text:
    form = top.table("text")
    if form is None:
        return Text("", None, None, None)
    text = Text(
        title=form.text("title") or "",
        day=form.day("signed"),
        published=form.text("published", required=False),
        sha256=form.matching("sha256", _SHA256, '"…", 64 of 0-9a-f: the SHA-256 of the scan'),
    )
    form.close()
    return text


def _ground(top: Form, seats: Mapping[str, Signatory]) -> Ground:
    form = top.table("ground", required=False)
    if form is None:
        return Ground(None, None, None, None, None)
    return Ground(
        width_m=form.integer("width_m", least=1, most=1_000_000, required=False),
        controlled_by=form.reference("controlled_by", seats, "seat"),
        hours=form.matching("hours", _HOURS, '"always" or "06:00-20:00"'),
        zone=form.matching("zone", _ZONE, '"+03:00"'),
        source=_source(form),
    )


def _new_id(form: Form, taken: Collection[str], key: str = "id") -> str:
    name = form.id(key)
    if name in taken:
        form.fault("agreement.duplicate", key, f"{name!r} is taken", "Give each its own identifier")
    return name


def _signatories(top: Form) -> tuple[Signatory, ...]:
    found: list[Signatory] = []
    for form in top.tables("signatories", required=True):
        seat = _new_id(form, {SERVICE_ORGANISATION, *(one.seat for one in found)}, "seat")
        name, role = form.text("name"), form.choice("role", ("guarantor", "party", "observer"))
        found.append(Signatory(seat, name or "", cast(SeatRole, role), _source(form)))
    guarantors = [number for number, one in enumerate(found) if one.role == "guarantor"]
    if found and len(guarantors) != 1:
        message = f"{len(guarantors)} signatories are the guarantor"
        top.fault("agreement.guarantor", "signatories", message, 'Write role = "guarantor" for exactly one')
    return tuple(found)


def _consent(top: Form, seats: Mapping[str, Signatory]) -> ConsentRule:
    form = top.table("consent")
    if form is None:
        return ConsentRule(1, (), _NOWHERE)
    needed = form.integer("needed", least=1, most=99)
    of = form.ids("of", seats, "seat")
    if needed is not None and of and needed > form.length("of"):
        form.fault(
            "agreement.consent", "needed", f"only {len(of)} can consent", "Ask for no more than are listed"
        )
    for seat in of:
        if seats[seat].role == "observer":
            form.fault(
                "agreement.consent", "of", f"{seat!r} is an observer", "An observer sees and decides nothing"
            )
    return ConsentRule(needed or 1, of, _source(form))


def _posts(top: Form, seats: Mapping[str, Signatory]) -> dict[str, Post]:
    found: dict[str, Post] = {}
    for form in top.tables("posts"):
        name = _new_id(form, {SERVICE_ORGANISATION, *seats, *found})
        found[name] = Post(
            id=name,
            name=form.text("name") or "",
            chainage_m=form.integer("chainage_m", least=0, most=100_000_000, required=False),
            locode=form.matching("locode", _LOCODE, '"UAODS", a UN/LOCODE without its space'),
            ends=cast(Any, form.choice("ends", ("start", "end"), required=False)),
            source=_source(form),
        )
    return found


def _directions(top: Form, posts: Mapping[str, Post]) -> dict[str, Direction]:
    found: dict[str, Direction] = {}
    for form in top.tables("directions"):
        name = _new_id(form, found, "name")
        ends = form.ids("from_posts", posts, "post"), form.ids("to_posts", posts, "post")
        found[name] = Direction(name, *ends, _source(form))
    return found


def _classes(top: Form) -> dict[str, TrafficClass]:
    found: dict[str, TrafficClass] = {}
    rules = ("all-traffic", "drawn", "suspicion", "none")
    for form in top.tables("classes"):
        name = _new_id(form, found, "name")
        found[name] = TrafficClass(
            name=name,
            about=form.text("about") or "",
            pass_required=form.boolean("pass_required"),
            civilian=form.boolean("civilian"),
            inspection=cast(InspectionRule, form.choice("inspection", rules, required=False)),
            source=_source(form),
        )
    return found


def _goods(top: Form) -> GoodsRules | None:
    form = top.table("goods", required=False)
    if form is None:
        return None
    default = form.choice("default", ("allow", "deny"))
    found: dict[str, GoodsRule] = {}
    ruled: set[str] = set()
    for rule in form.tables("rules"):
        name = _new_id(rule, found)
        verdict, item = (
            rule.choice("verdict", ("allow", "condition", "deny")),
            rule.text("item", required=False),
        )
        codes = _codes(rule, set() if item else ruled)
        found[name] = GoodsRule(name, cast(Outcome, verdict), codes, item, _source(rule))
    return GoodsRules(cast(Any, default), tuple(found.values()), _source(form))


def _codes(rule: Form, ruled: set[str]) -> tuple[str, ...]:
    """The codes of a rule; `ruled` holds those that have one already, and takes these in."""
    known = HEADINGS | CHAPTERS
    codes = []
    for place, code in rule.words("codes", '["1001", "31"], headings or chapters'):
        if code not in known:
            rule.sheet.fault("goods.code", place, f"{code[:60]!r} is no heading or chapter", _near_code(code))
        elif code in ruled:
            hint = "Keep one of the two, or name the item that this one is about"
            rule.sheet.fault("goods.twice", place, f"{code!r} has a rule already", hint)
        else:
            codes.append(code)
            ruled.add(code)
    return tuple(codes)


def _near_code(code: str) -> str:
    """Headings of the same chapter, where there is such a chapter."""
    same = [heading for heading in HEADINGS if heading[:2] == code[:2]]
    return did_you_mean(code[:60], same) if same else "Chapters are 01 to 97, headings have four digits"


def _limits(top: Form, sources: dict[str, Source]) -> Limits:
    form = top.table("limits", required=False)
    if form is None:
        return Limits()
    seconds: dict[str, int | None] = {}
    for name in LIMITS:
        limit = form.table(name, required=False)
        if limit is not None:
            seconds[f"{name}_s"] = limit.duration("value")
            sources[f"limits.{name}"] = _source(limit)
    form.close()
    return Limits(**seconds)


def _deadlines(top: Form, people: Mapping[str, object]) -> tuple[Deadline, ...]:
    found: dict[str, Deadline] = {}
    for form in top.tables("deadlines"):
        name = _new_id(form, found)
        ends = form.duration("within", required=False), form.hour("at"), form.day("by")
        if sum(form.has(key) for key in ("within", "at", "by")) != 1:
            hint = 'Write one of within = "44 h", at = "16:00", by = "2026-03-01"'
            form.fault("agreement.deadline", "id", "a deadline has one end", hint)
        found[name] = Deadline(
            id=name,
            about=form.text("about") or "",
            who=form.ids("who", people, "seat, post or role"),
            within_s=ends[0],
            at=ends[1],
            zone=form.matching("zone", _ZONE, '"+03:00"'),
            by_day=ends[2],
            silence=cast(Silence, form.choice("silence", ("agreed", "refused", "none"), required=False)),
            source=_source(form),
        )
    return tuple(found.values())


def _undertakings(top: Form, seats: Mapping[str, Signatory]) -> tuple[Undertaking, ...]:
    found: dict[str, Undertaking] = {}
    for form in top.tables("undertakings"):
        name = _new_id(form, found)
        found[name] = Undertaking(
            name, form.ids("who", seats, "seat"), form.text("says") or "", _source(form)
        )
    return tuple(found.values())


def _ruled_names(
    form: Form, known: Collection[str], rule: str, what: str, *, fixed: Collection[str] = ()
) -> Iterator[str]:
    """The keys of a table whose keys are kinds or fields; those that are none are faults."""
    for key in form.keys():  # noqa: SIM118 -- a form, not a dict
        if key == "source":
            continue
        form.has(key)
        if key in fixed:
            hint = "Delete this line: the format itself says who signs it"
            form.fault(rule, key, f"who signs {key!r} is fixed", hint)
        elif strange := foreign_letter(key):
            form.fault("agreement.look_alike", key, strange, "Write keys in Latin letters")
        elif key not in known:
            form.fault(
                rule, key, f"{key[:60]!r} is no {what}", did_you_mean(key[:60], set(known) - set(fixed))
            )
        else:
            yield key


def _powers(
    top: Form, organisations: Collection[str], sources: dict[str, Source]
) -> Mapping[str, frozenset[str]]:
    form = top.table("powers")
    if form is None:
        return {}
    signers = {"any", *ROLES, *(f"{one}/{role}" for one in organisations for role in ROLES)}
    powers = {
        kind: frozenset(form.ids(kind, signers, "role"))
        for kind in _ruled_names(form, KIND_NAMES, "agreement.kind", "kind of record", fixed=FIXED_KINDS)
    }
    sources["powers"] = _source(form)
    return powers


def _countersign(
    top: Form, seats: Mapping[str, Signatory], sources: dict[str, Source]
) -> Mapping[str, frozenset[str]]:
    form = top.table("countersign", required=False)
    if form is None:
        return {}
    owed = {
        kind: frozenset(form.ids(kind, seats, "seat"))
        for kind in _ruled_names(form, KIND_NAMES, "agreement.kind", "kind of record")
    }
    sources["countersign"] = _source(form)
    return owed


def _tiers(top: Form, sources: dict[str, Source]) -> Mapping[str, Tier]:
    form = top.table("tiers", required=False)
    if form is None:
        return {}
    words = ("public", "parties", "guarantor", "sealed")
    tiers = {
        name: cast(Tier, form.choice(name, words))
        for name in _ruled_names(form, PRIVATE_FIELDS, "agreement.field", "private field")
    }
    sources["tiers"] = _source(form)
    return tiers


def _look_alikes(top: Form, sources: dict[str, Source]) -> Mapping[str, str]:
    form = top.table("look_alikes", required=False)
    if form is None:
        return {}
    table: dict[str, str] = {}
    for letter in form.keys():  # noqa: SIM118 -- a form, not a dict
        if letter != "source" and (latin := form.text(letter)) is not None:
            table[letter] = latin
    for letter, latin in table.items():
        single = len(letter) == 1 and letter == capitals(unicodedata.normalize("NFKC", letter))
        if not single or not re.fullmatch("[A-Z0-9]", latin) or latin in table:
            hint = 'Write one capital letter and what it counts as, "А" = "A", each in one step'
            form.fault("agreement.fold", letter, "this is not one letter for one letter", hint)
    sources["look_alikes"] = _source(form)
    return table
