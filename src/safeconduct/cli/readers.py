"""What both demonstrations do: an archive for each reader of a corridor, and an audit of each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from safeconduct.adapters.archives import FolderArchive
from safeconduct.adapters.workers import ForkWorkers
from safeconduct.cli.console import Console
from safeconduct.cli.export import export_to
from safeconduct.verify.audit import Options, audit
from safeconduct.verify.report import Report
from safeconduct.wiring.offline import open_corridor

CORRIDOR, ARCHIVES = "corridor", "archives"


def export_all(folder: Path, readers: Sequence[str]) -> str:
    """From the corridor in `folder` an archive for each reader; returns the corridor's identifier."""
    with open_corridor(folder / CORRIDOR) as corridor:
        export_to(corridor, {reader: folder / ARCHIVES / reader for reader in readers})
        return corridor.founding.cor


def archive_of(folder: Path, reader: str) -> FolderArchive:
    """One reader's archive."""
    return FolderArchive(folder / ARCHIVES / reader)


def audit_all(folder: Path, readers: Sequence[str], corridor: str, console: Console) -> dict[str, Report]:
    """Each archive audited alone, as its reader would."""
    options = Options(corridor=corridor)
    return {
        reader: audit(archive_of(folder, reader), workers=ForkWorkers(), reporter=console, options=options)
        for reader in readers
    }


def one_head(reports: Mapping[str, Report]) -> bool:
    """Every archive is sound and ends at the same size and root."""
    heads = {report.head and (report.head.size, report.head.root) for report in reports.values()}
    return len(heads) == 1 and all(report.sound for report in reports.values())
