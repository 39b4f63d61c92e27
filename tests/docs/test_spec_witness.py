"""The examples on the page of the witness, made again byte for byte, and its limits."""

from __future__ import annotations

import re

from safeconduct.adapters.http_serve import MOST_CONNECTIONS, WHOLE_S
from safeconduct.adapters.watched_clock import JUMP_S
from safeconduct.core.tlog.witness import Decision, received_at
from safeconduct.core.tlog.witness import receive as receive_offer
from safeconduct.core.tlog.witness_request import MAX_BYTES, MAX_PROOF
from safeconduct.service.witnessing import MOST_OFFERS
from tests.docs.test_how_to import DOCS
from tests.witness_scene import KEY, LOG, NOON, TRUE, request, signer

SPEC = (DOCS / "spec/witness.md").read_text(encoding="utf-8")


def example(name: str) -> str:
    found = re.search(rf"(?ms)^```text {name}\n(.*?)^```$", SPEC)
    assert found is not None
    return found[1]


def test_what_is_asked_and_answered_on_the_page_comes_out_again() -> None:
    decision = Decision(KEY, signer(KEY.name), (LOG,))
    first = decision.answer(request(TRUE, 0, 5), lambda _: None, now=NOON).kept
    assert f"`{KEY}`" in SPEC
    assert f"`{LOG}`" in SPEC
    assert f"answered at {NOON + 60}" in SPEC
    assert example("request").encode() == request(TRUE, 5, 8)
    answer = decision.answer(request(TRUE, 5, 8), lambda _: first, now=NOON + 60)
    assert (answer.status, answer.body) == (200, example("answer"))


def test_the_signed_time_on_the_page_comes_out_again() -> None:
    note = receive_offer(b"a record", KEY, signer(KEY.name), now=NOON)
    assert example("offered") == note.print()
    assert f"At {NOON} the same" in SPEC
    assert received_at(note, b"a record", KEY) == NOON


def test_the_limits_on_the_page_are_those_of_the_program() -> None:
    assert f"at most {MAX_PROOF} hashes" in SPEC
    assert f"at most {MAX_BYTES // 1024} KiB" in SPEC
    assert f"more than {MOST_OFFERS:,} offers" in SPEC
    assert f"more than {JUMP_S} s" in SPEC
    assert f"At most {MOST_CONNECTIONS} connections" in SPEC
    assert (WHOLE_S, "request has ten seconds" in SPEC) == (10, True)
