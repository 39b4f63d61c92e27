"""`safeconduct init DIR`: founds a corridor from files. It asks nothing; what is missing, it names."""

from __future__ import annotations

import argparse
from pathlib import Path

from safeconduct.adapters.chance import SystemChance
from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.files import read_file
from safeconduct.adapters.keys import Ed25519Key, read_key, read_public_key
from safeconduct.cli.console import Console
from safeconduct.core.agreement.enrolment import consents_in_words
from safeconduct.core.agreement.fit import require_fit
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.agreement.parse import parse_agreement
from safeconduct.core.agreement.route import parse_route
from safeconduct.core.kernel.errors import Fault, Malformed
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.note import VerifierKey
from safeconduct.service.found import Plan, found
from safeconduct.service.sequence import Sequencer, Submission
from safeconduct.wiring.offline import new_store

SUMMARY = "found a corridor from an agreement, a route and keys"
_MOST = 1024 * 1024


def configure(parser: argparse.ArgumentParser) -> None:
    """The files that the founding record is made of."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="the corridor's folder; it is made, never overwritten"
    )
    parser.add_argument("--agreement", type=Path, required=True, metavar="FILE", help="agreement.toml")
    parser.add_argument("--route", type=Path, required=True, metavar="FILE", help="route.geojson")
    parser.add_argument(
        "--root",
        type=Path,
        required=True,
        metavar="FILE",
        help="the guarantor's private key (safeconduct key new)",
    )
    parser.add_argument(
        "--origin",
        required=True,
        metavar="NAME",
        help="the log's name: where it will be served, without https://",
    )
    parser.add_argument(
        "--seat",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a seat's public key (repeatable); a seat without one stays empty",
    )
    parser.add_argument(
        "--witness", action="append", default=[], metavar="VKEY", help="a witness's verifier key (repeatable)"
    )
    parser.add_argument(
        "--quorum",
        type=int,
        metavar="K",
        help="how many witnesses must cosign a head (default: more than half)",
    )
    parser.add_argument("--nature", choices=("live", "simulated"), default="live", help="default: live")


def run(arguments: argparse.Namespace) -> int:
    """Founds, then says what may run on that."""
    console: Console = arguments.console
    root = read_key(arguments.root)
    chance, clock = SystemChance(), SystemClock()
    keys = {name: Ed25519Key(chance.bytes(name, 32)) for name in ("log", "service")}
    plan = _plan(arguments, keys)
    entry = found(plan, root, clock=clock, chance=chance)
    founding = Founding.parse(parse_entry(entry))
    with new_store(arguments.folder, keys=keys) as store:
        log = Sequencer(store, log=keys["log"], service=keys["service"], clock=clock, chance=chance)
        log.submit([Submission(entry)])
    console.nature(founding.nature)
    for line in _lines(arguments.folder, founding):
        console.say(line)
    console.document(_document(arguments.folder, founding))
    return 0


def _plan(arguments: argparse.Namespace, keys: dict[str, Ed25519Key]) -> Plan:
    """Everything that the words name, read; every fault of the words at once."""
    faults: list[Fault] = []
    seats: dict[str, bytes] = {}
    for word in arguments.seat:
        seat, equals, file = word.partition("=")
        if not equals or seat in seats:
            faults.append(Fault(f"{word!r} is not NAME=FILE", "--seat", "Write it once for each seat"))
            continue
        try:
            seats[seat] = read_public_key(Path(file))
        except Malformed as error:
            faults.extend(error.faults)
    witnesses: list[VerifierKey] = []
    for text in arguments.witness:
        try:
            witnesses.append(VerifierKey.parse(text, where="--witness"))
        except Malformed as error:
            faults.extend(error.faults)
    texts: dict[str, str] = {}
    for name, path, parse in (
        ("agreement", arguments.agreement, parse_agreement),
        ("route", arguments.route, parse_route),
    ):
        try:
            texts[name] = _text(path)
            parse(texts[name], where=str(path))
        except Malformed as error:
            faults.extend(error.faults)
    if faults:
        raise Malformed.of(faults)
    require_fit(texts["agreement"], texts["route"], where=str(arguments.agreement))
    quorum = len(witnesses) // 2 + 1 if witnesses else 0
    return Plan(
        agreement=texts["agreement"],
        route=texts["route"],
        nature=arguments.nature,
        origin=arguments.origin,
        log_key=keys["log"].public_key,
        service_key=keys["service"].public_key,
        seats=seats,
        witnesses=witnesses,
        quorum=quorum if arguments.quorum is None else arguments.quorum,
    )


def _text(path: Path) -> str:
    data = read_file(path, most=_MOST)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Malformed(
            "this is not UTF-8", where=f"{path} line {line}", next_step="Save it as UTF-8"
        ) from error


def _lines(folder: Path, founding: Founding) -> list[str]:
    ring = Keyring(founding)
    missing = ring.missing(founding.leaf)
    witnesses = f"  {founding.quorum} of {len(founding.witnesses)} witnesses cosign each head"
    return [
        f"✓ {folder}: {founding.agreement.title}",
        f"  Corridor {founding.cor}",
        "  Print this identifier on the signed paper: there is no other root of trust.",
        *(f"  {line}" for line in consents_in_words(ring.consents())),
        _consent_line(founding, missing),
        "  What may run: the log, watches, observations, passes under the powers of this agreement.",
        witnesses if founding.witnesses else _NO_WITNESS,
        *(f"  Left open: {what}" for what in founding.agreement.unset()),
        f"  Keep {folder}/keys: the private keys of log and service; copies where only you read them.",
    ]


_NO_WITNESS = (
    "  No witnesses: no head is dated, receipts end at logged, and what needs a limit stays undecidable."
)


def _consent_line(founding: Founding, missing: tuple[str, ...]) -> str:
    rule = founding.agreement.consent
    if not missing:
        return f"  The consent rule ({rule.needed} of {', '.join(rule.of)}) is met."
    return (
        f"  Consent is missing: {rule.needed} of {', '.join(rule.of)} must agree; "
        f"not yet {', '.join(missing)}. "
        "It runs on the guarantor's word alone until then, and says so."
    )


def _document(folder: Path, founding: Founding) -> dict[str, object]:
    ring = Keyring(founding)
    return {
        "folder": str(folder),
        "corridor": founding.cor,
        "nature": founding.nature,
        "title": founding.agreement.title,
        "origin": founding.origin,
        "consents": {one.seat: one.state for one in ring.consents()},
        "consent_missing": list(ring.missing(founding.leaf)),
        "witnesses": [str(key) for key in founding.witnesses],
        "quorum": founding.quorum,
        "unset": list(founding.agreement.unset()),
    }
