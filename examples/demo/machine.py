"""The machine the demo runs on, as streams that end when nobody looks any more."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

Item = dict[str, Any]

INTERVAL = 1.0
MEMORY_INTERVAL = 0.25
TOP = 8


def machine() -> Iterator[Item]:
    """Measure this machine over a second at a time, while somebody reads."""
    interval = 0.1  # the first sample soon
    while True:
        cpu = psutil.cpu_percent(interval, percpu=True)  # blocks meanwhile
        yield {
            "time": datetime.now(UTC),
            "cpu": cpu,
            "memory": memory(),
            "disks": disks(),
            "network": network(),
            "processes": processes(),
        }
        interval = INTERVAL


async def server() -> AsyncIterator[Item]:
    """Tell this server's own memory and threads, four times a second."""
    process = psutil.Process()
    while True:
        yield {"at": time.time(), "rss": process.memory_info().rss, "threads": process.num_threads()}
        await asyncio.sleep(MEMORY_INTERVAL)


def memory() -> Item:
    """Tell the machine's memory in bytes."""
    now = psutil.virtual_memory()
    return {"total": now.total, "used": now.total - now.available}


def disks() -> list[Item]:
    """List the mounted disks and how full they are, in bytes."""
    found: dict[str, Item] = {}
    for part in psutil.disk_partitions():
        with suppress(OSError):  # an empty drive, or one this user may not look at
            usage = psutil.disk_usage(part.mountpoint)
            found.setdefault(
                part.device, {"mount": part.mountpoint, "total": usage.total, "used": usage.used}
            )
    if not found:
        usage = psutil.disk_usage("/")
        found["/"] = {"mount": "/", "total": usage.total, "used": usage.used}
    return list(found.values())


def network() -> Item:
    """Tell the bytes sent and received since the machine's start."""
    now = psutil.net_io_counters()
    return {
        "sent": getattr(now, "bytes_sent", 0),
        "received": getattr(now, "bytes_recv", 0),
    }  # None without one


def processes() -> list[Item]:
    """List those that work hardest, then those that hold most memory; by name, without command lines."""
    found = []
    for process in psutil.process_iter(["pid", "name", "cpu_percent", "memory_info"]):
        info = process.info
        rss = info["memory_info"].rss if info["memory_info"] else 0
        found.append(
            {"pid": info["pid"], "name": info["name"] or "?", "cpu": info["cpu_percent"] or 0.0, "rss": rss}
        )
    return sorted(found, key=itemgetter("cpu", "rss"), reverse=True)[:TOP]
