"""The command line of the demo site: its options, and how it runs until it is told to stop.

``python -m inferencemax_spider.demo`` and ``scrapy demo`` share it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from inferencemax_spider.catalog import API_MODELS
from inferencemax_spider.demo import api, pages
from inferencemax_spider.demo.content import Content, FolderContent, GeneratedContent, LayeredContent
from inferencemax_spider.demo.dataset import DEFAULT_SEED, Dataset
from inferencemax_spider.demo.faults import KINDS, Fault
from inferencemax_spider.demo.site import DemoSite

if TYPE_CHECKING:
    from collections.abc import Sequence

SCALED_MODELS = 15
"""The number of models of a big history: enough that no body is beyond what the site is known to send."""


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < threading.TIMEOUT_MAX:
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def _models(text: str) -> int:
    value = int(text)
    if value < len(api.MODELS):
        raise ValueError(text)
    return value


def _add_api_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-openapi", action="store_true", help="API: no OpenAPI document, as older deployments")
    parser.add_argument("--bad-date-500", action="store_true", help="API: a date without data is an error 500")
    parser.add_argument(
        "--api-days", type=_count, default=0, metavar="N", help=f"API: N more dates, for {', '.join(api.CHANGED)} only"
    )
    parser.add_argument(
        "--api-models",
        type=_models,
        metavar="N",
        help=f"API: the number of models (default and least: {len(api.MODELS)}; with --api-scale {SCALED_MODELS})",
    )
    parser.add_argument(
        "--api-scale",
        type=_count,
        default=0,
        metavar="N",
        help="API: about N history rows over all models, for benchmarks",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the demo site to *parser*."""
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--site", type=Path, metavar="DIR", help="serve this folder, laid out by URL path")
    parser.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="seed of the generated data (default: %(default)s)"
    )
    parser.add_argument(
        "--generation",
        choices=("static", "api", "both"),
        default="both",
        help="which generation of the site is served (default: %(default)s)",
    )
    _add_api_arguments(parser)
    parser.add_argument("--latency", type=_seconds, default=0.0, metavar="S", help="seconds that every answer waits")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="SPEC",
        dest="faults",
        help=f"KIND[=VALUE][,PARAMETER=VALUE...][@GLOB]; may be repeated; kinds: {', '.join(KINDS)}",
    )


def _folder(root: Path) -> Content:
    """Return the files of *root*, those that are recorded bodies of the API under its paths, and the pages to them."""
    files = FolderContent(root)
    older = pages.page_2025(models) if (models := pages.recorded_models(root)) else None
    if not api.RecordedApi.is_in(root):
        return LayeredContent(files, pages.PagesContent(older=older))
    names = {name: API_MODELS[name] for name in api.RecordedApi.NAMES}
    newer = pages.pages_2026(names)
    return LayeredContent(api.RecordedApi(root), files, pages.PagesContent(older=older, newer=newer))


def _content(options: argparse.Namespace) -> Content:
    if options.site:
        return _folder(options.site)
    static = GeneratedContent(Dataset(options.seed))
    older = pages.page_2025()
    if options.generation == "static":
        return LayeredContent(static, pages.PagesContent(older=older))
    models = api.models(options.api_models or (SCALED_MODELS if options.api_scale else len(api.MODELS)))
    live = api.ApiContent(
        api.ApiDataset(options.seed, models, days=options.api_days),
        openapi=not options.no_openapi,
        bad_date_500=options.bad_date_500,
        history_rows=options.api_scale,
    )
    newer = pages.pages_2026({model.name: model.keys for model in models})
    if options.generation == "api":
        return LayeredContent(live, pages.PagesContent(newer=newer))
    return LayeredContent(live, static, pages.PagesContent(older=older, newer=newer))


def site_from(options: argparse.Namespace) -> DemoSite:
    """Return the site that *options* (of ``add_arguments``) describe, bound to its port and not yet answering.

    Raises:
        OSError: the folder does not exist, or the port cannot be had.
    """
    return DemoSite(_content(options), options.faults, latency=options.latency, port=options.port)


def serve(site: DemoSite) -> None:
    """Print the base URL of *site* as a line and answer until SIGINT or SIGTERM; from the main thread only."""
    stop = threading.Event()
    previous = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with site:
            print(site.base_url, flush=True)  # noqa: T201 - who started the site waits for this line
            stop.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the site that *arguments* (default: those of the process) describe; return the exit status.

    0 after a signal to stop; 2 when the site cannot be started, with a line on standard error.
    """
    parser = argparse.ArgumentParser(prog="python -m inferencemax_spider.demo", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        site = site_from(options)
    except (OSError, OverflowError) as error:
        print(f"cannot start the demo site: {error}", file=sys.stderr)  # noqa: T201 - the answer to the user
        return 2
    serve(site)
    return 0
