"""The check page and evidence: what the browser shows of each file is what `safeconduct evidence check` shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser

from safeconduct.core.kernel.canonical import canonical
from safeconduct.core.tlog.checkpoint import Checkpoint
from safeconduct.core.tlog.cosignature import cosign
from safeconduct.core.tlog.note import Note, sign_note
from safeconduct.core.tlog.witness import receive
from safeconduct.verify.evidence.absence import Withheld
from safeconduct.verify.evidence.check import KINDS, Evidence
from safeconduct.verify.evidence.rollback import Rollback
from safeconduct.verify.evidence.split import Split
from tests.properties.evidence_scene import scene
from tests.properties.mutations import LOG, LOG_KEY, WITNESSES, policy
from tests.web.browser import CHROMIUM, WHY, chromium
from tests.web.check_evidence import NAMES, of_evidence, other_policies, outcome, own_policy, spoilt_evidence
from tests.web.check_mutations import differing
from tests.web.checking import Ask, asked_in, b64
from tests.web.evidence_played import played

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=WHY)

NORTH, _, SOUTH = WITNESSES
NOON = 1_700_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def ask(browser: Browser) -> Ask:
    return asked_in(browser)


@pytest.fixture
def chance() -> Random:
    return Random("evidence")  # noqa: S311 - to be repeated


@pytest.mark.parametrize("policy", [None, own_policy()], ids=["alone", "under a policy of one's own"])
def test_evidence_of_every_kind_shows_what_the_command_says(ask: Ask, policy: bytes | None) -> None:
    pairs = [of_evidence(scene().files[name], policy) for name in NAMES]
    assert ask(question for question, _ in pairs) == [python for _, python in pairs]
    proved = {name: python["said"]["proved"] for name, (_, python) in zip(NAMES, pairs, strict=True)}
    assert proved.keys() == {*KINDS, "twin"}
    assert [name for name in NAMES if not proved[name]] == ["hole", "withheld"]


def test_whatever_the_tests_of_the_command_check_the_browser_judges_alike(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(played(monkeypatch), key=lambda one: (one[0], one[1] or b""))
    pairs = [of_evidence(*one) for one in files]
    assert list(differing(ask, pairs)) == []
    verdicts = Counter(python.get("refused", "shown") for _, python in pairs)
    assert verdicts["shown"] >= 20, verdicts
    assert verdicts["Disproved"] >= 20, verdicts
    assert verdicts["Malformed"] >= 15, verdicts
    fork = {
        python["said"]["proves"][0].partition(" signed ")[2][:10]
        for _, python in pairs
        if _is("fork", python)
    }
    assert fork == {"with one n", "as the one", "as numbers"}


def _is(kind: str, answer: dict[str, Any]) -> bool:
    return kind == "fork" and "said" in answer and "holds two records" in answer["said"]["proves"][0]


def test_no_spoilt_evidence_shows_another_thing_and_each_is_judged_as_by_python(
    ask: Ask, chance: Random
) -> None:
    files = list(spoilt_evidence(1200, chance))
    pairs = [of_evidence(data) for _, data in files]
    assert list(differing(ask, pairs)) == []
    counts = Counter(outcome(*file, python) for file, (_, python) in zip(files, pairs, strict=True))
    assert counts["another thing"] == 0, counts
    assert counts["refused"] > 1000, counts
    assert counts["the same, or less"] > 0, counts


def test_a_policy_that_is_brought_decides_whatever_it_is(ask: Ask, chance: Random) -> None:
    pairs = [of_evidence(*one) for one in other_policies(150, chance)]
    assert list(differing(ask, pairs)) == []
    assert len({python.get("refused", "shown") for _, python in pairs}) == 3


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**53 - 1,
    "",
    "é",
    [],
    {},
    ["split"],
    [1, 2],
    [{}, {}],
    {"index": 0},
    "\n\n",
)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_stands_in_a_member_is_told_in_the_words_of_python(ask: Ask, name: str) -> None:
    value = json.loads(scene().files[name])
    changed = [{**value, member: odd} for member in value for odd in ODD]
    changed += [{**value, "one,two": 1}, {name: value[name] for name in [*value][1:]}]
    pairs = [of_evidence(canonical(one) + b"\n") for one in changed]
    pairs += [
        of_evidence(data) for data in (b"", b"\n", b"null\n", b"{}\n", b"[]\n", scene().files[name][:-1])
    ]
    pairs += [of_evidence(canonical({**value, "policy": value["policy"] + "#" * 600_000}) + b"\n")]
    assert list(differing(ask, pairs)) == []


# A key of a kind that few browsers know


def head(size: int, root: bytes, by: Sequence[tuple[Any, Any]], *, time: int) -> Note:
    text = Checkpoint(LOG_KEY.name, size, root).print()
    return Note(text, (sign_note(text, LOG_KEY, LOG), *(cosign(text, *one, time=time) for one in by)))


def pair(by: Sequence[tuple[Any, Any]]) -> tuple[Note, Note]:
    return head(1, b"1" * 32, by, time=NOON), head(1, b"2" * 32, by, time=NOON + 60)


LACKING = """(() => {
  const real = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = (form, key, algorithm, ...more) => algorithm.name === "ML-DSA-44"
    ? Promise.reject(new DOMException("none", "NotSupportedError")) : real(form, key, algorithm, ...more);
})()"""


def test_what_a_browser_cannot_check_shows_less_or_nothing_and_never_more(browser: Browser) -> None:
    text, south = policy(3).print(), SOUTH[0]
    larger, smaller = head(2, b"1" * 32, [SOUTH], time=NOON), head(1, b"2" * 32, [SOUTH], time=NOON + 60)
    withheld = Evidence.parse(scene().files["withheld"])
    assert isinstance(withheld.of, Withheld)
    named = withheld.policy.replace("group ", f"witness {south.name} {south}\ngroup ", 1)
    answer = receive(withheld.of.record, *SOUTH, now=NOON)
    cases = {
        "proves": Evidence(text, Split(pair(WITNESSES), b"2" * 32, ())),
        "unable: who went back": Evidence(text, Rollback((larger, smaller))),
        "disproved": Evidence(text, Rollback((head(2, b"1" * 32, [NORTH], time=NOON), smaller))),
        "unable: the log's own": Evidence(f"log {south}\nquorum none\n", Split(by_south(), b"2" * 32, ())),
        "unable: when it was offered": Evidence(named, replace(withheld.of, answer=answer)),
    }
    lacking = asked_in(browser, LACKING)
    given = [("examined", {"evidence": b64(each.print()), "policy": None}) for each in cases.values()]
    said = [answer["said"] for answer in lacking(given)]
    assert [verdict for verdict, _ in said] == [name.partition(":")[0] for name in cases]
    assert said[0][1] == ["evidence holds", "own holds", "under asked", "cosignature cannot"]


def by_south() -> tuple[Note, Note]:
    """Two heads of a log whose own key is of that kind."""
    one, other = (Checkpoint(SOUTH[0].name, 1, root * 32).print() for root in (b"1", b"2"))
    return Note(one, (cosign(one, *SOUTH, time=NOON),)), Note(other, (cosign(other, *SOUTH, time=NOON),))
