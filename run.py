#!/usr/bin/env python3
"""Everything starts here: `demo` shows tailrace on this machine's own data, `test` runs the gate, `bench` measures."""

import sys

# The syntax of this file stays that of old Pythons: one that is too old must get far enough to be told so.
if sys.version_info < (3, 8):
    sys.exit(
        "run.py needs Python 3.8 or later to start, and this is Python %d.%d. "
        "Start it with a newer one, as in: python3.11 run.py" % sys.version_info[:2]
    )

from tools.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
