"""`safeconduct serve`: a process that is started, written to, read from, killed, started again and stopped."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from safeconduct.sim.stage import Stage
from tests.postgres import Postgres
from tests.web.running import COMMAND, Running, running, serve
from tests.web.served import founded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "corridor"


@pytest.fixture
def stage(folder: Path) -> Stage:
    return founded(folder)


def offered(stage: Stage, number: int = 0) -> Any:
    return stage.hand("mission/officer").write("offered", clear={"leaf": f"{number:064x}"})


def audit(served: Running, place: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """From another folder, with nothing but the address and the identifier."""
    place.mkdir(exist_ok=True)
    typed = [
        *COMMAND,
        "audit",
        f"{served.url}public/",
        "--corridor",
        served.said["corridor"],
        "--json",
        *words,
    ]
    done = subprocess.run(typed, cwd=place, capture_output=True, check=False, timeout=60)
    return done.returncode, json.loads(done.stdout)


def test_a_record_is_handed_in_and_audited_from_another_folder(
    folder: Path, stage: Stage, tmp_path: Path
) -> None:
    record = offered(stage)
    with running(folder) as served:
        assert served.said["takes_records"]
        answer = served.hand_in(record)
        assert answer.status == 207, answer
        (one,) = answer.document["records"]
        assert (one["status"], one["grade"]) == (201, "cosigned")
        got = served.get(f"/api/records/{record.payload['jti']}")
        assert got.document["receipt"] == one["receipt"]
        size = served.until_published()
        code, report = audit(served, tmp_path / "elsewhere")
        assert code in (0, 1)
        assert (report["sound"], report["head"]["size"]) == (True, size)


def test_alive_and_ready_are_two_questions(folder: Path, stage: Stage) -> None:
    with running(folder) as served:
        assert served.get("/health").document == {"status": "alive"}
        ready = served.get("/ready")
        assert (ready.status, ready.document["status"]) == (200, "ready")
        assert ready.headers["cache-control"] == "no-store"
        served.ask("POST", "/health", b"").problem(405, "archive.method")
        for path in ("/nowhere", "/passages/nobody", "/%ff", "/health/"):
            served.get(path).problem(404, "web.path")


def test_nothing_acknowledged_is_lost_when_it_is_killed(folder: Path, stage: Stage, tmp_path: Path) -> None:
    records = [offered(stage, number) for number in range(30)]
    acknowledged: dict[str, str] = {}
    served = serve(folder)

    def hand_in() -> None:
        for record in records:
            try:
                answer = served.hand_in(record).document["records"][0]
            except (OSError, ValueError):
                return
            acknowledged[record.payload["jti"]] = answer["receipt"]

    writing = threading.Thread(target=hand_in)
    writing.start()
    while len(acknowledged) < 7:
        time.sleep(0.002)
    served.stop(signal.SIGKILL)
    writing.join()
    assert served.process.stdout is not None
    served.process.stdout.close()
    with running(folder) as again:
        for jti, receipt in acknowledged.items():
            assert again.get(f"/api/records/{jti}").document["receipt"] == receipt
        answers = again.hand_in(*records).document["records"]
        statuses = {
            record.payload["jti"]: answer["status"] for record, answer in zip(records, answers, strict=True)
        }
        assert {statuses[jti] for jti in acknowledged} == {200}
        assert set(statuses.values()) <= {200, 201}
        again.until_published()
        assert audit(again, tmp_path / "elsewhere")[1]["sound"]
        assert again.told()[-1]["level"] == "info"


def test_a_second_server_on_one_folder_reads_and_takes_nothing(folder: Path, stage: Stage) -> None:
    record = offered(stage)
    with running(folder) as first, running(folder) as second:
        first.until_published()
        assert not second.said["takes_records"]
        assert "another process sequences this log" in second.said["why_not"]
        document = second.get("/ready").problem(503, "")
        assert "another process sequences" in document["detail"]
        assert str(folder) not in json.dumps(document)
        answer = second.hand_in(record)
        answer.problem(503, "")
        assert int(answer.headers["retry-after"]) > 0
        assert second.get("/public/checkpoint").body == first.get("/public/checkpoint").body
        assert second.get("/").status == 200
        assert first.hand_in(record).document["records"][0]["status"] == 201


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_commits_what_waits_and_publishes_it(folder: Path, stage: Stage, how: signal.Signals) -> None:
    records = [offered(stage, number) for number in range(200)]
    answers: list[Any] = []
    with running(folder) as served:
        writing = threading.Thread(target=lambda: answers.append(served.hand_in(*records)))
        writing.start()
        time.sleep(0.05)
        assert served.stop(how) == 0
        writing.join()
    (answer,) = answers
    assert {one["status"] for one in answer.document["records"]} == {201}
    shown = (folder / "published" / "checkpoint").read_text().split("\n")[1]
    told = served.told()
    assert told[-1]["event"] == "stopped"
    assert int(shown) == max(line["size"] for line in told if line["event"] == "sequenced")


def test_it_refuses_with_words(folder: Path, stage: Stage, tmp_path: Path) -> None:
    def refused(*words: str) -> str:
        done = subprocess.run(
            [*COMMAND, "serve", *words, "--json"], capture_output=True, check=False, timeout=60
        )
        assert done.returncode in (2, 5)
        assert b"Traceback" not in done.stderr
        (fault,) = json.loads(done.stdout)["faults"]
        assert fault["next_step"]
        return f"{fault['where']}: {fault['message']}"

    with running(folder) as served:
        host, port = served.address
        assert refused(str(folder), "--port", str(port)) == (
            f"{host}:{port}: nothing can listen here: address already in use"
        )
    assert "no corridor is here" in refused(str(tmp_path / "none"), "--port", "0")
    (tmp_path / "empty").mkdir()
    assert "no corridor is here" in refused(str(tmp_path / "empty"), "--port", "0")
    assert "no address of this machine" in refused(str(folder), "--host", "nowhere.invalid")
    assert "no port" in refused(str(folder), "--port", "70000")


def test_without_the_storage_of_its_high_water_note_it_reads_and_takes_nothing(
    folder: Path, stage: Stage, tmp_path: Path
) -> None:
    note = tmp_path / "elsewhere" / "note"
    with running(folder, "--high-water", str(note)) as served:
        assert "the storage of the high-water note is not there" in served.said["why_not"]
        assert served.get("/ready").status == 503
        assert served.get("/").status == 200
    note.parent.mkdir()
    with running(folder, "--high-water", str(note)) as served:
        served.until_published()
        assert served.hand_in(offered(stage)).status == 207
    assert note.read_bytes() == (folder / "published" / "checkpoint").read_bytes()


def test_the_log_is_json_and_tells_nothing_that_was_sent(folder: Path, stage: Stage) -> None:
    with running(folder) as served:
        served.hand_in(offered(stage))
        served.get("/passages/?q=KM4711&class=PRIVATE")
        served.get("/PRIVATE/KM4711", authorization="Bearer PRIVATE", user_agent="PRIVATE")
        served.ask("PRIVATE", "/api/records")
        served.post(b'{"record": "PRIVATE"}')
    text = served.log.read_text()
    assert "PRIVATE" not in text
    assert "KM4711" not in text
    assert "127.0.0.1" not in text
    told = served.told()
    events = [line["event"] for line in told]
    assert events[:-1].index("started") <= 1
    assert events[-1] == "stopped"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"]) for line in told)
    requests = [line for line in told if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("POST", "api:submit", 207),
        ("GET", "public:passages", 200),
        ("GET", "none", 404),
        ("other", "api:submit", 405),
        ("POST", "api:submit", 422),
    ]
    assert all(line["ms"] >= 0 and line["bytes"] > 0 for line in requests)
    (sequenced,) = [line for line in told if line["event"] == "sequenced"]
    assert sequenced["records"] == 2, "it, and the record of the head before it"


def test_behind_a_proxy_that_ends_tls_the_pages_say_so(folder: Path, stage: Stage) -> None:
    with running(folder) as served:
        served.until_published()
        for told, scheme in (({}, "http"), ({"x_forwarded_proto": "https"}, "https")):
            page = served.get("/", host="corridor.example.org", **told).body.decode()
            assert f"safeconduct audit {scheme}://corridor.example.org/public/" in page


def test_with_postgresql_the_same(
    folder: Path, stage: Stage, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres.database())
    first, second = offered(stage), offered(stage, 1)
    with running(folder) as served:
        assert served.hand_in(first).document["records"][0]["status"] == 201
        served.until_published()
    with running(folder) as served:
        assert [one["status"] for one in served.hand_in(first, second).document["records"]] == [200, 201]
        size = served.until_published()
        report = audit(served, tmp_path / "elsewhere")[1]
        assert (report["sound"], report["head"]["size"]) == (True, size)
        typed = [*COMMAND[:2], COMMAND[2].replace("'serve'", "'doctor': 'safeconduct.cli.doctor', 'serve'")]
        done = subprocess.run([*typed, "doctor", str(folder), "--json"], capture_output=True, check=False)
        lines = {line["what"]: line for line in json.loads(done.stdout)["lines"]}
        assert lines["store"]["said"].startswith("PostgreSQL")
        assert lines["head"]["state"] == "ok"
