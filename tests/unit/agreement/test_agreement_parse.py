from __future__ import annotations

import pytest

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.document import MAX_BYTES
from safeconduct.core.agreement.fit import require_fit
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.words import in_words
from safeconduct.core.kernel.errors import Malformed
from tests.unit.agreement.agreement_samples import MINIMAL, ROUTE, patched

FROM = 'source = { from = "proposed" }'
TEXT = '[text]\ntitle = "T"\n'


def goods(*lists: list[str]) -> str:
    """A list of goods that denies by default, a rule for each list of codes."""
    rules = (
        f'[[goods.rules]]\nid = "rule-{number}"\nverdict = "allow"\ncodes = {codes}\n{FROM}\n'
        for number, codes in enumerate(lists)
    )
    return "".join((f'[goods]\ndefault = "deny"\n{FROM}\n', *rules))


def faults_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        parse_agreement(text)
    return [(fault.rule, str(fault)) for fault in caught.value.faults]


def rules_of(text: str) -> set[str]:
    return {rule for rule, _ in faults_of(text)}


def test_the_minimal_agreement_says_what_it_says_and_leaves_the_rest_open() -> None:
    agreement = parse_agreement(MINIMAL)
    assert agreement.seats == ("mission", "orva", "tessin")
    assert agreement.guarantor == "mission"
    assert agreement.consent.met_by(["orva", "tessin"])
    assert not agreement.consent.met_by(["orva", "nobody"])
    assert agreement.consent.missing(["orva"]) == ("mission", "tessin")
    assert agreement.may_sign("mission/officer", "pass")
    assert not agreement.may_sign("orva/officer", "pass")
    assert not agreement.may_sign("orva/root", "erasure")
    assert agreement.limits.offline_limit_s is None
    assert len(agreement.unset()) == 22
    assert any(line.startswith("limits.offline_limit: ") for line in agreement.unset())


FULL = patched(
    f"""
starts = "2026-03-01"
ends = "2026-03-31"
[text]
title = "Protocol"
signed = "2026-02-20"
published = "Gazette 4"
sha256 = "{"0f" * 32}"
[ground]
width_m = 5000
controlled_by = "mission"
hours = "06:00-20:00"
zone = "+04:00"
{FROM}
[[posts]]
id = "north-gate"
name = "Північ"
chainage_m = 0
locode = "UAODS"
ends = "start"
{FROM}
[[posts]]
id = "south-gate"
name = "South gate"
chainage_m = 62000
ends = "end"
{FROM}
[[directions]]
name = "in"
from_posts = ["north-gate"]
to_posts = ["south-gate"]
{FROM}
[[classes]]
name = "relief"
about = "agencies"
pass_required = true
civilian = true
inspection = "drawn"
{FROM}
[[classes]]
name = "guarantor"
about = "its own"
pass_required = false
civilian = false
inspection = "none"
{FROM}
[goods]
default = "allow"
{FROM}
[[goods.rules]]
id = "arms"
verdict = "deny"
codes = ["93"]
{FROM}
[[goods.rules]]
id = "nitrate"
verdict = "deny"
codes = ["3102"]
item = "ammonium nitrate"
source = {{ from = "text", article = "9", note = "above 28 %" }}
[limits]
notice = {{ value = "44 h", {FROM} }}
offline_limit = {{ value = "2 d", {FROM} }}
countersign_limit = {{ value = "2 d", {FROM} }}
clock_tolerance = {{ value = "5 min", {FROM} }}
publication_delay = {{ value = "0 s", {FROM} }}
transit_limit = {{ value = "6 h", {FROM} }}
return_limit = {{ value = "2 d", {FROM} }}
[[deadlines]]
id = "answer"
about = "an answer is given"
who = ["officer"]
within = "4 h"
silence = "refused"
{FROM}
[[deadlines]]
id = "plan"
about = "a plan is sent"
who = ["orva", "north-gate"]
at = "12:00"
zone = "+03:00"
silence = "agreed"
{FROM}
[[deadlines]]
id = "road"
about = "a new road"
who = ["orva"]
by = "2026-12-31"
silence = "none"
{FROM}
[countersign]
inspection = ["tessin", "orva"]
{FROM}
[tiers]
plate = "guarantor"
{FROM}
[look_alikes]
"А" = "A"
{FROM}
[[undertakings]]
id = "safety"
who = ["orva"]
says = "guarantees safe movement"
{FROM}
"""
)


