"""The API's pages: what they tell to type is typed, and their examples are sent."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler

from safeconduct.adapters.group_commit import GroupCommit
from safeconduct.service.admission import admit
from safeconduct.service.permission import DECIDED
from safeconduct.sim.stage import corridor_file
from safeconduct.web.api.problem import RULES
from safeconduct.wiring.offline import corridor_over
from tests.docs.test_how_to import DOCS, blocks, type_in
from tests.web.served import Open, PerThread, Served, served, under_api

SPEC = (DOCS / "spec" / "api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```json (accepted|refused ?)([a-z.]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def reachable(folder: Path) -> Iterator[str]:
    """The address of a server for the corridor in this folder."""
    store: Any = PerThread(folder)
    sequencer = corridor_over(store, folder).sequencer
    group = GroupCommit(partial(admit, sequencer))
    with (
        under_api(Open(store, sequencer, group.submit)),
        make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            group.stop()


def test_a_stranger_hands_in_a_record_as_the_page_says(tmp_path: Path) -> None:
    for name in ("agreement.toml", "route.geojson"):
        (tmp_path / name).write_text(corridor_file(name), encoding="utf-8")
    _, key, init, copies = blocks("how-to/found-a-corridor.md")
    for block in (key, key.replace("guarantor", "orva"), init):
        code, said = type_in(block, tmp_path)
        assert code == 0, said
    identifier = re.search(r"Corridor ([0-9a-f]{64})", said)
    assert identifier is not None
    assert type_in(copies.replace("IDENTIFIER", identifier[1]), tmp_path)[0] == 0
    sign, hand_in, check, again = blocks("how-to/submit.md")
    with reachable(tmp_path / "corridor") as address:

        def typed(block: str) -> str:
            here = block.replace("https://corridor.example.org", address).replace("IDENTIFIER", identifier[1])
            code, said = type_in(here, tmp_path)
            assert code == 0, said
            return said

        typed(sign)
        typed(hand_in)
        first = (tmp_path / "answer.json").read_bytes()
        assert "✓ receipt: logged; entry " in typed(check)
        assert typed(again).encode() == first
        typed(hand_in)
        assert (tmp_path / "answer.json").read_bytes() == first
        (tmp_path / "body.json").write_text('{"record":"x"}')
        code, _ = type_in(hand_in.replace("https://corridor.example.org", address), tmp_path)
        assert code == 22
        assert json.loads((tmp_path / "answer.json").read_bytes())["rule"] == "record.spelling"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("pages") / "corridor") as opened:
        yield opened


def test_the_examples_of_the_specification_are_answered_as_it_says(here: Served) -> None:
    found = EXAMPLE.findall(SPEC)
    assert {verdict.strip() for verdict, _, _ in found} == {"accepted", "refused"}
    for verdict, rule, body in found:
        response = here.post(body.encode())
        if verdict == "accepted":  # the form is; the records in it are cut short
            assert response.status_code in {207, 422}
        else:
            assert (response.status_code, response.json()["rule"]) == (400, rule)


def test_the_specification_has_every_rule_with_its_status_and_sentence() -> None:
    for name, (status, rule) in RULES.items():
        assert f"| `{name}` | {int(status)} | {rule.sentence} |" in SPEC


def test_the_specification_has_every_kind_that_is_decided() -> None:
    table = SPEC[SPEC.index("| kinds | decided by |") : SPEC.index("| all others |")]
    named = {
        kind for line in table.splitlines()[2:] for kind in re.findall(r"`([a-z-]+)`", line.split("|")[1])
    }
    assert named == DECIDED
