"""What the pages say of cosignatures that newer heads of the record lack."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from safeconduct.service.awaiting import Awaiting
from safeconduct.web.public.times import instant


def awaiting_lines(awaited: Awaiting) -> Iterator[SafeString]:
    """Whose cosignatures newer heads lack, a sentence each; nothing where they lack none."""
    for name, since in awaited.since.items():
        yield format_html(
            gettext("Awaiting the cosignature of {who} since {when}."),
            who=format_html("<bdi>{}</bdi>", name),
            when=instant(since),
        )
    if awaited.no_quorum_since is not None:
        yield format_html(
            gettext("Since {when} no head of the record has been cosigned by enough witnesses."),
            when=instant(awaited.no_quorum_since),
        )
