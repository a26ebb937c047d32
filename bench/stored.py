"""The rows in a PostgreSQL of the run's own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psycopg

from bench.env import NotReadyError
from bench.peers.rows import BLOCK, FIRST_STORED, ROWS
from tests.real import known, postgresql, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLE: Final = (
    "create table bench_rows (id bigint primary key, name text not null, "
    "price double precision not null, created timestamp not null)"
)
_FILL: Final = (
    "insert into bench_rows select %s + number * %s + id, name, price, created "
    "from block, generate_series(0, %s) as number order by 1"
)


@contextmanager
def stored(count: int) -> Iterator[tuple[str, str]]:
    """The address of a database with `count` rows, and its version."""
    try:
        with postgresql.running() as url:
            try:
                yield url, _fill(url, count)
            finally:
                _drop(url)
    except known.Missing as error:
        raise NotReadyError(str(error)) from error
    finally:
        processes.dismiss()


def _fill(url: str, count: int) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists bench_rows")
        connection.execute(_TABLE)
        connection.execute("create temporary table block (like bench_rows)")
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into block values (%s, %s, %s, %s)", [tuple(row.values()) for row in ROWS]
            )
        connection.execute(_FILL, (FIRST_STORED, BLOCK, count // BLOCK - 1))
        connection.execute("vacuum (analyze) bench_rows")
        (version,) = connection.execute("show server_version").fetchone() or ("unknown",)
    return f"PostgreSQL {str(version).split(maxsplit=1)[0]}"


def _drop(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists bench_rows")
