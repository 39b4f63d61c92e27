"""The first page of a corridor that was closed: since when, by which record, who keeps archives."""

from __future__ import annotations

import html

from django.test import Client

from safeconduct.sim.stage import Stage
from tests.web.public_scene import scene_of, under_pages
from tests.web.test_public_translation import left_over
from tests.web.test_public_views import text_of

CLOSED = "This corridor was closed on 1 March 2026."


def page(stage: Stage, address: str = "/", language: str = "en") -> str:
    with under_pages(scene_of(stage)):
        answer = text_of(Client().get(address, headers={"Accept-Language": language}))
        return html.unescape(answer).replace("\N{NO-BREAK SPACE}", " ")


def closed() -> tuple[Stage, int]:
    stage = Stage("closed")
    archives = [{"holder": "mission", "place": "archive.mission.example/corridor"}, {"holder": "orva"}]
    stage.close(clear={"archives": archives})
    since = stage.log.closed_from
    assert since is not None
    return stage, since


def test_a_corridor_that_was_closed_says_so_first() -> None:
    stage, since = closed()
    said = page(stage)
    assert CLOSED in said
    assert f"/records/{since}" in said
    assert "Archives are kept by <bdi>mission (archive.mission.example/corridor) and orva</bdi>." in said
    assert "Proposed that this corridor ends; reason: agreed." in page(stage, f"/records/{since - 1}")
    assert "Consented to" in page(stage, f"/records/{since}")


def test_one_that_somebody_wants_closed_does_not() -> None:
    stage = Stage("closed")
    stage.close(agreeing=())
    assert "closed on" not in page(stage)


def test_without_witnesses_it_is_as_of_the_publics_head() -> None:
    stage = Stage("closed", witnesses=())
    stage.close()
    assert CLOSED in page(stage)


def test_it_says_so_in_arabic_too() -> None:
    stage, _ = closed()
    said = page(stage, language="ar")
    assert "أُغلق هذا الممر في" in said
    names = [stage.founding.agreement.title, *(one.name for one in stage.founding.agreement.signatories)]
    assert left_over(said, names) == []


def test_a_consent_that_lapsed_stands_among_the_seats() -> None:
    stage = Stage("lapsed")
    until = stage.clock.now()
    consent = stage.hand("orva/root").record("consent", clear={"of": stage.founding.leaf, "until": until})
    lapse = stage.hand("tessin/root").record("lapse", clear={"of": consent.leaf, "runs_on": []})
    stage.publish()
    assert "its consent has lapsed" in page(stage)
    assert "انقضت مدة موافقته" in page(stage, language="ar")
    assert "Said that the term of" in page(stage, f"/records/{stage.index_of(lapse)}")
