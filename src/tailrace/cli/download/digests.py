"""Digest fields (RFC 9530) and the digests that a user has from elsewhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Final

from tailrace.cli.ends import Code, Stop

if TYPE_CHECKING:
    from pathlib import Path

_MEMBER: Final = re.compile(r"(?:^|,)[ \t]*([a-z*][a-z0-9_.*-]*)[ \t]*=[ \t]*:([A-Za-z0-9+/=]*):")
_ACTIVE: Final = {"sha-256": "sha256", "sha-512": "sha512"}
"""Those that are still to be trusted (RFC 9530 5) and hashlib's names for them."""
_SHA256: Final = re.compile("[0-9a-f]{64}")


def digests_of(field: str | None) -> dict[str, bytes]:
    """The digests in a Content-Digest or Repr-Digest field, by hashlib's names; without those nobody trusts."""
    found: dict[str, bytes] = {}
    for name, value in _MEMBER.findall(field or ""):
        try:
            digest = base64.b64decode(value, validate=True)
        except binascii.Error:
            continue
        if name in _ACTIVE and len(digest) == hashlib.new(_ACTIVE[name]).digest_size:
            found[_ACTIVE[name]] = digest
    return found


def sha256_of(text: str) -> str:
    """The digest that the user has given; raises `Stop` for what is none."""
    digest = text.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(digest):
        raise Stop(Code.USAGE, f"--sha256 {text!r}: expected 64 hexadecimal digits")
    return digest


def wrong(expected: dict[str, bytes], path: Path) -> str | None:
    """The first of the digests that the file has not, as a sentence."""
    for name, digest in expected.items():
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, name).digest()
        if actual != digest:
            return f"{name} is {actual.hex()}, expected {digest.hex()}"
    return None
