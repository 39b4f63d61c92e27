"""A log beyond repair gets a successor: entry 0 of a new log of the same corridor (docs/spec/succession.md).

Steps, in the order of the code:
 1. The largest copy of the old log that is proved says what is kept; of the heads that somebody has, the largest one
    with its quorum is the last witnessed.
 2. The draft takes over what is in force there: agreement, route, nature, seats with their roots. New are the origin,
    the log's key and the service's. Witnesses and their quorum go on, but for those changes that are asked for.
 3. Each seat that agrees signs everything in the draft with its root.
 4. The guarantor's root signs the record, consents included; what this makes, the auditor accepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from safeconduct.core.agreement.founding import SUCCESSION, Founding
from safeconduct.core.agreement.inherited import Inherited, inherited
from safeconduct.core.agreement.succession import CONSENTS, succession_message
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.draft import draft, sign
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, Signer, VerifierKey
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.service.founded import founding_of
from safeconduct.service.identifiers import new_jti
from safeconduct.service.ports import Chance, Clock, StoredLog
from safeconduct.service.rollback import root_of
from safeconduct.service.version import keyring_at


@dataclass(frozen=True, slots=True)
class Copy:
    """A proved copy of the old log."""

    where: str
    store: StoredLog


@dataclass(frozen=True, slots=True)
class Ending:
    """How the old log ended: its largest proved copy, its last witnessed head, why, and what was acknowledged."""

    copy: StoredLog
    head: Note
    cause: str
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewLog:
    """What is new in the successor."""

    origin: str
    log_key: bytes
    service_key: bytes
    witnesses: tuple[VerifierKey, ...] = ()
    """Who cosigns it beside those of the old log."""
    without: tuple[str, ...] = ()
    """Names of those of the old log who do not."""
    quorum: int | None = None
    """How many of them must; None: as many as of the old log's."""


def ending_of(copies: Sequence[Copy], heads: Iterable[tuple[str, bytes]], *, cause: str) -> Ending:
    """Step 1, of proved copies of one log, and of heads by where each lies."""
    if not copies:
        raise Malformed(
            "no copy of the old log is proved",
            where="the predecessor",
            next_step="Ask every party for its archive: --archive ARCHIVE",
        )
    founding = founding_of(copies[0].store)
    for copy in copies:
        if founding_of(copy.store).identifier != founding.identifier:
            raise Disproved(
                "this copy is of another log", where=copy.where, next_step="Name copies of the log that ends"
            )
    policy = Policy.parse(founding.policy().encode())
    note = _last_witnessed(policy, [*heads, *(one for copy in copies for one in _newest(copy, policy))])
    head = Checkpoint.parse(note.text)
    good = [
        copy.store
        for copy in copies
        if copy.store.size() < head.size or root_of(copy.store, head.size) == head.root
    ]
    if not good:
        raise Disproved(
            "no copy has the root of the last witnessed head: there are two histories",
            where="the predecessor",
            next_step="Ask every party for its archive: the one that the witnesses saw is the log",
        )
    return Ending(max(good, key=lambda store: store.size()), note, cause)


def _newest(copy: Copy, policy: Policy) -> Iterator[tuple[str, bytes]]:
    """The newest head of a copy that has its quorum."""
    for head in reversed(copy.store.published()):
        if policy.quorum.met_by(policy.check(Note.parse(head.note), where=copy.where).cosigned):
            yield copy.where, head.note
            return


def _last_witnessed(policy: Policy, notes: Iterable[tuple[str, bytes]]) -> Note:
    """The largest one with its quorum; a head that is not the log's raises."""
    best: tuple[int, Note] | None = None
    for where, text in notes:
        note = Note.parse(text, where=where)
        head = policy.check(note, where=where)
        if policy.quorum.met_by(head.cosigned) and (best is None or head.checkpoint.size > best[0]):
            best = head.checkpoint.size, note
    if best is None:
        raise Malformed(
            "no head of this log has its quorum",
            where="the predecessor",
            next_step="Ask the witnesses and the parties for the newest head that they hold: --head FILE",
        )
    return best[1]


