"""Names and words that mean nothing, places where nothing can be: refused; and nowhere is a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import IO

import pytest

from safeconduct.cli.main import COMMANDS
from tests.cli.typed import (
    BLACK_SEA,
    COMMAND,
    DEMO,
    INIT,
    RECEIPT,
    REPLAY,
    Run,
    check_refused,
    tree,
    type_in,
)

# Names


LONG = "n" * 300
NOT_A_NAME = (
    "",
    ".",
    "..",
    "/",
    LONG,
    f"{LONG}/x",
    "receipt/x",
    "/proc/new",
    "a\x1b[2J\nb",
    "\udcff",
    "loop",
)


@pytest.mark.parametrize(
    "words",
    [
        INIT.replace(" new", " {}"),
        INIT.replace("agreement.toml", "{}"),
        INIT.replace("route.geojson", "{}"),
        INIT.replace("mission.jwk", "{}"),
        f"{INIT} --seat orva={{}}",
        f"replay {BLACK_SEA} --dir {{}}",
        "replay {} --dir new",
        "demo --dir {} --examples nowhere",
        "demo --dir new --examples {}",
        "export dir {} --zip",
        "close {} --root mission.jwk --reason agreed --kept-by mission --out new",
        "close out --root {} --reason agreed --kept-by mission --out new",
        "consent {} 0 --root mission.jwk --out new",
        "consent out 0 --root {} --out new",
        "rebuild {} new",
        "rebuild out {}",
        "rebuild out new --keys {}",
        "export {} new",
        "audit {}",
        "audit out --head {}",
        "audit out --receipt {}",
        "audit out --offers {}",
        "agreement check {}",
        "agreement check agreement.toml --route {}",
        "receipt check {} --policy policy",
        "receipt check receipt --policy {}",
        "receipt check receipt --policy policy --entry {}",
        "show {} 0",
        "conformance {}",
        "compare {} out",
        "compare out {}",
        "evidence check {}",
        "evidence receipt {} entry out --out new",
        "evidence receipt receipt {} out --out new",
        "evidence receipt receipt entry {} --out new",
        "evidence findings {} new",
        "evidence findings out new --offers {}",
        "witness init {} --name orva.example/witness",
        "witness init new --name orva.example/witness --policy {}",
        "witness follow {} --policy policy",
        "witness serve {}",
        "witness status {}",
        "party init {} --name orva.example/witness",
        "party init new --name orva.example/witness --corridor http://h/ --copy {}",
        f"party init new --name orva.example/witness --corridor http://h/ --identifier {'0' * 64} --key {{}}",
        "party follow {} --corridor http://h/ --copy out",
        "party serve {}",
        "party status {}",
    ],
)
def test_no_name_of_a_file_or_folder_is_too_odd(here: Path, started: Run, words: str) -> None:
    (here / "loop").symlink_to("loop")
    before = tree(here)
    for name in NOT_A_NAME:
        if words.startswith("conformance") and name in ("..", "/"):
            continue  # a folder of vectors, as any other, and a very large one
        fresh = name in ("a\x1b[2J\nb", "\udcff")
        said = started(here, [word.replace("{}", name) for word in words.split(" ")])
        if said.code == 0:  # a new name may be as odd as it likes, and conformance reads any folder
            assert fresh or name == "loop" or words == "conformance {}", said
            if fresh:
                shutil.rmtree(here / name, ignore_errors=True)
            (here / f"{name}.zip").unlink(missing_ok=True)
        else:
            check_refused(said)
            assert "\x1b" not in said.told
        assert tree(here) == before, said


@pytest.mark.parametrize("name", [*NOT_A_NAME, "receipt", "out"])
def test_no_key_is_made_where_none_can_be(here: Path, started: Run, name: str) -> None:
    (here / "loop").symlink_to("loop")
    before = tree(here)
    said = started(here, ["key", "new", name])
    if name in ("a\x1b[2J\nb", "\udcff"):
        assert said.code == 0
    else:
        check_refused(said, 4, 5)
        assert tree(here) == before


BOUND = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Makes permissions hold for root too."""


def test_what_may_not_be_read_or_written_is_unavailable(here: Path) -> None:
    under = BOUND if os.geteuid() == 0 else ()
    if under and subprocess.run([*under, "true"], capture_output=True, check=False).returncode:
        pytest.skip("permissions do not hold for this root")
    closed = (
        "agreement.toml", "route.geojson", "mission.jwk", "receipt", "policy", "head", "edge_points.json",
        "out/checkpoint", "dir", f"{BLACK_SEA}/voyages.csv",
    )  # fmt: skip
    for name in closed:
        (here / name).chmod(0)
    here.chmod(0o555)
    before = tree(here)
    for words in (
        "agreement check agreement.toml", "conformance edge_points.json", "audit out", "show out 0", "show dir 0",
        "export dir new", "audit out --head head", RECEIPT, INIT, REPLAY, "key new key",
        f"{DEMO} --simulated",
    ):  # fmt: skip
        check_refused(type_in(here, *words.split(), under=under), 5)
    here.chmod(0o755)
    assert tree(here) == before


