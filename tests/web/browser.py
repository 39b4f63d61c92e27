"""Debian's Chromium under Playwright; where there is none, everything that needs it is skipped, loudly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
WHY = f"NO BROWSER: {CHROMIUM} is not there (apt-get install chromium); the public pages were NOT looked at"


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """One browser, without a sandbox: it sees nothing but our own pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-lcd-text", *flags]
        )
        try:
            yield browser
        finally:
            browser.close()
