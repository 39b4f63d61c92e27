"""Where a rule of an agreement comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal["text", "practice", "proposed"]


@dataclass(frozen=True, slots=True)
class Source:
    """The signed text (which article), the guarantor's practice, or a proposal of this file's author."""

    origin: Origin
    article: str | None = None
    note: str | None = None

    def __str__(self) -> str:
        words = {"text": "signed text", "practice": "practice", "proposed": "proposed"}[self.origin]
        place = f"{words}, {self.article}" if self.article else words
        return f"{place}: {self.note}" if self.note else place
