"""The places of a document, for who awaits them on an event loop."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tailrace._reading.place import Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator


class Handle(Place):
    """One place of a document, by the keys and indices that lead to it.

    `await handle` is the finished value: at once or once it has come, as often as one likes, whether the place was
    a hole or was not. `async for` gives the finished elements of a list, or the pieces of a text, as they come;
    `handle[key]` is a place inside, which may be finished long before. `value` is what is there now.

    Awaiting raises `StreamFailed` where the part, or one inside it, has failed, `Truncated` where the body ended
    before it came, and `LookupError` where the document has no such place.
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, Any]:
        # The one import that needs an event loop: `import tailrace` brings none.
        return cast(
            "Generator[Any, Any, Any]", import_module("tailrace._reading.wait").finished(self).__await__()
        )

    def __aiter__(self) -> AsyncIterator[Any]:
        return cast("AsyncIterator[Any]", import_module("tailrace._reading.wait").Elements(self))

    # By `__getitem__` alone, Python would try 0, 1, 2 and so on, and find a handle each time.
    __iter__: ClassVar[None] = None
    __contains__: ClassVar[None] = None

    def result(self) -> Any:
        """The finished value, without waiting for it; raises what awaiting would, `LookupError` if it has not come."""
        node, value = self.settled()
        if node is not None:
            raise LookupError(f"{self.pointer or 'the document'} has not come yet")
        return value
