"""The settings that a user turns, checked before the crawl starts and documented from here.

Each field is the setting of the same name: its type is what the value must be, its description is the effect in the
README's table, and ``when`` says when to change it. The defaults stand in ``settings.py``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)
from scrapy.settings import BaseSettings

from inferencemax_spider.arguments import ArgumentError, told
from inferencemax_spider.notify import channels, rules
from inferencemax_spider.quality import expectations
from inferencemax_spider.storage import place


def knob(effect: str, when: str) -> Any:
    """Return the field of a setting with this *effect*, and *when* to change it."""
    return Field(description=effect, json_schema_extra={"when": when})


def _rules(text: str) -> str:
    rules.parsed(text)
    return text


def _channels(file: str) -> str:
    channels.configured({}, file)
    return file


def _expectations(file: str) -> str:
    expectations.load(file)
    return file


class Knobs(BaseModel):
    """The settings of throttle, faults and outputs, as Scrapy names them."""

    model_config = ConfigDict(frozen=True)

    CONCURRENT_REQUESTS: PositiveInt = knob("Requests under way at once", "lower it for a busy site")
    CONCURRENT_REQUESTS_PER_DOMAIN: PositiveInt = knob(
        "Requests under way at once to one host", "lower it when the site answers 429"
    )
    DOWNLOAD_DELAY: NonNegativeFloat = knob(
        "Least seconds between two requests to one host", "raise it to be gentler than AutoThrottle"
    )
    AUTOTHROTTLE_ENABLED: bool = knob("Slow down when the site does", "turn it off on your own network")
    AUTOTHROTTLE_START_DELAY: NonNegativeFloat = knob(
        "Seconds between the first requests, before latencies are known", "raise it for a site that starts slowly"
    )
    AUTOTHROTTLE_TARGET_CONCURRENCY: PositiveFloat = knob(
        "Requests that AutoThrottle keeps under way on average", "lower it to be gentler, also below 1"
    )
    AUTOTHROTTLE_MAX_DELAY: NonNegativeFloat = knob(
        "Most seconds that AutoThrottle puts between two requests", "raise it for a site under strain"
    )
    DOWNLOAD_TIMEOUT: PositiveFloat = knob("Seconds after which an answer is given up", "raise it on a slow line")
    DOWNLOAD_MAXSIZE: NonNegativeInt = knob(
        "Largest body in bytes, decompressed too; 0 is no limit", "raise it when bodies outgrow it"
    )
    DOWNLOAD_VERIFY_CERTIFICATES: bool = knob(
        "Refuse a site whose TLS certificate cannot be verified", "never, outside of a laboratory"
    )
    RETRY_TIMES: NonNegativeInt = knob("Further attempts after the first", "raise it for unattended runs")
    RETRY_BACKOFF: NonNegativeFloat = knob(
        "Seconds before the first retry; each further one waits twice as long", "raise it to be gentler"
    )
    RETRY_WAIT_MAX: NonNegativeFloat = knob(
        "Longest single wait in seconds, whatever `Retry-After` says", "raise it when the site asks for longer waits"
    )
    ROBOTSTXT_OBEY: bool = knob("Obey the site's robots.txt", "only for a site whose operator allows it")
    USER_AGENT: str = knob("How the spider introduces itself", "add your own address for unattended runs")
    REJECTED_SHARE_MAX: Annotated[float, Field(ge=0, le=1)] = knob(
        "Share of rejected records, 0 to 1, above which a run is incomplete", "raise it when a few are tolerable"
    )
    HARDWARE_EDITION: Literal["2025-10", "2026-08"] = knob(
        "Edition of GPU power and prices that costs and `tpPerMw` of the live API are derived with",
        "set an older one to compare with files of its time",
    )
    OUTPUT_DIR: Annotated[str, Field(min_length=1), AfterValidator(place.checked)] = knob(
        "Folder of the versions, relative to where the command runs; or `s3://…`, `gs://…`, `abfs://…`",
        "set it for scheduled jobs",
    )
    MIRROR_DIR: str = knob(
        "Folder in which runs work whose output is on an object store; by default in the user's cache folder",
        "set it where the home folder is small, or not kept",
    )
    PARQUET_DATASET: Literal["auto", "0", "1"] = knob(
        "Write the records also as a dataset, `dataset/source=…/date=…/model=…`; `auto`: on object stores",
        "`1` to read a folder's versions with Spark and the like",
    )
    EXPECTATIONS_FILE: Annotated[str, AfterValidator(_expectations)] = knob(
        "File of what is expected of a run; by default `expectations.toml` where the command runs, if it is there",
        "give each job its own",
    )
    VERSIONS_KEEP: PositiveInt = knob("Usable versions that stay", "raise it for a longer history")
    VERSIONS_MAX_AGE_DAYS: Annotated[int, Field(ge=0, le=999_999)] = knob(
        "Days after which a version is removed; 0 is no limit", "set it where the disk is small"
    )
    NOTIFY_FILE: Annotated[str, AfterValidator(_channels)] = knob(
        "File with the Apprise URLs of who is told, one a line, besides those in `INFERENCEMAX_NOTIFY_URLS`",
        "set it for unattended runs",
    )
    NOTIFY_ON: Annotated[str, AfterValidator(_rules)] = knob(
        "When somebody is told: any of `failure`, `incomplete`, `change`, `recovery`, `always`",
        "add `change` to follow the data",
    )
    NOTIFY_TIMEOUT: PositiveFloat = knob("Seconds that telling everybody may take", "raise it on a slow line")
    LOG_LEVEL: str = knob("Least level of what is logged", "`DEBUG` shows each request")


READERS: dict[Any, str] = {bool: "getbool", int: "getint", float: "getfloat", str: "get"}


def check(settings: BaseSettings) -> None:
    """Check the values of all knobs in *settings*, as Scrapy will read them.

    Raises:
        ArgumentError: some are not what they must be; the message names them.
    """
    try:
        Knobs.model_validate({name: settings.get(name) for name in Knobs.model_fields})
    except ValidationError as error:
        raise ArgumentError(told("setting", error)) from None
    for name, info in Knobs.model_fields.items():
        # What pydantic takes and Scrapy does not: "1.0" for a whole number, "yes" for a switch.
        try:
            getattr(settings, READERS.get(info.annotation, "get"))(name)
        except ValueError:
            raise ArgumentError(f"setting {name}={settings.get(name)!r} is nothing that Scrapy can read") from None
