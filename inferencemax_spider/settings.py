"""Settings of the project, each with the reason for its value. The README's table says when to change one.

Anything here can be overridden as in any Scrapy project: ``-s NAME=VALUE``, or ``setting=NAME=VALUE`` for Scrapyd.
"""

from __future__ import annotations

from typing import Any

from inferencemax_spider import __version__

BOT_NAME = "inferencemax_spider"
SPIDER_MODULES = ["inferencemax_spider.spiders"]
NEWSPIDER_MODULE = "inferencemax_spider.spiders"
COMMANDS_MODULE = "inferencemax_spider.commands"
ADDONS = {"inferencemax_spider.extensions.feeds.StandardFeeds": 0}
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

# --- What to collect -------------------------------------------------------------------------------------------------
# Models to add to the built-in catalogue, or to change in it, without a release:
# name: {"slug": …, "aliases": […], "expected_hwkeys": […]}; what is left out follows the general rule.
CATALOG_MODELS: dict[str, dict[str, Any]] = {}

# Edition of power and prices that derived values use: a name of hardware.EDITIONS.
HARDWARE_EDITION = "2026-08"

# --- Politeness ------------------------------------------------------------------------------------------------------
# An honest name, with an address at which the operator of the site can find out who asks and why.
USER_AGENT = f"inferencemax-spider/{__version__} (+https://github.com/inferencemax-spider/inferencemax-spider)"
ROBOTSTXT_OBEY = True
# A browser opens six connections to a host. Eight keep an 18-request crawl short and are what Scrapy uses by default.
CONCURRENT_REQUESTS = 8
CONCURRENT_REQUESTS_PER_DOMAIN = 8
DOWNLOAD_DELAY = 0
# Slow down when the site does: AutoThrottle keeps this many requests under way on average. It starts without delay,
# since its default of 5 s would make a crawl of 18 requests take minutes.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 0
AUTOTHROTTLE_TARGET_CONCURRENCY = 8
AUTOTHROTTLE_MAX_DELAY = 30
DEFAULT_REQUEST_HEADERS = {"Accept": "application/json"}
COOKIES_ENABLED = False

# --- Faults and bounds -----------------------------------------------------------------------------------------------
DOWNLOAD_TIMEOUT = 30
# The largest body known is 20 MB; this bounds what one response can take, decompressed.
DOWNLOAD_MAXSIZE = 128 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
# A cut-off body is handed over, flagged: it is retried, and the last one is kept on disk.
DOWNLOAD_FAIL_ON_DATALOSS = False
DOWNLOAD_VERIFY_CERTIFICATES = True
# Time-outs of the server, too many requests, and whatever is the server's own fault, not only Scrapy's choice of them.
RETRY_HTTP_CODES = [408, 429, *range(500, 600)]
RETRY_TIMES = 3
# Seconds before the first retry; each further one waits twice as long, give or take a quarter.
RETRY_BACKOFF = 0.5
# No single wait is longer, whatever Retry-After says.
RETRY_WAIT_MAX = 60
# Who gave up, and why, is named by the endpoint's own state.
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"
# Every status reaches the spider, which keeps the body and names the failure.
HTTPERROR_ALLOW_ALL = True
REDIRECT_MAX_TIMES = 3
METAREFRESH_ENABLED = False
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "inferencemax_spider.middlewares.robots.PatientRobotsTxtMiddleware": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "inferencemax_spider.middlewares.retry.BackoffRetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "inferencemax_spider.middlewares.compression.StrictCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "inferencemax_spider.middlewares.redirect.SameSiteRedirectMiddleware": 600,
}

# A response yields one item; Scrapy starts this many workers for each response.
CONCURRENT_ITEMS = 2

# --- Items -----------------------------------------------------------------------------------------------------------
ITEM_PIPELINES = {
    "inferencemax_spider.pipelines.validation.ValidationPipeline": 100,
    "inferencemax_spider.pipelines.hwkeys.HwKeyPipeline": 200,
    "inferencemax_spider.pipelines.raw_json.RawJsonPipeline": 300,
    "inferencemax_spider.pipelines.evidence.EvidencePipeline": 400,
}

