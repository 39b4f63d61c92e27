"""From keys to a founded corridor, its archives, their audit, and what stands in them."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.keys import Ed25519Key, read_key
from safeconduct.adapters.sqlite_store import SqliteStore
from safeconduct.cli.main import main
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.note import VerifierKey
from safeconduct.sim.stage import SEATS, Stage, corridor_file
from safeconduct.wiring.offline import new_store, open_corridor


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


WITNESSES = [VerifierKey.of(f"w{n}.example", 4, Ed25519Key(bytes([n]) * 32).public_key) for n in (1, 2, 3)]


@dataclass
class Shell:
    """Runs commands here, and keeps what they said."""

    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def __call__(self, *words: object) -> int:
        code = main([str(word) for word in words])
        self.out, self.err = self.capsys.readouterr()
        assert "Traceback" not in self.err
        assert "a defect of" not in self.err
        return code

    def document(self, *words: object, code: int = 0) -> Any:
        assert self(*words, "--json") == code
        return json.loads(self.out)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def here(tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agreement.toml").write_text(corridor_file("agreement.toml"))
    (tmp_path / "route.geojson").write_text(corridor_file("route.geojson"))
    for seat in SEATS:
        assert shell("key", "new", tmp_path / f"{seat}.jwk") == 0
    return tmp_path


def init(here: Path, *more: object, folder: str = "dir") -> list[object]:
    files = ["--agreement", here / "agreement.toml", "--route", here / "route.geojson"]
    return [
        "init",
        here / folder,
        *files,
        "--root",
        here / "mission.jwk",
        "--origin",
        "log.example/road",
        *more,
    ]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Keys


def test_a_new_key_is_yours_only_and_its_public_half_lies_beside(shell: Shell, tmp_path: Path) -> None:
    said = shell.document("key", "new", tmp_path / "a.jwk")
    assert stat.S_IMODE((tmp_path / "a.jwk").stat().st_mode) == 0o600
    assert said["public"] == str(tmp_path / "a.jwk.pub")
    assert '"d"' not in (tmp_path / "a.jwk.pub").read_text()
    assert read_key(tmp_path / "a.jwk").public_key


@pytest.mark.parametrize("taken", ["a.jwk", "a.jwk.pub"])
def test_a_key_is_never_overwritten_and_no_half_of_one_is_left(
    shell: Shell, tmp_path: Path, taken: str
) -> None:
    (tmp_path / taken).write_text("mine")
    assert shell("key", "new", tmp_path / "a.jwk") == 4
    assert tree(tmp_path) == {taken: b"mine"}
    assert "nothing is overwritten" in shell.err


def test_a_key_in_a_folder_that_is_not_there_is_unavailable(shell: Shell, tmp_path: Path) -> None:
    assert shell("key", "new", tmp_path / "no" / "a.jwk") == 5


# Founding


def test_the_guarantor_founds_alone_and_is_told_whose_consent_is_missing(shell: Shell, here: Path) -> None:
    assert shell(*init(here)) == 0
    assert "Tessin (party): empty seat" in shell.out
    assert "not yet orva, tessin" in shell.out
    assert "What may run" in shell.out
    assert "No witnesses" in shell.out
    assert "Left open: limits.notice" in shell.out
    assert sorted(tree(here / "dir")) == ["corridor.db", "keys/log.jwk", "keys/service.jwk"]


def test_seats_witnesses_and_quorum_come_from_words(shell: Shell, here: Path) -> None:
    words = init(
        here,
        *("--seat", f"orva={here}/orva.jwk.pub", "--seat", f"tessin={here}/tessin.jwk.pub"),
        *(word for key in WITNESSES for word in ("--witness", key)),
        *("--nature", "simulated"),
    )
    said = shell.document(*words)
    assert said["consents"] == {"mission": "consented", "orva": "silent", "tessin": "silent"}
    assert said["consent_missing"] == ["orva", "tessin"]
    assert said["witnesses"] == [str(key) for key in WITNESSES]
    assert said["quorum"] == 2
    assert said["nature"] == "simulated"
    assert "simulated" in shell.err
    with SqliteStore(here / "dir" / "corridor.db") as store:
        (entry,) = store.entries()
        assert parse_entry(entry).payload["quorum"] == 2


def test_it_founds_over_nothing_that_is_there(shell: Shell, here: Path) -> None:
    assert shell(*init(here)) == 0
    before = tree(here / "dir")
    assert shell(*init(here)) == 4
    assert tree(here / "dir") == before
    (here / "file").write_text("mine")
    assert shell(*init(here, folder="file")) == 4
    (here / "empty").mkdir()
    assert shell(*init(here, folder="empty")) == 0


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--seat", "orvva=orva.jwk.pub"], 2, "Did you mean 'orva'?"),
        (["--seat", "orva"], 2, "is not NAME=FILE"),
        (["--seat", "orva=orva.jwk.pub", "--seat", "orva=tessin.jwk.pub"], 2, "once for each seat"),
        (["--seat", "orva=nothing.pub"], 5, "no such file"),
        (["--seat", "orva=agreement.toml"], 2, "not an Ed25519 key"),
        (["--seat", "mission=orva.jwk.pub"], 2, "not the root key that founds"),
        (["--seat", "orva=mission.jwk.pub"], 2, "has the key of"),
        (["--witness", "junk"], 2, "--witness"),
        (["--quorum", "1"], 2, "1 of 0 witnesses"),
        (["--witness", str(WITNESSES[0]), "--quorum", "0"], 2, "0 of 1 witnesses"),
        (["--quorum", "many"], 2, "invalid int value"),
        (["--nature", "replay"], 2, "invalid choice"),
        (["--root", "orva.jwk.pub"], 2, "public key"),
        (["--root", "nothing"], 5, "no such file"),
        (["--agreement", "route.geojson", "--route", "orva.jwk"], 2, "route.geojson line 1"),
        (["--origin", "two words"], 2, "key name"),
        (["--origin", ""], 2, ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_half_written(
    shell: Shell, here: Path, more: list[str], code: int, says: str
) -> None:
    before = tree(here)
    assert shell(*init(here, *more)) == code
    assert says in shell.err
    assert tree(here) == before
    assert not (here / "dir").exists()


def test_it_asks_nothing_without_a_terminal(here: Path) -> None:
    command = [sys.executable, "-m", "safeconduct.cli", *map(str, init(here))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0
    assert (here / "dir" / "corridor.db").exists()


def test_a_latin_1_agreement_is_refused_with_its_line(shell: Shell, here: Path) -> None:
    (here / "agreement.toml").write_bytes("# one\ntitle = 'Stra\xdfe'\n".encode("latin-1"))
    assert shell(*init(here)) == 2
    assert "agreement.toml line 2: this is not UTF-8" in shell.err


# A corridor with a history


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated corridor in a folder: one passage, countersigned, one vehicle turned back."""
    base = tmp_path_factory.mktemp("made")
    seed = "cli"
    keys = {name: Stage(seed, watching=False).key(name) for name in ("log", "service")}
    keys |= {f"witness-{seat}": Stage(seed, watching=False).key(f"{seat}/witness") for seat in SEATS}
    with new_store(base / "dir", keys=keys, seed=seed.encode()) as store:
        stage = Stage(seed, store=store)
        movement = stage.declare()
        movement.grant()
        seen = movement.arrive()
        movement.affix_seal("S 1")
        movement.enter()
        movement.find_seal("S 1")
        movement.exit()
        stage.publish()
        (base / "passage").write_text(movement.psg)
        (base / "plate").write_text(movement.plate)
        (base / "receipt").write_bytes(stage.receipt(seen))
    return base


