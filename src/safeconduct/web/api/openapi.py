"""The OpenAPI 3.1 document: what django-ninja makes of the forms, with errors as what they are."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from safeconduct.web.api.forms import Answers, Problem, Receipt, Submission, Submissions
from safeconduct.web.api.problem import CONTENT_TYPE

JTI = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REFERENCE = "#/components/schemas/{model}"
_ERRORS = {
    400: "not JSON, or not in this form",
    403: "read, and refused: with the signed refusal",
    404: "there is none",
    405: "another method",
    408: "it came too slowly",
    409: "another record has its jti",
    413: "too long, or too many",
    415: "not application/json",
    422: "the record is malformed",
    500: "a defect",
    503: "nothing can be logged now; the same request later is safe",
}


def _responses(good: dict[int, Any], *errors: int) -> dict[int, Any]:
    return {**good, **dict.fromkeys((*errors, 405, 500, 503), Problem)}


SUBMITTING: dict[str, Any] = {
    "operation_id": "submit",
    "summary": "Hand in records",
    "response": _responses({201: Receipt, 200: Receipt, 207: Answers}, 400, 403, 408, 409, 413, 415, 422),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [
                            {"$ref": _REFERENCE.format(model=each)} for each in ("Submission", "Submissions")
                        ]
                    }
                }
            },
        }
    },
}
READING: dict[str, Any] = {
    "operation_id": "receipt",
    "summary": "A receipt again",
    "response": _responses({200: Receipt}, 404),
}


class Documented(NinjaAPI):
    """An API whose errors are problem documents."""

    _made: OpenAPISchema | None = None

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The document, made once: it is under one path in one process."""
        if self._made is None:
            made = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
            for operations in made["paths"].values():
                for operation in operations.values():
                    _as_problems(operation["responses"])
                    for parameter in operation["parameters"]:
                        parameter["schema"] |= {"title": "A record's jti", "pattern": f"^{JTI}$"}
            for model in (Submission, Submissions):
                schema = model.model_json_schema(ref_template=_REFERENCE)
                schema.pop("$defs", None)
                made["components"]["schemas"][model.__name__] = schema
            self._made = made
        return self._made


def _as_problems(responses: dict[int, Any]) -> None:
    for status, said in responses.items():
        if status in _ERRORS:
            said["description"] = _ERRORS[status]
            said["content"] = {CONTENT_TYPE: said["content"].pop("application/json")}
