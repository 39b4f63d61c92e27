"""`run-a-party.md`, typed: two parties' programs beside a corridor that is founded and served for real."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from safeconduct.cli import party_serve
from safeconduct.cli.run import Parser
from safeconduct.sim.stage import corridor_file
from tests.docs.test_how_to import BIN, DOCS, blocks, type_in
from tests.docs.test_how_to_http import free_port
from tests.web.running import running
from tests.web.test_serve_witnesses import soon

INIT, FOLLOW, SERVE, STATUS, AUDIT, WITH_KEY = blocks("how-to/run-a-party.md")
TEN_MINUTES_S = 600
SEATS = ("orva", "tessin")


def typed(block: str, folder: Path) -> str:
    code, said = type_in(block, folder)
    assert code == 0, said
    return said


@contextmanager
def served(party: Path, port: str) -> Iterator[None]:
    """Step 4, until the block ends."""
    words = shlex.split(SERVE.replace("8443", port))
    with (party.parent / "log").open("a") as log:
        process = subprocess.Popen(
            [BIN / words[0], *words[1:]],
            cwd=party.parent, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as out:
        try:
            assert out.readline().startswith(f"✓ http://127.0.0.1:{port}/ is the witness ")
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()


def test_a_party_has_its_witness_and_its_archive_in_ten_minutes(tmp_path: Path) -> None:
    started = time.monotonic()
    guarantor = tmp_path / "guarantor"
    parties = {seat: tmp_path / seat for seat in SEATS}
    for folder in (guarantor, *parties.values()):
        folder.mkdir()
    # Step 1, and what each party sends.
    keys, ports = {}, {seat: free_port() for seat in SEATS}
    for seat, here in parties.items():
        said = typed(INIT.replace("orva", seat), here)
        keys[seat] = said.splitlines()[1].strip()
        typed(f"safeconduct key new {seat}-root.jwk", here)
        shutil.copy(here / f"{seat}-root.jwk.pub", guarantor)
    # Step 2 is the guarantor's: how to found a corridor, and how to ask witnesses.
    corridor = founded(guarantor, keys)
    for here in parties.values():
        shutil.copytree(guarantor / "corridor" / "published", here / "founding")
    addresses(guarantor, keys, ports)
    # Steps 3 and 4.
    site = free_port()
    with ExitStack() as opened:
        for seat, here in parties.items():
            said = typed(follow(FOLLOW, site, corridor), here)
            assert f"witness {seat}.example/witness {keys[seat]} https://HOST:PORT/" in said
            assert "does not name" not in said
            opened.enter_context(served(here / "party", ports[seat]))
        with running(guarantor / "corridor", "--port", site) as server:
            # Step 5: cosigned heads are seen, and mirrored.
            for here in parties.values():
                soon(lambda here=here: entries(here, 0) > 0)  # type: ignore[misc]
                said = typed(STATUS, here)
                assert re.search(r"log\.example\.org/corridor: [1-9]\d* entries, cosigned 20", said)
                assert "✗" not in said
            size = entries(parties["orva"], 0)
            # The log goes on: orva enrols a key, as the page on handing in says.
            enrol, hand_in, receipt, again = blocks("how-to/submit.md")
            orva = parties["orva"]
            typed(enrol.replace("IDENTIFIER", corridor), orva)
            typed(hand_in.replace("https://corridor.example.org", f"http://127.0.0.1:{site}"), orva)
            typed(receipt.replace("copies/orva", "party/archive"), orva)
            for here in parties.values():
                soon(lambda here=here: entries(here, size) > size)  # type: ignore[misc]
            final = again.replace("https://corridor.example.org", f"http://127.0.0.1:{site}")
            assert json.loads(typed(final, orva))["grade"] == "cosigned"
            # Step 6.
            for here in parties.values():
                said = typed(AUDIT.replace("IDENTIFIER", corridor), here)
                assert f"✓ sound for corridor {corridor}\n" in said
                assert f"cosigned by {', '.join(f'{each}.example/witness' for each in SEATS)}" in said
            took = time.monotonic() - started
            assert took < TEN_MINUTES_S
            print(f"two parties' witnesses and archives in {took:.0f} s")  # noqa: T201 - a figure to be read
            assert server.process.poll() is None
            with_a_key(orva, site, corridor, opened, ports["orva"])


def founded(guarantor: Path, keys: dict[str, str]) -> str:
    """As `found-a-corridor.md` has it, with these witnesses; the identifier that was printed."""
    for name in ("agreement.toml", "route.geojson"):
        (guarantor / name).write_text(corridor_file(name), encoding="utf-8")
    _, key, init, _ = blocks("how-to/found-a-corridor.md")
    typed(key, guarantor)
    named = "".join(f" --witness '{line}'" for line in keys.values())
    said = typed(f"{init.strip()} --seat tessin=tessin-root.jwk.pub{named}", guarantor)
    (corridor,) = re.findall(r"Corridor ([0-9a-f]{64})", said)
    with running(guarantor / "corridor") as server:
        server.until_published()
    return str(corridor)


def addresses(guarantor: Path, keys: dict[str, str], ports: dict[str, str]) -> None:
    """As `ask-witnesses.md` has it."""
    copy, write, _ = blocks("how-to/ask-witnesses.md")
    typed(copy, guarantor)
    for seat in keys:
        line = write.replace("https://witness.orva.example/", f"http://127.0.0.1:{ports[seat]}/")
        typed(line.replace("orva", seat), guarantor)


def follow(block: str, site: str, corridor: str) -> str:
    return block.replace("https://HOST/", f"http://127.0.0.1:{site}/").replace("IDENTIFIER", corridor)


def entries(here: Path, at_least: int) -> int:
    """Of the party's archive, once its witness has cosigned as many; a moment that is no failure gives `at_least`."""
    code, said = type_in(f"{STATUS.strip()} --json", here)
    status = json.loads(said)
    head, logs = status["mirror"]["head"], status["witness"]["logs"]
    if code or head is None or not logs or logs[0]["size"] < head["size"]:
        return at_least
    return int(head["size"])


