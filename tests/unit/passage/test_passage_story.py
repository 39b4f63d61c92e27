from safeconduct.core.passage.story import tell
from tests.unit.passage.told import NOON, Passage


def test_the_whole_passage_is_told_in_order_with_who_said_it() -> None:
    passage = Passage()
    declaration = passage.declare(imo="9074729", people=3)
    passage.tell("acknowledgement", 5, "mission/officer", of=declaration.leaf)
    reasons = [{"rule": "arms", "line": 1}, {"rule": "notice.too_short"}]
    passage.tell("pass-refusal", 7, "mission/officer", declaration=declaration.leaf, reasons=reasons)
    granted = passage.grant(declaration, refused=[{"line": 1, "rule": "arms"}])
    passage.arrive(20, granted, people=3)
    record = passage.inspect(25, {0: "match"})
    passage.inspect(26)
    passage.countersign(record, 27, "orva")
    passage.countersign(record, 28, "tessin", "refuses")
    passage.seal(30, "affixed", "aa")
    passage.enter(40)
    passage.tell("account", 50, "agency/declarant", what="searched", post="north")
    passage.exit(60, pass_="ab" * 32)
    passage.revoke(granted, 70)
    passage.turn_back(80)
    passage.tell("weighing", 90, "north/post")
    told = [line.split("  ", 1)[1] for line in tell(reversed(passage.events))]
    assert told == [
        (
            "agency/declarant: declares a movement, class relief, direction in, one-way; "
            "IMO 9074729; 3 people; line 0: 20 TNE of HS 1101  [entry 0]"
        ),
        "mission/officer: has entry 0  [entry 1]",
        "mission/officer: refuses a pass for entry 0: arms, notice.too_short  [entry 2]",
        (
            "mission/officer: grants a pass for entry 0, valid from 2026-03-01T12:00:00Z until "
            "2026-03-01T16:00:00Z, without line 1  [entry 3]"
        ),
        (
            "north/post: saw it arrive, class relief, post north, direction in, under the pass of entry 3, "
            "3 people  [entry 4]"
        ),
        "north/post: inspected it at post north, depth full, cause all-traffic; line 0: match  [entry 5]",
        (
            "north/post: inspected it at post north, depth full, cause all-traffic; nothing said of lines  "
            "[entry 6]"
        ),
        "orva/liaison: countersigns entry 5  [entry 7]",
        "tessin/liaison: refuses to countersign entry 5  [entry 8]",
        "north/post: seal affixed at post north, condition intact  [entry 9]",
        "north/post: let it in, post north, direction in, no pass named  [entry 10]",
        "agency/declarant: says it was searched at post north  [entry 11]",
        (
            "south/post: saw it come out, post south, direction in, under the pass of record "
            "abababababababab…  [entry 12]"
        ),
        "mission/officer: revokes the pass of entry 3: closed  [entry 13]",
        "north/post: turned it back at post north: no-pass  [entry 14]",
        "north/post: weighing  [entry 15]",
    ]


def test_times_are_told_with_what_heads_prove_and_how_they_are_known() -> None:
    passage = Passage()
    passage.enter(0, bounds=(None, None))
    passage.enter(1)
    passage.tell("weighing", 2, "north/post", at=NOON, via="paper", bounds=(None, 9))
    first, second, third = (line.partition("  ")[0] for line in tell(passage.events))
    assert first == "2026-03-01T12:00:00Z"
    assert second == (
        "2026-03-01T12:01:00Z (not before 2026-03-01T12:00:00Z and not after 2026-03-01T12:02:00Z)"
    )
    assert third == "2026-03-01T12:02:00Z (told afterwards, from paper; not after 2026-03-01T12:09:00Z)"


def test_what_no_longer_stands_and_what_never_counted_is_told_and_marked() -> None:
    passage = Passage()
    wrong = passage.enter(10)
    passage.enter(20, corrects=wrong.leaf)
    forged = passage.exit(30)
    passage.withdraw(forged, 40)
    told = tell(passage.events, void={forged.leaf})
    assert "(no longer stands)" in told[0]
    assert "corrects entry 0" in told[1]
    assert "(by a key that may not sign it: not counted)" in told[2]
    assert "withdrawal, of entry 2  [entry 3]" in told[3]


def test_private_values_stand_only_where_they_are_handed_in_and_cannot_play_tricks() -> None:
    passage = Passage()
    passage.declare()
    assert "{" not in tell(passage.events)[0]
    revealed: dict[int, dict[str | tuple[int, str], str]] = {
        0: {"plate": "KM\x1b[2J\u202e4711", (0, "description"): "ալյուր"}
    }
    (line,) = tell(passage.events, revealed=revealed)
    assert '{line 0 description "ալյուր"; plate "KM\\u001b[2J\\u202e4711"}' in line
