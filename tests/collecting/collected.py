"""Collections as a user starts them, of a demo site with both generations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inferencemax_spider.demo import DemoSite
from tests.crawl import runs
from tests.crawl.runs import LOG_LINE, Run

STATIC, LIVE = "inferencemax", "inferencex"
SMALL = ("-a", "models=gpt-oss-120b", "-a", "sequences=1k1k")
NO_STATIC, NO_LIVE = "status=404@/data/*", "status=404@/api/*"
HALF_STATIC = f"status=404@*{runs.BROKEN}"
WARNING = "scrapy collect: warning: "

Start = Callable[..., DemoSite]


@dataclass(frozen=True)
class Collected:
    """A collection that has ended."""

    run: Run
    output: Path

    @property
    def status(self) -> int:
        return self.run.status

    @property
    def warnings(self) -> list[str]:
        return [line.removeprefix(WARNING) for line in self.run.stderr.splitlines() if line.startswith(WARNING)]

    @property
    def last(self) -> str:
        """The line that says what became of it."""
        return (self.run.stdout if self.status in {0, 3} else self.run.stderr).splitlines()[-1]

    @property
    def version(self) -> Path:
        return (self.output / "collect" / "latest").resolve()

    @property
    def summary(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.version / "summary.json").read_text())
        return loaded


def line(output: Path, url: str, *args: str, primary: str = STATIC, fallback: str = LIVE) -> list[str]:
    """Return the command line of a small collection of the site at *url*."""
    small = () if any(word.startswith("models=") for word in args) else SMALL
    site = ("-a", f"base_url={url}", "-s", f"OUTPUT_DIR={output}", "-s", "RETRY_TIMES=0")
    return runs.scrapy("collect", primary, "--fallback", fallback, *small, *site, *args)


def collect(output: Path, site: DemoSite, *args: str, env: Mapping[str, str] | None = None, **names: str) -> Collected:
    """Collect, and look at how it talks."""
    process = runs.begin(line(output, site.base_url, *args, **names), env)
    stdout, stderr = process.communicate(timeout=runs.TIMEOUT)
    run = Run(process.returncode, stdout, stderr, None)
    assert "Traceback" not in run.output, run.output
    strange = [text for text in stderr.splitlines() if not LOG_LINE.match(text) and not text.startswith(WARNING)]
    assert strange == []
    return Collected(run, output)


def asked(site: DemoSite, path: str) -> bool:
    return any(request.path.startswith(path) for request in site.requests)


def versions(output: Path, spider: str) -> list[Path]:
    return sorted((output / spider).glob("2*Z*"))
