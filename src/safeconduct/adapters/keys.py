"""Ed25519 private keys in files: one JWK (RFC 8037) each, readable by their owner only."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safeconduct.adapters.files import read_file, reading, write_new, writing
from safeconduct.core.kernel.errors import Malformed, Unavailable
from safeconduct.core.kernel.spelling import parse_base64url, print_base64url
from safeconduct.core.tlog.signature import acceptable_key

_MOST = 65_536
_MAKE_ONE = "Make a key with: safeconduct key new FILE"


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """A private key that signs. Its seed is never printed."""

    seed: bytes = field(repr=False)
    public_key: bytes = field(init=False)
    _private: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        object.__setattr__(self, "_private", private)
        object.__setattr__(self, "public_key", private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""
        return self._private.sign(message)


def print_key(key: Ed25519Key) -> str:
    """The private JWK, one line."""
    members = {"crv": "Ed25519", "d": print_base64url(key.seed), "kty": "OKP"}
    return json.dumps({**members, "x": print_base64url(key.public_key)}) + "\n"


def print_public_key(public_key: bytes) -> str:
    """The public JWK, one line."""
    return json.dumps({"crv": "Ed25519", "kty": "OKP", "x": print_base64url(public_key)}) + "\n"


def write_key(path: Path, key: Ed25519Key) -> None:
    """The private key at `path`, 0600; refuses to overwrite."""
    write_new(path, print_key(key).encode(), mode=0o600)


def read_key(path: Path) -> Ed25519Key:
    """The private key in the file `path`."""
    jwk = _read_jwk(path)
    if "d" not in jwk:
        raise Malformed("this is a public key", where=str(path), next_step="Name the private key's file")
    with reading(path):
        mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise Malformed(
            "others can read this private key", where=str(path), next_step=f"Run: chmod 600 {path}"
        )
    key = Ed25519Key(_member(jwk, "d", path))
    if _member(jwk, "x", path) != key.public_key:
        raise Malformed("x is not the public half of d", where=str(path), next_step=_MAKE_ONE)
    return key


def read_public_key(path: Path) -> bytes:
    """The public half of the key in the file `path`, which may be a private key's file too."""
    public_key = _member(_read_jwk(path), "x", path)
    if not acceptable_key(public_key):
        raise Malformed("this point is no acceptable Ed25519 key", where=str(path), next_step=_MAKE_ONE)
    return public_key


def _read_jwk(path: Path) -> dict[str, Any]:
    data = read_file(path, most=_MOST)
    try:
        jwk = json.loads(data.decode(), object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        jwk = None
    if not isinstance(jwk, dict) or jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        raise Malformed("this is not an Ed25519 key in JWK form", where=str(path), next_step=_MAKE_ONE)
    return jwk


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands twice one reader takes the first value, another the last."""
    if len(dict(members)) != len(members):
        raise ValueError
    return dict(members)


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _member(jwk: dict[str, Any], name: str, path: Path) -> bytes:
    value = jwk.get(name)
    raw = parse_base64url(value, where=f"{path}: {name}") if isinstance(value, str) else b""
    if len(raw) != 32:
        raise Malformed(f"{name} is not 32 bytes in base64url", where=str(path), next_step=_MAKE_ONE)
    return raw


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """The keys in one folder: the key called `log` is the file `log.jwk`."""

    folder: Path

    def signer(self, name: str) -> Ed25519Key:
        """The key called `name`."""
        path = self.folder / f"{name}.jwk"
        with reading(path):
            if not path.exists():
                message = f"the private key {name!r} is not here"
                raise Unavailable(message, where=str(path), next_step=_BRING_IT)
        return read_key(path)

    def keep(self, name: str, key: Ed25519Key) -> None:
        """Writes a new key; refuses to overwrite."""
        with writing(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_key(self.folder / f"{name}.jwk", key)

    def names(self) -> tuple[str, ...]:
        """Every key that is here."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.jwk")))


_BRING_IT = "Run this on the machine that holds the key, or bring its file back from your copy"
