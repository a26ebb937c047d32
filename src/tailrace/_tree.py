"""Writing a tree of which parts are missing: the text in one go, and where in it the holes are."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from tailrace._holes import Kind, kind_of, kind_of_type
from tailrace._json import ForeignEncoder, Name, children, escape_line_separators, foreign, unwrap, unwritable
from tailrace._parts import Part, Place, Shape, Spot
from tailrace.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_NAME: Final = secrets.token_hex(16)
"""What marks begin with, which stand for holes while a tree is written; nobody outside of this process can know it."""
_BEGUN: Final = b'"%b:' % _NAME.encode()
_MARK: Final = re.compile(_BEGUN + rb'([0-9]+)"')

_LONGEST: Final = 256
"""Elements of a list that are written at once: a hole among them is looked for among these only."""
_WIDEST: Final = 32
"""Members of an object that are written one by one."""
_PIECEWISE: Final = 2
"""Levels of a tree at which that is done."""

_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_elements: Final = msgspec.json.Decoder(list[Raw]).decode

H = TypeVar("H", bound=Spot)


class TreeEncoder(Generic[H]):
    """Writes values with holes in them; `claim` gives the hole for what is missing.

    The JSON encoder writes the whole value, a mark wherever something is missing, and the places of the
    marks are found in the text: so members are named as they are on the wire and in their order there, whatever
    wrote them, and what has no holes costs nothing.
    """

    def __init__(self, encoder: ForeignEncoder | None, deepest: int, claim: Callable[[Any, Kind], H]) -> None:
        self._claim = claim
        self._deepest = deepest
        self._levels = 0 if encoder else _PIECEWISE
        """At which members are written one by one; another encoder may have its own names for them."""
        self._dumps = self._by(encoder) if encoder else msgspec.json.Encoder(enc_hook=self._mark).encode
        self._found: list[H] = []
        """The holes of the value that is, or was last, written, by their marks' numbers."""
        self._unplaced = 0
        """Marks in its text whose places were not found."""

    def encode(self, value: Any, place: Place = None, depth: int = 0) -> bytes | Part[H]:
        """The JSON text of a value that stands at `place`, `depth` levels deep; a `Part` if it has holes.

        Raises `EncodeError` with the path of the culprit.
        """
        kind = kind_of(value)
        if kind is not None:
            hole = self._stand(self._claim(value, kind), place, depth)
            return Part([hole], hole)
        self._found, self._unplaced = [], 0
        content: list[bytes | H] = []
        try:
            shape = self._write(value, place, depth, content, self._levels)
        except EncodeError:
            raise
        except Exception as error:
            raise unwritable(error, _probe, value) from error
        if self._unplaced:
            raise EncodeError("two members of the same name, one of which is not ready")
        if shape is not None:
            return Part(content, shape)
        return cast("bytes", content[0] if len(content) == 1 else b"".join(cast("list[bytes]", content)))

    def _mark(self, value: Any) -> Any:
        kind = kind_of(value)
        if kind is None:
            return unwrap(value, self._mark_name)
        self._found.append(self._claim(value, kind))
        return Raw(b'%b%d"' % (_BEGUN, len(self._found) - 1))

    def _mark_name(self, value: Any) -> str:
        """The same for who takes no text that is JSON already."""
        kind = kind_of(value)
        if kind is None:
            return cast("str", unwrap(value))
        self._found.append(self._claim(value, kind))
        return f"{_NAME}:{len(self._found) - 1}"

    def _by(self, encoder: ForeignEncoder) -> Callable[[Any], bytes]:
        write = foreign(encoder)
        return lambda value: write(self._named(value)).strip()

    def _named(self, value: Any) -> Any:
        """A copy of a tree with names for its holes: another encoder has no hook for them."""
        if type(value) is dict:
            members = cast("Mapping[Any, Any]", value)
            return {key: self._named(member) for key, member in members.items()}
        if type(value) is list or type(value) is tuple:
            elements = cast("Sequence[Any]", value)
            return [self._named(element) for element in elements]
        return value if kind_of(value) is None else self._mark_name(value)

    # Near its root a tree is written piece by piece: its holes need no marks, and the places of few in a large one
    # are found in little text.

    def _write(
        self, value: Any, place: Place, depth: int, content: list[bytes | H], levels: int
    ) -> Shape[H] | None:
        """Append a value to `content`; its shape, if it has holes."""
        if _is_large(value, levels):
            return self._write_large(value, place, depth, content, levels)
        text = self._dumps(value)
        if not self._append(text, content):
            return None
        return self._shape(text, place, depth)

    def _write_large(
        self, value: Any, place: Place, depth: int, content: list[bytes | H], levels: int
    ) -> Shape[H] | None:
        if type(value) is dict:
            return self._write_object(cast("dict[str, Any]", value), place, depth, content, levels - 1)
        return self._write_array(value, place, depth, content)

    def _append(self, text: bytes, content: list[bytes | H]) -> bool:
        """The text, holes in the places of their marks; whether there are any."""
        text = escape_line_separators(text)
        if not self._found or _BEGUN not in text:
            content.append(text)
            return False
        first, *rest = _MARK.split(text)
        content.append(first)
        for number, piece in zip(rest[::2], rest[1::2], strict=True):
            content += self._found[int(number)], piece
        self._unplaced += len(rest) // 2
        return True

    def _write_object(
        self, members: dict[str, Any], place: Place, depth: int, content: list[bytes | H], levels: int
    ) -> Shape[H] | None:
        shape: dict[str, Any] = {}
        head, run = b"{", dict[str, Any]()
        for name, member in members.items():
            kind = kind_of(member)
            if kind is None and not _is_large(member, levels):
                run[name] = member
                continue
            if run:
                self._write_run(head, run, content, shape, place, depth)
                head, run = b",", {}
            content.append(b"%b%b:" % (head, escape_line_separators(_probe(name))))
            head = b","
            if kind is not None:
                hole = shape[name] = self._stand(self._claim(member, kind), (place, name), depth + 1)
                content.append(hole)
            elif inner := self._write_large(member, (place, name), depth + 1, content, levels):
                shape[name] = inner
        if run:
            self._write_run(head, run, content, shape, place, depth)
        content.append(b"}")
        return shape or None

    def _write_array(
        self, elements: list[Any], place: Place, depth: int, content: list[bytes | H]
    ) -> Shape[H] | None:
        shape: dict[str, Any] = {}
        for start in range(0, len(elements), _LONGEST):
            text = self._dumps(elements[start : start + _LONGEST])
            content.append(b"," if start else b"[")
            if self._append(text[1:-1], content):
                self._within(enumerate(_elements(text), start), shape, place, depth)
        content.append(b"]")
        return shape or None

    def _write_run(
        self,
        head: bytes,
        members: dict[str, Any],
        content: list[bytes | H],
        shape: dict[str, Any],
        place: Place,
        depth: int,
    ) -> None:
        """Some members of an object at once."""
        text = self._dumps(members)
        content.append(head)
        if self._append(text[1:-1], content):
            self._within(_members(text).items(), shape, place, depth)

    # Where the holes are, by the text.

    def _shape(self, text: bytes, place: Place, depth: int) -> Shape[H]:
        if text.startswith(_BEGUN):
            return self._placed(text, place, depth)
        shape: dict[str, Any] = {}
        inner = enumerate(_elements(text)) if text.startswith(b"[") else _members(text).items()
        self._within(inner, shape, place, depth)
        return shape

    def _within(
        self, inner: Iterable[tuple[str | int, Raw]], shape: dict[str, Any], place: Place, depth: int
    ) -> None:
        self._check_depth(depth)
        for key, value in inner:
            text = bytes(value)
            if text.startswith(_BEGUN):
                shape[str(key)] = self._placed(text, (place, key), depth + 1)
            elif _BEGUN in text:
                shape[str(key)] = self._shape(text, (place, key), depth + 1)
            if isinstance(key, str) and key.startswith(_NAME):
                raise EncodeError("the name of a member is not ready; expected a str")

    def _placed(self, mark: bytes, place: Place, depth: int) -> H:
        self._unplaced -= 1
        return self._stand(self._found[int(mark[len(_BEGUN) : -1])], place, depth)

    def _stand(self, hole: H, place: Place, depth: int) -> H:
        self._check_depth(depth)
        hole.stand_at(place, depth + 1)
        return hole

    def _check_depth(self, depth: int) -> None:
        if depth >= self._deepest:
            raise EncodeError(
                f"nested deeper than {self._deepest} levels, those that come later included (Document.depth)"
            )


