"""A corridor before the fault: one submission takes its log over a full tile, and erases a value besides."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safeconduct.core.record.disclosure import digest_of
from safeconduct.core.record.signature import jwk_of
from safeconduct.service.admission import HandedIn
from safeconduct.sim.hand import Written
from safeconduct.wiring.server import open_server
from tests.faults.after import Verdict, until_followed, verdict
from tests.web.served import founded

BEFORE = 254
"""Three entries later a tile and its bundle are full: partial ones go away, a second one begins."""


@dataclass(frozen=True)
class Scene:
    """A folder to copy, what is handed in there, and what the auditor says once it is."""

    folder: Path
    whole: Path
    """The same corridor once all of it was handed in."""
    batch: tuple[HandedIn, ...]
    later: tuple[HandedIn, ...]
    spare: tuple[HandedIn, ...]
    erased: str
    verdict: Verdict

    def copy(self, place: Path, *, whole: bool = False) -> Path:
        """A copy in `place`, without a high-water note."""
        shutil.copytree(self.whole if whole else self.folder, place / "corridor")
        return place / "corridor"


def handed_in(written: Written) -> HandedIn:
    return HandedIn(written.entry, written.disclosures, nature="simulated")


def make(folder: Path, url: str | None = None) -> Scene:
    """Run it in a process of its own."""
    stage = founded(folder)
    officer = stage.hand("mission/officer")

    def offers(count: int) -> Sequence[HandedIn]:
        return [handed_in(officer.write("offered", clear={"leaf": f"{n:064x}"})) for n in range(count)]

    known, new = stage.passage().declare(), stage.passage().declare()
    with open_server(folder, database_url=url, high_water=high_water(folder)) as server:
        missing = BEFORE - server.store.size()
        server.submit([handed_in(known), *offers(missing - 2)])
        until_followed(server)
        assert server.store.size() == BEFORE
    digest = digest_of(known.disclosures[0])
    erasure = stage.hand("mission/root").write("erasure", clear={"digests": [digest]})
    spare = tuple(offers(40))
    batch, later = (handed_in(new), handed_in(erasure)), spare[:2]
    if url is not None:
        return Scene(folder, folder, batch, later, spare[2:], digest, verdict(folder, url))
    trial = folder.with_name("judged")
    trial.mkdir()
    shutil.copytree(folder, trial / "corridor")
    with open_server(trial / "corridor") as server:
        server.submit(batch)
        server.submit(later)
        until_followed(server)
    whole = trial / "corridor"
    return Scene(folder, whole, batch, later, spare[2:], digest, verdict(whole, None))


def high_water(folder: Path) -> Path:
    return folder.with_name("high-water")


def crowd(folder: Path, url: str | None, clients: int, each: int) -> list[list[HandedIn]]:
    """Another corridor, in which so many hands have signed so many records each. Run it in a process of its own."""
    stage = founded(folder)
    root, chains = stage.hand("mission/root"), []
    with open_server(folder, database_url=url) as server:
        for number in range(clients):
            hand = stage.stranger(f"relief-{number}/declarant")
            clear = {"cnf": {"jwk": jwk_of(hand.key.public_key)}, "holder": hand.iss}
            server.submit([handed_in(root.write("key", clear=clear))])
            written = (hand.write("offered", clear={"leaf": f"{n:064x}"}) for n in range(each))
            chains.append([handed_in(one) for one in written])
    return chains
