from __future__ import annotations

from hashlib import sha256

from safeconduct.core.record.chain import ChainFault, Hole, KeyChain, Link
from safeconduct.core.record.time import HeadTimes


def leaf(seq: int, branch: str = "") -> bytes:
    return sha256(f"{seq}{branch}".encode()).digest()


def link(seq: int, index: int, *, branch: str = "", prev: bytes | None = None) -> Link:
    before = leaf(seq - 1, branch) if seq else b""
    return Link(seq, leaf(seq, branch), before if prev is None else prev, index)


def fed(chain: KeyChain, *links: Link) -> list[ChainFault]:
    return [fault for one in links for fault in chain.feed(one)]


def test_a_chain_in_order_is_silent_and_holds_only_its_end() -> None:
    chain = KeyChain()
    assert fed(chain, *(link(seq, seq + 3) for seq in range(5))) == []
    assert (chain.holes(), chain.next_seq, chain._waiting) == ((), 5, {})


def test_records_handed_in_late_and_out_of_order_are_silent_once_all_are_there() -> None:
    chain = KeyChain()
    order = [3, 1, 0, 4, 2]
    assert fed(chain, *(link(seq, index) for index, seq in enumerate(order))) == []
    assert (chain.holes(), chain.next_seq) == ((), 5)


def test_what_is_not_handed_in_is_a_hole_below_the_earliest_later_record() -> None:
    chain = KeyChain()
    assert fed(chain, link(0, 1), link(7, 5), link(4, 8), link(3, 9)) == []
    assert chain.holes() == (Hole(1, 2, 5), Hole(5, 6, 5))


def test_a_key_whose_first_record_is_missing_has_a_hole_at_0() -> None:
    chain = KeyChain()
    fed(chain, link(1, 5))
    assert chain.holes() == (Hole(0, 0, 5),)


def test_what_is_past_the_last_good_number_shows_no_hole() -> None:
    chain = KeyChain()
    fed(chain, link(0, 1), link(2, 5), link(1000, 8))
    assert [chain.has(seq) for seq in (0, 1, 2, 3, 1000)] == [True, False, True, False, True]
    chain.forget_past(2)
    assert chain.holes() == (Hole(1, 1, 5),)


def test_a_hole_is_overdue_when_now_is_past_the_limit_after_the_head_over_a_later_record() -> None:
    times = HeadTimes()
    times.add(6, 100)
    times.add(9, 160)
    hole = Hole(1, 2, 5)
    assert [hole.is_overdue(times, limit) for limit in (59, 60, None)] == [True, False, False]
    assert not Hole(1, 2, 9).is_overdue(times, 0)  # no dated head over it yet


def test_a_second_record_under_one_number_is_a_fork_naming_the_first_where_it_is_held() -> None:
    chain = KeyChain()
    faults = fed(chain, link(0, 1), link(1, 2), link(1, 3, branch="b", prev=leaf(0)))
    assert [(fault.rule, fault.index, fault.other) for fault in faults] == [("chain.fork", 3, 2)]
    faults = fed(chain, link(0, 4, branch="b"))
    assert [(fault.rule, fault.index, fault.other) for fault in faults] == [("chain.fork", 4, None)]
    fed(chain, link(5, 5))
    faults = fed(chain, link(5, 6, branch="b"))
    assert [(fault.rule, fault.index, fault.other) for fault in faults] == [("chain.fork", 6, 5)]


def test_a_record_on_the_other_branch_belongs_to_the_fork() -> None:
    chain = KeyChain()
    fed(chain, link(0, 1), link(1, 2), link(1, 3, branch="b", prev=leaf(0)))
    faults = fed(chain, link(2, 4, branch="b"))
    assert [(fault.rule, fault.index, fault.other) for fault in faults] == [("chain.fork", 4, 2)]


def test_a_prev_that_names_another_record_is_told_whichever_came_first() -> None:
    wrong = link(1, 2, prev=leaf(9))
    for links in ((link(0, 1), wrong), (wrong, link(0, 1)), (wrong, link(0, 1), link(2, 5))):
        assert fed(KeyChain(), *links) == [
            ChainFault("chain.prev", 1, 2, 1, leaf(0).hex(), leaf(9).hex()),
        ]


def test_a_prev_beyond_a_hole_is_compared_too() -> None:
    chain = KeyChain()
    fed(chain, link(0, 1))
    faults = fed(chain, link(5, 2), link(6, 3, prev=leaf(9)))
    assert [(fault.rule, fault.index, fault.other) for fault in faults] == [("chain.prev", 3, 2)]


def test_a_replacement_key_begins_with_the_leaf_that_the_revocation_names() -> None:
    assert fed(KeyChain(first_prev=leaf(9)), link(0, 1, prev=leaf(9))) == []
    assert [fault.rule for fault in fed(KeyChain(first_prev=leaf(9)), link(0, 1))] == ["chain.prev"]
    assert [fault.rule for fault in fed(KeyChain(), link(0, 1, prev=leaf(9)))] == ["chain.prev"]
