"""A key that is no longer good: what of it still stands."""

from __future__ import annotations

from tests.unit.agreement.agreement_samples import (
    Key,
    desk,
    key_claims,
)
from tests.unit.agreement.keyring_scene import Corridor, arrival, corridor, passed, rules_of

__all__ = ["corridor"]


def test_the_last_good_record_stands_and_what_comes_later_does_not(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    good, bad = arrival(post), arrival(post)
    corridor.revoke(corridor.mission, "phone", {"seq": good.seq, "leaf": good.leaf.hex()})
    ring = corridor.ring()
    assert passed(ring, good, 9) == ()
    assert passed(ring, bad, 9) == ("key.revoked",)
    assert passed(ring, bad, 2) == ("key.revoked",), "logged before, but past the last good one"
    revocation = ring.revoked_by(post.key.kid, seq=1, leaf=bad.leaf.hex(), index=2)
    assert revocation is not None
    assert revocation.last == (0, good.leaf.hex())
    assert not ring.is_revoked(Key("orva").kid)


def test_a_thief_who_logs_first_under_the_last_good_number_is_past_it(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    thief = desk("m-officer", "mission/officer")
    corridor.add(thief, "key", key_claims(Key("thief's"), "relief-one/declarant"))
    good = officer.record("offered", {"leaf": "1e" * 32})
    corridor.revoke(corridor.mission, "m-officer", {"seq": 0, "leaf": good.leaf.hex()})
    ring = corridor.ring()
    assert passed(ring, good, 3) == ()
    assert passed(ring, corridor.log.entries[1][1], 2) == ("key.revoked",)
    assert ring.holder_of(Key("thief's").kid) is None, "what it governed with has no effect either"


def test_an_earlier_record_that_comes_in_late_needs_to_be_admitted(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    early, good = arrival(post), arrival(post)
    corridor.revoke(corridor.mission, "phone", {"seq": good.seq, "leaf": good.leaf.hex()})
    assert passed(corridor.ring(), early, 9) == ("key.revoked",)
    assert passed(corridor.ring(), early, 1) == ("key.early",)
    claims = {"of": early.leaf.hex(), "admits": True}
    corridor.add(corridor.orva, "correction", claims)
    assert passed(corridor.ring(), early, 9) == ("key.revoked",), "not by somebody else"
    corridor.add(corridor.mission, "correction", claims)
    assert passed(corridor.ring(), early, 9) == ()


def test_an_ordinary_correction_admits_nothing(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    entry = arrival(post)
    corridor.revoke(corridor.mission, "phone", None)
    corridor.add(corridor.mission, "correction", {"of": entry.leaf.hex()})
    assert passed(corridor.ring(), entry, 9) == ("key.revoked",)


def test_another_of_the_seat_may_admit_too(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    entry = arrival(post)
    corridor.revoke(officer, "phone", None)
    corridor.add(officer, "correction", {"of": entry.leaf.hex(), "admits": True})
    assert passed(corridor.ring(), entry, 9) == ()


def test_only_who_may_enrol_the_holder_revokes_and_a_root_only_itself(corridor: Corridor) -> None:
    corridor.enrol(corridor.mission, "phone", "north-gate/post")
    corridor.revoke(corridor.orva, "phone", None)
    corridor.revoke(corridor.mission, "orva", None)
    corridor.revoke(corridor.mission, "nobody", None)
    ring = corridor.ring()
    assert rules_of(ring) == ["key.enroller"] * 3
    assert not ring.revocations
    corridor.revoke(corridor.orva, "orva", {"seq": 0, "leaf": "1e" * 32})
    assert corridor.ring().is_revoked(Key("orva").kid)


def test_a_second_revocation_may_only_reach_further_back(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    first, second = (arrival(post), arrival(post))
    lasts = [{"seq": entry.seq, "leaf": entry.leaf.hex()} for entry in (first, second)]
    corridor.revoke(corridor.mission, "phone", lasts[0])
    corridor.revoke(corridor.mission, "phone", lasts[1])
    assert passed(corridor.ring(), first, 2) == ()
    assert passed(corridor.ring(), second, 2) == ("key.revoked",)
    assert corridor.ring().last_good(first.kid) == first.seq
    corridor.revoke(corridor.mission, "phone", None)
    corridor.revoke(corridor.mission, "phone", lasts[0])
    assert passed(corridor.ring(), first, 2) == ("key.revoked",)
    assert corridor.ring().last_good(first.kid) == -1
    assert corridor.ring().last_good(Key("orva").kid) is None


def test_what_came_after_the_first_revocation_stays_revoked_after_the_second(corridor: Corridor) -> None:
    post, copied = (
        corridor.enrol(corridor.mission, "phone", "north-gate/post"),
        desk("phone", "north-gate/post"),
    )
    first, second = (arrival(post), arrival(post))
    corridor.revoke(corridor.mission, "phone", {"seq": 1, "leaf": second.leaf.hex()})
    between = arrival(copied)
    index = corridor.log.add(between)
    corridor.revoke(corridor.mission, "phone", {"seq": 0, "leaf": first.leaf.hex()})
    assert passed(corridor.ring(), between, index) == ("key.revoked",)


def test_a_key_stolen_before_it_enrolled_another_takes_the_other_with_it(corridor: Corridor) -> None:
    officer = corridor.enrol(corridor.mission, "m-officer", "mission/officer")
    good = officer.record("offered", {"leaf": "1e" * 32})
    stolen = corridor.enrol(officer, "phone", "north-gate/post")
    corridor.revoke(corridor.mission, "m-officer", {"seq": good.seq, "leaf": good.leaf.hex()})
    ring = corridor.ring()
    assert ring.holder_of(stolen.key.kid) is None
    assert passed(ring, arrival(stolen), 9) == ("key.unknown",)
    assert passed(ring, corridor.log.entries[1][1], 2) == ("key.revoked",)


def test_what_a_stolen_key_revoked_stands_again_when_it_is_revoked_itself(corridor: Corridor) -> None:
    thief = corridor.enrol(corridor.mission, "thief", "mission/officer")
    honest = corridor.enrol(corridor.mission, "honest", "mission/officer")
    corridor.enrol(honest, "phone", "north-gate/post")
    corridor.revoke(thief, "honest", None)
    assert corridor.ring().holder_of(Key("phone").kid) is None
    corridor.revoke(corridor.mission, "thief", None)
    ring = corridor.ring()
    assert ring.holder_of(Key("phone").kid) == "north-gate/post"
    assert not ring.is_revoked(honest.key.kid)


def test_a_replacement_starts_at_the_leaf_that_the_revocation_names(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    good = arrival(post)
    corridor.revoke(corridor.mission, "phone", {"seq": 0, "leaf": good.leaf.hex()})
    corridor.enrol(corridor.mission, "phone-2", "north-gate/post", replaces=post.key.kid)
    corridor.enrol(corridor.mission, "phone-3", "north-gate/post", replaces=Key("nobody").kid)
    ring = corridor.ring()
    assert ring.first_prevs(Key("phone-2").kid) == (good.leaf.hex(),)
    assert ring.first_prevs(Key("phone-3").kid) == ("",)
    assert ring.first_prevs(Key("phone").kid) == ("",)
    assert ring.first_prevs(Key("nobody").kid) == ("",)


def test_a_replacement_keeps_the_start_that_was_right_when_it_began(corridor: Corridor) -> None:
    post = corridor.enrol(corridor.mission, "phone", "north-gate/post")
    first, second = (arrival(post).leaf.hex(), arrival(post).leaf.hex())
    corridor.enrol(corridor.mission, "phone-2", "north-gate/post", replaces=post.key.kid)
    corridor.revoke(corridor.mission, "phone", {"seq": 1, "leaf": second})
    corridor.enrol(corridor.mission, "phone-3", "north-gate/post", replaces=post.key.kid)
    corridor.revoke(corridor.mission, "phone", {"seq": 0, "leaf": first})
    ring = corridor.ring()
    assert ring.first_prevs(Key("phone-2").kid) == ("", second, first), "it was there before"
    assert ring.first_prevs(Key("phone-3").kid) == (second, first)
