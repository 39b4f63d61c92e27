"""The public's pages as answers: what is public, in every language, checked, kept, refused."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.record.disclosure import parse_disclosure
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.sim.stage import Stage
from safeconduct.web.check.views import routes as check_routes
from safeconduct.web.public import site as site_module
from safeconduct.web.security import HEADERS
from tests.web.public_scene import (
    Scene,
    agreement_with_restrictions,
    black_sea,
    restrict,
    restricted,
    scene_of,
    simulated_day,
    under_pages,
)

PSG = "5aa11958c1022021844fe734edd21e8f"
PAGES = ("/", "/passages/", f"/passages/{PSG}", "/records/0", "/records/12", "/records/500", "/records/2463")
FILES = (
    *(f"/figures/{name}.{form}" for name in ("went-in", "waits", "queue") for form in ("csv", "json")),
    "/passages/?format=csv",
    "/passages/?format=json",
    "/records/500.entry",
    "/records/500.receipt",
    "/policy",
)


@pytest.fixture
def sea() -> Iterator[Client]:
    with under_pages(black_sea()):
        yield Client()


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    text: str = answer.content.decode()
    return text


# What is public


@pytest.mark.parametrize("address", [*PAGES, *FILES])
def test_no_private_value_of_the_log_is_in_any_answer(sea: Client, address: str) -> None:
    """The store holds every ship's name; the agreement even calls them public, and no page has one."""
    names = {
        value
        for _, text in black_sea().store.disclosures()
        if isinstance(value := parse_disclosure(text).value, str) and len(value) > 6 and value.isupper()
    }
    assert len(names) > 400
    said = text_of(sea.get(address))
    assert not [name for name in names if name in said]


def test_planted_plates_and_words_are_in_no_page_of_a_simulated_day() -> None:
    scene = simulated_day()
    planted = {
        str(value)
        for _, text in scene.store.disclosures()
        if (value := parse_disclosure(text).value) is not None
    }
    with under_pages(scene):
        client = Client()
        rows = json.loads(text_of(client.get("/passages/?format=json")))["rows"]
        pages = ["/", "/passages/", *(f"/passages/{row['passage']}" for row in rows[:10])]
        pages += [f"/records/{index}" for row in rows[:10] for index in row["records"].split()]
        said = "".join(text_of(client.get(page)) for page in pages)
    leaked = [value for value in planted if len(value) > 5 and value in said]
    assert leaked == []
    assert any(re.fullmatch(r"[A-Z] \d{5}", value) for value in planted)


def test_nothing_after_the_publics_head_is_shown_but_a_restriction_is_at_once() -> None:
    stage = Stage("delayed", agreement=agreement_with_restrictions(delay="6 h"))
    shown = stage.declare()
    shown.grant(), shown.arrive()
    stage.clock.advance(hours=7)
    hidden = stage.declare(plate="KM 9999")
    hidden.arrive()
    stage.publish()
    with under_pages(scene_of(stage)):
        client = Client()
        rows = json.loads(text_of(client.get("/passages/?format=json")))
        assert [row["passage"] for row in rows["rows"]] == [shown.psg]
        size = rows["as_of"]["size"]
        assert client.get(f"/records/{size - 1}").status_code == 200
        for address in (
            f"/passages/{hidden.psg}",
            f"/records/{size}",
            f"/records/{size}.entry",
            f"/records/{size}.receipt",
        ):
            answer = client.get(address)
            assert answer.status_code == 404
            assert str(stage.store.size()) not in answer.content.decode()
        restrict(stage, {"reason": "repairs"})
        look_again()
        said = text_of(client.get("/"))
        assert "The road is" in said
        assert "reason given: repairs" in said
        assert "its number follows with the next public head" in said
        assert f"/records/{stage.store.size() - 1}" not in said
        stage.clock.advance(hours=7)
        look_again()
        assert "its number follows" not in text_of(client.get("/"))


def look_again() -> None:
    """Two seconds later."""
    site_module.site()._looked = None


def test_before_the_first_public_head_a_page_says_when() -> None:
    stage = Stage("early", agreement=agreement_with_restrictions(delay="2 d"))
    with under_pages(scene_of(stage)):
        client = Client()
        said = text_of(client.get("/"))
        assert "Nothing is public yet." in said
        assert "2 d 0 h old" in said.replace("\N{NO-BREAK SPACE}", " ")
        assert re.search(r"will be public on .*2026", said)
        waiting = client.get("/passages/")
        assert (waiting.status_code, waiting["Retry-After"]) == (503, "30")
        stage.clock.advance(hours=50)
        look_again()
        assert "No restriction is recorded." in text_of(client.get("/"))


# The status