def test_a_full_agreement_leaves_nothing_open_and_is_told_in_words() -> None:
    agreement = parse_agreement(FULL)
    assert agreement.unset() == ()
    assert agreement.limits.notice_s == 44 * 3600
    assert [deadline.at for deadline in agreement.deadlines] == [None, 43200, None]
    assert agreement.countersign == {"inspection": frozenset({"orva", "tessin"})}
    assert agreement.look_alikes == {"А": "A"}
    told = [line for _, lines in in_words(agreement, None) for line in lines]
    for words in (
        "open 06:00-20:00 (+04:00) [proposed]",
        "nitrate: ammonium nitrate, under 3102: refused [signed text, 9: above 28 %]",
        "plan: orva, north-gate, daily by 12:00 (+03:00): a plan is sent; silence is agreement [proposed]",
        "road: orva, by 2026-12-31: a new road; silence means nothing [proposed]",
        "answer: officer, within 4 h: an answer is given; silence is refusal [proposed]",
        "inspection: by orva, tessin, where present [proposed]",
        "relief: agencies; civilian, needs a pass, inspected: drawn [proposed]",
        "guarantor: its own; not civilian, needs no pass, inspected: none [proposed]",
        "publication_delay: none, how old a head must be before the public sees it [proposed]",
    ):
        assert words in told


def test_words_leave_out_what_is_open() -> None:
    open_ends = patched(
        f'[ground]\nhours = "always"\n{FROM}\n'
        f'[[deadlines]]\nid = "plan"\nabout = "a"\nwho = ["orva"]\nat = "12:00"\n{FROM}\n'
        f'[[classes]]\nname = "relief"\nabout = "a"\npass_required = true\ncivilian = true\n{FROM}\n'
        f"[powers]\n{FROM}\n"
    )
    agreement = parse_agreement(open_ends)
    headings = dict(in_words(agreement, None))
    assert "Goods" not in headings
    assert "open always [proposed]" in headings["Road"]
    assert headings["Deadlines"] == ("plan: orva, daily by 12:00: a [proposed]",)
    left = agreement.unset()
    assert "classes relief: which of its vehicles are inspected" in left
    assert "deadlines plan: what silence means" in left
    assert "deadlines plan: whose clock the hour is read on" in left


def test_all_faults_come_at_once_in_the_order_of_the_file_with_line_key_and_advice() -> None:
    text = (
        MINIMAL.replace("title =", "titel =", 1)
        .replace('"party"', '"parti"', 1)
        .replace('"practice"', '"text"')
    )
    found = [words for _, words in faults_of(text)]
    assert found == [
        "agreement.toml line 1: the file: 'title' is missing. Add title = \"…\", words in quotes.",
        "agreement.toml line 2: titel: 'titel' is not a key here. Did you mean 'title'?",
        "agreement.toml line 17: signatories[2].role: 'parti' is not known here. Did you mean 'party'?",
        (
            """agreement.toml line 29: posts[1].source.from: no article is named. """
            """Add article = "6", or whatever it is called."""
        ),
    ]


