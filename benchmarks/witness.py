"""One cosigning, against the parts that nobody can do without: verify, proof, sign, one durable commit."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

from benchmarks.measure import Figure, compare
from benchmarks.served import new_folder
from benchmarks.skeleton import durable
from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.witness_store import WitnessStore
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import ed25519_message
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.proofs import consistency_proof, root_at
from safeconduct.core.tlog.signature import SeedSigner, verify_ed25519
from safeconduct.core.tlog.tree import leaf_hash, verify_consistency
from safeconduct.core.tlog.witness import Decision
from safeconduct.core.tlog.witness_request import Request, print_request
from safeconduct.service.hashes import TreeHashes
from safeconduct.service.witnessing import Witnessing

HEADS, FIRST = 40, 100_000
LOG, WITNESS = SeedSigner(b"l" * 32), SeedSigner(b"w" * 32)
LOG_KEY = VerifierKey.of("log.example", KeyType.ED25519, LOG.public_key)
KEY = VerifierKey.of("witness.example", KeyType.COSIGNATURE, WITNESS.public_key)


def requests() -> list[bytes]:
    """A log that grows by one entry a head, from a hundred thousand on."""
    tree = TreeHashes()
    tree.extend(leaf_hash(b"%d" % number) for number in range(FIRST + HEADS))
    made, old = [], 0
    for size in range(FIRST, FIRST + HEADS):
        text = Checkpoint(LOG_KEY.name, size, root_at(tree.read, size)).print()
        proof = consistency_proof(tree.read, old=old, new=size) if old else []
        made.append(print_request(old, proof, Note(text, (sign_note(text, LOG_KEY, LOG),))))
        old = size
    return made


def figures() -> Iterator[Figure]:
    """Both sides write to the same disk."""
    asked = requests()
    read = [Request.parse(data) for data in asked]

    def ours() -> None:
        path = new_folder() / "witness.db"
        WitnessStore.create(path, KEY)
        with WitnessStore.open(path, KEY) as memory:
            witness = Witnessing(Decision(KEY, WITNESS, (LOG_KEY,)), memory, SystemClock())
            for data in asked:
                assert witness.add_checkpoint(data).status == 200

    def parts() -> None:
        with closing(durable(new_folder() / "bare.db")) as database:
            old = None
            for request in read:
                _parts(request, old, database)
                old = request.head

    yield compare(
        f"{HEADS} cosignings / verify, proof, sign, commit", ours, parts, clock=time.perf_counter, at_most=2.0
    )


def _parts(request: Request, old: Checkpoint | None, database: sqlite3.Connection) -> None:
    text = request.note.text
    assert verify_ed25519(LOG_KEY.public_key, text.encode(), request.note.signatures[0].blob)
    if old is not None:
        verify_consistency(
            old_size=old.size, old_root=old.root, size=request.head.size, root=request.head.root,
            proof=request.proof,
        )  # fmt: skip
    signature = WITNESS.sign(ed25519_message(text, int(time.time())))
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO entries (entry) VALUES (?)", (signature,))
    database.execute("COMMIT")
