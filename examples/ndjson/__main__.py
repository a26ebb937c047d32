"""Serve the example.

python -m examples.ndjson
curl -N http://localhost:8000/text
curl -N http://localhost:8000/stream                                  # ten lines, two each second
curl -N -H 'Accept: application/json' http://localhost:8000/stream    # the same as one array
python -m examples.ndjson.read_requests                               # read them as objects
python -m examples.ndjson.read_aiohttp --pause 1
python -m examples.ndjson.read_httpx2
python -m examples.ndjson.read_tailrace                               # and with the reader that this library has
"""

from __future__ import annotations

from examples.ndjson.app import create_app
from examples.serving import serve

if __name__ == "__main__":
    serve(create_app(), "/stream")
