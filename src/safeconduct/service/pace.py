"""How often a mirror asks: at the pace of the log, and more seldom whenever nothing comes of it.

Rules:
 1. After a new head the next question comes soon; after each one that brought nothing, twice as late; never later than
    the longest pause, nor sooner than the shortest.
 2. Who asks to be left alone is left alone for as long.
"""

from __future__ import annotations

from dataclasses import dataclass

SHORTEST_S, LONGEST_S = 5, 600


@dataclass(slots=True)
class Pace:
    """The pause before the next question, in seconds."""

    pause_s: int = SHORTEST_S

    def after(self, *, brought_news: bool, asked_for_s: int = 0) -> int:
        """The pause after a question; `asked_for_s`: what the server asked for."""
        self.pause_s = SHORTEST_S if brought_news else min(2 * self.pause_s, LONGEST_S)
        return max(self.pause_s, asked_for_s)
