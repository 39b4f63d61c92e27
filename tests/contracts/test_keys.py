from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.adapters.keys import (
    Ed25519Key,
    KeyFolder,
    print_key,
    print_public_key,
    read_key,
    read_public_key,
    write_key,
)
from safeconduct.core.kernel.errors import Conflict, Malformed, SafeconductError, Unavailable
from safeconduct.core.tlog.signature import verify_ed25519


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


KEY = Ed25519Key(bytes(range(32)))


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    folder = KeyFolder(tmp_path / "keys")
    folder.keep("log", KEY)
    return folder


def test_1_a_held_key_signs_and_is_always_the_same(keys: KeyFolder) -> None:
    signer = keys.signer("log")
    assert signer == keys.signer("log") == KEY
    assert verify_ed25519(KEY.public_key, b"message", signer.sign(b"message"))
    assert keys.names() == ("log",)


def test_2_a_key_that_is_not_held_is_unavailable(keys: KeyFolder) -> None:
    with pytest.raises(Unavailable, match="'service' is not here"):
        keys.signer("service")


def test_a_private_key_is_readable_by_its_owner_only(keys: KeyFolder) -> None:
    assert stat.S_IMODE((keys.folder / "log.jwk").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700


def test_a_private_key_that_others_can_read_is_refused_with_the_command_that_helps(keys: KeyFolder) -> None:
    path = keys.folder / "log.jwk"
    path.chmod(0o640)
    with pytest.raises(Malformed, match=f"chmod 600 {path}"):
        keys.signer("log")


def test_a_key_is_never_overwritten(keys: KeyFolder) -> None:
    with pytest.raises(Conflict, match="nothing is overwritten"):
        keys.keep("log", Ed25519Key(bytes(32)))
    assert keys.signer("log") == KEY
    assert names(keys.folder) == ["log.jwk"]


def test_the_seed_is_in_no_representation() -> None:
    assert repr(KEY) == f"Ed25519Key(public_key={KEY.public_key!r})"


def test_a_public_key_is_read_from_either_file(tmp_path: Path) -> None:
    (tmp_path / "public").write_text(print_public_key(KEY.public_key))
    write_key(tmp_path / "private", KEY)
    assert read_public_key(tmp_path / "public") == read_public_key(tmp_path / "private") == KEY.public_key


def test_a_public_key_does_not_pass_as_a_private_one(tmp_path: Path) -> None:
    (tmp_path / "public").write_text(print_public_key(KEY.public_key))
    with pytest.raises(Malformed, match="public key"):
        read_key(tmp_path / "public")


def test_a_file_whose_halves_do_not_belong_together_is_refused(tmp_path: Path) -> None:
    jwk = json.loads(print_key(KEY))
    jwk["x"] = json.loads(print_key(Ed25519Key(bytes(32))))["x"]
    path = tmp_path / "mixed"
    path.write_text(json.dumps(jwk))
    path.chmod(0o600)
    with pytest.raises(Malformed, match="public half"):
        read_key(path)


def test_a_low_order_public_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "identity").write_text(print_public_key(b"\x01" + bytes(31)))
    with pytest.raises(Malformed, match="acceptable"):
        read_public_key(tmp_path / "identity")


def test_a_file_that_is_not_there_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file"):
        read_public_key(tmp_path / "nothing")
    with pytest.raises(Malformed, match="not a file"):
        read_public_key(tmp_path)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=60),
            lambda inner: st.dictionaries(st.sampled_from(["kty", "crv", "x", "d"]), inner) | st.lists(inner),
        ).map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {"kty": st.just("OKP"), "crv": st.just("Ed25519"), "x": st.text(max_size=50), "d": st.text()}
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_file_is_a_key_or_malformed(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-key"
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(0o600)
    for reader in (read_key, read_public_key):
        try:
            reader(path)
        except SafeconductError as error:
            assert isinstance(error, Malformed)  # noqa: PT017 - nothing or this
