"""`safeconduct witness init DIR`: a party's own witness, made once; its verifier key goes to the guarantor."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from safeconduct.adapters.files import read_file
from safeconduct.adapters.http_get import Address, HttpFiles
from safeconduct.cli.console import Console
from safeconduct.core.kernel.errors import Unavailable
from safeconduct.core.tlog.policy import MAX_BYTES, Policy
from safeconduct.core.tlog.witness import followed
from safeconduct.wiring.witness import new_witness

SUMMARY = "a witness of your own: a program that cosigns a log's heads only where each goes on from the last"


def configure(parser: argparse.ArgumentParser) -> None:
    """Where it lives, what it is called, what it follows."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="the witness's folder; made, never overwritten"
    )
    parser.add_argument(
        "--name",
        required=True,
        metavar="NAME",
        help="its name in every cosignature, such as orva.example/witness",
    )
    add_policy(parser, required=False)


def add_policy(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """The logs that it follows: from a file, or from where the corridor is served."""
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument(
        "--policy", type=Path, metavar="FILE", help="the corridor's policy (it lies in every archive)"
    )
    group.add_argument(
        "--corridor", metavar="URL", help="an address of its archive, from which the policy is fetched"
    )


def run(arguments: argparse.Namespace) -> int:
    """Makes it, and says what to do with its key."""
    console: Console = arguments.console
    policy = policy_of(arguments)
    key = new_witness(arguments.folder, arguments.name, policy)
    logs = () if policy is None else followed(Policy.parse(policy), key.name)
    console.say(f"✓ {arguments.folder}: a witness. Its verifier key, to hand out:")
    console.say(f"  {key}")
    for log in logs:
        console.say(f"  It follows {log}")
    if logs:
        console.say("  Compare that with the signed paper, or with another party.")
        console.say(f"  Next: safeconduct witness serve {arguments.folder} --listen HOST:PORT")
    else:
        console.say("  It follows no log yet. Once the corridor is founded with this key:")
        console.say(f"  safeconduct witness follow {arguments.folder} --policy FILE")
    console.say("  Never put back a copy of its folder: a witness that forgot cosigns a second history.")
    console.document(
        {"folder": str(arguments.folder), "verifier_key": str(key), "follows": [str(log) for log in logs]}
    )
    return 0


def policy_of(arguments: argparse.Namespace) -> bytes | None:
    """The policy that the words name."""
    if arguments.policy is not None:
        return read_file(arguments.policy, most=MAX_BYTES)
    return None if arguments.corridor is None else _fetched(arguments.corridor)


def _fetched(url: str) -> bytes:
    files, into = HttpFiles(Address.parse(url)), io.BytesIO()
    into.name = "policy"
    try:
        if not files.fetch("policy", into, most=MAX_BYTES):
            raise Unavailable("there is no policy here", where=url, next_step="Name an archive's address")
    finally:
        files.close()
    return into.getvalue()
