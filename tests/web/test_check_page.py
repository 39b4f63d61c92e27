"""The check page in a browser: from a disk and from a server, it asks nobody, and says what is so, in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page

from safeconduct.web.check.build import FILE, MODULES, built, bundle, policy_of
from safeconduct.web.check.views import routes
from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.check_scene import PATIENCE_MS, Scheme, filled, in_hand, opened
from tests.web.test_public_browser import WIDER, violations

HERE = FILE.as_uri()
SOURCE = FILE.parent / "source"
LANGUAGES = ("en", "ar")
WIDTHS = (320, 360, 1000, 1440)
urlpatterns = routes()

needs_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def served() -> Iterator[Client]:
    with override_settings(
        ROOT_URLCONF="tests.web.test_check_page", MIDDLEWARE=["safeconduct.web.security.secure"]
    ):
        yield Client()


def result(page: Page) -> str:
    return page.locator("#result").inner_text()


def steps(page: Page) -> list[tuple[str, str]]:
    rows = page.locator("#result .status > div")
    return [(row.locator("dt").inner_text(), row.locator("dd").first.inner_text()) for row in rows.all()]


def test_the_file_that_is_shipped_is_what_its_parts_make() -> None:
    """If this fails: `python -m safeconduct.web.check.build`."""
    page, policy = built()
    assert FILE.read_bytes() == page
    assert sorted(path.stem for path in SOURCE.glob("*.js")) == sorted(MODULES)
    assert f'content="{policy}"' in page.decode()


def test_the_file_names_no_address_and_loads_nothing() -> None:
    class Reader(HTMLParser):
        loads: list[str] = []  # noqa: RUF012 - one reader, once

        def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
            self.loads += [value or "" for name, value in attributes if name in ("src", "href", "action")]

    text = FILE.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert reader.loads == ["data:,", "#main"]
    assert "://" not in text
    script = text.partition('<script type="module">')[2].rpartition("</script>")[0]
    for word in ("fetch(", "XMLHttpRequest", "innerHTML", "eval(", "import(", "localStorage", "</script"):
        assert word not in script
    assert not re.search(r"^\s*(?:import|export) ", script, re.MULTILINE)


def test_the_server_sends_the_file_under_its_own_policy(served: Client) -> None:
    answer = served.get("/check")
    assert (answer.status_code, answer.content) == (200, FILE.read_bytes())
    policy = answer.headers["Content-Security-Policy"]
    assert policy == f"{built()[1]}; frame-ancestors 'none'"
    assert "unsafe" not in policy
    assert "connect-src 'none'" in policy
    assert policy_of("another script", "") not in policy
    assert served.get("/check", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert served.post("/check").status_code == 405
    assert served.head("/check").status_code == 200


@needs_browser
def test_everything_in_hand_is_checked_from_a_disk_and_nobody_is_asked(browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(HERE)
    filled(page)
    assert "Cosigned: the record is no." in result(page)
    states = [state for _, state in steps(page)]
    assert set(states) == {"holds"}
    names = [name for name, _ in steps(page)]
    assert names[:2] == ["Record: spelling", "Record: signature"]
    assert names.count("Disclosure") == len(in_hand().disclosures) > 3
    assert names[-2:] == ["Enough witnesses", "Place in the log"]
    assert "KM 4711" in result(page)
    assert "That what the record says is true" in result(page)
    assert page.evaluate("document.activeElement.id") == "verdict"
    page.fill("#policy", "")  # a result never stands beside other files than its own
    assert page.locator("#result").is_hidden()
    assert [url for url in asked if url not in (HERE, "data:,")] == []
    assert complaints == []
    page.close()


@needs_browser
def test_it_works_as_the_server_sends_it(browser: Browser, served: Client) -> None:
    answer = served.get("/check")
    page = browser.new_page()
    page.route("**/*", lambda route: route.fulfill(headers=dict(answer.headers), body=answer.content))
    page.goto("https://corridor.example/check")
    filled(page)
    assert "Cosigned: the record is no." in result(page)
    page.close()


@needs_browser
def test_the_policy_forbids_what_is_not_in_the_file(browser: Browser) -> None:
    page = browser.new_page()
    page.goto(HERE)
    tried = page.evaluate(
        """async () => {
          const script = document.createElement("script");
          let typed = "";
          try { script.textContent = "window.ran = true"; } catch (error) { typed = error.name; }
          document.head.append(script);
          const reached = await fetch("https://example.org/").then(() => true, () => false);
          return [window.ran === undefined, reached, typed];
        }"""
    )
    assert tried == [True, False, "TypeError"]
    page.close()


@needs_browser
def test_one_changed_byte_anywhere_is_told_in_its_place_by_its_rule(browser: Browser) -> None:
    here = in_hand()
    page = opened(browser, HERE)
    filled(page, disclosed=False)
    good = {name: page.input_value(f"#{name}") for name in ("record", "receipt", "policy", "key")}
    lines = here.receipt.decode().splitlines(keepends=True)
    record = good["record"]
    signed = record[:-1] + ("Q" if record[-1] == "A" else "A")
    header = "eyJhbGciOiJub25lIn0"
    changes = [
        (
            "record",
            record.replace(".", "", 1),
            "Record: spelling",
            "record.spelling: this is not a compact JWS",
        ),
        ("record", f"{header}.{record.partition('.')[2]}", "Record: spelling", "record.header"),
        ("record", signed, "Place in the log", "does not lead to the root"),
        ("record", f"{record}~WyJh~", "Disclosure", "disclosures.spelling: this is not a disclosure"),
        ("receipt", good["receipt"].replace("index ", "index 0"), "Receipt: spelling", "is not a number"),
        ("receipt", "".join([*lines[:2], *lines[3:]]), "Place in the log", "does not lead to the root"),
        ("policy", good["policy"].replace("quorum", "quorums"), "Policy: spelling", "is no line of a policy"),
    ]
    for field, text, step, words in changes:
        for name, value in good.items():
            page.fill(f"#{name}", text if name == field else value)
        page.locator(".go").click()
        page.get_by_text("Something fails").wait_for()
        failed = [name for name, state in steps(page) if state == "fails"]
        assert step in failed, (field, failed)
        assert words in result(page)
        page.fill("#record", record)
        page.fill(f"#{field}", good[field])
        page.locator(".go").click()
        page.get_by_text("Cosigned: the record").wait_for()
    page.close()


@needs_browser
def test_what_is_not_here_is_said_and_nothing_more_is_claimed(browser: Browser) -> None:
    here = in_hand()
    page = opened(browser, HERE)
    given = {"record": here.record, "receipt": here.receipt, "policy": here.policy, "key": here.enrolling}
    without_quorum = here.policy.replace(b"quorum witnesses", b"quorum none")
    for fields, verdict, unchecked in (
        ((), "There is nothing to check yet.", []),
        (("record",), "Whether it is in a log, nothing here says.", ["Record: signature"]),
        (("receipt",), "Whose word it is, nothing here says.", ["Log’s signature", "Place in the log"]),
        (("receipt", "policy"), "Of which record the receipt is", ["Place in the log"]),
        (("record", "receipt", "key"), "Whether it is in a log", ["Log’s signature", "Place in the log"]),
        (("record", "receipt", "policy"), "Cosigned: the record", ["Record: signature"]),
    ):
        for name, data in given.items():
            page.fill(f"#{name}", data.decode() if name in fields else "")
        page.locator(".go").click()
        page.get_by_text(verdict).wait_for()
        assert [name for name, state in steps(page) if state == "not checked"] == unchecked
    page.fill("#policy", without_quorum.decode())
    page.locator(".go").click()
    page.get_by_text("Logged: the record").wait_for()
    assert "no quorum of witnesses stands behind this head" in result(page)
    page.close()


@needs_browser
def test_what_this_browser_cannot_check_is_never_counted(browser: Browser) -> None:
    """ML-DSA: most browsers have none yet. One without Ed25519, or an insecure address, says so and stops."""
    document = json.loads(
        (Path(__file__).parents[2] / "vectors" / "tlog" / "receipts_with_quorum.json").read_bytes()
    )
    lacking = """(() => {
      const real = crypto.subtle.importKey.bind(crypto.subtle);
      crypto.subtle.importKey = (form, key, algorithm, ...more) => algorithm.name === "NAME"
        ? Promise.reject(new DOMException("none", "NotSupportedError")) : real(form, key, algorithm, ...more);
    })()"""
    page = browser.new_page()
    page.add_init_script(lacking.replace("NAME", "ML-DSA-44"))
    page.goto(HERE)
    page.fill("#receipt", document["cases"][0]["receipt"])
    page.fill("#policy", document["policy"])
    page.locator(".go").click()
    page.locator("#verdict").wait_for()
    assert ("Enough witnesses", "cannot be checked here") in steps(page)
    assert "south cosigned with a key that this browser cannot check" in result(page)
    page.close()
    page = browser.new_page()
    page.add_init_script(lacking.replace("NAME", "Ed25519"))
    page.goto(HERE)
    page.get_by_text("This browser cannot check Ed25519 signatures here").wait_for()
    assert page.locator("#form").is_hidden()
    page.close()


@needs_browser
def test_files_are_recognised_kept_as_they_are_and_dropped_anywhere(browser: Browser, tmp_path: Path) -> None:
    files = in_hand().in_folder(tmp_path)
    page = opened(browser, HERE)
    page.set_input_files("#files", [str(path) for path in files])
    page.get_by_text("Cosigned: the record").wait_for()
    assert "7.receipt → The receipt" in page.locator("#said").inner_text()
    crlf = tmp_path / "crlf.receipt"
    crlf.write_bytes(in_hand().receipt.replace(b"\n", b"\r\n"))
    page.set_input_files("#files", [str(crlf)])  # shown like the good one; its bytes are not
    page.get_by_text("Something fails").wait_for()
    junk = tmp_path / "photo.jpg"
    junk.write_bytes(bytes(range(256)))
    page.set_input_files("#files", [str(junk)])
    page.get_by_text("photo.jpg: this is not a record").wait_for()
    page.get_by_role("button", name="Clear all").click()
    assert [page.input_value(f"#{name}") for name in ("record", "receipt", "policy", "key")] == [""] * 4
    assert page.locator("#result").is_hidden()
    page.evaluate(
        """([record, receipt]) => {
          const carried = new DataTransfer();
          carried.items.add(new File([record], "a"));
          carried.items.add(new File([receipt], "b"));
          document.querySelector("main").dispatchEvent(
            new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
        }""",
        [in_hand().record.decode(), in_hand().receipt.decode()],
    )
    page.get_by_text("Without a policy nobody’s signature can be checked.").wait_for()
    page.close()


@needs_browser
@pytest.mark.parametrize("order", [("record", "enrolling"), ("enrolling", "record")])
def test_of_two_records_the_one_that_enrolled_the_other_s_key_is_the_key(
    browser: Browser, tmp_path: Path, order: tuple[str, str]
) -> None:
    page = opened(browser, HERE)
    for name in order:
        (tmp_path / name).write_bytes(getattr(in_hand(), name))
    page.set_input_files("#files", [str(tmp_path / name) for name in order])
    page.locator("#verdict").wait_for()
    assert ("Record: signature", "holds") in steps(page)
    assert page.input_value("#record").encode() == in_hand().record
    (tmp_path / "other").write_bytes(in_hand().founding)  # another record takes the place of the first
    page.set_input_files("#files", [str(tmp_path / "other")])
    page.get_by_text("the claims of its kind (founding)").wait_for()
    page.close()


@needs_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_scrolls_sideways_at_any_width_in_either_direction(browser: Browser, language: str) -> None:
    page = opened(browser, HERE, language=language)
    filled(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WIDER) == [0, []], width
    page.fill("#record", "x" * 500)
    page.locator(".go").click()
    page.locator(".halt").first.wait_for()
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate(WIDER) == [0, []]
    page.close()


@needs_browser
@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1440, "light"), ("ar", 360, "dark")])
def test_axe_finds_nothing_at_aa_and_would_find_something(
    browser: Browser, language: str, width: int, scheme: Scheme
) -> None:
    page = opened(browser, HERE, language=language, width=width, scheme=scheme)
    assert violations(page) == []
    filled(page)
    assert violations(page) == []
    page.fill("#record", "x")
    page.locator(".go").click()
    page.locator(".halt").first.wait_for()
    assert violations(page) == []
    page.evaluate("() => { document.querySelector('html').lang = ''; }")
    assert violations(page) == ["html-has-lang"]
    page.close()


@needs_browser
def test_a_keyboard_does_it_all_and_sees_where_it_is(browser: Browser) -> None:
    here = in_hand()
    page = opened(browser, HERE, width=360)
    page.keyboard.press("Tab")
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        where, outline = page.evaluate(
            """() => [document.activeElement.id || document.activeElement.textContent,
              getComputedStyle(document.activeElement).outlineStyle]"""
        )
        seen.append(where)
        assert outline == "solid", where
        if where in ("record", "receipt", "policy"):
            page.keyboard.insert_text(getattr(here, where).decode())
        if where == "Check":
            page.keyboard.press("Enter")
            page.get_by_text("Cosigned: the record").wait_for()
            break
    assert seen == ["العربية", "files", "record", "receipt", "evidence", "policy", "key", "Check"]
    page.close()


@needs_browser
def test_another_language_keeps_what_was_given_and_found(browser: Browser) -> None:
    page = opened(browser, HERE)
    filled(page)
    page.get_by_role("button", name="العربية").click()
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert "مشهود عليه" in result(page)
    assert page.input_value("#record") == in_hand().disclosed.decode()
    page.close()


@needs_browser
def test_every_language_has_every_text_with_the_same_places(browser: Browser) -> None:
    page = browser.new_page()
    tables = page.evaluate(f"() => {{ {bundle(('evidence_texts', 'texts'))}; return TEXTS; }}")
    page.close()

    def flat(value: Any, path: str = "") -> dict[str, list[str]]:
        if isinstance(value, str):
            assert value, path
            return {path: sorted(re.findall(r"\{\w+\}", value))}
        members = value.items() if isinstance(value, dict) else enumerate(value)
        return {key: names for name, one in members for key, names in flat(one, f"{path}.{name}").items()}

    assert flat(tables["ar"]) == flat(tables["en"])
    assert tables["ar"] != tables["en"]


@needs_browser
def test_in_print_the_result_stands_alone(browser: Browser) -> None:
    page = opened(browser, HERE)
    filled(page)
    page.emulate_media(media="print")
    assert page.locator("form, #languages").filter(visible=True).count() == 0
    assert page.locator("#verdict").is_visible()
    page.close()


@needs_browser
def test_without_javascript_it_says_what_to_do(browser: Browser) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(HERE)
    assert "without JavaScript it does nothing" in page.locator("noscript p").inner_text()
    assert page.locator("form").is_hidden()
    page.close()
