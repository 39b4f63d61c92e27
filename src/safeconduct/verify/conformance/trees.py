"""The tree, its proofs, its tiles (RFC 9162 §2.1, C2SP tlog-tiles)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from safeconduct.core.tlog.proofs import root_at
from safeconduct.core.tlog.tiles import Tile, hash_tiles, pack_bundle, split_bundle, tile_at, tiles_of
from safeconduct.core.tlog.tree import (
    Frontier,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
)
from safeconduct.verify.conformance.case import Case, accepts, from_base64


def merkle_tree(document: Any) -> Iterator[Case]:
    """Hashes of leaves and nodes, and the root of every size."""
    leaves = row = [leaf_hash(bytes.fromhex(leaf)) for leaf in document["leaves_hex"]]
    for height, expected in enumerate(document["node_hashes_by_level_hex"]):
        for index, (known, found) in enumerate(zip(expected, row, strict=True)):
            yield Case(f"node {index} at height {height}", known, found.hex())
        row = [node_hash(*row[at : at + 2]) for at in range(0, len(row) - 1, 2)]
    for size, expected in enumerate(document["roots_by_size_hex"]):
        yield Case(f"root of {size}", expected, root(leaves[:size]).hex())


def inclusion_proofs(document: Any) -> Iterator[Case]:
    """Good and spoilt."""
    for case in document["cases"]:
        found = accepts(
            partial(
                verify_inclusion,
                from_base64(case["leafHash"]),
                index=case["leafIdx"],
                size=case["treeSize"],
                proof=_proof(case),
                root=from_base64(case["root"]),
            )
        )
        yield Case(_about(case), case["valid"], found)


def consistency_proofs(document: Any) -> Iterator[Case]:
    """Good and spoilt."""
    for case in document["cases"]:
        found = accepts(
            partial(
                verify_consistency,
                old_size=case["size1"],
                old_root=from_base64(case["root1"]),
                size=case["size2"],
                root=from_base64(case["root2"]),
                proof=_proof(case),
            )
        )
        yield Case(_about(case), case["valid"], found)


def subtree_consistency_proofs(document: Any) -> Iterator[Case]:
    """Good and spoilt."""
    for case in document["cases"]:
        found = accepts(
            partial(
                verify_subtree_consistency,
                start=case["start"],
                end=case["end"],
                subtree_root=from_base64(case["root1"]),
                size=case["size"],
                root=from_base64(case["root2"]),
                proof=_proof(case),
            )
        )
        yield Case(_about(case), case["valid"], found)


def tiles(document: Any) -> Iterator[Case]:
    """Paths, widths, whole trees, roots."""
    yield from _paths(document)
    for case in document["widths"]:
        expected = [
            (each["level"], each["full_tiles"], each["partial_width"] or None) for each in case["levels"]
        ]
        yield Case(f"widths of {case['size']}", expected, _widths(case["size"]))
    for tree in document["trees"]:
        yield from _tree(tree)
    frontier = Frontier()
    for case in sorted(document["roots_made_here"], key=lambda case: case["size"]):
        frontier.extend(leaf_hash(b"record %d" % index) for index in range(frontier.size, case["size"]))
        yield Case(f"root of {case['size']}", case["root_hex"], frontier.root().hex())


def _paths(document: Any) -> Iterator[Case]:
    for case in document["paths"]:
        level = None if case["level"] == "entries" else case["level"]
        tile = Tile(level, case["index"], case["width"])
        yield Case(f"path of {tile}", case["path"], tile.path)
        yield Case(case["path"], tile, Tile.parse(case["path"]))
    for case in document["bad_paths"]:
        yield Case(f"bad path {case['path']}", False, accepts(partial(Tile.parse, case["path"])))
    for case in document["bundle_of_entry"]:
        bundle = tile_at(None, case["index"] // 256, case["size"])
        yield Case(f"bundle of entry {case['index']}", case["path"], bundle.path)


def _widths(size: int) -> list[tuple[int, int, int | None]]:
    """Per level: how many full tiles, and the width of the partial one."""
    found: dict[int, tuple[int, int | None]] = {}
    for tile in tiles_of(size):
        if tile.level is not None:
            full, _ = found.get(tile.level, (0, None))
            found[tile.level] = (full + 1, None) if tile.width == 256 else (full, tile.width)
    return [(level, *counts) for level, counts in found.items()]


def _tree(tree: Any) -> Iterator[Case]:
    """Each file of a log, made from its entries; a smaller log's partial tile begins a larger one's."""
    texts = tree.get("entries_utf8") or [f"record {index}" for index in range(tree["size"])]
    entries = [text.encode() for text in texts]
    whole = {(tile.level, tile.index): data for tile, data in hash_tiles(map(leaf_hash, entries))}
    for path, expected in tree["files_hex"].items():
        tile = Tile.parse(path)
        if tile.level is None:
            start = 256 * tile.index
            held = entries[start : start + tile.width]
            found = pack_bundle(held)
            yield Case(f"{path}, read", held, split_bundle(bytes.fromhex(expected), tile.width))
        else:
            found = whole[tile.level, tile.index][: 32 * tile.width]
        yield Case(path, expected, found.hex())
    if "root_hex" in tree:
        read = root_at(lambda tile: whole[tile.level, tile.index], len(entries))
        yield Case(f"root of {tree['name']}", tree["root_hex"], read.hex())


def _proof(case: Any) -> list[bytes]:
    return [from_base64(step) for step in case["proof"] or ()]


def _about(case: Any) -> str:
    return f"{case['desc']} ({case['path']})"
