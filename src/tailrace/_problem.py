"""What goes out of an error, and what goes to the log."""

from __future__ import annotations

import logging
import uuid
from typing import Final

from tailrace._json import dumps
from tailrace._model import Problem
from tailrace.errors import Abort

log: Final = logging.getLogger("tailrace")


def problem_of(error: BaseException | None, items: int) -> Problem:
    """An `Abort`'s own words; else a reference, under which the log has the error's text."""
    if isinstance(error, Abort):
        try:
            dumps(error.problem.members())
        except Exception as unwritable:  # noqa: BLE001 - extensions may be anything
            error = unwritable
        else:
            return error.problem
    ref = uuid.uuid4().hex[:12]
    log.error("stream failed after %d items (ref %s)", items, ref, exc_info=error)
    if error is not None:
        error.add_note(f"The log has it under ref {ref}.")  # for whoever else reports it
    return Problem(title="Internal Server Error", status=500, ref=ref)
