"""`safeconduct compare A B`: whether two copies are of one log, and which is ahead; of a split, the proof."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeconduct.adapters.files import already_there, read_file, reading, write_new
from safeconduct.cli.console import Console
from safeconduct.cli.opening import is_address, opened
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import parse_hex
from safeconduct.core.tlog.note import MAX_BYTES
from safeconduct.verify.compare import Compared, Copy, compare

SUMMARY = "two copies of a log: the same, one ahead, or a split, and then the proof of it"
_ZIP = b"PK"


def configure(parser: argparse.ArgumentParser) -> None:
    """The two copies; where the proof goes."""
    words = "a folder, a .zip, an address: https://HOST/public/; or a head that was kept"
    parser.add_argument("one", metavar="A", help=words)
    parser.add_argument("other", metavar="B", help="the other copy, likewise")
    parser.add_argument(
        "--evidence", type=Path, metavar="FILE", help="where a proof of a split goes, to hand on: a new file"
    )
    parser.add_argument("--corridor", metavar="ID", help="the identifier on the signed paper, for --key")
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="a key of your seat, for an address that only parties read"
    )


def run(arguments: argparse.Namespace) -> int:
    """0: the same, or one is ahead; 1: a split."""
    console: Console = arguments.console
    if arguments.corridor is not None:
        parse_hex(arguments.corridor, length=32, where="--corridor")
    if arguments.key is not None and not any(map(is_address, (arguments.one, arguments.other))):
        raise Malformed(
            "a folder or a .zip needs no key", where="--key", next_step="Leave it out, or name an address"
        )
    if arguments.evidence is not None and arguments.evidence.exists():
        raise already_there(arguments.evidence)
    with _copy(arguments.one, arguments) as one, _copy(arguments.other, arguments) as other:
        found = compare(one, other)
    if found.evidence is not None:
        shown = found.evidence.check()
        if arguments.evidence is not None:
            write_new(arguments.evidence, found.evidence.print())
    for line in _lines(found, arguments.evidence):
        console.say(line)
    console.document(
        {
            "verdict": found.verdict,
            "copies": [
                _document(copy, head.checkpoint.size, head.checkpoint.root)
                for copy, head in zip((found.smaller, found.larger), found.heads, strict=True)
            ],
            "shows": [] if found.evidence is None else list(shown.proves),
            "evidence": str(arguments.evidence) if found.evidence and arguments.evidence else None,
        }
    )
    return 1 if found.verdict == "split" else 0


@contextmanager
def _copy(place: str, arguments: argparse.Namespace) -> Iterator[Copy]:
    if not is_address(place) and _is_head(Path(place)):
        yield Copy.of_head(read_file(Path(place), most=MAX_BYTES), place)
        return
    with opened(place, key=arguments.key, corridor=arguments.corridor) as archive:
        yield Copy.of_archive(archive, place)


def _is_head(path: Path) -> bool:
    """A plain file that is no .zip."""
    with reading(path):
        if path.is_dir():
            return False
        with path.open("rb") as file:
            return file.read(2) != _ZIP


def _document(copy: Copy, size: int, root: bytes) -> dict[str, object]:
    return {"copy": copy.name, "size": size, "root": root.hex()}


def _lines(found: Compared, written: Path | None) -> Iterator[str]:
    (small, large), smaller, larger = found.heads, found.smaller.name, found.larger.name
    size, ahead = large.checkpoint.size, large.checkpoint.size - small.checkpoint.size
    match found.verdict:
        case "same":
            yield f"✓ the same: both have {size} entries, root {large.checkpoint.root.hex()}"
        case "ahead":
            yield f"✓ one is ahead: {larger} has {size} entries, {ahead} more than {smaller}, and goes on from it"
        case "split":
            yield "✗ split: no one log can have both heads."
            yield f"  {smaller}: {small.checkpoint.size} entries, root {small.checkpoint.root.hex()}"
            yield f"  {larger}: {size} entries, root {large.checkpoint.root.hex()}"
    if found.verdict != "split":
        yield "  Heads and hashes were compared; whether an archive holds what its head says: safeconduct audit"
    if found.verdict == "ahead" and found.evidence is not None:
        yield f"… a witness cosigned the head of {smaller} later than that of {larger}"
    if found.evidence is not None:
        if written is None:
            yield "  Next: the same with --evidence FILE writes what shows it to somebody who trusts neither of you"
        else:
            yield f"  Next: safeconduct evidence check {written}"
