"""A hundred thousand rows as a file for a spreadsheet.

python -m examples.large_csv
curl -OJ http://localhost:8000/download-large-csv
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from examples.serving import serve
from tailrace import CSV
from tailrace.fastapi import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 100_000


def items() -> Iterator[dict[str, object]]:
    for number in range(1, ROWS + 1):
        yield {"id": number, "name": f"Item {number}", "value": number * 3.14}


app = FastAPI(description=__doc__)


@app.get("/download-large-csv")
async def download_large_csv() -> Stream:
    return Stream(items(), formats=[CSV("id", "name", "value")], filename="large_data.csv")


if __name__ == "__main__":
    serve(app, "/download-large-csv")
