"""A figure: a title that says what was found, a chart, its limits beside it, its table behind it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from safeconduct.web.public.charts import Chart
from safeconduct.web.public.site import Figures

SHOWN = 31
"""How many months, days or hours a chart has room for; the table has all."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, in the reader's words; `raw` are the rows of its downloads."""

    name: str
    heading: str
    title: str
    unit: str
    chart: Chart
    limits: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    computed: str
    raw_columns: tuple[str, ...]
    raw: tuple[tuple[object, ...], ...]


def step_word(counted: Figures) -> str:
    """What the rows of a table are."""
    return {"month": gettext("Month"), "day": gettext("Day"), "hour": gettext("Hour")}[counted.step]
