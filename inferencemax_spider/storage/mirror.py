"""The versions of one spider on an object store, and the folder of this machine that mirrors them.

On the store a version is there as soon as its ``summary.json`` is, which is written last and removed first; ``latest``
is an object that holds a version's name. In the mirror it is a folder like any other, of which the summary is there
and everything else when it is asked for. A hidden file next to it holds the tag that the summary had on the store.

A name is taken by creating an object that must not be there yet, before anything is collected: two machines that start
in the same second never write to the same place.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from inferencemax_spider import envelope
from inferencemax_spider.storage import objects
from inferencemax_spider.storage.objects import DamagedError, StorageError
from inferencemax_spider.storage.parts import Listing, digest_of, files_in, forms, holds, is_raw, is_safe, put
from inferencemax_spider.versions import compress, store
from inferencemax_spider.versions.stored import SUMMARY, all_of, is_name

CLAIM = ".claim"
"""The object that takes a version's name."""
UNTOUCHED = timedelta(days=1)
"""After that time without a further object, an upload that has no summary is no longer under way."""
TRIES = 10
"""How often ``latest`` is read again because somebody else has just moved it."""
_TAG = ".{}.tag"
_FETCHED = ".{}.fetched"


class Mirror:
    """The versions under the folder *root* of a mirror, and those on the store at *url*, the output's."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = f"{url}/{root.name}"
        self.objects = objects.at(self.url)

    # --- reading ---------------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Make the mirror know the versions that are on the store now, and where ``latest`` leads.

        A listing may lag: what the mirror knows and what ``latest`` names is looked up by name.

        Raises:
            StorageError: the store could not be asked.
            OSError: the mirror cannot be written.
        """
        here = {version.name for version in all_of(self.root)}
        latest = self.latest()[0]
        listed = {name for name in self.objects.children() if is_name(name)}
        if not (names := sorted({*here, *listed, *filter(None, (latest,))})):
            return
        self.root.mkdir(parents=True, exist_ok=True)
        tags = dict(zip(names, objects.together(self._tag, names), strict=True))
        news = [name for name in names if tags[name] not in (None, self._known(name))]
        summaries = dict(zip(news, objects.together(self._summary, news), strict=True))
        with store.exclusive(self.root):
            for name, summary in summaries.items():
                if summary is not None:
                    self._take(name, summary, tags[name] or "")
            for name in here:
                if tags[name] is None:
                    self._forget(name)
            if latest is not None and (self.root / latest).is_dir() and latest != store.latest(self.root):
                store.lead(self.root, latest)

    def latest(self) -> tuple[str | None, str | None]:
        """Return the version that ``latest`` names on the store, and the tag of that object; ``None`` for neither."""
        tag = self.objects.tag(store.LATEST)
        with suppress(FileNotFoundError):
            if tag is not None and is_name(name := self.objects.read(store.LATEST).decode(errors="replace").strip()):
                return name, tag
        return None, tag

    def listing(self) -> Listing:
        """Return what the store lists of all versions."""
        listing = Listing()
        for name, entry in self.objects.found().items():
            version, _, rest = name.partition("/")
            if rest and is_name(version):
                listing.versions.setdefault(version, {})[rest] = entry
        return listing

    def fetch(self, version: str, name: str) -> None:
        """Put the file called *name* of the *version* into the mirror, if it is not there.

        Raises:
            DamagedError: it is not what the summary says.
            StorageError: it cannot be read.
        """
        folder = self.root / version
        if (folder / name).exists() or (is_raw(name) and envelope.compressed(folder / name).exists()):
            return
        # The summary may have been replaced since it was read: then, once more, with the new one.
        if not self._fetched(version, name):
            self.sync()
            if not (folder.is_dir() and self._fetched(version, name)):
                raise DamagedError(self._fault(version, name))

    def fetch_raw(self, version: str) -> None:
        """Put all raw files of the *version* into the mirror.

        Raises:
            StorageError: as :meth:`fetch`.
        """
        names = [name for name in self._files(version) if is_raw(name)]
        (self.root / version / "raw").mkdir(exist_ok=True)
        objects.together(partial(self.fetch, version), names)

    def copy(self, version: str, folder: Path) -> None:
        """Write what the store has of the *version* into *folder*, whatever it is: to look at, not to work with."""
        listed = {name.removeprefix(f"{version}/") for name in self.objects.found(version)}
        objects.together(partial(self._copied, version, folder), filter(is_safe, listed | self._files(version).keys()))

    # --- writing ---------------------------------------------------------------------------------------------------

    def claim(self, version: str) -> bool:
        """Take the name *version*; return whether it was to be had.

        Raises:
            StorageError: nothing can be written there.
        """
        mine = uuid.uuid4().hex.encode()
        if not self.objects.create(f"{version}/{CLAIM}", mine):
            return False
        # A store that does not know the condition has let both write; only one of them reads its own.
        return self.objects.read(f"{version}/{CLAIM}") == mine and self._tag(version) is None

    def release(self, version: str) -> None:
        """Give back the name of a version that will not be."""
        with suppress(StorageError):
            self.objects.remove([f"{version}/{CLAIM}"])

    def publish(self, folder: Path, version: str) -> None:
        """Write the files in *folder* as the *version*, the summary last.

        Raises:
            StorageError: that was not possible; nobody sees what has been written.
        """
        self._send(folder, version, (name for name in store.names(folder) if name != SUMMARY))
        summary = (folder / SUMMARY).read_bytes()
        if not self.objects.create(f"{version}/{SUMMARY}", summary) and self._summary(version) != summary:
            raise StorageError(f"another run has published {self.url}/{version}; run again, or replay {folder}")
        self._note(version, self._tag(version) or "")

    def point_latest(self, version: str) -> bool:
        """Make ``latest`` name the *version*, unless it names a newer one; return whether it was moved.

        Raises:
            StorageError: it cannot be written.
        """
        for _ in range(TRIES):
            current, tag = self.latest()
            if current and store.age(current) > store.age(version):
                return False
            if self.objects.swap(store.LATEST, f"{version}\n".encode(), tag):
                return True
        raise StorageError(f"cannot move {self.url}/{store.LATEST}: others move it all the time; run again")

    def replace(self, version: str, folder: Path, names: Iterable[str], obsolete: Collection[str] = ()) -> None:
        """Write the files with these *names* in *folder* in place of those of the *version*, then its summary.

        The mirror reads the summary again the next time: killed here or later, it may have the new files, or the old.

        Raises:
            StorageError: that was not possible; or the version was changed by another machine meanwhile.
        """
        known = self._known(version)
        self.forget_tag(version)
        if known != self._tag(version):
            raise StorageError(f"another command has changed {self.url}/{version} meanwhile; try again")
        self._send(folder, version, (name for name in names if name != SUMMARY))
        if not self.objects.swap(f"{version}/{SUMMARY}", (folder / SUMMARY).read_bytes(), known):
            raise StorageError(f"another command has changed {self.url}/{version} meanwhile; rebuild it")
        self.objects.remove(f"{version}/{name}" for name in obsolete)

    def remove(self, version: str) -> None:
        """Remove the *version* from the store: its summary first, so that nobody sees the rest go.

        Raises:
            StorageError: that was not possible; what is left is nobody's, and goes the next time.
        """
        self.objects.remove([f"{version}/{SUMMARY}"])
        self.objects.remove(self.objects.found(version))
        self.forget_tag(version)

    def remove_abandoned(self, listing: Listing, versions: Iterable[str]) -> None:
        """Remove what the *listing* has of these *versions*, and nothing that came after it."""
        self.objects.remove(f"{version}/{name}" for version in versions for name in listing.versions[version])

    def compress(self, version: str, names: Iterable[str]) -> None:
        """Put compressed raw files in place of those with these *names*, on the store and in the mirror.

        None is removed before the compressed one was read back.

        Raises:
            OSError: a file could not be compressed, written or read back; it stays as it is.
        """
        folder = self.root / version
        for name in names:
            self.fetch(version, name)
            compress.compress(folder / "raw")
            packed = envelope.compressed(folder / name)
            self.objects.send(packed, f"{version}/{name}{envelope.GZIP}")
            if self.objects.read(f"{version}/{name}{envelope.GZIP}") != packed.read_bytes():
                raise StorageError(f"{self.url}/{version}/{name}{envelope.GZIP} does not read back; try again")
            self.objects.remove([f"{version}/{name}"])

    def abandoned(self, listing: Listing, now: datetime) -> list[str]:
        """Return the versions in the *listing* that have no summary and are not being written any more."""
        return [
            version
            for version, entries in listing.versions.items()
            if now - max(entry.modified for entry in entries.values()) > UNTOUCHED and self._tag(version) is None
        ]

    # --- the folder ------------------------------------------------------------------------------------------------

    def forget_tag(self, version: str) -> None:
        """Have the summary of the *version* read again the next time."""
        (self.root / _TAG.format(version)).unlink(missing_ok=True)

    def _tag(self, version: str) -> str | None:
        return self.objects.tag(f"{version}/{SUMMARY}")

    def _summary(self, version: str) -> bytes | None:
        try:
            return self.objects.read(f"{version}/{SUMMARY}")
        except FileNotFoundError:
            return None

    def _known(self, version: str) -> str | None:
        """Return the tag that the summary had when it was read; ``None`` for a version that is not here."""
        try:
            if not (self.root / version).is_dir():
                return None
            return (self.root / _TAG.format(version)).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _note(self, version: str, tag: str) -> None:
        put(self.root / _TAG.format(version), tag.encode())

    def _files(self, version: str) -> dict[str, Any]:
        """Return what the summary of the *version* says of its files."""
        return files_in((self.root / version / SUMMARY).read_bytes())

    def _take(self, version: str, summary: bytes, tag: str) -> None:
        """Make *summary* that of the *version* in the mirror; files go that it says something else of."""
        folder = self.root / version
        if not folder.is_dir() and not self._adopted(version, summary):
            return
        files = files_in(summary)
        known = files_in((folder / SUMMARY).read_bytes()) if (folder / SUMMARY).is_file() else {}
        for name, entry in known.items():
            if files.get(name) != entry:
                (folder / name).unlink(missing_ok=True)
        put(folder / SUMMARY, summary)
        self._note(version, tag)

    def _adopted(self, version: str, summary: bytes) -> bool:
        """Make the folder of a version that is new here; return whether that was possible.

        It may be the working folder of a run that was killed after it had published, or is just about to rename it; or
        one that was hidden by a command that was killed before it had removed the version from the store.
        """
        working = store.working_folder(self.root, version)
        for hidden in (working, store.pruned_folder(self.root, version)):
            if not hidden.is_dir():
                continue
            with store.locked(hidden) as ours:
                if not ours:
                    return False
                if hidden != working or holds(hidden / SUMMARY, summary):
                    hidden.rename(self.root / version)
                    return True
        fetched = self.root / _FETCHED.format(version)
        fetched.mkdir(exist_ok=True)
        (fetched / SUMMARY).write_bytes(summary)
        fetched.rename(self.root / version)
        return True

    def _forget(self, version: str) -> None:
        """Remove from the mirror what is no longer on the store, unless a command works on it."""
        with store.locked(self.root / version) as ours:
            if ours:
                hidden = store.discard(self.root / version)
                self.forget_tag(version)
                shutil.rmtree(hidden, ignore_errors=True)

    def _fetched(self, version: str, name: str) -> bool:
        """Fetch a file; return whether it is what the summary says. A raw file may be compressed on the store."""
        target = self.root / version / name
        expected = self._files(version).get(name, {}).get("sha256")
        target.parent.mkdir(exist_ok=True, parents=True)
        for suffix in forms(name):
            temporary = target.with_name(f".{target.name}{suffix}.{uuid.uuid4().hex}")
            try:
                self.objects.get(f"{version}/{name}{suffix}", temporary)
                if expected is None or digest_of(temporary, packed=bool(suffix)) == expected:
                    temporary.replace(target.with_name(f"{target.name}{suffix}"))
                    return True
            except FileNotFoundError:
                continue
            finally:
                temporary.unlink(missing_ok=True)
        return False

    def _fault(self, version: str, name: str) -> str:
        """Return why a file cannot be had."""
        if self._tag(version) is None:
            return f"{self.url}/{version} was pruned meanwhile; choose another version"
        return (
            f"{self.url}/{version}/{name} is missing, or not what its summary says; if nobody is just rebuilding it, "
            f"scrapy versions verify {self.root.name}/{version} tells what is damaged"
        )

    def _copied(self, version: str, folder: Path, name: str) -> None:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        for suffix in forms(name):
            with suppress(FileNotFoundError):
                self.objects.get(f"{version}/{name}{suffix}", target.with_name(f"{target.name}{suffix}"))
                return

    def _send(self, folder: Path, version: str, names: Iterable[str]) -> None:
        objects.together(lambda name: self.objects.send(folder / name, f"{version}/{name}"), names)
