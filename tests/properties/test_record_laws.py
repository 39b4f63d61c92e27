"""Laws of the record: its parsers take anything, its chains any order of arrival."""

from __future__ import annotations

import copy
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.kernel.errors import Malformed
from safeconduct.core.kernel.spelling import print_base64url
from safeconduct.core.record.chain import KeyChain, Link
from safeconduct.core.record.disclosure import (
    digests_in,
    disclose,
    parse_disclosure,
    private_fields,
    reveal,
)
from safeconduct.core.record.entry import parse_entry, references
from safeconduct.core.record.kinds import KINDS
from safeconduct.core.record.schema import is_clear
from safeconduct.core.record.tag import canonical_value
from safeconduct.core.record.time import HeadTimes
from tests.properties.test_kernel_laws import JSON_LIKE, VALUES
from tests.unit.record.record_samples import payload_of, salt, spell, spell_bytes

ENTRY = spell(payload_of())
KIND_NAMES = st.sampled_from(sorted(KINDS))


def read_or_refused(data: bytes) -> None:
    try:
        entry = parse_entry(data)
    except Malformed as error:
        ruled = all(fault.rule.startswith(("record.", "private.")) for fault in error.faults)
        assert ruled, error.faults  # noqa: PT017 - most inputs raise nothing
        return
    head, _, signature = entry.text.split(b".")
    assert data == b".".join((head, print_base64url(canonical(entry.payload)).encode(), signature))
    assert all(len(leaf) == 64 for leaf in references(entry))
    reveal(entry, ())
    digests = digests_in(canonical(entry.payload))
    assert sorted(digests) == sorted(digest.encode() for _, digest in private_fields(entry.payload))


@given(st.binary() | st.from_regex(rb"\A[A-Za-z0-9_-]{0,8}\.[A-Za-z0-9_-]{0,8}\.[A-Za-z0-9_-]{86}\Z"))
def test_any_bytes_are_a_record_or_malformed(data: bytes) -> None:
    read_or_refused(data)


@given(
    st.binary() | JSON_LIKE.map(lambda text: text.encode("utf-8", "surrogatepass")) | VALUES.map(canonical)
)
def test_any_payload_is_a_record_or_malformed(payload: bytes) -> None:
    read_or_refused(spell_bytes(payload))


@given(KIND_NAMES, st.data())
def test_a_record_with_one_part_replaced_is_read_or_every_fault_has_a_rule(
    evt: str, data: st.DataObject
) -> None:
    payload = copy.deepcopy(payload_of(evt))
    holder: Any = payload
    while True:
        name = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if not holder[name] or not isinstance(holder[name], dict | list) or data.draw(st.booleans()):
            break
        holder = holder[name]
    holder[name] = data.draw(VALUES)
    read_or_refused(spell(payload))


@given(st.integers(0, len(ENTRY) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_other_bytes_signed_or_is_refused(place: int, byte: int) -> None:
    changed = ENTRY[:place] + bytes([byte]) + ENTRY[place + 1 :]
    try:
        entry = parse_entry(changed)
    except Malformed:
        return
    original = parse_entry(ENTRY)
    same = (entry.kid, entry.payload, entry.signature) == (original.kid, original.payload, original.signature)
    assert same == (changed == ENTRY)


@given(VALUES.filter(is_clear))
def test_a_disclosed_value_is_read_back(value: Any) -> None:
    text = disclose(salt("x"), value)
    assert parse_disclosure(text).value == value


@given(
    st.text() | st.binary().map(print_base64url) | VALUES.map(lambda value: print_base64url(canonical(value)))
)
def test_any_text_is_a_disclosure_or_malformed(text: str) -> None:
    try:
        disclosure = parse_disclosure(text)
    except Malformed:
        return
    assert disclose(disclosure.salt, disclosure.value) == text


@given(st.text())
def test_a_canonical_value_is_its_own_canonical_value(text: str) -> None:
    try:
        value = canonical_value(text, {})
    except Malformed:
        return
    assert canonical_value(value, {}) == value


def links(numbers: list[int]) -> list[Link]:
    """The records of one honest key with these numbers, in the order in which they reached the log."""
    leaves = [b"", *(sha256(bytes([number])).digest() for number in range(max(numbers) + 1))]
    return [Link(number, leaves[number + 1], leaves[number], index) for index, number in enumerate(numbers)]


@given(st.permutations(range(9)), st.integers(1, 9))
def test_an_honest_chain_is_silent_in_any_order_and_its_holes_are_what_is_missing(
    order: list[int], handed_in: int
) -> None:
    chain = KeyChain()
    numbers = order[:handed_in]
    assert [fault for link in links(numbers) for fault in chain.feed(link)] == []
    missing = {number for hole in chain.holes() for number in range(hole.first, hole.last + 1)}
    assert missing == set(range(max(numbers))) - set(numbers)
    for hole in chain.holes():
        assert hole.index == min(index for index, number in enumerate(numbers) if number > hole.last)


HEADS = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 99)))


@given(HEADS, st.integers(0, 25))
def test_head_times_are_those_of_the_rule_in_words(heads: list[tuple[int, int]], size: int) -> None:
    times = HeadTimes()
    for head in heads:
        times.add(*head)
    own = {known: min(time for other, time in heads if other == known) for known, _ in heads}
    raised = {known: max(time for other, time in own.items() if other <= known) for known in own}
    up_to = [time for known, time in raised.items() if known <= size]
    over = [time for known, time in raised.items() if known > size]
    assert times.time_of(size) == max(up_to, default=None)
    assert times.first_covering(size) == min(over, default=None)
    assert times.now == max(raised.values(), default=None)
