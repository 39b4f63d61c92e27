"""The OpenAPI document says what the API does: schemathesis asks, in process and by wire, and finds nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from safeconduct.web.api import forms
from safeconduct.web.api.body import MOST_RECORDS
from tests.web.running import running
from tests.web.served import Served, founded, item, served


def rejected(context: Any, response: Any, case: Any) -> bool | None:
    """What does not fit the form is turned away; too much of it with 413, of which schemathesis does not think."""
    return None if response.status_code == 413 else negative_data_rejection(context, response, case)


PATHS = [("/api/records", "POST"), ("/api/records/{jti}", "GET")]
CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    rejected,
    unsupported_method,
]
"""All but that what fits the form is taken: no form can say what was signed."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("openapi") / "corridor") as opened:
        yield opened


@pytest.fixture(scope="module")
def document(here: Served) -> Any:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", WSGIHandler())


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), PATHS)
def test_nothing_that_is_sent_breaks_the_api_or_its_document(
    path: str, method: str, mode: GenerationMode, document: Any
) -> None:
    assert ask_all(document[path][method].as_strategy(generation_mode=mode), times=100) & {207, 400, 404}


def test_over_the_wire_neither(tmp_path: Path) -> None:
    founded(tmp_path / "corridor")
    with running(tmp_path / "corridor") as here:
        document: Any = schemathesis.openapi.from_url(f"{here.url}api/openapi.json")
        for path, method in PATHS:
            for mode in GenerationMode:
                ask_all(document[path][method].as_strategy(generation_mode=mode), times=25)
    assert not [line for line in here.told() if line["level"] == "error"]


def ask_all(cases: Any, *, times: int) -> set[int]:
    """Each is answered as the document says; the statuses."""
    seen: set[int] = set()

    @given(cases)
    @settings(
        max_examples=times,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        response = case.call()
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    return seen


def test_what_was_signed_fits_the_document_too(here: Served) -> None:
    """Answers that generated bodies hardly ever get: 201, 200, 207 with each status, 403, 409."""
    schema = here.client.get("/api/openapi.json").json()
    operation = schema["paths"]["/api/records"]["post"]
    record, (_, unknown) = here.offer(), here.stranger(1)
    other = here.offer("1", jti=record.payload["jti"])
    for written, status in ((record, 201), (record, 200), (unknown, 403), (other, 409)):
        response = here.post(item(written))
        assert response.status_code == status
        said = operation["responses"][str(status)]["content"]
        assert list(said) == [response["Content-Type"]]
        model = forms.Receipt if status < 300 else forms.Problem
        model.model_validate_json(response.content)
        assert said[response["Content-Type"]]["schema"]["$ref"].endswith(f"/{model.__name__}")
    forms.Answers.model_validate_json(here.hand_in(record, unknown, other).content)


def test_the_document_is_openapi_3_1_and_says_the_limits(here: Served) -> None:
    response = here.client.get("/api/openapi.json")
    assert response["Content-Type"] == "application/json"
    schema = response.json()
    assert schema["openapi"] == "3.1.0"
    assert schema["components"]["schemas"]["Submissions"]["properties"]["records"]["maxItems"] == MOST_RECORDS
    assert set(schema["paths"]) == {"/api/records", "/api/records/{jti}"}
    for operations in schema["paths"].values():
        for operation in operations.values():
            for status, said in operation["responses"].items():
                kind = "application/json" if int(status) < 400 else "application/problem+json"
                assert list(said["content"]) == [kind]
    assert here.client.get("/api/openapi.json").content == response.content
