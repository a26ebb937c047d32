"""A server of newline-delimited JSON, and readers with requests, aiohttp and httpx2."""
