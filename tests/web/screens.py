"""Takes `docs/screens/`: `python -m tests.web.screens`. The Black Sea example replayed, and an invented restriction."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from tests.databases import ready

ready()

from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.palette import in_few_colours
from tests.web.public_scene import ROOT, Scene, black_sea, restricted, serving

BASE = "http://corridor.example"
FOLDER = ROOT / "docs" / "screens"
OTHERS = ("check-", "report-")
"""Screens that check_screens and report_screens take."""
WIDTHS = (360, 1440)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
TALLEST = 2600
PATIENCE_MS = 180_000
PSG = "5aa11958c1022021844fe734edd21e8f"
"""Voyage 148, which the tutorial tells too."""
PAGES = {
    "status": "/",
    "list": "/passages/?sort=-wait",
    "story": f"/passages/{PSG}",
    "record": "/records/500",
}


def shots() -> Iterator[tuple[str, str, int, Scheme]]:
    """Name, address, width, scheme: English in both schemes, Arabic in the light one."""
    for (name, address), width, scheme in product(PAGES.items(), WIDTHS, SCHEMES):
        yield f"{name}-{width}-{scheme}", address, width, scheme
    for (name, address), width in product(PAGES.items(), WIDTHS):
        language = "&lang=ar" if "?" in address else "?lang=ar"
        yield f"{name}-ar-{width}-light", f"{address}{language}", width, "light"


def take(browser: Browser, address: str, to: Path, *, width: int, scheme: Scheme) -> None:
    """One page from its top, at most `TALLEST` pixels of it."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    height = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": width, "height": height})
    shot = page.screenshot()
    page.goto("about:blank")
    to.write_bytes(in_few_colours(page, shot))
    page.close()


@contextmanager
def looking_at(scene: Scene) -> Iterator[Browser]:
    """A browser for which the log is served under one name, so that the pictures do not change with the port."""
    with (
        serving(scene) as base,
        chromium(f"--host-resolver-rules=MAP corridor.example:80 {base.removeprefix('http://')}") as browser,
    ):
        yield browser


def main() -> None:
    """All of them, anew."""
    if not CHROMIUM.exists():
        sys.exit(WHY)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        if not old.name.startswith(OTHERS):
            old.unlink()
    with looking_at(black_sea()) as browser:
        for name, address, width, scheme in shots():
            take(browser, BASE + address, FOLDER / f"{name}.png", width=width, scheme=scheme)
    with looking_at(restricted()) as browser:
        for width, scheme in ((360, SCHEMES[1]), (1440, SCHEMES[0])):
            take(browser, f"{BASE}/", FOLDER / f"restricted-{width}-{scheme}.png", width=width, scheme=scheme)


if __name__ == "__main__":
    main()
