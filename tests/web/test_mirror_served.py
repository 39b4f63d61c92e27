"""A party's mirror of a running server: the log goes on, and so does the archive; a repeat records nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.http_archive import open_files
from safeconduct.adapters.http_mirror import HttpSource
from safeconduct.adapters.keys import Ed25519Key, write_key
from safeconduct.adapters.mirror_folder import MirrorFolder
from safeconduct.adapters.workers import SerialWorkers
from safeconduct.cli.main import main
from safeconduct.core.record.disclosure import digest_of
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import jwk_of
from safeconduct.service.admission import HandedIn
from safeconduct.service.archive_store import open_copy
from safeconduct.service.mirror import Mirrored, Outcome, mirror
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.ports import Silent
from safeconduct.wiring.server import open_server
from tests.web.running import running
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


def test_a_party_confirms_at_a_running_server_that_what_was_erased_is_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage, keys = founded(tmp_path / "corridor"), tmp_path / "keys"
    keys.mkdir()
    write_key(keys / "liaison", stage.key("orva/liaison"))
    own = Ed25519Key(b"a mirror's own key, for this only"[:32])
    write_key(keys / "mirror", own)
    clear = {"cnf": {"jwk": jwk_of(own.public_key)}, "holder": "orva/observer"}
    enrolled = stage.hand("orva/root").write("key", clear=clear)
    with running(tmp_path / "corridor") as served:
        named = ["--key", str(keys / "liaison"), "--corridor", stage.cor]
        command = ["mirror", f"{served.url}/archive/", str(tmp_path / "ours"), *named]
        confirmed = [*command, "--confirm", str(keys / "mirror")]
        assert served.hand_in(enrolled).status == 207
        served.until_published()
        assert main(confirmed) == 0
        line = json.loads((tmp_path / "ours" / "disclosures.jsonl").read_bytes().split(b"\n")[0])
        digest = digest_of(line["disclosures"][0])
        erasure = stage.hand("mission/root").write("erasure", clear={"digests": [digest]})
        assert served.hand_in(erasure).status == 207
        index = served.until_published() - 1
        capsys.readouterr()
        assert main(confirmed) == 0
        said = capsys.readouterr().out
        assert f"Deleted: 1 private values, which record {index} erased" in said
        assert f"Confirmed on the record: what record {index} erased is deleted here" in said
        served.until_published()
        assert main(["--json", *confirmed]) == 0
        assert json.loads(capsys.readouterr().out)["confirmed"] == []
        public = [*command[:1], f"{served.url}/public/", str(tmp_path / "public")]
        assert main([*public, "--confirm", str(keys / "mirror")]) == 2
        assert "records cannot be handed in here" in capsys.readouterr().err
    records = map(parse_entry, open_copy(FolderArchive(tmp_path / "ours"), where="ours").entries())
    assert [one.iss for one in records if one.evt == "erased"] == ["orva/observer"]
