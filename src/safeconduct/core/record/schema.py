"""The shapes that claims have, and how a payload's faults are told: all at once, each with its place.

A `Shape` is a test and the words for what passes it. Objects inside a known claim are closed; a payload and
its lines are open: a claim that this version does not know is kept, if it hides nothing where nobody looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from safeconduct.core.kernel.errors import Fault

SCHEMA = "record.schema"
TWO_DIGESTS = "private.two_digests"

Faults: TypeAlias = Iterator[Fault]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a claim looks like: `words` complete "Write …"."""

    words: str
    holds: Callable[[Any], bool]
    optional: bool = False
    explain: Callable[[Any, str], Faults] | None = field(default=None, compare=False)
    regex: str | None = None
    """Of a string: what matches it whole, and no line feed, so that many can be matched at once."""

    def __str__(self) -> str:
        return f"{self.words}; may be absent" if self.optional else self.words

    def faults(self, value: Any, where: str) -> Faults:
        """What is wrong with a value that does not hold; never quotes the value."""
        if self.explain is not None:
            yield from self.explain(value, where)
        else:
            yield _other_form(where, self.words)


Shapes: TypeAlias = Mapping[str, Shape]


def optional(shape: Shape) -> Shape:
    """The same shape, for a claim that may be absent."""
    return replace(shape, optional=True)


def pattern(words: str, regex: str) -> Shape:
    """A string that one regular expression matches whole; it may look ahead with `_SHORT`, not to its end."""
    matches = re.compile(regex, re.ASCII).fullmatch
    return Shape(words, lambda value: type(value) is str and matches(value) is not None, regex=regex)


_SHORT = r"(?=.{{1,{}}}(?:\n|\Z))"
"""At most so many characters: with others behind a line feed, or alone."""


def one_of(*words: str) -> Shape:
    """One of a closed list of strings."""
    allowed = frozenset(words)
    regex = "|".join(map(re.escape, words))
    return Shape(
        "one of " + ", ".join(words), lambda value: type(value) is str and value in allowed, regex=regex
    )


def exactly(expected: Any) -> Shape:
    """One value and no other."""
    kind = type(expected)
    regex = re.escape(expected) if kind is str else None
    return Shape(f"{expected!r}", lambda value: type(value) is kind and value == expected, regex=regex)


def integer(words: str, least: int | None = None) -> Shape:
    """A whole number; the spelling keeps it below 2**53."""
    if least is None:
        return Shape(words, lambda value: type(value) is int)
    return Shape(words, lambda value: type(value) is int and value >= least)


def list_of(words: str, shape: Shape, *, least: int = 0, distinct: bool = False) -> Shape:
    """An array whose elements have one shape."""

    def wrong(value: list[Any]) -> list[int]:
        return [number for number, element in enumerate(value) if not shape.holds(element)]

    def holds(value: Any) -> bool:
        if type(value) is not list or len(value) < least or wrong(value):
            return False
        return not distinct or len(set(value)) == len(value)

    def explain(value: Any, where: str) -> Faults:
        if type(value) is not list or len(value) < least:
            yield _other_form(where, words)
            return
        for number in wrong(value):
            yield from shape.faults(value[number], f"{where}[{number}]")
        if not wrong(value):
            yield Fault("an element stands twice", where, "Write each once", SCHEMA)

    return Shape(words, holds, explain=explain)


class _Plan(NamedTuple):
    """How an object with certain names is tested: each member in its order, and what is missing."""

    tests: tuple[Callable[[Any], bool], ...]
    missing: tuple[str, ...]
    texts: Callable[[dict[str, Any]], Iterable[Any]]
    """The members with a regular expression: one search over all of them answers for most of a record."""
    match: Callable[[str], object]
    others: tuple[tuple[str, Callable[[Any], bool]], ...]


def _picker(names: tuple[str, ...]) -> Callable[[dict[str, Any]], Iterable[Any]]:
    """What takes these members out; the library's own gives a tuple only for two and more."""
    return itemgetter(*names) if len(names) > 1 else lambda value: [value[name] for name in names]


_MOST_PLANS = 256
"""Of a form, kept: a log has few sets of names, and whoever writes others only waits longer."""


