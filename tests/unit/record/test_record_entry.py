from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.draft import sign
from safeconduct.core.record.entry import (
    MAX_BYTES,
    At,
    Seen,
    parse_entry,
    print_header,
    references,
    signed_part,
    verify_entry,
)
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.record.schema import _MOST_PLANS, COUNT, Form
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.tree import leaf_hash
from tests.unit.record.record_samples import (
    CLEAR,
    COR,
    JTI,
    LEAF,
    PASSAGE,
    SIGNER,
    SampleSigner,
    entry_of,
    faults_of,
    payload_of,
    sample,
    spell,
    spell_bytes,
)

KID = thumbprint(SIGNER.public_key)


def rules_of(entry: bytes) -> set[str]:
    return {rule for _, rule in faults_of(entry)}


@pytest.mark.parametrize("evt", KINDS)
def test_a_good_record_of_each_kind_is_read(evt: str) -> None:
    text = sign(sample(evt).payload, SIGNER)
    entry = parse_entry(text)
    assert (entry.evt, entry.kid, entry.text, entry.leaf) == (evt, KID, text, leaf_hash(text))
    assert entry.payload == sample(evt).payload
    assert verify_entry(entry, SIGNER.public_key)
    assert not verify_entry(entry, SampleSigner("other").public_key)


def test_the_envelope_is_read_by_name() -> None:
    entry = entry_of(seen={"size": 7, "root": LEAF}, at={"from": 5, "until": 9}, via="paper")
    assert (entry.iss, entry.iat, entry.seq, entry.prev) == ("north-gate/inspector", 1_700_000_000, 4, LEAF)
    assert (entry.cor, entry.agr, entry.psg, entry.jti) == (COR, 1, PASSAGE, JTI)
    assert (entry.seen, entry.at) == (Seen(7, LEAF), At(5, 9, "paper"))
    assert entry_of(at=5, via="source").at == At(5, 5, "source")


def test_what_is_absent_from_the_envelope_is_none() -> None:
    entry = entry_of("founding")
    assert (entry.cor, entry.psg, entry.seen, entry.at) == (None, None, None, None)


def test_the_signed_part_ends_before_the_last_dot() -> None:
    entry = entry_of()
    message, signature = signed_part(entry)
    assert message + b"." + print_base64url(signature).encode() == entry.text


# Rule 1: length


