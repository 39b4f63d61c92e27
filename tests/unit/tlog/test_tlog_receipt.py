import pytest

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.signature import SeedSigner
from safeconduct.core.tlog.tree import leaf_hash, root

ENTRIES = [b"one", b"two"]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
LOG, WITNESS = SeedSigner(b"L" * 32), SeedSigner(b"W" * 32)
LOG_KEY = VerifierKey.of("log.example", KeyType.ED25519, LOG.public_key)
WITNESS_KEY = VerifierKey.of("w.example", KeyType.COSIGNATURE, WITNESS.public_key)
TEXT = Checkpoint("log.example", 2, root(LEAVES)).print()
SIGNED = sign_note(TEXT, LOG_KEY, LOG)
COSIGNED = cosign(TEXT, WITNESS_KEY, WITNESS, time=1_700_000_000)
POLICY = Policy.parse(f"log {LOG_KEY}\nwitness w {WITNESS_KEY}\nquorum w\n".encode())
LOGGED_RECEIPT = Receipt(0, (LEAVES[1],), Note(TEXT, (SIGNED,)))
RECEIPT = Receipt(0, (LEAVES[1],), Note(TEXT, (SIGNED, COSIGNED)), b"extra")
DATA = RECEIPT.print().encode()


def test_a_receipt_prints_back() -> None:
    assert Receipt.parse(DATA) == RECEIPT
    assert Receipt.parse(LOGGED_RECEIPT.print().encode()) == LOGGED_RECEIPT


def test_it_has_two_grades() -> None:
    assert LOGGED_RECEIPT.check(b"one", POLICY) == "logged"
    assert RECEIPT.check(b"one", POLICY) == "cosigned"


def test_it_holds_for_its_entry_and_place_only() -> None:
    with pytest.raises(Disproved):
        RECEIPT.check(b"two", POLICY)
    with pytest.raises(Disproved):
        Receipt(1, RECEIPT.proof, RECEIPT.note).check(b"one", POLICY)


def test_what_stands_in_extra_changes_nothing() -> None:
    assert Receipt(0, RECEIPT.proof, RECEIPT.note, b"lies").check(b"one", POLICY) == "cosigned"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        DATA.replace(b"@v1", b"@v2"),
        DATA.replace(b"index 0", b"index 00"),
        DATA.replace(b"index 0\n", b""),
        DATA.replace(b"extra ZXh0cmE=\nindex 0", b"index 0\nextra ZXh0cmE="),
        DATA.replace(b"ZXh0cmE=", b"ZXh0cmF="),
        DATA.replace(b"index 0\n", b"index 0\nAAAA\n"),
        DATA.replace(b"index 0\n", b"index 0\n" + b"A" * 43 + b"=\n" + (b"A" * 43 + b"=\n") * 63),
        DATA.replace(b"index 0\n", b"index 0\r\n"),
        DATA.replace(b"\n\n", b"\n"),
        DATA[:-1],
        DATA.replace(b"index", b"ind\xffx"),
        DATA + b"x" * 2_000_000,
    ],
)
def test_a_receipt_that_we_would_not_write_is_not_read(data: bytes) -> None:
    with pytest.raises(Malformed):
        Receipt.parse(data)
