"""The corridor that a server's process serves: its log on a database, and what follows each commit.

Who has the lock sequences; whoever has not, or finds an old or altered log, serves what is there and says why it
takes nothing. A commit is answered first; then witnesses are asked, its files are published, erased keys go,
projections follow. Nobody waits for a witness while holding what a commit needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import django
from django.apps import apps
from django.db import connections

from safeconduct.adapters.file_lock import FileLock
from safeconduct.adapters.files import reading
from safeconduct.adapters.follower import Follower
from safeconduct.adapters.group_commit import GroupCommit
from safeconduct.adapters.high_water import PUBLISHED, HighWater, sources_of
from safeconduct.adapters.lock import LOCK, Lock, Locks, PostgresLock
from safeconduct.adapters.publish_folder import PublishFolder
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.adapters.vault import VAULT, SealedStore, Vault
from safeconduct.adapters.witnesses import Pace, Witnesses
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.kernel.errors import Conflict, SafeconductError, Unavailable
from safeconduct.core.tlog.note import Signature
from safeconduct.service.admission import Outcome, Read, admit, door_of
from safeconduct.service.asking import Growing, is_enough
from safeconduct.service.awaiting import NOBODY, Awaiting, awaiting
from safeconduct.service.export import erased_digests
from safeconduct.service.founded import founding_of
from safeconduct.service.ports import Clock, Store, StoredHead
from safeconduct.service.publication import Publication, publish
from safeconduct.service.rollback import History
from safeconduct.service.sequence import Sequencer, Submission
from safeconduct.store.log import DjangoStore
from safeconduct.wiring.carry_over import carry_over
from safeconduct.wiring.database import conninfo_of, databases_of
from safeconduct.wiring.offline import DATABASE, clock_of, corridor_over, history_of
from safeconduct.wiring.witnesses import clients_of

if TYPE_CHECKING:
    from safeconduct.store.projections import Projections

Submit = Callable[[Sequence[Submission]], list[Outcome]]
SETTINGS = "safeconduct.wiring.settings"
DIR_NAME, URL_NAME, HIGH_WATER_NAME = "SAFECONDUCT_DIR", "DATABASE_URL", "SAFECONDUCT_HIGH_WATER"


@dataclass(frozen=True, slots=True)
class Server:
    """An open corridor. `sequencer` None: this process takes no records, and `stopped` says why."""

    folder: Path
    store: Store
    vault: Vault
    sequencer: Sequencer | None
    submit: Submit
    clock: Clock
    founding: Founding
    publication: Publication
    projections: Projections
    alone: Callable[[], AbstractContextManager[None]]
    """In this block no other thread uses the sequencer; what it appends is published after it."""
    _state: State

    @property
    def stopped(self) -> SafeconductError | None:
        """Why nothing is appended here, now."""
        return self._state.stopped

    @property
    def behind(self) -> SafeconductError | None:
        """Why files, erasures or projections have not followed the newest commit, if they failed to."""
        follower = self._state.follower
        return None if follower is None else follower.error

    @property
    def closed_from(self) -> int | None:
        """The record with which a closing is in force, if one is, as far as this process sequences."""
        return self._state.closed_from

    @property
    def awaiting(self) -> Awaiting:
        """Whose cosignatures the newest published head lacks, as far as this process sequences."""
        return self._state.awaiting

    @property
    def witness_errors(self) -> Mapping[str, SafeconductError]:
        """What is wrong with each witness that is asked, by its name."""
        witnesses = self._state.witnesses
        return {} if witnesses is None else witnesses.errors()


@dataclass(slots=True)
class State:
    """What changes while a server is open."""

    stopped: SafeconductError | None = None
    follower: Follower | None = None
    witnesses: Witnesses | None = None
    awaiting: Awaiting = NOBODY
    closed_from: int | None = None


@contextmanager
def open_server(
    folder: Path, *, database_url: str | None = None, high_water: Path | None = None, pace: Pace | None = None
) -> Iterator[Server]:
    """The corridor in this folder; its log in PostgreSQL where `database_url`, or DATABASE_URL, names one.

    `pace`: how long witnesses are waited for, where it is not the usual.
    """
    url = database_url or os.environ.get(URL_NAME) or None
    kept = high_water or (Path(os.environ[HIGH_WATER_NAME]) if os.environ.get(HIGH_WATER_NAME) else None)
    use_database(folder, url)
    with ExitStack() as opened:
        log = _log(folder, url)
        opened.callback(log.close)
        vault = Vault(folder / VAULT)
        opened.callback(vault.close)
        store = SealedStore(log, vault)
        founding = founding_of(store)
        vault.erase(erased_digests(founding, store))  # a restored copy of the vault may still hold them
        locks: list[Lock] = [FileLock(folder / LOCK)]
        if url:
            locks.append(PostgresLock(conninfo_of(url), URL_NAME))
        yield _Opening(folder, Locks(tuple(locks)), kept, store, vault, founding, pace).server(opened)


@contextmanager
def open_projections(folder: Path, *, database_url: str | None = None) -> Iterator[Projections]:
    """The projections of the corridor in this folder, and nothing else of a server."""
    url = database_url or os.environ.get(URL_NAME) or None
    use_database(folder, url)
    with ExitStack() as opened:
        log = _log(folder, url)
        opened.callback(log.close)
        from safeconduct.store.projections import Projections  # noqa: PLC0415

        projections = Projections(log, founding_of(log))
        opened.callback(projections.close)
        yield projections


def use_database(folder: Path, url: str | None) -> None:
    """Django, set up on this database. A process has one at a time; what it had before is closed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if not apps.ready:
        django.setup()
    told = connections.configure_settings(databases_of(folder, url))
    connections.settings.update(told)
    for connection in connections.all(initialized_only=True):
        if connection.alias in told:
            connection.close()
            del connections[connection.alias]