def padded_to(length: int) -> bytes:
    """A founding record of this many bytes, or one or two less: base64 writes 3 bytes in 4 characters."""
    room = length - len(spell(payload_of("founding", agreement="x")))
    return spell(payload_of("founding", agreement="x" * (room * 3 // 4 + 1)))


def test_a_record_of_the_full_length_is_read_and_a_longer_one_is_not() -> None:
    entry = padded_to(MAX_BYTES)
    assert MAX_BYTES - 2 <= len(entry) <= MAX_BYTES
    assert rules_of(entry) == set()
    text = parse_entry(entry).payload["agreement"]
    assert rules_of(spell(payload_of("founding", agreement=text + "xxx"))) == {"record.too_long"}


# Rule 2: three parts of canonical base64url

GOOD = spell(payload_of())
HEAD, BODY, SIGNATURE = GOOD.split(b".")


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"..",
        b"...",
        HEAD + b"." + BODY,
        GOOD + b".",
        GOOD + b"~",
        GOOD + b"\n",
        GOOD.replace(b".", b"..", 1),
        HEAD + b"." + BODY + b"=." + SIGNATURE,
        HEAD + b"." + BODY + b"==." + SIGNATURE,
        HEAD + b"." + BODY[:-1] + b"." + SIGNATURE[:-1] + b"\xff",
        HEAD + b"." + BODY + b"." + SIGNATURE[:-1],
        HEAD + b"." + BODY + b"." + SIGNATURE + b"AA",
        HEAD + b"." + BODY + b".",
        HEAD + b"." + BODY[:40] + b"+" + BODY[41:] + b"." + SIGNATURE,
        HEAD + b"." + BODY[:40] + b"/" + BODY[41:] + b"." + SIGNATURE,
        HEAD + b"." + BODY[:40] + b"\n" + BODY[40:] + b"." + SIGNATURE,
        HEAD + b"." + BODY[:40] + b"====" + BODY[40:] + b"." + SIGNATURE,
    ],
)
def test_anything_but_three_canonical_parts_is_refused(entry: bytes) -> None:
    assert rules_of(entry) == {"record.spelling"}


def test_set_trailing_bits_that_decoders_ignore_are_refused() -> None:
    # 64 bytes end in a character of which only two bits count.
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = GOOD[:-1] + bytes([alphabet[alphabet.index(GOOD[-1]) | 1]])
    assert base64.urlsafe_b64decode(twin.split(b".")[2] + b"==") == parse_entry(GOOD).signature
    assert rules_of(twin) == {"record.spelling"}


# Rule 3: the header


def headed(text: str) -> bytes:
    return spell_bytes(b"{}", header=print_base64url(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        f'{{"kid":"{KID}","alg":"Ed25519","typ":"safeconduct-record+sd-jwt"}}',
        f'{{"alg":"EdDSA","kid":"{KID}","typ":"safeconduct-record+sd-jwt"}}',
        f'{{"alg":"none","kid":"{KID}","typ":"safeconduct-record+sd-jwt"}}',
        f'{{"alg":"Ed25519","kid":"{KID}","typ":"JWT"}}',
        f'{{"alg":"Ed25519","kid":"{KID}"}}',
        f'{{"alg":"Ed25519", "kid":"{KID}","typ":"safeconduct-record+sd-jwt"}}',
        f'{{"alg":"Ed25519","crit":["b64"],"kid":"{KID}","typ":"safeconduct-record+sd-jwt"}}',
        f'{{"alg":"Ed25519","kid":"{KID}","typ":"safeconduct-record+sd-jwt"}}\n',
        f'{{"alg":"Ed25519","kid":"{KID[:-1]}","typ":"safeconduct-record+sd-jwt"}}',
        f'{{"alg":"Ed25519","kid":"{KID[:-1]}=","typ":"safeconduct-record+sd-jwt"}}',
        '{"alg":"Ed25519","kid":"","typ":"safeconduct-record+sd-jwt"}',
        '{"alg":"Ed25519","kid":"é","typ":"safeconduct-record+sd-jwt"}',
        "{}",
        "",
    ],
)
def test_any_other_header_is_refused(text: str) -> None:
    assert rules_of(headed(text)) == {"record.header"}


def test_a_header_that_is_not_base64url_is_refused() -> None:
    for header in (print_header(KID) + "=", " " + print_header(KID), ""):
        assert rules_of(spell_bytes(b"{}", header=header)) == {"record.header"}


# Rule 4: the payload


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"a":"e\xcc\x81"}',
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
)
def test_a_payload_that_is_not_jcs_is_refused(payload: bytes) -> None:
    assert rules_of(spell_bytes(payload)) == {"record.spelling"}


@pytest.mark.parametrize("payload", [b"[]", b"1", b'"x"', b"null"])
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    assert rules_of(spell_bytes(payload)) == {"record.schema"}


# Rule 5: schema, all faults at once


def test_all_faults_are_told_at_once_each_with_its_place() -> None:
    entry = spell(
        payload_of(agr=0, direction="IN", iat="now", iss="north-gate", jti=..., plate={"_sd": []}, post=7)
    )
    assert faults_of(entry) == [
        ("$.agr", "record.schema"),
        ("$.direction", "record.schema"),
        ("$.iat", "record.schema"),
        ("$.iss", "record.schema"),
        ("$.plate", "record.schema"),
        ("$.post", "record.schema"),
        ("$.jti", "record.schema"),
    ]


def test_a_fault_says_where_what_and_what_to_write_and_quotes_nothing() -> None:
    with pytest.raises(Malformed) as caught:
        parse_entry(spell(payload_of(post="AB 123 CD")), where="entry 17")
    assert str(caught.value) == (
        "entry 17 $.post: this claim has another form. Write an identifier of a-z, 0-9 and hyphens."
    )