def lost_leaf(receipt: Receipt, entry: bytes, ending: Ending, *, where: str) -> str:
    """The leaf of a record that the old log acknowledged and nobody has any more; else what is wrong with that."""
    founding = founding_of(ending.copy)
    receipt.check(entry, Policy.parse(founding.policy().encode()), where=where)
    record = parse_entry(entry, where=where)
    if receipt.index < ending.copy.size():
        raise Malformed(
            f"its record is entry {receipt.index}, and {ending.copy.size()} entries are kept",
            where=where,
            next_step="Leave it out: this receipt can be honoured",
        )
    return record.leaf.hex()


def draft_succession(ending: Ending, new: NewLog, *, clock: Clock, chance: Chance) -> dict[str, Any]:
    """Step 2: the record's payload, without a consent."""
    copy = ending.copy
    old = founding_of(copy)
    taken = in_force(copy, min(copy.size(), Checkpoint.parse(ending.head.text).size))
    if new.origin == old.origin:
        raise Malformed(
            "the old log has this origin", where="--origin", next_step="Give the new log a name of its own"
        )
    now = clock.now()
    clear = {
        "agreement": taken.agreement,
        "route": taken.route,
        "nature": taken.nature,
        "seats": [
            {"seat": one.seat, "role": one.role}
            | ({} if one.public_key is None else {"jwk": jwk_of(one.public_key)})
            for one in taken.seats
        ],
        "log": {
            "origin": new.origin,
            "vkey": str(VerifierKey.of(new.origin, KeyType.ED25519, new.log_key)),
        },
        "service": {"jwk": jwk_of(new.service_key)},
        **_witnesses(old, new),
        "cause": ending.cause,
        "consents": [],
        "kept": copy.size(),
        "note": ending.head.print(),
        "receipts": list(ending.receipts),
    }
    guarantor = next(one.seat for one in taken.seats if one.role == "guarantor")
    drafted = draft(
        SUCCESSION,
        iss=f"{guarantor}/root",
        iat=now,
        seq=0,
        prev="",
        cor=old.cor,
        agr=_version(copy, ending),
        jti=new_jti(now, chance, f"succession/{new.origin}"),
        clear=clear,
        salt=lambda name: chance.bytes(f"succession/{name}", 16),
    )
    return drafted.payload


def _witnesses(old: Founding, new: NewLog) -> dict[str, Any]:
    names = [key.name for key in old.witnesses]
    unknown = [name for name in new.without if name not in names]
    if unknown:
        raise Malformed(
            f"no witness of the old log has this name: {', '.join(unknown)}",
            where="--without",
            next_step=f"Its witnesses are {', '.join(names) or 'none'}",
        )
    go_on = (key for key in old.witnesses if key.name not in new.without)
    return {
        "witnesses": [str(key) for key in (*go_on, *new.witnesses)],
        "quorum": old.quorum if new.quorum is None else new.quorum,
    }


def in_force(copy: StoredLog, size: int) -> Inherited:
    """What the first `size` entries of a log leave in force."""
    ring = keyring_at(founding_of(copy), copy, size)
    return inherited(ring, (parse_entry(text) for _, text in copy.of_kinds({"amendment"}, size)))


def _version(copy: StoredLog, ending: Ending) -> int:
    size = min(copy.size(), Checkpoint.parse(ending.head.text).size)
    return keyring_at(founding_of(copy), copy, size).version.agreement.version


def consent(payload: dict[str, Any], seat: str, root: Signer) -> dict[str, str]:
    """Step 3: a seat's consent to a draft, as it stands in the record."""
    return {"seat": seat, "signature": print_base64url(root.sign(succession_message(payload)))}


def succeed(payload: dict[str, Any], consents: Sequence[dict[str, str]], root: Signer) -> bytes:
    """Step 4: entry 0 of the successor; Malformed or Disproved where the auditor would refuse it."""
    entry = sign({**payload, CONSENTS: list(consents)}, root)
    Founding.parse(parse_entry(entry, where="the succession"), where="the succession")
    return entry
