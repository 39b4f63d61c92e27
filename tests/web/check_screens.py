"""Takes `docs/screens/check-*.png`: `python -m tests.web.check_screens`. An invented declaration and its receipt."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from safeconduct.web.check.build import FILE
from tests.properties.evidence_scene import scene
from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.check_evidence import own_policy
from tests.web.check_scene import Scheme, evidenced, filled, opened
from tests.web.palette import in_few_colours

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
TALLEST = 2600


def found(page: Page) -> None:
    """Everything holds; the result, from its heading on."""
    filled(page, disclosed=False)


def broken(page: Page) -> None:
    """One character of the receipt was changed."""
    filled(page, disclosed=False)
    page.fill("#receipt", page.input_value("#receipt").replace("index ", "index 1"))
    page.locator(".go").click()
    page.locator("#result .halt").first.wait_for()


def proving(page: Page) -> None:
    """A key that signed two records in one place of its chain; the policy is the reader's own."""
    evidenced(page, scene().files["fork"], own_policy())


def not_alone(page: Page) -> None:
    """A record that was offered and withheld: it takes an archive, too."""
    evidenced(page, scene().files["withheld"])


SHOTS: tuple[tuple[str, int, Scheme, str, Callable[[Page], None] | None], ...] = (
    ("check-1440-light", 1440, "light", "en", None),
    ("check-360-dark", 360, "dark", "en", None),
    ("check-ar-360-light", 360, "light", "ar", None),
    ("check-result-1440-light", 1440, "light", "en", found),
    ("check-result-360-dark", 360, "dark", "en", found),
    ("check-result-ar-1440-dark", 1440, "dark", "ar", found),
    ("check-result-ar-360-light", 360, "light", "ar", found),
    ("check-broken-360-light", 360, "light", "en", broken),
    ("check-evidence-1440-light", 1440, "light", "en", proving),
    ("check-evidence-320-dark", 320, "dark", "en", proving),
    ("check-evidence-ar-390-light", 390, "light", "ar", not_alone),
)


def take(
    browser: Browser,
    *,
    name: str,
    width: int,
    scheme: Scheme,
    language: str,
    act: Callable[[Page], None] | None,
) -> None:
    """One picture: the empty page from its top, or the result."""
    page = opened(browser, FILE.as_uri(), width=width, scheme=scheme, language=language)
    if act is not None:
        act(page)
        page.evaluate(
            "() => document.querySelectorAll('form, main > .say, h1').forEach((one) => { one.hidden = true; })"
        )
        page.evaluate("() => document.activeElement.blur()")
    height = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": width, "height": height})
    shot = page.screenshot()
    page.goto("about:blank")
    (FOLDER / f"{name}.png").write_bytes(in_few_colours(page, shot))
    page.close()


def main() -> None:
    """All of them, anew."""
    if not CHROMIUM.exists():
        sys.exit(WHY)
    with chromium() as browser:
        for name, width, scheme, language, act in SHOTS:
            take(browser, name=name, width=width, scheme=scheme, language=language, act=act)


if __name__ == "__main__":
    main()
