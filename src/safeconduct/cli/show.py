"""`safeconduct show ARCHIVE_OR_DIR ENTRY|PASSAGE…`: the record, in words, in order, with who said it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.files import reading
from safeconduct.cli.console import Console
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.canonical import parse_canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.disclosure import Place
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.tiles import split_bundle, tiles_of
from safeconduct.service.founded import founding_of
from safeconduct.service.story import Log, Told, tell_entry, tell_passage
from safeconduct.service.words import details, sentence, when
from safeconduct.verify.ports import ArchiveBytes
from safeconduct.wiring.offline import DATABASE, open_store

SUMMARY = "one entry or one passage, in words"
_PASSAGE = re.compile(r"[0-9a-f]{32}", re.ASCII)


def configure(parser: argparse.ArgumentParser) -> None:
    """Where to look, and for what."""
    parser.add_argument(
        "place", type=Path, metavar="ARCHIVE_OR_DIR", help="an archive, or a corridor's folder"
    )
    parser.add_argument(
        "what",
        nargs="+",
        metavar="ENTRY|PASSAGE",
        help="an entry's number or leaf, or a passage's identifier",
    )


def run(arguments: argparse.Namespace) -> int:
    """Each one's story."""
    console: Console = arguments.console
    with ExitStack() as opened:
        log = _log(arguments.place, opened)
        stories = {
            what: tell_passage(log, what) if _PASSAGE.fullmatch(what) else tell_entry(log, what)
            for what in dict.fromkeys(arguments.what)
        }
    console.nature(log.founding.nature)
    for what, story in stories.items():
        for line in _lines(what, story):
            console.say(line)
    console.say("… Told, not checked: safeconduct audit checks it.")
    console.document(
        {
            "corridor": log.founding.cor,
            "nature": log.founding.nature,
            "stories": {what: [_document(told) for told in story] for what, story in stories.items()},
        }
    )
    return 0


def _log(place: Path, opened: ExitStack) -> Log:
    with reading(place):
        is_corridor = (place / DATABASE).exists()
    if is_corridor:
        store = opened.enter_context(open_store(place))
        held: dict[int, list[str]] = {}
        for index, text in store.disclosures():
            held.setdefault(index, []).append(text)
        founding = founding_of(store)
        newest = (*store.committed()[-1:], *store.published()[-1:])[-1].note
        return Log(store.entries, lambda index: tuple(held.get(index, ())), founding, newest)
    archive = open_archive(place)
    newest = archive.read("checkpoint")
    size = Checkpoint.parse(Note.parse(newest, where="checkpoint").text, where="checkpoint").size
    shown = _disclosures(archive)
    first = next(_entries(archive, size), b"")
    founding = Founding.parse(parse_entry(first, where="entry 0"))
    return Log(lambda: _entries(archive, size), lambda index: shown.get(index, ()), founding, newest)


def _entries(archive: ArchiveBytes, size: int) -> Iterator[bytes]:
    for tile in tiles_of(size):
        if tile.level is None:
            yield from split_bundle(archive.read(tile.path), tile.width, tile.path)


def _disclosures(archive: ArchiveBytes) -> dict[int, tuple[str, ...]]:
    if "disclosures.jsonl" not in archive.paths():
        return {}
    try:
        lines = [
            parse_canonical(line, where=f"disclosures.jsonl line {number}")
            for number, line in enumerate(archive.read("disclosures.jsonl").splitlines(), 1)
        ]
        return {line["entry"]: tuple(map(str, line["disclosures"])) for line in lines}
    except (KeyError, TypeError) as error:
        raise Malformed(
            "this is not what an export writes", where="disclosures.jsonl", next_step="See: safeconduct audit"
        ) from error


def _lines(what: str, story: tuple[Told, ...]) -> Iterator[str]:
    numbers = {told.event.leaf: f"entry {told.event.index}" for told in story}
    name_of = lambda text: numbers.get(text, f"{text[:16]}…")  # noqa: E731
    if _PASSAGE.fullmatch(what):
        yield f"Passage {what}: {len(story)} records, in the order in which they happened"
    for told in story:
        at = told.entry.at
        bounds = told.event.bounds
        yield f"  entry {told.event.index} · {when(told.event.occurred, at, bounds.after, bounds.before)}"
        yield f"    {told.event.iss} {sentence(told.event.payload, name_of)}"
        for line in details(told.event.payload, told.private, name_of, hidden=told.hidden):
            yield f"      {line}"
        if not _PASSAGE.fullmatch(what) and told.entry.psg:
            yield f"      passage {told.entry.psg}"


def _document(told: Told) -> dict[str, object]:
    return {
        "entry": told.event.index,
        "leaf": told.event.leaf,
        "kind": told.event.evt,
        "issuer": told.event.iss,
        "kid": told.event.kid,
        "occurred": told.event.occurred,
        "after": told.event.bounds.after,
        "before": told.event.bounds.before,
        "payload": told.event.payload,
        "private": {_label(place): value for place, value in told.private.items()},
    }


def _label(place: Place) -> str:
    return place if isinstance(place, str) else f"lines.{place[0]}.{place[1]}"
