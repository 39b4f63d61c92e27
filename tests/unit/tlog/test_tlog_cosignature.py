import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import claimed_time, cosign, cosigned_by, verify_cosignature
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey
from safeconduct.core.tlog.signature import SeedSigner

NOON = 1_700_000_000
TEXT = Checkpoint("log.example", 3, b"r" * 32).print()
NORTH = SeedSigner(b"N" * 32)
NORTH_KEY = VerifierKey.of("north.example", KeyType.COSIGNATURE, NORTH.public_key)


class LatticeSigner:
    """ML-DSA-44, whose signatures differ from one to the next."""

    def __init__(self) -> None:
        self._private = MLDSA44PrivateKey.from_seed_bytes(b"S" * 32)
        self.public_key = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


SOUTH = LatticeSigner()
SOUTH_KEY = VerifierKey.of("south.example", KeyType.MLDSA_COSIGNATURE, SOUTH.public_key)
BOTH: list[tuple[VerifierKey, SeedSigner | LatticeSigner]] = [(NORTH_KEY, NORTH), (SOUTH_KEY, SOUTH)]


@pytest.mark.parametrize(("key", "signer"), BOTH)
def test_a_witness_says_when_it_saw_the_head(key: VerifierKey, signer: SeedSigner | LatticeSigner) -> None:
    line = cosign(TEXT, key, signer, time=NOON)
    assert verify_cosignature(TEXT, key, line) == NOON
    assert cosigned_by(Note(TEXT, (line,)), [NORTH_KEY, SOUTH_KEY]) == {key: NOON}


@pytest.mark.parametrize(("key", "signer"), BOTH)
@pytest.mark.parametrize("change", ["time", "head", "signature", "length", "name"])
def test_nothing_of_it_can_be_changed(
    key: VerifierKey, signer: SeedSigner | LatticeSigner, change: str
) -> None:
    line, text = cosign(TEXT, key, signer, time=NOON), TEXT
    match change:
        case "time":
            line = Signature(line.name, line.key_id, (NOON + 1).to_bytes(8, "big") + line.blob[8:])
        case "head":
            text = TEXT.replace("\n3\n", "\n4\n")
        case "signature":
            line = Signature(line.name, line.key_id, line.blob[:-1] + b"\xff")
        case "length":
            line = Signature(line.name, line.key_id, line.blob + b"\0")
        case "name":
            line = Signature("another.example", line.key_id, line.blob)
    with pytest.raises(Disproved, match="fails"):
        verify_cosignature(text, key, line)


def test_type_04_covers_an_extension_line_and_type_06_does_not() -> None:
    one, two = (cosign(TEXT, key, signer, time=NOON) for key, signer in BOTH)
    with pytest.raises(Disproved):
        verify_cosignature(TEXT + "extension\n", NORTH_KEY, one)
    assert verify_cosignature(TEXT + "extension\n", SOUTH_KEY, two) == NOON


def test_a_witness_counts_once_with_its_earliest_time() -> None:
    lines = tuple(cosign(TEXT, NORTH_KEY, NORTH, time=time) for time in (NOON + 60, NOON, NOON + 120))
    assert cosigned_by(Note(TEXT, lines), [NORTH_KEY]) == {NORTH_KEY: NOON}


def test_a_time_of_0_verifies_and_does_not_count() -> None:
    signature = NORTH.sign(f"cosignature/v1\ntime 0\n{TEXT}".encode())
    line = Signature(NORTH_KEY.name, NORTH_KEY.key_id, bytes(8) + signature)
    assert verify_cosignature(TEXT, NORTH_KEY, line) == 0
    assert cosigned_by(Note(TEXT, (line,)), [NORTH_KEY]) == {}


def test_a_time_beyond_63_bits_is_no_time() -> None:
    assert claimed_time(Signature("w", b"0000", b"\xff" * 72)) is None
    assert claimed_time(Signature("w", b"0000", b"\x7f" + b"\xff" * 71)) == 2**63 - 1


@pytest.mark.parametrize("time", [0, -1, 2**63])
def test_nobody_cosigns_at_a_time_that_cannot_be(time: int) -> None:
    with pytest.raises(Malformed, match="clock"):
        cosign(TEXT, NORTH_KEY, NORTH, time=time)


def test_nobody_cosigns_with_a_key_that_is_not_his_or_that_signs_notes() -> None:
    with pytest.raises(Malformed, match="not the key of this signer"):
        cosign(TEXT, SOUTH_KEY, NORTH, time=NOON)
    with pytest.raises(Malformed, match="not a key that cosigns"):
        cosign(TEXT, VerifierKey.of("n", KeyType.ED25519, NORTH.public_key), NORTH, time=NOON)


def test_a_name_of_256_bytes_does_not_fit_in_what_type_06_signs() -> None:
    long = VerifierKey.of("n" * 256, KeyType.MLDSA_COSIGNATURE, SOUTH.public_key)
    with pytest.raises(Malformed, match="too long"):
        cosign(TEXT, long, SOUTH, time=NOON)


def test_one_key_under_two_names_is_not_two_witnesses() -> None:
    alias = VerifierKey.of("alias.example", KeyType.COSIGNATURE, NORTH.public_key)
    with pytest.raises(Malformed, match="twice"):
        cosigned_by(Note(TEXT, ()), [NORTH_KEY, alias])
