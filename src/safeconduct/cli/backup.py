"""`safeconduct backup DIR TARGET`: the log, the vault and the keys, each in a place of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from safeconduct.adapters.clock import SystemClock
from safeconduct.cli.console import Console
from safeconduct.service.ports import Store
from safeconduct.service.rollback import in_words
from safeconduct.wiring.recovery import Targets, Tried, back_up

SUMMARY = "a copy of the log that is checked before it has its name; vault and keys to places of their own"


def configure(parser: argparse.ArgumentParser) -> None:
    """What is copied, and where each part goes."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the corridor's folder")
    parser.add_argument("target", type=Path, metavar="TARGET", help="a new file for the log")
    parser.add_argument(
        "--vault", type=Path, metavar="FILE", help="a new file for the keys of what was disclosed, elsewhere"
    )
    parser.add_argument(
        "--keys", type=Path, metavar="FOLDER", help="a new folder for the private keys, elsewhere again"
    )


def run(arguments: argparse.Namespace) -> int:
    """All parts that were asked for; each whole, or not there."""
    console: Console = arguments.console
    targets = Targets(arguments.target, arguments.vault, arguments.keys)
    with _log_elsewhere(arguments.folder) as log:
        copied = back_up(arguments.folder, targets, clock=SystemClock(), store=log)
    console.nature(copied.founding.nature)
    console.say(f"✓ {targets.log}: {in_words(copied.head)}; its entries lead to it")
    console.say(_vault_in_words(targets.vault, copied))
    console.say(
        f"✓ {targets.keys}: the private keys"
        if targets.keys
        else "  Not copied: the private keys (--keys). Without them this log cannot go on"
    )
    console.say(f"  Next: safeconduct restore --rehearse {targets.log} {arguments.folder}")
    console.document(
        {
            "corridor": copied.founding.cor,
            "nature": copied.founding.nature,
            "head": {"size": copied.head.size, "root": copied.head.root.hex()},
            "log": str(targets.log),
            "vault": str(targets.vault) if targets.vault and targets.vault.exists() else None,
            "keys": targets.keys and str(targets.keys),
        }
    )
    return 0


def _vault_in_words(vault: Path | None, copied: Tried) -> str:
    if vault is not None and vault.exists():
        return f"✓ {vault}: the keys of what was disclosed"
    if not copied.closed:
        return "  Nothing that was disclosed is sealed in it, so there is no vault to copy"
    return (
        f"  Not copied: the vault (--vault). Without it {copied.closed} disclosures can never be opened again"
    )


@contextmanager
def _log_elsewhere(folder: Path) -> Iterator[Store | None]:
    """The log in PostgreSQL, where DATABASE_URL names it, as it is kept there: what is sealed stays sealed."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        yield None
        return
    from safeconduct.wiring.server import use_database  # noqa: PLC0415 - offline commands load no Django

    use_database(folder, url)
    from safeconduct.store.log import DjangoStore  # noqa: PLC0415 - after Django is set up

    with closing(DjangoStore()) as log:
        yield log