@pytest.mark.parametrize(
    ("evt", "claims", "places"),
    [
        ("entered", {"evt": "Entered"}, ["$.evt"]),
        ("entered", {"evt": 1}, ["$.evt"]),
        ("entered", {"evt": ...}, ["$.evt"]),
        ("entered", {"psg": ...}, ["$.psg"]),
        ("entered", {"_sd_alg": "sha-512"}, ["$._sd_alg"]),
        ("entered", {"_sd_alg": ...}, ["$._sd_alg"]),
        ("entered", {"agr": True}, ["$.agr"]),
        ("entered", {"seq": -1}, ["$.seq"]),
        ("entered", {"prev": "1E" * 32}, ["$.prev"]),
        ("entered", {"jti": "01890a5d-ac96-474b-bcce-b302099a8057"}, ["$.jti"]),
        ("entered", {"iss": "north-gate/inspector/ada"}, ["$.iss"]),
        ("entered", {"seen": {"size": 0, "root": LEAF}}, ["$.seen.size"]),
        ("entered", {"seen": {"size": 1}}, ["$.seen.root"]),
        ("entered", {"seen": {"size": 1, "root": LEAF, "note": 1}}, ["$.seen.note"]),
        ("entered", {"seen": []}, ["$.seen"]),
        ("entered", {"at": {"from": 2, "until": 1}, "via": "paper"}, ["$.at"]),
        ("entered", {"at": "noon", "via": "paper"}, ["$.at"]),
        ("entered", {"via": "hearsay", "at": 1}, ["$.via"]),
        ("entered", {"lines": {}}, ["$.lines"]),
        ("entered", {"lines": [1]}, ["$.lines[0]"]),
        ("founding", {"cor": COR}, ["$.cor"]),
        ("founding", {"psg": PASSAGE}, ["$.psg"]),
        ("founding", {"seen": {"size": 1, "root": LEAF}}, ["$.seen"]),
        ("founding", {"seq": 1}, ["$.seq"]),
        ("founding", {"prev": LEAF}, ["$.prev"]),
        ("founding", {"agr": 2}, ["$.agr"]),
        ("founding", {"agr": True}, ["$.agr"]),
        ("founding", {"seats": []}, ["$.seats"]),
        ("founding", {"seats": [{"seat": "a", "role": "judge"}]}, ["$.seats[0].role"]),
        ("founding", {"seats": [1, {"seat": "a"}]}, ["$.seats[0]", "$.seats[1].role"]),
        ("founding", {"witnesses": ["w+00000000+AA==", "w+00000000+AA=="]}, ["$.witnesses"]),
        ("founding", {"log": {"origin": "https://x", "vkey": "v"}}, ["$.log.origin", "$.log.vkey"]),
        ("founding", {"service": {"jwk": {"crv": "Ed25519", "kty": "OKP"}}}, ["$.service.jwk"]),
        ("declaration", {"lines": ...}, ["$.lines"]),
        ("declaration", {"lines": [{"hs": "1", "quantity": 1, "unit": "KGM"}]}, None),
        ("pass", {"refused": [{"line": -1, "rule": "Goods"}]}, ["$.refused[0].line", "$.refused[0].rule"]),
        ("pass-refusal", {"reasons": []}, ["$.reasons"]),
        ("withdrawal", {"withdraws": ...}, ["$.withdraws"]),
        ("correction", {"admits": False}, ["$.admits"]),
        ("correction", {"admits": 1}, ["$.admits"]),
        ("revocation", {"last": {"seq": 1}}, ["$.last"]),
    ],
)
def test_a_claim_of_another_form_is_named(evt: str, claims: dict[str, Any], places: list[str] | None) -> None:
    found = faults_of(spell(payload_of(evt, **claims)))
    assert {rule for _, rule in found} == {"record.schema"}
    if places is None:
        places = [f"$.lines[0].{name}" for name in ("hs", *KINDS["declaration"].line_private)]
    assert [place for place, _ in found] == places


def test_a_revoked_key_may_have_no_good_record() -> None:
    assert entry_of("revocation", last=None).payload["last"] is None


def test_an_inspection_need_not_go_line_by_line() -> None:
    assert "lines" not in entry_of("inspection", lines=...).payload


@pytest.mark.parametrize("evt", KINDS)
def test_every_claim_and_private_field_that_must_be_there_is_missed(evt: str) -> None:
    for name in KINDS[evt].form.required:
        assert (f"$.{name}", "record.schema") in faults_of(spell(payload_of(evt, **{name: ...})))


@pytest.mark.parametrize("evt", KINDS)
def test_a_claim_of_no_known_form_is_refused_everywhere(evt: str) -> None:
    for name in (*CLEAR[evt], *KINDS[evt].private):
        if name not in ("agreement", "route", "note"):
            assert faults_of(spell(payload_of(evt, **{name: "~ no such form ~"})))
        assert faults_of(spell(payload_of(evt, **{name: {"x": [1.5 and 1]}})))


def test_claims_that_are_not_known_are_kept() -> None:
    added: dict[str, Any] = {"later": {"any": ["thing", 1, None, True]}, "another": "clear"}
    assert entry_of(**added).payload["later"] == added["later"]


def test_a_kind_that_is_not_known_is_kept_and_its_envelope_checked() -> None:
    later = {
        "evt": "lottery",
        "tickets": [1, 2],
        "lines": [{"remark": {"_sd": [print_base64url(bytes(32))]}}],
    }
    assert entry_of(**later).evt == "lottery"
    assert faults_of(spell(payload_of(**later, cor="x"))) == [("$.cor", "record.schema")]


