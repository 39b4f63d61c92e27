"""Takes `docs/screens/report-*.png`: `python -m tests.web.report_screens`. A day with a swapped seal."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from safeconduct import __version__
from safeconduct.cli.report_page import page
from safeconduct.sim.stage import Stage
from safeconduct.verify.report import Report
from tests.stories.told import under_way
from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.palette import in_few_colours

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
TALLEST = 2600


def report() -> Report:
    """Sound, with a seal that was another one at the exit, and one movement still on the road."""
    stage = Stage("report")
    passage = under_way(stage)
    passage.find_seal("S-2")
    passage.exit()
    under_way(stage, plate="KM 4712")
    return stage.audit(corridor=stage.cor)


def main() -> int:
    """Four screens, and what it looks like on paper."""
    if not CHROMIUM.exists():
        sys.exit(WHY)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        place = Path(folder) / "report.html"
        place.write_text(page([report()], by=__version__), encoding="utf-8")
        for name, width, scheme, media in (
            ("360-light", 360, "light", "screen"), ("360-dark", 360, "dark", "screen"),
            ("1440-light", 1440, "light", "screen"), ("1440-dark", 1440, "dark", "screen"),
            ("print", 794, "light", "print"),
        ):  # fmt: skip
            tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
            tab.emulate_media(media=media)  # type: ignore[arg-type]
            tab.goto(place.as_uri())
            wide = int(tab.evaluate("document.documentElement.scrollWidth"))
            assert wide <= width, f"{name} is {wide} wide"
            height = min(TALLEST, int(tab.evaluate("document.documentElement.scrollHeight")))
            tab.set_viewport_size({"width": width, "height": height})
            shot = tab.screenshot()
            tab.goto("about:blank")
            (FOLDER / f"report-{name}.png").write_bytes(in_few_colours(tab, shot))
            tab.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
