"""What is shown, as CSV (RFC 4180) or JSON: the same rows in the same order, times in UTC, codes as recorded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from safeconduct.web.public.figures import figures
from safeconduct.web.public.page import Reply, missing, page
from safeconduct.web.public.site import Said, Shown

FORMATS = ("csv", "json")


def download(
    shown: Shown, name: str, form: str, *, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """One table; a JSON document also says which head it is as of."""
    head, cor = shown.head, shown.founding.cor
    if form == "csv":
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(rows)
        response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    else:
        document: dict[str, Any] = {
            "as_of": {"corridor": cor, "size": head.size, "root": head.root, "time": head.time},
            "rows": [dict(zip(columns, row, strict=True)) for row in rows],
        }
        text_form = json.dumps(document, ensure_ascii=False, indent=1)
        response = HttpResponse(text_form, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


@page
def figure(_request: HttpRequest, shown: Shown, _said: Said, name: str, form: str) -> Reply | HttpResponse:
    """`/figures/went-in.csv`: the table behind a figure of the status page."""
    found = next((one for one in figures(shown) if one.name == name), None)
    if found is None or form not in FORMATS:
        return missing(f"{name}.{form}")
    return download(shown, found.name, form, columns=found.raw_columns, rows=found.raw)
