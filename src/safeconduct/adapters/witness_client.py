"""One witness, asked over HTTP (C2SP tlog-witness, the client's side).

Rules, in the order of the code:
 1. `cosign` posts the head with the proof from the size that the witness cosigned last, as far as is known: what it
    showed, answered or said.
 2. 409 with a size up to ours: once more, with the proof from there. Larger: a claim that nobody signed; it is an
    alarm and no more. What it shows (`shown`) is what counts.
 3. An answer is used only if it has a line of this very key, over this head, that verifies, of a time that is not 0
    and not more than five minutes ahead. Lines of other keys are ignored.
 4. `shown` is the last head that it cosigned, by its own word, if this log's key signed that; else nothing. One that
    is larger than ours, or another of the same size, proves by our own signature that the log went back or is two
    (`service/rollback`).
Submission and monitoring have one prefix, the address in the policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus

from safeconduct.adapters.http_ask import HttpAsker, Said
from safeconduct.adapters.http_get import Address
from safeconduct.core.kernel.errors import Conflict, Disproved, Malformed, SafeconductError, Unavailable
from safeconduct.core.kernel.spelling import parse_decimal
from safeconduct.core.tlog import note as notes
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, Signature, VerifierKey
from safeconduct.core.tlog.policy import Listed
from safeconduct.core.tlog.witness import SIZE_TYPE, monitoring_path
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.service.asking import Growing
from safeconduct.service.ports import Clock
from safeconduct.service.publish import counts
from safeconduct.service.rollback import own_head

LIMIT_S = 8.0
"""For one question and its answer."""
LONGEST_WAIT_S = 3600

_MOST_LINES = 64 * 1024
_TELL = "Tell its keeper what it answered; it is asked again by itself"


@dataclass(slots=True)
class WitnessClient:
    """One witness of one log; one thread at a time."""

    listed: Listed
    log: VerifierKey
    clock: Clock
    http: HttpAsker
    last: int = 0
    """The size that it cosigned last, as far as is known."""
    wait_s: int = 0
    """How long its last answer asks to be left alone."""
    _where: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._where = f"the witness {self.listed.name}"

    @classmethod
    def of(cls, listed: Listed, log: VerifierKey, clock: Clock, *, limit_s: float = LIMIT_S) -> WitnessClient:
        """The one that answers at the address in the policy."""
        try:
            address = Address.parse(listed.url)
        except Malformed as error:
            step = "Write https://HOST/ as its keeper gives it, without user, query and fragment"
            raise Malformed(
                "this is no address of a witness", where=listed.url[:200], next_step=step
            ) from error
        return cls(listed, log, clock, HttpAsker(address, limit_s))

    @property
    def name(self) -> str:
        """What it is and where: a place that keeps a head of this log."""
        return f"{self._where} at {self.http.address}"

    def cosign(self, growing: Growing) -> Signature:
        """Rules 1 to 3: its line. Conflict: it holds another log, by its own word; else one of our errors."""
        said = self._asked(growing)
        if said.status == HTTPStatus.CONFLICT:  # 2
            self.last = self._stated(said, growing.size)
            said = self._asked(growing)
        if said.status != HTTPStatus.OK:
            raise self._refused(said)
        line = self._line(said.body, growing.note)
        self.last = growing.size
        return line

    def shown(self) -> bytes | None:
        """Rule 4; None where it never cosigned this log."""
        said = self.http.ask("GET", monitoring_path(self.log.name).lstrip("/"), most=notes.MAX_BYTES)
        if said.status == HTTPStatus.NOT_FOUND:
            return None
        if said.status != HTTPStatus.OK:
            raise self._refused(said)
        head = own_head(said.body, self.log, where=self._where)
        self.last = max(self.last, head.size)
        return said.body

    def _asked(self, growing: Growing) -> Said:
        """Rule 1."""
        old = min(self.last, growing.size)
        body = print_request(old, growing.prove(old), growing.note)
        said = self.http.ask("POST", "add-checkpoint", body, most=_MOST_LINES)
        self.wait_s = _wait(said.headers)
        return said

    def _stated(self, said: Said, ours: int) -> int:
        """Rule 2: the size in an answer 409."""
        where = self._where
        if said.headers.get_content_type() != SIZE_TYPE:  # as some do where the roots differ
            raise Conflict("it says that it holds another head, and not which", where=where, next_step=_TELL)
        text = said.body.decode("ascii", "replace")
        if not text.endswith("\n"):
            raise Malformed("it answers 409 without a size", where=where, next_step=_TELL)
        size = parse_decimal(text[:-1], where=where)
        if size > ours:
            raise Conflict(
                f"it says that it cosigned {size} entries, and we have {ours}; that is its word alone",
                where=where,
                next_step="Look at the head that it shows: if our key signed it, this log is an old copy",
            )
        return size

    def _line(self, body: bytes, note: Note) -> Signature:
        """Rule 3."""
        try:
            answered = Note.parse(f"{note.text}\n".encode() + body, where=self._where)
        except Malformed as error:
            raise Malformed("its answer is no cosignature", where=self._where, next_step=_TELL) from error
        for line in answered.lines_of(self.listed.key):
            if counts(note, self.listed.key, line, now=self.clock.now()):
                return line
        message = "its answer holds no valid cosignature of its key over this head, of this time"
        raise Disproved(message, where=self._where, next_step=_TELL)

    def _refused(self, said: Said) -> SafeconductError:
        """What any other answer means. Its words are not repeated: they are anybody's."""
        match said.status:
            case HTTPStatus.CONFLICT:
                message = "it states one size, and then another"
            case HTTPStatus.NOT_FOUND:
                message = "it does not follow this log"
            case HTTPStatus.FORBIDDEN:
                message = "it does not know this log's key"
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                message = "it says that this head does not go on from the one that it cosigned"
                return Conflict(message, where=self._where, next_step=_TELL)
            case status if status in range(300, 400):
                message = "it sends us elsewhere"
            case status:
                message = f"it answers {status}"
        return Unavailable(message, where=self._where, next_step=_TELL)


@dataclass(slots=True)
class ShownHead:
    """The head that a witness showed last, as a place that keeps a head of this log: read without asking again.

    What its log's key did not sign never gets here: a witness that answers anything can stop nobody.
    """

    name: str
    note: bytes | None = None

    def read(self) -> bytes | None:
        """The note; None where it showed none, or did not answer."""
        return self.note

    @property
    def size(self) -> int:
        """How many entries; 0 for none."""
        return 0 if self.note is None else Checkpoint.parse(Note.parse(self.note).text).size


def _wait(headers: Message) -> int:
    after = headers.get("Retry-After", "0")
    is_number = after.isascii() and after.isdigit() and len(after) < 10
    return min(int(after), LONGEST_WAIT_S) if is_number else 0
