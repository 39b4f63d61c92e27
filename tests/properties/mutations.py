"""Valid proofs, each with something changed, seeded: none of them may be accepted.

`python -m tests.properties.mutations 1000000` plays so many, and counts what became of them, kind by kind.

What is changed is what whoever hands in a proof can choose: the hashes of the way, the place, the leaf, the roots, any
byte of a note, its lines, their times. A size is signed with its root in a head: no proof says it, none is asked.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import TypeAlias

from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import TIME_BYTES, cosign, verify_cosignature
from safeconduct.core.tlog.note import KeyType, Note, Signature, VerifierKey, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.proofs import consistency_proof, inclusion_proof, root_at
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.signature import SeedSigner
from safeconduct.core.tlog.tiles import Tile, hash_tiles
from safeconduct.core.tlog.tree import HASH_BYTES, leaf_hash, verify_consistency, verify_inclusion
from tests.unit.tlog.test_tlog_cosignature import LatticeSigner

Verdict: TypeAlias = str
"""`accepted`, or how it was refused."""

SIZE = 700
ENTRIES = [b"entry %d" % index for index in range(SIZE)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
_TILES = {(tile.level, tile.index): data for tile, data in hash_tiles(LEAVES)}
_ALPHABET = b"AZaz09+/= .-\n\t\r\0\x7f\x80\xc3\xff\xe2\x80\x94"
_POOL = 24

LOG, NORTH, EAST, SOUTH = (
    SeedSigner(b"L" * 32),
    SeedSigner(b"N" * 32),
    SeedSigner(b"E" * 32),
    LatticeSigner(),
)
LOG_KEY = VerifierKey.of("log.example", KeyType.ED25519, LOG.public_key)
WITNESSES = (
    (VerifierKey.of("north.example/witness", KeyType.COSIGNATURE, NORTH.public_key), NORTH),
    (VerifierKey.of("east.example/witness", KeyType.COSIGNATURE, EAST.public_key), EAST),
    (VerifierKey.of("south.example/witness", KeyType.MLDSA_COSIGNATURE, SOUTH.public_key), SOUTH),
)


def policy(count: int) -> Policy:
    """All of the first `count` witnesses must cosign: a head with one line less is not accepted."""
    names = [key.name for key, _ in WITNESSES[:count]]
    lines = [f"log {LOG_KEY}", *(f"witness {key.name} {key}" for key, _ in WITNESSES[:count])]
    lines += [f"group witnesses all {' '.join(names)}", "quorum witnesses"]
    return Policy.parse("".join(f"{line}\n" for line in lines).encode())


ED25519_ONLY, WITH_LATTICES = policy(2), policy(3)


def read(tile: Tile) -> bytes:
    return _TILES[tile.level, tile.index][: HASH_BYTES * tile.width]


@cache
def root_of(size: int) -> bytes:
    return root_at(read, size)


def signed_head(size: int, *, witnesses: int, time: int) -> Note:
    text = Checkpoint(LOG_KEY.name, size, root_of(size)).print()
    lines = [cosign(text, key, signer, time=time) for key, signer in WITNESSES[:witnesses]]
    return Note(text, (sign_note(text, LOG_KEY, LOG), *lines))


@cache
def heads() -> tuple[bytes, ...]:
    """Of one log, each of another size, cosigned by all three."""
    return tuple(
        signed_head(1 + 29 * number, witnesses=3, time=1_800_000_000 + number).print().encode()
        for number in range(_POOL)
    )


@cache
def receipts() -> tuple[tuple[bytes, bytes], ...]:
    """Each with its entry, for another place and another head."""
    made = []
    for number in range(_POOL):
        size = 2 + 29 * number
        index = (number * 331) % size
        note = signed_head(size, witnesses=2, time=1_800_000_000 + number)
        proof = tuple(inclusion_proof(read, index=index, size=size))
        made.append((Receipt(index, proof, note).print().encode(), ENTRIES[index]))
    return tuple(made)


# What can be changed


def flipped(data: bytes, draw: Random) -> bytes:
    """One bit."""
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


def spoilt(data: bytes, others: Sequence[bytes], draw: Random) -> bytes:
    """Bytes flipped, replaced, put in, taken out, exchanged, cut off, or a line of another one; never the same."""
    found = data
    while found == data:
        at = draw.randrange(len(data))
        lines, theirs = data.splitlines(keepends=True), draw.choice(others).splitlines(keepends=True)
        match draw.randrange(8):
            case 0 | 1:
                found = flipped(data, draw)
            case 2:
                found = data[:at] + bytes([draw.choice(_ALPHABET)]) + data[at + 1 :]
            case 3:
                found = data[:at] + bytes([draw.choice(_ALPHABET)]) + data[at:]
            case 4:
                found = data[:at] + data[at + draw.choice((1, 1, 2, 32)) :]
            case 5:
                found = data[:at] + data[at + 1 : at + 2] + data[at : at + 1] + data[at + 2 :]
            case 6:
                found = data[:at]
            case _:
                lines[draw.randrange(len(lines))] = draw.choice(theirs)
                found = b"".join(lines)
    return found


def other_way(proof: Sequence[bytes], draw: Random) -> list[bytes]:
    """The hashes of a proof: one spoilt, left out, repeated, exchanged with another, added, or of another length."""
    found = [*proof]
    while found == [*proof]:
        at = draw.randrange(len(proof)) if proof else 0
        match draw.randrange(6):
            case 0 if proof:
                found[at] = flipped(found[at], draw)
            case 1 if proof:
                del found[at]
            case 2 if proof:
                found.insert(at, found[at])
            case 3 if proof:
                to = draw.randrange(len(proof))
                found[at], found[to] = found[to], found[at]
            case 4:
                found.insert(draw.randrange(len(proof) + 1), draw.choice((*LEAVES, bytes(HASH_BYTES))))
            case 5 if proof:
                found[at] = found[at][:-1] if draw.random() < 0.5 else found[at] + b"\0"
    return found


def another(value: int, low: int, high: int, draw: Random) -> int:
    """Another number from `low` to `high`; a neighbour more often."""
    near = [one for one in (value - 1, value + 1) if low <= one <= high]
    found = value
    while found == value:
        found = draw.choice((*near, draw.randint(low, high)))
    return found


def other_root(size: int, draw: Random) -> bytes:
    """Another root than that of the first `size` entries: a spoilt one, or one of the same log."""
    return draw.choice((flipped(root_of(size), draw), root_of(another(size, 1, SIZE, draw))))


# The kinds: each plays one mutation


def inclusion(draw: Random) -> None:
    """Another way, place, leaf or root."""
    size = draw.randint(1, SIZE)
    index = draw.randrange(size)
    leaf, head, proof = LEAVES[index], root_of(size), inclusion_proof(read, index=index, size=size)
    match draw.randrange(5):
        case 0 | 1:
            proof = other_way(proof, draw)
        case 2:
            index = another(index, -1, size, draw)
        case 3:
            leaf = draw.choice((flipped(leaf, draw), LEAVES[(index + draw.randint(1, SIZE - 1)) % SIZE]))
        case _:
            head = other_root(size, draw)
    verify_inclusion(leaf, index=index, size=size, proof=proof, root=head)


def consistency(draw: Random) -> None:
    """Another way, or another root of either tree."""
    size = draw.randint(1, SIZE)
    old = draw.randint(1, size)
    before, after, proof = root_of(old), root_of(size), consistency_proof(read, old=old, new=size)
    match draw.randrange(4):
        case 0 | 1:
            proof = other_way(proof, draw)
        case 2:
            before = other_root(old, draw)
        case _:
            after = other_root(size, draw)
    verify_consistency(old_size=old, old_root=before, size=size, root=after, proof=proof)


def receipt(draw: Random) -> None:
    """Other bytes of a receipt, or another entry beside it."""
    text, entry = draw.choice(receipts())
    if draw.random() < 0.8:
        text = spoilt(text, [other for other, _ in receipts()], draw)
    else:
        entry = draw.choice((flipped(entry, draw), entry + b"\n", entry[:-1], b"\0" + entry))
    _cosigned(Receipt.parse(text).check(entry, ED25519_ONLY) == "cosigned")


def head(draw: Random) -> None:
    """Other bytes of a head that three cosigned."""
    text = spoilt(draw.choice(heads()), heads(), draw)
    _cosigned(WITH_LATTICES.quorum.met_by(WITH_LATTICES.check(Note.parse(text)).cosigned))


def cosignature(draw: Random) -> None:
    """Another time, signature, name, key or head."""
    note = Note.parse(draw.choice(heads()))
    place = draw.randrange(len(WITNESSES))
    text, line, key = note.text, note.signatures[1 + place], WITNESSES[place][0]
    name, key_id, blob = line.name, line.key_id, line.blob
    match draw.randrange(7):
        case 0:
            blob = flipped(blob[:TIME_BYTES], draw) + blob[TIME_BYTES:]
        case 1 | 2:
            blob = blob[:TIME_BYTES] + flipped(blob[TIME_BYTES:], draw)
        case 3:
            blob = draw.choice((blob[:-1], blob + b"\0", blob[1:], blob[TIME_BYTES:]))
        case 4:
            text = next(
                other for each in _shuffled(heads(), draw) if (other := Note.parse(each).text) != text
            )
        case 5:
            name = draw.choice((name.upper(), f"{name}2", "log.example"))
        case _:
            key = WITNESSES[(place + draw.randint(1, 2)) % 3][0]
    verify_cosignature(text, key, Signature(name, key_id, blob))


def _shuffled(items: Sequence[bytes], draw: Random) -> list[bytes]:
    return draw.sample(items, len(items))


def _cosigned(holds: object) -> None:
    """Lines by nobody known are ignored: then a quorum is missing."""
    if not holds:
        raise Disproved("no quorum")


KINDS: Mapping[str, tuple[int, Callable[[Random], None]]] = {
    "inclusion": (30, inclusion),
    "consistency": (30, consistency),
    "receipt": (20, receipt),
    "head": (10, head),
    "cosignature": (10, cosignature),
}
"""Of a hundred, how many; what plays one."""


def verdict(mutate: Callable[[Random], None], draw: Random) -> Verdict:
    """Any other exception is a bug, and is raised."""
    try:
        mutate(draw)
    except (Disproved, Malformed) as error:
        return type(error).__name__.lower()
    return "accepted"


def play(number: int, seed: str) -> dict[str, Counter[str]]:
    """What became of `number` mutations, by kind."""
    draw = Random(seed)  # noqa: S311 - to be repeated
    return {
        name: Counter(verdict(mutate, draw) for _ in range(number * share // 100))
        for name, (share, mutate) in KINDS.items()
    }


def main() -> int:
    number, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "mutations"
    counts = play(number, seed)
    for name, count in counts.items():
        print(f"{name:12} {count.total():9,}  accepted {count['accepted']}  {dict(count)}")  # noqa: T201
    return 1 if any(count["accepted"] for count in counts.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
