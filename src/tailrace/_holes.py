"""Values that are not there yet, as a tree may contain them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from importlib import import_module
from inspect import isroutine
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeAlias, TypeVar, cast, get_args, overload

from tailrace._model import are_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator

T = TypeVar("T")


class Kind(Enum):
    """What is missing: the JSON type that stands in its place says so."""

    VALUE = auto()
    LIST = auto()
    TEXT = auto()


class _Annotation:
    """What an annotation says to pydantic: the finished value's type in a schema, the hole itself in a value."""

    needs: ClassVar[str] = "__aiter__"
    what: ClassVar[str] = "an async iterable"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        finished: Any = handler(cls.finished(source))
        schemas: Any = import_module("pydantic_core").core_schema

        def validate(value: Any, validate_finished: Callable[[Any], Any]) -> Any:
            if kind_of(value) is None:
                return validate_finished(value)
            if not hasattr(value, cls.needs):
                raise ValueError(f"expected {cls.what}, got {type(value).__qualname__}")
            return cls.taken(value)

        def serialize(value: Any, serialize_finished: Callable[[Any], Any]) -> Any:
            return serialize_finished(value) if kind_of(value) is None else value

        return schemas.no_info_wrap_validator_function(
            validate,
            finished,
            serialization=schemas.wrap_serializer_function_ser_schema(serialize, schema=finished),
        )

    @classmethod
    def taken(cls, missing: Any) -> Any:
        """What a member is that was given something that comes later."""
        return missing

    @classmethod
    def finished(cls, source: Any) -> Any:
        """The type of what will be there."""
        return (get_args(source) or (Any,))[0]


if TYPE_CHECKING:
    Deferred: TypeAlias = Awaitable[T]
    Growing: TypeAlias = AsyncIterable[T]
else:

    class Deferred(_Annotation):
        """A member whose value comes later: `user: Deferred[User]` takes a coroutine, a task, or any awaitable."""

        needs = "__await__"
        what = "an awaitable"
        __class_getitem__ = classmethod(GenericAlias)

    class Growing(_Annotation):
        """A list that grows: `posts: Growing[Post]` takes an async iterable of its elements."""

        __class_getitem__ = classmethod(GenericAlias)

        @classmethod
        def finished(cls, source: Any) -> Any:
            return list[(get_args(source) or (Any,))[0]]


class GrowingText(_Annotation):
    """A text that grows: the pieces of an async iterable, one behind the other.

    Raises `TypeError` where `pieces` is no async iterable.
    """

    __slots__ = ("pieces",)

    def __init__(self, pieces: AsyncIterable[str]) -> None:
        if not hasattr(cast("Any", pieces), "__aiter__"):
            raise TypeError(
                f"GrowingText: expected an async iterable of str, got {type(pieces).__qualname__}"
                + (" (call it)" if isroutine(cast("Any", pieces)) else "")
            )
        self.pieces = pieces

    @classmethod
    def taken(cls, missing: Any) -> Any:
        """The pieces alone would be a list."""
        return missing if kind_of(missing) is Kind.TEXT else cls(missing)

    def __aiter__(self) -> AsyncIterator[str]:
        return aiter(self.pieces)

    @classmethod
    def finished(cls, source: Any) -> Any:
        """Text."""
        del source
        return str


_NONE: Final = object()


class Later(Generic[T]):
    """A call that is made once somebody waits for its result; what `defer` gives."""

    __slots__ = ("__weakref__", "args", "fallback", "function", "timeout")

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], timeout: float | None, fallback: Any
    ) -> None:
        self.function = function
        self.args = args
        self.timeout = timeout
        self.fallback = fallback

    @property
    def can_fall_back(self) -> bool:
        """Whether there is something to take where the call fails."""
        return self.fallback is not _NONE

    def __await__(self) -> Generator[Any, Any, T]:
        # The one import that needs an event loop: `import tailrace` brings none.
        return cast("Awaitable[T]", import_module("tailrace._filling.call").call(self)).__await__()


