"""How a command comes to the versions: the folder to look into, or one version, wherever the output lives."""

from __future__ import annotations

import json
import os
from pathlib import Path

from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoader

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import place
from inferencemax_spider.versions import stored
from inferencemax_spider.versions.stored import SUMMARY, StoredVersion, UnknownVersionError


def opened(settings: BaseSettings, spider: str | None = None) -> Path:
    """Return the folder that holds the versions: ``OUTPUT_DIR``, or its mirror, which then knows what the store has.

    With a *spider*, the name of its folder, only of that one.

    Raises:
        ArgumentError: ``OUTPUT_DIR`` is a URL that is refused.
        OperationalError: the store cannot be read, or the mirror cannot be written.
    """
    output = folder(settings)
    if place.is_url(text := str(settings["OUTPUT_DIR"])):
        _mirrored(settings, place.checked(text), output, [spider] if spider else None)
    return output


def folder(settings: BaseSettings) -> Path:
    """Return the folder that holds the versions, without asking a store what it has.

    Raises:
        ArgumentError: ``OUTPUT_DIR`` is a URL that is refused.
    """
    try:
        return place.folder(settings)
    except ValueError as error:
        raise ArgumentError(f"setting OUTPUT_DIR: {error}") from None


def find(settings: BaseSettings, text: str) -> StoredVersion:
    """Return the version that *text* names: as :func:`stored.find` says, or by its URL, in whatever store.

    Raises:
        UnknownVersionError: it names none, or not one only.
        ArgumentError: it is a URL that is refused.
        OperationalError: the store cannot be read.
    """
    if place.is_url(text):
        return _by_url(settings, text)
    if (Path(text) / SUMMARY).is_file():
        return stored.find(Path(), text)
    return stored.find(opened(settings), text)


def replayed(settings: BaseSettings, text: str) -> str:
    """Return the folder of the raw files of the version that *text* names, all of them in it.

    What is the folder of a run, or names no version, is returned as it is.

    Raises:
        ArgumentError: *text* is a URL that is refused, or that of no version.
        OperationalError: the store cannot be read.
    """
    try:
        if place.is_url(text) or not Path(text).exists():
            return str(find(settings, text).raw_files())
        path = _present(Path(text))
        if (path / SUMMARY).is_file():
            stored.find(Path(), str(path)).raw_files()
        return str(path)
    except UnknownVersionError as error:
        if place.is_url(text):
            raise ArgumentError(f"spider argument replay: {error}") from None
        return text


def _present(path: Path) -> Path:
    """Return where the run in the folder *path* is now.

    The working folder of one that was killed becomes a version if its summary had reached the store after all.
    """
    whole = path.resolve()
    if mirror := place.mirror_of(whole.parent):
        mirror.sync()
        version = whole.with_name(whole.name.strip(".").partition(".")[0])
        return whole if whole.exists() else version
    return path


def _by_url(settings: BaseSettings, text: str) -> StoredVersion:
    try:
        url = place.checked(text)
    except ValueError as error:
        raise ArgumentError(f"the URL of a version {error}") from None
    output, _, spider = url.rpartition("/")[0].rpartition("/")
    if not spider or output.endswith(":/"):
        raise ArgumentError(f"{url} is no version; one is s3://BUCKET/…/SPIDER/VERSION, or …/SPIDER/latest")
    mirror = place.mirror_folder(settings, output)
    _mirrored(settings, output, mirror, [spider])
    return stored.find(mirror, url.removeprefix(f"{output}/"))


def _mirrored(settings: BaseSettings, url: str, output: Path, spiders: list[str] | None) -> None:
    """Make the folder *output* the mirror of *url*, up to date in what it has of the *spiders*, or of all."""
    # What knows object stores is loaded by who has one.
    from inferencemax_spider.storage import objects  # noqa: PLC0415
    from inferencemax_spider.storage.mirror import Mirror  # noqa: PLC0415

    at = objects.at(url)
    listed = at.children()
    try:
        output.mkdir(parents=True, exist_ok=True, mode=0o700)
        _mark(output, url)
        for name in spiders or _candidates(settings, output, listed):
            Mirror(output / name, url).sync()
    except objects.StorageError:
        raise
    except OSError as error:
        raise OperationalError(
            f"cannot write into {output}, the mirror of {url}: {error.strerror}; make it writable or set MIRROR_DIR"
        ) from error


def _mark(output: Path, url: str) -> None:
    """Say in the folder *output* of what it is the mirror: whole, or not at all."""
    temporary = output / f"{place.MARK}.{os.getpid()}"
    if not (output / place.MARK).exists():
        temporary.write_text(json.dumps({"url": url}), encoding="utf-8")
        temporary.replace(output / place.MARK)


def _candidates(settings: BaseSettings, output: Path, listed: list[str]) -> list[str]:
    """Return the names of the folders of versions: those *listed*, those known here, those of the project's spiders.

    A listing may lag: what it does not have yet may be there.
    """
    known = {path.name for path in output.iterdir() if path.is_dir()}
    names = {*listed, *known, *SpiderLoader.from_settings(settings).list()}
    return sorted(name for name in names if name and not name.startswith("."))
