"""Where the output lives, and which local folder stands for it: all that a run into a folder needs to know of this.

An output on an object store (``s3://…``) has a *mirror*: a folder of this machine in which runs work, and which holds
what was read of the store. A file in it, ``MARK``, says of which URL it is the mirror, so that a version's folder
alone tells where the rest of the version is.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.settings import BaseSettings

if TYPE_CHECKING:
    from inferencemax_spider.storage.mirror import Mirror

AZURE = ("abfs", "abfss")
SCHEMES = ("s3", "gs", *AZURE)
MARK = ".mirror.json"
_ENDPOINTS = re.compile(r"(AWS_ENDPOINT_URL\w*|FSSPEC_\w+|AZURE_STORAGE_ACCOUNT_NAME|STORAGE_EMULATOR_HOST)", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def is_url(text: str) -> bool:
    """Tell whether *text* is a URL, not the path of a folder."""
    return "://" in text


def checked(text: str) -> str:
    """Return *text*, a folder or the URL of a place in an object store, without a slash at its end.

    Raises:
        ValueError: it is the URL of something else, or carries what may be a secret, which the message does not repeat.
    """
    if not is_url(text):
        return text
    scheme, _, rest = text.partition("://")
    container = rest.partition("/")[0].partition("@")[0] if scheme in AZURE else ""
    plain = rest.removeprefix(f"{container}@") if container else rest
    if re.search(r"[@?#\s]", plain) or ":" in rest.partition("/")[0]:
        raise ValueError(
            "must not carry a user name, a password, a port, or anything behind ? or #; credentials and the endpoint "
            "come from the environment (docs/storage.md)"
        )
    if scheme not in SCHEMES or not rest.partition("/")[0]:
        raise ValueError(f"is no folder, and no URL of an object store: {', '.join(f'{name}://…' for name in SCHEMES)}")
    return text.rstrip("/")


def folder(settings: BaseSettings) -> Path:
    """Return the folder that holds the versions: ``OUTPUT_DIR``, or its mirror.

    Raises:
        ValueError: ``OUTPUT_DIR`` is a URL that is refused.
    """
    place = checked(str(settings["OUTPUT_DIR"]))
    return mirror_folder(settings, place) if is_url(place) else Path(place)


def mirror_folder(settings: BaseSettings, url: str) -> Path:
    """Return the folder of the mirror of *url*; the same bucket at another endpoint has another one."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    parent = Path(settings.get("MIRROR_DIR") or Path(cache) / "inferencemax-spider")
    around = sorted(f"{name}={value}" for name, value in os.environ.items() if _ENDPOINTS.fullmatch(name))
    digest = sha256("\n".join((url, *around)).encode()).hexdigest()
    return parent.resolve() / f"{_UNSAFE.sub('-', url)[:80]}-{digest[:10]}"


def mirror_of(root: Path) -> Mirror | None:
    """Return the mirror that *root*, the folder of a spider's versions, belongs to; ``None`` if it is the place itself.

    Raises:
        StorageError: the libraries for this store are not installed, or nothing can be made of their configuration.
    """
    try:
        mark = (root.parent / MARK).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    # What knows object stores is loaded by who has one.
    from inferencemax_spider.storage.mirror import Mirror  # noqa: PLC0415

    return Mirror(root, json.loads(mark)["url"])


def there(version: Path, name: str) -> Path:
    """Return the file called *name* of the *version*, a folder; fetched, if it is on an object store only.

    Raises:
        StorageError: it could not be fetched.
    """
    path = version / name
    if not version.name.startswith(".") and not path.exists() and (mirror := mirror_of(version.parent)):
        mirror.fetch(version.name, name)
    return path


def shown(version: Path) -> str:
    """Return where the *version* in this folder is, as people are told: its URL, if it is on an object store."""
    if version.name.startswith("."):
        return str(version)
    return _of_mark(version, lambda url: f"{url}/{version.parent.name}/{version.name}") or str(version)


def _of_mark(version: Path, made: Callable[[str], str]) -> str | None:
    mark = version.parent.parent / MARK
    return made(json.loads(mark.read_text(encoding="utf-8"))["url"]) if mark.is_file() else None
