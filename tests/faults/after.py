"""What must hold after any fault, asked of a fresh process that opens the corridor again. Each breach is a sentence."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tiles import tiles_of
from safeconduct.core.tlog.tree import Frontier, leaf_hash
from safeconduct.service.admission import HandedIn
from safeconduct.service.export import export
from safeconduct.sim.archive import MemoryArchive
from safeconduct.verify.audit import audit
from safeconduct.verify.files import CHECKPOINT, POLICY
from safeconduct.wiring.server import Server, open_server
from tests.databases import ready

ready()
Verdict: TypeAlias = tuple[tuple[int, tuple[str, ...]], ...]
_WAIT_S = 60.0


def follows(server: Server) -> bool:
    """Whether files and projections are as new as the log."""
    note = server.publication.target.read("checkpoint")
    newest = server.store.published()
    return bool(newest) and note == newest[-1].note and server.projections.size() == server.store.size()


def until_followed(server: Server, *, patience_s: float | None = None) -> str:
    """Waits; with patience, returns in words what is behind after that time."""
    begun = time.monotonic()
    end = begun + _WAIT_S
    while not follows(server):
        if patience_s is not None and server.behind is not None and time.monotonic() > begun + patience_s:
            return str(server.behind)
        assert time.monotonic() < end, f"nothing followed: {server.behind}"
        time.sleep(0.02)
    return ""


def verdict(folder: Path, url: str | None) -> Verdict:
    """What the auditor says of the published files, and of the guarantor's archive: exit code and rules of each."""
    with open_server(folder, database_url=url) as server:
        until_followed(server)
        return _verdict(server)


def as_served(published: Path) -> MemoryArchive:
    """What a reader over HTTP gets: the files that the head there refers to. Older partial tiles nobody asks for."""
    try:
        head = Checkpoint.parse(Note.parse((published / CHECKPOINT).read_bytes()).text)
        tiles = [tile.path for tile in tiles_of(head.size)]
    except SafeconductError:
        tiles = []
    paths = [path for path in (CHECKPOINT, POLICY, *tiles) if (published / path).is_file()]
    return MemoryArchive({path: (published / path).read_bytes() for path in paths})


def _verdict(server: Server) -> Verdict:
    assert server.sequencer is not None, server.stopped
    published = audit(as_served(server.folder / "published"), workers=SerialWorkers())
    with server.alone():
        (archive,) = export(server.sequencer, ["mission"], now=server.clock.now())
        files = dict(archive.files())
    told = audit(MemoryArchive(files), workers=SerialWorkers())
    return tuple((each.exit_code, tuple(sorted(each.rules))) for each in (published, told))


def check(  # noqa: PLR0917 - a process is handed its arguments in order
    folder: Path,
    url: str | None,
    high_water: Path | None,
    sent: Sequence[HandedIn],
    acknowledged: Mapping[bytes, bytes],
    erased: str | None,
    expected: Verdict | None,
) -> list[str]:
    """Opens it again, hands everything in once more, and says what is broken: nothing, if all is well."""
    seen = list(_shown(folder, high_water))
    with open_server(folder, database_url=url, high_water=high_water) as server:
        if server.sequencer is None:
            return [f"it does not sequence again: {server.stopped}"]
        broken = list(_receipts(server, sent, acknowledged))
        until_followed(server)
        entries = list(server.store.entries())
        times = Counter(entries)
        broken += [f"an entry stands {n} times" for n in times.values() if n > 1]
        broken += [f"a record is {times[one.entry]} times there" for one in sent if times[one.entry] != 1]
        seen += [head.note for head in (*server.store.committed(), *server.store.published())]
        seen += [Receipt.parse(receipt).note.print().encode() for receipt in acknowledged.values()]
        broken += second_histories(entries, seen)
        broken += server.projections.compare()
        if erased is not None and server.vault.key(erased) is not None:
            broken.append("an erased value can be read")
        found = _verdict(server)
        if expected is not None and found != expected:
            broken.append(f"the auditor says {found}, before it was {expected}")
        return broken


def _receipts(server: Server, sent: Sequence[HandedIn], acknowledged: Mapping[bytes, bytes]) -> Iterator[str]:
    assert server.sequencer is not None
    for first in range(0, len(sent), 200):
        part = sent[first : first + 200]
        for one, outcome in zip(part, server.submit(part), strict=True):
            if outcome.receipt is None:
                yield f"a repeat got no receipt: {outcome.error}"
                continue
            try:
                outcome.receipt.check(one.entry, server.sequencer.policy)
            except SafeconductError as error:
                yield f"a receipt does not verify: {error}"
            before = acknowledged.get(one.entry)
            if before is not None and not outcome.repeated:
                yield "an acknowledged record was lost, and entered a second time"
            if before is not None and before != outcome.receipt.print().encode():
                yield "a repeat got another receipt"


def _shown(folder: Path, high_water: Path | None) -> Iterator[bytes]:
    """Heads that outsiders may have seen before it was opened again."""
    for path in (folder / "published/checkpoint", folder / "published/public/checkpoint", high_water):
        if path is not None and path.exists():
            yield path.read_bytes()


def second_histories(entries: Sequence[bytes], notes: Sequence[bytes]) -> list[str]:
    """Every signed head must be one of the history that these entries tell."""
    signed: dict[int, set[bytes]] = {}
    for note in set(notes):
        head = Checkpoint.parse(Note.parse(note).text)
        signed.setdefault(head.size, set()).add(head.root)
    broken, tree = [], Frontier()
    for entry in entries:
        tree.extend([leaf_hash(entry)])
        roots = signed.pop(tree.size, set())
        if roots and roots != {tree.root()}:
            broken.append(f"a head of {tree.size} entries signs another history")
    return broken + [f"a head of {size} entries signs what is not there" for size in signed]
