"""Who follows a document's changes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tailrace._reading.progress import Change


class Follower:
    """Somebody who follows a document's changes, and those that he has not seen.

    `behind`: he has missed so many that he has to look at the whole.
    """

    def __init__(self) -> None:
        self.changes: deque[Change] = deque()
        self.behind = False

    def take(self, changes: Iterable[Change]) -> None:
        """There are more."""
        if not self.behind:
            self.changes.extend(changes)
            self.behind = len(self.changes) > _MOST_CHANGES
        if self.behind:
            self.changes.clear()

    def catch_up(self) -> None:
        """He looks at the whole."""
        self.behind = False


_MOST_CHANGES: Final = 10_000
"""That are kept for one who does not look at them: a document with its history is larger than the document."""
