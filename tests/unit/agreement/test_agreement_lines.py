from __future__ import annotations

import tomllib

import pytest

from safeconduct.core.agreement.lines import lines_of

DOCUMENT = '''\
# a comment with [brackets]
top = """
several
lines""" # behind
"quoted key" = 'literal ] , }'

[table.inner]
dotted.key = { a = 1, b = [
  "x",
  { c = "]" },
  # between
  3,
] }

[[many]]
id = 1
[[many.rules]]
id = 2
[[many.rules]]
[many.rules.deep]
x = \'\'\'two
lines\'\'\'
[[many]]
list = []
empty = {}
last = 2026-01-01'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted key",), 5),
        (("table", "inner"), 7),
        (("table", "inner", "dotted"), 8),
        (("table", "inner", "dotted", "key"), 8),
        (("table", "inner", "dotted", "key", "a"), 8),
        (("table", "inner", "dotted", "key", "b", 0), 9),
        (("table", "inner", "dotted", "key", "b", 1, "c"), 10),
        (("table", "inner", "dotted", "key", "b", 2), 12),
        (("many",), 15),
        (("many", 0, "id"), 16),
        (("many", 0, "rules", 0, "id"), 18),
        (("many", 0, "rules", 1), 19),
        (("many", 0, "rules", 1, "deep", "x"), 21),
        (("many", 1), 23),
        (("many", 1, "list"), 24),
        (("many", 1, "empty"), 25),
        (("many", 1, "last"), 26),
    ],
)
def test_each_key_and_element_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(DOCUMENT)
    assert lines_of(DOCUMENT)[path] == line
