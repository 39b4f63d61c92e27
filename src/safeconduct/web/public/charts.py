"""The charts' geometry, as marks that a template draws: x in per cent, y in pixels, no viewBox, so text never shrinks.

Right-to-left mirrors every x. Not watched, not known, still open: hatched, full height, never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

_TOP, _PLOT, _AXIS = 26, 150, 22
_LABEL_EM = 0.62
"""The width of a letter of the smallest size, roughly, in em of 15 px; a phone leaves a chart 300 px."""
_PHONE_PX, _SMALL_PX = 300, 15
_LEFT = 9.0
"""Per cent of the width that the scale's numbers take."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A bar; `hatched`: what nobody saw."""

    x: str
    width: str
    y: int
    height: int
    style: str
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place; `style` says which end stands there."""

    x: str
    y: int
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line."""

    x1: str
    x2: str
    y1: int
    y2: int
    style: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point."""

    x: str
    y: int


@dataclass(slots=True)
class Chart:
    """Marks in the order in which they are drawn."""

    name: str
    height: int
    mirrored: bool
    rects: list[Rect] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def rect(
        self, x: float, width: float, y: int, height: int, style: str = "bar", *, hatched: bool = False
    ) -> None:
        """A bar from `x`, which is mirrored with its width."""
        start = 100 - x - width if self.mirrored else x
        self.rects.append(Rect(_percent(start), _percent(width), y, height, style, hatched))

    def text(self, x: float, y: int, text: str, style: str = "") -> None:
        """Words; `e` in the style: they end there, `m`: their middle is there."""
        self.texts.append(Text(self._x(x), y, style, text))

    def line(self, x1: float, x2: float, y1: int, y2: int, style: str) -> None:
        """From one point to another."""
        self.lines.append(Line(self._x(x1), self._x(x2), y1, y2, style))

    def dot(self, x: float, y: int) -> None:
        """A point."""
        self.dots.append(Dot(self._x(x), y))

    def _x(self, x: float) -> str:
        return _percent(100 - x if self.mirrored else x)


def _percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True, slots=True)
class Bar:
    """One value over time: its name below, its count, which share of its time was watched."""

    name: str
    count: int
    watched: Fraction
    shown: str


def over_time(name: str, bars: Sequence[Bar], *, mirrored: bool) -> Chart:
    """Upright bars; the share that was not watched is hatched beside what was counted."""
    chart = Chart(name, _TOP + _PLOT + _AXIS, mirrored)
    most = max((bar.count for bar in bars), default=0) or 1
    slot = 100 / max(1, len(bars))
    every = _every(bars_names := [bar.name for bar in bars])
    values = len(bars) <= 12
    floor = _TOP + _PLOT
    for place, bar in enumerate(bars):
        start, width = place * slot + slot * 0.08, slot * 0.84
        seen = float(bar.watched) if bar.watched or not bar.count else 1.0
        seen = max(seen, 0.2) if bar.count else seen
        height = round(_PLOT * bar.count / most)
        if bar.count:
            chart.rect(start, width * seen, floor - height, height)
        if seen < 1:
            chart.rect(start + width * seen, width * (1 - seen), _TOP, _PLOT, "nw", hatched=True)
        if bar.count and (values or bar.count == most):
            chart.text(start + width * seen / 2, floor - height - 6, bar.shown, "k m")
        if place % every == 0:
            chart.text(start + width / 2, floor + _AXIS - 4, bars_names[place], "m")
    chart.line(0, 100, floor, floor, "ax")
    return chart


def _every(names: Sequence[str]) -> int:
    """Every how manyth name has room on a phone."""
    widest = max(map(len, names), default=1) * _SMALL_PX * _LABEL_EM + 6
    return max(1, -(-int(widest * len(names)) // _PHONE_PX))


@dataclass(frozen=True, slots=True)
class Spread:
    """One span's waits: the ends of the middle half and the median, in the chart's unit; None: not known.

    `begun`: whether any wait began in it; where none did, nothing is drawn.
    """

    name: str
    low: float | None
    middle: float | None
    high: float | None
    shown: str
    begun: bool = True


def waiting(
    name: str, spreads: Sequence[Spread], *, ticks: Sequence[tuple[float, str]], mirrored: bool
) -> Chart:
    """Median and middle half over time; a span whose median is not known is hatched."""
    chart = Chart(name, _TOP + _PLOT + _AXIS, mirrored)
    most = max((tick for tick, _ in ticks), default=1) or 1
    floor = _TOP + _PLOT
    slot = (100 - _LEFT) / max(1, len(spreads))
    every = _every([one.name for one in spreads])

    def height(value: float) -> int:
        return floor - round(_PLOT * min(value, most) / most)

    for tick, shown in ticks:
        chart.line(_LEFT, 100, height(tick), height(tick), "gr" if tick else "ax")
        chart.text(0, height(tick) + 5, shown)
    before: tuple[float, int] | None = None
    for place, one in enumerate(spreads):
        x = _LEFT + slot * (place + 0.5)
        if place % every == 0:
            chart.text(x, floor + _AXIS - 4, one.name, "m")
        if one.middle is None:
            if one.begun:
                chart.rect(x - slot * 0.4, slot * 0.8, _TOP, _PLOT, "nw", hatched=True)
            before = None
            continue
        y = height(one.middle)
        if one.low is not None and one.high is not None and one.low < one.high:
            chart.line(x, x, height(one.low), height(one.high), "rng")
        if before is not None:
            chart.line(before[0], x, before[1], y, "hl")
        before = x, y
        chart.dot(x, y)
        chart.text(x, min(y, height(one.high or one.middle)) - 10, one.shown, "k m")
    return chart


def lying(name: str, bars: Sequence[tuple[str, int, str]], *, mirrored: bool) -> Chart:
    """Lying bars, each with its name and value above: how many wait where. They go on, so they are hatched."""
    row = 50
    chart = Chart(name, row * max(1, len(bars)) - 8, mirrored)
    most = max((count for _, count, _ in bars), default=1) or 1
    for place, (label, count, shown) in enumerate(bars):
        top = place * row
        chart.text(0, top + 16, label)
        chart.text(100, top + 16, shown, "k e")
        chart.rect(0, 100, top + 23, 12, "track")
        chart.rect(0, 100 * count / most, top + 23, 12, "nw", hatched=True)
    return chart
