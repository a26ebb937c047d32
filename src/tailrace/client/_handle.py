"""The places of a document, for who waits without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailrace._reading.place import Place
from tailrace._reading.steps import Element, finishing, growing

if TYPE_CHECKING:
    from collections.abc import Iterator


class Handle(Place):
    """One place of a document: `result()` waits for its finished value, iterating for the elements or pieces."""

    def result(self) -> Any:
        """The finished value, once it has come; raises what is wrong with it."""
        steps = finishing(self)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            self.reading.demand()

    def __iter__(self) -> Iterator[Any]:
        for step in growing(self):
            if isinstance(step, Element):
                yield step.value
            else:
                self.reading.demand()
