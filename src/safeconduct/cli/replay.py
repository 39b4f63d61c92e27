"""`safeconduct replay SOURCE --dir DIR`: recorded movements of the past, as records that say so."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.replay_folder import ReplayFolder
from safeconduct.cli.console import Console
from safeconduct.service.replay_source import Replayable, read_replayable
from safeconduct.sim.replay import Replay, kept_keys, replay
from safeconduct.wiring.offline import new_store

SUMMARY = "recorded movements of the past, in as records, marked as a replay; every key is simulated"


def configure(parser: argparse.ArgumentParser) -> None:
    """Where from, where to."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="a folder as examples/black-sea-2022: agreement, route, replay.toml and three tables",
    )
    parser.add_argument(
        "--dir", dest="folder", type=Path, metavar="DIR", required=True, help="the new corridor's folder"
    )


def run(arguments: argparse.Namespace) -> int:
    """The whole source, or nothing."""
    console: Console = arguments.console
    source = read_replayable(ReplayFolder(arguments.source))
    replayed = into_folder(source, arguments.folder)
    founding = replayed.sequencer.founding
    seats = " ".join(f"--for {seat}" for seat in source.agreement.seats)
    console.nature(founding.nature)
    console.say(f"✓ {arguments.folder}: {source.source.title}")
    console.say(f"  {summary(replayed)}")
    for word in left_open(source):
        console.say(f"  {word}")
    console.say(f"  Next: safeconduct export {arguments.folder} OUT {seats} --for public")
    console.document(
        {
            "corridor": founding.cor,
            "nature": founding.nature,
            "title": source.source.title,
            "source": source.source.source,
            "voyages": len(source.voyages),
            "lines": lines(source),
            "entries": replayed.sequencer.size,
            "without_heading": unmapped(source),
        }
    )
    return 0


def into_folder(source: Replayable, folder: Path) -> Replay:
    """The source replayed into a new corridor's folder."""
    seed = source.source.seed.encode()
    with new_store(folder, keys=kept_keys(source), seed=seed) as store:
        return replay(source, store)


def summary(replayed: Replay) -> str:
    """How much became how much."""
    source = replayed.source
    return (
        f"{len(source.voyages)} voyages, {lines(source)} lines of goods: "
        f"{replayed.sequencer.size:,} entries, each a claim of the source, none of ours"
    )


def lines(source: Replayable) -> int:
    """How many source rows there are."""
    return sum(len(voyage.cargo) for voyage in source.voyages)


def unmapped(source: Replayable) -> dict[str, int]:
    """Words for goods that leave the heading open, and how many lines have them."""
    found: dict[str, int] = {}
    for voyage in source.voyages:
        for cargo in voyage.cargo:
            if cargo.heading is None:
                found[cargo.commodity] = found.get(cargo.commodity, 0) + 1
    return dict(sorted(found.items()))


def left_open(source: Replayable) -> list[str]:
    """Those words in a line, if there are any."""
    words = unmapped(source)
    if not words:
        return []
    listed = ", ".join(f"{word} ({count})" for word, count in words.items())
    return ["The word leaves the heading open, so these lines have none:", f"  {listed}"]
