"""From Python source to rows, one for every function and class. Pure, and light to import in a worker."""

from __future__ import annotations

import ast
import os
import signal
import threading
import warnings
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOC_LIMIT = 160
# Threads that parse at the same time make CPython 3.11 miscount its depth: SystemError.
ONE_AT_A_TIME = threading.Lock()

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Source(NamedTuple):
    """A file to parse: where it is, and the folder its module name counts from."""

    root: str
    path: str


class Row(NamedTuple):
    """One function or class. The names are the index's columns and the items' keys."""

    module: str
    qualname: str
    kind: str
    file: str
    line: int
    lines: int
    signature: str
    arguments: int
    doc: str


def parse_files(sources: Iterable[Source]) -> list[Row]:
    """Find every function and class of `sources`, in the files' order."""
    return [row for source in sources for row in parse_file(source)]


def parse_file(source: Source) -> list[Row]:
    """Find the functions and classes of one file; none if it is unreadable, as some in test suites are."""
    try:
        with ONE_AT_A_TIME:
            tree = ast.parse(Path(source.path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    file = Path(source.path).relative_to(source.root)
    return list(_rows(tree, _module_name(file), file.as_posix()))


def _module_name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _rows(tree: ast.Module, module: str, file: str) -> Iterator[Row]:
    # A stack, not recursion: generated code nests deeper than Python's own limit.
    stack: list[tuple[ast.AST, str, bool]] = [(tree, "", False)]
    while stack:
        node, prefix, in_class = stack.pop()
        if isinstance(node, Definition):
            name = prefix + node.name
            yield _row(node, name, module, file, in_class=in_class)
            in_class = isinstance(node, ast.ClassDef)
            prefix = f"{name}." if in_class else f"{name}.<locals>."
        stack.extend((child, prefix, in_class) for child in reversed(_blocks(node)))


def _blocks(node: ast.AST) -> list[ast.AST]:
    """Give the statements inside `node`: expressions hold no definitions and are most of the tree."""
    return [
        child
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
    ]


def _row(node: Definition, qualname: str, module: str, file: str, *, in_class: bool) -> Row:
    if isinstance(node, ast.ClassDef):
        kind, signature, arguments = "class", "", 0
    else:
        kind = "method" if in_class else "function"
        kind = f"async {kind}" if isinstance(node, ast.AsyncFunctionDef) else kind
        signature, arguments = _signature(node.args)
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    return Row(module, qualname, kind, file, node.lineno, lines, signature, arguments, _summary(node))


def _signature(args: ast.arguments) -> tuple[str, int]:
    """Give the arguments' names, a default as `=…`: `ast.unparse` would take longer than parsing does."""
    positional = [*args.posonlyargs, *args.args]
    first_default = len(positional) - len(args.defaults)
    shown = [a.arg + ("=…" if i >= first_default else "") for i, a in enumerate(positional)]
    if args.posonlyargs:
        shown.insert(len(args.posonlyargs), "/")
    if args.vararg:
        shown.append(f"*{args.vararg.arg}")
    elif args.kwonlyargs:
        shown.append("*")
    shown += [
        a.arg + ("" if default is None else "=…")
        for a, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]
    if args.kwarg:
        shown.append(f"**{args.kwarg.arg}")
    return f"({', '.join(shown)})", len(positional) + len(args.kwonlyargs)


def _summary(node: Definition) -> str:
    doc = ast.get_docstring(node, clean=False) or ""
    line = next((line.strip() for line in doc.splitlines() if line.strip()), "")
    # A literal may hold lone surrogates, which no UTF-8 can carry.
    return line[:DOC_LIMIT].encode("utf-8", "backslashreplace").decode()


def prepare_worker() -> None:
    """Make this process polite to the server, deaf to Ctrl-C, and gone when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    if hasattr(os, "nice"):
        os.nice(10)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    # A killed parent closes no queue: without this the worker would wait for work for ever.
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
