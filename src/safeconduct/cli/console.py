"""What commands say: results on standard output, everything else on standard error.

No control character of a file ever reaches the terminal: others wrote what records and archives hold.
"""

from __future__ import annotations

import json as json_text
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO

from safeconduct.core.kernel.errors import SafeconductError

_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_COLOURS = {"✗": "31", "✓": "32", "…": "33"}
_NATURES = {
    "simulated": "This corridor is simulated: nothing in it happened.",
    "replay": "This corridor is a replay: records made afterwards from a source, with keys of our own.",
}


class Unheard(Exception):
    """Nobody takes what is written; its cause is the system's error."""


@dataclass(frozen=True, slots=True)
class Console:
    """How this call wants to be spoken to."""

    json: bool = False
    quiet: bool = False

    def say(self, text: str = "") -> None:
        """A line of the result; nothing in JSON mode."""
        if not self.json:
            _write(sys.stdout, text)

    def document(self, value: Any) -> None:
        """The result in JSON mode; nothing otherwise."""
        if self.json:
            _write(sys.stdout, json_text.dumps(value, ensure_ascii=False, indent=2))

    def note(self, text: str) -> None:
        """A remark beside the result."""
        if not self.quiet:
            _aside(text)

    def nature(self, nature: str) -> None:
        """What every command says of a corridor that is not live."""
        if nature in _NATURES:
            (self.note if self.json else self.say)(_NATURES[nature])

    def failed(self, error: SafeconductError) -> int:
        """Every fault with its place and what to do; returns the exit code."""
        kind = type(error).__name__
        for fault in error.faults:
            _aside(f"✗ {fault}")
        faults = [
            {"message": one.message, "where": one.where, "next_step": one.next_step, "rule": one.rule}
            for one in error.faults
        ]
        self.document({"error": kind, "faults": faults})
        return error.exit_code

    def flush(self) -> None:
        """The result is out, or `Unheard`."""
        try:
            sys.stdout.flush()
        except OSError as error:
            raise Unheard from error

    def step(self, name: str, done: int, total: int) -> None:
        """Progress of long work, on a terminal only."""
        if sys.stderr.isatty() and not self.quiet:
            end = "\n" if done >= total else ""
            sys.stderr.write(f"\r\x1b[K{clean(name)} {done:,} of {total:,}{end}")
            sys.stderr.flush()


def clean(text: str) -> str:
    """Without anything that could move the cursor, colour the screen or turn the reading direction."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _aside(text: str) -> None:
    """On standard error: where nobody takes that, the exit code still speaks."""
    with suppress(Unheard):
        _write(sys.stderr, text)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # it was closed before we began
        raise Unheard
    line = clean(text)
    if line[:1] in _COLOURS and stream.isatty() and not os.environ.get("NO_COLOR"):
        line = f"\x1b[{_COLOURS[line[0]]}m{line[0]}\x1b[0m{line[1:]}"
    try:
        try:
            stream.write(line + "\n")
        except UnicodeEncodeError:
            stream.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
    except OSError as error:
        raise Unheard from error
