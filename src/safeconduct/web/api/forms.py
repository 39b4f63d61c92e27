"""What the OpenAPI document says of requests and answers. `body` and `problem` are what is done."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from safeconduct.web.api.body import MOST_RECORDS

Grade = Literal["logged", "cosigned"]


def _without_null(schema: dict[str, Any]) -> None:
    """A member that is left out is not a member that is null."""
    (said,) = (each for each in schema.pop("anyOf") if each.get("type") != "null")
    del schema["default"]
    schema.update(said)


class Submission(Schema):
    """A signed record, as it goes into the log, and what opens its private fields."""

    model_config = ConfigDict(extra="forbid")

    record: str = Field(description="the record: a compact JWS of at most 60 KiB (docs/spec/record.md)")
    disclosures: list[str] = Field(
        default=[], description="its disclosures, each once; they are stored apart from it, encrypted"
    )
    nature: Literal["live", "simulated", "replay"] | None = Field(
        default=None,
        description="which nature the corridor has; needed where it is not live, and it must be the corridor's",
        json_schema_extra=_without_null,
    )


class Submissions(Schema):
    """Several, each answered by itself: good ones enter although others fail."""

    model_config = ConfigDict(extra="forbid")

    records: list[Submission] = Field(min_length=1, max_length=MOST_RECORDS)


class Receipt(Schema):
    """The record is in the log, for ever."""

    grade: Grade = Field(description="`cosigned` once the corridor's witnesses stand behind it")
    receipt: str = Field(description="c2sp.org/tlog-proof@v1: keep it; `safeconduct receipt check` reads it")


class Fault(Schema):
    """One thing that is wrong."""

    message: str
    where: str
    next_step: str
    rule: str


class Problem(Schema):
    """RFC 9457. `rule` is the identifier of a rule (docs/reference/rules.md, docs/spec/api.md), or empty."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    rule: str
    where: str
    next_step: str
    faults: list[Fault] = Field(min_length=1)
    faults_left_off: int | None = Field(default=None, description="how many more there are", ge=1)
    refusal: str | None = Field(
        default=None,
        description="a compact JWS by the corridor's service key; keep it, and show it to whom you like",
    )


class Entered(Receipt):
    """An item of a list: 201 new, 200 known already."""

    status: Literal[200, 201]


class NotEntered(Schema):
    """An item of a list that got no receipt, with the status that it would have had alone."""

    status: Literal[403, 409, 422, 503]
    problem: Problem


class Answers(Schema):
    """One for each item, in their order."""

    records: list[Entered | NotEntered]
