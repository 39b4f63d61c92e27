"""An evidence file on the check page: what is proved, what is not, on whose keys; and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from safeconduct.web.check.build import FILE
from tests.properties.evidence_scene import scene
from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.check_evidence import NAMES, own_policy, was
from tests.web.check_scene import Scheme, evidenced, in_hand, opened
from tests.web.test_public_browser import WIDER, violations

HERE = FILE.as_uri()
WIDTHS = (320, 390, 1440)

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def told(page: Page) -> str:
    return page.locator("#result").inner_text().replace("’", "'")


def steps(page: Page) -> list[tuple[str, str]]:
    rows = page.locator("#result .status > div")
    return [(row.locator("dt").inner_text(), row.locator("dd").first.inner_text()) for row in rows.all()]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_recognised_and_its_meaning_said_in_the_words_of_the_command(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    page = opened(browser, HERE)
    (tmp_path / "handed-on").write_bytes(scene().files[name])
    (tmp_path / "policy").write_bytes(own_policy())
    page.set_input_files("#files", [str(tmp_path / "handed-on")])
    page.locator("#verdict").wait_for()
    assert "handed-on → Or a file of evidence" in page.locator("#said").inner_text()
    shown, text = was(name), told(page)
    assert ("It proves it: " if shown.proved else "Alone it does not prove it: ") in text
    words = [each.replace("`", "") for each in (*shown.proves, *shown.keys, *shown.leaves_open, *shown.needs)]
    assert [each for each in words if each not in text] == []
    assert "whoever made it chose them" in text
    assert steps(page)[-1] == ("By your policy", "not checked")
    page.set_input_files("#files", [str(tmp_path / "policy")])
    page.get_by_text("They are from the policy that you gave.").wait_for()
    assert [each for each in words if each not in told(page)] == []
    assert {state for _, state in steps(page)} == {"holds"}
    page.close()


def test_what_fails_proves_nothing_and_says_where(browser: Browser) -> None:
    good = scene().files["fork"].decode()
    policy = own_policy().decode()
    no_log = "\n".join(line for line in policy.splitlines() if not line.startswith("log ")) + "\n"
    page = opened(browser, HERE)
    for evidence, brought, step, words in (
        (good.replace('"index":1', '"index":2', 1), "", "By the file's policy", "does not lead to the root"),
        (good.replace("fork", "forks", 1), "", "Evidence: spelling", "its kind one of split, rollback"),
        (good, no_log, "By your policy", "did not sign this head, or is not in the policy"),
        (good, "nothing", "Policy: spelling", "is no line of a policy"),
        ("{", "", "Evidence: spelling", "this is not JSON"),
    ):
        page.fill("#evidence", evidence)
        page.fill("#policy", brought)
        page.locator(".go").click()
        page.get_by_text("It proves nothing.").wait_for()
        assert (step, "fails") in [(name.replace("’", "'"), state) for name, state in steps(page)]
        text = told(page)
        assert words in text
        assert "What this proves" not in text
        assert "That anybody lied." in text
    page.close()


def test_evidence_is_checked_alone_and_pasted_as_it_comes(browser: Browser) -> None:
    page = opened(browser, HERE)
    page.fill("#evidence", f"\n  {scene().files['split'].decode()}\n\n")
    page.fill("#record", in_hand().record.decode())
    page.locator(".go").click()
    page.get_by_text("There are two things here").wait_for()
    assert steps(page) == []
    page.fill("#record", "")
    page.locator(".go").click()
    page.get_by_text("It proves it: two histories of one log.").wait_for()
    page.get_by_role("button", name="العربية").click()
    assert "يثبته: تاريخان لدفتر واحد." in told(page)
    page.fill("#evidence", "")  # a result never stands beside other files than its own
    assert page.locator("#result").is_hidden()
    page.close()


def test_a_keyboard_is_enough(browser: Browser) -> None:
    page = opened(browser, HERE, width=390)
    page.locator("#receipt").focus()
    page.keyboard.press("Tab")
    page.keyboard.insert_text(scene().files["receipt"].decode().strip())
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("It proves it: a receipt whose place another record has.").wait_for()
    assert page.evaluate("document.activeElement.id") == "verdict"
    page.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_scrolls_sideways_whatever_the_evidence(browser: Browser, language: str) -> None:
    page = opened(browser, HERE, language=language)
    for name in NAMES:
        evidenced(page, scene().files[name])
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(WIDER) == [0, []], (name, width)
    page.close()


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1440, "dark"), ("ar", 320, "light")])
def test_axe_finds_nothing_at_aa(browser: Browser, language: str, width: int, scheme: Scheme) -> None:
    page = opened(browser, HERE, language=language, width=width, scheme=scheme)
    evidenced(page, scene().files["rollback"], own_policy())
    assert violations(page) == []
    evidenced(page, scene().files["withheld"])
    assert violations(page) == []
    evidenced(page, b"{}")
    assert violations(page) == []
    page.close()
