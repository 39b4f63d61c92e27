"""What no audit of any archive proves: told with every report, so that nobody takes it for more than it is."""

from __future__ import annotations

LIMITS = (
    "That what the records say is true. It shows that nobody changed them since, and where they contradict each other.",
    "That two posts did not agree to say the same: equal tags say that two state it, not that the second looked.",
    "That no vehicle was waved past unseen, and no search went unrecorded, unless its driver signed an account of it.",
    "What a reader did with what it was shown.",
    "That a vehicle was not cloned at two offline posts, inside the width of their clocks' bounds.",
    "That whoever may enrol keys enrolled none that are false: such a key counts until it is revoked.",
    "When anything happened before a quorum of witnesses stood behind a head.",
    "That a phone signed what its screen showed.",
)
"""As in docs/explanation/threat-model, *What nothing here catches*."""

ACCUSES_NOBODY = (
    "The record accuses nobody. A finding says which records contradict each other; an honest misreading gives many of "
    "them too."
)