def test_without_a_restriction_the_page_says_so_and_what_that_cannot_show(sea: Client) -> None:
    said = text_of(sea.get("/")).replace("\N{NO-BREAK SPACE}", " ")
    assert "<h1>No restriction is recorded.</h1>" in said
    assert "not the same as open" in said
    assert "lets nobody sign a restriction" in said
    assert "825 passages went in. On 17 March 2023, when the record ends, 27 waited for inspection." in said
    assert "no. 2,463" in said
    assert "sealed at 00:02 UTC on 19 March 2023, cosigned by 4 of 4 simulated witnesses." in said
    assert f"--corridor {black_sea().founding.cor}" in said


def test_with_one_it_says_for_whom_since_when_who_says_so_and_where_it_is_sealed() -> None:
    with under_pages(restricted()):
        said = text_of(Client().get("/")).replace("\N{NO-BREAK SPACE}", " ")
    heading = re.sub(r"<[^>]+>", "", said[said.index("<h1>") : said.index("</h1>")])
    assert heading == (
        "The road is closed for residents since 1 March 2026. "
        "For humanitarian traffic (inbound) it is restricted since 1 March 2026."
    )
    assert "<bdi>orva/liaison</bdi> says: closed;" in said
    assert "ordered by orva; reason given: repairs" in said
    assert "Who says so: <bdi>orva/liaison</bdi>, <bdi>mission/officer</bdi>." in said
    assert re.search(
        r"Sealed into the record as <a [^>]+>no\. 44</a> at 16:34 UTC on 1 March 2026, cosigned by 3", said
    )


@pytest.mark.parametrize(("make", "word"), [(black_sea, "Replayed."), (simulated_day, "Simulated.")])
def test_every_page_says_what_the_record_is(make: Any, word: str) -> None:
    scene: Scene = make()
    with under_pages(scene):
        client = Client()
        psg = next(iter(json.loads(text_of(client.get("/passages/?format=json")))["rows"]))["passage"]
        for address in ("/", "/passages/", f"/passages/{psg}", "/records/3"):
            assert f"<b>{word}</b>" in text_of(client.get(address))


# Lists and files


def test_the_files_hold_just_what_is_shown_in_its_order(sea: Client) -> None:
    asked = "/passages/?post=odesa&state=waiting&sort=when"
    page = text_of(sea.get(asked))
    shown = re.findall(r'<th scope="row"[^>]*><a href="/passages/([0-9a-f]{32})">', page)
    rows = list(csv.DictReader(io.StringIO(text_of(sea.get(f"{asked}&format=csv")))))
    document = json.loads(text_of(sea.get(f"{asked}&format=json")))
    assert [row["passage"] for row in rows] == [row["passage"] for row in document["rows"]] == shown
    assert len(shown) == 8
    assert [row["entered"] for row in rows] == sorted(row["entered"] for row in rows)
    assert {row["state"] for row in rows} == {"waiting"}
    assert document["as_of"]["size"] == black_sea().store.size()


def test_a_long_list_has_pages_and_a_page_that_is_not_there_is_the_last(sea: Client) -> None:
    first, last = text_of(sea.get("/passages/")), text_of(sea.get("/passages/?page=17"))
    assert first.count('role="rowheader"') == 50
    assert last.count('role="rowheader"') == 25
    assert "Page 1 of 17" in first
    assert "Page 17 of 17" in text_of(sea.get("/passages/?page=99"))


@pytest.mark.parametrize(
    "query",
    [
        "page=0", "page=-1", "page=1e9", "page=%00", "sort=nothing", "sort=--when", "state=%F0%9F%98%80",
        "q=" + "a" * 5000,
        "q=%3Cscript%3Ealert(1)%3C/script%3E", "lang=zz", "lang=%00", "format=exe", "q=(((", "class[]=1",
        "page=1&page=2",
    ],
)  # fmt: skip
def test_no_query_breaks_the_list_and_none_is_repeated_unescaped(sea: Client, query: str) -> None:
    assert "<script" not in text_of(sea.get(f"/passages/?{query}"))


@pytest.mark.parametrize("figure", ["went-in", "waits", "queue"])
def test_a_figures_files_agree(sea: Client, figure: str) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(sea.get(f"/figures/{figure}.csv")))))
    document = json.loads(text_of(sea.get(f"/figures/{figure}.json")))["rows"]
    assert [{key: str(value) for key, value in row.items()} for row in document] == rows


# A record and its proof


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_leads_to_the_one_that_checks_files_and_a_record_says_which(
    sea: Client, language: str
) -> None:
    link = f'<a href="/check?lang={language}">'
    for address in ("/", "/passages/", f"/passages/{PSG}", "/records/99999"):
        page = sea.get(f"{address}?lang={language}").content.decode()
        assert page.count(link) == page.partition("<footer")[2].count(link) == 1, address
    record = text_of(sea.get(f"/records/500?lang={language}")).partition('id="check"')[2]
    assert record.partition("<footer")[0].count(link) == 1
    assert any(str(route.pattern) == "check" for route in check_routes())


