"""Commands as somebody types them, each in a process of its own, and what every one of their answers must be."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "safeconduct"
HUGE = 80 * 2**20  # bytes, in a file with a hole: more than any of these files may have
BLACK_SEA = "examples/black-sea-2022"
INIT = "init new --agreement agreement.toml --route route.geojson --root mission.jwk --origin log.example"
REPLAY = f"replay {BLACK_SEA} --dir new"
DEMO = "demo --dir new --examples examples --no-serve"
RECEIPT = "receipt check receipt --policy policy --entry entry"


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every name below, with what it is and how long; what SQLite keeps beside its file is its own."""
    found = {str(path.relative_to(folder)): path.lstat() for path in folder.rglob("*")}
    return {
        name: (stat.S_IFMT(one.st_mode), one.st_size if stat.S_ISREG(one.st_mode) else 0)
        for name, one in found.items()
        if not name.endswith((".db-wal", ".db-shm"))
    }


@dataclass(frozen=True)
class Said:
    """What a command said."""

    words: list[str]
    code: int
    document: Any
    told: str
    """On standard error."""

    @property
    def named(self) -> str:
        """All that it says is wrong, and where."""
        document = self.document if isinstance(self.document, dict) else {}
        faults = "".join(f"{one['where']}: {one['message']}\n" for one in document.get("faults", ()))
        return self.told + faults + json.dumps(document.get("findings", ""), ensure_ascii=False)


def heard(words: list[str], code: int, out: bytes, err: bytes) -> Said:
    told = err.decode()
    assert "Traceback" not in told, (words, told)
    assert "a defect of" not in told, (words, told)
    return Said(words, code, json.loads(out), told)


def type_in(here: Path, *words: str, under: tuple[str, ...] = ()) -> Said:
    """The installed command, as somebody types it."""
    line = [*words, "--json"]
    done = subprocess.run(
        [*under, COMMAND, *line],
        cwd=here, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    return heard(line, done.returncode, done.stdout, done.stderr)


Run = Callable[[Path, list[str]], Said]


def check_refused(said: Said, *codes: int, says: str = "") -> None:
    """Said by one of the four errors, with its place and a next step for each fault."""
    assert said.code in (codes or (2, 3, 4, 5)), said
    assert said.document["faults"], said
    for fault in said.document["faults"]:
        assert fault["message"], said
        assert fault["next_step"], said
    assert says in said.named, said
