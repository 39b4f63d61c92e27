from __future__ import annotations

import pickle

import pytest

from safeconduct.core.kernel.errors import Conflict, Disproved, Fault, Malformed, Unavailable
from safeconduct.core.kernel.nearest import did_you_mean


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("it is wrong"), "it is wrong."),
        (Fault("It is wrong.", "line 3", "Mend it"), "line 3: It is wrong. Mend it."),
        (Fault("no such key", next_step="Did you mean 'post'?"), "no such key. Did you mean 'post'?"),
        (Fault("stop!", "a/../b", "Use a/.."), "a/../b: stop! Use a/.."),
    ],
)
def test_a_fault_is_a_sentence_with_its_place_and_the_next_step(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_an_error_carries_all_faults_in_order_and_the_first_rule() -> None:
    faults = (Fault("one", "a", "Do", "rule.one"), Fault("two", "b", "", "rule.two"))
    error = Malformed.of(iter(faults))
    assert (error.faults, error.rule) == (faults, "rule.one")
    assert str(error) == "a: one. Do.\nb: two."


def test_an_error_comes_whole_out_of_another_process() -> None:
    error = Malformed.of([Fault("one", "a", "Do", "rule.one"), Fault("two", "b")])
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(copy), copy.faults, str(copy)) == (Malformed, error.faults, str(error))


def test_each_error_has_its_exit_code() -> None:
    codes = [kind("x").exit_code for kind in (Malformed, Disproved, Conflict, Unavailable)]
    assert codes == [2, 3, 4, 5]


def test_the_nearest_known_word_is_named_or_all_of_them() -> None:
    assert did_you_mean("prot", ["post", "seat"]) == "Did you mean 'post'?"
    assert did_you_mean("xyz", ["seat", "post"]) == "Known here: post, seat"
