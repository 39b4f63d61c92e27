"""Which version of the agreement is in force, and who may sign."""

from __future__ import annotations

from safeconduct.core.agreement.agreement import Agreement
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import GOVERNING, keyring_of
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.service.ports import StoredLog


def agreements_until(founding: Founding, store: StoredLog, size: int) -> tuple[Agreement, ...]:
    """Those that came into force in the first `size` entries, oldest first; the last is in force."""
    if next(store.of_kinds({"amendment"}, size), None) is None:
        return (founding.agreement,)
    return tuple(version.agreement for version in keyring_at(founding, store, size).versions)


def version_in_force(founding: Founding, store: StoredLog, size: int) -> int:
    """The version in force over the first `size` entries; without an amendment, the founding's."""
    return agreements_until(founding, store, size)[-1].version


def keyring_at(founding: Founding, store: StoredLog, size: int) -> Keyring:
    """Keys, versions and consents as the first `size` entries leave them.

    Anybody may have had these records logged: those of nobody, or of another corridor, count as little here as they
    do with the auditor.
    """
    records = [(index, parse_entry(text)) for index, text in store.of_kinds(GOVERNING, size)]
    ours = [(index, entry) for index, entry in records if entry.cor == founding.cor]
    keys = {thumbprint(seat.public_key): seat.public_key for seat in founding.seats if seat.public_key}
    for _, entry in ours:
        if entry.evt == "key":
            keys.update(_key_of(entry))
    return keyring_of(founding, [(index, entry) for index, entry in ours if _is_signed(entry, keys)])


def may_sign(ring: Keyring, index: int, entry: Entry) -> bool:
    """Whether a record of the log is by a key that may sign it."""
    enrolment = ring.keys.get(entry.kid)
    if enrolment is None or entry.cor != ring.founding.cor or not verify_entry(entry, enrolment.public_key):
        return False
    return not any(rule.startswith("key.") for rule in ring.broken_by(entry, index, seen=None))


def _key_of(entry: Entry) -> dict[str, bytes]:
    """The key in a `key` record, by name: a kid vouches for its key. None where it is not acceptable."""
    try:
        public_key = public_key_of(entry.payload["cnf"]["jwk"])
    except Malformed:
        return {}
    return {thumbprint(public_key): public_key}


def _is_signed(entry: Entry, keys: dict[str, bytes]) -> bool:
    return entry.kid in keys and verify_entry(entry, keys[entry.kid])
