"""Who may read a party's archive over HTTP: whoever shows, for each request anew, that they hold a key of its seat.

Rules, in the order of the code:
 1. `Authorization: Safeconduct TOKEN`; the token is a compact JWS of at most 2 KiB, in its one spelling.
 2. Its header is `{"alg":"Ed25519","kid":"…","typ":"safeconduct-access"}`.
 3. Its payload is JCS with `aud`, `htm`, `htu`, `iat`, `jti`, and nothing else.
 4. It is of this corridor, method and path, and made no more than a minute ago or ahead.
 5. Its key is enrolled and not revoked, and signed it.
 6. It was not used before.
 7. Its holder's organisation has a seat in the agreement in force; which of the seat's keys, is of no matter.
There is no password and no session: nothing that the server keeps lets anybody in.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import GOVERNING
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.canonical import canonical, parse_canonical
from safeconduct.core.kernel.errors import Disproved, Malformed, Unavailable
from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.kernel.spelling import decode_base64url, print_base64url
from safeconduct.core.record.signature import thumbprint
from safeconduct.core.tlog.note import Signer
from safeconduct.core.tlog.signature import verify_ed25519
from safeconduct.service.ports import Store
from safeconduct.service.version import keyring_at

SCHEME = "Safeconduct"
TYP = "safeconduct-access"
WINDOW_S = 60
"""How far a token's time may be from ours, either way."""
NO_SEAT = "access.seat"
"""The rule that a token breaks whose holder is known and has no archive."""

_MAX_BYTES = 2048
_MEMBERS = {"aud", "htm", "htu", "iat", "jti"}
_JTI = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BEFORE_KID = b'{"alg":"Ed25519","kid":"'
_AFTER_KID = b'","typ":"%s"}' % TYP.encode()
_WHERE, _TOKEN = "Authorization", "access.token"
_MAKE_ANEW = "Make a new token for each request"
_MOST_REMEMBERED = 100_000


class Token(NamedTuple):
    """A token whose spelling holds. Whether anyone signed it is another question."""

    kid: str
    claims: dict[str, Any]
    message: bytes
    signature: bytes


def access_token(signer: Signer, *, cor: str, path: str, now: int, jti: str, method: str = "GET") -> str:
    """What stands in the header `Authorization`, for one request."""
    header = _BEFORE_KID + thumbprint(signer.public_key).encode() + _AFTER_KID
    claims = canonical({"aud": cor, "htm": method, "htu": path, "iat": now, "jti": jti})
    message = f"{print_base64url(header)}.{print_base64url(claims)}"
    return f"{SCHEME} {message}.{print_base64url(signer.sign(message.encode()))}"


def parse_token(header: str) -> Token:
    """Rules 1 to 3."""
    scheme, _, text = header.partition(" ")
    parts = text.encode("ascii", "replace").split(b".") if len(text) <= _MAX_BYTES else []
    decoded = [decode_base64url(part) for part in parts]
    if scheme != SCHEME or len(parts) != 3 or None in decoded:  # 1
        raise _malformed("this is no access token")
    head, body, signature = (part or b"" for part in decoded)
    kid = head.removeprefix(_BEFORE_KID).removesuffix(_AFTER_KID)
    if (
        len(head) != len(_BEFORE_KID) + len(kid) + len(_AFTER_KID) or len(decode_base64url(kid) or b"") != 32
    ):  # 2
        raise _malformed("the token's header has another form")
    try:
        claims = parse_canonical(body)  # 3
    except Malformed as error:
        raise _malformed(error.faults[0].message) from error
    if type(claims) is not dict or claims.keys() != _MEMBERS or len(signature) != 64:
        raise _malformed("the token has other members than aud, htm, htu, iat and jti, or no signature")
    if type(claims["iat"]) is not int or not _JTI.fullmatch(str(claims["jti"])):
        raise _malformed("iat is no integer, or jti no UUID in lower case")
    return Token(kid.decode(), claims, b".".join(parts[:2]), signature)


def _malformed(message: str) -> Malformed:
    step = f"Write: {SCHEME} HEADER.PAYLOAD.SIGNATURE, as in the archive's specification"
    return Malformed(message, where=_WHERE, next_step=step, rule=_TOKEN)


@dataclass(slots=True)
class Used:
    """The tokens that were used and are not too old yet to be used again."""

    most: int = _MOST_REMEMBERED
    _known: dict[tuple[str, str], object] = field(default_factory=dict, repr=False)
    _order: deque[tuple[int, tuple[str, str]]] = field(default_factory=deque, repr=False)

    def is_first(self, token: Token, now: int) -> bool:
        """Whether it was not used before; from now on it was. Of two threads with one token, one is first."""
        self._forget(now - 2 * WINDOW_S)
        if len(self._known) >= self.most:
            raise Unavailable("too many requests within two minutes", next_step="Repeat in two minutes")
        name, mine = (token.kid, token.claims["jti"]), object()
        first = self._known.setdefault(name, mine) is mine
        if first:
            self._order.append((now, name))
        return first

    def _forget(self, before: int) -> None:
        while self._order:
            try:
                used, name = self._order.popleft()
            except IndexError:  # another thread was faster
                return
            if used >= before:
                self._order.appendleft((used, name))
                return
            self._known.pop(name, None)


class Readers:
    """Says for a request which seat's archive may be read: one for a process, it remembers what was used."""

    def __init__(self, founding: Founding, store: Store) -> None:
        """Reads nothing yet."""
        self._founding, self._store = founding, store
        self._used = Used()
        self._ring: tuple[int, int, Keyring] | None = None

    def seat_of(self, authorization: str, *, method: str, path: str, now: int) -> str:
        """The seat; Malformed or Disproved say what is wrong with the token."""
        token = parse_token(authorization)
        claims = token.claims
        ours = (self._founding.cor, self._founding.identifier)  # of a successor both are known
        if claims["aud"] not in ours or (claims["htm"], claims["htu"]) != (method, path):  # 4
            raise _disproved("the token is for another corridor, method or path", _MAKE_ANEW)
        if abs(claims["iat"] - now) > WINDOW_S:
            raise _disproved(
                f"the token was made more than {WINDOW_S} s from now",
                f"Set the clock: here it is {print_instant(now)}",
            )
        ring = self._keyring()
        key = ring.keys.get(token.kid)
        if key is None or ring.is_revoked(token.kid):  # 5
            raise _disproved(
                "the token's key is not enrolled, or was revoked", "Use a key of your seat that is good"
            )
        if not verify_ed25519(key.public_key, token.message, token.signature):
            raise _disproved("the token's signature fails", _MAKE_ANEW)
        if not self._used.is_first(token, now):  # 6
            raise _disproved("this token was used already", _MAKE_ANEW)
        if key.organisation not in ring.version.agreement.seats:  # 7
            raise Disproved(
                f"{key.holder} is of no seat of the agreement, so there is no archive for it",
                where=_WHERE,
                next_step="Read the public's archive, or ask the seat that enrolled you",
                rule=NO_SEAT,
            )
        return key.organisation

    def _keyring(self) -> Keyring:
        """The keys as the whole log leaves them; folded again only when there are new records about them."""
        size = self._store.size()
        known = self._ring
        if known is None or known[0] != size:
            count = sum(1 for _ in self._store.of_kinds(GOVERNING, size))
            ring = known[2] if known and known[1] == count else keyring_at(self._founding, self._store, size)
            self._ring = known = size, count, ring
        return known[2]


def _disproved(message: str, next_step: str) -> Disproved:
    return Disproved(message, where=_WHERE, next_step=next_step, rule=_TOKEN)
