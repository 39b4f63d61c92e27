"""A receipt that somebody kept, beside an archive of its log: evidence where they do not fit.

Rules, in the order of the code:
 1. The receipt holds for its record; its index is in the archive.
 2. Another leaf stands at its index in the archive: evidence of kind `receipt`.
 3. The record stands there, and the receipt's head, not larger than the archive's, is not of its log: a split.
"""

from __future__ import annotations

from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.tlog.proofs import inclusion_proof
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.core.tlog.tiles import WIDTH, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES, leaf_hash
from safeconduct.verify.compare import Copy, compare
from safeconduct.verify.evidence.check import Evidence
from safeconduct.verify.evidence.other_record import OtherRecord
from safeconduct.verify.evidence.shown import listed_only
from safeconduct.verify.files import POLICY
from safeconduct.verify.hashes import Roots
from safeconduct.verify.head import read_policy
from safeconduct.verify.kept import Kept
from safeconduct.verify.ports import ArchiveBytes


def beside(receipt: Kept, record: bytes, archive: ArchiveBytes, name: str) -> Evidence | None:
    """Rules 1 to 3; None: the archive holds what the receipt says. Disproved: the receipt, or the archive, fails."""
    copy = Copy.of_archive(archive, name)
    policy = read_policy(archive.read(POLICY))
    given = Receipt.parse(receipt.data, where=receipt.name)
    given.check(record, policy, where=receipt.name)
    head, index = policy.check(copy.note, where=name).checkpoint, given.index
    if index >= head.size:
        raise Malformed(
            f"cannot tell: entry {index} is not in this archive of {head.size} entries",
            where=name,
            next_step="Ask for a newer one: an older copy that is served is no proof of anything",
        )
    roots = Roots(archive, head.size)
    leaf = _leaf(roots, index)
    if leaf != leaf_hash(record):
        proof = tuple(inclusion_proof(roots.read, index=index, size=head.size))
        own = Receipt(index, given.proof, listed_only(given.note, policy))
        shown = OtherRecord(own, record, listed_only(copy.note, policy), leaf, proof)
        evidence = Evidence(policy.print(), shown)
        evidence.check()
        return evidence
    if policy.check(given.note).checkpoint.size > head.size:
        return None  # what comes after the archive's head, nobody here holds
    return compare(Copy(receipt.name, given.note), copy).evidence


def _leaf(roots: Roots, index: int) -> bytes:
    number, place = divmod(index, WIDTH)
    hashes = roots.read(tile_at(0, number, roots.size))
    return hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]