def _log(folder: Path, url: str | None) -> DjangoStore:
    """The log, its tables made, carried over from the folder's file where that has to be."""
    path, store = folder / DATABASE, DjangoStore()
    with reading(path):
        is_there = path.exists()
    if url is None:
        with SqliteStore(path) as source:  # a corridor's, of our version: its tables are there
            source.require_here()
            store.size()  # who closes the last connection would wait for the write-ahead log to be folded in
        return store
    store.prepare()
    if is_there:
        with SqliteStore(path) as source:
            carry_over(source, store)
    return store


@dataclass(slots=True)
class _Opening:
    """What a server is made of, and what it does with each batch."""

    folder: Path
    locks: Locks
    high_water: Path | None
    store: SealedStore
    vault: Vault
    founding: Founding
    pace: Pace | None
    state: State = field(default_factory=State)
    sequencing: RLock = field(default_factory=RLock)

    def server(self, opened: ExitStack) -> Server:
        """The server, which sequences if it may."""
        from safeconduct.store.projections import Projections  # noqa: PLC0415 - once Django is set up

        projections = Projections(self.store, self.founding)
        opened.callback(projections.close)
        target = PublishFolder(self.folder / PUBLISHED)
        sequencer: Sequencer | None = None
        submit: Submit = self._refuse
        opened.callback(self.locks.release)
        clients = clients_of(self.folder, self.founding, clock_of(self.store, self.folder))
        try:
            self.locks.take()
            # A simulation publishes at once: the same records in the same order give the same log.
            at_once = self.founding.nature != "live"
            sequencer = corridor_over(self.store, self.folder, at_once=at_once).sequencer
            witnesses = self.state.witnesses = Witnesses(clients, wake=self.wake, pace=self.pace)
            opened.callback(witnesses.stop)
            witnesses.first_look()
            running = _Running(self, sequencer, self._history(sequencer), target, projections, witnesses)
        except SafeconductError as error:
            self.locks.release()
            sequencer, self.state.stopped = None, error
        else:
            submit = running.start(opened)
        return Server(
            folder=self.folder,
            store=self.store,
            vault=self.vault,
            sequencer=sequencer,
            submit=submit,
            clock=clock_of(self.store, self.folder),
            founding=self.founding,
            publication=Publication(self.store, self.founding, target),
            projections=projections,
            alone=self.alone,
            _state=self.state,
        )

    def _history(self, sequencer: Sequencer) -> History:
        """Rollback is looked for before anything is signed: here, and at each witness that showed a head."""
        shown = () if self.state.witnesses is None else self.state.witnesses.sources
        history = history_of(sequencer, (*sources_of(self.folder, high_water=self.high_water), *shown))
        history.check()
        return history

    def _refuse(self, submissions: Sequence[Submission]) -> list[Outcome]:
        if not submissions or self.state.stopped is None:
            return []
        raise Unavailable.of(self.state.stopped.faults)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """See `Server`."""
        with self.sequencing:
            yield
        self.wake()

    def wake(self) -> None:
        """Something has to follow."""
        if self.state.follower is not None:
            self.state.follower.wake()


