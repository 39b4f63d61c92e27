"""The page on checking a receipt or evidence, typed; the file is opened by a browser without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import override_settings
from django.urls import include, path

from safeconduct.web.check.build import FILE, bundle
from safeconduct.web.check.views import routes
from tests.docs.test_how_to import DOCS, blocks, type_in
from tests.properties.evidence_scene import scene
from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.public_scene import restricted, serving

PAGE = "how-to/check-it-yourself.md"
PATIENCE_MS = 60_000
urlpatterns = [*routes(), path("", include("safeconduct.web.public.urls"))]


@pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)
def test_a_reader_fetches_four_files_and_checks_them_without_a_network(tmp_path: Path) -> None:
    fetch, digest, _, command = blocks(PAGE)
    with serving(restricted()) as base, override_settings(ROOT_URLCONF="tests.docs.test_how_to_check"):
        code, said = type_in(fetch.replace("https://HOST", base), tmp_path)
        assert code == 0, said
    here, shipped = (type_in(digest, folder)[1] for folder in (tmp_path, FILE.parent))
    assert here == shipped
    code, said = type_in(command, tmp_path)
    assert (code, "cosigned; entry 14 is in the log" in said) == (0, True)
    with chromium() as browser:
        page = browser.new_page(offline=True)
        page.set_default_timeout(PATIENCE_MS)
        page.goto((tmp_path / "check.html").as_uri())
        page.set_input_files(
            "#files", [str(tmp_path / name) for name in ("14.entry", "14.receipt", "policy")]
        )
        page.get_by_text("Cosigned: the record is no. 14 in the log").wait_for()
        receipt = (tmp_path / "14.receipt").read_bytes()
        (tmp_path / "14.receipt").write_bytes(receipt.replace(b"index 14", b"index 13"))
        page.set_input_files("#files", [str(tmp_path / "14.receipt")])
        page.get_by_text("Something fails. Trust none of it, and keep all of it.").wait_for()
    assert type_in(command, tmp_path)[0] == 3


@pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)
def test_a_reader_checks_evidence_without_a_network_and_the_command_says_the_same(tmp_path: Path) -> None:
    files = [tmp_path / "evidence.json", tmp_path / "policy"]
    files[0].write_bytes(scene().files["split"])
    files[1].write_bytes(scene().archive.files["policy"])
    code, said = type_in(blocks(PAGE)[2], tmp_path)
    assert (code, "signed two heads that no one log can have" in said) == (0, True)
    with chromium() as browser:
        page = browser.new_page(offline=True)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(FILE.as_uri())
        page.set_input_files("#files", list(map(str, files)))
        page.get_by_text("It proves it: two histories of one log.").wait_for()
        assert "signed two heads that no one log can have" in page.locator("#result").inner_text()


def test_what_the_page_says_that_is_said_is_said() -> None:
    texts = bundle(("evidence_texts", "texts"))
    page = (DOCS / PAGE).read_text(encoding="utf-8")
    said = re.findall(r"(?m)^\| \*([^*]+)\*", page)
    assert len(said) == 9
    for sentence in [*said, "What it does not prove", "cannot be checked here", "Whose keys it rests on"]:
        assert f'"{sentence}' in texts, sentence
        assert sentence in page
