"""A version of one spider, published once more where everybody reads: whole or not at all, like any other.

The files are hard links of the first ones where the disk has such, copies otherwise: whoever changes a file of a
version puts another in its place, so that neither notices what becomes of the other.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import publishing
from inferencemax_spider.versions import store
from inferencemax_spider.versions.stored import SUMMARY, StoredVersion

PUBLISHED = "collect"
"""The folder, next to those of the spiders, of what ``scrapy collect`` has published."""


def adopt(version: StoredVersion, root: Path, more: Mapping[str, Any]) -> StoredVersion:
    """Publish *version* under *root* too, with *more* in its summary, and move ``latest`` there; return it.

    It has the same name there, unless that is taken.

    Raises:
        OperationalError: it could not be published; nothing is left behind in the folder.
    """
    try:
        # Nobody prunes or compresses it meanwhile.
        with store.exclusive(version.folder):
            name, partial = publishing.claim(root, _time(version))
            try:
                with store.locked(partial):
                    _fill(partial, version, {**more, "version": name})
                    published = publishing.publish(partial, name)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                publishing.release(root, name)
                raise
        publishing.point_latest(published)
    except OSError as error:
        raise OperationalError(f"cannot publish {version.folder} in {root}: {error.strerror or error}") from error
    return StoredVersion(published)


def _time(version: StoredVersion) -> datetime:
    """Return the time that *version* is named by."""
    return datetime.strptime(store.age(version.name)[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _fill(folder: Path, version: StoredVersion, more: Mapping[str, Any]) -> None:
    for path in sorted(version.folder.rglob("*")):
        name = path.relative_to(version.folder)
        if path.is_dir():
            (folder / name).mkdir(exist_ok=True)
        elif name != Path(SUMMARY):
            _link(path, folder / name)
    text = json.dumps({**version.summary, **more}, ensure_ascii=False, indent=2)
    (folder / SUMMARY).write_text(f"{text}\n", encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
