"""The end of a log, and its successor in another folder: what was found of the old one, drafted, signed, begun.

Between draft and beginning `NEW` holds the new log's keys and `succession.json`, the payload that every seat signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safeconduct.adapters.archives import FolderArchive, open_archive
from safeconduct.adapters.backup import new_file
from safeconduct.adapters.files import already_there, read_file, write_new, writing
from safeconduct.adapters.high_water import PUBLISHED, HandedIn
from safeconduct.adapters.keys import Ed25519Key, KeyFolder
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Malformed, SafeconductError
from safeconduct.core.record.draft import sign
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.schema import IDENTIFIER, SIGNATURE, closed
from safeconduct.core.tlog.note import Signer, VerifierKey
from safeconduct.core.tlog.receipt import MAX_BYTES, Receipt
from safeconduct.service.archive_store import open_copy
from safeconduct.service.ports import Chance, Clock, Store
from safeconduct.service.rollback import derived_head
from safeconduct.service.sequence import Sequencer, Submission
from safeconduct.service.succession import (
    Copy,
    Ending,
    NewLog,
    draft_succession,
    ending_of,
    lost_leaf,
    succeed,
)
from safeconduct.wiring.offline import DATABASE, KEYS, SEED

DRAFT = "succession.json"
_CONSENT = closed('{"seat":…,"signature":…}', {"seat": IDENTIFIER, "signature": SIGNATURE})


@dataclass(frozen=True, slots=True)
class Found:
    """What is left of the old log, by whoever named it."""

    archives: Sequence[Path] = ()
    heads: Sequence[Path] = ()
    receipts: Sequence[tuple[Path, Path]] = ()
    """Receipts, each with the record that it is for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the new log is to be: its name, why it begins, and in what its witnesses are not the old log's."""

    origin: str
    cause: str
    witnesses: tuple[VerifierKey, ...] = ()
    without: tuple[str, ...] = ()
    quorum: int | None = None


def draft_successor(
    old: Path, new: Path, asked: Asked, *, found: Found, clock: Clock, chance: Chance
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The draft, left in `new` with fresh keys; and what of the old log could not be used, and why."""
    keys = {name: Ed25519Key(chance.bytes(f"{asked.origin}/{name}", 32)) for name in ("log", "service")}
    with ExitStack() as opened:
        copies, unusable = _copies(old, found.archives, opened)
        heads = [(str(path), HandedIn(path).read()) for path in found.heads]
        ending = _with_receipts(ending_of(copies, heads, cause=asked.cause), found.receipts)
        made = NewLog(
            asked.origin,
            keys["log"].public_key,
            keys["service"].public_key,
            asked.witnesses,
            asked.without,
            asked.quorum,
        )
        payload = draft_succession(ending, made, clock=clock, chance=chance)
    drafted(payload, chance, where="the draft")  # or says what is wrong, before anything is made
    with writing(new):
        if new.exists() and any(new.iterdir()):
            raise already_there(new)
        new.mkdir(parents=True, exist_ok=True)
    for name, key in keys.items():
        KeyFolder(new / KEYS).keep(name, key)
    if payload["nature"] != "live":
        _keep_simulated(old / KEYS, new / KEYS)
    write_new(new / DRAFT, canonical(payload) + b"\n")
    return payload, unusable


def _keep_simulated(old: Path, new: Path) -> None:
    """Simulations and replays: their seed and their witnesses' keys lie beside the log, and go on."""
    held = KeyFolder(old)
    if (old / SEED).exists():
        write_new(new / SEED, read_file(old / SEED, most=MAX_BYTES), mode=0o600)
        for name in held.names():
            if name.startswith("witness"):
                KeyFolder(new).keep(name, held.signer(name))


def _copies(
    old: Path, archives: Sequence[Path], opened: ExitStack
) -> tuple[tuple[Copy, ...], tuple[str, ...]]:
    """Every proved copy: in the old folder as far as they are whole, and all that were named."""
    copies, unusable = [], []
    for open_one in (_log_in, _published_in):
        try:
            copies.append(open_one(old, opened))
        except SafeconductError as error:
            unusable.append(str(error))
    copies += [Copy(str(path), open_copy(open_archive(path), where=str(path))) for path in archives]
    return tuple(copies), tuple(unusable)


def _log_in(old: Path, opened: ExitStack) -> Copy:
    path = old / DATABASE
    store: Store = opened.enter_context(SqliteStore(path))
    derived_head(store, where=str(path))
    return Copy(str(path), store)


def _published_in(old: Path, _: ExitStack) -> Copy:
    return Copy(str(old / PUBLISHED), open_copy(FolderArchive(old / PUBLISHED), where=str(old / PUBLISHED)))


def _with_receipts(ending: Ending, receipts: Sequence[tuple[Path, Path]]) -> Ending:
    leaves = []
    for receipt_path, entry_path in receipts:
        where = str(receipt_path)
        receipt = Receipt.parse(read_file(receipt_path, most=MAX_BYTES), where=where)
        entry = read_file(entry_path, most=MAX_BYTES).removesuffix(b"\n")
        leaves.append(lost_leaf(receipt, entry, ending, where=where))
    return Ending(ending.copy, ending.head, ending.cause, tuple(dict.fromkeys(leaves)))


def read_draft(path: Path) -> dict[str, Any]:
    """The payload in a draft, in its one spelling; what it says is not judged here."""
    where = str(path)
    payload = parse_canonical(read_file(path, most=MAX_BYTES).removesuffix(b"\n"), where=where)
    if type(payload) is not dict or payload.get("evt") != "succession":
        raise Malformed(
            "this is no draft of a succession",
            where=where,
            next_step=f"Name the file {DRAFT} that safeconduct succeed wrote",
        )
    return payload


def drafted(payload: dict[str, Any], chance: Chance, *, where: str) -> Founding:
    """What a draft says, read as strictly as the record will be; a key that nobody has again signs it for that."""
    nobody = Ed25519Key(chance.bytes("to read a draft", 32))
    return Founding.drafted(parse_entry(sign(payload, nobody), where=where), where=where)


def read_consent(path: Path) -> dict[str, str]:
    """One seat's consent."""
    where = str(path)
    value = parse_canonical(read_file(path, most=MAX_BYTES).removesuffix(b"\n"), where=where)
    if not _CONSENT.holds(value):
        raise Malformed(
            "this is no consent", where=where, next_step="Name the file that safeconduct succeed agree wrote"
        )
    return dict(value)


def write_consent(path: Path, consent: dict[str, str]) -> None:
    """In a new file."""
    write_new(path, canonical(consent) + b"\n")


def begin_successor(
    new: Path, consents: Sequence[Path], root: Signer, *, clock: Clock, chance: Chance
) -> Founding:
    """The new log, begun in the folder that holds its draft and keys."""
    entry = succeed(read_draft(new / DRAFT), [read_consent(path) for path in consents], root)
    keys = KeyFolder(new / KEYS)
    with new_file(new / DATABASE) as beside, SqliteStore(beside, create=True) as store:
        log = Sequencer(
            store, log=keys.signer("log"), service=keys.signer("service"), clock=clock, chance=chance
        )
        log.submit([Submission(entry)])
    return Founding.parse(parse_entry(entry))
