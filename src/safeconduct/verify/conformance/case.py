"""One case of a vector file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

from safeconduct.core.kernel.errors import Disproved, Malformed


class Case(NamedTuple):
    """What a file expects, and what we found: equal values pass."""

    about: str
    expected: object
    found: object


def accepts(act: Callable[[], object]) -> bool:
    """Whether we do not refuse."""
    try:
        act()
    except (Malformed, Disproved):
        return False
    return True


def from_base64(text: str | None) -> bytes:
    """The bytes of a field; the sources write an absent one in two ways."""
    return base64.b64decode(text or "", validate=True)


def bytes_of(case: dict[str, Any], name: str) -> bytes:
    """A text field, or its twin `<name>_b64` where the bytes are no text."""
    return from_base64(case[f"{name}_b64"]) if f"{name}_b64" in case else case[name].encode()
