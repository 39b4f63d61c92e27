"""`safeconduct key new FILE`: a signing key, and its public half beside it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from safeconduct.adapters.chance import SystemChance
from safeconduct.adapters.files import already_there, write_new
from safeconduct.adapters.keys import Ed25519Key, print_public_key, write_key
from safeconduct.cli.console import Console
from safeconduct.core.record.signature import thumbprint

SUMMARY = "a new signing key, in a file"


def configure(parser: argparse.ArgumentParser) -> None:
    """One file."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="where the private key goes; FILE.pub gets the public one"
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes both files, or neither."""
    console: Console = arguments.console
    private: Path = arguments.file
    if os.path.lexists(private):
        raise already_there(private)
    public = private.with_name(f"{private.name}.pub")
    if os.path.lexists(public):
        raise already_there(public)
    key = Ed25519Key(SystemChance().bytes("key new", 32))
    write_new(public, print_public_key(key.public_key).encode())
    # Crash here: a public key that nothing uses.
    write_key(private, key)
    kid = thumbprint(key.public_key)
    console.say(f"✓ {private}: the private key. Only you may read it; keep it on this machine.")
    console.say(f"  {public}: the public key, to hand out. Its name in records (kid): {kid}")
    console.document({"private": str(private), "public": str(public), "kid": kid})
    return 0
