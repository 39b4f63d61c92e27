"""When somebody should look at a witness, and when a stranger's prank is only listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeconduct.adapters.clock import FixedClock
from safeconduct.adapters.keys import KeyFolder
from safeconduct.cli.main import main
from safeconduct.core.tlog.witness import Decision
from safeconduct.core.tlog.witness_request import print_request
from safeconduct.service.witnessing import Witnessing
from safeconduct.wiring.witness import KEY, new_witness, open_witness
from tests.witness_scene import LOG, NOON, POLICY, TRUE, history, note_of, request


def asked(folder: Path, *requests: bytes) -> list[int]:
    """One a minute."""
    clock, statuses = FixedClock(NOON), []
    with open_witness(folder) as here:
        decision = Decision(here.key, KeyFolder(folder).signer(KEY), (LOG,))
        for data in requests:
            statuses.append(Witnessing(decision, here.memory, clock).add_checkpoint(data).status)
            clock.seconds += 60
    return statuses


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_witness(tmp_path / "witness", "orva.example/witness", POLICY)
    return tmp_path / "witness"


PRANK = print_request(5, (), note_of(TRUE, 7))
"""An honest head, without its proof."""
OTHER = history("other", 24, parts_at=3)


@pytest.mark.parametrize(
    ("shown", "code", "mark"),
    [
        ([request(TRUE, 5, 8)], 0, ""),
        ([PRANK], 1, "✗"),
        ([PRANK, request(TRUE, 5, 7)], 0, ""),
        ([PRANK, request(TRUE, 5, 8)], 0, "…"),
        ([request(OTHER, 5, 8)], 1, "✗"),
        ([request(OTHER, 5, 5), request(TRUE, 5, 8)], 1, "✗"),
    ],
)
def test_a_refusal_is_pressing_until_the_log_went_on_but_two_roots_always(
    folder: Path, capsys: pytest.CaptureFixture[str], shown: list[bytes], code: int, mark: str
) -> None:
    assert asked(folder, request(TRUE, 0, 5), *shown)[0] == 200
    assert main(["witness", "status", str(folder)]) == code
    lines = [line for line in capsys.readouterr().out.splitlines() if "refused and kept" in line]
    assert [line[:1] for line in lines] == [*mark]
