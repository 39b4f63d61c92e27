"""The kinds and fields that an agreement may name: read from the record room's table."""

from __future__ import annotations

from safeconduct.core.record.kinds import KINDS

KIND_NAMES = frozenset(KINDS)
FIXED_KINDS = frozenset(name for name, kind in KINDS.items() if kind.fixed_signer)
"""Who signs these is said by the format (RECORD §4), not by an agreement."""

PRIVATE_FIELDS = frozenset(name for kind in KINDS.values() for name in (*kind.private, *kind.line_private))
