"""Reading streams: of tailrace's servers, and of those that never heard of it.

`tailrace.client.sync` has the same words, without an event loop.
"""

from tailrace._resume import Resume
from tailrace.client._news import Closed, Gap, News, Opened, Reconnecting
from tailrace.client.aio import Connection, connect

__all__ = ["Closed", "Connection", "Gap", "News", "Opened", "Reconnecting", "Resume", "connect"]
