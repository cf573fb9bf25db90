"""The objects below a URL: what is asked of an object store, in the words that s3fs, gcsfs and adlfs share.

Every answer of the store is asked for anew: none of these libraries' caches is used. What goes wrong is told in one
line, without what may be a secret in it.
"""

from __future__ import annotations

import errno
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage.place import AZURE

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8
"""Requests under way at once."""
CONNECT, READ, ATTEMPTS = 10, 30, 4
"""Seconds to connect and to wait for an answer, and how often a request is made."""
WITHIN, SLOWEST, TIMES = 60.0, 16 * 1024, 2
"""Seconds a file may be on its way, bytes a second by which it may be longer, and how often it is sent or fetched.

The libraries bound the wait for an answer. A store that does not take the body, or does not ask for
it (``Expect: 100-continue``), or whose answer trickles, would keep them for ever.
"""
ANSWERED = 600.0
"""Seconds all else may take in total: a listing of many pages, with the attempts that the libraries make."""
OPTIONS: dict[str, dict[str, Any]] = {
    "s3": {
        "config_kwargs": {
            "connect_timeout": CONNECT,
            "read_timeout": READ,
            "retries": {"total_max_attempts": ATTEMPTS, "mode": "standard"},
        }
    },
    "gs": {"requests_timeout": 600},  # of a whole request with its body, of 50 MB at most
    **{name: {"connection_timeout": CONNECT, "read_timeout": READ} for name in AZURE},
}
LOUD = ("aiobotocore", "botocore", "s3fs", "fsspec", "gcsfs", "adlfs", "azure", "google", "urllib3")
"""Loggers that write headers and tokens when they are allowed to say everything."""
LONGEST = 240
_USERINFO = re.compile(r"//[^/\s@]*@")


class StorageError(OperationalError, OSError):
    """The object store did not do what was asked of it; the message names the cause and the remedy."""

    def __init__(self, message: str) -> None:
        OSError.__init__(self, errno.EIO, message)

    def __str__(self) -> str:
        return str(self.strerror)


class DamagedError(StorageError):
    """The object store answered, and what it has is not what a summary says: to ask again does not help."""


class Entry(NamedTuple):
    """What a listing says of an object: its size in bytes, and when it was written."""

    size: int
    modified: datetime


@cache
def at(url: str) -> Objects:
    """Return the objects below *url*: one connection for each place."""
    return Objects(url)


class Objects:
    """The objects below *url*, each named by the rest of its key.

    Raises:
        StorageError: the libraries for this store are not installed, or nothing can be made of their configuration.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.scheme = url.partition("://")[0]
        for name in LOUD:
            logging.getLogger(name).setLevel(logging.WARNING)
        self.fs, self.base = _connected(self.scheme, url)

    def _key(self, name: str) -> str:
        return f"{self.base}/{name}" if name else self.base

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Tell of a failure in one line; that something is not there, or is there already, is an answer."""
        try:
            yield
        except (FileNotFoundError, FileExistsError, StorageError):
            raise
        except Exception as error:
            raise StorageError(f"cannot {what}: {_cause(error)}; {_remedy(error)}") from error

    def read(self, name: str) -> bytes:
        """Return the object called *name*.

        Raises:
            FileNotFoundError: there is none.
            StorageError: it could not be read.
        """
        with self._asking(f"read {self.url}/{name}"):
            return bytes(self.fs.cat_file(self._key(name), timeout=ANSWERED))

    def tag(self, name: str) -> str | None:
        """Return what changes whenever the object called *name* is written; ``None`` if there is none."""
        with self._asking(f"read {self.url}/{name}"):
            try:
                return tag_of(self._info(name))
            except FileNotFoundError:
                return None

    def children(self, name: str = "") -> list[str]:
        """Return the last parts of the names directly below *name*.

        Raises:
            StorageError: they could not be listed: there is no such bucket, for one.
        """
        with self._asking(f"list {self.url}"):
            try:
                keys = self.fs.ls(self._key(name), detail=False, timeout=ANSWERED)
            except FileNotFoundError:
                self._need_bucket()
                return []
        return sorted({key.rstrip("/").rpartition("/")[2] for key in keys} - {""})

    def found(self, name: str = "") -> dict[str, Entry]:
        """Return all objects below *name*, at any depth."""
        with self._asking(f"list {self.url}"):
            try:
                entries = self.fs.find(self._key(name), detail=True, timeout=ANSWERED)
            except FileNotFoundError:
                return {}
        return {key.removeprefix(f"{self.base}/"): _entry(info) for key, info in entries.items()}

    def create(self, name: str, data: bytes) -> bool:
        """Write an object that is not there yet; return whether that was so."""
        with self._asking(f"write {self.url}/{name}"):
            try:
                _in_time(self.fs.pipe_file, self._key(name), data, size=len(data), mode="create")
            except FileExistsError:
                return False
            except FileNotFoundError:
                raise StorageError(self._no_bucket()) from None
        return True

    def swap(self, name: str, data: bytes, seen: str | None) -> bool:
        """Write the object called *name* if its tag is still the one that was *seen*; return whether it was.

        gcsfs cannot be asked for that: there the tag is compared right before.
        """
        if seen is None:
            return self.create(name, data)
        with self._asking(f"write {self.url}/{name}"):
            if self.scheme not in ("s3", *AZURE):
                if self.tag(name) != seen:
                    return False
                _in_time(self.fs.pipe_file, self._key(name), data, size=len(data))
                return True
            try:
                _in_time(self.fs.pipe_file, self._key(name), data, size=len(data), **_unchanged(self.scheme, seen))
            except Exception as error:
                if _is_stale(error):
                    return False
                raise
        return True

    def send(self, path: Path, name: str) -> None:
        """Write the file at *path* as the object called *name*, and see that all of it arrived.

        The library sends a checksum along, which the store compares; the size is looked at afterwards.
        """
        size = path.stat().st_size
        with self._asking(f"write {self.url}/{name}"):
            _in_time(self.fs.put_file, str(path), self._key(name), size=size)
            arrived = self._info(name)["size"]
        if arrived != size:
            raise StorageError(f"{self.url}/{name} has {arrived} bytes instead of {size}; try again")

    def get(self, name: str, path: Path) -> None:
        """Write the object called *name* to the file at *path*.

        Raises:
            FileNotFoundError: there is no such object.
            StorageError: it could not be read.
        """
        with self._asking(f"read {self.url}/{name}"):
            try:
                size = self._info(name)["size"]
                _in_time(self.fs.get_file, self._key(name), str(path), size=size)
            except FileNotFoundError:
                path.unlink(missing_ok=True)
                raise

    def remove(self, names: Iterable[str]) -> None:
        """Remove the objects with these *names*; one that is gone already is no error."""
        together(self._remove, names)

    def _remove(self, name: str) -> None:
        with self._asking(f"remove {self.url}/{name}"), suppress(FileNotFoundError):
            self.fs.rm_file(self._key(name), timeout=ANSWERED)

    def _info(self, name: str) -> dict[str, Any]:
        return dict(self.fs.info(self._key(name), timeout=ANSWERED))

    def _need_bucket(self) -> None:
        try:
            self.fs.info(self.base.partition("/")[0], timeout=ANSWERED)
        except FileNotFoundError:
            raise StorageError(self._no_bucket()) from None

    def _no_bucket(self) -> str:
        return f"there is no bucket {self.base.partition('/')[0]!r} for {self.url}; create it, or set OUTPUT_DIR"


