"""The memory of a party's program at its peak: it mirrors ten thousand records, cosigns forty heads of that
log, and takes an offer.

RECORDS=… for another size. The limit is a promise to whoever has a small machine; the peer is the same interpreter
with the libraries that no such program can do without, and nothing else.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.corridor import archive_of
from benchmarks.measure import Figure
from benchmarks.mirror import serving_folder
from benchmarks.served import new_folder
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, sign_note
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.proofs import consistency_proof, root_at
from safeconduct.core.tlog.tiles import Tile, tile_at
from safeconduct.core.tlog.tree import HASH_BYTES
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.sim.stage import Stage

RECORDS, HEADS, MOST_MB = int(os.environ.get("RECORDS", "10000")), 40, 100
COMMAND = str(Path(sys.executable).with_name("safeconduct"))
SEED = "a normal day"
"""Of `archive_of`: who knows it has the log's key."""
OFFERED = {"leaf": "0" * 64}
BARE = (
    "import asyncio, http.client, sqlite3, ssl; from cryptography.hazmat.primitives.asymmetric import ed25519"
)


def figures() -> Iterator[Figure]:
    """In MB, of the process's high-water mark (VmHWM)."""
    archive, party = archive_of(RECORDS, "public"), new_folder() / "party"
    size = Checkpoint.parse(Note.parse((archive / "checkpoint").read_bytes()).text).size
    bare_mb = _peak_mb(subprocess.Popen([sys.executable, "-c", f"{BARE}; input()"], stdin=subprocess.PIPE))
    with serving_folder(archive) as url:
        words = ["party", "init", str(party), "--name", "orva.example/witness", "--corridor", url]
        subprocess.run([COMMAND, *words, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        peak_mb = _served_mb(party, archive, size)
    detail = f"a bare interpreter with its libraries: {bare_mb:.0f} MB"
    what = f"peak MB of a party: {size} records mirrored, {HEADS} cosigned"
    yield Figure(what, peak_mb, f"at most {MOST_MB}", peak_mb <= MOST_MB, detail)


def _served_mb(party: Path, archive: Path, size: int) -> float:
    words = [COMMAND, "party", "serve", str(party), "--listen", "127.0.0.1:0", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        try:
            text = ""
            while not text.endswith("\n}\n"):
                text += out.readline()
            _work(json.loads(text)["url"], party, archive, size)
            return _peak_mb(process)
        finally:
            process.kill()
            process.wait()


def _work(url: str, party: Path, archive: Path, size: int) -> None:
    """Heads to cosign while it mirrors, and an offer, for which all of the archive is read: whose key is enrolled?"""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)

    def post(path: str, body: bytes) -> None:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        assert (answer.status, answer.read() != b"") == (200, True), answer.status

    for body in _requests(archive, size):
        post("/add-checkpoint", body)
    while not (party / "archive" / "checkpoint").exists():
        time.sleep(0.05)
    officer = Stage(SEED, watching=False, bulk=True).hand("mission/officer")
    post("/offered", officer.write("offered", clear=OFFERED).entry)
    connection.close()


def _requests(archive: Path, size: int) -> Iterator[bytes]:
    """The log as it grew to this size, in so many steps; its key is the simulation's."""
    (key,) = (log.key for log in Policy.parse((archive / "policy").read_bytes()).logs)

    def read(tile: Tile) -> bytes:
        whole = tile_at(tile.level, tile.index, size)
        return (archive / whole.path).read_bytes()[: tile.width * HASH_BYTES]

    log = Stage(SEED, watching=False).key("log")
    old = 0
    for step in range(1, HEADS + 1):
        new = size * step // HEADS
        proof = consistency_proof(read, old=old, new=new) if old else []
        text = Checkpoint(key.name, new, root_at(read, new)).print()
        yield print_request(old, proof, Note(text, (sign_note(text, key, log),)))
        old = new


def _peak_mb(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> float:
    """So far; then it ends."""
    time.sleep(0.5)
    status = Path(f"/proc/{process.pid}/status").read_text()
    process.terminate()
    process.wait(20)
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024 / 1e6
