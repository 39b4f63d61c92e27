"""Records in words, for people: who said what, no more than what stands there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from safeconduct.core.kernel.instant import print_instant
from safeconduct.core.record.disclosure import Place
from safeconduct.core.record.entry import At
from safeconduct.core.record.kind import ENVELOPE
from safeconduct.core.record.kinds import KINDS

NameOf = Callable[[str], str]
"""What to call the record with this leaf: `entry 17`."""

_HIDDEN = "private fields: this copy opens none"
_TELLING = {
    "amendment": "proposes version {version} of the agreement",
    "closing": "proposes that this corridor ends, reason {reason}",
    "disclosure": "logs what {reader} now holds",
    "erasure": "erases private values for good",
    "erased": "has deleted what {of} erases",
    "founding": "founds this corridor, nature {nature}",
    "head": "logs the newest published head with its cosignatures",
    "offered": "holds {leaf}, offered to this log",
    "acknowledgement": "has {of}",
    "account": "says that at {post} it {what}",
    "consent": "consents to {of}",
    "countersign": "{verdict} with {of}",
    "correction": "corrects {of}",
    "entered": "saw it enter at {post}, direction {direction}",
    "exited": "saw it exit at {post}, direction {direction}",
    "arrival": "saw it arrive at {post}, direction {direction}, class {class}",
    "inspection": "inspected it at {post}: depth {depth}, cause {cause}",
    "lapse": "says that the term of {of} has passed",
    "key": "enrols a key for {holder}",
    "pass": "grants a pass for {declaration}, valid from {valid_from} until {valid_until}",
    "pass-refusal": "refuses a pass for {declaration}",
    "pass-revocation": "takes back {pass}, reason {reason}",
    "refusal": "refuses {of}, reason {reason}",
    "restriction": "says that the road is {state} from {from}",
    "revocation": "revokes the key {kid}, reason {reason}",
    "seal": "seal {act} at {post}, condition {condition}",
    "succession": "goes on for a log beyond repair, cause {cause}, of which {kept} entries are kept",
    "turned-back": "turned it back at {post}, reason {reason}",
    "watch-end": "ends its watch at {post}",
    "watch-start": "starts its watch at {post}",
    "withdrawal": "withdraws {withdraws}",
    "declaration": "declares a movement: direction {direction}, class {class}, trip {trip}",
}
_INSTANTS = ("from", "until", "valid_from", "valid_until")
_LONG = frozenset(("agreement", "route", "note", "consents", "seats", "log", "service", "cnf", "_sd_alg"))
_VERDICTS = {"agrees": "agrees", "refuses": "does not agree"}


def sentence(payload: Mapping[str, Any], name_of: NameOf) -> str:
    """What the record tells, without its private fields."""
    kind = KINDS.get(payload["evt"])
    shown = {name: _shown(name, value, name_of) for name, value in payload.items()}
    shown["verdict"] = _VERDICTS.get(str(payload.get("verdict")), "")
    template = _TELLING.get(payload["evt"])
    if template is None:
        return kind.about if kind else f"{payload['evt']}: a kind that this version does not know"
    return template.format_map(shown)


def details(
    payload: Mapping[str, Any], private: Mapping[Place, Any], name_of: NameOf, *, hidden: bool
) -> list[str]:
    """Everything else that stands there: claims, lines, private values where they are disclosed."""
    told = _TELLING.get(payload["evt"], "")
    lines = [
        f"{name}: {_shown(name, value, name_of)}"
        for name, value in sorted(payload.items())
        if name not in ENVELOPE and name not in _LONG and f"{{{name}}}" not in told and not _is_private(value)
    ]
    lines += [f"{_label(place)}: {value}" for place, value in private.items() if isinstance(place, str)]
    for number, line in enumerate(payload.get("lines", ())):
        clear = [
            f"{name} {value}"
            for name, value in sorted(line.items())
            if name != "line" and not _is_private(value)
        ]
        opened = [f"{place[1]} {value!r}" for place, value in private.items() if place[0] == number]
        lines.append(f"line {line.get('line', number)}: {', '.join((*clear, *opened))}")
    for name in ("corrects", "withdraws"):
        if name in payload and f"{{{name}}}" not in told:
            lines.append(f"{name} {name_of(payload[name])}")
    if hidden:
        lines.append(_HIDDEN)
    return lines


def when(occurred: int, at: At | None, after: int | None, before: int | None) -> str:
    """The time that the record has, who claims it, and between which heads it lies."""
    if at is not None:
        span = (
            print_instant(at.begin)
            if at.begin == at.until
            else f"{print_instant(at.begin)} to {print_instant(at.until)}"
        )
        return f"{span}, told afterwards (via {at.via})"
    bounds = [
        *([] if after is None else [f"after {print_instant(after)}"]),
        *([] if before is None else [f"before {print_instant(before)}"]),
    ]
    proved = f" (by the heads {' and '.join(bounds)})" if bounds else " (by its device alone)"
    return print_instant(occurred) + proved


def _label(place: Place) -> str:
    return place if isinstance(place, str) else f"line {place[0]} {place[1]}"


def _shown(name: str, value: Any, name_of: NameOf) -> str:
    if name in _INSTANTS and type(value) is int:
        return print_instant(value)
    if isinstance(value, str):
        return name_of(value) if len(value) == 64 else value
    if isinstance(value, list):
        return ", ".join(_shown("", element, name_of) for element in value) or "none"
    if isinstance(value, dict):
        if value.keys() == {"from", "until"}:
            return f"{print_instant(value['from'])} to {print_instant(value['until'])}"
        return ", ".join(f"{key} {_shown(key, member, name_of)}" for key, member in value.items())
    return "none" if value is None else str(value)


def _is_private(value: Any) -> bool:
    return isinstance(value, dict) and "_sd" in value
