"""Compiles the pages' translations: `python -m tests.web.messages`. A test holds the compiled file to its source.

New texts are collected with GNU gettext, in `src/safeconduct/web/public`:
`django-admin makemessages -l ar --no-location --no-wrap -e py,html`; then they are translated in `django.po`.
"""

from __future__ import annotations

import ast
import re
import struct
from pathlib import Path

from safeconduct.web import public

SOURCE = Path(public.__file__).parent / "locale" / "ar" / "LC_MESSAGES" / "django.po"
_KEYWORD = re.compile(r"^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) ")


def read(text: str) -> dict[str, str]:
    """Message → translation as a compiled catalogue has them: contexts by EOT, plurals by NUL."""
    found: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        parts: dict[str, str] = {}
        keyword = ""
        for line in block.split("\n"):
            if line.startswith("#") or not line.strip():
                continue
            start = _KEYWORD.match(line)
            if start:
                keyword = start[1]
                parts[keyword] = ""
            parts[keyword] += ast.literal_eval(_KEYWORD.sub("", line))
        if "msgid" in parts:
            context = f"{parts['msgctxt']}\4" if "msgctxt" in parts else ""
            plural = f"\0{parts['msgid_plural']}" if "msgid_plural" in parts else ""
            told = [parts[name] for name in sorted(parts) if name.startswith("msgstr")]
            found[f"{context}{parts['msgid']}{plural}"] = "\0".join(told)
    return found


def compiled(messages: dict[str, str]) -> bytes:
    """GNU gettext's `.mo`, little-endian, sorted, without a hash table."""
    pairs = sorted((key.encode(), value.encode()) for key, value in messages.items())
    keys = b"".join(key + b"\0" for key, _ in pairs)
    values = b"".join(value + b"\0" for _, value in pairs)
    count = len(pairs)
    at = 28 + 16 * count
    tables = b""
    for column in (0, 1):
        for pair in pairs:
            tables += struct.pack("<II", len(pair[column]), at)
            at += len(pair[column]) + 1
    header = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return header + tables + keys + values


def main() -> None:
    """Writes the compiled file beside its source."""
    SOURCE.with_suffix(".mo").write_bytes(compiled(read(SOURCE.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