@pytest.mark.parametrize(
    ("block", "rules"),
    [
        ('title = "T"\nname = 1\n', {"agreement.unknown_key"}),
        ('title = "T"\n"nаme" = 1\n', {"agreement.look_alike"}),
        ('title = ["T"]\n', {"agreement.type"}),
        ("title = 1.5\n", {"agreement.type"}),
        ("title = nan\n", {"agreement.type"}),
        ("title = 2026-03-01\n", {"agreement.type"}),
        ("title = {}\n", {"agreement.type"}),
        ("version = true\n", {"agreement.type"}),
        ("version = 0\n", {"agreement.value"}),
        ("version = 1.0\n", {"agreement.type"}),
        ('title = " "\n', {"agreement.empty"}),
        (f'title = "{"x" * 2001}"\n', {"agreement.empty"}),
        ('title = "Cоrridor"\n', {"agreement.look_alike"}),  # Cyrillic о
        ('title = "Коридор 5 Corridor"\n', set()),
        ('starts = "2026-02-30"\n', {"agreement.day"}),
        ("starts = 2026-02-03\n", {"agreement.type"}),
        ('starts = "2026-03-02"\nends = "2026-03-01"\n', {"agreement.period"}),
        ('starts = "2026-03-02"\nends = "2026-03-02"\n', set()),
        ("text = 1\n", {"agreement.type"}),
        (TEXT + 'sha256 = "0F"\n', {"agreement.value"}),
        (f"[ground]\nwidth_m = 0\n{FROM}\n", {"agreement.value"}),
        (f'[ground]\ncontrolled_by = "nobody"\n{FROM}\n', {"agreement.reference"}),
        (f'[ground]\nhours = "24:00"\n{FROM}\n', {"agreement.value"}),
        ("[ground]\nwidth_m = 5\n", {"agreement.missing"}),
        ('[ground]\nsource = { from = "text" }\n', {"agreement.source"}),
        ('[ground]\nsource = { from = "text", article = "1", page = 3 }\n', {"agreement.unknown_key"}),
        ('[ground]\nsource = { from = "hearsay" }\n', {"agreement.value"}),
        ("signatories = 1\n", {"agreement.type", "agreement.reference"}),
        ("signatories = [1]\n", {"agreement.type", "agreement.reference"}),
        (f'[consent]\nneeded = 3\nof = ["mission", "orva"]\n{FROM}\n', {"agreement.consent"}),
        (f'[consent]\nneeded = 1\nof = ["mission", "mission"]\n{FROM}\n', {"agreement.duplicate"}),
        (f"[consent]\nneeded = 1\nof = []\n{FROM}\n", {"agreement.empty"}),
        (f"[consent]\nneeded = 1\nof = [1]\n{FROM}\n", {"agreement.type"}),
        (f'[consent]\nof = ["mission"]\n{FROM}\n', {"agreement.missing"}),
        (f'[consent]\nneeded = 1\nof = ["mіssion"]\n{FROM}\n', {"agreement.look_alike"}),
        (f'[powers]\narival = ["post"]\n{FROM}\n', {"agreement.kind"}),
        (f'[powers]\nhead = ["root"]\n{FROM}\n', {"agreement.kind"}),
        (f'[powers]\n"аrrival" = ["post"]\n{FROM}\n', {"agreement.look_alike"}),
        (f'[powers]\narrival = ["posts"]\n{FROM}\n', {"agreement.reference"}),
        (f'[powers]\narrival = ["any", "north-gate/post", "orva/liaison"]\n{FROM}\n', set()),
        (f'[countersign]\npassing = ["orva"]\n{FROM}\n', {"agreement.kind"}),
        (f'[countersign]\npass = ["nobody"]\n{FROM}\n', {"agreement.reference"}),
        (f'[tiers]\nplates = "parties"\n{FROM}\n', {"agreement.field"}),
        (f'[tiers]\nplate = "everyone"\n{FROM}\n', {"agreement.value"}),
        (f'[look_alikes]\n"АВ" = "A"\n{FROM}\n', {"agreement.fold"}),
        (f'[look_alikes]\n"а" = "A"\n{FROM}\n', {"agreement.fold"}),
        (f'[look_alikes]\n"А" = "a"\n{FROM}\n', {"agreement.fold"}),
        (f'[look_alikes]\n"О" = "O"\nO = "0"\n{FROM}\n', {"agreement.fold"}),
        (f'[look_alikes]\n"А" = 1\n{FROM}\n', {"agreement.type"}),
        (f'[[posts]]\nid = "North"\nname = "N"\n{FROM}\n', {"agreement.id"}),
        (f'[[posts]]\nid = "nоrth"\nname = "N"\n{FROM}\n', {"agreement.look_alike"}),
        (f'[[posts]]\nid = "{"n" * 61}"\nname = "N"\n{FROM}\n', {"agreement.id"}),
        (f'[[posts]]\nid = "log"\nname = "N"\n{FROM}\n', {"agreement.duplicate"}),
        (f'[[posts]]\nid = "orva"\nname = "N"\n{FROM}\n', {"agreement.duplicate"}),
        (f'[[posts]]\nid = "a"\nname = "N"\n{FROM}\n' * 2, {"agreement.duplicate"}),
        (f'[[posts]]\nid = "a"\nname = "N"\nlocode = "UA ODS"\n{FROM}\n', {"agreement.value"}),
        (
            f'[[directions]]\nname = "in"\nfrom_posts = ["south"]\nto_posts = ["north-gate"]\n{FROM}\n',
            {"agreement.reference"},
        ),
        (
            f'[[classes]]\nname = "a"\nabout = "b"\npass_required = 1\ncivilian = true\n{FROM}\n',
            {"agreement.type"},
        ),
        (f'[goods]\ndefault = "ask"\n{FROM}\n', {"agreement.value"}),
        (goods(["1099", "98", "xx", "10", "10"]), {"goods.code", "agreement.duplicate"}),
        (goods(["10"], ["10"]), {"goods.twice"}),
        (f'[limits]\nnotise = {{ value = "1 h", {FROM} }}\n', {"agreement.unknown_key"}),
        (f'[limits]\nnotice = {{ value = "44h", {FROM} }}\n', {"agreement.duration"}),
        (f"[limits]\nnotice = {{ {FROM} }}\n", {"agreement.missing"}),
        (f'[[deadlines]]\nid = "a"\nabout = "b"\nwho = ["orva"]\n{FROM}\n', {"agreement.deadline"}),
        (
            f'[[deadlines]]\nid = "a"\nabout = "b"\nwho = ["orva"]\nat = "24:00"\n{FROM}\n',
            {"agreement.hour"},
        ),
        (
            f'[[deadlines]]\nid = "a"\nabout = "b"\nwho = ["orva"]\nwithin = "soon"\n{FROM}\n',
            {"agreement.duration"},
        ),
        (
            (
                '[[deadlines]]\nid = "a"\nabout = "b"\nwho = ["orva"]\n'
                f'within = "1 h"\nby = "2026-01-01"\n{FROM}\n'
            ),
            {"agreement.deadline"},
        ),
        ("title = 1979-13-40\n", {"agreement.toml"}),
        ('title = "a"\ntitle = "b"\n', {"agreement.toml"}),
        ("title = [\n", {"agreement.toml"}),
        (f"title = {'9' * 5000}\n", {"agreement.toml"}),
        (f"title = {'[' * 3000}\n", {"agreement.toml"}),
        (f"a{'.a' * 15_000} = 1\n", {"agreement.toml"}),
        ('tіtle = "T"\n', {"agreement.look_alike"}),
        ('title = "e\u0301"\n', {"agreement.nfc"}),
        ('title = "\ud800"\n', {"agreement.nfc"}),
        ('title = "\U00016d63\U00016d67"\n', {"agreement.nfc"}),
        ('title = "a\u202eb"\n', {"agreement.invisible"}),
        (f"# {'x' * MAX_BYTES}\n", {"agreement.size"}),
    ],
)
def test_each_rule_of_the_file_is_named(block: str, rules: set[str]) -> None:
    text = patched(block)
    if rules:
        assert rules_of(text) == rules
    else:
        assert isinstance(parse_agreement(text), Agreement)