@dataclass(slots=True)
class _Running:
    """One process that sequences."""

    opening: _Opening
    sequencer: Sequencer
    history: History
    target: PublishFolder
    projections: Projections
    witnesses: Witnesses
    erasures: int = 0
    counted: bool = False
    """Whether the heads of earlier starts are in `state.awaiting`."""

    def start(self, opened: ExitStack) -> Submit:
        """Its two threads, which end with `opened`: first what waits is committed, then what follows is done."""
        follower = self.opening.state.follower = Follower(self.follow)
        opened.callback(follower.stop)
        opened.callback(self.witnesses.stop)  # the last run waits for nobody
        group = GroupCommit(self.commit)
        opened.callback(group.stop)
        follower.wake()  # what a crash left undone
        read = door_of(self.sequencer).read
        return lambda submissions: group.submit([read(each) for each in submissions])

    def commit(self, batch: Sequence[Read]) -> list[Outcome]:
        """One batch; nothing is appended to a log that is old, altered, or another process's."""
        with self.opening.alone():
            try:
                self.opening.locks.take()
                self.history.check()
            except SafeconductError as error:
                self.opening.state.stopped = error
                raise Unavailable.of(error.faults) from error
            self.opening.state.stopped = None
            try:
                return admit(self.sequencer, batch)
            except Conflict:  # an offline command was first; once is enough, or it is something else
                return admit(self.sequencer, batch)

    def follow(self) -> None:
        """Everything that follows the newest commit; each part is a repeat of what it did before."""
        opening = self.opening
        with opening.sequencing:
            self._check()
            opening.state.closed_from = self.sequencer.closed_from
            growing = Growing.of(self.sequencer)
            self.sequencer.keep_tiles()
        if self.witnesses.sources:
            self._keep_high(growing.head)  # what was acknowledged is not to wait for them
        lines = self.witnesses.cosigned(growing, lambda lines: self._is_enough(growing, lines))
        with opening.sequencing:
            head = self._published(growing, lines)
        self._say_who_is_awaited(head)
        publish(opening.store, self.sequencer.hashes, head, opening.founding.policy(), self.target)
        self._keep_high(head)
        erasures = sum(1 for _ in opening.store.of_kinds({"erasure"}))
        if erasures != self.erasures:
            opening.vault.erase(erased_digests(opening.founding, opening.store))
            self.erasures = erasures
        self.projections.update()

    def _published(self, growing: Growing, lines: Sequence[Signature]) -> StoredHead:
        """Where the server stops before a quorum has answered, the next start asks for that head again."""
        if self.witnesses.stopped and not self._is_enough(growing, lines):
            return self.sequencer.newest
        return self.sequencer.publish(growing.head, lines)

    def _say_who_is_awaited(self, head: StoredHead) -> None:
        state, policy = self.opening.state, self.sequencer.policy
        if not self.counted:
            self.counted, state.awaiting = True, awaiting(self.opening.store.published(), policy)
        state.awaiting = awaiting((head,), policy, state.awaiting)

    def _check(self) -> None:
        """What a witness showed meanwhile stops the next commit; here it is said before there is one."""
        try:
            self.history.check()
        except SafeconductError as error:
            self.opening.state.stopped = error
            raise

    def _is_enough(self, growing: Growing, lines: Sequence[Signature]) -> bool:
        return is_enough(self.sequencer.policy, growing.note, lines)

    def _keep_high(self, head: StoredHead) -> None:
        if self.opening.high_water is not None:
            HighWater(self.opening.high_water).keep(head.note)