@pytest.fixture
def corridor(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def test_an_export_is_audited_sound_and_next_commands_are_named(shell: Shell, corridor: Path) -> None:
    assert shell("export", corridor / "dir", corridor / "out") == 0
    assert "This corridor is simulated" in shell.out
    (line,) = [line for line in shell.out.splitlines() if "Next: " in line]
    assert shell(*line.split("safeconduct ")[1].split()) == 0
    assert "✓ sound for corridor" in shell.out
    assert "simulated" in shell.out


def test_several_readers_get_one_folder_each_at_one_head(shell: Shell, corridor: Path) -> None:
    words = [word for seat in (*SEATS, "public") for word in ("--for", seat)]
    said = shell.document("export", corridor / "dir", corridor / "out", *words)
    assert len({json.dumps(archive["head"]) for archive in said["archives"]}) == 1
    assert said["archives"][0]["head"]["quorum_missing"] == []
    assert sorted(names(corridor / "out")) == sorted((*SEATS, "public"))
    for reader in SEATS:
        report = shell.document("audit", corridor / "out" / reader, "--corridor", said["corridor"])
        assert report["checked"]["disclosures"] > 0
    assert shell.document("audit", corridor / "out" / "public")["checked"]["disclosures"] is None


def test_a_private_value_is_in_the_party_archive_and_in_no_public_byte(shell: Shell, corridor: Path) -> None:
    assert shell("export", corridor / "dir", corridor / "out", "--for", "orva", "--for", "public") == 0
    plate = (corridor / "plate").read_text()
    passage = (corridor / "passage").read_text()
    assert shell("show", corridor / "out" / "orva", passage) == 0
    assert plate in shell.out
    assert shell("show", corridor / "out" / "public", passage) == 0
    assert plate not in shell.out


def test_the_same_seed_exports_the_same_bytes(shell: Shell, corridor: Path, tmp_path: Path) -> None:
    shutil.copytree(corridor, tmp_path / "twin")
    for place in (corridor, tmp_path / "twin"):
        assert shell("export", place / "dir", place / "a.zip", "--for", "orva", "--zip") == 0
    assert (corridor / "a.zip").read_bytes() == (tmp_path / "twin" / "a.zip").read_bytes()
    assert shell("audit", corridor / "a.zip") == 0


def test_zip_and_folder_hold_the_same(shell: Shell, corridor: Path) -> None:
    assert shell("export", corridor / "dir", corridor / "a", "--zip") == 0
    assert shell("export", corridor / "dir", corridor / "b") == 0
    assert sorted(path.name for path in corridor.iterdir() if path.name[0] in "ab") == ["a.zip", "b"]
    assert FolderArchive(corridor / "b").read("checkpoint") in (corridor / "a.zip").read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nowhere", "out"], 5, "safeconduct init"),
        (["dir", "out", "--for", "orvva"], 2, "Did you mean 'orva'?"),
        (["dir", "out.zip", "--for", "orva", "--for", "public"], 2, "cannot hold several"),
        (["dir", "dir"], 4, "nothing is overwritten"),
        (["dir", "passage"], 4, "nothing is overwritten"),
        (["dir", "passage/out"], 4, ""),
    ],
)
def test_an_export_that_cannot_be_leaves_everything_as_it_was(
    shell: Shell, corridor: Path, words: list[str], code: int, says: str
) -> None:
    before = tree(corridor)
    assert shell("export", *words) == code
    assert says in shell.err
    after = tree(corridor)
    assert {path for path in after if ".db-" not in path} == set(before)
    assert after["passage"] == before["passage"]


