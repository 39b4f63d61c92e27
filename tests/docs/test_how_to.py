"""The pages that tell what to type, typed: their shell blocks in their order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from safeconduct.sim.stage import corridor_file

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BIN = Path(sys.executable).parent


def blocks(page: str) -> list[str]:
    """The page's shell blocks, also those inside a list."""
    found = re.finditer(r"(?ms)^( *)```sh\n(.*?)^\1```$", (DOCS / page).read_text(encoding="utf-8"))
    return [textwrap.dedent(block[2]) for block in found]


def type_in(block: str, folder: Path) -> tuple[int, str]:
    """The exit code and what stands on the terminal, after each other."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", block],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which somebody followed `found-a-corridor.md`, and the identifier that was printed there."""
    folder = tmp_path_factory.mktemp("found")
    for name in ("agreement.toml", "route.geojson"):
        (folder / name).write_text(corridor_file(name), encoding="utf-8")
    check, key, init, copies = blocks("how-to/found-a-corridor.md")
    assert type_in(check, folder)[0] == 0
    code, said = type_in(key, folder)
    assert (code, "the public key, to hand out" in said) == (0, True)
    party = key.replace("guarantor", "orva")  # "each party makes its own in the same way"
    assert type_in(party, folder)[0] == 0
    code, said = type_in(init, folder)
    assert code == 0, said
    assert "Consent is missing" in said
    assert "What may run" in said
    printed = re.search(r"Corridor ([0-9a-f]{64})", said)
    assert printed is not None
    code, said = type_in(copies.replace("IDENTIFIER", printed[1]), folder)
    assert code == 0, said
    assert f"✓ sound for corridor {printed[1]}\n" in said
    return folder, printed[1]


def test_a_stranger_founds_a_corridor_and_each_signatory_audits_its_copy(founded: tuple[Path, str]) -> None:
    folder, _ = founded
    assert sorted(path.name for path in (folder / "copies").iterdir()) == ["orva", "tessin"]


def test_the_agreement_of_the_examples_can_be_checked_like_that(founded: tuple[Path, str]) -> None:
    folder, _ = founded
    check = blocks("how-to/found-a-corridor.md")[0]
    for example in ("lachin-2020", "black-sea-2022"):
        here = folder / example
        here.symlink_to(ROOT / "examples" / example)
        code, said = type_in(check, here)
        assert (code, "Left open by this file" in said) == (0, True)


def test_an_audit_ends_as_its_page_says(founded: tuple[Path, str]) -> None:
    folder, identifier = founded
    page = (DOCS / "how-to" / "audit-an-archive.md").read_text(encoding="utf-8")
    (block,) = blocks("how-to/audit-an-archive.md")
    audit = block.strip().replace("ARCHIVE", "copies/orva").replace("IDENTIFIER", identifier)
    assert type_in(audit, folder)[0] == 0
    unnamed = audit.partition(" --corridor")[0]
    assert "compare with the signed paper" in type_in(unnamed, folder)[1].splitlines()[0]
    kept = f"cp copies/orva/checkpoint kept && {audit} --head kept"
    assert "it agrees with head kept" in type_in(kept, folder)[1]
    assert type_in(f"{unnamed} --corridor {'0' * 64}", folder)[0] == 3
    policy = folder / "copies" / "orva" / "policy"
    bundle = next(policy.parent.glob("tile/entries/*/*"))
    for file, changed, code in (
        (policy, policy.read_bytes() + b"\n", 2),
        (bundle, bundle.read_bytes()[:-1] + b"_", 3),
    ):
        good = file.read_bytes()
        file.write_bytes(changed)
        assert type_in(audit, folder)[0] == code
        assert f"\n| {code} | " in page
        file.write_bytes(good)
    assert type_in(audit.replace("copies/orva", "nowhere"), folder)[0] == 5
    assert type_in("safeconduct show copies/orva 0", folder)[0] == 0


def test_every_option_that_the_page_names_is_one(founded: tuple[Path, str]) -> None:
    folder, _ = founded
    page = (DOCS / "how-to" / "audit-an-archive.md").read_text(encoding="utf-8")
    offered = type_in("safeconduct audit --help", folder)[1]
    named = set(re.findall(r"`(--[a-z]+)", page))
    assert named >= {"--corridor", "--head", "--receipt", "--offers", "--json"}
    assert all(option in offered for option in named)


def test_the_first_audit_goes_as_its_page_says(tmp_path: Path) -> None:
    """`make demo` is one line more than the command: it first makes `.venv`, which is there already.

    At its end it serves, until the reader stops it: `--no-serve` is their Ctrl-C.
    """
    assert "\n\t$(BIN)/safeconduct demo $(ARGS)\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    said: list[str] = []
    for block in blocks("tutorials/first-audit.md"):
        typed = re.sub(r"make demo(?: ARGS=(.*))?", r".venv/bin/safeconduct demo --no-serve \1", block)
        said.append(type_in(typed, tmp_path)[1])
    demo, audit, kept, shown, public, cheated, honest, simulated = said
    for words in ("9 findings, exactly as expected", "27 voyages were not yet inspected", "Not judged"):
        assert words in demo
    assert audit.startswith("✗ sound for corridor")
    assert audit.endswith("\n1\n")
    assert kept == ""
    assert "source_voyage: 148" in shown
    assert all(("BLUE SHARK" in words, "NAVIN VULTURE" in words) == (named, named)
               for words, named in ((shown, True), (public, False)))  # fmt: skip
    assert "tile/entries/001: entry " in cheated
    assert cheated.endswith("\n3\n")
    assert "it agrees with head kept-head" in honest
    assert "920 vehicles and 2,450 people" in simulated
    assert "✗" not in simulated
