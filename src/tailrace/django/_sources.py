"""What a middleware does with a response, as its source says."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLLECTORS: Final = {"join", "list", "tuple", "sum", "bytes", "sorted"}
_LOOKS_FIRST: Final = ("streaming", "text/html")
"""Words of a middleware that looks at what a response is before it reads its content."""


def reads_content(middleware: Any) -> bool:
    """Whether it reads or sets `response.content` without a look at what the response is."""
    source = _source(middleware)
    if any(word in source for word in _LOOKS_FIRST):
        return False
    return any(_is_of_response(node, "content") for node in _nodes(source))


def collects_the_body(middleware: Any) -> bool:
    """Whether it makes one piece of `response.streaming_content`."""
    for node in _nodes(_source(middleware)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in _COLLECTORS and any(
            _is_of_response(argument, "streaming_content") for argument in node.args
        ):
            return True
    return False


def _source(middleware: Any) -> str:
    """That of a function, or of a class with what it inherits; Django's own is known to be right."""
    parts = middleware.__mro__ if isinstance(middleware, type) else [middleware]
    own = [part for part in parts if not part.__module__.startswith(("django.", "builtins"))]
    try:
        return "\n".join(textwrap.dedent(inspect.getsource(part)) for part in own)
    except (OSError, TypeError):  # there is none to be had
        return ""


def _nodes(source: str) -> Iterator[ast.AST]:
    try:
        return ast.walk(ast.parse(source))
    except SyntaxError:  # of a lambda in the midst of a line
        return iter(())


def _is_of_response(node: ast.AST, attribute: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == attribute
        and isinstance(node.value, ast.Name)
        and "resp" in node.value.id.lower()
    )