def test_an_older_archive_is_replaced_and_a_newer_one_kept(shell: Shell, corridor: Path) -> None:
    shutil.copytree(corridor / "dir", corridor / "backup")
    assert shell("export", corridor / "dir", corridor / "out", "--for", "orva") == 0
    assert shell("export", corridor / "dir", corridor / "out", "--for", "orva") == 0
    newer = tree(corridor / "out")
    assert shell("export", corridor / "backup", corridor / "out") == 4
    assert "Was an old copy of the log restored?" in shell.err
    assert tree(corridor / "out") == newer


def test_a_key_that_is_not_here_stops_an_export_before_anything(shell: Shell, corridor: Path) -> None:
    (corridor / "dir" / "keys" / "log.jwk").rename(corridor / "log.jwk")
    assert shell("export", corridor / "dir", corridor / "out") == 5
    assert "'log' is not here" in shell.err
    assert not (corridor / "out").exists()


def test_without_a_quorum_a_party_gets_its_archive_and_is_told(shell: Shell, here: Path) -> None:
    assert shell(*init(here, "--witness", WITNESSES[0])) == 0
    assert shell("export", here / "dir", here / "party", "--for", "orva") == 0
    assert "no quorum yet" in shell.out
    assert shell("export", here / "dir", here / "public") == 5
    assert "quorum of witnesses must cosign" in shell.err
    assert not (here / "public").exists()


def test_where_the_delay_has_not_passed_it_exits_5_and_says_when(shell: Shell, here: Path) -> None:
    text = corridor_file("agreement.toml").replace(
        '[limits.publication_delay]\nvalue = "0 s"', '[limits.publication_delay]\nvalue = "2 h"'
    )
    (here / "agreement.toml").write_text(text)
    assert shell(*init(here)) == 0
    said = shell.document("export", here / "dir", here / "public", code=5)
    assert said["error"] == "Unavailable"
    assert said["faults"][0]["next_step"].startswith("Repeat at 20")
    assert not (here / "public").exists()


# Audit


def test_an_audit_with_a_kept_head_and_receipt_says_what_it_was_compared_with(
    shell: Shell, corridor: Path
) -> None:
    assert shell("export", corridor / "dir", corridor / "old") == 0
    assert shell("export", corridor / "dir", corridor / "new", "--for", "orva") == 0
    kept = ["--head", corridor / "old" / "checkpoint", "--receipt", corridor / "receipt"]
    assert shell("audit", corridor / "new", *kept) == 0
    assert "it agrees with" in shell.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nothing"], 5),
        (["passage"], 2),
        (["dir"], 2),
        (["out", "--corridor", "junk"], 2),
        (["out", "--corridor", "0" * 64], 3),
        (["out", "--head", "nothing"], 5),
        (["out", "--head", "passage"], 2),
        (["out", "--receipt", "passage"], 2),
        (["out", "--offers", "passage"], 2),
    ],
)
def test_an_audit_that_cannot_be_or_fails_says_why(
    shell: Shell, corridor: Path, words: list[str], code: int
) -> None:
    assert shell("export", "dir", "out") == 0
    assert shell("audit", *words) == code
    assert shell.err or "✗" in shell.out


