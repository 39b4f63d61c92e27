"""A log of so many leaves, a witness of it in a folder, and a branch that the log signs too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.http_serve import Handler, Listener
from safeconduct.adapters.witness_http import MOST_BODY, WitnessHttp
from safeconduct.adapters.witness_store import WitnessStore
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.proofs import consistency_proof, root_at
from safeconduct.core.tlog.signature import SeedSigner
from safeconduct.core.tlog.tree import leaf_hash
from safeconduct.core.tlog.witness import Decision
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.service.hashes import TreeHashes
from safeconduct.service.witnessing import Witnessing

ORIGIN = "log.example/road"
LOG = SeedSigner(b"l" * 32)
LOG_KEY = VerifierKey.of(ORIGIN, KeyType.ED25519, LOG.public_key)
NOW = 1_700_000_000


@dataclass
class Tree:
    """One history of the log; `forked_at`: from there on it is another one."""

    forked_at: int | None = None
    hashes: TreeHashes = field(default_factory=TreeHashes)

    def grow(self, size: int) -> None:
        fork = self.forked_at
        self.hashes.extend(
            leaf_hash(b"%d%s" % (at, b"" if fork is None or at < fork else b" other"))
            for at in range(self.hashes.size, size)
        )

    def head(self, size: int) -> Note:
        self.grow(size)
        text = Checkpoint(ORIGIN, size, root_at(self.hashes.read, size)).print()
        return Note(text, (sign_note(text, LOG_KEY, LOG),))

    def prove(self, old: int, new: int) -> list[bytes]:
        return consistency_proof(self.hashes.read, old=old, new=new)

    def request(self, old: int, size: int) -> bytes:
        head = self.head(size)
        return print_request(old, self.prove(old, size) if 0 < old < size else (), head)


@dataclass
class Party:
    """A witness's key and the folder of its memory."""

    folder: Path
    name: str = "orva.example/witness"
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    @property
    def signer(self) -> SeedSigner:
        return SeedSigner(self.name.encode().ljust(32, b".")[:32])

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.of(self.name, KeyType.COSIGNATURE, self.signer.public_key)

    @property
    def path(self) -> Path:
        return self.folder / f"{self.signer.public_key.hex()[:8]}.db"

    @contextmanager
    def awake(self) -> Iterator[Witnessing]:
        """Its program, from its memory; begun where there is none."""
        if not self.path.exists():
            WitnessStore.create(self.path, self.key)
        with WitnessStore.open(self.path, self.key) as memory:
            yield Witnessing(Decision(self.key, self.signer, (LOG_KEY,)), memory, self.clock)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Over HTTP, its memory opened in the thread that serves."""

        @contextmanager
        def made() -> Iterator[Handler]:
            with self.awake() as witnessing:
                yield WitnessHttp(witnessing)

        with listening(made) as url:
            yield url


@contextmanager
def listening(made: Callable[[], object], most_body: int = MOST_BODY) -> Iterator[str]:
    """A listener in a thread; `made` gives its handler there."""
    up, told = threading.Event(), list[object]()

    def serve() -> None:
        with made() as handler:  # type: ignore[attr-defined]  # a context manager
            listener = Listener("127.0.0.1", 0, handler, most_body=most_body)
            told.append(listener)
            listener.run(lambda url: (told.append(url), up.set())[0])  # type: ignore[func-returns-value]

    thread = threading.Thread(target=serve)
    thread.start()
    assert up.wait(10)
    listener, url = told
    try:
        yield str(url)
    finally:
        listener.stop()  # type: ignore[attr-defined]
        thread.join(20)
        assert not thread.is_alive()


def sizes(notes: Sequence[Note]) -> list[int]:
    return [Checkpoint.parse(note.text).size for note in notes]