@pytest.mark.parametrize("index", [0, 1, 500, 2463])
def test_a_record_can_be_checked_with_what_its_page_gives(sea: Client, index: int) -> None:
    entry = sea.get(f"/records/{index}.entry").content
    receipt = Receipt.parse(sea.get(f"/records/{index}.receipt").content)
    policy = Policy.parse(sea.get("/policy").content)
    assert receipt.check(entry, policy) == "cosigned"
    page = text_of(sea.get(f"/records/{index}"))
    assert receipt.note.print().split("\n")[2] in page.replace("&#x3D;", "=")
    assert f"/records/{index}.receipt" in page


def test_a_story_names_who_says_what_and_links_each_proof(sea: Client) -> None:
    said = text_of(sea.get(f"/passages/{PSG}")).replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "The ship IMO 9146874 went in at Odesa on 31 December 2022, and was inspected 11 days later." in said
    )
    assert [int(index) for index in re.findall(r'<a href="/records/(\d+)">record no', said)][:3] == [
        1854,
        1855,
        1856,
    ]
    assert "vehicle.imo_check_digit" in said


# Languages, headers, keeping


def test_the_language_is_the_one_asked_for_then_the_browsers_then_english(sea: Client) -> None:
    def language(**asked: Any) -> tuple[str, str]:
        answer = sea.get("/", asked.get("query"), headers={"accept-language": asked.get("browser", "")})
        found = re.search(r'<html lang="(\w+)" dir="(\w+)"', answer.content.decode())
        assert found is not None
        assert answer["Content-Language"] == found[1]
        assert "Accept-Language" in answer["Vary"]
        return found[1], found[2]

    assert language() == ("en", "ltr")
    assert language(browser="ar-SY,en;q=0.5") == ("ar", "rtl")
    assert language(browser="fr, de;q=0.9") == ("en", "ltr")
    assert language(browser="ar", query={"lang": "en"}) == ("en", "ltr")
    assert language(query={"lang": "ar"}) == ("ar", "rtl")
    assert 'href="/passages/?lang=ar"' in text_of(sea.get("/?lang=ar"))
    assert 'href="/passages/"' in text_of(sea.get("/"))


@pytest.mark.parametrize("address", [*PAGES, *FILES, "/records/99999", "/nowhere", "/icon.svg"])
def test_every_answer_has_the_headers_and_nothing_inline(sea: Client, address: str) -> None:
    answer = sea.get(address)
    for name, value in HEADERS.items():
        assert answer[name] == value
    assert "unsafe" not in answer["Content-Security-Policy"]
    if answer["Content-Type"].startswith("text/html"):
        assert not re.search(
            r"<script|<style|\sstyle=|\son\w+=|javascript:|(?:src|href)=\"https?:", answer.content.decode()
        )


def test_an_unchanged_page_is_not_sent_again_and_another_language_is_another_page(sea: Client) -> None:
    answer = sea.get("/")
    assert answer["Cache-Control"] == "public, max-age=30"
    again = sea.get("/", headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    arabic = sea.get("/", headers={"if-none-match": answer["ETag"], "accept-language": "ar"})
    assert arabic.status_code == 200


def test_the_stylesheet_is_kept_for_ever_under_its_own_address_and_no_other(sea: Client) -> None:
    address = re.search(r'href="(/style/\w+\.css)"', text_of(sea.get("/")))
    assert address is not None
    assert "immutable" in sea.get(address[1])["Cache-Control"]
    assert sea.get("/style/000000000000.css")["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("address", ["/", "/passages/", "/records/0", "/icon.svg"])
def test_pages_are_only_read(sea: Client, address: str) -> None:
    assert sea.post(address).status_code == 405
    assert sea.head(address).status_code == 200


def test_one_look_at_the_store_serves_many_pages() -> None:
    """A page reads no more than its own records once the head is folded."""
    counting = Counting(simulated_day().store)
    scene = Scene(counting, simulated_day().founding, simulated_day().clock)
    with under_pages(scene):
        client = Client()
        text_of(client.get("/"))
        before = dict(counting.asked)
        for address in ("/", "/passages/", "/passages/?q=odesa", "/figures/waits.csv"):
            text_of(client.get(address))
        assert counting.asked == before
        text_of(client.get("/records/17"))
        assert counting.asked == {**before, "entries": before["entries"] + 1}


class Counting:
    """A store that counts what it is asked for."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        self.asked[name] = self.asked.get(name, 0) + 1
        return getattr(self._store, name)


def test_a_store_that_does_not_answer_is_a_503_that_says_nothing_is_lost() -> None:
    class Silent(Counting):
        def published(self) -> Any:
            raise Unavailable("the database is at 10.0.0.7", next_step="wait")

    scene = Scene(Silent(simulated_day().store), simulated_day().founding, simulated_day().clock)
    with under_pages(scene):
        answer = Client().get("/")
    assert answer.status_code == 503
    assert "cannot be read now" in answer.content.decode()
    assert "10.0.0.7" not in answer.content.decode()
