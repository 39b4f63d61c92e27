"""Entry 0 of a successor: what it says, and who signed that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import keyring_of
from safeconduct.core.agreement.succession import CONSENTS, succession_message
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import sha256
from safeconduct.core.record.entry import parse_entry
from safeconduct.service.succession import consent
from safeconduct.sim.hand import sign_anything
from safeconduct.sim.stage import Stage
from safeconduct.sim.successor import drafted, signed

STAGE = Stage(seed="succession", watching=False)
DRAFT = drafted(STAGE, STAGE.archive())
Change = Callable[[dict[str, Any]], object]


def rules_of(entry: bytes) -> set[str]:
    try:
        Founding.parse(parse_entry(entry))
    except (Malformed, Disproved) as error:
        return {fault.rule for fault in error.faults}
    return set()


def test_it_keeps_the_corridor_and_has_a_hash_of_its_own() -> None:
    entry = signed(STAGE, DRAFT)
    founding = Founding.parse(parse_entry(entry))
    assert founding.cor == STAGE.cor == STAGE.founding.identifier
    assert founding.identifier == sha256(entry).hex() != founding.cor
    assert founding.succession is not None
    assert founding.succession.consented == ("mission", "orva", "tessin")
    assert STAGE.founding.succession is None


def test_who_signed_it_has_consented_to_its_agreement() -> None:
    ring = keyring_of(Founding.parse(parse_entry(signed(STAGE, DRAFT, ["orva"]))), [])
    assert [(one.seat, one.state, one.index) for one in ring.consents()] == [
        ("mission", "consented", 0),
        ("orva", "consented", 0),
        ("tessin", "silent", None),
    ]


def test_everything_but_the_consents_is_signed() -> None:
    message = succession_message(DRAFT)
    assert succession_message({**DRAFT, CONSENTS: ["others"]}) == message
    for name in DRAFT.keys() - {CONSENTS}:
        assert succession_message({**DRAFT, name: "other"}) != message


def by(seat: str, key: str | None = None, **claims: Any) -> dict[str, str]:
    """A consent of a seat, perhaps by another key, perhaps to another draft."""
    return consent({**DRAFT, **claims}, seat, STAGE.key(f"{key or seat}/root"))


@pytest.mark.parametrize(
    "consents",
    [
        [],
        [by("mission")],
        [by("orva", "tessin")],
        [by("orva"), by("orva")],
        [by("orva", kept=1)],
        [by("nobody", "orva")],
    ],
    ids=["none", "the guarantor twice", "another's key", "one seat twice", "another draft", "no seat"],
)
def test_what_is_no_consent_is_refused(consents: list[dict[str, str]]) -> None:
    entry = sign_anything({**DRAFT, CONSENTS: consents}, STAGE.key("mission/root"))
    assert rules_of(entry) == {"succession.consent"}


def test_an_empty_seat_cannot_consent() -> None:
    stage = Stage(seed="an empty seat", watching=False, empty=("tessin",), consenting=("orva",))
    payload = drafted(stage, stage.archive())
    assert rules_of(signed(stage, payload, ["orva"])) == set()
    assert rules_of(signed(stage, payload, ["orva", "tessin"])) == {"succession.consent"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda claims: claims.update(note="no note"), "succession.head"),
        (lambda claims: claims.update(note=claims["note"].replace("\n", "x\n", 1)), ""),
        (
            lambda claims: claims.update(log={**claims["log"], "origin": STAGE.founding.origin}),
            "succession.head",
        ),
        (lambda claims: claims.update(agr=2), "succession.version"),
        (lambda claims: claims.update(quorum=0), "founding.quorum"),
        (lambda claims: claims.update(seats=claims["seats"][1:]), "founding.seats"),
        (lambda claims: claims.pop("cor"), "record.schema"),
        (lambda claims: claims.update(prev="0" * 64), "record.schema"),
        (lambda claims: claims.update(kept=0), "record.schema"),
        (lambda claims: claims.update(receipts=["0" * 64, "0" * 64]), "record.schema"),
    ],
)
def test_each_claim_is_read(change: Change, rule: str) -> None:
    payload = dict(DRAFT)
    change(payload)
    assert (rule in rules_of(signed(STAGE, payload))) == bool(rule)


def test_a_draft_is_read_before_anybody_signed_it() -> None:
    nobody = STAGE.key("nobody's")
    assert Founding.drafted(parse_entry(sign_anything(DRAFT, nobody))).cor == STAGE.cor
    with pytest.raises(Malformed) as refused:
        Founding.drafted(parse_entry(sign_anything({**DRAFT, "agr": 2}, nobody)))
    assert [fault.rule for fault in refused.value.faults] == ["succession.version"]


def test_elsewhere_in_a_log_it_has_no_power() -> None:
    stage = Stage(seed="elsewhere", watching=False)
    claims = {name: DRAFT[name] for name in ("agreement", "route", "nature", "seats", "log", "service")}
    more = {
        name: DRAFT[name] for name in ("witnesses", "quorum", "cause", "consents", "kept", "note", "receipts")
    }
    stage.hand("mission/root").record("succession", clear=claims | more, seq=0, prev="", seen=None)
    assert {"key.power", "chain.fork"} <= set(stage.audit().rules)


def test_a_later_version_is_taken_over_word_for_word() -> None:
    stage = Stage(seed="amended", watching=False)
    text = stage.founding.agreement_text.replace("version = 1", "version = 2", 1)
    assert text != stage.founding.agreement_text
    clear = {"agreement": text, "route": stage.founding.route_text, "version": 2}
    amendment = stage.hand("mission/root").record("amendment", clear=clear)
    stage.hand("orva/root").record("consent", clear={"of": amendment.leaf})
    payload = drafted(stage, stage.archive())
    assert (payload["agr"], payload["agreement"]) == (2, text)
    founding = Founding.parse(parse_entry(signed(stage, payload, ["orva"])))
    assert founding.agreement.version == 2


def test_a_root_that_revoked_itself_leaves_its_seat_empty() -> None:
    stage = Stage(seed="revoked", watching=False)
    root = stage.hand("tessin/root")
    root.record("revocation", clear={"kid": root.kid, "last": None, "reason": "lost"})
    seats = {one["seat"]: one.get("jwk") for one in drafted(stage, stage.archive())["seats"]}
    assert seats["tessin"] is None
    assert None not in (seats["mission"], seats["orva"])
