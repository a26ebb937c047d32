"""The demo's handlers. Each `Stream` goes out as an array, lines or events: the reader's `Accept` decides."""

# No `from __future__ import annotations`: FastAPI reads these signatures, and the page shows them.
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from examples.demo.dashboard import PROJECT, busiest, git_statistics, host, slowest_imports, weighed
from examples.demo.history import commits, packages
from examples.demo.index import Index
from examples.demo.machine import disks, machine, server
from examples.demo.report import report
from examples.demo.sources import functions, lines_per_argument, members
from tailrace import JSON, NDJSON, Document, EventStream, GrowingText, Offer, defer
from tailrace.fastapi import Stream

ANY = Offer(JSON(), NDJSON(), EventStream(), query="format")
TWIN_LIMIT = 250_000

Item = dict[str, Any]


def _index(request: Request) -> Index:
    index: Index = request.app.state.index
    return index


def _repository(request: Request) -> Path | None:
    repository: Path | None = request.app.state.repository
    return repository


TheIndex = Annotated[Index, Depends(_index)]
Repository = Annotated[Path | None, Depends(_repository)]
Rows = Annotated[int | None, Query(ge=1)]
# The twin holds all its rows in memory: a million of them would take gigabytes.
TwinRows = Annotated[int | None, Query(ge=1, le=TWIN_LIMIT)]

api = APIRouter()


@api.get("/export")
async def export(index: TheIndex, rows: Rows = None) -> Stream:
    return Stream(functions(index, rows), formats=ANY)


class Wanted(BaseModel):
    """What a POST asks for."""

    rows: Annotated[int | None, Field(ge=1)] = None


@api.post("/export")
async def export_wanted(index: TheIndex, wanted: Wanted) -> Stream:
    return Stream(functions(index, wanted.rows), formats=ANY)


@api.get("/export/buffered")
def export_buffered(index: TheIndex, rows: TwinRows = None) -> list[Item]:
    return list(functions(index, rows))


@api.get("/machine")
async def watch_machine() -> Stream:
    return Stream(machine(), formats=ANY)


@api.get("/history")
async def history(repository: Repository) -> Stream:
    items = commits(repository) if repository else packages()
    return Stream(items, formats=ANY)


@api.get("/history/buffered")
async def history_buffered(repository: Repository) -> list[Item]:
    if repository is None:
        return list(packages())
    return [commit async for commit in commits(repository)]


@api.get("/faulty")
async def faulty(index: TheIndex) -> Stream:
    return Stream(lines_per_argument(index), formats=ANY)


@api.get("/faulty/buffered")
def faulty_buffered(index: TheIndex) -> list[Item]:
    return list(lines_per_argument(index))


@api.get("/module/{name}")
async def module(index: TheIndex, name: str) -> Stream:
    return Stream(members(index, name), formats=ANY)


@api.get("/dashboard")
async def dashboard(repository: Repository) -> Stream:
    tree = {
        "asked": datetime.now(UTC),
        "host": defer(host),
        "disks": defer(disks, timeout=5),
        "git": git_statistics(repository),
        "processes": busiest(),
        "imports": slowest_imports(),
        "packages": weighed(),
        "report": GrowingText(report(PROJECT)),
    }
    return Stream(Document(tree, concurrency=8, problems="problems"))


@api.get("/index/progress")
async def progress(index: TheIndex) -> Stream:
    return Stream(index.watch(), formats=ANY)


@api.get("/server")
async def watch_server() -> Stream:
    return Stream(server(), formats=ANY)
