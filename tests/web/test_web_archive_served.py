"""The whole way: a server over its database, HTTP, and an auditor that has nothing but the address and a key."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import override_settings

from safeconduct.adapters.http_archive import open_http_archive
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.service.admission import HandedIn
from safeconduct.service.shown import size_of
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.report import Report
from safeconduct.web.archive.parties import Corridor
from safeconduct.web.archive.views import routes
from safeconduct.wiring.server import Server, open_server
from tests.web.served import founded

current: Corridor | None = None


def corridor() -> Corridor:
    assert current is not None
    return current


urlpatterns = routes(corridor)


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = False

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        connections.close_all()


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def over_http(here: Corridor) -> Iterator[str]:
    global current  # noqa: PLW0603 - the corridor of the moment
    before, current = current, here
    with override_settings(ROOT_URLCONF=__name__), Threads(("127.0.0.1", 0), Quiet) as server:
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            current = before


def until(true: Any) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def published(server: Server) -> int:
    try:
        return server.publication.parties().size
    except SafeconductError:
        return 0


def audited(url: str, server: Server, **more: Any) -> Report:
    options = Options(corridor=server.founding.cor)
    with open_http_archive(url, **more) as archive:
        return audit(archive, workers=SerialWorkers(), options=options)


def test_a_party_and_a_stranger_audit_a_running_server(tmp_path: Path) -> None:
    stage = founded(tmp_path / "corridor")
    with open_server(tmp_path / "corridor") as server, over_http(server) as address:
        until(lambda: published(server) == server.store.size())
        public = audited(f"{address}/public/", server)
        assert public.sound
        assert public.checked.disclosures is None
        key = {"key": stage.key("orva/liaison"), "corridor": server.founding.cor}
        party = audited(f"{address}/archive/", server, **key)
        assert party.sound
        assert party.checked.disclosures
        assert "disclosures.digest" not in party.rules
        size = server.store.size()
        again = audited(f"{address}/archive/", server, **key)
        assert again == party
        assert server.store.size() == size, "a repeat records nothing"
    assert size_of((tmp_path / "corridor" / "published" / "checkpoint").read_bytes()) == size
    assert not list((tmp_path / "corridor" / "published").rglob("disclosures.jsonl"))


def test_readers_and_writers_at_once_disturb_nobody(tmp_path: Path) -> None:
    """Heads move while archives are read, and each is sound; what is disclosed is recorded between batches."""
    stage = founded(tmp_path / "corridor")
    hand = stage.hand("mission/officer")
    written = [hand.write("offered", clear={"leaf": "0" * 64}) for _ in range(24)]
    reports: list[Report] = []
    failed: list[BaseException] = []
    with open_server(tmp_path / "corridor") as server, over_http(server) as address:
        until(lambda: published(server) > 0)

        def read(**more: Any) -> None:
            try:
                where = "archive" if more else "public"
                reports.extend(audited(f"{address}/{where}/", server, **more) for _ in range(2))
            except BaseException as error:  # noqa: BLE001 - told below
                failed.append(error)

        parties = [
            {"key": stage.key(f"{seat}/liaison"), "corridor": server.founding.cor}
            for seat in ("orva", "tessin")
        ]
        threads = [threading.Thread(target=read, kwargs=more) for more in ({}, *parties)]
        for thread in threads:
            thread.start()
        for one in written:
            (outcome,) = server.submit([HandedIn(one.entry, one.disclosures, "simulated")])
            assert outcome.receipt is not None
        for thread in threads:
            thread.join()
        until(lambda: published(server) == server.store.size())
        assert server.behind is None
    assert failed == []
    assert len(reports) == 6
    assert all(report.sound for report in reports)
    assert all("disclosures.digest" not in report.rules for report in reports)
