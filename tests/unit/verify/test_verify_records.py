"""Each record by itself, and beside the others: spelling, signature, keys, what it saw, chains, references."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeconduct.core.passage.judgement import Why
from safeconduct.core.record.signature import jwk_of
from safeconduct.sim.hand import Hand, sign_anything
from safeconduct.sim.stage import Stage, corridor_file
from safeconduct.verify.first_look import keys_in
from tests.unit.verify.verify_scene import archive_of, audit_of, named, open_rules, with_signature

NOTHING = {"leaf": "0" * 64}


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def liaison(stage: Stage) -> Hand:
    return stage.hand("orva/liaison")


def test_what_is_no_record_keeps_its_place_and_is_named_with_each_fault(stage: Stage) -> None:
    entries = [*stage.entries(), b"no record", *Stage("other").entries()[4:5]]
    report = audit_of(stage, entries)
    assert report.exit_code == 1
    assert named(report, "record.spelling") == [(len(entries) - 2,)]
    assert named(report, "record.corridor") == [(len(entries) - 1,)]


def test_of_many_faults_of_a_schema_some_are_told(stage: Stage, liaison: Hand) -> None:
    bad = sign_anything({"evt": "offered"}, liaison.key)
    report = audit_of(stage, [*stage.entries(), bad])
    found = [finding.found for finding in report.findings if finding.rule == "record.schema"]
    assert len(found) == 8
    assert all(found)


def test_a_second_founding_record_is_of_no_corridor(stage: Stage) -> None:
    entries = stage.entries()
    other = Stage("other").entries()[0]
    assert named(audit_of(stage, [*entries, other]), "record.corridor") == [(len(entries),)]


def test_a_signature_that_fails_and_a_key_that_nobody_enrolled_are_named(stage: Stage, liaison: Hand) -> None:
    entries = stage.entries()
    record = liaison.write("offered", clear=NOTHING)
    stranger = stage.stranger("orva/stranger").write("offered", clear=NOTHING)
    report = audit_of(stage, [*entries, with_signature(record, b"\x01" * 64), stranger.entry])
    assert named(report, "record.signature") == [(len(entries),)]
    assert named(report, "key.unknown") == [(len(entries) + 1,)]


def test_the_same_bytes_again_are_no_second_record(stage: Stage) -> None:
    entries = stage.entries()
    report = audit_of(stage, [*entries, entries[3]])
    assert named(report, "record.repeated") == [(3, len(entries))]
    assert report.rules == {"record.repeated"}


def test_one_jti_in_two_records_is_named_once_and_each_signer_keeps_its_first(stage: Stage) -> None:
    passage = stage.passage()
    declared = passage.declare()
    entries = stage.entries()
    of = {"of": declared.leaf, "verdict": "agrees"}
    private = dict.fromkeys(("by", "words"))
    orva, tessin = stage.hand("orva/liaison"), stage.hand("tessin/liaison")
    first = orva.write("countersign", passage=passage.psg, clear=of, private=private)
    jti, refuses = first.payload["jti"], {**of, "verdict": "refuses"}
    again = orva.write("countersign", passage=passage.psg, clear=refuses, private=private, jti=jti)
    other = tessin.write("countersign", passage=passage.psg, clear=refuses, private=private, jti=jti)
    report = audit_of(stage, [*entries, first.entry, again.entry, other.entry])
    size = len(entries)
    assert named(report, "record.repeated") == [(size, size + 1, size + 2)]
    refused = [finding.found for finding in report.findings if finding.rule == "countersign.refused"]
    assert refused == ["tessin refuses to countersign"]


def test_identifiers_are_compared_part_by_part(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safeconduct.verify.judge._PART", 3)
    liaison = stage.hand("orva/liaison")
    clear = {"leaf": stage.founding.leaf}
    first = liaison.write("offered", clear=clear, seen=None)
    again = liaison.write("offered", clear=clear, seen=None, jti=first.payload["jti"])
    report = audit_of(stage, [*stage.entries(), first.entry, again.entry])
    assert report.rules == {"record.repeated"}


def test_identifiers_that_end_alike_are_not_the_same(stage: Stage, liaison: Hand) -> None:
    for first in ("01890000-0000-7000-8000-000000000001", "01890000-0000-7000-9000-000000000001"):
        liaison.record("offered", clear={"leaf": stage.founding.leaf}, jti=first)
    assert stage.audit().rules == frozenset()


def a_head(stage: Stage) -> int:
    """The size of a head that the log published, and put into a record."""
    return list(stage.store.committed())[1].size


@pytest.mark.parametrize(
    ("seen", "ok"),
    [
        (lambda stage: {"size": a_head(stage), "root": stage.root_at(a_head(stage)).hex()}, True),
        (lambda _: {"size": 5, "root": "0" * 64}, False),
        (lambda _: {"size": 10**6, "root": "0" * 64}, False),
    ],
)
def test_what_a_signer_saw_was_a_head_of_this_log_before_its_record(
    stage: Stage, liaison: Hand, *, seen: Callable[[Stage], object], ok: bool
) -> None:
    liaison.record("offered", clear={"leaf": stage.founding.leaf}, seen=seen(stage))
    assert stage.audit().rules == (frozenset() if ok else {"seen.wrong"})


def test_a_head_that_a_signer_saw_and_nobody_put_into_a_record_is_named_once(
    stage: Stage, liaison: Hand
) -> None:
    seen = {"size": 5, "root": stage.root_at(5).hex()}
    for _ in range(2):
        liaison.record("offered", clear={"leaf": stage.founding.leaf}, seen=seen)
    report = stage.audit()
    assert report.rules == {"head.unlogged"}
    assert len(report.findings) == 1


def test_without_witnesses_a_head_needs_no_record_to_be_seen() -> None:
    stage = Stage(witnesses=())
    seen = {"size": 5, "root": stage.root_at(5).hex()}
    stage.hand("orva/liaison").record("offered", clear={"leaf": stage.founding.leaf}, seen=seen)
    assert stage.audit().rules == set()


def key_early(stage: Stage) -> None:
    early = stage.stranger("orva/early")
    early.record("offered", clear={"leaf": stage.founding.leaf})
    stage.hand("orva/root").record("key", clear={"cnf": jwk(early), "holder": "orva/early"})


def jwk(hand: Hand) -> dict[str, object]:
    return {"jwk": jwk_of(hand.key.public_key)}


def key_enrolled_by_nobody_who_may(stage: Stage) -> None:
    hand = stage.stranger("north-gate/post", "intruder")
    stage.hand("orva/liaison").record("key", clear={"cnf": jwk(hand), "holder": "north-gate/post"})
    hand.record("offered", clear={"leaf": stage.founding.leaf})


def key_revoked(stage: Stage) -> None:
    hand = stage.hand("relief-one")
    good = hand.record("offered", clear={"leaf": stage.founding.leaf})
    hand.record("offered", clear={"leaf": stage.founding.leaf})
    stage.revoke(hand, last=good)


def key_of_another_issuer(stage: Stage) -> None:
    stage.hand("orva/liaison").record("offered", clear={"leaf": stage.founding.leaf}, iss="tessin/liaison")


def key_without_the_power(stage: Stage) -> None:
    stage.declare(by="orva/liaison")


def post_of_another_post(stage: Stage) -> None:
    stage.declare().turn_back()
    clear = {"post": "south-gate", "reason": "no-pass"}
    private = {"by": "officer", "words": "none"}
    psg = stage.passage().psg
    stage.hand("north-gate").record("turned-back", passage=psg, clear=clear, private=private)


def a_version_that_is_none(stage: Stage) -> None:
    stage.hand("orva/liaison").record("offered", clear={"leaf": stage.founding.leaf}, agr=2)
    stage.hand("orva/liaison").record("offered", clear={"leaf": stage.founding.leaf}, agr=70_000, seen=None)


def a_version_that_is_not_in_force_any_more(stage: Stage) -> None:
    text = corridor_file("agreement.toml").replace("version = 1", "version = 2")
    clear = {"agreement": text, "route": corridor_file("route.geojson"), "version": 2}
    amendment = stage.hand("mission/root").record("amendment", clear=clear)
    stage.hand("orva/root").record("consent", clear={"of": amendment.leaf})
    stage.publish()
    stage.hand("orva/liaison").record("offered", clear={"leaf": stage.founding.leaf}, agr=1)


def a_correction_of_another(stage: Stage) -> None:
    record = stage.hand("tessin/liaison").record("offered", clear={"leaf": stage.founding.leaf})
    stage.hand("orva/liaison").record("correction", clear={"of": record.leaf})
    stage.hand("orva/liaison").record("withdrawal", withdraws=record.leaf)


def a_correction_of_its_own(stage: Stage) -> None:
    liaison = stage.hand("orva/liaison")
    record = liaison.record("offered", clear={"leaf": stage.founding.leaf})
    liaison.record("correction", clear={"of": record.leaf})
    liaison.record("withdrawal", withdraws=record.leaf)


def a_void_correction(stage: Stage) -> None:
    liaison = stage.hand("orva/liaison")
    record = liaison.record("offered", clear={"leaf": stage.founding.leaf})
    liaison.record("correction", clear={"of": record.leaf}, iss="tessin/liaison")


def a_last_good_that_is_another_keys(stage: Stage) -> None:
    record = stage.hand("orva/liaison").record("offered", clear={"leaf": stage.founding.leaf})
    stage.revoke(stage.hand("relief-one"), last=record)


def a_last_good_with_another_number(stage: Stage) -> None:
    hand = stage.hand("relief-one")
    record = hand.record("offered", clear={"leaf": stage.founding.leaf})
    clear = {"kid": hand.kid, "last": {"seq": 7, "leaf": record.leaf}, "reason": "lost"}
    stage.hand("mission/root").record("revocation", clear=clear)


def a_key_revoked_from_the_start(stage: Stage) -> None:
    stage.revoke(stage.hand("relief-one"))


@pytest.mark.parametrize(
    ("play", "rules"),
    [
        (key_early, {"key.early"}),
        (key_enrolled_by_nobody_who_may, {"key.power", "key.unknown"}),
        (key_revoked, {"key.revoked"}),
        (key_of_another_issuer, {"key.issuer"}),
        (key_without_the_power, {"key.power"}),
        (post_of_another_post, {"key.power"}),
        (a_version_that_is_none, {"agreement.version"}),
        (a_version_that_is_not_in_force_any_more, {"agreement.version"}),
        (a_correction_of_another, {"key.power"}),
        (a_correction_of_its_own, set()),
        (a_void_correction, {"key.issuer"}),
        (a_last_good_that_is_another_keys, {"key.last_good"}),
        (a_last_good_with_another_number, {"key.last_good"}),
        (a_key_revoked_from_the_start, set()),
    ],
)
def test_who_signs_and_by_which_agreement_is_judged(
    stage: Stage, play: Callable[[Stage], None], rules: set[str]
) -> None:
    play(stage)
    assert stage.audit().rules == rules


def test_keys_are_found_before_anything_is_read_and_rubbish_is_passed_over(stage: Stage) -> None:
    liaison = stage.hand("orva/liaison")
    record = liaison.write("key", clear={"cnf": jwk(liaison), "holder": "orva/x"})
    not_a_key = sign_anything({**record.payload, "cnf": {"jwk": {"x": "?"}}}, liaison.key)
    other = liaison.write("offered", clear={"leaf": "0" * 64, "told": '"evt":"key"'})
    for marked in ('"evt":"key"', ' "evt":"key"', '  "evt":"key"'):
        spelled = sign_anything({**other.payload, "told": {"evt": "key", "x": marked}}, liaison.key)
        archive = archive_of(stage, [record.entry, not_a_key, record.entry[:-9], spelled])
        assert keys_in((archive, 4), range(1)) == {liaison.kid: liaison.key.public_key}
    bundle = next(path for path in archive.files if path.startswith("tile/entries/"))
    archive.files[bundle] += b"more"
    assert keys_in((archive, 4), range(1)) == {}


def test_a_key_that_is_not_acceptable_enrols_nobody(stage: Stage) -> None:
    root = stage.hand("orva/root")
    low = {"crv": "Ed25519", "kty": "OKP", "x": "A" * 43}
    record = root.write("key", clear={"cnf": {"jwk": low}, "holder": "orva/x"})
    assert keys_in((archive_of(stage, [record.entry]), 1), range(1)) == {}


def test_a_hole_is_open_until_the_limit_and_then_a_finding(stage: Stage, liaison: Hand) -> None:
    liaison.record("offered", clear={"leaf": stage.founding.leaf})
    for _ in range(2):
        liaison.write("offered", clear={"leaf": stage.founding.leaf})
    liaison.record("offered", clear={"leaf": stage.founding.leaf})
    early = stage.audit()
    assert (early.exit_code, open_rules(early)) == (0, ["chain.hole"])
    assert "1 to 2" in early.open_states[0].says
    stage.close_watches()
    stage.pass_time(days=2)
    late = stage.audit()
    assert late.rules == {"chain.hole"}
    assert open_rules(late) == []


def test_a_fork_and_a_prev_that_is_another_are_named(stage: Stage, liaison: Hand) -> None:
    twin = liaison.copy()
    liaison.record("offered", clear={"leaf": stage.founding.leaf})
    twin.record("offered", clear={"leaf": stage.founding.leaf}, iat=stage.clock.now() + 1)
    liaison.record("offered", clear={"leaf": stage.founding.leaf}, prev="1" * 64)
    assert stage.audit().rules == {"chain.fork", "chain.prev"}


def test_a_first_record_names_nothing_before_it(stage: Stage) -> None:
    hand = stage.enrol("orva/new")
    hand.record("offered", clear={"leaf": stage.founding.leaf}, prev="1" * 64)
    report = stage.audit()
    assert report.rules == {"chain.prev"}
    assert "an empty prev" in report.findings[0].expected


def test_a_record_that_names_what_is_not_there_is_open_then_a_finding(stage: Stage) -> None:
    passage = stage.declare()
    gone = stage.hand("relief-one").write("offered", clear={"leaf": stage.founding.leaf})
    passage.countersign(gone, by="orva/liaison")
    early = stage.audit()
    assert early.exit_code == 0
    assert [(state.rule, state.why) for state in early.open_states] == [
        ("reference.unknown", Why.NOT_HANDED_IN)
    ]
    stage.close_watches()
    stage.pass_time(days=2)
    assert stage.audit().rules == {"reference.unknown"}


def test_a_record_that_comes_after_those_that_name_it_is_found(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = stage.declare()
    late = passage.account("searched")
    words = passage.countersign(late, by="orva/liaison")
    entries = [entry for entry in stage.entries() if entry not in (late.entry, words.entry)]
    liaison = stage.hand("tessin/liaison")
    leaf = {"leaf": stage.founding.leaf}
    many = [liaison.write("offered", clear=leaf, seen=None).entry for _ in range(300)]
    monkeypatch.setattr("safeconduct.verify.audit._SEGMENT", 1)
    report = audit_of(stage, [*entries, words.entry, *many, late.entry])
    assert report.rules == frozenset()
    assert open_rules(report) == []


def test_a_pass_that_a_post_was_shown_is_named_once(stage: Stage) -> None:
    stage.passage().arrive(clear={"pass": "0" * 64})
    assert stage.audit().rules == {"pass.unknown"}


def test_records_of_a_version_that_is_none_have_no_limit(stage: Stage) -> None:
    passage = stage.declare()
    gone = stage.hand("relief-one").write("offered", clear={"leaf": stage.founding.leaf})
    passage.countersign(gone, by="orva/liaison", agr=9)
    stage.close_watches()
    stage.pass_time(days=2)
    report = stage.audit()
    assert report.rules == {"agreement.version"}
    assert "reference.unknown" in open_rules(report)


def test_a_kind_that_this_version_does_not_know_is_kept_named_and_not_judged(
    stage: Stage, liaison: Hand
) -> None:
    record = liaison.write("offered", clear={"leaf": "0" * 64}, seen=None)
    newer = sign_anything({**record.payload, "evt": "tally"}, liaison.key)
    report = audit_of(stage, [*stage.entries(), newer])
    assert report.not_judged["kind tally"] == 1
    assert report.rules == frozenset()
