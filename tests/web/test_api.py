"""Records are handed in over HTTP, and answered item by item."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import Conflict, Malformed, Unavailable
from safeconduct.service.admission import Outcome
from safeconduct.service.export import export
from safeconduct.service.refusal import read_refusal
from safeconduct.service.sequence import Submission
from safeconduct.sim.archive import MemoryArchive
from safeconduct.verify.audit import Options, audit
from safeconduct.web.api import forms
from safeconduct.wiring.server import open_server
from tests.web.served import Open, Served, check_problem, founded, item, problem, served, under_api


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("api") / "corridor") as opened:
        yield opened


def answers(response: Any, *statuses: int) -> list[dict[str, Any]]:
    """The items of a list's answer, with these statuses."""
    assert response.status_code == 207
    assert response["Content-Type"] == "application/json"
    forms.Answers.model_validate_json(response.content)
    found: list[dict[str, Any]] = json.loads(response.content)["records"]
    assert [each["status"] for each in found] == list(statuses)
    return found


def test_one_record_gets_its_receipt_and_a_repeat_the_same(here: Served) -> None:
    record = here.offer()
    first, again = here.post(item(record)), here.post(item(record))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert first["Cache-Control"] == "no-store"
    forms.Receipt.model_validate_json(first.content)
    receipt = here.receipt(first.json(), record)
    assert first.json()["grade"] == "cosigned"
    assert here.entries()[receipt.index] == record.entry
    got = here.client.get(f"/api/records/{record.payload['jti']}")
    assert (got.status_code, got.content) == (200, first.content)
    head = here.client.head(f"/api/records/{record.payload['jti']}")
    assert (head.status_code, head.content) == (200, b"")


def test_a_list_is_answered_item_by_item_and_good_ones_enter(here: Served) -> None:
    enrolment, first = here.stranger(1)
    _, unknown = here.stranger(2)
    other = here.offer("1", jti=first.payload["jti"])
    bad = replace(first, entry=b"not.a.record")
    pass_without_power = here.stage.declare(by="mission/officer").declaration
    assert pass_without_power is not None
    size = len(here.entries())
    found = answers(
        here.hand_in(enrolment, bad, first, unknown, other, pass_without_power, first),
        201, 422, 201, 403, 409, 403, 200,
    )  # fmt: skip
    here.receipt(found[0], enrolment)
    assert here.receipt(found[2], first) == here.receipt(found[6], first)
    for number, rule in (
        (1, "record.spelling"),
        (3, "key.unknown"),
        (4, "record.repeated"),
        (5, "key.power"),
    ):
        check_problem(found[number]["problem"], found[number]["status"], [rule])
        assert found[number]["problem"]["where"].startswith((f"$.records[{number}]",))
    assert here.corridor.sequencer is not None
    key = here.corridor.sequencer.founding.service_key
    for number, record in ((3, unknown), (5, pass_without_power)):
        refusal = read_refusal(found[number]["problem"]["refusal"], key)
        assert (refusal.leaf, refusal.aud) == (record.leaf, here.stage.cor)
    assert all("refusal" not in found[number]["problem"] for number in (1, 4))
    assert here.entries()[size + 1 :] == [enrolment.entry, first.entry]


def test_one_that_is_refused_is_a_problem_with_the_signed_refusal(here: Served) -> None:
    _, unknown = here.stranger(3)
    document = problem(here.post(item(unknown)), 403, "key.unknown")
    assert here.corridor.sequencer is not None
    read_refusal(document["refusal"], here.corridor.sequencer.founding.service_key)
    forms.Problem.model_validate(document)
    known = here.offer()
    here.hand_in(known)
    problem(here.post(item(here.offer("1", jti=known.payload["jti"]))), 409, "record.repeated")
    problem(here.post({**item(here.offer()), "nature": "live"}), 422, "record.nature")
    assert (
        problem(here.post({"record": here.offer().entry.decode()}), 422, "record.nature")["where"] == "nature"
    )


def test_disclosures_are_handed_in_beside_their_record_and_appear_in_no_answer(here: Served) -> None:
    passage = here.stage.passage(plate="KM 777")
    arrival = passage.arrive()
    response = here.post(item(arrival))
    assert response.status_code == 201
    stored = {text for _, text in here.corridor.store.disclosures()}
    assert set(arrival.disclosures) <= stored
    wrong = {**item(here.offer()), "disclosures": list(arrival.disclosures)}
    document = json.dumps(problem(here.post(wrong), 422, "disclosures.false"))
    assert "KM 777" not in document
    assert all(text not in document for text in arrival.disclosures)


def test_all_faults_are_named_up_to_a_limit(here: Served) -> None:
    lines: list[Any] = [({"line": "x", "result": "y"}, {}) for _ in range(40)]
    wrong = here.stage.passage().inspect(lines=lines)
    document = here.post(item(wrong)).json()
    assert document["status"] == 422
    assert len(document["faults"]) == 16
    assert document["faults_left_off"] >= 24
    forms.Problem.model_validate(document)


@pytest.mark.parametrize(
    "jti", ["0198a1b2-0000-7000-8000-000000000000", "x", "%00", "01/..", "é", "x" * 4000]
)
def test_a_record_that_is_not_in_the_log_is_said_not_to_be(jti: str, here: Served) -> None:
    response = here.client.get(f"/api/records/{jti}")
    assert response.status_code == 404
    assert response.json()["rule"] in {"api.unknown", "api.path"}


