"""Whom we believe about a head (C2SP tlog-policy): the logs, the witnesses, and how many of them it takes.

Rules:
 1. Lines of words parted by spaces and tabs: `log <vkey> [url]`, `witness <name> <vkey> [url]`,
    `group <name> all|any|<k> <member>…`, one `quorum <name>|none`; empty lines and lines that begin with `#`.
    Bytes: tab, LF, 20 to 7E, 80 to FF; names are compared byte for byte.
 2. One namespace, without `none`; names are defined before they are used; each is a member of one group
    at most; 1 ≤ k ≤ n.
 3. Logs sign heads (type 01, or 06); witnesses cosign (04, 06). No public key stands there twice.
 4. A head is valid if a listed log signed it whose name is its origin; every line of a listed key verifies.
    A head of ours has no extension lines.
 5. The quorum is met, or what is missing is said. `none` is met by the log alone: such a head is never
    *cosigned*, and has no time.
 6. A head's time is the earliest at which a full quorum had cosigned.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from safeconduct.core.kernel.errors import Disproved, Fault, Malformed
from safeconduct.core.kernel.nearest import did_you_mean
from safeconduct.core.kernel.spelling import parse_decimal
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosigned_by
from safeconduct.core.tlog.note import KeyType, Note, VerifierKey
from safeconduct.core.tlog.quorum import NONE, Quorum

MAX_BYTES = 1024 * 1024
MAX_OF_EACH = 64

_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_LOG_TYPES = frozenset({KeyType.ED25519, KeyType.MLDSA_COSIGNATURE})
_WITNESS_TYPES = frozenset({KeyType.COSIGNATURE, KeyType.MLDSA_COSIGNATURE})


@dataclass(frozen=True, slots=True)
class Listed:
    """A log or a witness: the name it has in the policy, its key, where it answers."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head that a policy accepts: rule 4."""

    checkpoint: Checkpoint
    log_key: VerifierKey
    cosigned: Mapping[str, int]
    """The time of each listed witness that cosigned, by its name in the policy."""

    def time(self, policy: Policy) -> int | None:
        """Rule 6; None where there is no quorum, or where the policy needs none."""
        names: list[str] = []
        for name, time in sorted(self.cosigned.items(), key=lambda item: item[1]):
            names.append(name)
            if policy.quorum.needed and policy.quorum.met_by(names):
                return time
        return None


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs, witnesses, groups in the order of their lines, and the quorum."""

    logs: tuple[Listed, ...]
    witnesses: tuple[Listed, ...]
    groups: tuple[Quorum, ...]
    quorum: Quorum

    @classmethod
    def parse(cls, data: bytes, *, where: str = "policy") -> Policy:
        """Rules 1 to 3; all faults at once, each with its line."""
        if len(data) > MAX_BYTES or _FORBIDDEN.search(data):
            raise Malformed(
                "this is not a policy", where=where, next_step="Write text without control characters"
            )
        reader = _Reader()
        # Bytes above 7F are opaque: surrogates carry those that are not UTF-8, there and back.
        for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
            reader.read(line, f"{where} line {number}")
        return reader.finish(where)

    def print(self) -> str:
        """The policy in one spelling: rule 1."""
        lines = [_words("log", log.key, log.url) for log in self.logs]
        lines += [_words("witness", each.name, each.key, each.url) for each in self.witnesses]
        lines += [_words("group", each.name, each.needed, *each.names()) for each in self.groups]
        return "".join(f"{line}\n" for line in (*lines, f"quorum {self.quorum.name}"))

    def check(self, note: Note, *, where: str = "") -> SignedHead:
        """Rule 4; what the quorum says is asked of the result."""
        head = Checkpoint.parse(note.text, where=where)
        if head.extensions:
            raise Malformed("this head has extension lines", where=where, next_step="Write three lines")
        signers = self._signers(note, where)
        by_key = cosigned_by(note, [each.key for each in self.witnesses], where=where)
        for key in signers:
            if key.name == head.origin:
                names = {each.name: by_key[each.key] for each in self.witnesses if each.key in by_key}
                return SignedHead(head, key, names)
        raise Disproved(
            f"the log {head.origin[:80]!r} did not sign this head, or is not in the policy",
            where=where,
            next_step="Check that it is of the log you follow",
        )

    def _signers(self, note: Note, where: str) -> list[VerifierKey]:
        """The listed logs that signed, in the order of the policy."""
        keys = [log.key for log in self.logs if note.lines_of(log.key)]
        plain = [key for key in keys if key.type == KeyType.ED25519]
        if plain:
            note.verified_by(plain, where=where)
        cosigned_by(note, [key for key in keys if key.type != KeyType.ED25519], where=where)
        return keys


def _words(*words: object) -> str:
    return " ".join(filter(None, map(str, words)))


@dataclass(slots=True)
class _Reader:
    """Reads a policy line by line, and keeps what is wrong with it."""

    logs: list[Listed] = field(default_factory=list)
    witnesses: list[Listed] = field(default_factory=list)
    groups: list[Quorum] = field(default_factory=list)
    quorums: list[Quorum] = field(default_factory=list)
    named: dict[str, str | Quorum] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def read(self, line: str, where: str) -> None:
        """One line of rule 1."""
        words = re.split("[ \t]+", line.strip(" \t"))
        try:
            match words:
                case [""]:
                    pass
                case [comment, *_] if comment.startswith("#"):
                    pass
                case ["log", vkey] | ["log", vkey, _]:
                    key = self._key(vkey, _LOG_TYPES, where)
                    self.logs.append(Listed(key.name, key, *words[2:]))
                case ["witness", name, vkey] | ["witness", name, vkey, _]:
                    self._name(name, name, where)
                    self.witnesses.append(Listed(name, self._key(vkey, _WITNESS_TYPES, where), *words[3:]))
                case ["group", name, needed, _, *_]:
                    self._add_group(name, needed, words[3:], where)
                case ["quorum", name]:
                    member = Quorum(NONE, 0, ()) if name == NONE else self._find(name, where)
                    self.quorums.append(member if isinstance(member, Quorum) else Quorum(name, 1, (name,)))
                case _:
                    hint = did_you_mean(words[0], ("log", "witness", "group", "quorum"))
                    self.faults.append(Fault(f"{line[:80]!r} is no line of a policy", where, hint))
        except Malformed as error:
            self.faults.extend(error.faults)

    def finish(self, where: str) -> Policy:
        """The policy, or all its faults."""
        if not self.faults and len(self.quorums) != 1:
            self.faults.append(Fault("there is not exactly one quorum line", where, "Write one"))
        if max(len(self.logs), len(self.witnesses), len(self.groups)) > MAX_OF_EACH:
            self.faults.append(
                Fault(f"more than {MAX_OF_EACH} logs, witnesses or groups", where, "Name fewer")
            )
        if self.faults:
            raise Malformed.of(self.faults)
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorums[0])

    def _key(self, vkey: str, types: Collection[int], where: str) -> VerifierKey:
        """Rule 3."""
        key = VerifierKey.parse(vkey, where=where)
        if key.type not in types:
            allowed = " or ".join(f"{kind:02x}" for kind in sorted(types))
            raise Malformed(
                f"a key of type {key.type:02x} cannot stand here",
                where=where,
                next_step=f"Use type {allowed}",
            )
        if key.public_key in self.keys:
            raise Malformed("this key stands above already", where=where, next_step="List each key once")
        self.keys.add(key.public_key)
        return key

    def _name(self, name: str, meaning: str | Quorum, where: str) -> None:
        """Rule 2: a new name."""
        if name == NONE or name in self.named:
            raise Malformed(f"the name {name!r} is taken", where=where, next_step="Use each name once")
        self.named[name] = meaning

    def _find(self, name: str, where: str) -> str | Quorum:
        """Rule 2: a name that is defined above."""
        if name not in self.named:
            hint = did_you_mean(name, self.named) if self.named else "Define it above"
            raise Malformed(f"{name!r} is not defined above", where=where, next_step=hint)
        return self.named[name]

    def _add_group(self, name: str, needed: str, members: Sequence[str], where: str) -> None:
        """Rule 2: a group."""
        found = tuple(self._find(member, where) for member in members)
        if len({*members}) < len(members) or not self.members.isdisjoint(members):
            raise Malformed(
                f"a member of {name!r} is a member elsewhere",
                where=where,
                next_step="List each name in one group",
            )
        self.members.update(members)
        counts = {"all": len(members), "any": 1}
        count = counts[needed] if needed in counts else parse_decimal(needed, where=where)
        if not 1 <= count <= len(members):
            raise Malformed(
                f"{name!r} needs {count} of {len(members)}",
                where=where,
                next_step="Need 1 at least, all at most",
            )
        group = Quorum(name, count, found)
        self._name(name, group, where)
        self.groups.append(group)
