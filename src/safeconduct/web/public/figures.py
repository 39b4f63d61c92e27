"""The status page's figures: those for which the record has anything."""

from __future__ import annotations

from safeconduct.web.public.count_figure import went_in
from safeconduct.web.public.figure import Figure
from safeconduct.web.public.queue_figure import queued
from safeconduct.web.public.site import Shown
from safeconduct.web.public.wait_figure import waited


def figures(shown: Shown) -> list[Figure]:
    """Those for which the record has anything."""
    counted = shown.figures
    found = []
    if counted.counted:
        found.append(went_in(shown, counted))
    if counted.waited:
        found.append(waited(shown, counted))
        found.append(queued(shown, counted))
    return found
