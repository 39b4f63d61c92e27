"""What is spoilt is refused by the check page, and of everything spoilt it says what Python says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import jwk_of
from tests.unit.record.record_samples import SIGNER
from tests.web.browser import CHROMIUM, WHY
from tests.web.check_mutations import (
    differing,
    material,
    of_receipt,
    of_record,
    other_receipts,
    spoilt_receipts,
    spoilt_records,
)
from tests.web.check_scene import in_hand
from tests.web.check_spoiling import shuffle, spoil
from tests.web.checking import Ask, asking, b64, receipt_grade

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as probe:
        yield probe


@pytest.fixture
def chance() -> Random:
    return Random("check page")  # noqa: S311 - to be repeated


def test_no_spoilt_receipt_is_accepted_and_the_good_one_is(ask: Ask, chance: Random) -> None:
    good = material()
    question, python = of_receipt(good.receipt, good.entry, good.policy)
    assert ask([question])[0] == python
    assert python["said"][0] == "cosigned"
    pairs = [of_receipt(*spoilt) for spoilt in spoilt_receipts(1500, chance)]
    assert list(differing(ask, pairs)) == []
    assert "cosigned" not in {python.get("said", [""])[0] for _, python in pairs}


def test_lines_moved_about_and_other_policies_get_python_s_grade(ask: Ask, chance: Random) -> None:
    pairs = [of_receipt(*other) for other in other_receipts(400, chance)]
    assert list(differing(ask, pairs)) == []
    assert len({python.get("said", python.get("refused", [""]))[0] for _, python in pairs}) >= 3


def test_the_page_takes_what_the_command_takes_and_nothing_else(ask: Ask, chance: Random) -> None:
    here = in_hand()
    given = {"record": here.record, "receipt": here.receipt, "policy": here.policy, "key": None}

    def python(files: dict[str, bytes | None]) -> str:
        try:
            entry = parse_entry((files["record"] or b"").removesuffix(b"\n")).text
            return str(receipt_grade(files["receipt"] or b"", entry, files["policy"] or b"")[0])
        except SafeconductError:
            return "fails"

    cases = [
        given,
        *({**given, name: (given[name] or b"") + b"\n"} for name in ("record", "receipt", "policy")),
    ]
    for _ in range(600):
        name = chance.choice(("record", "receipt", "policy"))
        change = chance.choice((spoil, spoil, shuffle))
        cases.append({**given, name: change(given[name] or b"", chance)})
    said = [
        answer["said"][0]
        for answer in ask(
            ("examined", {name: None if data is None else b64(data) for name, data in files.items()})
            for files in cases
        )
    ]
    assert said == [python(files) for files in cases]
    assert said[0] == "cosigned"
    assert said.count("fails") >= 300


def test_a_key_is_taken_from_a_jwk_an_enrolment_or_the_founding_itself(ask: Ask) -> None:
    here = in_hand()
    jwk = parse_entry(here.enrolling).payload["cnf"]["jwk"]
    other = jwk_of(SIGNER.public_key)
    good, tail = here.record[:-2], here.record[-2:]
    forged = good + (b"AA" if tail != b"AA" else b"QA")
    for record, key, state in (
        (here.record, here.enrolling, "holds"),
        (here.record, here.enrolling + b"\n", "holds"),
        (here.record, json.dumps(jwk).encode() + b"\n", "holds"),
        (here.record, json.dumps(other).encode(), "asked"),
        (here.record, None, "asked"),
        (forged, here.enrolling, "fails"),
        (here.record, b'{"kty":"OKP"}', "fails"),
        (here.record, json.dumps({**jwk, "x": "A" * 43}).encode(), "fails"),  # of low order
        (here.record, here.record, "fails"),  # it enrols nobody
        (here.founding, None, "holds"),
    ):
        given = {"record": b64(record), "key": None if key is None else b64(key)}
        (answer,) = ask([("examined", given)])
        assert answer["said"][1] == ["spelling holds", f"signature {state}"], key


def test_spoilt_records_have_python_s_faults_in_its_words(ask: Ask, chance: Random) -> None:
    pairs = [of_record(spoilt) for spoilt in spoilt_records(2000, chance)]
    assert list(differing(ask, pairs)) == []
    rules = Counter(fault[3] for _, python in pairs for fault in python.get("faults", ()))
    assert {"record.spelling", "record.header", "record.schema", "private.two_digests"} <= set(rules)
    assert sum("said" in python for _, python in pairs) >= 100
