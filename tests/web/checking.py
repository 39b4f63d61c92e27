"""The modules of the check page, asked in a browser; and what Python says of the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from playwright.sync_api import Browser

from safeconduct.core.kernel.errors import SafeconductError
from safeconduct.core.kernel.spelling import print_base64
from safeconduct.core.record.entry import parse_entry
from safeconduct.core.tlog.policy import Policy
from safeconduct.core.tlog.receipt import Receipt
from safeconduct.verify.evidence.check import Evidence
from safeconduct.web.check.build import FILE, MODULES, bundle
from tests.web.browser import chromium

Question: TypeAlias = tuple[str, dict[str, Any]]
Ask: TypeAlias = Callable[[Iterable[Question]], list[Any]]
PROBE = (Path(__file__).parent / "check_probe.js").read_text(encoding="utf-8")
_MOST = 2000
PATIENCE_MS = 120_000


@contextmanager
def asking() -> Iterator[Ask]:
    """A browser that holds all modules but the page itself: it answers many questions at once."""
    with chromium() as browser:
        yield asked_in(browser)


def asked_in(browser: Browser, before: str = "") -> Ask:
    """The same in a browser that runs. `before` is run first: what a browser lacks is taken from it there."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(before)
    page.goto(FILE.as_uri())
    page.evaluate(f"() => {{ {bundle(MODULES[:-1])}\n{PROBE} }}")

    def ask(questions: Iterable[Question]) -> list[Any]:
        batch = list(questions)
        found: list[Any] = []
        for start in range(0, len(batch), _MOST):
            found += page.evaluate("(batch) => probe(batch)", batch[start : start + _MOST])
        assert not [one["defect"] for one in found if "defect" in one]
        return found

    return ask


def b64(data: bytes) -> str:
    return print_base64(data)


def python_says(act: Callable[[], Any]) -> dict[str, Any]:
    """In the form of the probe's answers."""
    try:
        return {"said": act()}
    except SafeconductError as error:
        faults = [[one.message, one.where, one.next_step, one.rule] for one in error.faults]
        return {"refused": type(error).__name__, "faults": faults}


def receipt_grade(receipt: bytes, entry: bytes, policy: bytes) -> list[Any]:
    held = Receipt.parse(receipt)
    believed = Policy.parse(policy)
    grade = held.check(entry, believed)
    time = believed.check(held.note).time(believed)
    return [grade, str(held.index), None if time is None else str(time)]


def evidence_shown(data: bytes, policy: bytes | None = None) -> dict[str, Any]:
    """What `safeconduct evidence check` prints of it."""
    evidence = Evidence.parse(data)
    own = evidence.check()
    return (own if policy is None else evidence.check(Policy.parse(policy))).to_json()


def entry_parts(data: bytes) -> list[Any]:
    entry = parse_entry(data)
    return [entry.leaf.hex(), entry.kid]