@dataclass(frozen=True, slots=True)
class Form:
    """The members of an object. What tests it also names what is wrong: there is no second opinion."""

    words: str
    shapes: Shapes
    is_open: bool
    """Whether members that are not known are kept, as in a payload and in its lines."""
    tests: Mapping[str, Callable[[Any], bool]]
    required: frozenset[str]
    _plans: dict[tuple[str, ...], _Plan] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, words: str, shapes: Shapes, *, is_open: bool) -> Form:
        """The form with its tests looked up once."""
        tests = dict.fromkeys(_RESERVED, _never) | {name: shape.holds for name, shape in shapes.items()}
        required = frozenset(name for name, shape in shapes.items() if not shape.optional)
        return cls(words, shapes, is_open, tests, required)

    def _plan(self, names: tuple[str, ...]) -> _Plan:
        plan = self._plans.get(names)
        if plan is None:
            plan = self._planned(names)
            if len(self._plans) < _MOST_PLANS:
                self._plans[names] = plan
        return plan

    def _planned(self, names: tuple[str, ...]) -> _Plan:
        other = _hides_nothing if self.is_open else _never
        tests = tuple(self.tests.get(name, other) for name in names)
        regexes = {name: self.shapes[name].regex for name in names if name in self.shapes}
        texts = {name: regex for name, regex in regexes.items() if regex is not None}
        return _Plan(
            tests,
            tuple(sorted(self.required.difference(names))),
            _picker(tuple(texts)),
            re.compile("\n".join(map("(?:{})".format, texts.values())), re.ASCII).fullmatch,
            tuple((name, test) for name, test in zip(names, tests, strict=True) if name not in texts),
        )

    def wrong(self, value: dict[str, Any]) -> list[str]:
        """The members that do not hold, then the missing ones."""
        plan = self._plan(tuple(value))
        members = zip(value.items(), plan.tests, strict=True)
        return [*(name for (name, member), test in members if not test(member)), *plan.missing]

    def holds(self, value: Any) -> bool:
        """Whether it is an object of this form."""
        if type(value) is not dict:
            return False
        _, missing, texts, match, others = self._plan(tuple(value))
        if missing:
            return False
        for name, test in others:
            if not test(value[name]):
                return False
        try:
            return match("\n".join(texts(value))) is not None
        except TypeError:  # one of them is not a string
            return False

    def faults(self, value: Any, where: str) -> Faults:
        """What is wrong with it, member by member."""
        if type(value) is not dict:
            yield _other_form(where, self.words)
            return
        for name in self.wrong(value):
            shape, place = self.shapes.get(name), f"{where}.{name}"
            if name not in value:
                yield Fault("this claim is missing", place, f"Write {self.shapes[name].words}", SCHEMA)
            elif shape is not None:
                yield from shape.faults(value[name], place)
            elif self.is_open:
                yield from _hidden(name, value[name], place)
            else:
                yield Fault("this member is not known here", place, "Remove it", SCHEMA)


def closed(words: str, shapes: Shapes) -> Shape:
    """An object with these members and no other."""
    form = Form.of(words, shapes, is_open=False)
    return Shape(words, form.holds, explain=form.faults)


def lines_of(words: str, shapes: Shapes) -> Shape:
    """The array `lines`: its elements are open, and the only place below the top for private fields."""
    line = Form.of("an object", shapes, is_open=True)
    return list_of(words, Shape("an object", line.holds, explain=line.faults))


# SD-JWT's own names: an SD-JWT tool would open them wherever they stand, and we never look there.
_RESERVED = frozenset(("_sd", "_sd_alg", "..."))


def _never(_value: Any) -> bool:
    return False


def _hides_nothing(value: Any) -> bool:
    """Whether a claim that is not known here is clear throughout, or a private field of a later version."""
    return (type(value) is not dict and type(value) is not list) or _is_private(value) or is_clear(value)


def is_clear(value: Any) -> bool:
    """Whether an SD-JWT tool would open nothing in this value."""
    if type(value) is dict:
        return _RESERVED.isdisjoint(value) and all(map(is_clear, value.values()))
    return type(value) is not list or all(map(is_clear, value))


