"""A server of newline-delimited JSON, and readers with requests, aiohttp, httpx2 and tailrace itself."""
