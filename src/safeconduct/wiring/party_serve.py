"""A party's witness and its mirror in one process, neither of which stops the other.

Rules:
 1. One process at a time serves a folder.
 2. The witness answers in the thread that serves; the mirror is a thread of its own and shares nothing with it but
    the archive, from which the witness takes whose records are enrolled.
 3. Where the witness cannot be opened (its memory is gone), the mirror goes on, and whoever asks the witness is told
    why it does not answer. Where the mirror fails, the witness cosigns on.
 4. A head that was cosigned wakes the mirror: it will soon be served.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from safeconduct.adapters.clock import SystemClock
from safeconduct.adapters.file_lock import FileLock
from safeconduct.adapters.http_serve import Asked, Handler, Reply
from safeconduct.adapters.witness_http import WitnessHttp
from safeconduct.core.kernel.errors import SafeconductError, Unavailable
from safeconduct.wiring.party import ARCHIVE, LOCK, WITNESS, Corridor, corridor_of
from safeconduct.wiring.party_mirror import PartyMirror, Tell
from safeconduct.wiring.witness import Witness, serving_witness


@dataclass(frozen=True, slots=True)
class Party:
    """Opened, to be served. `witness` None: it cannot be opened, and `why_not` says why."""

    corridor: Corridor
    mirror: PartyMirror
    answer: Handler
    witness: Witness | None
    why_not: SafeconductError | None


@contextmanager
def serving_party(folder: Path, tell: Tell) -> Iterator[Party]:
    """Rules 1 to 4, until the block ends; the mirror begins when it is started."""
    corridor = corridor_of(folder)
    lock = FileLock(folder / LOCK)
    try:
        lock.take_soon()  # 1
    except Unavailable as error:
        step = "Stop it first: a party is one process"
        raise Unavailable("another process serves this party", where=str(folder), next_step=step) from error
    mirror = PartyMirror(folder, corridor, SystemClock(), tell)
    with ExitStack() as opened:
        opened.callback(lock.release)
        opened.callback(mirror.stop)
        try:
            here, witnessing = opened.enter_context(
                serving_witness(folder / WITNESS, archive=folder / ARCHIVE)
            )
        except SafeconductError as error:  # 3
            tell("no witness", kind=type(error).__name__, said=str(error))
            yield Party(corridor, mirror, _silent(error), None, error)
        else:
            yield Party(corridor, mirror, _told(WitnessHttp(witnessing), mirror, tell), here, None)


def _silent(error: SafeconductError) -> Handler:
    said = f"this witness does not answer: {error.faults[0].message}\n".encode()
    return lambda _: Reply(HTTPStatus.SERVICE_UNAVAILABLE, said, {"Retry-After": "300"})


def _told(witness: WitnessHttp, mirror: PartyMirror, tell: Tell) -> Handler:
    """The witness's answers, with a line of the log for those that change what it remembers, or cannot."""

    def answer(asked: Asked) -> Reply:
        try:
            reply = witness(asked)
        except Exception as error:
            tell("not answered", kind=type(error).__name__, said=str(error)[:500])
            raise
        told = _TOLD.get((asked.method, asked.path, reply.status))
        if told == COSIGNED:
            newest = max(witness.witnessing.memory.heads(), key=lambda one: one.time)
            tell(told, log=newest.head.origin, size=newest.head.size)
            mirror.wake()  # 4
        elif told:
            tell(told)
        elif reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            tell("not answered", said=reply.body.decode("utf-8", "replace")[:500])
        return reply

    return answer


COSIGNED = "cosigned"
_TOLD: dict[tuple[str, str, int], str] = {
    ("POST", "/add-checkpoint", HTTPStatus.OK): COSIGNED,
    ("POST", "/add-checkpoint", HTTPStatus.UNPROCESSABLE_ENTITY): "refused",
    ("POST", "/offered", HTTPStatus.OK): "offered",
}
