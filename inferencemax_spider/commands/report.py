"""``scrapy report``: write the report of a stored version again, show it, or save its charts as pictures."""

from __future__ import annotations

import argparse
import json
import webbrowser
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from inferencemax_spider.arguments import ArgumentError
from inferencemax_spider.commands import _status
from inferencemax_spider.errors import OperationalError
from inferencemax_spider.storage import opening, place
from inferencemax_spider.summary import digest
from inferencemax_spider.versions import store
from inferencemax_spider.versions.stored import RECORDS, SUMMARY, StoredVersion


class Command(ScrapyCommand):
    """Write ``report.html`` of a version again; exit with 0 written, 1 it could not be done, 2 wrong usage."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] [version]"

    def short_desc(self) -> str:
        """Return the line of the list of commands."""
        return "Write the report of a stored version again, open it, or save its charts as PNG"

    def long_desc(self) -> str:
        """Return the description."""
        return (
            "Write report.html of a version (its name, latest, previous, after <spider>/ where several spiders have "
            "versions; latest by default), and print where it is. Exit status: 0 written; 1 it could not be done; "
            "2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options."""
        super().add_options(parser)
        parser.add_argument("--open", action="store_true", help="open the report in the browser")
        parser.add_argument(
            "--png",
            nargs="?",
            const=".",
            metavar="FOLDER",
            help="save each chart as a PNG in FOLDER (default: the current one); needs the extra [browser]",
        )
        parser.add_argument("--model", help="model of the pictures (default: the first of the report)")
        parser.add_argument("--sequence", help="sequence of the pictures (default: the model's first)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Write the report of the version that *args* names, and set the exit status."""
        self.exitcode = _status.of("report", lambda: self._reported(args, opts))

    def _reported(self, args: list[str], opts: argparse.Namespace) -> int:
        """Write the report, and do what *opts* ask for with it; return the exit status."""
        if len(args) > 1:
            raise ArgumentError(f"name one version, or none for the latest; given: {' '.join(args)}")
        if (opts.model or opts.sequence) and opts.png is None:
            raise ArgumentError("--model and --sequence say what --png draws; the report itself has all of them")
        assert self.settings is not None
        version = opening.find(self.settings, args[0] if args else store.LATEST)
        path = rewritten(version)
        print(path)
        if opts.png is not None:
            _save_pictures(version, path, opts)
        if opts.open and not webbrowser.open(path.resolve().as_uri()):
            raise OperationalError(f"no browser could be started; open {path} in one")
        return 0


def rewritten(version: StoredVersion) -> Path:
    """Write the report of *version* again, and what its summary says of that file; return its path.

    Raises:
        OperationalError: the version cannot be read, or another command is at work on it.
        OSError: it cannot be written.
    """
    # Scrapy loads every command at every start; what only this one needs can wait.
    from inferencemax_spider.report import page  # noqa: PLC0415

    with store.locked(version.folder) as ours:
        if not ours:
            raise OperationalError(f"another command is at work on {version.folder}; try again when it has ended")
        summary = StoredVersion(version.folder).summary
        place.there(version.folder, RECORDS)
        path = page.write(version.folder, summary)
        files = (summary.get("files") or {}) | {page.FILE_NAME: digest(path)}
        _note(version.folder, summary | {"files": dict(sorted(files.items()))})
        if mirror := place.mirror_of(version.folder.parent):
            mirror.replace(version.name, version.folder, [page.FILE_NAME])
    return path


def _note(folder: Path, summary: dict[str, Any]) -> None:
    """Put *summary* in the place of the one in *folder*: whole, or not at all."""
    path, temporary = folder / SUMMARY, folder / f".{SUMMARY}.partial"
    try:
        temporary.write_text(f"{json.dumps(summary, ensure_ascii=False, indent=2)}\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _save_pictures(version: StoredVersion, path: Path, opts: argparse.Namespace) -> None:
    from inferencemax_spider.report import pictures  # noqa: PLC0415 - as above

    prefix = f"{version.spider}-{version.name}"
    for picture in pictures.save(path, Path(opts.png), prefix, model=opts.model, sequence=opts.sequence):
        print(picture)
