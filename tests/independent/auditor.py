"""A second auditor, from the specifications alone: hashlib, json and `cryptography`, nothing of safeconduct.

    python auditor.py ARCHIVE-FOLDER

Checks what everything else rests on: the tree against the signed head and every tile, the cosignatures, the
founding record's hash, each record's spelling and signature, who enrolled its key, the chain of each key, and
the heads that records say they saw.
"""

import base64
import collections
import hashlib
import json
import pathlib
import struct
import sys
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = Any
Record = tuple[str, Json, bytes, bytes]  # kid, payload, what was signed, signature
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
LOW_ORDER = {0, 1, P - 1} | {
    int.from_bytes(bytes.fromhex(y), "little")
    for y in (
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}


class Wrong(Exception):
    """The archive is not what was signed."""


def demand(holds: object, what: str) -> None:
    if not holds:
        raise Wrong(what)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, level by level: an odd last node moves up unchanged."""
    level = list(leaves) or [sha256(b"")]
    while len(level) > 1:
        pairs = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return level[0]


def acceptable(point: bytes) -> bool:
    """Canonical, not of low order: decided on the bytes."""
    y = int.from_bytes(point, "little") & (2**255 - 1)
    return len(point) == 32 and y < P and y not in LOW_ORDER


def signed(key: bytes, message: bytes, signature: bytes) -> bool:
    good = len(signature) == 64 and acceptable(key) and acceptable(signature[:32])
    if not good or int.from_bytes(signature[32:], "little") >= L:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def unbase64url(text: str) -> bytes:
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    demand(
        base64.urlsafe_b64encode(value).rstrip(b"=").decode() == text, f"not canonical base64url: {text[:40]}"
    )
    return value


def thumbprint(x: str) -> str:
    """RFC 7638 over an OKP key."""
    text = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return base64.urlsafe_b64encode(sha256(text.encode())).rstrip(b"=").decode()


def tile_path(level: int | str, index: int, width: int) -> str:
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/" + "/".join(groups) + (f".p/{width}" if width < 256 else "")


def tile_widths(count: int) -> Iterator[tuple[int, int]]:
    yield from ((index, min(256, count - 256 * index)) for index in range((count + 255) // 256))


def read_entries(folder: pathlib.Path, size: int) -> list[bytes]:
    entries = []
    for index, width in tile_widths(size):
        data, place = (folder / tile_path("entries", index, width)).read_bytes(), 0
        for _ in range(width):
            (length,) = struct.unpack_from(">H", data, place)
            entries.append(data[place + 2 : place + 2 + length])
            place += 2 + length
        demand(place == len(data), f"bundle {index} has bytes left over")
    return entries


def check_tiles(folder: pathlib.Path, leaves: list[bytes]) -> None:
    """Every hash tile of this size holds what the leaves give."""
    level, hashes = 0, leaves
    while hashes:
        for index, width in tile_widths(len(hashes)):
            path = tile_path(level, index, width)
            demand((folder / path).read_bytes() == b"".join(hashes[256 * index :][:width]), f"{path} differs")
        hashes = [root_of(hashes[at : at + 256]) for at in range(0, len(hashes) - 255, 256)]
        level += 1


def parse_note(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    body, separator, tail = text.rpartition("\n\n")
    demand(separator and tail.endswith("\n"), "a note without signatures")
    lines = []
    for line in tail[:-1].split("\n"):
        dash, name, blob = line.split(" ")
        demand(dash == "\u2014", "a signature line without its dash")
        lines.append((name, base64.b64decode(blob, validate=True)))
    return body + "\n", lines


def parse_vkey(text: str) -> tuple[str, bytes, int, bytes]:
    name, key_id, rest = text.split("+", 2)
    blob = base64.b64decode(rest, validate=True)
    demand(sha256(name.encode() + b"\n" + blob)[:4].hex() == key_id, f"the key ID of {name} is not its hash")
    return name, bytes.fromhex(key_id), blob[0], blob[1:]


def check_note(text: str, founding: Json) -> tuple[int, bytes, list[int]]:
    """Origin, size, root and the times at which witnesses cosigned; every line must verify."""
    body, lines = parse_note(text)
    origin, size, root = body[:-1].split("\n")
    keys = {(v[0], v[1]): v for v in map(parse_vkey, [founding["log"]["vkey"], *founding["witnesses"]])}
    times, by_log = [], False
    for name, blob in lines:
        demand((name, blob[:4]) in keys, f"a line of the unknown key {name}")
        kind, key = keys[name, blob[:4]][2:]
        if kind == 1:
            demand(signed(key, body.encode(), blob[4:]), "the log's signature fails")
            by_log = True
        else:
            (time,) = struct.unpack(">Q", blob[4:12])
            message = f"cosignature/v1\ntime {time}\n{body}".encode()
            demand(kind == 4 and signed(key, message, blob[12:]), f"the cosignature of {name} fails")
            times.append(time)
    demand(by_log and origin == founding["log"]["origin"], "the log did not sign this head")
    return int(size), base64.b64decode(root, validate=True), sorted(times)


def parse_record(entry: bytes) -> Record:
    head, body, signature = entry.decode("ascii").split(".")
    kid, text = json.loads(unbase64url(head))["kid"], unbase64url(body)
    spelled = f'{{"alg":"Ed25519","kid":"{kid}","typ":"safeconduct-record+sd-jwt"}}'
    demand(unbase64url(head) == spelled.encode(), "a header in another spelling")
    payload = json.loads(text, parse_float=lambda number: demand(False, f"a float: {number}"))
    printed = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    demand(printed.encode() == text, "a payload that prints back differently")
    return kid, payload, f"{head}.{body}".encode(), unbase64url(signature)


def collect_keys(founding: Json, records: list[Record]) -> Json:
    """kid → (public key, iss, first index). A kid is the hash of its key, so it vouches for itself."""
    held = [(seat["jwk"], f"{seat['seat']}/root", 0) for seat in founding["seats"] if "jwk" in seat]
    held.append((founding["service"]["jwk"], "log/service", 1))
    for index, (_, payload, *_) in enumerate(records):
        if payload["evt"] == "key":
            held.append((payload["cnf"]["jwk"], payload["holder"], index + 1))
    return {thumbprint(jwk["x"]): (unbase64url(jwk["x"]), iss, first) for jwk, iss, first in reversed(held)}


def check_records(cor: str, keys: Json, records: list[Record], leaves: list[bytes]) -> Json:
    chains: dict[str, dict[int, tuple[str, str]]] = collections.defaultdict(dict)
    roots: dict[int, str] = {}
    for index, (kid, payload, message, signature) in enumerate(records):
        at = f"entry {index}"
        key, iss, first = keys[kid]
        demand(signed(key, message, signature), f"{at}: the signature fails")
        demand(
            payload["iss"] == iss and index >= first, f"{at}: {payload['iss']} is not who holds this key yet"
        )
        demand(index == 0 or payload["cor"] == cor, f"{at}: of another corridor")
        demand(payload["seq"] not in chains[kid], f"{at}: a second record with one number")
        chains[kid][payload["seq"]] = payload["prev"], leaves[index].hex()
        if seen := payload.get("seen"):
            demand(seen["size"] <= index, f"{at}: saw a head from after it")
            size = seen["size"]
            roots[size] = roots.get(size) or root_of(leaves[:size]).hex()
            demand(seen["root"] == roots[size], f"{at}: saw another tree")
    for kid, chain in chains.items():
        for seq in range(max(chain) + 1):
            demand(seq in chain, f"{kid} left out record {seq}")
            if seq:
                demand(chain[seq][0] == chain[seq - 1][1], f"{kid}: record {seq} follows another one")
    return chains


def audit(folder: pathlib.Path) -> Json:
    """What the archive in `folder` says; raises Wrong where it contradicts itself."""
    text = (folder / "checkpoint").read_text(encoding="utf-8")
    size = int(text.split("\n")[1])
    entries = read_entries(folder, size)
    founding = parse_record(entries[0])[1]
    _, root, times = check_note(text, founding)
    leaves = [sha256(b"\x00" + entry) for entry in entries]
    demand(root_of(leaves) == root, "the entries do not give the signed root")
    check_tiles(folder, leaves)
    records = [parse_record(entry) for entry in entries]
    cor = hashlib.sha256(entries[0]).hexdigest()
    keys = collect_keys(founding, records)
    chains = check_records(cor, keys, records, leaves)
    kinds = collections.Counter(payload["evt"] for _, payload, *_ in records)
    return {
        "corridor": cor,
        "size": size,
        "root": root.hex(),
        "cosigned_by": len(times),
        "time": times[founding["quorum"] - 1]
        if founding["quorum"] and len(times) >= founding["quorum"]
        else None,
        "kinds": dict(kinds),
        "keys": len(chains),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(audit(pathlib.Path(sys.argv[1])), indent=1, sort_keys=True) + "\n")