def with_a_key(orva: Path, site: str, corridor: str, opened: ExitStack, port: str) -> None:
    """What is disclosed to the seat: the program is started again, and its archive goes on."""
    before = (orva / "party" / "archive" / "checkpoint").read_bytes()
    opened.close()
    typed(follow(WITH_KEY, site, corridor), orva)
    (orva / "log").unlink()
    with served(orva / "party", port):
        soon(lambda: json.loads(typed_status(orva))["mirror"]["learnt"] >= int(time.time()) - 5)
    assert "not mirrored" not in (orva / "log").read_text()
    assert (orva / "party" / "archive" / "checkpoint").read_bytes().split(b"\n")[0] == before.split(b"\n")[0]


def typed_status(here: Path) -> str:
    return type_in(f"{STATUS.strip()} --json", here)[1]


def test_what_the_page_says_that_is_said_is_said() -> None:
    root = DOCS.parent / "src" / "safeconduct"
    program = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    text = (DOCS / "how-to/run-a-party.md").read_text(encoding="utf-8")
    said = re.findall(r"(?m)^\| \*([^*]+)\* \|", text)
    assert len(said) == 6
    for words in said:
        assert words in program.replace("{served.size}", "N"), words
    events = re.findall(
        "`([a-z ]+)`", text.partition("one line of JSON for each event")[2].partition("\n\n")[0]
    )
    told = set(re.findall(r'tell\("([a-z ]+)"', program)) | set(
        re.findall(r'HTTPStatus\.\w+\): "([a-z]+)"', program)
    )
    party = "".join((root / "wiring" / f"party_{name}.py").read_text() for name in ("serve", "mirror"))
    assert {event for event in told if f'"{event}"' in party} | {"listening", "cosigned", "stopped"} == {
        *events
    }


def test_its_service_runs_a_command_of_ours_and_may_write_where_it_does() -> None:
    text = (DOCS / "how-to/run-a-party.md").read_text(encoding="utf-8")
    (unit,) = re.findall(r"(?ms)^```ini\n(.*?)^```$", text)
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parsed.read_string(unit)
    service = parsed["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert Path(program).name == "safeconduct"
    assert words[:2] == ["party", "serve"]
    parser = Parser()
    party_serve.configure(parser)
    parser.parse_args(words[2:])
    assert service["WorkingDirectory"] in service["ReadWritePaths"].split()
    (container,) = re.findall(r"(?ms)^```text\ndocker run (.*?)^```$", text)
    parser.parse_args(shlex.split(container.partition("IMAGE party serve ")[2]))
