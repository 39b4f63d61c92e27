"""A reader's own `disclosures.jsonl`, fetched over HTTP: an export to that reader (RECORD §7).

Rules, in the order of the code:
 1. What the reader may see is what `service.export` says, by the agreement in force and the reader's role.
 2. Where the newest record about this reader does not say exactly that, one is logged first; a repeat logs nothing.
 3. Then the file is given, of the newest committed head, which covers that record. Whoever hands it on waits until
    that head is published.
"""

from __future__ import annotations

from itertools import islice

from safeconduct.service.export import archive_files, claims_of, erased_digests, held_by, is_told
from safeconduct.service.ports import StoredHead
from safeconduct.service.sequence import Sequencer
from safeconduct.service.version import agreements_until
from safeconduct.verify.files import DISCLOSURES


def disclose(sequencer: Sequencer, reader: str) -> tuple[bytes | None, StoredHead]:
    """The file, None where nothing is disclosed to this seat; and a head that covers the record of it.

    Whoever calls it keeps everybody else from the sequencer meanwhile.
    """
    store = sequencer.store
    sequencer.settle()
    agreements = agreements_until(sequencer.founding, store, store.size())
    roles = {one.seat: one.role for one in agreements[-1].signatories}
    held = held_by(store, agreements, roles[reader], erased_digests(sequencer.founding, store))  # 1
    if not held:
        return None, sequencer.head
    if not is_told(sequencer, reader, held):  # 2
        sequencer.submit_own([("disclosure", claims_of(reader, held))])
    files = archive_files(store.entries, policy="", head=sequencer.head, hashes=sequencer.hashes, held=held)
    return dict(islice(files, 2))[DISCLOSURES], sequencer.head  # 3