def test_faults_of_letters_come_together_with_the_others() -> None:
    text = patched('title = "e\u0301 \u202e"\nversion = 0\n')
    assert [rule for rule, _ in faults_of(text)] == [
        "agreement.nfc",
        "agreement.invisible",
        "agreement.value",
    ]
    assert [rule for rule, _ in faults_of(text + "x = [")][-1] == "agreement.toml"


def test_missing_tables_are_named_one_by_one() -> None:
    assert [words for _, words in faults_of("")] == [
        f"agreement.toml line 1: the file: {name!r} is missing. Add {name} = {what}."
        for name, what in (
            ("title", '"…", words in quotes'),
            ("version", "a whole number from 1 to 9999"),
            ("vehicle_identifier", '"plate" or "imo"'),
            ("signatories", "[[signatories]], one table for each"),
            ("text", "a table, [text]"),
            ("consent", "a table, [consent]"),
            ("powers", "a table, [powers]"),
        )
    ]


@pytest.mark.parametrize("role", ["party", "guarantor"])
def test_exactly_one_signatory_is_the_guarantor(role: str) -> None:
    first = MINIMAL.replace('"guarantor"', f'"{role}"')
    second = first if role == "party" else MINIMAL.replace('role = "party"', 'role = "guarantor"', 1)
    assert rules_of(second) == {"agreement.guarantor"}


def test_an_observer_sees_and_decides_nothing() -> None:
    assert rules_of(MINIMAL.replace('role = "party"', 'role = "observer"', 1)) == {"agreement.consent"}


def test_a_reference_where_nothing_can_be_named_says_so() -> None:
    text = patched(f'[[directions]]\nname = "in"\nfrom_posts = ["a"]\nto_posts = ["a"]\n{FROM}\n')
    start = text.index("[[posts]]")
    text = text[:start] + text[text.index("[consent]") :]
    assert "This file has no post" in faults_of(text)[0][1]


def test_a_syntax_error_says_its_line_also_at_the_end_of_the_file() -> None:
    last = MINIMAL.count("\n") + 1
    assert faults_of(MINIMAL + "x = [")[0][1].startswith(f"agreement.toml line {last}: ")
    assert faults_of("a = 1\nb = = 2\n")[0][1].startswith("agreement.toml line 2: ")
    assert faults_of(f"title = {'9' * 5000}")[0][1].startswith("agreement.toml: a number or a date")


def test_a_post_beyond_the_end_of_the_line_is_told_with_its_line_and_what_to_write() -> None:
    text = MINIMAL.replace('name = "North gate"\n', 'name = "North gate"\nchainage_m = 62000\n')
    surveyed = ROUTE.replace('"schematic":true', '"schematic":false')
    with pytest.raises(Malformed) as caught:
        require_fit(text, surveyed, where="a.toml")
    line = text.splitlines().index("chainage_m = 62000") + 1
    message = str(caught.value)
    assert message.startswith(f"a.toml line {line}: posts[1].chainage_m: 62,000 m is beyond the end")
    assert "Write 0 to 14041, or draw" in message
    require_fit(text, ROUTE)  # nobody measures on a schematic line
    require_fit(text, None)
    require_fit(text.replace("62000", "14150"), surveyed)  # within 1 %


def test_a_founding_holds_both_files_or_says_simplify_the_line() -> None:
    require_fit(MINIMAL, ROUTE)
    with pytest.raises(Malformed, match="Simplify the line"):
        require_fit(MINIMAL + "#" * 20_000, ROUTE + " " * 20_000)
