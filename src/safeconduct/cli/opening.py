"""An archive where somebody names it: a folder, a .zip, or an address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeconduct.adapters.archives import open_archive
from safeconduct.adapters.keys import read_key
from safeconduct.verify.ports import ArchiveBytes


def is_address(place: str) -> bool:
    """Whether it is fetched."""
    return place.startswith(("http://", "https://"))


@contextmanager
def opened(place: str, *, key: Path | None = None, corridor: str | None = None) -> Iterator[ArchiveBytes]:
    """The archive there; `key` and `corridor` open an address that only parties read."""
    if is_address(place):
        from safeconduct.adapters.http_archive import open_http_archive  # noqa: PLC0415 - only here: http and ssl

        signer = None if key is None else read_key(key)
        with open_http_archive(place, key=signer, corridor=corridor) as archive:
            yield archive
    else:
        yield open_archive(Path(place))
