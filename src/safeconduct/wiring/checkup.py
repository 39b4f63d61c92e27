"""Facts for `service/checkup`, from one corridor's folder; nothing is repaired, appended or signed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.health import is_synchronised, try_disk
from safeconduct.adapters.high_water import PUBLISHED, PublishedHead, sources_of
from safeconduct.adapters.keys import KeyFolder
from safeconduct.adapters.last_done import Backup, Rehearsal, last_done
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import SEALED, VAULT, SealedStore, Vault
from safeconduct.adapters.witness_client import LIMIT_S
from safeconduct.adapters.witnesses import Witnesses
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.core.tlog.policy import Policy
from safeconduct.service import checkup
from safeconduct.service.checkup import Line
from safeconduct.service.closing import closed
from safeconduct.service.export import erased_digests
from safeconduct.service.founded import founding_of
from safeconduct.service.ports import Clock, Store
from safeconduct.service.rollback import check_history, derived_head, in_words, own_head
from safeconduct.wiring.database import PROJECTIONS
from safeconduct.wiring.offline import DATABASE, KEYS, clock_of
from safeconduct.wiring.server import HIGH_WATER_NAME, URL_NAME, use_database
from safeconduct.wiring.witnesses import clients_of

if TYPE_CHECKING:
    from safeconduct.store.log import DjangoStore


def check_up(folder: Path, *, high_water: Path | None = None) -> Iterator[Line]:
    """A line each, as they are known. What stands in the way of all of them is one of our errors."""
    url = os.environ.get(URL_NAME) or None
    kept = high_water or (Path(os.environ[HIGH_WATER_NAME]) if os.environ.get(HIGH_WATER_NAME) else None)
    if not folder.is_dir():
        raise Unavailable("there is no such folder", where=str(folder), next_step="Name a corridor's folder")
    yield _guarded("disk", lambda: _disk(folder))
    try:
        if url is None:
            with SqliteStore(folder / DATABASE) as source:
                source.require_here()
        use_database(folder, url)
    except SafeconductError as error:  # without a store there is nothing to compare the rest with
        yield checkup.failed("store", error)
        return
    from safeconduct.store.log import DjangoStore  # noqa: PLC0415 - tables can be imported once Django is set up

    vault = Vault(folder / VAULT)
    with closing(DjangoStore()) as log, closing(vault):
        yield _guarded("store", lambda: _store(log))
        try:
            founding = founding_of(log)
        except SafeconductError as error:
            yield checkup.failed("head", error)
            return
        looking = _Looking(folder, url, kept, vault, SealedStore(log, vault), founding)
        for what, look in looking.all():
            yield _guarded(what, look)


def _guarded(what: str, look: Callable[[], Line]) -> Line:
    try:
        return look()
    except SafeconductError as error:
        return checkup.failed(what, error)


def _disk(folder: Path) -> Line:
    found = try_disk(folder)
    return checkup.disk(found.free, found.sync_ms)


def _store(log: DjangoStore) -> Line:
    from safeconduct.store.facts import faults_of_store  # noqa: PLC0415 - as above

    kind, wrong = faults_of_store()
    log.size()
    return checkup.store(kind, wrong, "stop it, keep the database, and restore a copy (safeconduct restore)")


@dataclass(slots=True)
class _Looking:
    """An opened corridor, read only."""

    folder: Path
    url: str | None
    high_water: Path | None
    vault: Vault
    store: Store
    founding: Founding

    def all(self) -> Iterator[tuple[str, Callable[[], Line]]]:
        """What is looked at, in this order."""
        yield "clock", self.clock
        yield "keys", self.keys
        yield "head", self.head
        if self._closed_from is not None:
            yield "closing", self.closing
        yield "rollback", self.rollback
        yield "publication", self.publication
        yield "cosignatures", self.cosignatures
        yield "witnesses", self.witnesses
        yield "vault", self.vault_line
        yield "projections", self.projections
        yield "last backup", self.last_backup
        yield "rehearsal", self.rehearsal

    @property
    def _closed_from(self) -> int | None:
        try:
            ring = closed(self.founding, self.store)
        except SafeconductError:  # the line on the head tells
            return None
        return None if ring is None else ring.closed_from

    @property
    def _clock(self) -> Clock:
        return clock_of(self.store, self.folder)

    def clock(self) -> Line:
        """Of a simulated corridor it stands at its newest head."""
        newest = max(head.time for head in self.store.committed())
        disk = try_disk(self.folder)
        is_live = self.founding.nature == "live"
        kept = is_synchronised() if is_live else None
        return checkup.clock(self._clock.now(), newest, ahead_of_disk_s=disk.ahead_s, is_synchronised=kept)

    def keys(self) -> Line:
        """Of log and service; what `KeyFolder` refuses says itself why."""
        held = KeyFolder(self.folder / KEYS)
        faults: list[tuple[str, str]] = []
        for name, expected in (("log", self.founding.log.public_key), ("service", self.founding.service_key)):
            try:
                if held.signer(name).public_key != expected:
                    faults.append(
                        (f"the key {name!r} is not this corridor's", "bring back the right copy of keys/")
                    )
            except SafeconductError as error:
                faults.append((error.faults[0].message, error.faults[0].next_step))
        mode = stat.S_IMODE(held.folder.stat().st_mode) if held.folder.is_dir() else 0
        if mode & 0o077:
            faults.append(("others can look into keys/", f"chmod 700 {held.folder}"))
        return checkup.keys(faults)

    def head(self) -> Line:
        """The entries lead to it, and the log's key signed it."""
        return Line(
            "head",
            "ok",
            f"{in_words(derived_head(self.store, where='head'))}, signed; its entries lead to it",
        )

    def closing(self) -> Line:
        """That the corridor has ended."""
        return checkup.closing(self._closed_from or 0)

    def rollback(self) -> Line:
        """Nobody holds a newer or another head."""
        sources = sources_of(self.folder, high_water=self.high_water)
        check_history(self.store, sources)
        names = ", ".join(source.name for source in sources)
        return Line("rollback", "ok", f"not older than {names}")

    def publication(self) -> Line:
        """The parties' files."""
        note = PublishedHead(self.folder / PUBLISHED).read()
        shown = None if note is None else own_head(note, self.founding.log, where=PUBLISHED).size
        return checkup.published(self.store.size(), shown)

    def cosignatures(self) -> Line:
        """By the policy of the founding record."""
        policy = Policy.parse(self.founding.policy().encode())
        return checkup.cosigned(self.store.published(), policy, closed=self._closed_from is not None)

    def witnesses(self) -> Line:
        """Each is asked what it shows, as the server does at its start."""
        ours = [key.name for key in self.founding.witnesses]
        clients = clients_of(self.folder, self.founding, self._clock)
        if not clients and (self.founding.nature != "live" or not ours):
            return Line("witnesses", "ok", "none is asked over HTTP")
        asked = Witnesses(clients, wake=lambda: None)
        try:
            asked.first_look(LIMIT_S + 1)
            check_history(self.store, asked.sources)
            names = [client.listed.name for client in clients]
            at_rest = self._closed_from is not None and self.cosignatures().state == "ok"
            unaddressed = [name for name in ours if name not in names]
            return checkup.witnesses(names, asked.errors(), unaddressed, at_rest=at_rest)
        finally:
            asked.stop()

    def vault_line(self) -> Line:
        """Every disclosure is opened once."""
        for _ in self.store.disclosures():
            pass
        closed = {digest for _, digest in self.store.erased()}
        inner = getattr(self.store, "inner", self.store)
        sealed = sum(text.startswith(SEALED) for _, text in inner.disclosures())
        if sealed and self.vault.path.exists() and self.vault.path.stat().st_mode & 0o077:
            step = f"chmod 600 {self.vault.path}"
            return Line("vault", "fail", "others can read the keys of disclosures", step)
        return checkup.vault(sealed, len(closed - erased_digests(self.founding, self.store)))

    def projections(self) -> Line:
        """Stored rows beside a fold from nothing."""
        from safeconduct.store.projections import Projections  # noqa: PLC0415 - as above

        entries, folder = self.store.size(), str(self.folder)
        if self.url is None and not (self.folder / PROJECTIONS).exists():
            return checkup.projections(None, entries, (), folder=folder)
        with closing(Projections(self.store, self.founding)) as stored:
            size = stored.size()
            return checkup.projections(size or None, entries, stored.compare() if size else (), folder=folder)

    def last_backup(self) -> Line:
        """From the note that a backup leaves, in our time: copies are made in it, whatever the corridor's is."""
        made = last_done(self.folder, Backup)
        entries, folder = self.store.size(), str(self.folder)
        if made is None:
            return checkup.never_backed_up(folder=folder)
        ago = SystemClock().now() - made.time
        return checkup.backed_up(ago, made.backup, made.size, entries, folder=folder)

    def rehearsal(self) -> Line:
        """From the note that a rehearsal leaves."""
        tried, folder = last_done(self.folder, Rehearsal), str(self.folder)
        if tried is None:
            return checkup.never_rehearsed(folder=folder)
        ago = SystemClock().now() - tried.time
        is_closed = self._closed_from is not None
        return checkup.rehearsed(ago, tried.backup, tried.lost, folder=folder, closed=is_closed)