def _goes_by_member(members: Mapping[Any, Any], levels: int) -> bool:
    """Whether an object is written member by member: one that has a hole, or one of few members with a large one."""
    if not levels:
        return False
    for member in members.values():
        if type(member) not in _SCALARS:
            break
    else:
        return False
    if set(map(type, members)) != _NAMES:
        return False
    types = set(map(type, members.values()))
    if any(kind_of_type(of) is not None for of in types):
        return True
    few = len(members) <= _WIDEST and not types.isdisjoint(_CONTAINERS)
    return few and any(_is_large(member, levels - 1) for member in members.values())


def _is_large(value: Any, levels: int) -> bool:
    """Whether it is better not written with what is beside it."""
    if type(value) is list:
        return len(cast("Sequence[Any]", value)) > _LONGEST
    return type(value) is dict and _goes_by_member(cast("Mapping[Any, Any]", value), levels)


_NAMES: Final = {str}
_CONTAINERS: Final = {dict, list}


def _without_holes(value: Any) -> Any:
    return None if kind_of(value) else unwrap(value, _without_holes)


_probe: Final = msgspec.json.Encoder(enc_hook=_without_holes).encode
"""Writes a tree with null where something is missing: to find what else is wrong in it."""


def missing(value: Any) -> Iterator[Any]:
    """What is missing in a tree: awaitables and async iterables, each once."""
    waiting, seen = [value], {id(value)}
    while waiting:
        part = waiting.pop()
        if kind_of(part) is not None:
            yield part
        elif type(part) not in _SCALARS:
            fresh = [
                child for _, child in children(part) if id(child) not in seen and type(child) is not Name
            ]
            seen.update(map(id, fresh))
            waiting += fresh


_SCALARS: Final = frozenset({str, int, float, bool, bytes, type(None)})
