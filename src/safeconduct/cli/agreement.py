"""`safeconduct agreement check A.toml`: what was understood of an agreement, and what it leaves open."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.files import read_file
from safeconduct.cli.console import Console
from safeconduct.core.agreement import parse, route
from safeconduct.core.agreement.fit import require_fit
from safeconduct.core.agreement.words import in_words
from safeconduct.core.kernel.errors import Fault, Malformed

SUMMARY = "what an agreement says, and what it leaves open"

_MAX_BYTES = 1_000_000  # far above what the formats allow: their own sentences say how much that is


def configure(parser: argparse.ArgumentParser) -> None:
    """The two files that a corridor is founded on."""
    parser.add_argument("file", type=Path, metavar="A.toml", help="the agreement")
    parser.add_argument("--route", type=Path, metavar="R.geojson", help="its route")


def run(arguments: argparse.Namespace) -> int:
    """Prints the agreement in words, or every fault of both files."""
    console: Console = arguments.console
    faults: list[Fault] = []
    text = _read(arguments.file, faults)
    agreement = line = line_text = None
    try:
        agreement = None if text is None else parse.parse_agreement(text, where=str(arguments.file))
    except Malformed as error:
        faults.extend(error.faults)
    if arguments.route is not None:
        line_text = _read(arguments.route, faults)
        try:
            line = None if line_text is None else route.parse_route(line_text, where=str(arguments.route))
        except Malformed as error:
            faults.extend(error.faults)
    if faults or agreement is None:
        raise Malformed.of(faults)
    require_fit(text or "", line_text, where=str(arguments.file))
    sections, unset = in_words(agreement, line), agreement.unset()
    for heading, sentences in sections:
        console.say(heading)
        for sentence in sentences:
            console.say(f"  {sentence}")
        console.say()
    console.say(
        f"Left open by this file ({len(unset)})" if unset else "Nothing that can be said is left open"
    )
    for sentence in unset:
        console.say(f"  {sentence}")
    console.document(
        {
            "version": agreement.version,
            "title": agreement.title,
            "seats": list(agreement.seats),
            "understood": {heading: list(sentences) for heading, sentences in sections},
            "unset": list(unset),
        }
    )
    return 0


def _read(path: Path, faults: list[Fault]) -> str | None:
    """The text of a file; a letter that is not UTF-8 is a fault with its line."""
    data = read_file(path, most=_MAX_BYTES)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault("this is not UTF-8", f"{path} line {line}", "Save it as UTF-8", "agreement.nfc"))
        return None
