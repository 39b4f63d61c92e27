import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from safeconduct.core.tlog.signature import (
    SeedSigner,
    acceptable_key,
    mldsa44_public_key,
    verify_ed25519,
    verify_mldsa44,
)

SIGNER = SeedSigner(bytes(range(32)))
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD = 2**255 - 19


def little(number: int) -> bytes:
    return number.to_bytes(32, "little")


def test_a_signature_verifies_for_its_message_and_key_only() -> None:
    signature = SIGNER.sign(b"one")
    assert verify_ed25519(SIGNER.public_key, b"one", signature)
    assert not verify_ed25519(SIGNER.public_key, b"two", signature)
    assert not verify_ed25519(SeedSigner(bytes(32)).public_key, b"one", signature)


def test_the_same_seed_gives_the_same_signature() -> None:
    # RFC 8032 §7.1, test 1
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = SeedSigner(seed)
    assert signer.public_key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert (
        signer.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    )


def test_s_and_s_plus_the_group_order_are_not_two_signatures_of_one_message() -> None:
    signature = SIGNER.sign(b"one")
    again = signature[:32] + little(int.from_bytes(signature[32:], "little") + GROUP_ORDER)
    assert not verify_ed25519(SIGNER.public_key, b"one", again)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    assert not verify_ed25519(SIGNER.public_key, b"one", SIGNER.sign(b"one").ljust(65, b"\0")[:length])


def test_the_identity_point_is_no_key_though_it_would_verify_every_message() -> None:
    identity = little(1)
    anything = identity + bytes(32)
    assert not acceptable_key(identity)
    assert not verify_ed25519(identity, b"whatever", anything)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(little(1 << 255 | 1), id="identity with the sign of a negative zero"),
        pytest.param(little(FIELD - 1), id="order 2"),
        pytest.param(little(0), id="order 4"),
        pytest.param(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), id="order 8"
        ),
        pytest.param(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
            id="order 8, too",
        ),
        pytest.param(little(FIELD), id="not reduced"),
        pytest.param(little(FIELD + 3), id="not reduced, of a large order"),
        pytest.param(little(2), id="no point has this y"),
        pytest.param(b"short", id="too short"),
    ],
)
def test_a_point_on_which_verifiers_disagree_is_neither_key_nor_half_a_signature(point: bytes) -> None:
    assert not acceptable_key(point)
    assert not verify_ed25519(SIGNER.public_key, b"one", point.ljust(32, b"\0") + SIGNER.sign(b"one")[32:])


def test_ml_dsa_verifies_for_its_message_and_key_only() -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    key, signature = mldsa44_public_key(bytes(32)), private.sign(b"one")
    assert verify_mldsa44(key, b"one", signature)
    assert not verify_mldsa44(key, b"two", signature)
    assert not verify_mldsa44(key, b"one", signature[:-1])
    assert not verify_mldsa44(key[:-1], b"one", signature)
