"""Whose cosignature is awaited stands on the first page, once it is old enough to tell nothing else."""

from __future__ import annotations

import html

from django.test import Client

from safeconduct.adapters.memory_store import MemoryStore
from safeconduct.service.sequence import Submission, row_of
from safeconduct.sim.stage import Stage
from safeconduct.web.public.times import instant
from tests.web.public_scene import agreement_with_restrictions, scene_of, under_pages
from tests.web.test_public_views import text_of

AWAITED = "Awaiting the cosignature of <bdi>orva.example/witness</bdi> since"
NO_QUORUM = "no head of the record has been cosigned by enough witnesses."


def first_page(stage: Stage, language: str = "en") -> str:
    with under_pages(scene_of(stage)):
        return html.unescape(text_of(Client().get("/", headers={"Accept-Language": language})))


def offer(stage: Stage, digit: str) -> None:
    stage.hand("mission/officer").record("offered", clear={"leaf": digit * 64})
    stage.publish()


def test_who_does_not_cosign_is_named_since_when_and_forgotten_once_it_does() -> None:
    stage = Stage("awaiting")
    stage.clock.advance(hours=1)
    assert "Awaiting" not in first_page(stage)
    stage.witnesses[1].asleep = True
    offer(stage, "0")
    since = stage.clock.now()
    stage.clock.advance(hours=2)
    offer(stage, "1")
    said = first_page(stage)
    assert AWAITED in said
    assert NO_QUORUM not in said, "two of three are enough"
    assert f"{AWAITED} {instant(since)}" in said
    arabic = first_page(stage, "ar")
    assert "بانتظار توقيع الشاهد <bdi>orva.example/witness</bdi> منذ" in arabic
    stage.witnesses[1].asleep = False
    stage.log.publish()
    assert "Awaiting" not in first_page(stage)


def test_without_a_quorum_the_page_says_so() -> None:
    stage = Stage("awaiting")
    for witness in stage.witnesses[1:]:
        witness.asleep = True
    offer(stage, "0")
    said = first_page(stage)
    assert said.count("Awaiting") == 2
    assert NO_QUORUM in said


def test_nothing_is_told_that_is_younger_than_the_publics_delay() -> None:
    """Otherwise the sentence would tell that something was just logged."""
    stage = Stage("awaiting", agreement=agreement_with_restrictions(delay="6 h"))
    stage.clock.advance(hours=7)
    stage.witnesses[1].asleep = True
    offer(stage, "0")
    assert "Awaiting" not in first_page(stage)
    stage.clock.advance(hours=5)
    assert "Awaiting" not in first_page(stage)
    stage.clock.advance(hours=1)
    assert AWAITED in first_page(stage)


def test_a_corridor_of_which_no_head_has_its_quorum_names_whom_it_waits_for() -> None:
    stage = Stage("awaiting", watching=False)
    unwitnessed = MemoryStore()
    rows = list(stage.store.entries())
    for head in stage.store.committed():
        first = unwitnessed.size()
        made = [row_of(Submission(text)) for text in rows[first : head.size]]
        unwitnessed.append(first, made, lambda _, note=head.note: note, head.time)  # type: ignore[misc]
        unwitnessed.publish(head.note, head.size, head.time)
    stage.store = unwitnessed
    said = first_page(stage)
    assert "Nothing is public yet." in said
    assert AWAITED in said
    assert NO_QUORUM in said
