"""The kinds of records (RECORD §8). A table, and long as such: it says all of a kind in one place.

Who may see a private field, agreements say.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

from safeconduct.core.record.kind import ABSENT, SEEN, SPAN, Kind, kind_of
from safeconduct.core.record.schema import (
    CODE,
    COUNT,
    COUNTRY,
    DIGEST,
    HEADING,
    IDENTIFIER,
    IMO,
    INSTANT,
    ISSUER,
    JWK,
    KID,
    LEAF,
    ORIGIN,
    PLACE,
    POSITIVE,
    PROSE,
    SHA256,
    SIGNATURE,
    TAG,
    TRUE,
    UNIT,
    VKEY,
    Shape,
    Shapes,
    closed,
    exactly,
    list_of,
    one_of,
    optional,
)

_SEAT = closed(
    "a seat", {"jwk": optional(JWK), "role": one_of("guarantor", "party", "observer"), "seat": IDENTIFIER}
)
_LAST = closed('{"leaf":…,"seq":…}', {"leaf": LEAF, "seq": COUNT})
_REFUSED_LINE = closed("a line and the rule that refused it", {"line": COUNT, "rule": CODE})
_REASON = closed("a rule, and the line if it is one", {"line": optional(COUNT), "rule": CODE})
_CROSSING: Shapes = {
    "direction": IDENTIFIER,
    "pass": optional(LEAF),
    "people": optional(COUNT),
    "plate_tag": optional(TAG),
    "post": IDENTIFIER,
}
_STRETCH = closed('{"from":…,"to":…} of posts; one post stands twice', {"from": IDENTIFIER, "to": IDENTIFIER})
_LAST_OR_NONE = Shape(
    'the last good {"leaf":…,"seq":…}, or null', lambda value: value is None or _LAST.holds(value)
)

_FOUNDED: Shapes = {
    "agreement": PROSE,
    "log": closed("the log's origin and key", {"origin": ORIGIN, "vkey": VKEY}),
    "nature": one_of("live", "simulated", "replay"),
    "quorum": COUNT,
    "route": PROSE,
    "seats": list_of("an array of seats", _SEAT, least=1),
    "service": closed("the service's key", {"jwk": JWK}),
    "witnesses": list_of("an array of verifier keys", VKEY, distinct=True),
}
_ENTRY_0: Shapes = {"prev": exactly(""), "psg": ABSENT, "seen": ABSENT, "seq": exactly(0)}
_COUNTED = closed('{"count":…,"kind":…}', {"count": POSITIVE, "kind": IDENTIFIER})
_COUNTS = Shape(
    "an array of kinds and counts, each kind once, in the order of their names",
    lambda value: (
        type(value) is list
        and bool(value)
        and all(map(_COUNTED.holds, value))
        and all(one["kind"] < other["kind"] for one, other in pairwise(value))
    ),
)
_ARCHIVE = closed('{"holder":…,"place":…}', {"holder": IDENTIFIER, "place": optional(ORIGIN)})
_RUNS_ON = list_of("an array of codes", CODE, distinct=True)
_CONSENT = closed("a seat's consent", {"seat": IDENTIFIER, "signature": SIGNATURE})

_GOVERNING = (
    kind_of(
        "founding",
        "Entry 0: the agreement, the seats and every key that the corridor starts with.",
        _FOUNDED,
        signer="root",
        envelope={**_ENTRY_0, "agr": exactly(1), "cor": ABSENT},
    ),
    kind_of(
        "succession",
        "Entry 0 of a log that goes on where one is beyond repair: the same corridor, and what is lost of it.",
        {
            **_FOUNDED,
            "cause": CODE,
            "consents": list_of("an array of consents", _CONSENT),
            "kept": POSITIVE,
            "note": PROSE,
            "receipts": list_of("an array of leaves", LEAF, distinct=True),
        },
        signer="root",
        envelope=_ENTRY_0,
    ),
    kind_of(
        "amendment",
        "A new version of the agreement, in force once its own consent rule is met.",
        {"agreement": PROSE, "route": PROSE, "version": POSITIVE},
    ),
    kind_of(
        "closing",
        "The corridor's end is proposed: what the log held by then, who keeps archives, what runs on. Once the consent "
        "rule is met, the log takes nothing more but erasures and what they need.",
        {
            "archives": list_of("an array of archives", _ARCHIVE, least=1),
            "counts": _COUNTS,
            "reason": CODE,
            "runs_on": _RUNS_ON,
        },
        private=("words",),
        signer="root",
        envelope={"seen": SEEN},
    ),
    kind_of(
        "consent",
        "A seat agrees to the founding, to an amendment or to a closing; `until`: for a term.",
        {"of": LEAF, "until": optional(INSTANT)},
        references=("of",),
        signer="root",
    ),
    kind_of(
        "refusal",
        "A seat does not agree to it.",
        {"of": LEAF, "reason": CODE},
        references=("of",),
        signer="root",
    ),
    kind_of(
        "lapse",
        "The term of a seat's consent has passed: it ends, and what runs on without it.",
        {"of": LEAF, "runs_on": _RUNS_ON},
        private=("words",),
        references=("of",),
        signer="root",
    ),
    kind_of(
        "key",
        "A device's key, and the name under which it will sign.",
        {
            "cnf": closed('{"jwk":…}', {"jwk": JWK}),
            "holder": ISSUER,
            "proof": optional(SIGNATURE),
            "replaces": optional(KID),
        },
    ),
    kind_of(
        "revocation",
        "A key is no longer good; names its last good record.",
        {"kid": KID, "last": _LAST_OR_NONE, "reason": CODE},
        references=("last",),
    ),
    kind_of("head", "A published head with the cosignatures that it had.", {"note": PROSE}, signer="service"),
    kind_of(
        "disclosure",
        "What one reader now holds, as a digest over its disclosures.",
        {
            "batches": list_of("an array of SHA-256", SHA256, distinct=True),
            "digest": SHA256,
            "reader": IDENTIFIER,
        },
        signer="service",
    ),
    kind_of(
        "erasure",
        "Disclosures that everyone deletes.",
        {"digests": list_of("an array of digests", DIGEST, least=1, distinct=True)},
    ),
    kind_of(
        "erased",
        "What an erasure names is deleted from all that the signer held.",
        {"of": LEAF},
        references=("of",),
        signer="any",
    ),
)

_ABOUT_RECORDS = (
    kind_of(
        "offered",
        "A record of somebody else that this key holds, logged or not: its leaf need not be in the log.",
        {"leaf": LEAF},
        signer="any",
    ),
    kind_of(
        "countersign",
        "Another who was present agrees with a record, or refuses.",
        {"of": LEAF, "verdict": one_of("agrees", "refuses")},
        private=("by", "words"),
        references=("of",),
        signer="any",
    ),
    kind_of(
        "correction",
        "A record is wrong; or the enroller admits one of a key that it revoked.",
        {"admits": optional(TRUE), "of": LEAF},
        private=("words",),
        references=("of",),
        signer="any",
    ),
    kind_of(
        "withdrawal",
        "A record that its signer no longer stands by; of a consent, what runs on without it.",
        {"runs_on": optional(_RUNS_ON)},
        private=("words",),
        signer="any",
        envelope={"withdraws": LEAF},
    ),
    kind_of(
        "watch-start",
        "A post starts to observe: which kinds, and who is present.",
        {
            "kinds": list_of("an array of kinds", IDENTIFIER, distinct=True),
            "post": IDENTIFIER,
            "present": list_of("an array of seats", IDENTIFIER, distinct=True),
        },
        private=("by",),
    ),
    kind_of(
        "watch-end",
        "A post stops to observe.",
        {"post": IDENTIFIER, "start": LEAF},
        private=("by",),
        references=("start",),
    ),
)

_PERMISSIONS = (
    kind_of(
        "declaration",
        "Advance notice of one movement; a new version corrects the one before.",
        {
            "class": IDENTIFIER,
            "departs_from": optional(PLACE),
            "direction": IDENTIFIER,
            "imo": optional(IMO),
            "notice": optional(SPAN),
            "people": optional(COUNT),
            "plate_tag": optional(TAG),
            "trip": one_of("one-way", "round", "out", "back"),
            "trip_tag": optional(TAG),
        },
        private=("driver", "name", "plate", "plate_key", "reason", "seal_key", "trip_key"),
        line_clear={"hs": HEADING, "quantity": COUNT, "to": optional(COUNTRY), "unit": UNIT},
        line_private=("consignee", "consignor", "description", "vehicle_name"),
        passage=True,
    ),
    kind_of(
        "acknowledgement",
        "The addressee has a record.",
        {"of": LEAF},
        references=("of",),
        passage=True,
    ),
    kind_of(
        "pass",
        "Clearance for one movement.",
        {
            "conditions": list_of("an array of codes", CODE, distinct=True),
            "declaration": LEAF,
            "digest": optional(SHA256),
            "refused": list_of("an array of refused lines", _REFUSED_LINE),
            "valid_from": INSTANT,
            "valid_until": INSTANT,
        },
        private=("plate_key", "seal_key"),
        references=("declaration",),
        passage=True,
    ),
    kind_of(
        "pass-refusal",
        "A declaration gets no pass, for every reason there is.",
        {"declaration": LEAF, "reasons": list_of("an array of reasons", _REASON, least=1)},
        references=("declaration",),
        passage=True,
    ),
    kind_of(
        "pass-revocation",
        "A pass is taken back.",
        {"pass": LEAF, "reason": CODE},
        references=("pass",),
        passage=True,
    ),
    kind_of(
        "account",
        "What the declarant says happened to it.",
        {"post": IDENTIFIER, "what": one_of("arrived", "waited", "searched", "refused", "left")},
        private=("words",),
        passage=True,
    ),
)

_OPENNESS = (
    kind_of(
        "restriction",
        "The road is closed, restricted or open again: for whom, where, since when, who ordered it and why.",
        {
            "class": optional(IDENTIFIER),
            "conditions": list_of("an array of codes", CODE, distinct=True),
            "direction": optional(IDENTIFIER),
            "from": INSTANT,
            "ordered_by": optional(IDENTIFIER),
            "reason": optional(CODE),
            "state": one_of("closed", "restricted", "open"),
            "until": optional(INSTANT),
            "where": optional(_STRETCH),
        },
        private=("by", "words"),
    ),
)

_OBSERVATIONS = (
    kind_of(
        "arrival",
        "A vehicle came to a post, with or without a pass.",
        {**_CROSSING, "class": IDENTIFIER},
        private=("by", "plate", "plate_key", "words"),
        references=("pass",),
        passage=True,
    ),
    kind_of(
        "inspection",
        "How deep it was looked into, why, and what was found line by line.",
        {
            "cause": one_of("drawn", "owed", "risk-rule", "all-traffic", "suspicion", "not-recorded"),
            "depth": one_of("documentary", "visual", "non-intrusive", "full", "not-recorded"),
            "post": IDENTIFIER,
        },
        private=("by", "words"),
        line_clear={
            "line": COUNT,
            "result": one_of("match", "surplus", "shortage", "misdeclared", "prohibited"),
        },
        line_private=("remark",),
        lines_required=False,
        passage=True,
    ),
    kind_of(
        "seal",
        "A seal affixed, found, replaced or removed, and its condition.",
        {
            "act": one_of("affixed", "found", "replaced", "removed"),
            "condition": one_of("intact", "broken", "missing", "wrong-number", "resealed"),
            "post": IDENTIFIER,
            "replaced_tag": optional(TAG),
            "seal_tag": optional(TAG),
        },
        private=("by", "seal", "seal_key"),
        passage=True,
    ),
    kind_of(
        "entered",
        "It was let onto the road.",
        _CROSSING,
        private=("by", "plate", "plate_key"),
        references=("pass",),
        passage=True,
    ),
    kind_of(
        "exited",
        "It left the road.",
        _CROSSING,
        private=("by", "plate", "plate_key"),
        references=("pass",),
        passage=True,
    ),
    kind_of(
        "turned-back",
        "It was sent back at a post.",
        {"post": IDENTIFIER, "reason": CODE},
        private=("by", "words"),
        passage=True,
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind.name: kind for kind in (*_GOVERNING, *_ABOUT_RECORDS, *_PERMISSIONS, *_OPENNESS, *_OBSERVATIONS)}
)
