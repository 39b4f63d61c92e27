"""Whatever is wrong with a file, wherever it is read: an exit code, its place, and what to do next.

Whatever fails leaves everything as it was.
"""

from __future__ import annotations

import os
import random
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.cli.typed import BLACK_SEA, DEMO, HUGE, INIT, RECEIPT, REPLAY, Run, check_refused, tree, type_in

# In every place where it is read


def truncated(good: bytes) -> bytes:
    return good[: len(good) // 2]


def in_latin_1(good: bytes) -> bytes:
    return good[:40] + b"\xdf\xe9" + good[40:]


def in_utf_16(good: bytes) -> bytes:
    return good.decode("utf-8", "replace").encode("utf-16")


def with_a_byte_order_mark(good: bytes) -> bytes:
    return b"\xef\xbb\xbf" + good


def empty(_: bytes) -> bytes:
    return b""


def with_nul(good: bytes) -> bytes:
    return good[:20] + b"\0" + good[20:]


def with_half_a_character(good: bytes) -> bytes:
    return good[:20] + b"\xed\xa0\x80" + good[20:]


def deep_lists(_: bytes) -> bytes:
    return b"x = " + b"[" * 30_000


def deep_objects(_: bytes) -> bytes:
    return b'{"x":' * 100_000


def noise(_: bytes) -> bytes:
    return random.Random(7).randbytes(4_000)  # noqa: S311 - noise, no secret


def twice(good: bytes) -> bytes:
    return good + good


CONTENTS: tuple[Callable[[bytes], bytes], ...] = (
    truncated, in_latin_1, in_utf_16, with_a_byte_order_mark, empty, with_nul, with_half_a_character,
    deep_lists, deep_objects, noise, twice,
)  # fmt: skip


def gone(file: Path) -> None:
    file.unlink()


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_link_to_nothing(file: Path) -> None:
    file.unlink()
    file.symlink_to("nothing at all")


def a_link_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


def huge(file: Path) -> None:
    os.truncate(file, HUGE)


def changed(how: Callable[[bytes], bytes], file: Path) -> None:
    file.write_bytes(how(file.read_bytes()))


WAYS: dict[str, Callable[[Path], None]] = {
    **{how.__name__: partial(changed, how) for how in CONTENTS},
    **{how.__name__: how for how in (gone, a_folder, a_link_to_nothing, a_link_to_itself, huge)},
}
BUNDLE = "out/tile/entries/000.p/*"
READ_BY: dict[str, tuple[str, ...]] = {
    "agreement.toml": (INIT, "agreement check agreement.toml"),
    "route.geojson": (INIT, "agreement check agreement.toml --route route.geojson"),
    "mission.jwk": (INIT,),
    "orva.pub": (f"{INIT} --seat orva=orva.pub",),
    f"{BLACK_SEA}/agreement.toml": (REPLAY,),
    f"{BLACK_SEA}/route.geojson": (REPLAY,),
    f"{BLACK_SEA}/replay.toml": (REPLAY,),
    f"{BLACK_SEA}/voyages.csv": (REPLAY,),
    f"{BLACK_SEA}/hs_headings.csv": (REPLAY,),
    f"{BLACK_SEA}/destinations.csv": (REPLAY,),
    f"{BLACK_SEA}/expected_findings.json": (DEMO,),
    "dir/corridor.db": ("export dir new", "show dir 0"),
    "dir/keys/log.jwk": ("export dir new",),
    "dir/keys/seed": ("export dir new",),
    "head": ("audit out --head head",),
    "receipt": ("audit out --receipt receipt", RECEIPT),
    "offers": ("audit out --offers offers",),
    "policy": ("receipt check receipt --policy policy",),
    "entry": (RECEIPT,),
    "edge_points.json": ("conformance edge_points.json",),
    "out/policy": ("audit out",),
    "out/checkpoint": ("audit out", "show out 0"),
    "out/disclosures.jsonl": ("audit out", "show out 1"),
    BUNDLE: ("audit out", "show out 1"),
}
HARMLESS = {
    # A log of nothing offered, and one that offers the same again; whole pages after SQLite's own.
    ("offers", "empty"), ("offers", "twice"), ("dir/corridor.db", "twice"), ("dir/corridor.db", "huge"),
    # A corridor without a seed is one that was not made from one; a shorter seed is another seed.
    ("dir/keys/seed", "truncated"),
    ("dir/keys/seed", "gone"), ("dir/keys/seed", "a_link_to_nothing"), ("dir/keys/seed", "a_link_to_itself"),
    # The one file that may be absent; `show` tells and does not check.
    ("out/disclosures.jsonl", "gone"), ("out/disclosures.jsonl", "empty"), ("out/disclosures.jsonl", "twice"),
    ("out/checkpoint", "with_a_byte_order_mark"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ_BY)
def test_a_file_that_is_wrong_in_any_way_is_refused_wherever_it_is_read(
    here: Path, started: Run, name: str
) -> None:
    (file,) = here.glob(name)
    good, mode = file.read_bytes(), stat.S_IMODE(file.stat().st_mode)
    for wrong, spoil in WAYS.items():
        spoil(file)
        before = tree(here)
        for words in READ_BY[name]:
            said = started(here, words.split())
            if (name, wrong) not in HARMLESS:
                check_refused(said)
            elif said.code == 0:
                shutil.rmtree(here / "new", ignore_errors=True)
            assert tree(here) == before, (wrong, said)
        if file.is_dir() and not file.is_symlink():
            file.rmdir()
        else:
            file.unlink(missing_ok=True)
        file.write_bytes(good)
        file.chmod(mode)


def test_a_damaged_store_is_refused_or_what_is_taken_from_it_is_whole(here: Path, started: Run) -> None:
    file = here / "dir" / "corridor.db"
    good, drawn = file.read_bytes(), random.Random(3)  # noqa: S311 - which bytes, not which secrets
    for changes in (1, 1, 4, 40, 400) * 6:
        data = bytearray(good)
        for _ in range(changes):
            data[drawn.randrange(len(data))] = drawn.randrange(256)
        file.write_bytes(data)
        for words in (["show", "dir", "1"], ["export", "dir", "new", "--for", "orva"]):
            said = started(here, words)
            if said.code:
                check_refused(said, 2, 3)
        assert said.code == 0 or not (here / "new").exists()
        if said.code == 0:
            assert started(here, ["audit", "new"]).code == 0
            shutil.rmtree(here / "new")


# One thing wrong, told with its place and what to write


def exchanged(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def first_line_twice(text: str) -> str:
    return text.split("\n", 1)[0] + "\n" + text


def last_line_twice(text: str) -> str:
    return text + text.rstrip("\n").rsplit("\n", 1)[-1] + "\n"


@dataclass(frozen=True)
class Wrong:
    """A command, the file that is changed before it, and what it says then."""

    words: str
    name: str
    change: Callable[[str], str]
    says: str


ONE_THING = [
    Wrong(INIT, "agreement.toml", exchanged("version = 1", "version = nan"), "agreement.toml line"),
    Wrong(
        INIT, "agreement.toml", exchanged("version = 1", "version = 1\nversion = 1"), "agreement.toml line"
    ),
    Wrong(INIT, "agreement.toml", exchanged('seat = "orva"', 'seat = "оrva"'), "CYRILLIC SMALL LETTER O"),
    Wrong(INIT, "agreement.toml", exchanged("title", "titlе"), "CYRILLIC SMALL LETTER IE"),
    Wrong(INIT, "agreement.toml", exchanged('starts = "2026-03-01"', 'starts = "2026-02-30"'), "2026-02-30"),
    Wrong(INIT, "agreement.toml", exchanged('starts = "2026-03-01"', "starts = 2026-02-30"), "line"),
    Wrong(INIT, "agreement.toml", exchanged("version = 1", f"version = {'9' * 5_000}"), "number"),
    Wrong(INIT, "route.geojson", exchanged("0.12", "NaN"), "NaN is not a number"),
    Wrong(INIT, "route.geojson", exchanged("0.12", "1e999"), "no point on the Earth"),
    Wrong(INIT, "route.geojson", exchanged("0.12", "9" * 5_000), "route.geojson"),
    Wrong(INIT, "route.geojson", exchanged('"type"', '"type": "Feature", "type"'), "stands twice"),
    Wrong(INIT, "route.geojson", exchanged("schematic", "sсhematic"), "is not a key here"),
    Wrong(INIT, "route.geojson", exchanged('"schematic": true', '"schematic": false'), ""),
    Wrong(INIT, "mission.jwk", exchanged('"crv"', '"crv": "Ed25519", "crv"'), "not an Ed25519 key"),
    Wrong(INIT, "mission.jwk", exchanged('{"', '{"n": NaN, "'), "not an Ed25519 key"),
    Wrong(REPLAY, f"{BLACK_SEA}/replay.toml", exchanged("as_of", 'as_of = "2023-02-30"\nas_off'), "as_of"),
    Wrong(REPLAY, f"{BLACK_SEA}/replay.toml", exchanged('seed = "', 'seed = "x"\nseed = "'), "replay.toml"),
    Wrong(REPLAY, f"{BLACK_SEA}/replay.toml", exchanged("as_of = ", "as_of = nan\n#"), "as_of"),
    Wrong(
        REPLAY, f"{BLACK_SEA}/replay.toml", exchanged("title = ", "title = 1979-05-27T07:32:00Z\n#"), "title"
    ),
    Wrong(REPLAY, f"{BLACK_SEA}/voyages.csv", last_line_twice, "stands here twice"),
    Wrong(REPLAY, f"{BLACK_SEA}/voyages.csv", exchanged("2022-08-", "2022-02-30-"), "voyages.csv line 2"),
    Wrong(
        REPLAY, f"{BLACK_SEA}/voyages.csv", exchanged("Odesa", "Odеsa"), "is not in [ports] of replay.toml"
    ),
    Wrong(REPLAY, f"{BLACK_SEA}/hs_headings.csv", last_line_twice, "stands here twice"),
    Wrong(REPLAY, f"{BLACK_SEA}/hs_headings.csv", first_line_twice, "hs_headings.csv line 2"),
    Wrong(REPLAY, f"{BLACK_SEA}/destinations.csv", last_line_twice, "stands here twice"),
    Wrong(DEMO, f"{BLACK_SEA}/expected_findings.json", exchanged('"rule"', '"rüle"'), "findings[0]"),
    Wrong(
        "audit out --offers offers",
        "offers",
        lambda _: f"{'0' * 64} 2026-02-30T00:00:00.000Z\n",
        "not a time",
    ),
    Wrong("audit out --offers offers", "offers", lambda _: f"{'А' * 64} now\n", "offers line 1"),
    Wrong("audit out", "out/disclosures.jsonl", exchanged('{"disc', '{"disclosures":[],"disc'), "line 1"),
    Wrong("audit out", "out/disclosures.jsonl", exchanged('"entry":', '"entry":NaN,"x":'), "line 1"),
    Wrong("show out 1", "out/disclosures.jsonl", exchanged('"entry":', '"entry":NaN,"x":'), "line 1"),
    Wrong(RECEIPT, "receipt", exchanged("index ", "index 0"), "receipt"),
    Wrong(RECEIPT, "receipt", exchanged("index ", "index 99999"), "receipt"),
    Wrong(RECEIPT, "policy", exchanged("quorum", "quоrum"), "policy line"),
    Wrong("conformance edge_points.json", "edge_points.json", lambda _: "[NaN]", "another shape"),
]


@pytest.mark.parametrize("wrong", ONE_THING, ids=[f"{one.name}-{one.says}" for one in ONE_THING])
def test_one_thing_wrong_is_told_with_its_place(here: Path, started: Run, wrong: Wrong) -> None:
    file = here / wrong.name
    file.write_bytes(wrong.change(file.read_bytes().decode()).encode())
    before = tree(here)
    check_refused(started(here, wrong.words.split()), says=wrong.says)
    assert tree(here) == before


def test_all_faults_of_both_files_and_all_keys_are_told_at_once(here: Path) -> None:
    for name, old, new in (
        ("agreement.toml", "version = 1", "version = 0"),
        ("agreement.toml", 'role = "party"', 'role = "partey"'),
        ("route.geojson", "0.12", "NaN"),
        ("orva.pub", "OKP", "EC"),
    ):
        (here / name).write_text((here / name).read_text().replace(old, new))
    said = type_in(here, *INIT.split(), "--seat", "orva=orva.pub", "--witness", "junk")
    check_refused(said, 2)
    assert len(said.document["faults"]) == len(said.told.splitlines()) == 6, said
