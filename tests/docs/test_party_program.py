"""The page on what a party's program runs: nothing is missing from it, and what it says of its parts is so."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.docs.party_program import COMMANDS, lines_of, parts, run_by

LOAD_ALL = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def test_what_its_commands_load_is_on_the_page_and_no_framework_is_loaded() -> None:
    ours, others = run_by()
    assert COMMANDS[0] == "safeconduct.cli.__main__"  # it would run
    said = subprocess.run(
        [sys.executable, "-c", LOAD_ALL, json.dumps(COMMANDS[1:])],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    loaded = {*json.loads(said)}
    packages = {f"safeconduct.{room}" for room in ("adapters", "cli", "core", "service", "verify", "wiring")}
    packages |= {f"safeconduct.core.{room}" for room in ("agreement", "kernel", "record", "tlog")}
    assert {name for name in loaded if name.startswith("safeconduct")} <= ours | packages
    assert not {name.partition(".")[0] for name in loaded} & {
        "django",
        "ninja",
        "granian",
        "psycopg",
        "numpy",
    }
    assert others - sys.stdlib_module_names == {"cryptography"}


def test_each_module_has_one_part_and_the_last_two_can_touch_nothing() -> None:
    ours, _ = run_by()
    found = parts(ours)
    assert sorted(module for part in found.values() for module in part) == sorted(ours)
    assert all(found.values())
    pure = [module for part, modules in found.items() if part.title[0] in "45" for module in modules]
    assert {module.split(".")[1] for module in pure} == {"core", "verify", "service"}


def test_it_stays_small_enough_to_be_read() -> None:
    """What touches the key, the network or the disk: what somebody reads in a day, and no more."""
    found = parts(run_by()[0])
    touching = sum(lines_of(module)[1] for part in found if part.title[0] in "123" for module in found[part])
    assert touching < 5_000, "make it smaller, or say on the page that a day is not enough"