def test_a_flipped_byte_and_a_missing_file_are_named(shell: Shell, corridor: Path) -> None:
    assert shell("export", corridor / "dir", corridor / "out") == 0
    (path,) = [path for path in tree(corridor / "out") if path.startswith("tile/0/")]
    target = corridor / "out" / path
    data = target.read_bytes()
    target.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert shell("audit", corridor / "out") in (2, 3)
    assert path in shell.out
    target.unlink()
    assert shell("audit", corridor / "out") in (2, 3)
    assert path in shell.out


# Receipts


@pytest.fixture
def exported(shell: Shell, corridor: Path) -> Path:
    assert shell("export", corridor / "dir", corridor / "out") == 0
    with open_corridor(corridor / "dir") as opened:
        index = 5
        (entry,) = opened.store.entries(index, index + 1)
        (corridor / "entry").write_bytes(entry)
        (corridor / "other").write_bytes(next(opened.store.entries(4, 5)))
        (corridor / "receipt").write_bytes(opened.sequencer.receipt(index).print().encode())
    return corridor


def test_a_receipt_with_its_entry_is_proved(shell: Shell, exported: Path) -> None:
    words = ["receipt", "check", exported / "receipt", "--policy", exported / "out" / "policy"]
    said = shell.document(*words, "--entry", exported / "entry")
    assert (said["grade"], said["entry_checked"], said["index"]) == ("cosigned", True, 5)
    assert shell(*words) == 0
    assert "no --entry was given" in shell.out, "no more is said than is proved"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (("receipt", "out/policy", "other"), 3),
        (("entry", "out/policy", "entry"), 2),
        (("receipt", "receipt", "entry"), 2),
        (("receipt", "out/policy", "passage"), 2),
        (("nothing", "out/policy", "entry"), 5),
        (("receipt", "elsewhere", "entry"), 3),
    ],
)
def test_a_receipt_that_does_not_hold_is_refused(
    shell: Shell,
    exported: Path,
    files: tuple[str, str, str],
    code: int,
) -> None:
    receipt, policy, entry = files
    stranger = VerifierKey.of("log.corridor.example", 1, Ed25519Key(bytes(32)).public_key)
    (exported / "elsewhere").write_text(f"log {stranger}\nquorum none\n")
    assert shell("receipt", "check", receipt, "--policy", policy, "--entry", entry) == code


# Show


def test_a_passage_is_told_in_order_with_who_said_it(shell: Shell, corridor: Path) -> None:
    passage = (corridor / "passage").read_text()
    assert shell("show", corridor / "dir", passage) == 0
    told = [
        "relief-one/declarant declares",
        "mission/officer grants",
        "saw it arrive",
        "saw it enter",
        "saw it exit",
    ]
    places = [shell.out.index(words) for words in told]
    assert places == sorted(places)
    assert "Told, not checked" in shell.out
    document = shell.document("show", corridor / "dir", passage)
    (story,) = document["stories"].values()
    assert [record["kind"] for record in story][:2] == ["declaration", "pass"]
    assert document["nature"] == "simulated"


def test_an_entry_is_found_by_number_and_by_leaf(shell: Shell, corridor: Path) -> None:
    by_number = shell.document("show", corridor / "dir", "0")["stories"]["0"]
    leaf = by_number[0]["leaf"]
    assert shell.document("show", corridor / "dir", leaf)["stories"][leaf] == by_number
    assert shell("show", corridor / "dir", "0", "1") == 0
    assert "founds this corridor" in shell.out


@pytest.mark.parametrize("what", ["99999", "-1", "00", "f" * 64, "f" * 32, "junk"])
def test_what_is_not_there_is_unavailable(shell: Shell, corridor: Path, what: str) -> None:
    assert shell("show", corridor / "dir", "--", what) == 5
    assert shell("show", corridor / "nothing", "--", what) == 5


def test_a_damaged_archive_is_told_as_malformed(shell: Shell, corridor: Path) -> None:
    assert shell("export", corridor / "dir", corridor / "out", "--for", "orva") == 0
    (corridor / "out" / "disclosures.jsonl").write_text('{"entry": 1}')
    assert shell("show", corridor / "out", "1") == 2
    (corridor / "out" / "checkpoint").write_text("junk")
    assert shell("show", corridor / "out", "1") == 2
