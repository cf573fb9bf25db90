"""Whether a stored version still holds what its run wrote."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from inferencemax_spider import envelope
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import place
from inferencemax_spider.versions.stored import SUMMARY, StoredVersion


def verify(version: StoredVersion) -> list[str]:
    """Return one line for each file of *version* that is missing, changed, or not in its summary.

    The digests of raw files are those of their content, whether it is compressed or not. Of a version on an object
    store, all of it is read there.

    Raises:
        OperationalError: its summary cannot be read, or lists no files.
    """
    if mirror := place.mirror_of(version.folder.parent):
        with TemporaryDirectory(prefix="verify-") as folder:
            mirror.copy(version.name, Path(folder))
            return _faults(version, Path(folder))
    return _faults(version, version.folder)


def _faults(version: StoredVersion, folder: Path) -> list[str]:
    expected = _expected(version)
    faults = [f"{name}: {fault}" for name in expected if (fault := _fault(folder / name, *expected[name]))]
    return [*faults, *(f"{name}: not in the summary" for name in _present(folder) if name not in expected)]


def _expected(version: StoredVersion) -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of each file that the summary of *version* lists."""
    try:
        return {name: (entry["bytes"], entry["sha256"]) for name, entry in version.summary["files"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise OperationalError(f"{version.folder / SUMMARY} lists no files with their digests") from error


def _fault(path: Path, size: int, digest: str) -> str | None:
    """Return what is wrong with the file at *path*, which should be of this *size* and have this *digest*."""
    try:
        content = envelope.content(path)
    except FileNotFoundError:
        return "missing"
    except (OSError, ValueError) as error:
        return str(error)
    if sha256(content).hexdigest() != digest:
        return f"changed: {len(content)} bytes with another SHA-256 than the {size} that were written"
    return None


def _present(folder: Path) -> list[str]:
    """Return the names of the files in *folder* but the summary, raw ones as if none were compressed."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    raw = {f"raw/{name}" for name in envelope.names(folder / "raw")}
    return sorted({_uncompressed(name, raw) for name in paths} - {SUMMARY})


def _uncompressed(name: str, raw: set[str]) -> str:
    plain = name.removesuffix(envelope.GZIP)
    return plain if plain in raw else name