@pytest.mark.parametrize(
    ("claims", "place", "rule"),
    [
        ({"later": {"_sd": ["A" * 43, "A" * 43]}}, "$.later", "private.two_digests"),
        ({"later": {"_sd": "A" * 43}}, "$.later", "record.schema"),
        ({"later": {"_sd": ["A" * 43], "clear": 1}}, "$.later", "record.schema"),
        ({"later": {"deep": {"_sd": ["A" * 43]}}}, "$.later", "record.schema"),
        ({"later": [{"_sd": ["A" * 43]}]}, "$.later", "record.schema"),
        ({"later": [{"...": "A" * 43}]}, "$.later", "record.schema"),
        ({"...": "A" * 43}, "$....", "record.schema"),
        ({"_sd": ["A" * 43]}, "$._sd", "record.schema"),
        ({"lines": [{"_sd": ["A" * 43]}]}, "$.lines[0]._sd", "record.schema"),
        ({"lines": [{"_sd_alg": "sha-256"}]}, "$.lines[0]._sd_alg", "record.schema"),
        ({"lines": [{"x": {"y": {"_sd": ["A" * 43]}}}]}, "$.lines[0].x", "record.schema"),
        ({"plate": {"_sd": ["A" * 43, "B" * 43]}}, "$.plate", "private.two_digests"),
        ({"plate": {"_sd": ["B" * 43]}}, "$.plate", "record.schema"),  # B sets bits that do not count
        ({"plate": {"_sd": [1]}}, "$.plate", "record.schema"),
        ({"plate": {"_SD": ["A" * 43]}}, "$.plate", "record.schema"),
        ({"plate": {"_sd": []}}, "$.plate", "record.schema"),
        ({"plate": "AB 123"}, "$.plate", "record.schema"),
        ({"post": {"_sd": ["A" * 43]}}, "$.post", "record.schema"),
    ],
)
def test_a_digest_stands_alone_in_a_field_and_nowhere_else(
    claims: dict[str, Any], place: str, rule: str
) -> None:
    assert faults_of(spell(payload_of(**claims))) == [(place, rule)]


# Rules 6 and 7


@pytest.mark.parametrize("claims", [{"at": 1}, {"via": "paper"}])
def test_at_and_via_stand_together(claims: dict[str, Any]) -> None:
    assert faults_of(spell(payload_of(**claims))) == [("$", "record.schema")]


def test_only_a_first_record_has_no_prev_and_a_replacement_key_begins_with_one() -> None:
    assert faults_of(spell(payload_of(prev=""))) == [("$.prev", "record.schema")]
    assert entry_of(prev="", seq=0).prev == ""
    assert entry_of(prev=LEAF, seq=0).prev == LEAF


def test_no_digest_stands_twice() -> None:
    digest = payload_of("declaration")["plate"]
    assert faults_of(spell(payload_of("declaration", name=digest))) == [("$", "private.repeated_digest")]
    lines = payload_of("declaration")["lines"]
    lines[1]["consignor"] = digest
    assert faults_of(spell(payload_of("declaration", lines=lines))) == [("$", "private.repeated_digest")]


# References


@pytest.mark.parametrize(
    ("evt", "claims", "named"),
    [
        ("entered", {"pass": LEAF}, (LEAF,)),
        ("entered", {"pass": ...}, ()),
        ("entered", {"pass": LEAF, "corrects": "2d" * 32}, (LEAF, "2d" * 32)),
        ("withdrawal", {"withdraws": LEAF}, (LEAF,)),
        ("revocation", {}, (LEAF,)),
        ("revocation", {"last": None}, ()),
        ("watch-end", {}, (LEAF,)),
        ("offered", {}, ()),
        ("entered", {"evt": "lottery", "pass": {"not": "a leaf"}}, ()),
    ],
)
def test_references_are_the_leaves_that_a_record_names(
    evt: str, claims: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert references(entry_of(evt, **claims)) == named


def test_the_payload_printed_by_another_json_writer_is_refused() -> None:
    text = json.dumps(payload_of(), separators=(", ", ": ")).encode()
    assert rules_of(spell_bytes(text)) == {"record.spelling"}


def test_however_many_sets_of_names_somebody_writes_few_are_remembered() -> None:
    form = Form.of("an object", {"a": COUNT}, is_open=True)
    for number in range(2 * _MOST_PLANS):
        assert form.holds({"a": 1, f"later-{number}": True})
        assert form.wrong({f"later-{number}": {"_sd": []}}) == [f"later-{number}", "a"]
    assert len(form._plans) == _MOST_PLANS
