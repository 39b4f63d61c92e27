"""Who may read a party's archive over HTTP, and every way in which a token is none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.signature import thumbprint
from safeconduct.service.access import (
    NO_SEAT,
    SCHEME,
    WINDOW_S,
    Readers,
    Token,
    Used,
    access_token,
    parse_token,
)
from safeconduct.sim.stage import Stage

JTI = "019ca9f0-0000-7000-8000-%012x"
PATH = "/archive/checkpoint"


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage("access", watching=False)


@pytest.fixture
def readers(stage: Stage) -> Readers:
    return Readers(stage.founding, stage.store)


def token(stage: Stage, name: str = "orva/liaison", number: int = 1, **other: Any) -> str:
    said = {"cor": stage.cor, "path": PATH, "now": stage.clock.now(), "jti": JTI % number, **other}
    return access_token(stage.key(name), **said)


def seat(stage: Stage, readers: Readers, authorization: str, **other: Any) -> str:
    said = {"method": "GET", "path": PATH, "now": stage.clock.now(), **other}
    return readers.seat_of(authorization, **said)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orva/liaison", "orva"),
        ("orva/root", "orva"),
        ("mission/officer", "mission"),
        ("tessin/liaison", "tessin"),
    ],
)
def test_who_holds_a_key_of_a_seat_reads_the_archive_of_that_seat(
    stage: Stage, readers: Readers, name: str, expected: str
) -> None:
    assert seat(stage, readers, token(stage, name)) == expected


@pytest.mark.parametrize("name", ["north-gate/post", "relief-one/declarant", "service"])
def test_who_holds_another_key_is_known_and_has_no_archive(stage: Stage, readers: Readers, name: str) -> None:
    with pytest.raises(Disproved, match="is of no seat of the agreement") as refused:
        seat(stage, readers, token(stage, name))
    assert refused.value.rule == NO_SEAT


def test_a_key_that_nobody_enrolled_opens_nothing(stage: Stage, readers: Readers) -> None:
    with pytest.raises(Disproved, match="not enrolled"):
        seat(stage, readers, token(stage, "a stranger"))


def test_a_token_is_for_one_corridor_method_and_path(stage: Stage, readers: Readers) -> None:
    wrongs: list[dict[str, Any]] = [
        {"cor": "00" * 32},
        {"path": "/archive/policy"},
        {"path": "/archive/checkpoint/"},
        {"method": "HEAD"},
    ]
    for wrong in wrongs:
        with pytest.raises(Disproved, match="another corridor, method or path"):
            seat(stage, readers, token(stage, **wrong))
    assert seat(stage, readers, token(stage, method="HEAD"), method="HEAD") == "orva"


def test_a_token_lives_a_minute_either_way_and_is_told_what_time_it_is(
    stage: Stage, readers: Readers
) -> None:
    now = stage.clock.now()
    for number, off in enumerate((-WINDOW_S, WINDOW_S)):
        assert seat(stage, readers, token(stage, number=number, now=now + off)) == "orva"
    for off in (-WINDOW_S - 1, WINDOW_S + 1):
        with pytest.raises(Disproved, match="here it is 20"):
            seat(stage, readers, token(stage, now=now + off))


def test_a_token_is_used_once_also_after_a_minute_and_by_another_path(stage: Stage, readers: Readers) -> None:
    now = stage.clock.now()
    first = token(stage, now=now + WINDOW_S)
    assert seat(stage, readers, first, now=now) == "orva"
    for later in (0, 1, WINDOW_S, 2 * WINDOW_S):
        with pytest.raises(Disproved, match="used already"):
            seat(stage, readers, first, now=now + later)
    with pytest.raises(Disproved, match="more than 60 s"):
        seat(stage, readers, first, now=now + 2 * WINDOW_S + 1)
    assert seat(stage, readers, token(stage, number=2)) == "orva"
    assert seat(stage, readers, token(stage, "tessin/liaison", number=2)) == "tessin", (
        "a jti is its key's own"
    )


def test_a_forged_token_uses_up_nobodys_name(stage: Stage, readers: Readers) -> None:
    good = token(stage)
    head, body, signature = good.split(".")
    forged = f"{head}.{body}.{print_base64url(bytes(64))}"
    with pytest.raises(Disproved, match="signature fails"):
        seat(stage, readers, forged)
    other = token(stage, "mission/officer").split(".")[2]
    with pytest.raises(Disproved, match="signature fails"):
        seat(stage, readers, f"{head}.{body}.{other}")
    assert seat(stage, readers, f"{head}.{body}.{signature}") == "orva"


def test_a_revoked_key_opens_nothing_from_that_record_on() -> None:
    stage = Stage("revoked access", watching=False)
    readers = Readers(stage.founding, stage.store)
    assert seat(stage, readers, token(stage)) == "orva"
    stage.revoke(stage.hand("orva/liaison"))  # by the guarantor, who may not
    stage.publish()
    assert seat(stage, readers, token(stage, number=2)) == "orva"
    kid = stage.hand("orva/liaison").kid
    stage.hand("orva/root").record("revocation", clear={"kid": kid, "last": None, "reason": "lost"})
    stage.publish()
    with pytest.raises(Disproved, match="was revoked"):
        seat(stage, readers, token(stage, number=3))
    assert seat(stage, readers, token(stage, "orva/root")) == "orva"


def test_a_key_opens_its_archive_once_it_is_enrolled() -> None:
    stage = Stage("enrolled access", watching=False)
    readers = Readers(stage.founding, stage.store)
    with pytest.raises(Disproved, match="not enrolled"):
        seat(stage, readers, token(stage, "orva/second"))
    stage.enrol("orva/liaison", "orva/second", by="orva/root")
    stage.publish()
    assert seat(stage, readers, token(stage, "orva/second", number=2)) == "orva"


# Spelling


def rewritten(stage: Stage, change: Callable[[dict[str, Any]], Any], header: bytes | None = None) -> str:
    """A token whose claims or header are other, well signed."""
    signer = stage.key("orva/liaison")
    claims: Any = {"aud": stage.cor, "htm": "GET", "htu": PATH, "iat": stage.clock.now(), "jti": JTI % 9}
    claims = change(claims)
    head = (
        header
        or b'{"alg":"Ed25519","kid":"%s","typ":"safeconduct-access"}' % thumbprint(signer.public_key).encode()
    )
    body = claims if isinstance(claims, bytes) else canonical(claims)
    message = f"{print_base64url(head)}.{print_base64url(body)}"
    return f"{SCHEME} {message}.{print_base64url(signer.sign(message.encode()))}"


def test_the_claims_are_these_five_in_one_spelling(stage: Stage, readers: Readers) -> None:
    assert seat(stage, readers, rewritten(stage, lambda claims: claims)) == "orva"
    wrong: list[Callable[[dict[str, Any]], Any]] = [
        lambda claims: {**claims, "exp": 1},
        lambda claims: {name: value for name, value in claims.items() if name != "jti"},
        lambda claims: {**claims, "iat": str(claims["iat"])},
        lambda claims: {**claims, "iat": True},
        lambda claims: {**claims, "jti": "1"},
        lambda claims: {**claims, "jti": (JTI % 9).upper()},
        lambda claims: {**claims, "jti": 5},
        lambda claims: [claims],
        lambda claims: canonical(claims).replace(b'"htm"', b' "htm"'),
        lambda claims: canonical(claims).replace(b'"htm":"GET"', b'"htm":"GET","htm":"GET"'),
        lambda claims: canonical(claims).replace(b'"iat":', b'"iat":1e9,"x":'),
        lambda _: b"[" * 900,
        lambda _: b"\xff",
    ]
    for change in wrong:
        with pytest.raises(Malformed):
            seat(stage, readers, rewritten(stage, change))


def test_the_header_is_this_one_and_a_record_is_no_token(stage: Stage, readers: Readers) -> None:
    kid = thumbprint(stage.key("orva/liaison").public_key).encode()
    for header in (
        b'{"alg":"none","kid":"%s","typ":"safeconduct-access"}' % kid,
        b'{"alg":"Ed25519","kid":"%s","typ":"safeconduct-record+sd-jwt"}' % kid,
        b'{"alg":"Ed25519","kid":"%s","typ":"safeconduct-access","x":1}' % kid,
        b'{"alg":"Ed25519","kid":"%s","typ":"safeconduct-access"}' % kid[:-1],
        b'{"kid":"%s","alg":"Ed25519","typ":"safeconduct-access"}' % kid,
        b"{}",
    ):
        with pytest.raises(Malformed):
            seat(stage, readers, rewritten(stage, lambda claims: claims, header))
    with pytest.raises(Malformed):
        seat(stage, readers, f"{SCHEME} {stage.entries()[-1].decode()}")


def test_another_scheme_another_shape_or_too_much_is_no_token(stage: Stage, readers: Readers) -> None:
    good = token(stage)
    bare = good.removeprefix(f"{SCHEME} ")
    for wrong in (
        "", bare, f"Bearer {bare}", f"safeconduct {bare}", f"{SCHEME}  {bare}", f"{good} ", f"{good}.", f"{good}=",
        f"{good}\n", good[:-1], f"{SCHEME} a.b", f"{SCHEME} {'A' * 3000}", f"{SCHEME} é.é.é",
        good.replace(".", "..", 1),
    ):  # fmt: skip
        with pytest.raises(Malformed):
            seat(stage, readers, wrong)


@given(
    st.text()
    | st.builds(
        lambda parts: f"{SCHEME} {'.'.join(parts)}",
        st.lists(st.text(alphabet="AQe_-0.", max_size=40), max_size=4),
    )
)
def test_whatever_is_sent_is_read_or_malformed(text: str) -> None:
    with suppress(Malformed):
        parse_token(text)


# What was used


def one(number: int) -> Token:
    return Token("kid", {"jti": JTI % number}, b"", b"")


def test_of_many_threads_with_one_token_one_is_first() -> None:
    used, found, gate = Used(), [], threading.Barrier(8)

    def use() -> None:
        gate.wait()
        found.append(used.is_first(one(1), 1_000))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]


def test_what_is_too_old_to_be_used_again_is_forgotten_and_the_rest_is_bounded() -> None:
    used = Used(most=3)
    assert all(used.is_first(one(number), 1_000) for number in range(3))
    with pytest.raises(Unavailable, match="too many requests"):
        used.is_first(one(3), 1_000 + 2 * WINDOW_S)
    assert used.is_first(one(3), 1_001 + 2 * WINDOW_S)
    assert used.is_first(one(0), 1_001 + 2 * WINDOW_S)
    assert len(used._known) == len(used._order) == 2