def stopped(here: Served, error: Exception | None) -> Open:
    def submit(_: Sequence[Submission], /) -> list[Outcome]:
        raise error or AssertionError

    return Open(here.corridor.store, None, submit)


@pytest.mark.parametrize(
    "error",
    [Unavailable("another process appends", where="/a/path", next_step="Wait"), Conflict("an old copy")],
)
def test_where_nothing_can_be_logged_the_answer_says_when_to_come_again(
    error: Exception, here: Served
) -> None:
    with under_api(stopped(here, error)):
        response = here.hand_in(here.offer())
    document = problem(response, 503, "")
    assert response["Retry-After"] == "2"
    assert "/a/path" not in json.dumps(document)


def test_without_a_sequencer_there_are_no_receipts_and_the_reason_is_given(here: Served) -> None:
    record = here.offer()
    here.hand_in(record)
    nobody = stopped(here, None)
    path = f"/api/records/{record.payload['jti']}"
    with under_api(nobody):
        assert "another process" in problem(here.client.get(path), 503, "")["detail"]
    nobody.stopped = Unavailable("the disk is full", next_step="Make room")
    with under_api(nobody):
        assert "the disk is full" in problem(here.client.get(path), 503, "")["detail"]


def test_a_receipt_whose_head_is_being_signed_is_asked_for_again(here: Served) -> None:
    record = here.offer()
    here.hand_in(record)

    class Signing:
        def receipt(self, _: int) -> None:
            raise Unavailable("its head is being signed", next_step="Repeat in a moment")

    signing: Any = Signing()
    with under_api(replace(stopped(here, None), sequencer=signing)):
        problem(here.client.get(f"/api/records/{record.payload['jti']}"), 503, "")


def test_an_item_without_an_answer_may_be_repeated(here: Served) -> None:
    def submit(_: Sequence[Submission], /) -> list[Outcome]:
        return [
            Outcome(),
            Outcome(error=Malformed("no", where="$.x", next_step="Say yes", rule="record.schema")),
        ]

    with under_api(replace(stopped(here, None), submit=submit)):
        found = answers(here.hand_in(here.offer(), here.offer()), 503, 422)
    assert found[1]["problem"]["where"] == "$.records[1] $.x"


def test_a_defect_is_answered_without_a_trace_and_logged_without_what_was_sent(
    here: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with under_api(stopped(here, KeyError("KM 777"))):
        response = here.hand_in(here.offer())
    document = problem(response, 500, "api.defect")
    assert "KM 777" not in json.dumps(document)
    assert "KeyError" not in json.dumps(document)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "safeconduct.api"]
    assert "KeyError" in said
    assert "KM 777" not in said
    assert "test_api.py:" in said


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/records", "POST"),
        ("HEAD", "/api/records", "POST"),
        ("DELETE", "/api/records", "POST"),
        ("OPTIONS", "/api/records", "POST"),
        ("BREW", "/api/records", "POST"),
        ("POST", "/api/records/0198a1b2-0000-7000-8000-000000000000", "GET"),
        ("PUT", "/api/openapi.json", "GET"),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    method: str, path: str, allow: str, here: Served
) -> None:
    response = here.client.generic(method, path)
    assert response.status_code == 405
    assert response["Allow"] == allow
    if method != "HEAD":
        problem(response, 405, "api.method")


@pytest.mark.parametrize(
    "path", ["/api/", "/api/x", "/api/records/", "/api/records/a/b", "/api/docs", "/api/openapi.yaml"]
)
def test_another_path_is_nowhere(path: str, here: Served) -> None:
    problem(here.client.get(path), 404, "api.path")
    problem(here.client.post(path, b"{}", "application/json"), 404, "api.path")


def test_the_log_is_sound_after_all_of_this(here: Served) -> None:
    assert here.corridor.sequencer is not None
    (archive,) = export(here.corridor.sequencer, ["mission"], now=here.stage.clock.now())
    report = audit(MemoryArchive(dict(archive.files())), workers=SerialWorkers(), options=Options())
    assert {finding.rule for finding in report.findings} <= {"chain.hole"}  # what was refused, or kept back


def test_the_server_of_a_corridor_is_what_the_api_needs(tmp_path: Path) -> None:
    """The real one: its log in Django's database, its own threads and locks."""
    stage = founded(tmp_path / "corridor")
    with open_server(tmp_path / "corridor") as server, under_api(server):
        there = Served(stage, server)
        record, (enrolment, first) = there.stage.passage(plate="KM 1").arrive(), there.stranger(1)
        for answer, written in zip(
            answers(there.hand_in(record, enrolment, first), 201, 201, 201),
            (record, enrolment, first),
            strict=True,
        ):
            there.receipt(answer, written)
        path = f"/api/records/{record.payload['jti']}"
        assert there.client.get(path).json()["grade"] == "cosigned"
    with open_server(tmp_path / "corridor") as server, under_api(server):
        again = answers(Served(stage, server).hand_in(record, enrolment, first), 200, 200, 200)
        assert again[0]["receipt"] == there.client.get(path).json()["receipt"]
