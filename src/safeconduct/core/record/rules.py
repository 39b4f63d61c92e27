"""The rules of the record by name, as findings cite them. Each room lists its own in `RULES`."""

from __future__ import annotations

from dataclasses import dataclass

LOG_ALONE = "log alone"
DISCLOSURES = "needs disclosures"


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold, and what one must have to see that it does not (RECORD §9)."""

    id: str
    room: str
    sentence: str
    assumption: str = LOG_ALONE


RULES = (
    Rule("record.too_long", "record", "A record has at most 60 KiB."),
    Rule("record.spelling", "record", "A record is a compact JWS in its one spelling, its payload in JCS."),
    Rule(
        "record.header", "record", "The header names the algorithm, the key and the type, and nothing else."
    ),
    Rule("record.schema", "record", "A record has the envelope and the claims of its kind."),
    Rule("record.signature", "record", "The key that the header names signed the record."),
    Rule("record.corridor", "record", "A record is of the corridor in whose log it stands."),
    Rule("record.repeated", "record", "An identifier (jti) stands in one record of the log."),
    Rule("private.two_digests", "record", "A private field has one digest: nobody commits to two values."),
    Rule("private.repeated_digest", "record", "Each private field of a record has a digest of its own."),
    Rule("reference.unknown", "record", "A record that another one names is in the log."),
    Rule("chain.fork", "record", "A key signs one record with each number."),
    Rule("chain.prev", "record", "A record names the record before it under its key."),
    Rule("chain.hole", "record", "Every record of a key is handed in before the offline limit has passed."),
    Rule("seen.wrong", "record", "The head that a signer saw is a head of this log, from before its record."),
    Rule("time.before_seen", "record", "A record is not dated before the head that its signer saw."),
    Rule("time.after_head", "record", "A record is not dated after the first dated head that covers it."),
    Rule("time.late", "record", "A device hands in, and takes in a newer head, within the offline limit."),
    Rule("time.backwards", "record", "A key's records are not dated before its earlier ones."),
)
