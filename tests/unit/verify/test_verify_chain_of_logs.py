"""A log and those before it, audited together."""

from __future__ import annotations

import pytest

from safeconduct.adapters.workers import SerialWorkers
from safeconduct.core.kernel.errors import Disproved
from safeconduct.core.record.signature import jwk_of
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.note import Note, sign_note
from safeconduct.sim.archive import MemoryArchive
from safeconduct.sim.stage import Stage
from safeconduct.sim.successor import begin, drafted, signed, succeed
from safeconduct.verify.chain_of_logs import audit_chain


@pytest.fixture
def stage() -> Stage:
    return Stage(seed="chain of logs", watching=False)


def spoiled(archive: MemoryArchive) -> MemoryArchive:
    path = next(path for path in archive.files if "entries" in path)
    data = bytearray(archive.files[path])
    data[-30] ^= 1
    return MemoryArchive({**archive.files, path: bytes(data)})


def own_head(stage: Stage, size: int, root: bytes) -> bytes:
    """A head that only the log signed."""
    text = Checkpoint(stage.log_key.name, size, root).print()
    return Note(text, (sign_note(text, stage.log_key, stage.key("log")),)).print().encode()


def test_a_log_that_goes_on_for_none_has_no_predecessor(stage: Stage) -> None:
    other = Stage(seed="another", watching=False)
    successor = succeed(stage, stage.archive())
    successor.log = other.log
    report, _ = successor.audit(stage.archive())
    assert report.rules == {"succession.predecessor"}
    assert "goes on for none" in "\n".join(report.lines())


def test_nothing_rests_on_a_predecessor_that_is_not_sound(stage: Stage) -> None:
    kept = stage.archive()
    report, before = succeed(stage, kept).audit(spoiled(kept))
    assert report.exit_code == before.exit_code == 3
    assert {"succession.predecessor", "log.altered"} <= report.rules
    empty = MemoryArchive({**kept.files, "checkpoint": b""})
    report, before = succeed(stage, kept).audit(empty)
    assert (report.exit_code, before.exit_code) == (3, 2)


def test_a_successor_that_is_not_sound_itself_is_told_so(stage: Stage) -> None:
    kept = stage.archive()
    good = succeed(stage, kept).archive()
    report, before = audit_chain([spoiled(good), kept], workers=SerialWorkers())
    assert report.rules == {"log.altered"}
    assert before.sound


@pytest.mark.parametrize("size", [3, 999])
def test_the_head_that_is_named_had_its_quorum_and_was_of_that_log(stage: Stage, size: int) -> None:
    kept = stage.archive()
    head = own_head(stage, size, stage.root_at(size) if size == 3 else bytes(32))
    report, _ = succeed(stage, kept, head=head).audit(kept)
    assert report.rules == {"succession.predecessor"}
    assert "has no quorum" in "\n".join(report.lines())


def test_the_head_that_is_named_is_where_the_archive_has_it(stage: Stage) -> None:
    """The witnesses cosigned another history, at a size that the archive has."""
    kept = stage.archive()
    stage.cheat.restore(stage.store.committed()[-2].size, everywhere=True)
    stage.hand("mission/root").record("offered", clear={"leaf": "0" * 64})
    head = stage.head()
    report, _ = succeed(stage, kept, head=head).audit(kept)
    assert report.rules == {"succession.predecessor"}


def test_a_key_of_the_old_log_does_not_go_on(stage: Stage) -> None:
    kept = stage.archive()
    payload = drafted(stage, kept)
    payload["service"] = {"jwk": jwk_of(stage.key("service").public_key)}
    stage._keys["second/service"] = stage.key("service")
    report, _ = begin(stage, signed(stage, payload)).audit(kept)
    assert report.rules == {"succession.agreement"}


def test_where_the_archive_ends_before_the_head_the_rest_is_not_checkable(stage: Stage) -> None:
    kept = stage.archive()
    stage.declare()
    stage.publish()
    report, _ = succeed(stage, kept, head=stage.head()).audit(kept)
    assert report.rules == set()
    assert "not checkable here" in "\n".join(report.lines())


def test_what_somebody_kept_is_asked_of_the_log_that_signed_it(stage: Stage) -> None:
    head = stage.head()
    kept = stage.archive()
    successor = succeed(stage, kept)
    newest = successor.log.newest.note
    report, before = successor.audit(
        kept, heads=[head, newest], receipts=[stage.log.receipt(3).print().encode()]
    )
    assert report.rules == before.rules == set()
    assert report.checked.kept == ("head head-2",)
    assert before.checked.kept == ("head head-1", "receipt receipt-1")


@pytest.mark.parametrize("data", [b"", b"not a note", b"c2sp.org/tlog-proof@v1\n"])
def test_a_kept_file_that_is_no_head_is_refused_under_its_own_name(stage: Stage, data: bytes) -> None:
    kept = stage.archive()
    with pytest.raises(Exception, match="head-1"):
        succeed(stage, kept).audit(kept, heads=[data])


def test_a_receipt_that_nobody_signed_is_not_told_of(stage: Stage) -> None:
    kept = stage.archive()
    stage.declare()
    stage.publish()
    receipt = stage.log.receipt(stage.store.size() - 1).print()
    successor = succeed(stage, kept, head=stage.head())
    origin, _, rest = receipt.partition("\n\n")
    lines = rest.split("\n")
    lines[1] = str(int(lines[1]) + 1)
    with pytest.raises(Disproved, match="receipt-1"):
        successor.audit(kept, receipts=[f"{origin}\n\n{chr(10).join(lines)}".encode()])


def test_a_record_that_nobody_can_read_governs_nothing(stage: Stage) -> None:
    stage.log_raw(b"nothing that anybody can read")
    kept = stage.archive()
    report, before = succeed(stage, kept).audit(kept)
    assert report.rules == set()
    assert before.rules == {"record.spelling"}