def together(work: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """Return what *work* makes of all *things*, some at a time; the first error stops what has not begun."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return list(pool.map(work, things))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _in_time(move: Callable[..., object], *args: object, size: int, **more: object) -> None:
    """Call *move* of the library, which sends or fetches *size* bytes, and once more where that is not done in time.

    Raises:
        TimeoutError: it was not done the second time either.
    """
    seconds = WITHIN + size / SLOWEST
    for _ in range(TIMES):
        with suppress(TimeoutError):
            move(*args, timeout=seconds, **more)
            return
    raise TimeoutError(f"{size} bytes have not gone over within {seconds:.0f} s, {TIMES} times")


def tag_of(info: dict[str, Any]) -> str:
    """Return what of the *info* on an object changes whenever it is written: its entity tag, or its generation."""
    known = next((info[name] for name in ("ETag", "etag", "generation") if info.get(name)), None)
    return str(known) if known else json.dumps([info.get("size"), str(_modified(info))])


def _connected(scheme: str, url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415 - of the extra, without types

        options = OPTIONS[scheme] | {"skip_instance_cache": True, "use_listings_cache": False}
        fs, base = url_to_fs(url, **options)
    except ImportError as error:
        raise StorageError(
            f"{scheme}:// needs more than the core install ({error.name or error}): "
            "pip install 'inferencemax-spider[cloud]'"
        ) from None
    except Exception as error:
        raise StorageError(f"cannot reach {url}: {_cause(error)}; {_remedy(error)}") from error
    if scheme == "s3":
        fs.retries = 2  # its own, around those of botocore
    return fs, base


def _unchanged(scheme: str, seen: str) -> dict[str, Any]:
    """Return the arguments with which a write happens only where the tag is still the one that was *seen*."""
    if scheme == "s3":
        return {"IfMatch": seen}
    from azure.core import MatchConditions  # noqa: PLC0415 - of the extra

    return {"etag": seen, "match_condition": MatchConditions.IfNotModified}


def _is_stale(error: Exception) -> bool:
    """Tell whether *error* says that the object was written meanwhile."""
    seen: BaseException | None = error
    while seen is not None:
        code = getattr(seen, "response", None)
        if isinstance(code, dict) and code.get("Error", {}).get("Code") in {"PreconditionFailed", "412"}:
            return True
        if isinstance(code, dict) and code.get("Error", {}).get("Code") == "ConditionalRequestConflict":
            return True
        if type(seen).__name__ == "ResourceModifiedError":
            return True
        seen = seen.__cause__
    return False


def _entry(info: dict[str, Any]) -> Entry:
    return Entry(int(info.get("size") or 0), _modified(info))


def _modified(info: dict[str, Any]) -> datetime:
    """Return when an object was written, as its *info* says; now, where it does not."""
    value = next((info[name] for name in ("LastModified", "last_modified", "mtime", "updated") if info.get(name)), None)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else datetime.now(UTC)


def _cause(error: Exception) -> str:
    """Return what *error* says, in one line of bounded length and without what may be a secret."""
    silent = "no whole answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or silent
    line = _USERINFO.sub("//", " ".join(text.split("\n", 1)[0].split())).rstrip(".;: ")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _remedy(error: Exception) -> str:
    name = type(error).__name__
    if "Credential" in name or "credential" in str(error) or "DefaultCredentialsError" in name:
        return "give the credentials in the environment, see docs/storage.md"
    if isinstance(error, PermissionError):
        return "the credentials must allow to list, read, write and remove"
    if "Connect" in name or "Timeout" in name:
        return "see whether the endpoint is right and can be reached"
    return "try again; nothing that was published is changed"
