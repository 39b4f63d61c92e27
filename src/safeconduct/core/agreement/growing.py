"""The keyring of a log that grows: taking in a record costs what that record costs (`govern.py` folds from nothing).

At every moment it is `keyring_of` of all that was added, to the value: only a revocation reaches back, and is
folded again with everything before it. Nothing that is added last can change an earlier cut otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable

from safeconduct.core.agreement.enrolment import Revocation
from safeconduct.core.agreement.founding import Founding
from safeconduct.core.agreement.govern import _Fold
from safeconduct.core.agreement.keyring import Keyring
from safeconduct.core.record.entry import Entry
from safeconduct.core.record.finding import Finding


class GrowingKeyring:
    """`records` as for `keyring_of`; more are added in index order."""

    def __init__(self, founding: Founding, records: Iterable[tuple[int, Entry]] = ()) -> None:
        """As `records` leave it."""
        self._founding = founding
        self._records = list(records)
        self._fold = _settled(founding, self._records)

    @property
    def ring(self) -> Keyring:
        """The keyring now. Ask again after an addition: it may be another one."""
        return self._fold.ring

    def add(self, index: int, entry: Entry) -> tuple[Finding, ...]:
        """Takes a record of the log in, whether it has an effect or not; what the fold finds wrong with it."""
        self._records.append((index, entry))
        if entry.evt == "revocation":
            self._fold = _settled(self._founding, self._records)
        else:
            self._fold.run(self._records[-1:])
        return tuple(found for found in self.ring.findings if found.entries == (index,))

    def add_if_good(self, index: int, entry: Entry) -> tuple[Finding, ...]:
        """The same for a record that is not in the log yet: if anything is wrong with it, nothing is taken in."""
        before = self._fold
        wrong = self.add(index, entry)
        if wrong:
            self._records.pop()
            if self._fold is before:  # a record that is found wrong did nothing but this
                del before.ring.findings[-len(wrong) :]
                before.acted[entry.kid].pop()
            self._fold = before
        return wrong


def _settled(founding: Founding, records: list[tuple[int, Entry]]) -> _Fold:
    """The last pass of `keyring_of`, which can go on."""
    cuts: dict[str, Revocation] = {}
    spent: set[str] = set()
    while True:
        fold = _Fold(founding, cuts.values())
        fold.run(records)
        stale = cuts.keys() - fold.accepted
        fresh = [one for one in fold.reaching_back if one.leaf not in spent][:1]
        if not stale and not fresh:
            return fold
        spent.update(one.leaf for one in fresh)
        cuts = {leaf: one for leaf, one in cuts.items() if leaf not in stale}
        cuts.update((one.leaf, one) for one in fresh)
