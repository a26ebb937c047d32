"""Where the program starts, also where what it needs is missing."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Final

_NEEDS: Final = ("typer", "rich", "httpx2")
_USAGE: Final = 2


def main() -> None:
    """Run the command that the arguments name."""
    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"tailrace: {', '.join(missing)} not installed; the terminal needs more than the library:\n"
            '  pip install "tailrace[cli]"\n'
        )
        sys.exit(_USAGE)
    import_module("tailrace.cli.app").run()


if __name__ == "__main__":
    main()
