"""How large a file, a function and a list of parameters may be, so that each can be read at once."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = 300
FUNCTION = 40
PARAMETERS = 8

Function = ast.FunctionDef | ast.AsyncFunctionDef


def too_large(source: str) -> Iterator[str]:
    """Say what in a Python file is over its size, and by how much."""
    lines = source.count("\n")
    if lines > FILE:
        yield f"{lines} lines; a file has at most {FILE}"
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, Function):
            continue
        where = f"line {function.lineno}: {function.name}"
        length = _length(function)
        if length > FUNCTION:
            yield f"{where} has {length} lines; a function has at most {FUNCTION}"
        parameters = _parameters(function)
        if len(parameters) > PARAMETERS:
            yield f"{where} has {len(parameters)} parameters; a function has at most {PARAMETERS}"


def _length(function: Function) -> int:
    """From `def` to its last line, without the docstring: that one is for the caller."""
    first = function.body[0]
    docstring = 0
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    names += [argument.arg for argument in arguments.kwonlyargs]
    return names + [rest.arg for rest in (arguments.vararg, arguments.kwarg) if rest is not None]
