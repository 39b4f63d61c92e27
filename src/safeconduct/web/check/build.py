"""Makes `check.html` of the parts in `source`: `python -m safeconduct.web.check.build`.

Rules:
 1. The modules become one script, in an order in which each stands after what it imports.
 2. The file has no address in it: script and style stand inside, and its policy names them by their hashes and
    allows nothing else. A browser that opens the file from a disk reads the policy there; a server sends it, too.
 3. The table of letters that records may not hold is the kernel's own.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from safeconduct.core.kernel.letters import UNASSIGNED
from safeconduct.core.kernel.spelling import print_base64

MODULES = (
    "kernel",
    "signature",
    "note",
    "policy",
    "receipt",
    "schema",
    "kinds",
    "record",
    "consistency",
    "members",
    "logged",
    "shown",
    "contradictions",
    "signers",
    "absences",
    "evidence",
    "evidence_steps",
    "examine",
    "evidence_texts",
    "texts",
    "nodes",
    "evidence_page",
    "page",
)
FILE = Path(__file__).parent / "check.html"
_SOURCE = Path(__file__).parent / "source"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def bundle(modules: tuple[str, ...] = MODULES) -> str:
    """The modules as one: rules 1 and 3."""
    script = "\n".join(_EXPORT.sub("", _IMPORT.sub("", _source(f"{name}.js"))) for name in modules)
    return script.replace("{{ unassigned }}", " ".join(UNASSIGNED.split()))


def policy_of(script: str, style: str) -> str:
    """Rule 2, as a Content-Security-Policy."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def built() -> tuple[bytes, str]:
    """The file, and its policy."""
    script, style = f"\n{bundle()}", f"\n{_source('style.css')}"
    policy = policy_of(script, style)
    page = _source("page.html")
    for name, text in (("policy", policy), ("style", style), ("script", script)):
        page = page.replace(f"{{{{ {name} }}}}", text)
    return page.encode(), policy


def _hash(text: str) -> str:
    return f"sha256-{print_base64(sha256(text.encode()).digest())}"


def _source(name: str) -> str:
    return (_SOURCE / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    FILE.write_bytes(built()[0])
