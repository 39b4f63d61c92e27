"""`close-a-corridor.md`, typed by two seats against a server of this machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.docs.test_how_to import DOCS, blocks, founded, type_in
from tests.web.running import Running, running

__all__ = ["founded"]

REST, PROPOSE, AGREE, TAKE, JOIN, LEAVE = blocks("how-to/close-a-corridor.md")


def typed(block: str, served: Running, identifier: str, folder: Path) -> str:
    words = block.replace("https://HOST/", f"{served.url.rstrip('/')}/").replace("IDENTIFIER", identifier)
    code, said = type_in(words, folder)
    assert code == 0, said
    return said


def number_in(said: str, words: str) -> str:
    found = re.search(rf"{words} (\d+)", said)
    assert found is not None, said
    return found[1]


def test_two_seats_end_a_corridor_and_one_its_consent_as_the_page_says(founded: tuple[Path, str]) -> None:
    folder, identifier = founded
    mirror, find, consent, hand_in = AGREE.split("\n", 3)
    audit, _, _ = find.partition(" |")
    with running(folder / "corridor") as served:

        def type_it(block: str) -> str:
            served.until_published()
            return typed(block, served, identifier, folder)

        def handed_in(name: str) -> str:
            type_it(hand_in.replace("consent.json", name))
            type_it(mirror)
            return type_it(audit)

        type_it(mirror)
        type_it(JOIN)
        said = handed_in("joins.json")
        joined = number_in(said, r"Orva \(party\): consented by record")
        assert ", until 2030-01-01T00:00:00Z" in said
        assert f"ends the consent of entry {joined}" in type_it(LEAVE.replace("ENTRY", joined))
        said = handed_in("ends.json")
        number_in(said, r"Orva \(party\): withdrew its consent by record")
        assert "; runs on: answers" in said

        assert "✓ sound for corridor" in type_it(REST)
        assert "Counted up to the head of " in type_it(PROPOSE)
        type_it(mirror)
        proposed = number_in(type_it(find), "record")
        said = type_it(consent.replace("ENTRY", proposed))
        assert "proposes that this corridor ends, reason agreed" in said
        type_it(hand_in)
        last = served.until_published() - 1
        said = type_it(TAKE)
        assert f"Closed by record {last}: closing {proposed}, reason agreed" in said
        assert "Runs on: answers" in said

        body = json.loads((folder / "consent.json").read_bytes())
        assert served.post(body).status == 200, "a repeat gets its receipt, for ever"
        too_late = "safeconduct consent orva 0 --root orva-root.jwk --out late.json"
        code, said = type_in(too_late, folder)
        assert (code, "this log is closed since record" in said) == (4, True), said
        ready = served.get("/ready").document
        assert (ready["status"], ready["closed_from"]) == ("ready", last)
    code, said = type_in("safeconduct doctor corridor", folder)
    assert f"✓ closing: closed by record {last}" in said, said
    assert code == 0


def test_what_the_page_says_that_is_said_is_said() -> None:
    root = DOCS.parent / "src" / "safeconduct"
    program = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    text = (DOCS / "how-to" / "close-a-corridor.md").read_text(encoding="utf-8")
    said = re.findall(r"(?m)^\| exit [0-5], \*([^*]+)\*", text)
    assert len(said) == 5
    assert all(words in program for words in said)