# --- Outputs ---------------------------------------------------------------------------------------------------------
# Relative to the folder in which the command runs; or the URL of a place in an object store.
OUTPUT_DIR = "output"
# Where the mirrors of object stores are; without a name, in the user's cache folder.
MIRROR_DIR = ""
# A history has a file for each day and model: on a disk that is only clutter next to benchmarks.parquet.
PARQUET_DATASET = "auto"
FEED_URI_PARAMS = "inferencemax_spider.extensions.workspace.uri_params"
FEED_EXPORT_ENCODING = "utf-8"
FEED_STORAGES = {
    "": "inferencemax_spider.extensions.feeds.ReportingFileStorage",
    "file": "inferencemax_spider.extensions.feeds.ReportingFileStorage",
}
FEED_EXPORTERS = {
    "csv": "inferencemax_spider.exporters.text.CsvRecordsExporter",
    "json": "inferencemax_spider.exporters.text.JsonRecordsExporter",
    "jsonlines": "inferencemax_spider.exporters.text.JsonLinesRecordsExporter",
    "jsonl": "inferencemax_spider.exporters.text.JsonLinesRecordsExporter",
    "jl": "inferencemax_spider.exporters.text.JsonLinesRecordsExporter",
    "parquet": "inferencemax_spider.exporters.parquet.ParquetRecordsExporter",
    "curve-csv": "inferencemax_spider.exporters.text.CurveCsvExporter",
    "merged-csv": "inferencemax_spider.exporters.merged.MergedCsvExporter",
    "dataset-csv": "inferencemax_spider.exporters.datasets.DatasetCsvExporter",
    "dataset-parquet": "inferencemax_spider.exporters.datasets.DatasetParquetExporter",
    "rejected-jsonl": "inferencemax_spider.exporters.problems.RejectedExporter",
    "failures-jsonl": "inferencemax_spider.exporters.problems.FailuresExporter",
    # Formats that would write a capture as an opaque object, not its records.
    "xml": None,
    "marshal": None,
    "pickle": None,
}
# The standard feeds. FEEDS, -o and -O add to them; an entry of FEEDS with the same name replaces one, None drops it.
FEEDS_BASE: dict[str, dict[str, Any] | None] = {
    "%(run_dir)s/inference_max_e2e.csv": {"format": "curve-csv", "item_export_kwargs": {"data_type": "e2e"}},
    "%(run_dir)s/inference_max_interactivity.csv": {
        "format": "curve-csv",
        "item_export_kwargs": {"data_type": "interactivity"},
    },
    "%(run_dir)s/inference_max_merged.csv": {"format": "merged-csv"},
    "%(run_dir)s/benchmarks.parquet": {"format": "parquet"},
    "%(run_dir)s/rejected.jsonl": {
        "format": "rejected-jsonl",
        "item_filter": "inferencemax_spider.exporters.filters.RejectedFilter",
        "store_empty": False,
    },
    "%(run_dir)s/failures.jsonl": {
        "format": "failures-jsonl",
        "item_filter": "inferencemax_spider.exporters.filters.FailedFilter",
        "store_empty": False,
    },
}

# The live API's further datasets, where they were asked for.
FEEDS_BASE |= {
    f"%(run_dir)s/{dataset}.{suffix}": {
        "format": f"dataset-{suffix}",
        "item_filter": "inferencemax_spider.exporters.filters.DatasetFilter",
        "dataset": dataset,
        "store_empty": False,
    }
    for dataset in ("evaluations", "reliability", "submissions", "workflow_info")
    for suffix in ("csv", "parquet")
}

# --- The end of a run ------------------------------------------------------------------------------------------------
EXTENSIONS = {
    # A job that has run already is refused before anything is written.
    "inferencemax_spider.jobs.reporter.JobReporter": -300,
    # The workspace comes first: the others write into it.
    "inferencemax_spider.extensions.workspace.Workspace": -200,
    "inferencemax_spider.extensions.ledger.Ledger": -100,
    "inferencemax_spider.extensions.spool.Spool": -100,
    "inferencemax_spider.extensions.progress.Progress": 500,
    "inferencemax_spider.extensions.manifest.Manifest": 900,
}
# Share of rejected records, of all received, above which a run is incomplete. By default one is enough.
REJECTED_SHARE_MAX = 0.0
# Who is told is named by URLs, which are secrets: in the environment (INFERENCEMAX_NOTIFY_URLS) or in this file.
NOTIFY_FILE = ""
NOTIFY_ON = "failure,incomplete,recovery"
# Seconds that telling everybody may take.
NOTIFY_TIMEOUT = 30
# What is expected of a run; without a name, expectations.toml where the command runs, if it is there.
EXPECTATIONS_FILE = ""
# Usable versions that stay; the last good one does in any case. A month of nightly runs.
VERSIONS_KEEP = 30
# Days after which a version goes; 0 is no limit.
VERSIONS_MAX_AGE_DAYS = 0

# --- Nothing listens, nothing opens ----------------------------------------------------------------------------------
# Scrapy 2.19 turns both on by default.
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False

LOG_LEVEL = "INFO"
# The summary carries the versions.
LOG_VERSIONS: list[str] = []
LOGSTATS_INTERVAL = 0
