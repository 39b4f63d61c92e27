"""Any bytes: a value that prints back, or Malformed; never another exception."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.signature import SeedSigner
from safeconduct.core.tlog.tiles import Tile, pack_bundle, split_bundle

SIGNER = SeedSigner(b"L" * 32)
KEY = VerifierKey.of("log.example", KeyType.ED25519, SIGNER.public_key)
WITNESS = VerifierKey.of("w.example", KeyType.COSIGNATURE, SeedSigner(b"W" * 32).public_key)
HEAD = Checkpoint("log.example", 3, b"r" * 32).print()
NOTE = Note(HEAD, (sign_note(HEAD, KEY, SIGNER),))


def policy_again(data: bytes) -> bytes:
    """Comments and spaces go; what is printed says the same."""
    policy = Policy.parse(data)
    assert Policy.parse(policy.print().encode("utf-8", "surrogateescape")) == policy
    return data


READERS: dict[str, tuple[Callable[[bytes], bytes], bytes]] = {
    "note": (lambda data: Note.parse(data).print().encode(), NOTE.print().encode()),
    "key": (lambda data: str(VerifierKey.parse(data.decode("latin-1"))).encode("latin-1"), str(KEY).encode()),
    "head": (lambda data: Checkpoint.parse(data.decode("latin-1")).print().encode("latin-1"), HEAD.encode()),
    "receipt": (
        lambda data: Receipt.parse(data).print().encode(),
        Receipt(1, (b"a" * 32, b"b" * 32), NOTE, b"x").print().encode(),
    ),
    "policy": (policy_again, f"log {KEY}\nwitness w {WITNESS}\ngroup g 1 w\nquorum g\n".encode()),
    "path": (lambda data: Tile.parse(data.decode("latin-1")).path.encode(), b"tile/0/x001/234.p/89"),
    "bundle": (lambda data: pack_bundle(split_bundle(data, 3)), pack_bundle([b"", b"one", b"two"])),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_print_back_or_are_malformed(name: str, data: st.DataObject) -> None:
    read, good = READERS[name]
    assert read(good) == good
    start = data.draw(st.integers(0, len(good)))
    stop = data.draw(st.integers(start, min(len(good), start + 3)))
    spoilt = good[:start] + data.draw(st.binary(max_size=4)) + good[stop:]
    for each in (spoilt, data.draw(st.binary(max_size=80))):
        with suppress(Malformed):
            assert read(each) == each
