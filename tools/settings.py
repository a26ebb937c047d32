"""What the user has told pip about indexes, proxies and certificates, in the words of uv, which does not read it."""

from __future__ import annotations

import configparser
import os
import re
import ssl
import sys
from pathlib import Path
from typing import Iterator, Mapping

from tools.say import home_folder

PYPI = "https://pypi.org/simple"
MACHINE = "/etc"

# How to get through to an index.
TRANSPORT = {
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "HTTPS_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "trusted-host": "UV_INSECURE_HOST",
}
# Which index. A lock names its files at PyPI, so these matter only where PyPI itself is replaced.
SOURCES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
}
UV_SOURCES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_NO_INDEX")
INDEX_IN_FILE = re.compile(r"^\s*(\[\[index\]\]|index(-url)?\s*=|no-index\s*=\s*true)", re.MULTILINE)


def for_uv() -> tuple[dict[str, str], bool]:
    """Environment variables for uv, and whether the packages come from another place than PyPI."""
    pip = pip_settings()
    changes = _translated(pip, TRANSPORT)
    if "SSL_CERT_FILE" not in {**os.environ, **changes} and _system_has_certificates():
        # As pip does: trust what the machine trusts, a company's proxy for one. The older uv knows the second name.
        changes.update(
            {name: "true" for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS") if name not in os.environ}
        )
    if _uv_has_sources():
        return changes, True
    if pip.get("index-url", PYPI).rstrip("/") == PYPI and not _is_true(pip.get("no-index", "")):
        return changes, False
    changes.update(_translated(pip, SOURCES))
    # pip takes the best version of all indexes. The hashes of the lock see to it that it is the right one.
    changes.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return changes, True


def pip_settings() -> dict[str, str]:
    """What pip is told, the strongest last: files of the machine and the user, PIP_CONFIG_FILE, PIP_* variables."""
    found: dict[str, str] = {}
    for file in _pip_files():
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself will say what is wrong with it
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({name.replace("_", "-"): value for name, value in parser.items(section)})
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:
            found[name[len("PIP_") :].lower().replace("_", "-")] = value
    if "default-timeout" in found:
        found.setdefault("timeout", found["default-timeout"])
    return found


def _pip_files() -> Iterator[Path]:
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:  # pip's own way to say: no files
        return
    home = home_folder()
    if os.name == "nt":
        yield Path(os.environ.get("PROGRAMDATA", "C:\\ProgramData")) / "pip" / "pip.ini"
        yield home / "pip" / "pip.ini"
        yield Path(os.environ.get("APPDATA", str(home))) / "pip" / "pip.ini"
    else:
        for folder in reversed((os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)):
            yield Path(folder) / "pip" / "pip.conf"
        yield Path(MACHINE, "pip.conf")
        if sys.platform == "darwin":
            yield home / "Library" / "Application Support" / "pip" / "pip.conf"
        yield home / ".pip" / "pip.conf"
        yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    if named:
        yield Path(named)


def _translated(pip: Mapping[str, str], table: Mapping[str, str]) -> dict[str, str]:
    # What the user has said to uv itself stands.
    return {
        variable: " ".join(pip[name].split())
        for name, variable in table.items()
        if pip.get(name, "").strip() and variable not in os.environ
    }


def _uv_has_sources() -> bool:
    if any(os.environ.get(name) for name in UV_SOURCES):
        return True
    folders = [os.environ.get("XDG_CONFIG_HOME") or str(home_folder() / ".config")]
    folders += [*(os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"), MACHINE]
    files = [Path(folder, "uv", "uv.toml") for folder in folders]
    if os.environ.get("UV_CONFIG_FILE"):
        files.append(Path(os.environ["UV_CONFIG_FILE"]))
    return any(INDEX_IN_FILE.search(_text(file)) for file in files)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_true(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "on"}


def _system_has_certificates() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or bool(paths.capath and any(os.scandir(paths.capath)))
