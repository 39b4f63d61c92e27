"""`ask-witnesses.md`, typed: a live corridor's heads get their quorum from two witnesses that answer."""

from __future__ import annotations

from tests.docs.test_how_to import blocks, type_in
from tests.web.running import running
from tests.web.test_serve_witnesses import Place, place, soon

__all__ = ["place"]
COPY, WRITE, ASK = blocks("how-to/ask-witnesses.md")


def test_a_stranger_writes_the_addresses_and_receipts_are_cosigned(place: Place) -> None:
    (place.folder / "witnesses").unlink()
    with running(place.folder) as served:
        served.until_published()
    here = place.folder.parent
    assert type_in(COPY, here)[0] == 0
    for one in place.witnesses[:2]:
        typed = WRITE.replace("orva.example/witness", one.verifier.name)
        typed = typed.replace("https://witness.orva.example/", one.url)
        assert type_in(typed, here) == (0, "")
    with running(place.folder) as served:
        written, grade = place.hand_in(served)
        assert grade == "logged"
        soon(lambda: place.grade(served, written) == "cosigned")
        code, said = type_in(ASK.replace("http://127.0.0.1:8000/", served.url), here)
        assert code == 0, said
        silent = place.witnesses[2].verifier.name
        assert f"… cosignatures: the newest head has its quorum; awaiting {silent} since " in said
        assert f"… witnesses: 2 answer; without an address: {silent}." in said
        assert f'"awaiting": [{{"witness": "{silent}"' in said
