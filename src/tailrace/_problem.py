"""What goes out of an error, and what goes to the log."""

from __future__ import annotations

import logging
import uuid
from http import HTTPStatus
from typing import Final

from tailrace._json import dumps
from tailrace._model import Problem
from tailrace.errors import Abort

log: Final = logging.getLogger("tailrace")


def problem_of(error: BaseException | None, what: str) -> Problem:
    """What was said on purpose; else a reference, under which the log has the error's text and `what` failed."""
    said = _said(error)
    if said is not None:
        try:
            dumps(said.members())
        except Exception as unwritable:  # noqa: BLE001 - extensions may be anything
            error = unwritable
        else:
            if not isinstance(error, Abort):
                log.warning("%s ended with %d %s", what, said.status, said.title)
            return said
    ref = uuid.uuid4().hex[:12]
    log.error("%s failed (ref %s)", what, ref, exc_info=error)
    if error is not None:
        error.add_note(f"The log has it under ref {ref}.")  # for whoever else reports it
    return Problem(title="Internal Server Error", status=500, ref=ref)


def _said(error: BaseException | None) -> Problem | None:
    """The words of an `Abort`, or of a framework's own error for a client: both are meant for the reader."""
    if isinstance(error, Abort):
        return error.problem
    names = names_of(error)
    meant = next((code for name, code in _STATUSES.items() if name in names), None)
    if meant is not None:
        return Problem(title=_ERRORS[meant], status=meant)
    status, detail = getattr(error, "status_code", None), getattr(error, "detail", None)
    if not names & _WITH_DETAIL or status not in _ERRORS:
        return None
    title = _ERRORS[status]
    if isinstance(detail, str):
        return Problem(title=title, status=status, detail=None if detail == title else str(detail))
    return Problem(title=title, status=status, extensions={} if detail is None else {"errors": detail})


def names_of(error: BaseException | None) -> set[tuple[str, str]]:
    """The modules and names of its classes: what a framework raises is known without importing the framework."""
    return {(kind.__module__, kind.__qualname__) for kind in type(error).__mro__}


_WITH_DETAIL: Final = {
    ("starlette.exceptions", "HTTPException"),
    ("rest_framework.exceptions", "APIException"),
}
_STATUSES: Final = {
    ("django.http.response", "Http404"): 404,
    ("django.core.exceptions", "PermissionDenied"): 403,
    ("django.core.exceptions", "BadRequest"): 400,
    ("django.core.exceptions", "SuspiciousOperation"): 400,
}
"""Django shows the texts of these to nobody but developers."""
_ERRORS: Final = {status.value: status.phrase for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST}
