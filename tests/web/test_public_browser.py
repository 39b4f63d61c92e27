"""The public's pages in a browser: nothing scrolls sideways, nothing is fetched elsewhere, axe finds nothing at AA."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.public_scene import black_sea, restricted, serving

PSG = "5aa11958c1022021844fe734edd21e8f"
PAGES = {
    "status": "/",
    "list": "/passages/",
    "story": f"/passages/{PSG}",
    "record": "/records/500",
    "founding": "/records/0",
}
MOST = {"status": 30_000, "list": 100_000, "story": 30_000, "record": 30_000}
"""Bytes over the wire, everything in; any public page may have 100,000."""
WIDTHS = (320, 360, 1000, 1440)
LANGUAGES = ("en", "ar")
PATIENCE_MS = 120_000
Scheme = Literal["light", "dark"]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)


def axe() -> str:
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("NO AXE: pip install axe-playwright-python; accessibility was NOT checked")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def sea() -> Iterator[str]:
    with serving(black_sea()) as base:
        yield base


def opened(
    browser: Browser, address: str, *, width: int = 1440, scheme: Scheme = "light", **more: Any
) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, **more)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    return page


def in_language(address: str, language: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}lang={language}"


WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  const open = document.querySelectorAll("details");
  open.forEach((one) => { one.open = true; });
  const out = [...document.querySelectorAll("main *, header *, footer *")].filter((one) => {
    const box = one.getBoundingClientRect();
    const held = one.closest(".scroll, thead, svg, .skip");
    return box.width && (box.right > wide + 1 || box.left < -1) && !held;
  });
  return [document.documentElement.scrollWidth - wide, out.map((one) => one.outerHTML.slice(0, 80))];
}"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways_at_any_width_in_either_direction(
    browser: Browser, sea: str, name: str, language: str
) -> None:
    page = opened(browser, sea + in_language(PAGES[name], language))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WIDER) == [0, []], width
    page.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_scrolls_sideways_where_restrictions_and_clock_times_stand(
    browser: Browser, language: str
) -> None:
    with serving(restricted()) as base:
        for address in ("/", "/passages/"):
            page = opened(browser, base + in_language(address, language))
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate(WIDER) == [0, []], (address, width)
            page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_at_aa(browser: Browser, sea: str, name: str, scheme: Scheme) -> None:
    for language, width in (("en", 1440), ("ar", 360)):
        page = opened(
            browser, sea + in_language(PAGES[name], language), width=width, scheme=scheme, bypass_csp=True
        )
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert violations(page) == [], (language, width)
        page.close()


def test_axe_finds_nothing_on_a_restricted_road_and_would_find_something(browser: Browser) -> None:
    with serving(restricted()) as base:
        page = opened(browser, base, width=360, bypass_csp=True)
        assert violations(page) == []
        page.evaluate("() => { document.querySelector('html').lang = ''; }")
        assert violations(page) == ["html-has-lang"]
        page.close()


def violations(page: Page) -> list[str]:
    page.evaluate(axe())
    tags = json.dumps(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    found = page.evaluate(f"() => axe.run(document, {{runOnly: {{type: 'tag', values: {tags}}}}})")
    return [one["id"] for one in found["violations"]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", MOST)
def test_a_page_is_light_asks_nobody_else_and_needs_no_script(
    browser: Browser, sea: str, name: str, language: str
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.set_default_timeout(PATIENCE_MS)
    answers: list[Response] = []
    complaints: list[str] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - a builtin is refused
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(sea + in_language(PAGES[name], language), wait_until="networkidle")
    assert {answer.url.startswith(sea) for answer in answers} == {True}
    assert {answer.status for answer in answers} == {200}
    sizes = [answer.request.sizes() for answer in answers]
    total = sum(one["responseHeadersSize"] + one["responseBodySize"] for one in sizes)
    print(f"{name} {language}: {total:,} bytes in {len(answers)} answers")  # noqa: T201 - the count is the point
    assert total <= MOST[name]
    assert len(answers) >= 2
    assert complaints == []
    assert page.locator("h1").is_visible()
    page.close()


def test_the_policy_stops_what_is_inline(browser: Browser, sea: str) -> None:
    page = opened(browser, sea)
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.head.append(script);
          document.querySelector("h1").setAttribute("style", "color: rgb(1, 2, 3)");
        }"""
    )
    assert page.evaluate("() => window.ran === undefined")
    assert page.evaluate("() => getComputedStyle(document.querySelector('h1')).color") != "rgb(1, 2, 3)"
    page.close()


def test_a_keyboard_reaches_everything_sees_where_it_is_and_can_skip_to_the_content(
    browser: Browser, sea: str
) -> None:
    page = opened(browser, f"{sea}/passages/?q=odesa", width=360)
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "() => [document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    assert {name for name, _ in seen} >= {"A", "INPUT", "SELECT", "BUTTON"}
    assert {outline for _, outline in seen} == {"solid"}
    page.close()


def test_a_search_has_its_address_goes_back_and_keeps_the_language(browser: Browser, sea: str) -> None:
    page = opened(browser, f"{sea}/passages/?lang=ar")
    page.fill("#q", "9146874")
    page.click("button")
    page.wait_for_url(re.compile("q=9146874"))
    assert "lang=ar" in page.url
    assert page.locator("tbody tr").count() == 1
    page.locator("tbody a").first.click()
    page.wait_for_url(re.compile("/passages/[0-9a-f]{32}"))
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.go_back()
    assert page.locator("#q").input_value() == "9146874"
    page.close()


def test_there_are_five_sizes_of_type_and_in_print_the_forms_are_gone(browser: Browser, sea: str) -> None:
    sizes: set[str] = set()
    for address in PAGES.values():
        page = opened(browser, sea + address)
        sizes |= set(
            page.evaluate(
                """() => [...document.querySelectorAll("body *")].filter((one) => one.tagName !== "CODE"
                  && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
                  .map((one) => getComputedStyle(one).fontSize)"""
            )
        )
        page.emulate_media(media="print")
        assert page.locator(".filters, .top nav").filter(visible=True).count() == 0
        page.close()
    assert len(sizes) == 5, sizes
