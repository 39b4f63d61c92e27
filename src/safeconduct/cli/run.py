"""Runs one command: its words parsed, its errors told, its exit code."""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Mapping, Sequence
from typing import NoReturn

from safeconduct.cli.console import Console, Unheard
from safeconduct.core.kernel.errors import Malformed, SafeconductError, Unavailable
from safeconduct.core.kernel.nearest import did_you_mean


class Parser(argparse.ArgumentParser):
    """Argparse, with its complaints as one of our errors."""

    def error(self, message: str) -> NoReturn:
        """What is wrong with the words."""
        raise Malformed(message, where=self.prog, next_step=f"See: {self.prog} --help")


def run(flags: Sequence[str], words: Sequence[str], commands: Mapping[str, str]) -> int:
    """The command that `words` begin with, of `commands` and their modules; `flags` stood before it."""
    console = Console(json="--json" in (*flags, *words), quiet="--quiet" in (*flags, *words))
    try:
        code = _told(flags, words, commands, console)
        console.flush()
    except Unheard as lost:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python complains once more at its end
        if isinstance(lost.__cause__, BrokenPipeError):  # whoever read it has seen enough
            return Unavailable.exit_code
        return console.failed(
            Unavailable("standard output cannot be written", next_step="Make room, or send it elsewhere")
        )
    return code


def _told(flags: Sequence[str], words: Sequence[str], commands: Mapping[str, str], console: Console) -> int:
    """The exit code, after whatever went wrong was told."""
    try:
        return _run(flags, words, commands, console)
    except SafeconductError as error:
        return console.failed(error)
    except KeyboardInterrupt:
        return console.failed(
            Unavailable("stopped from the keyboard", next_step="The same call later is safe")
        )
    except Unheard:
        raise
    except Exception as error:  # noqa: BLE001 - nobody should ever see a traceback
        return console.failed(defect(error))


def defect(error: Exception) -> Unavailable:
    """What nobody foresaw."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = "" if last is None else f" in {last.tb_frame.f_globals.get('__name__')}, line {last.tb_lineno}"
    return Unavailable(
        f"this is a defect of safeconduct, not of your files: {type(error).__name__}{place}",
        next_step="Keep the input and report it with this line and the command; nothing was half-written",
    )


def _run(flags: Sequence[str], words: Sequence[str], commands: Mapping[str, str], console: Console) -> int:
    if not words:
        raise Malformed("no command is named", where="safeconduct", next_step="See: safeconduct --help")
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in commands), None)
    if name is None:
        return _unknown(words, commands)
    module = importlib.import_module(commands[name])
    parser = Parser(
        prog=f"safeconduct {name}", description=module.SUMMARY, allow_abbrev=False, conflict_handler="resolve"
    )
    module.configure(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--quiet", action="store_true", help="results only, no progress")
    try:
        arguments = parser.parse_args([*flags, *words[len(name.split()) :]])
    except SystemExit:  # --help: argparse has printed it
        return 0
    arguments.console = console
    return int(module.run(arguments))


def _unknown(words: Sequence[str], commands: Mapping[str, str]) -> NoReturn:
    under = [name for name in commands if name.startswith(f"{words[0]} ")]
    if under and (len(words) == 1 or words[1].startswith("-")):
        raise Malformed(f"{words[0]!r} needs one more word", next_step=f"Write: safeconduct {under[0]}")
    typed = " ".join(words[:2]) if under else words[0]
    raise Malformed(
        f"{typed!r} is not a command", where="safeconduct", next_step=did_you_mean(typed, commands)
    )
