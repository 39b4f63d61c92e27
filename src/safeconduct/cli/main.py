"""`safeconduct`: finds the command, runs it, and turns what went wrong into words and an exit code.

The list of commands stands here in words, so that `--help` loads nothing. Each command is a module of this
package with `SUMMARY`, `configure(parser)` and `run(arguments) -> int`, loaded when it is called.
"""

from __future__ import annotations

import os
import sys


class Command:
    """A module of this package, and its summary. Plain: a dataclass would cost more than all of --help."""

    __slots__ = ("module", "summary")

    def __init__(self, module: str, summary: str) -> None:
        """The command in `safeconduct.cli.<module>`."""
        self.module, self.summary = f"safeconduct.cli.{module}", summary


COMMANDS: dict[str, Command] = {
    "demo": Command(
        "demo", "the main job on real input, from nothing: replay, export, audit, compare, serve"
    ),
    "key new": Command("key", "a new signing key, in a file"),
    "init": Command("init", "found a corridor from an agreement, a route and keys"),
    "replay": Command(
        "replay",
        "recorded movements of the past, in as records, marked as a replay; every key is simulated",
    ),
    "export": Command("export", "an archive for each reader: a folder or a .zip that is audited alone"),
    "audit": Command("audit", "check an archive: every proof, signature and rule"),
    "mirror": Command(
        "mirror", "an archive of your own of a log that somebody serves: what is new is proved, then added"
    ),
    "witness init": Command(
        "witness",
        "a witness of your own: a program that cosigns a log's heads only where each goes on from the last",
    ),
    "witness follow": Command(
        "witness_follow", "the logs that a witness follows from its next start on; what it remembers stays"
    ),
    "witness serve": Command(
        "witness_serve",
        "a witness over HTTP (C2SP tlog-witness): cosigns heads, shows the last one, takes offers",
    ),
    "witness status": Command(
        "witness_status",
        "what a witness cosigned, what it refused and keeps as evidence, its offers, its clock",
    ),
    "party init": Command(
        "party", "a party's own program: the witness's key, and a folder for witness and archive"
    ),
    "party follow": Command(
        "party_follow",
        "the corridor that a party's witness follows and its archive is of, from its next start on",
    ),
    "party serve": Command(
        "party_serve", "a party's witness over HTTP and its archive, which grows, in one small process"
    ),
    "party status": Command(
        "party_status", "how a party's witness and its archive are, and whether somebody must act"
    ),
    "compare": Command(
        "compare", "two copies of a log: the same, one ahead, or a split, and then the proof of it"
    ),
    "evidence check": Command(
        "evidence", "what an evidence file proves, on whose keys, and what it does not prove"
    ),
    "evidence receipt": Command(
        "evidence_receipt", "a receipt beside an archive: where its record is not there, the proof of it"
    ),
    "evidence findings": Command(
        "evidence_findings",
        "an audit's findings of forked and broken chains, double digests, withheld records: a proof each",
    ),
    "agreement check": Command("agreement", "what an agreement says, and what it leaves open"),
    "receipt check": Command("receipt", "whether a receipt holds under a policy, and for an entry"),
    "show": Command("show", "one entry or one passage, in words"),
    "serve": Command("serve", "the corridor over HTTP: API, archives, pages"),
    "doctor": Command(
        "doctor", "clock, disk, keys, store, vault, heads, projections, backups: what is wrong, and the fix"
    ),
    "publish": Command(
        "publish", "a folder for a plain web server: what is new since it was last published to"
    ),
    "backup": Command(
        "backup",
        "a copy of the log that is checked before it has its name; vault and keys to places of their own",
    ),
    "restore": Command("restore", "a corridor from its copies; --rehearse tries it and throws it away"),
    "rebuild": Command(
        "rebuild", "a lost corridor from any party's archive; what cannot come back is listed"
    ),
    "succeed": Command(
        "succeed",
        "a log that ends, or whose keys change, gets a successor: drafted, signed by its seats, then begun",
    ),
    "succeed agree": Command(
        "agree", "sign the draft of a successor for your seat, after comparing it with your own archive"
    ),
    "close": Command(
        "close", "propose a corridor's end: what its record holds, who keeps archives, what runs on"
    ),
    "consent": Command(
        "consent",
        "a seat's consent to the founding, an amendment or a closing, or its refusal; or the end of a consent",
    ),
    "projections": Command(
        "projections",
        "the stored rows of passages: made anew from the log, or compared with a fold from nothing",
    ),
    "conformance": Command("conformance", "run vector files against this implementation"),
}
"""By what is typed."""

_EXIT_CODES = """exit codes:
  0  sound, or done        2  malformed: correct it           4  conflict: read again, repeat
  1  findings, or refused  3  disproved: trust none of it     5  unavailable: repeat later"""


def main(argv: list[str] | None = None) -> int:
    """Runs one command line."""
    words = sys.argv[1:] if argv is None else argv
    flags, rest = _split_flags(words)
    if (not rest and "--json" not in flags) or rest[:1] in (["-h"], ["--help"], ["help"]):
        return _answer(help_text(), 0 if rest else 2)
    if rest[:1] == ["--version"]:
        from safeconduct import __version__  # noqa: PLC0415

        return _answer(f"safeconduct {__version__}\n", 0)
    from safeconduct.cli.run import run  # noqa: PLC0415 - argparse alone costs more than all of --help

    return run(flags, rest, {name: command.module for name, command in COMMANDS.items()})


def _split_flags(words: list[str]) -> tuple[list[str], list[str]]:
    """The global options that stand before the command, and the rest."""
    at = 0
    while at < len(words) and words[at] in ("--json", "--quiet"):
        at += 1
    return words[:at], words[at:]


def help_text() -> str:
    """The list of commands."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        (
            "usage: safeconduct [--json] [--quiet] COMMAND …",
            "",
            "The record of a humanitarian corridor that no side has to take on trust.",
            "",
            *lines,
            "",
            "  --json   one JSON document on standard output, nothing else there",
            "  --quiet  results only, no progress",
            "",
            _EXIT_CODES,
            "",
            "More on one: safeconduct COMMAND --help",
            "",
        )
    )


def _answer(text: str, code: int) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError:
        return _answer(text.encode("ascii", "backslashreplace").decode("ascii"), code)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python complains once more at its end
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write("✗ standard output cannot be written. Make room, or send it elsewhere.\n")
            return 5
    return code