@overload
def defer(
    function: Callable[..., Awaitable[T]],
    /,
    *args: Any,
    timeout: float | None = None,
    fallback: Any = _NONE,
) -> Deferred[T]: ...
@overload
def defer(
    function: Callable[..., T], /, *args: Any, timeout: float | None = None, fallback: Any = _NONE
) -> Deferred[T]: ...
def defer(
    function: Callable[..., Any], /, *args: Any, timeout: float | None = None, fallback: Any = _NONE
) -> Deferred[Any]:
    """A value that `function(*args)` will return: in a thread, or awaited where it is a coroutine function.

    After `timeout` seconds it has failed with 504 (a thread cannot be interrupted: it runs on, and its result is
    dropped). Where it fails in whatever way, `fallback` is taken if there is one, and the log has the error.
    `functools.partial` has room for arguments by name.

    Raises `TypeError` where `function` cannot be called or `fallback` is not there yet, `ValueError` where
    `timeout` are no seconds.
    """
    if not callable(cast("Any", function)):
        raise TypeError(
            f"defer: expected a function and its arguments, as in defer(load, 1), got {function!r}"
        )
    if timeout is not None and not are_seconds(timeout, math.ulp(0.0)):
        raise ValueError(f"defer(timeout={timeout!r}): expected seconds above 0 or None")
    if kind_of(fallback) is not None:
        raise TypeError(f"defer(fallback={fallback!r}): expected a value that is there")
    return Later[Any](function, args, timeout, fallback)


class Document:
    """A tree of which some parts are not ready: awaitables, async iterables, `GrowingText`, at any depth.

    `Stream` makes one of what is a tree by itself, such as a dict or a model; with `Document` a list can be one
    too, and the bounds can be said. `concurrency`: how many awaitables run at a time. `holes`: how many parts may be
    open at a time. `depth`: levels of nesting of parts, what is in a part's place included. `size`: bytes of all values
    together; None: no bound. `problems`: the member of a finished document in which the problems of failed
    parts are listed, with null in their places; None: the whole fails with the first of them.

    Raises `ValueError` for a bound that is none, and for a name that the document has.
    """

    __slots__ = ("concurrency", "content", "depth", "holes", "problems", "size")

    def __init__(
        self,
        content: Any,
        concurrency: int = 32,
        holes: int = 10_000,
        depth: int = 100,
        size: int | None = None,
        problems: str | None = None,
    ) -> None:
        bounds = {"concurrency": concurrency, "holes": holes, "depth": depth, "size": size}
        for name, bound in bounds.items():
            value: Any = bound
            if (value is not None or name != "size") and (type(value) is not int or value < 1):
                raise ValueError(f"Document({name}={value!r}): expected a whole number from 1")
        if problems is not None and (not isinstance(cast("Any", problems), str) or not problems):
            raise TypeError(f"Document(problems={problems!r}): expected the name of a member")
        if problems is not None and isinstance(cast("object", content), list | tuple):
            raise ValueError(f"Document(problems={problems!r}): expected a document that is an object")
        if problems is not None and isinstance(cast("object", content), Mapping) and problems in content:
            raise ValueError(f"Document(problems={problems!r}): the document has a member of that name")
        self.content = content
        self.concurrency = concurrency
        self.holes = holes
        self.depth = depth
        self.size = size
        self.problems = problems

    # Not a dataclass, which JSON encoders write member by member: a document is no part of another.

    def replaced(self, **changes: Any) -> Document:
        """The same with other members."""
        return Document(**{name: getattr(self, name) for name in self.__slots__} | changes)

    def __repr__(self) -> str:
        return f"Document({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


_kinds: dict[type[Any], Kind | None] = {}
_MOST_KINDS: Final = 1000


def kind_of(value: Any) -> Kind | None:
    """What `value` leaves missing where it stands; None for what is there."""
    return kind_of_type(cast("type[object]", type(value)))


def kind_of_type(of: type[Any]) -> Kind | None:
    """The same for all values of a type."""
    try:
        return _kinds[of]
    except KeyError:
        kind = _looked_up(of)
        if len(_kinds) < _MOST_KINDS:  # types may be made at run time
            _kinds[of] = kind
        return kind


def is_tree(value: Any) -> bool:
    """Whether a value by itself is a document rather than items: an object, or one that is not there yet."""
    of = cast("type[object]", type(value))
    if issubclass(of, Mapping) or hasattr(of, "__pydantic_serializer__"):
        return True
    kind = kind_of(value)
    if kind is not None or issubclass(of, Iterable):
        return kind is not None and kind is not Kind.LIST
    return any(hasattr(of, mark) for mark in ("__struct_fields__", "__dataclass_fields__", "__attrs_attrs__"))


def _looked_up(of: type[Any]) -> Kind | None:
    if issubclass(of, GrowingText):
        return Kind.TEXT
    # What can be awaited as well as iterated over is a query, whose rows are meant.
    if hasattr(of, "__aiter__"):
        return Kind.LIST
    return Kind.VALUE if hasattr(of, "__await__") else None
