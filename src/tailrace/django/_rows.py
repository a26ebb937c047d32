"""Rows as the database gives them, made into items a batch at a time.

Django makes each item by Python code of its own: a generator, a comprehension, a model. Here one expression, compiled
for the columns of the query, makes all items of a batch.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, transaction
from django.db.models.query import prefetch_related_objects

from tailrace.django._columns import KEY, Build, build_of, dicts, needs_instances
from tailrace.django._connections import borrowed
from tailrace.django._instances import items_of, node_of
from tailrace.django._orm import kind_of, meta_of, prefetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.query import QuerySet, RawQuerySet

Batches: TypeAlias = Generator[list[Any], None, None]
Q = TypeVar("Q", "QuerySet[Any, Any]", "RawQuerySet[Any]")


def batches_of(queryset: QuerySet[Any, Any], chunk_size: int) -> Batches:
    """The items of a queryset, in lists of `chunk_size`."""
    read = _instances if needs_instances(queryset) else _rows
    queryset = routed(queryset)
    with borrowed(queryset.db) as connection, _cursor_allowed(connection):
        yield from read(queryset, chunk_size)


def batch_of(queryset: QuerySet[Any, Any]) -> tuple[list[Any], Any]:
    """All items of a queryset that is one batch, and the value of `KEY` in the last; None where there is none."""
    queryset = routed(queryset)
    with borrowed(queryset.db):
        if needs_instances(queryset):
            instances = list(queryset)
            return items_of(node_of(queryset), instances), instances[-1].pk if instances else None
        compiler: Any = queryset.query.get_compiler(queryset.db)
        blocks = list(_blocks(compiler, None))
        if not blocks:
            return [], None
        rows = list(compiler.results_iter(blocks))
        places: dict[str, int] = compiler.annotation_col_map or {}
        return build_of(queryset, compiler)(rows), rows[-1][places.get(KEY, -1)]


def raw_batches(queryset: RawQuerySet[Any], chunk_size: int) -> Batches:
    """The same of a raw query, whose columns have the names of the fields that they are."""
    queryset = routed(queryset)
    with borrowed(queryset.db) as connection, _cursor_allowed(connection):
        query: Any = queryset.query
        query.cursor = connection.chunked_cursor()
        with query.cursor as cursor:
            cursor.execute(query.sql, _adapted(query.params, connection.ops.adapt_unknown_value))
            build: Build | None = None
            for block in _fetched(cursor, connection, chunk_size):
                # Only now: psycopg2 does not know the columns before.
                build = build or _build_of_raw(queryset, connection)
                yield build(block)


def routed(queryset: Q) -> Q:
    """The same on one database: a router is asked once, for it may say another each time."""
    return queryset.using(queryset.db)


def _rows(queryset: QuerySet[Any, Any], chunk_size: int) -> Batches:
    compiler = queryset.query.get_compiler(queryset.db)
    build: Build | None = None
    with closing(_blocks(compiler, chunk_size)) as blocks:
        for block in blocks:
            build = build or build_of(queryset, compiler)
            yield build(compiler.results_iter([block]))


def instances_of(queryset: QuerySet[Any, Any], chunk_size: int) -> Generator[Any, None, None]:
    """The rows of a queryset as Django makes them, one by one.

    A batch of models that live at the same time costs the garbage collector as much as they do.
    """
    queryset = routed(queryset)
    with borrowed(queryset.db) as connection, _cursor_allowed(connection):
        if prefetched(queryset):
            with closing(_models(queryset, chunk_size)) as batches:
                for batch in batches:
                    yield from batch
        else:
            yield from kind_of(queryset)(queryset, chunked_fetch=True, chunk_size=chunk_size)


def _instances(queryset: QuerySet[Any, Any], chunk_size: int) -> Batches:
    node = node_of(queryset)
    with closing(_models(queryset, chunk_size)) as batches:
        for instances in batches:
            yield items_of(node, instances)


def _models(queryset: QuerySet[Any, Any], chunk_size: int) -> Batches:
    iterator: Iterator[Any] = iter(kind_of(queryset)(queryset, chunked_fetch=True, chunk_size=chunk_size))
    try:
        while instances := list(islice(iterator, chunk_size)):
            prefetch_related_objects(instances, *prefetched(queryset))
            yield instances
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


def _blocks(compiler: Any, chunk_size: int | None) -> Batches:
    """The rows of a query in blocks; None: in one, of a query that is small."""
    connection = compiler.connection
    if connection.vendor != "postgresql":
        # The compiler of a database that has no SQL knows how.
        size = {} if chunk_size is None else {"chunk_size": chunk_size}
        yield from compiler.execute_sql(chunked_fetch=chunk_size is not None, **size)
        return
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return
    with connection.cursor() if chunk_size is None else connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        for block in _fetched(cursor, connection, chunk_size):
            yield [row[: compiler.col_count] for row in block] if compiler.has_extra_select else block


def _fetched(cursor: Any, connection: BaseDatabaseWrapper, chunk_size: int | None) -> Batches:
    _load_timestamps(cursor.cursor, connection)
    while block := cursor.fetchall() if chunk_size is None else cursor.fetchmany(chunk_size):
        yield block


def _load_timestamps(cursor: Any, connection: BaseDatabaseWrapper) -> None:
    """Load timestamps by psycopg's C code instead of Django's Python, which takes six times as long as all the rest.

    The times are the same and aware; their zone is the connection's too, by name.
    """
    adapters = getattr(cursor, "adapters", None)  # psycopg 3 has them
    if adapters is not None and connection.vendor == "postgresql" and connection.timezone is not None:
        from psycopg.types.datetime import TimestamptzLoader  # noqa: PLC0415 - it is there where its cursor is

        adapters.register_loader("timestamptz", TimestamptzLoader)


def _cursor_allowed(connection: BaseDatabaseWrapper) -> AbstractContextManager[Any]:
    """A transaction where the settings say that a server-side cursor must not outlive one."""
    off = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    if off and connection.vendor == "postgresql" and not connection.in_atomic_block:
        return _transaction(connection.alias)
    return nullcontext()


@contextmanager
def _transaction(alias: str) -> Generator[None, None, None]:
    """One that a reader knows nothing of: where it leaves, or fails, what it has written meanwhile is kept."""
    error: BaseException | None = None
    with transaction.atomic(using=alias):
        try:
            yield
        except DatabaseError:
            raise
        except BaseException as raised:  # noqa: BLE001 - it is raised again behind the commit
            error = raised
    if error is not None:
        raise error


def _adapted(params: Any, adapt: Callable[[Any], Any]) -> Any:
    if params is None:
        return None
    if isinstance(params, Mapping):
        return {name: adapt(value) for name, value in cast("Mapping[str, Any]", params).items()}
    return tuple(adapt(value) for value in params)


def _build_of_raw(queryset: Any, connection: BaseDatabaseWrapper) -> Build:
    fields = [queryset.model_fields.get(column) for column in queryset.columns]
    names = [
        field.attname if field else column for field, column in zip(fields, queryset.columns, strict=True)
    ]
    make = dicts(names)
    compiler: Any = connection.ops.compiler("SQLCompiler")(queryset.query, connection, connection.alias)
    columns = [field.get_col(meta_of(field.model).db_table) if field else None for field in fields]
    converters = compiler.get_converters(columns)
    if not converters:
        return make
    convert: Callable[..., Iterable[Any]] = compiler.apply_converters
    return lambda rows: make(convert(rows, converters))
