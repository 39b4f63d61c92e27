"""What a kind of record is: its claims in the clear, private fields, who signs, what it names (RECORD §8).

Rules:
 1. The envelope is the same for all kinds (RECORD §2); the founding record has no `cor`, `psg` and `seen`, a
    succession no `psg` and `seen`.
 2. All private fields of a kind, and of each of its lines, are present; an empty one holds a random digest.
 3. The kinds that tell of one movement carry `psg`; the others may.
 4. A kind that is not listed (`kinds`) is kept: its envelope is checked, its claims are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from safeconduct.core.record.schema import (
    COUNT,
    INSTANT,
    ISSUER,
    LEAF,
    LEAF_OR_NONE,
    PASSAGE,
    POSITIVE,
    PRIVATE,
    SHA256,
    UUID7,
    Form,
    Shape,
    Shapes,
    closed,
    exactly,
    lines_of,
    one_of,
    optional,
    pattern,
)

SPAN = closed('{"from":…,"until":…} in whole seconds', {"from": INSTANT, "until": INSTANT})
_INSTANT_OR_SPAN = Shape(
    'whole seconds, or {"from":…,"until":…} in that order',
    lambda value: type(value) is int or (SPAN.holds(value) and value["from"] <= value["until"]),
)
ABSENT = Shape("nothing: leave it out", lambda _value: False, optional=True)

SEEN = closed('{"root":…,"size":…}', {"root": SHA256, "size": POSITIVE})

ENVELOPE: Shapes = MappingProxyType(
    {
        "_sd_alg": exactly("sha-256"),
        "agr": POSITIVE,
        "at": optional(_INSTANT_OR_SPAN),
        "cor": SHA256,
        "corrects": optional(LEAF),
        "evt": pattern("a kind", r"[a-z0-9-]{1,64}"),
        "iat": INSTANT,
        "iss": ISSUER,
        "jti": UUID7,
        "lines": optional(lines_of("an array of objects", {})),
        "prev": LEAF_OR_NONE,
        "psg": optional(PASSAGE),
        "seen": optional(SEEN),
        "seq": COUNT,
        "via": optional(one_of("paper", "source")),
        "withdraws": optional(LEAF),
    }
)  # 1

UNKNOWN_KIND = Form.of("a payload", ENVELOPE, is_open=True)  # 4


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record."""

    name: str
    about: str
    clear: Shapes
    private: tuple[str, ...]
    line_clear: Shapes
    """Empty where the kind has no lines."""
    line_private: tuple[str, ...]
    references: tuple[str, ...]
    """Claims that hold the leaf of another record; `corrects` and `withdraws` may stand in any kind."""
    fixed_signer: str | None
    """`service`, `root` or `any` (any enrolled key); None: the roles that the agreement lists."""
    passage: bool
    form: Form
    """Every claim of the payload, envelope, private fields and lines included."""


def kind_of(
    name: str,
    about: str,
    clear: Shapes,
    *,
    private: tuple[str, ...] = (),
    line_clear: Shapes = MappingProxyType({}),
    line_private: tuple[str, ...] = (),
    lines_required: bool = True,
    references: tuple[str, ...] = (),
    signer: str | None = None,
    passage: bool = False,
    envelope: Shapes = MappingProxyType({}),
) -> Kind:
    """A kind with all its claims; `envelope`: what this kind narrows of it."""
    shapes: dict[str, Shape] = {**ENVELOPE, "evt": exactly(name)}
    if passage:
        shapes["psg"] = PASSAGE  # 3
    shapes |= {**envelope, **clear, **dict.fromkeys(private, PRIVATE)}  # 2
    if line_clear:
        lines = lines_of("an array of lines", {**line_clear, **dict.fromkeys(line_private, PRIVATE)})
        shapes["lines"] = lines if lines_required else optional(lines)
    return Kind(
        name,
        about,
        clear,
        private,
        line_clear,
        line_private,
        references,
        signer,
        passage,
        Form.of("a payload", shapes, is_open=True),
    )