# Words


@pytest.mark.parametrize(
    "words",
    [
        "", "nonsense", "key", "key old", "agreement", "audit", "audit --nonsense", "audit out --corridor junk",
        "audit out --corridor " + "А" * 64, "show out", "show out nonsense", "show out -1", "show out 99999999999",
        "show out " + "9" * 5_000, "export dir new --for оrva", "export dir a.zip --for orva --for public",
        f"{INIT} --quorum 9", f"{INIT} --quorum {'9' * 5_000}", f"{INIT} --seat оrva=orva.pub", f"{INIT} --witness x",
        "compare", "compare out", "evidence", "evidence old", "evidence check", "evidence check policy",
        "evidence receipt receipt entry out", "evidence findings out", "compare head head",
        "compare out out --corridor x",
        "close", "close out", "close out --root mission.jwk --reason Ä --kept-by mission --out new",
        "consent", "consent out nonsense --root mission.jwk --out new",
        "witness", "witness init new", "witness init new --name a+b", "witness serve party --listen nowhere",
        "witness serve party --listen 127.0.0.1:99999", "witness status new",
        "party", "party init new", "party init new --name a+b", "party init new --name n --identifier 00",
        "party init new --name n --corridor nowhere", "party follow out --corridor http://h/ --copy out",
        "party serve out", "party serve new --listen nowhere", "party status out",
        f"{INIT} --origin a\tb", f"{INIT} --nature imagined", "conformance", "replay", "demo extra",
    ],
)  # fmt: skip
def test_words_that_mean_nothing_are_refused(here: Path, started: Run, words: str) -> None:
    before = tree(here)
    check_refused(started(here, words.split(" ") if words else []), 2, 5)
    assert tree(here) == before


def test_each_command_that_works_prints_one_document_too(here: Path) -> None:
    for words, code in (
        ("key new key", 0), (INIT, 0), (REPLAY.replace("new", "replayed"), 0), ("export dir copy --zip", 0),
        ("audit out --corridor " + "0" * 64, 3), ("audit out", 0), ("agreement check agreement.toml", 0),
        (RECEIPT, 0), ("show dir 0 1", 0), ("show out 0", 0), ("conformance edge_points.json", 0),
        (DEMO.replace("new", "shown"), 1), ("publish dir web", 0), ("backup dir saved", 0),
        ("restore saved dir --rehearse", 1), ("projections compare dir", 0),
        ("compare out copy.zip", 0), ("compare head out", 0), ("evidence receipt receipt entry out --out lie", 0),
        ("evidence findings out lies", 0),
        ("witness init party --name orva.example/witness --policy policy", 0),
        ("witness follow party --policy policy", 0), ("witness status party", 0),
        ("party init ours --name orva.example/witness --corridor http://127.0.0.1:1/ --copy out", 0),
        ("party follow ours --corridor https://corridor.example/public/ --copy out", 0),
        ("party status ours", 1),
        ("rebuild out back", 0),
        ("consent out 0 --root mission.jwk --out joins", 0),
        ("close out --root mission.jwk --reason agreed --kept-by mission --out ends", 0),
    ):  # fmt: skip
        said = type_in(here, *words.split())
        assert said.code == code, said
        assert said.document
    assert {*COMMANDS} == {
        "key new", "init", "replay", "export", "audit", "agreement check", "receipt check", "show", "conformance",
        "demo", "publish", "backup", "restore", "succeed", "succeed agree", "projections", "rebuild", "mirror",
        "serve", "doctor", "close", "consent",
        "compare", "evidence check", "evidence receipt", "evidence findings",
        "witness init", "witness follow", "witness serve", "witness status",
        "party init", "party follow", "party serve", "party status",
    }  # fmt: skip


@pytest.mark.parametrize("words", ["agreement check agreement.toml", "audit out", "nonsense", "--help"])
def test_where_the_answer_cannot_be_written_it_says_so(here: Path, words: str) -> None:
    full: IO[bytes]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [COMMAND, *words.split(), *([] if words == "--help" else ["--json"])],
            cwd=here, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    told = done.stderr.decode()
    assert done.returncode in (2, 5)
    assert "Traceback" not in told
    assert "Exception ignored" not in told
    assert "standard output cannot be written" in told
