"""`safeconduct party init DIR`: a party's witness and its place for an archive, made once."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.keys import read_key
from safeconduct.cli.console import Console
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.note import VerifierKey
from safeconduct.wiring.party import Corridor, Followed, found_at, new_party

SUMMARY = "a party's own program: the witness's key, and a folder for witness and archive"


def configure(parser: argparse.ArgumentParser) -> None:
    """Where it lives, what its witness is called, which corridor it is of."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="the party's folder; made, never overwritten"
    )
    parser.add_argument(
        "--name",
        required=True,
        metavar="NAME",
        help="the witness's name in every cosignature, such as orva.example/witness",
    )
    add_corridor(parser, required=False)


def add_corridor(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Where it is served, which it is, and whose key opens it."""
    parser.add_argument(
        "--corridor",
        required=required,
        metavar="URL",
        help="an address of its archive: https://HOST/public/, or with a key https://HOST/archive/",
    )
    parser.add_argument(
        "--identifier", metavar="ID", help="the corridor's identifier, as on the signed paper"
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="a key of your seat, to mirror what is disclosed to it; a copy is kept in DIR",
    )
    parser.add_argument(
        "--copy",
        type=Path,
        metavar="ARCHIVE",
        help="an archive of it that you were given, from which its founding record is read; nobody is asked",
    )


def run(arguments: argparse.Namespace) -> int:
    """Makes it, and says what to send and what to run."""
    console: Console = arguments.console
    found, folder = None, arguments.folder
    if arguments.corridor is None:
        _refuse_alone(arguments)
    else:
        found = corridor_named(arguments)
    witness = new_party(folder, arguments.name, found)
    console.say(f"✓ {folder}: a witness, and a place for your archive. Its verifier key:")
    console.say(f"  {witness}")
    if found is None:
        console.say(
            "  Send this line to the guarantor, by a way that nobody else can write to. They found with it:"
        )
        console.say(f"    safeconduct init … --witness '{witness}'")
        console.say("  Once it is founded and served:")
        console.say(f"    safeconduct party follow {folder} --corridor URL --identifier ID --copy ARCHIVE")
        console.say("    ID is on the signed paper; ARCHIVE is a copy of the corridor's published files.")
    else:
        say_followed(console, folder, Followed(*found, witness), is_compared=arguments.identifier is not None)
    console.say(f"  Never put back a copy of {folder}: a witness that forgot cosigns a second history.")
    console.document({"folder": str(folder), "verifier_key": str(witness), **document_of(found, witness)})
    return 0


def corridor_named(arguments: argparse.Namespace) -> tuple[Corridor, Founding]:
    """The corridor that the words name, as it is served."""
    key = None if arguments.key is None else read_key(arguments.key)
    if key is not None and arguments.identifier is None:
        step = "Name it too: --identifier ID, as on the signed paper"
        raise Malformed("a key opens the archive of one corridor", where="--key", next_step=step)
    return found_at(arguments.corridor, arguments.identifier, key, copy=arguments.copy)


def _refuse_alone(arguments: argparse.Namespace) -> None:
    """What says more about a corridor is of no use where none is named."""
    alone = [f"--{name}" for name in ("identifier", "key", "copy") if getattr(arguments, name) is not None]
    if alone:
        step = "Name its address too: --corridor URL"
        raise Malformed("this is of no use without a corridor", where=" ".join(alone), next_step=step)


def say_followed(console: Console, folder: Path, followed: Followed, *, is_compared: bool) -> None:
    """What it follows, and what to do next."""
    founding = followed.founding
    console.nature(founding.nature)
    console.say(f"  It follows {founding.agreement.title}, corridor {founding.identifier},")
    console.say(f"  whose log is {founding.log}")
    if not is_compared:
        console.say("  Compare the identifier with the signed paper: there is no other root of trust.")
    if not followed.is_named:
        console.say(
            "… The founding record does not name this witness: the log will not ask it, and no quorum counts it."
        )
    console.say(f"  Next: safeconduct party serve {folder} --listen HOST:PORT")
    if followed.is_named:
        console.say("  Then tell the guarantor where it answers; the line for their file `witnesses` is")
        console.say(f"    witness {followed.witness.name} {followed.witness} https://HOST:PORT/")


def document_of(found: tuple[Corridor, Founding] | None, witness: VerifierKey) -> dict[str, object]:
    """The same for a program."""
    if found is None:
        return {"follows": None}
    corridor, founding = found
    return {
        "follows": {
            "corridor": corridor.identifier,
            "address": corridor.address,
            "title": founding.agreement.title,
            "log": str(founding.log),
            "names_this_witness": witness in founding.witnesses,
        }
    }
