"""What `safeconduct party` runs, module by module: everything that its commands import, in functions too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import grimp

SOURCE = Path(__file__).parents[2] / "src"
COMMANDS = tuple(
    f"safeconduct.cli.{name}"
    for name in ("__main__", "main", "run", "party", "party_follow", "party_serve", "party_status")
)
"""`cli.run` imports the others by their names, so they are named here."""


class Part(NamedTuple):
    """Modules that are read together; a name that ends in a dot is all below it."""

    title: str
    why: str
    modules: tuple[str, ...]


PARTS = (
    Part(
        "1. Whether a head is cosigned",
        "The promise itself. It holds the private key. Nothing here asks a network for anything; it answers who asks.",
        (
            "core.tlog.", "service.witnessing", "service.ports", "adapters.witness_store", "adapters.witness_http",
            "adapters.http_serve", "adapters.keys", "adapters.clock", "adapters.watched_clock", "adapters.chance",
            "wiring.witness",
        ),
    ),
    Part(
        "2. What it fetches, and what it writes",
        "All that opens a connection, and all that reads or changes the archive. With the first part, this is what a "
        "fault could be used for.",
        (
            "adapters.http_get", "adapters.http_archive", "adapters.http_mirror", "adapters.mirror_folder",
            "adapters.mirror_memory", "adapters.files", "adapters.file_lock", "adapters.archives", "service.access",
            "adapters.enrolled_keys",
            "service.identifiers", "service.mirror", "service.mirror_ports", "service.mirror_tree",
            "service.mirror_disclosures", "service.pace", "service.served_founding",
        ),
    ),
    Part(
        "3. How both run in one process, and what is typed",
        "",
        (
            "", "wiring.party", "wiring.party_mirror", "wiring.party_serve", "wiring.party_look", "cli.",
            "adapters.log_lines", "adapters.health",
        ),
    ),
    Part(
        "4. Bytes, times, errors",
        "How what was received is read, and refused.",
        ("core.kernel.",),
    ),
    Part(
        "5. What records mean",
        "Only to know the corridor by its founding record, whose key may erase, and whose records are taken as offers. "
        "Pure functions: a contract that every test run checks keeps clock, disk, network and threads out.",
        (
            "core.record.", "core.agreement.", "verify.", "service.version", "service.archive_store", "service.papers",
            "service.rollback", "service.founded",
        ),
    ),
)  # fmt: skip


def run_by(commands: tuple[str, ...] = COMMANDS) -> tuple[set[str], set[str]]:
    """Our modules, and the libraries, that these import, and that those import, and so on."""
    graph = grimp.build_graph("safeconduct", include_external_packages=True)
    ours, others, waiting = set[str](), set[str](), [*commands]
    while waiting:
        module = waiting.pop()
        if module.partition(".")[0] != "safeconduct":
            others.add(module)
        elif module not in ours:
            ours.add(module)
            waiting += graph.find_modules_directly_imported_by(module)
    return ours, others


def file_of(module: str) -> Path:
    """Where it stands."""
    place = SOURCE.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def lines_of(module: str) -> tuple[int, int]:
    """All lines, and those that are neither empty, nor comment, nor docstring."""
    text = file_of(module).read_text(encoding="utf-8")
    said = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }  # fmt: skip
    lines = text.splitlines()
    code = [line for number, line in enumerate(lines, 1) if line.strip() and number not in said]
    return len(lines), sum(not line.lstrip().startswith("#") for line in code)


def parts(modules: set[str]) -> Mapping[Part, list[str]]:
    """Each module in its one part."""
    found: dict[Part, list[str]] = {part: [] for part in PARTS}
    for module in sorted(modules):
        name = module.removeprefix("safeconduct").removeprefix(".")
        (part,) = (
            part
            for part in PARTS
            if any(name.startswith(one) if one.endswith(".") else name == one for one in part.modules)
        )
        found[part].append(module)
    return found


_HEAD = """# What a party's program runs

{generated}Every module that `safeconduct party` can load, found by following each import from its commands,
also those inside functions. It is for whoever has to read the program before it is let in, in this order.

**{modules} modules, {total} lines, {code} of them code** (neither empty, nor comment, nor docstring). Parts 1 to 3,
which alone touch the key, the network and the disk, are {first} lines of code. Each module says in its head which
rules it keeps, and has the code in their order.

Outside the standard library: `{outside}`. Neither Django, nor the web pages, the simulator or the server's tables can
be reached: a contract that every test run checks says so (`pyproject.toml`, *a party's program is small*)."""


def page(generated: str) -> Iterator[str]:
    """The reference page."""
    ours, others = run_by()
    sizes = {module: lines_of(module) for module in ours}
    total, code = (sum(size[at] for size in sizes.values()) for at in (0, 1))
    first = sum(sizes[module][1] for part, found in [*parts(ours).items()][:3] for module in found)
    outside = sorted(others - sys.stdlib_module_names)
    yield _HEAD.format(
        generated=generated,
        modules=len(ours),
        total=f"{total:,}",
        code=f"{code:,}",
        first=f"{first:,}",
        outside="`, `".join(outside),
    )
    for part, modules in parts(ours).items():
        yield f"\n## {part.title}\n"
        if part.why:
            yield f"{part.why}\n"
        yield "| module | lines | code | what it is |\n|---|---:|---:|---|"
        for module in modules:
            lines, of_code = sizes[module]
            place = f"../../{file_of(module).relative_to(SOURCE.parent)}"
            name = module.removeprefix("safeconduct.")
            yield f"| [`{name}`]({place}) | {lines} | {of_code} | {_about(module)} |"
        all_lines, all_code = (sum(sizes[module][at] for module in modules) for at in (0, 1))
        yield f"| **together** | **{all_lines:,}** | **{all_code:,}** | |"


def _about(module: str) -> str:
    """The first sentence of its docstring."""
    text = ast.get_docstring(ast.parse(file_of(module).read_text(encoding="utf-8"))) or ""
    first = text.partition("\n\n")[0].replace("\n", " ")
    return first.replace("|", "\\|")