def _hidden(name: str, value: Any, where: str) -> Faults:
    if name not in _RESERVED and type(value) is dict and "_sd" in value:
        yield from PRIVATE.faults(value, where)
    else:
        hint = "Keep private fields at the top level or in an element of lines"
        yield Fault("something private stands where nothing private may", where, hint, SCHEMA)


def _other_form(where: str, words: str) -> Fault:
    return Fault("this claim has another form", where, f"Write {words}", SCHEMA)


_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII).fullmatch


def _is_private(value: Any) -> bool:
    if type(value) is not dict or len(value) != 1:
        return False
    digests = value.get("_sd")
    return (
        type(digests) is list
        and len(digests) == 1
        and type(digests[0]) is str
        and _DIGEST(digests[0]) is not None
    )


def _explain_private(value: Any, where: str) -> Faults:
    hint = 'Write {"_sd":["…"]} with one digest'
    digests = value.get("_sd") if type(value) is dict else None
    if type(digests) is list and len(digests) > 1:
        yield Fault("one field has several digests", where, hint, TWO_DIGESTS)
    else:
        yield Fault("this is not a private field", where, hint, SCHEMA)


IDENTIFIER = pattern("an identifier of a-z, 0-9 and hyphens", r"[a-z0-9-]{1,64}")
ISSUER = pattern("<post or organisation>/<role> in a-z, 0-9 and hyphens", r"[a-z0-9-]{1,64}/[a-z0-9-]{1,64}")
CODE = pattern(
    "a code of a-z and 0-9 with single dots, hyphens or underscores",
    _SHORT.format(64) + r"[a-z0-9]+(?:[._-][a-z0-9]+)*",
)
LEAF = pattern("a leaf: 64 of 0-9a-f", r"[0-9a-f]{64}")
LEAF_OR_NONE = pattern('a leaf: 64 of 0-9a-f, or ""', r"(?:[0-9a-f]{64})?")
SHA256 = pattern("a SHA-256: 64 of 0-9a-f", r"[0-9a-f]{64}")
TAG = pattern("an equality tag: 32 of 0-9a-f", r"[0-9a-f]{32}")
PASSAGE = pattern("16 random bytes: 32 of 0-9a-f", r"[0-9a-f]{32}")
DIGEST = pattern("a digest: 43 characters of base64url", r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
KID = replace(DIGEST, words="a key's thumbprint: 43 characters of base64url")
SIGNATURE = pattern("an Ed25519 signature: 86 characters of base64url", r"[A-Za-z0-9_-]{85}[AQgw]")
UUID7 = pattern(
    "a UUID of version 7 in lower case",
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
)
VKEY = pattern("a verifier key: name+key ID+base64", r"[!-*,-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}")
ORIGIN = pattern(
    "a URL without its scheme", _SHORT.format(255) + r"[a-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~-]+)*"
)
PLACE = pattern("a UN/LOCODE or an identifier", r"[A-Z]{2}[A-Z0-9]{3}|[a-z0-9-]{1,64}")
COUNTRY = pattern("two capital letters (ISO 3166-1)", r"[A-Z]{2}")
IMO = pattern("seven digits", r"[0-9]{7}")
HEADING = pattern("2, 4, 6, 8 or 10 digits of the HS, or none", r"(?:[0-9]{2}){1,5}|none")
UNIT = pattern("a code of UN/ECE Recommendation 20", r"[A-Z0-9]{2,3}")
INSTANT = integer("whole seconds since 1970-01-01 UTC")
COUNT = integer("a whole number from 0", 0)
POSITIVE = integer("a whole number from 1", 1)
PROSE = Shape("a text", lambda value: type(value) is str and value != "")
TRUE = exactly(True)
JWK = Shape(
    'an Ed25519 key {"crv":"Ed25519","kty":"OKP","x":"…"}',
    lambda value: (
        type(value) is dict
        and value.keys() == {"crv", "kty", "x"}
        and value["crv"] == "Ed25519"
        and value["kty"] == "OKP"
        and DIGEST.holds(value["x"])
    ),
)
PRIVATE = Shape('a private field {"_sd":["…"]}', _is_private, explain=_explain_private)
