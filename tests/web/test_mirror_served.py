"""A party's mirror of a running server: the log goes on, and so does the archive; a repeat records nothing."""

from __future__ import annotations

from pathlib import Path

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.http_archive import open_files
from safeconduct.adapters.http_mirror import HttpSource
from safeconduct.adapters.mirror_folder import MirrorFolder
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.service.admission import HandedIn
from safeconduct.service.mirror import Mirrored, Outcome, mirror
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.ports import Silent
from safeconduct.wiring.server import open_server
from tests.web.served import founded
from tests.web.test_web_archive_served import over_http, published, until


def test_a_party_mirrors_a_running_server(tmp_path: Path) -> None:
    stage, ours = founded(tmp_path / "corridor"), tmp_path / "ours"
    key = stage.key("orva/liaison")
    with open_server(tmp_path / "corridor") as server, over_http(server) as address:
        cor = server.founding.cor

        def once() -> Mirrored:
            with open_files(f"{address}/archive/", key=key, corridor=cor) as files:
                return mirror(
                    HttpSource(files, tmp_path), MirrorFolder(ours), corridor=cor, reporter=Silent()
                )

        until(lambda: published(server) == server.store.size())
        first = once()
        assert first.outcome is Outcome.NEW
        size = server.store.size()
        assert once().outcome is Outcome.UNCHANGED
        assert server.store.size() == size, "a repeat records nothing"
        told = stage.hand("mission/officer").write("offered", clear={"leaf": "0" * 64})
        server.submit([HandedIn(told.entry, told.disclosures, "simulated")])
        until(lambda: published(server) > size)
        assert once().head.checkpoint.size > first.head.checkpoint.size
    report = audit(FolderArchive(ours), workers=SerialWorkers(), options=Options(corridor=cor))
    assert report.sound
    assert report.checked.disclosures
    assert "disclosures.digest" not in report.rules
