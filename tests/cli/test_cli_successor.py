"""A log beyond repair gets a successor: drafted, signed by its seats, begun, followed by the auditor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.keys import write_key
from safeconduct.core.tlog.note import KeyType, VerifierKey
from safeconduct.sim.stage import SEATS
from tests.cli.recovery_scene import Running, declared, running, shell
from tests.cli.test_cli_corridor import Shell

__all__ = ["running", "shell"]


def archive_of(running: Running, shell: Shell, name: str) -> Path:
    assert shell("export", running.dir, running.base / name, "--for", "orva") == 0
    return running.base / name


def keys_of(running: Running) -> dict[str, Path]:
    """The seats' roots, as each keeps its own."""
    paths = {seat: running.base / f"{seat}.jwk" for seat in SEATS}
    for seat, path in paths.items():
        write_key(path, running.stage.key(f"{seat}/root"))
    return paths


def test_a_log_whose_entries_are_lost_gets_a_successor_that_the_auditor_follows(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.base)
    stage, roots = running.stage, keys_of(running)
    running.backed_up(shell)
    old = archive_of(running, shell, "orva-archive")
    stage.log.settle()
    lost = declared(stage, "KM 4713")
    head = running.base / "head"
    head.write_bytes(stage.head())
    receipt = running.base / "receipt"
    receipt.write_bytes(stage.receipt(lost))
    (running.base / "entry").write_bytes(lost.entry)
    running.lost()
    assert shell("restore", "a/log.db", "dir", "--vault", "b/vault.db") == 0
    draft = ["succeed", "dir", "new", "--origin", "second.example", "--cause", "entries.lost"]
    found = ["--archive", "orva-archive", "--head", "head", "--receipt", "receipt", "--entry", "entry"]
    assert shell(*draft, *found) == 0, shell.err
    assert lost.leaf[:16] in shell.out
    payload = json.loads((running.base / "new/succession.json").read_text())
    assert (payload["cor"], payload["receipts"]) == (stage.cor, [lost.leaf])
    agreed = [
        "succeed",
        "agree",
        "new/succession.json",
        "orva-archive",
        "--seat",
        "orva",
        "--root",
        roots["orva"],
    ]
    assert shell("succeed", "dir", "new", "--root", roots["mission"]) == 2
    assert "missing: orva, tessin" in shell.err
    assert shell(*agreed, "--out", "orva.consent", "--corridor", stage.cor) == 0, shell.err
    assert shell("succeed", "dir", "new", "--root", roots["mission"], "--consent", "orva.consent") == 0
    assert shell("succeed", "dir", "new", "--root", roots["mission"], "--consent", "orva.consent") == 4
    assert shell("export", "new", "new-archive", "--for", "orva") == 0
    assert shell("export", "new", "new-archive", "--for", "orva") == 0
    assert shell("audit", "new-archive", "--predecessor", old, "--corridor", stage.cor) == 0
    assert shell.out.startswith(f"✓ sound for corridor {stage.cor}\n")
    assert "Before it, " in shell.out
    followed = ["audit", "new-archive", "--predecessor", old, "--receipt", receipt, "--head", head]
    assert shell(*followed) == 0
    assert "past what is kept of it" in shell.out
    assert shell("audit", "new-archive", "--corridor", stage.cor) == 3
    assert "--predecessor" in shell.out
    document = shell.document("audit", "new-archive", "--predecessor", old)
    assert document["succession"]["followed"] is True
    assert [one["corridor"] for one in document["predecessors"]] == [stage.cor]


