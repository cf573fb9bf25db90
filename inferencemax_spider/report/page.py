"""Write ``report.html``: one file that asks no host for anything."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from inferencemax_spider.report import coverage, payload, points, style, view
from inferencemax_spider.versions.stored import RECORDS

FILE_NAME = "report.html"
LARGEST = 6_000_000
"""Bytes that a report has at most."""
TEMPLATES = files(__package__) / "templates"
PARTS = ("charts.html", "checks.html", "coverage.html", "provenance.html")


def prepare() -> None:
    """Load what every report needs: a run does so while it waits for its first answer."""
    _template()
    _policy(_scripts())


def write(folder: Path, summary: dict[str, Any]) -> Path:
    """Write the report of the version in *folder*, of which *summary* is the manifest; return its path.

    The same version gives the same bytes.

    Raises:
        OperationalError: the records cannot be read, or there is no room for them.
        OSError: the report cannot be written.
    """
    page = _page(summary, folder / RECORDS)
    path, temporary = folder / FILE_NAME, folder / f".{FILE_NAME}.partial"
    try:
        temporary.write_bytes(page)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _page(summary: dict[str, Any], path: Path) -> bytes:
    """Return the page of a run with this *summary*, the records of which are in the file at *path*."""
    summary, records = view.whole(summary), points.read(path)
    scripts = _scripts() if points.number_placed(records) else ()
    page = _body(summary, records, _policy(scripts), charted=bool(scripts)).encode()
    tail = b"</body>\n</html>\n"
    if not scripts:
        return page + tail
    before, after = b'<script type="application/json" id="data">', b"</script>\n"
    tail = after + b"".join(b"<script>" + script + after for script in scripts) + tail
    data = payload.within(LARGEST - len(page) - len(before) - len(tail), path, records, _about(summary))
    return page + before + data + tail


@cache
def _scripts() -> tuple[bytes, ...]:
    """Return the scripts of the page: the charting library as it was published, and our own."""
    library = files("plotly") / "package_data" / "plotly.min.js"
    return library.read_bytes(), (TEMPLATES / "report.js").read_bytes()


@cache
def _policy(scripts: tuple[bytes, ...]) -> str:
    """Return the page's Content-Security-Policy: nothing is fetched, and no script runs but these."""
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _about(summary: dict[str, Any]) -> dict[str, Any]:
    """Return what the charts say of the run."""
    return {"spider": summary["spider"], "version": summary["version"], "theme": style.THEMES}


@cache
def _template() -> Template:
    """Return the template of the page, with those that it includes."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(lambda name: (TEMPLATES / name).read_text(encoding="utf-8")),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {function.__name__: function for function in view.FILTERS}
    for name in PARTS:
        environment.get_template(name)
    return environment.get_template("report.html")


def _body(summary: dict[str, Any], records: pa.Table, policy: str, *, charted: bool) -> str:
    """Return the page up to its data and scripts."""
    return _template().render(
        summary=summary,
        policy=policy,
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        themes=style.THEMES,
        facts=list(view.facts(summary, _distinct(records, "label"), _distinct(records, "hwKey"))),
        findings=view.findings(summary),
        endpoints=view.endpoints(summary),
        editions=view.editions(records[points.EDITION].unique().drop_null().to_pylist()),
        coverage=coverage.heat_map(records, summary),
        charted=charted,
        stored=records.num_rows,
        graded=any(check["severity"] for check in summary["checks"]),
        limits=view.LIMITS,
    )


def _distinct(records: pa.Table, name: str) -> int:
    return len(records[name].unique())
