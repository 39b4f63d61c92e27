"""Which version of the agreement is in force."""

from __future__ import annotations

from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import GOVERNING, keyring_of
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.record.entry import Entry, parse_entry, verify_entry
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.service.ports import Store


def version_in_force(founding: Founding, store: Store, size: int) -> int:
    """The version in force over the first `size` entries; without an amendment, the founding's."""
    if next(store.of_kinds({"amendment"}, size), None) is None:
        return founding.agreement.version
    return keyring_at(founding, store, size).version_at(size).agreement.version


def keyring_at(founding: Founding, store: Store, size: int) -> Keyring:
    """Keys, versions and consents as the first `size` entries leave them."""
    records = [(index, parse_entry(text)) for index, text in store.of_kinds(GOVERNING, size)]
    keys = {thumbprint(seat.public_key): seat.public_key for seat in founding.seats if seat.public_key}
    for _, entry in records:
        if entry.evt == "key":
            public_key = public_key_of(entry.payload["cnf"]["jwk"])
            keys[thumbprint(public_key)] = public_key  # a kid vouches for its key
    return keyring_of(founding, [(index, entry) for index, entry in records if _is_signed(entry, keys)])


def _is_signed(entry: Entry, keys: dict[str, bytes]) -> bool:
    return entry.kid in keys and verify_entry(entry, keys[entry.kid])
