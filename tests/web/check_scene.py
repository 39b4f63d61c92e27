"""What a reader has in hands: a declaration of an invented corridor, its receipt, the policy, the enrolling record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from safeconduct.core.record.entry import parse_entry
from safeconduct.core.record.signature import public_key_of, thumbprint
from safeconduct.sim.stage import Stage

PATIENCE_MS = 60_000
Scheme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class InHand:
    """The bytes of each file."""

    record: bytes
    disclosures: tuple[str, ...]
    receipt: bytes
    policy: bytes
    enrolling: bytes
    founding: bytes

    @property
    def disclosed(self) -> bytes:
        """The record with all its disclosures, as an SD-JWT."""
        return b"~".join((self.record, *(text.encode() for text in self.disclosures), b""))

    def in_folder(self, folder: Path) -> list[Path]:
        """Files with the names under which the public's pages hand them out."""
        files = {"7.entry": self.disclosed, "7.receipt": self.receipt, "policy": self.policy}
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return [folder / name for name in files]


@cache
def in_hand() -> InHand:
    stage = Stage("check")
    declared = stage.declare(plate="KM 4711").declaration
    assert declared is not None
    stage.pass_time(hours=1)
    kid = parse_entry(declared.entry).kid
    enrolling = next(
        entry
        for entry in stage.entries()
        if (payload := parse_entry(entry).payload)["evt"] == "key" and _kid(payload["cnf"]["jwk"]) == kid
    )
    policy = stage.founding.policy().encode()
    receipt, founding = stage.receipt(declared), stage.entries()[0]
    return InHand(declared.entry, declared.disclosures, receipt, policy, enrolling, founding)


def _kid(jwk: dict[str, str]) -> str:
    return thumbprint(public_key_of(jwk))


def opened(
    browser: Browser, address: str, *, width: int = 1440, scheme: Scheme = "light", language: str = "en"
) -> Page:
    """The page at an address, in a language; axe needs its policy out of the way."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}?lang={language}")
    page.locator("#form:not([hidden]), #unable:not([hidden])").first.wait_for()
    return page


def filled(page: Page, *, disclosed: bool = True) -> None:
    """Everything is pasted in, and checked."""
    here = in_hand()
    for field, data in (
        ("record", here.disclosed if disclosed else here.record),
        ("receipt", here.receipt),
        ("policy", here.policy),
        ("key", here.enrolling),
    ):
        page.fill(f"#{field}", data.decode())
    page.locator(".go").click()
    page.locator("#verdict").wait_for()


def evidenced(page: Page, evidence: bytes, policy: bytes = b"") -> None:
    """An evidence file is pasted in, and checked."""
    page.fill("#evidence", evidence.decode())
    page.fill("#policy", policy.decode())
    page.locator(".go").click()
    page.locator("#verdict").wait_for()
