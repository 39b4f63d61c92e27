"""The witnesses that a corridor asks over HTTP: who they are says the founding record, where they answer its folder.

The file `witnesses` in the folder is the corridor's policy with an address after each witness's key. Without it
nobody is asked.
"""

from __future__ import annotations

from pathlib import Path

from safeconduct.adapters.files import read_file, reading
from safeconduct.adapters.witness_client import WitnessClient
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.tlog import policy
from safeconduct.service.asking import addressed
from safeconduct.service.ports import Clock

WITNESSES = "witnesses"


def clients_of(folder: Path, founding: Founding, clock: Clock) -> tuple[WitnessClient, ...]:
    """One for each that has an address; Malformed where the file says anything else than the founding record."""
    path = folder / WITNESSES
    with reading(path):
        if not path.exists():
            return ()
    listed = addressed(read_file(path, most=policy.MAX_BYTES), founding, where=str(path))
    return tuple(WitnessClient.of(one, founding.log, clock) for one in listed)