def test_a_witness_is_exchanged_in_a_successor_and_each_seat_is_told_before_it_signs(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.base)
    stage, roots = running.stage, keys_of(running)
    archive_of(running, shell, "old")
    goes, *go_on = (str(each.verifier) for each in stage.witnesses)
    key = stage.key("another").public_key
    comes = str(VerifierKey.of("mission.example/witness-2", KeyType.COSIGNATURE, key))
    draft = ["succeed", "dir", "new", "--origin", "second.example", "--cause", "keys.rotated"]
    named = ["--witness", comes, "--without", goes.partition("+")[0]]
    assert shell(*draft, "--archive", "old", *named, "--quorum", "4") == 2
    assert "4 of 3 witnesses are needed" in shell.err
    assert not (running.base / "new").exists()
    assert shell(*draft, "--archive", "old", "--witness", "what") == 2
    assert "--witness" in shell.err
    assert shell(*draft, "--archive", "old", "--without", "x") == 2
    assert "--without: no witness of the old log has this name: x" in shell.err
    assert shell(*draft, "--archive", "old", *named) == 0, shell.err
    assert f"2 of 3 witnesses cosign each head: {', '.join(go_on)}, {comes}\n" in shell.out
    agreed = ["succeed", "agree", "new/succession.json", "old", "--seat", "orva", "--root", roots["orva"]]
    assert shell(*agreed, "--out", "orva.consent") == 0
    assert f"! Other than in your archive: witness {goes} does not go on\n" in shell.out
    assert f"! Other than in your archive: witness {comes} is new\n" in shell.out
    begun = ["succeed", "dir", "new", "--root", roots["mission"], "--consent", "orva.consent"]
    assert shell(*begun, "--quorum", "1") == 2
    assert "a draft is signed as it is" in shell.err
    assert shell(*begun) == 0
    assert shell("export", "new", "new-archive", "--for", "orva") == 0
    document = shell.document("audit", "new-archive", "--predecessor", "old", "--corridor", stage.cor)
    assert document["succession"]["remarks"] == [
        f"Agreed with it: witness {goes} does not go on",
        f"Agreed with it: witness {comes} is new",
    ]


def test_a_seat_signs_nothing_that_its_archive_does_not_bear_out(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.base)
    roots = keys_of(running)
    archive_of(running, shell, "smaller")
    declared(running.stage, "KM 4713")
    archive_of(running, shell, "larger")
    running.lost()
    draft = ["succeed", "dir", "new", "--origin", "second.example", "--cause", "entries.lost"]
    assert shell(*draft, "--archive", "smaller") == 0, shell.err
    assert "Not used: dir/corridor.db" in shell.out
    agreed = ["succeed", "agree", "new/succession.json", "larger", "--seat", "orva", "--out", "orva.consent"]
    assert shell(*agreed, "--root", roots["orva"]) == 1
    assert "succession.lost" in shell.out
    assert "succession.last" in shell.out
    assert not (running.base / "orva.consent").exists()
    assert shell(*agreed, "--root", roots["tessin"]) == 2
    assert "not the root key of 'orva'" in shell.err
    path = running.base / "new/succession.json"
    payload = json.loads(path.read_text())
    text = json.dumps({**payload, "quorum": 1}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path.write_text(text)
    assert shell(*agreed[:3], "smaller", *agreed[4:], "--root", roots["orva"]) == 0
    path.write_text(path.read_text().replace('"live"', '"replay"').replace('"simulated"', '"replay"'))
    assert shell(*agreed[:3], "smaller", *agreed[4:-1], "x.consent", "--root", roots["orva"]) == 3
    assert "succession.agreement" in json.dumps(
        shell.document(*agreed[:3], "smaller", *agreed[4:-1], "x.consent", "--root", roots["orva"], code=3)
    )


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ([], 2, "--origin: this is missing"),
        (["--origin", "log.corridor.example", "--cause", "entries.lost"], 2, "has this origin"),
        (["--origin", "second.example", "--cause", "Not a code"], 2, "Write a code"),
        (["--origin", "second.example", "--cause", "x", "--receipt", "r"], 2, "as many --entry"),
        (["--origin", "second.example", "--cause", "x", "--head", "nowhere"], 5, "no such file"),
        (["--origin", "second.example", "--root", "x"], 2, "a draft is signed as it is"),
        (["--root", "mission.jwk"], 5, "no such file"),
    ],
)
def test_a_draft_that_cannot_be_is_refused(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch, *, more: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(running.base)
    keys_of(running)
    assert shell("succeed", "dir", "new", *more) == code
    assert says in shell.err
    assert not (running.base / "new").exists()


def test_a_receipt_that_can_be_honoured_is_not_given_up(
    shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(running.base)
    made = declared(running.stage, "KM 4713")
    (running.base / "receipt").write_bytes(running.stage.receipt(made))
    (running.base / "entry").write_bytes(made.entry)
    draft = ["succeed", "dir", "new", "--origin", "second.example", "--cause", "key.lost"]
    assert shell(*draft, "--receipt", "receipt", "--entry", "entry") == 2
    assert "can be honoured" in shell.err


def test_nothing_is_left_of_a_log(shell: Shell, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(running.base)
    running.lost()
    assert shell("succeed", "dir", "new", "--origin", "second.example", "--cause", "entries.lost") == 2
    assert "no copy of the old log is proved" in shell.err
    assert FolderArchive(running.dir).folder.exists()
