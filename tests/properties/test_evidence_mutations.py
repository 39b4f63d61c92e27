"""Valid evidence, changed: refused, or it shows what it showed before, or less; never another thing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Disproved, Malformed
from safeconduct.verify.evidence.check import KINDS, Evidence
from safeconduct.verify.evidence.shown import Shown
from tests.properties.evidence_scene import scene

EACH = 400
"""Mutations of each file."""
NAMES = (*KINDS, "twin")


def verdict(data: bytes, was: Shown) -> str:
    """Any other exception is a bug, and is raised."""
    try:
        shown = Evidence.parse(data).check()
    except (Malformed, Disproved) as error:
        return type(error).__name__.lower()
    return compared(shown, data, was)


def compared(shown: Shown, data: bytes, was: Shown) -> str:
    """What a changed file shows, beside what it showed before."""
    if shown.proves != was.proves and genuine(data):
        return "another true thing"
    less = {*shown.proves} <= {*was.proves} and {*shown.keys} <= {*was.keys} and shown.proved <= was.proved
    return "the same, or less" if less else "another thing"


def genuine(data: bytes) -> bool:
    """Whether it is put together of whole heads and records, as others have them: those may show what is true."""
    known = [json.loads(each) for each in scene().files.values()]
    pieces = {text for value in known for text in texts(value)}
    return {*texts(json.loads(data))} <= pieces


def texts(value: Any) -> list[str]:
    found = [at(value, place) for place in places(value)]
    return [each for each in found if isinstance(each, str) and len(each) > 64]


def bytes_changed(data: bytes, draw: Random) -> bytes:
    """A bit, a byte, a piece out, a piece twice."""
    at = draw.randrange(len(data))
    match draw.randrange(4):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + draw.choice(b'AZaz09+/=".,\\n{}[]').to_bytes() + data[at + 1 :]
        case 2:
            return data[:at] + data[at + draw.randint(1, 70) :]
        case _:
            return data[:at] + data[at : at + draw.randint(1, 70)] + data[at:]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path] * bool(path) + [
        place for name, member in members for place in places(member, (*path, name))
    ]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    at(value, path[:-1])[path[-1]] = new


def exchanged(data: bytes, draw: Random) -> bytes:
    """Two members of this file, or one of another file in the place of one: heads, hashes, records, numbers."""
    value, other = json.loads(data), json.loads(draw.choice([*scene().files.values()]))
    place = draw.choice(places(value))
    if draw.random() < 0.5:
        alike = [each for each in places(value) if type(at(value, each)) is type(at(value, place))]
        to = draw.choice(alike)
        if to[: len(place)] == place or place[: len(to)] == to:
            return canonical(value)
        one, two = at(value, place), at(value, to)
        put(value, place, two)
        put(value, to, one)
    else:
        alike = [each for each in places(other) if type(at(other, each)) is type(at(value, place))]
        named = [each for each in alike if each[-1] == place[-1]]
        if alike:
            put(value, place, at(other, draw.choice(named or alike)))
    return canonical(value) + b"\n"


def within(data: bytes, draw: Random) -> bytes:
    """Lines of a head or a policy left out, twice, exchanged; a number or a hash one off; a way shortened."""
    value = json.loads(data)
    place = draw.choice(places(value))
    old = at(value, place)
    if isinstance(old, str) and "\n" in old:
        lines = old.splitlines(keepends=True)
        one, two = draw.randrange(len(lines)), draw.randrange(len(lines))
        match draw.randrange(3):
            case 0:
                del lines[one]
            case 1:
                lines.insert(two, lines[one])
            case _:
                lines[one], lines[two] = lines[two], lines[one]
        put(value, place, "".join(lines))
    elif isinstance(old, str) and old:
        where = draw.randrange(len(old))
        put(value, place, old[:where] + draw.choice("0123456789abcdefXYZ.") + old[where + 1 :])
    elif isinstance(old, int):
        put(value, place, old + draw.choice((-1, 1, 2**53 - 1, -old)))
    elif isinstance(old, list) and old:
        draw.choice((old.pop, old.reverse, lambda: old.append(old[0])))()
    return canonical(value) + b"\n"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [bytes_changed, exchanged, within])
def test_no_changed_evidence_shows_another_thing(name: str, change: Callable[[bytes, Random], bytes]) -> None:
    data = scene().files[name]
    was = Evidence.parse(data).check()
    draw = Random(f"{name} {change.__name__}")  # noqa: S311 - to be repeated
    counts = Counter(verdict(change(data, draw), was) for _ in range(EACH))
    assert counts["another thing"] == 0, counts
    assert change is exchanged or counts["another true thing"] == 0, counts
    assert counts["malformed"] + counts["disproved"] > EACH // 2, counts


@pytest.mark.parametrize("name", NAMES)
def test_evidence_has_one_spelling(name: str) -> None:
    data = scene().files[name]
    assert Evidence.parse(data).print() == data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_member_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    value = json.loads(scene().files[name])
    place = data.draw(st.sampled_from(places(value)))
    put(value, place, data.draw(JSON))
    try:
        text = canonical(value) + b"\n"
    except Malformed:
        return
    was = Evidence.parse(scene().files[name]).check()
    assert verdict(text, was) != "another thing"


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode() + b"\n"))
@example(b"null\n")
@example(b'{"format":"safeconduct-evidence@1","kind":[]}\n')
def test_what_is_no_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Evidence.parse(data)
